//! Buckets of the kernel's hash that do not fit its limit.

use std::ops::Range;

use crate::diagnostic::{Fault, Severity};
use crate::settings::{Origin, Settings, in_pages};
use crate::source::Source;
use crate::units::Count;

use super::finding::Finding;

/// In so many buckets, beginning with the newcomer's own, Linux looks for an entry to take out
/// (`NF_CT_EVICTION_RANGE`).
const EVICTION_RANGE: u64 = 8;
/// An entry is in the table twice, once for each direction.
const TUPLES: u64 = 2;
/// A chain of more entries than some number from this on takes no newcomer (`MIN_CHAINLEN`).
const MIN_CHAIN_LEN: u64 = 50;

pub(super) fn findings(settings: &Settings, files: &[Source]) -> Vec<Finding> {
    let both = settings.max().zip(settings.buckets());
    let Some(((max, of_max), (buckets, of_buckets))) = both else { return Vec::new() };
    let max = max as u64;
    // Whoever writes as many buckets as entries has more of them where that fills no whole page.
    let found = if buckets > in_pages(max) {
        too_many(max, buckets, files, of_buckets)
    } else if max.saturating_mul(TUPLES) / buckets.max(1) >= MIN_CHAIN_LEN {
        too_few(max, buckets, files, of_max)
    } else {
        None
    };
    found.into_iter().collect()
}

fn too_many(max: u64, buckets: u64, files: &[Source], origin: &Origin) -> Option<Finding> {
    let (file, span) = place(files, origin)?;
    let seen = (EVICTION_RANGE * TUPLES).saturating_mul(max) / buckets.max(1);
    let title = "more buckets than entries: a full table finds nothing to take out";
    let fault = Fault::new(span, title)
        .severity(Severity::Warning)
        .label(format!("of {} entries, {EVICTION_RANGE} buckets hold {seen}", Count(max)))
        .note(format!(
            "early_drop looks into {EVICTION_RANGE} buckets for an entry that is not ASSURED, and \
             drops the newcomer if there is none"
        ))
        .help(format!("nf_conntrack_buckets = {max}, as many as nf_conntrack_max, or a quarter"));
    Finding::new("buckets-above-max", files, file, fault)
}

fn too_few(max: u64, buckets: u64, files: &[Source], origin: &Origin) -> Option<Finding> {
    let (file, span) = place(files, origin)?;
    let chain_len = max.saturating_mul(TUPLES) / buckets.max(1);
    let fault = Fault::new(span, "so many entries do not fit that few buckets")
        .severity(Severity::Warning)
        .label(format!("chains of {} in {} buckets", Count(chain_len), Count(buckets)))
        .note(format!(
            "a chain of more than {MIN_CHAIN_LEN} to 79 takes no newcomer, which is dropped \
             (chaintoolong)"
        ))
        .help(format!("nf_conntrack_buckets = {max}, as many as nf_conntrack_max, or a quarter"));
    Finding::new("too-few-buckets", files, file, fault)
}

/// The value of a line that sets something.
fn place(files: &[Source], origin: &Origin) -> Option<(usize, Range<usize>)> {
    let Origin::Line { file, line } = origin else { return None };
    let at = files.iter().position(|source| source.name() == file)?;
    let text = files.get(at)?.text();
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let line = text.get(start..)?.lines().next()?.trim_end();
    let value = line.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    Some((at, start + value..start + line.len()))
}
