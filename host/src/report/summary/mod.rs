//! `-o summary`: the answer first, then why, then what to do next; for people.

mod filled;
mod holders;
mod hurt;
mod next;
mod rules;
mod verdict;

use std::io::{self, Write};

use super::plot::plot;
use super::style::{BAD, CAUTION, FAINT, Styled};
use super::subject::Subject;
use super::tally::Tally;
use crate::memory::Heap;
use crate::units::{Bytes, Count, Lasting};

/// What an entry takes in Linux 6.18: `nf_conn` and its extensions, measured on x86-64.
const LINUX_BYTES_AN_ENTRY: u64 = 384;
/// What a bucket takes there. By itself Linux has as many of them as entries.
const LINUX_BYTES_A_BUCKET: u64 = 8;

/// Writes the summary of a replay, coloured: `out` takes the codes away where they have no place.
///
/// # Errors
/// When `out` does not take it.
pub fn summary(out: &mut dyn Write, subject: &Subject<'_>, tally: &Tally) -> io::Result<()> {
    head(out, subject, tally)?;
    verdict::verdict(out, subject, tally)?;
    hurt::line(out, tally)?;
    plot(out, &tally.series, subject.max)?;
    holders::holders(out, tally)?;
    holders::refusals(out, tally)?;
    hurt::taken(out, tally)?;
    filled::filled(out, tally)?;
    memory(out, subject, tally)?;
    packets(out, subject, tally)?;
    for effect in subject.effects() {
        rules::rule(out, effect)?;
    }
    hurt::not_followed(out, tally)?;
    for note in notes(subject, tally) {
        writeln!(out, "{} {note}", Styled(CAUTION, '!'))?;
    }
    next::next(out, subject, tally)
}

/// What was replayed, and into what.
fn head(out: &mut dyn Write, subject: &Subject<'_>, tally: &Tally) -> io::Result<()> {
    let Subject { capture, described, unit, .. } = subject;
    let lasted = Lasting(tally.lasted_ms());
    writeln!(out, "{capture}   {described}, {lasted}, {} {unit}", Count(tally.packet_count))?;
    match (subject.max, &subject.limit_origin) {
        (Some(max), Some(origin)) => write!(out, "limit {} ({origin})", Count(max as u64))?,
        (Some(max), None) => write!(out, "limit {}", Count(max as u64))?,
        (None, _) => write!(out, "no limit")?,
    }
    if let Some(policy) = &subject.policy {
        write!(out, ", policy {policy}")?;
    }
    let rule_count = subject.table.rules().sources.len();
    if rule_count > 0 {
        write!(out, ", {rule_count} raw rule{}", if rule_count == 1 { "" } else { "s" })?;
    }
    if let Some(seeded) = &subject.seeded {
        write!(out, ", {seeded}")?;
    }
    writeln!(out, ", timeouts of {}\n", subject.preset)
}

fn memory(out: &mut dyn Write, subject: &Subject<'_>, tally: &Tally) -> io::Result<()> {
    let entry_count = subject.max.unwrap_or(tally.peak_entries);
    let entries = entry_count as u64;
    let (ours, linux) = (Heap::BYTES_AN_ENTRY as u64, LINUX_BYTES_AN_ENTRY);
    let (bucket_count, buckets) = match &subject.buckets {
        Some((count, origin)) => {
            (*count, format!("for each of {} buckets, {origin}", Count(*count)))
        }
        None => (entries, "a bucket".to_owned()),
    };
    let in_linux = Bytes(linux_bytes(entries, bucket_count));
    writeln!(
        out,
        "\n  {} entries take {} here {},\n  {in_linux} in Linux {}",
        Count(entries),
        Bytes(Heap::bytes(entry_count) as u64),
        Styled(FAINT, format!("({ours} bytes each, with counters)")),
        Styled(FAINT, format!("({linux} each, {LINUX_BYTES_A_BUCKET} {buckets})")),
    )
}

/// Bytes that a table of so many entries and buckets takes in Linux.
pub(crate) const fn linux_bytes(entries: u64, buckets: u64) -> u64 {
    let entries = entries.saturating_mul(LINUX_BYTES_AN_ENTRY);
    entries.saturating_add(buckets.saturating_mul(LINUX_BYTES_A_BUCKET))
}

/// What became of all packets.
fn packets(out: &mut dyn Write, subject: &Subject<'_>, tally: &Tally) -> io::Result<()> {
    let mut parts = vec![format!("{} tracked", Count(tally.tracked_count))];
    let kinds = [
        ("untracked", tally.untracked_count),
        ("invalid", tally.invalid_count()),
        ("dropped by raw rules", tally.raw_drop_count),
        ("dropped by the filter", tally.filter_drop_count),
        ("dropped by a helper", subject.table.stats().helper_drop_count()),
    ];
    let some = kinds.iter().filter(|(_, count)| *count > 0);
    parts.extend(some.map(|(kind, count)| format!("{} {kind}", Count(*count))));
    if tally.drop_count > 0 {
        parts.push(Styled(BAD, format!("{} dropped", Count(tally.drop_count))).to_string());
    }
    let held = tally.held.iter().map(|(&why, &count)| (why, count));
    parts.extend(by_reason("held", tally.held_count(), held));
    let skipped = tally.skipped_by_name();
    let skipped = skipped.iter().map(|(why, &count)| (why.as_str(), count));
    parts.extend(by_reason("skipped", tally.skipped_count(), skipped));
    writeln!(out, "  {}: {}", subject.unit, parts.join(", "))
}

/// What became of some packets, and of how many why; nothing when there are none.
fn by_reason<'w>(
    what: &str,
    all_count: u64,
    reasons: impl Iterator<Item = (&'w str, u64)>,
) -> Option<String> {
    let why: Vec<_> = reasons.map(|(why, count)| format!("{why} {}", Count(count))).collect();
    (!why.is_empty()).then(|| format!("{} {what} ({})", Count(all_count), why.join(", ")))
}

/// What the result does not say.
fn notes(subject: &Subject<'_>, tally: &Tally) -> Vec<String> {
    let mut notes = subject.notes.clone();
    if subject.went_back_count > 0 {
        let (count, unit) = (Count(subject.went_back_count), subject.unit);
        notes.push(format!("{count} {unit} carry a time before that of the one before them"));
    }
    let longest_ms = u64::from(subject.established_s) * 1000;
    if tally.lasted_ms() < longest_ms {
        let origin = subject.established_origin.as_ref();
        notes.push(format!(
            "the capture lasts {}, an idle established connection {}{}: the table may grow further",
            Lasting(tally.lasted_ms()),
            Lasting(longest_ms),
            origin.map_or_else(String::new, |origin| format!(" ({origin})")),
        ));
    }
    notes
}
