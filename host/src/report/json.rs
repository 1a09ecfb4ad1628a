//! `-o json`: the numbers of a replay as one object, whose fields `docs/replay.md` describes.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use keeptrack_core::{HelperDrop, Instant, Why};
use serde::Serialize;

use super::census::{Asked, Class};
use super::holds::Held;
use super::hurt_json::{Filled, Hurt};
use super::subject::{RuleEffect, Subject};
use super::tally::Tally;
use crate::memory::Heap;
use crate::service::Service;

/// The version of the object's schema: it rises when a field changes its meaning or goes.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'d> {
    schema: u32,
    capture: &'d str,
    complete: bool,
    packets: u64,
    tracked: u64,
    untracked: u64,
    invalid: u64,
    invalid_by: &'d BTreeMap<&'static str, u64>,
    held: u64,
    held_by: &'d BTreeMap<&'static str, u64>,
    skipped: u64,
    skipped_by: BTreeMap<String, u64>,
    drop: u64,
    source_full: u64,
    zone_full: u64,
    bypass: u64,
    early_drop: u64,
    collected: u64,
    shrunk: u64,
    chaintoolong: u64,
    raw_drop: u64,
    filter_drop: u64,
    filter_first: u64,
    helper_drop: u64,
    helper_drop_by: BTreeMap<&'static str, u64>,
    helper_full: u64,
    helper_cut: u64,
    helper_elsewhere: u64,
    expect_new: u64,
    expect_create: u64,
    expect_delete: u64,
    seeded: u64,
    connections: u64,
    ended_by: &'d BTreeMap<&'static str, u64>,
    max: Option<usize>,
    policy: Option<&'d str>,
    buckets: Option<u64>,
    peak_entries: usize,
    peak_time: Option<f64>,
    first_full: Option<f64>,
    full_seconds: f64,
    first_drop: Option<f64>,
    last_drop: Option<f64>,
    entries_end: usize,
    first_packet: Option<f64>,
    last_packet: Option<f64>,
    time_went_back: u64,
    bytes_an_entry: usize,
    table_bytes: usize,
    at_peak: Vec<Holder>,
    at_first_drop: Vec<Holder>,
    dropped: Vec<Refused>,
    hurt: Hurt,
    filled: Filled,
    rules: Vec<RuleCounts<'d>>,
    notes: &'d [String],
}

#[derive(Serialize)]
struct Holder {
    service: String,
    state: &'static str,
    loopback: bool,
    entries: u64,
}

#[derive(Serialize)]
struct Refused {
    service: String,
    loopback: bool,
    made: u64,
    dropped: u64,
}

#[derive(Serialize)]
struct RuleCounts<'d> {
    file: &'d str,
    line: usize,
    text: &'d str,
    hook: &'static str,
    matched: u64,
    effective: u64,
    too_late: u64,
}

/// Writes the object and a line end.
///
/// # Errors
/// When `out` does not take it.
pub fn json(out: &mut dyn Write, subject: &Subject<'_>, tally: &Tally) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Document::of(subject, tally))?;
    writeln!(out)
}

impl<'d> Document<'d> {
    fn of(subject: &'d Subject<'_>, tally: &'d Tally) -> Self {
        let stats = subject.table.stats();
        Self {
            schema: SCHEMA,
            capture: &subject.capture,
            complete: subject.is_complete(),
            packets: tally.packet_count,
            tracked: tally.tracked_count,
            untracked: tally.untracked_count,
            invalid: tally.invalid_count(),
            invalid_by: &tally.invalid,
            held: tally.held_count(),
            held_by: &tally.held,
            skipped: tally.skipped_count(),
            skipped_by: tally.skipped_by_name(),
            drop: tally.drop_count,
            source_full: stats.source_full,
            zone_full: stats.zone_full,
            bypass: tally.bypass_count,
            shrunk: tally.ended.get(Why::Shrunk.name()).copied().unwrap_or(0),
            early_drop: tally.ended.get(Why::DroppedEarly.name()).copied().unwrap_or(0),
            collected: tally.collected_count,
            chaintoolong: tally.chaintoolong_count,
            raw_drop: tally.raw_drop_count,
            filter_drop: tally.filter_drop_count,
            filter_first: tally.filter_first_count,
            helper_drop: stats.helper_drop_count(),
            helper_drop_by: HelperDrop::ALL
                .iter()
                .map(|&why| (why.name(), stats.helper_drop_by(why)))
                .filter(|&(_, count)| count > 0)
                .collect(),
            helper_full: stats.helper_full,
            helper_cut: stats.helper_cut,
            helper_elsewhere: stats.helper_elsewhere,
            expect_new: stats.expect_new,
            expect_create: stats.expect_create,
            expect_delete: stats.expect_delete,
            seeded: tally.seeded_count,
            connections: tally.made_count,
            ended_by: &tally.ended,
            max: subject.max,
            policy: subject.policy.as_deref(),
            buckets: subject.buckets.as_ref().map(|(count, _)| *count),
            peak_entries: tally.peak_entries,
            peak_time: tally.peak_time.map(seconds),
            first_full: tally.first_full.map(seconds),
            full_seconds: thousandth(tally.full_ms),
            first_drop: tally.dropped_between.map(|(first, _)| seconds(first)),
            last_drop: tally.dropped_between.map(|(_, last)| seconds(last)),
            entries_end: tally.entries_end,
            first_packet: tally.first_packet.map(seconds),
            last_packet: tally.last_packet.map(seconds),
            time_went_back: subject.went_back_count,
            bytes_an_entry: Heap::BYTES_AN_ENTRY,
            table_bytes: Heap::bytes(subject.max.unwrap_or(tally.peak_entries)),
            at_peak: holders(tally, |row| row.at_peak),
            at_first_drop: holders(tally, |row| row.at_first_drop),
            dropped: refused(tally),
            hurt: Hurt::of(tally.ledger.totals()),
            filled: Filled::of(tally),
            rules: rule_counts(subject),
            notes: &subject.notes,
        }
    }
}

/// Who held something at a moment, most first.
fn holders(tally: &Tally, at: fn(&Held<Class>) -> u64) -> Vec<Holder> {
    let mut rows = tally.census.rows();
    rows.retain(|row| at(row) > 0);
    rows.sort_by_key(|row| Reverse(at(row)));
    let holder = |row: Held<Class>| Holder {
        service: row.kind.service.to_string(),
        state: row.kind.state,
        loopback: row.kind.service.is_loopback,
        entries: at(&row),
    };
    rows.into_iter().map(holder).collect()
}

fn refused(tally: &Tally) -> Vec<Refused> {
    let refused = |(service, asked): (Service, Asked)| Refused {
        service: service.to_string(),
        loopback: service.is_loopback,
        made: asked.made,
        dropped: asked.refused,
    };
    tally.census.refusals().into_iter().map(refused).collect()
}

fn rule_counts<'d>(subject: &'d Subject<'_>) -> Vec<RuleCounts<'d>> {
    let counts = |effect: RuleEffect<'d>| RuleCounts {
        file: &effect.source.file,
        line: effect.source.line,
        text: &effect.source.text,
        hook: effect.hook.name(),
        matched: effect.count.matched,
        effective: effect.count.effective,
        too_late: effect.count.too_late,
    };
    subject.effects().into_iter().map(counts).collect()
}

/// Seconds since the Unix epoch.
fn seconds(at: Instant) -> f64 {
    thousandth(at.as_millis())
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 have 41 bits")]
fn thousandth(millis: u64) -> f64 {
    millis as f64 / 1000.0
}
