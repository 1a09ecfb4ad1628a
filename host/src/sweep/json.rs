//! `-o json`: a sweep as one object, whose fields `docs/sweep.md` describes.

use std::collections::BTreeMap;
use std::io::{self, Write};

use keeptrack_core::Instant;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::Sweep;
use super::axis::{Axis, Key, Value};
use super::capacity::{Capacity, Need};
use super::choice::Choice;
use super::grid::{Grid, Tried};
use super::roles::Roles;
use crate::report::Reached;

/// The version of the object's schema: it rises when a field changes its meaning or goes.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'d> {
    schema: u32,
    capture: &'d str,
    complete: bool,
    packets: u64,
    first_packet: Option<f64>,
    last_packet: Option<f64>,
    axes: Vec<Swept>,
    settings: Vec<Setting>,
    capacity: Vec<Curve>,
    cheapest: Vec<Cheapest>,
    notes: &'d [String],
}

#[derive(Serialize)]
struct Swept {
    key: &'static str,
    unit: &'static str,
    values: Vec<Json>,
    now: Option<Json>,
}

#[derive(Serialize)]
struct Setting {
    values: BTreeMap<&'static str, Json>,
    as_now: bool,
    max: Option<usize>,
    buckets: Option<u64>,
    policy: Option<String>,
    peak_entries: usize,
    peak_time: Option<f64>,
    unlimited_peak_entries: usize,
    drop: u64,
    bypass: u64,
    early_drop: u64,
    early_assured: u64,
    cut_alive: u64,
    cut_alive_by_timeouts: u64,
    related_lost: u64,
    connections: u64,
    untracked: u64,
    entries_end: usize,
    first_full: Option<f64>,
    full_seconds: f64,
    linux_bytes: Option<u64>,
}

#[derive(Serialize)]
struct Curve {
    values: BTreeMap<&'static str, Json>,
    unlimited_peak_entries: usize,
    no_loss: Bounds,
    small_loss: Bounds,
}

#[derive(Serialize)]
struct Bounds {
    too_few: Option<usize>,
    enough: Option<usize>,
}

#[derive(Serialize)]
struct Cheapest {
    policy: Option<Json>,
    no_loss: Option<usize>,
    no_cut: Option<usize>,
    free: Option<usize>,
}

/// Writes the object and a line end.
pub(super) fn json(out: &mut dyn Write, sweep: &Sweep<'_>) -> io::Result<()> {
    let document = Document {
        schema: SCHEMA,
        capture: &sweep.capture,
        complete: sweep.reached == Reached::End,
        packets: sweep.packet_count,
        first_packet: sweep.between.map(|(first, _)| seconds(first)),
        last_packet: sweep.between.map(|(_, last)| seconds(last)),
        axes: sweep.grid.axes.iter().map(|axis| swept(sweep.grid, axis)).collect(),
        settings: sweep.tried.iter().map(|tried| setting(sweep.grid, tried)).collect(),
        capacity: curves(sweep),
        cheapest: sweep.choices.iter().map(cheapest).collect(),
        notes: &sweep.notes,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn cheapest(choice: &Choice) -> Cheapest {
    let Choice { policy, no_loss, no_cut, free } = choice;
    let policy = policy.as_ref().map(plain);
    Cheapest { policy, no_loss: *no_loss, no_cut: *no_cut, free: *free }
}

fn swept(grid: &Grid, axis: &Axis) -> Swept {
    Swept {
        key: axis.key.name(),
        unit: axis.key.unit(),
        values: axis.values.iter().map(plain).collect(),
        now: grid.value_now(axis.key).as_ref().map(plain),
    }
}

/// A number, or a policy as it was typed.
fn plain(value: &Value) -> Json {
    match value {
        Value::Entries(count) => json!(count),
        Value::Buckets(count) => json!(count),
        Value::OnFull(spec) => json!(spec.to_string()),
        Value::Timeout(_, seconds) => json!(seconds),
    }
}

fn setting(grid: &Grid, tried: &Tried<'_>) -> Setting {
    let outcome = tried.outcome;
    Setting {
        values: values(grid, tried, |_| true),
        as_now: grid.is_now(tried.point),
        max: tried.max,
        buckets: tried.buckets,
        policy: tried.max.map(|_| tried.spec.to_string()),
        peak_entries: outcome.peak,
        peak_time: outcome.peak_time.map(seconds),
        unlimited_peak_entries: tried.unlimited.peak,
        drop: outcome.dropped,
        bypass: outcome.bypassed,
        early_drop: outcome.early_drops,
        early_assured: outcome.early_assured,
        cut_alive: outcome.harmed,
        cut_alive_by_timeouts: tried.unlimited.harmed,
        related_lost: outcome.related_lost,
        connections: outcome.made,
        untracked: outcome.untracked,
        entries_end: outcome.entries_end,
        first_full: outcome.first_full.map(seconds),
        full_seconds: thousandth(outcome.full_ms),
        linux_bytes: tried.linux_bytes(),
    }
}

/// The values of a combination, by what is swept.
fn values(
    grid: &Grid,
    tried: &Tried<'_>,
    is_told: impl Fn(Key) -> bool,
) -> BTreeMap<&'static str, Json> {
    let axes = grid.axes.iter().zip(tried.point).filter(|(axis, _)| is_told(axis.key));
    axes.filter_map(|(axis, &at)| Some((axis.key.name(), plain(axis.values.get(at)?)))).collect()
}

/// How large the table has to be, if sizes are swept: for each combination of everything else.
fn curves(sweep: &Sweep<'_>) -> Vec<Curve> {
    let grid = &sweep.grid;
    if grid.axes.iter().all(|axis| axis.key != Key::Max) {
        return Vec::new();
    }
    let blocks = Roles::of(&grid.axes);
    let blocks = blocks.blocks(grid, &sweep.tried);
    let columns = blocks.iter().flat_map(|block| (0..block.lens().1).map(|at| block.column(at)));
    let curve = |column: Vec<&Tried<'_>>| {
        let capacity = Capacity::of(&column, sweep.packet_count)?;
        Some(Curve {
            values: values(grid, column.first()?, |key| key != Key::Max),
            unlimited_peak_entries: capacity.unlimited,
            no_loss: Bounds::of(capacity.no_loss),
            small_loss: Bounds::of(capacity.small_loss),
        })
    };
    columns.filter_map(curve).collect()
}

impl Bounds {
    fn of(need: Need) -> Self {
        let (too_few, enough) = need.bounds();
        Self { too_few, enough }
    }
}

/// Seconds since the Unix epoch.
fn seconds(at: Instant) -> f64 {
    thousandth(at.as_millis())
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 have 41 bits")]
fn thousandth(millis: u64) -> f64 {
    millis as f64 / 1000.0
}
