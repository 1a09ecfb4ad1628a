//! The advice as one JSON object, whose fields `docs/advise.md` describes.

use std::io::{self, Write};

use serde::Serialize;

use super::Advised;
use super::change::Change;
use super::forecast::{Figures, Forecast, Growing, Severity};
use super::paste::{self, Paste};
use super::rank::{Advice, Chosen};
use super::words;
use crate::report::Reached;

/// The version of the object's schema: it rises when a field changes its meaning or goes.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'d> {
    schema: u32,
    capture: &'d str,
    complete: bool,
    packets: u64,
    lasted_ms: u64,
    target: &'static str,
    max: Option<usize>,
    limit_origin: Option<&'d str>,
    buckets: Option<u64>,
    policy: &'d str,
    bytes_an_entry: u64,
    now: Tried,
    tried: Vec<Tried>,
    sizes: Vec<Size>,
    growing: Vec<Grows>,
    chosen: Option<Choice>,
    paste: Option<&'d Paste>,
    notes: &'d [String],
}

#[derive(Serialize)]
struct Tried {
    change: String,
    kind: &'static str,
    #[serde(flatten)]
    of: Of,
    /// The place in the table for people, from 0; `None`: it is not in it.
    shown: Option<usize>,
    peak: Option<usize>,
    refused: Option<u64>,
    early: Option<u64>,
    early_assured: Option<u64>,
    full_ms: Option<u64>,
    untracked: Option<u64>,
    demand: usize,
    demand_is_estimate: bool,
    late: bool,
    alive: Option<usize>,
    later: Option<u64>,
    bytes: u64,
    breaks: Breaks,
    lines: Vec<String>,
}

/// A larger table.
#[derive(Serialize)]
struct Size {
    max: usize,
    buckets: u64,
    needs: usize,
    bytes: u64,
}

/// What tells changes of a kind apart.
#[derive(Serialize, Default)]
struct Of {
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connections: Option<u64>,
}

#[derive(Serialize)]
struct Breaks {
    severity: &'static str,
    connections_cut: u64,
    first_cut: Vec<Cut>,
    related_lost: u64,
    below: Option<Below>,
    unseen_by_filters: bool,
    nat: bool,
}

#[derive(Serialize)]
struct Cut {
    connection: String,
    silent_ms: u64,
    time_ms: u64,
}

#[derive(Serialize)]
struct Below {
    seconds: u32,
    rfc: &'static str,
}

#[derive(Serialize)]
struct Grows {
    timeout: &'static str,
    seconds: u32,
    entries: i64,
    within_ms: u64,
}

#[derive(Serialize)]
struct Choice {
    changes: Vec<String>,
    /// Which of `tried` is among them.
    tried: Option<usize>,
    max: Option<usize>,
    buckets: Option<u64>,
    needs: usize,
    needs_is_estimate: bool,
    later: Option<u64>,
    bytes: u64,
}

/// Writes the object and a line end.
pub(super) fn json(out: &mut dyn Write, advised: &Advised<'_>) -> io::Result<()> {
    let Advised { advice, .. } = advised;
    let tried = advice.tried.iter().enumerate();
    let document = Document {
        schema: SCHEMA,
        capture: &advised.capture,
        complete: advised.reached == Reached::End,
        packets: advised.packet_count,
        lasted_ms: advised.lasted_ms,
        target: advised.target.name(),
        max: advice.max(),
        limit_origin: advised.limit_origin.as_deref(),
        buckets: advice.max().map(|max| advice.ram.buckets(max)),
        policy: &advised.policy,
        bytes_an_entry: advice.ram.entry_bytes(),
        now: Tried::of(advised, &advice.now, None),
        tried: tried.map(|(at, forecast)| Tried::of(advised, forecast, Some(at))).collect(),
        sizes: advice.sizes.peaks.iter().skip(1).map(|(max, _)| Size::of(advice, *max)).collect(),
        growing: advised.growing.iter().map(Grows::of).collect(),
        chosen: Choice::of(advice),
        paste: (!advice.chosen_changes().is_empty()).then_some(&advised.paste),
        notes: &advised.notes,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

impl Tried {
    fn of(advised: &Advised<'_>, forecast: &Forecast, at: Option<usize>) -> Self {
        let advice = &advised.advice;
        let figure = |of: fn(Figures) -> u64| forecast.limited.map(of);
        let change = forecast.change.as_ref();
        let lines = change.map(|change| paste::rules(change, advised.target));
        Self {
            change: forecast.name(),
            kind: change.map_or("now", kind),
            of: change.map(|change| Of::change(advised, change)).unwrap_or_default(),
            shown: at.and_then(|at| advice.shown.iter().position(|shown| *shown == at)),
            peak: forecast.limited.map(|figures| figures.peak),
            refused: figure(|figures| figures.refused),
            early: figure(|figures| figures.early),
            early_assured: figure(|figures| figures.early_assured),
            full_ms: figure(|figures| figures.full_ms),
            untracked: figure(|figures| figures.untracked),
            demand: forecast.demand,
            demand_is_estimate: forecast.is_estimate,
            late: forecast.is_late,
            alive: forecast.alive,
            later: (forecast.growth > 0).then(|| forecast.needed()),
            bytes: advice.ram.bytes(advice.max().unwrap_or(forecast.demand)),
            breaks: Breaks::of(forecast),
            lines: lines.unwrap_or_default().lines().map(str::to_owned).collect(),
        }
    }
}

impl Size {
    fn of(advice: &Advice, max: usize) -> Self {
        let needs = advice.sizes.demand(&advice.now, max);
        Self { max, buckets: advice.ram.buckets(max), needs, bytes: advice.ram.bytes(max) }
    }
}

impl Of {
    fn change(advised: &Advised<'_>, change: &Change) -> Self {
        match change {
            Change::Timeout { timeout, from, to } => Self {
                timeout: Some(timeout.name()),
                from: Some(*from),
                to: Some(*to),
                ..Self::default()
            },
            Change::NoTrack(class) => {
                let holding = advised.classes.counter(*class).map(|counter| counter.holding);
                Self {
                    held: holding.map(|holding| holding.peak),
                    connections: holding.map(|holding| holding.entered),
                    ..Self::default()
                }
            }
            _ => Self::default(),
        }
    }
}

impl Breaks {
    fn of(forecast: &Forecast) -> Self {
        let breaks = &forecast.breaks;
        let cut = breaks.cut_first.iter().map(|cut| Cut {
            connection: words::spoken(&cut.tuple),
            silent_ms: cut.silent_ms,
            time_ms: cut.time.as_millis(),
        });
        Self {
            severity: match breaks.severity() {
                Severity::Nothing => "nothing",
                Severity::Caution => "caution",
                Severity::Breaks => "breaks",
            },
            connections_cut: breaks.cut,
            first_cut: cut.collect(),
            related_lost: breaks.related_lost,
            below: breaks.below.map(|floor| Below { seconds: floor.seconds, rfc: floor.rfc }),
            unseen_by_filters: breaks.is_unseen,
            nat: breaks.is_nat,
        }
    }
}

impl Grows {
    const fn of(growing: &Growing) -> Self {
        let Growing { timeout, seconds, growth } = *growing;
        let (entries, within_ms) = (growth.entry_count, growth.within_ms);
        Self { timeout: timeout.name(), seconds, entries, within_ms }
    }
}

impl Choice {
    fn of(advice: &Advice) -> Option<Self> {
        let Chosen::Change { tried, size } = advice.chosen else { return None };
        let forecast = advice.chosen_forecast()?;
        let max = size.or(advice.max());
        let sizes = &advice.sizes;
        let needs = max.map_or(forecast.demand, |max| sizes.demand(forecast, max));
        let is_reckoned = |max| sizes.is_estimate(forecast, max);
        Some(Self {
            changes: advice.chosen_changes().iter().map(ToString::to_string).collect(),
            tried,
            max,
            buckets: max.map(|max| advice.ram.buckets(max)),
            needs,
            needs_is_estimate: max.map_or(forecast.is_estimate, is_reckoned),
            later: (forecast.growth > 0).then(|| needs as u64 + forecast.growth),
            bytes: advice.ram.bytes(max.unwrap_or(forecast.demand)),
        })
    }
}

/// What a change is of, in one word.
const fn kind(change: &Change) -> &'static str {
    match change {
        Change::NoTrack(_) => "notrack",
        Change::Timeout { .. } => "timeout",
        Change::Size { .. } => "size",
        Change::OnFull(_) => "on_full",
    }
}
