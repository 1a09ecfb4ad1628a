//! What the result of a sweep does not say.

use super::axis::{Key, Value};
use super::grid::{Grid, Tried};
use crate::on_full::{self, Spec};
use crate::trials::Trials;
use crate::units::{Count, Lasting};

/// What should be said.
pub(super) fn notes(
    trials: &Trials,
    (grid, tried): (&Grid, &[Tried<'_>]),
    lasted_ms: u64,
) -> Vec<String> {
    let mut notes = Vec::new();
    let back_count = trials.session().replay.went_back_count();
    if back_count > 0 {
        let count = Count(back_count);
        notes.push(format!("{count} packets carry a time before that of the one before them"));
    }
    notes.extend(too_short(grid, lasted_ms));
    let is_limited = tried.iter().any(|tried| tried.max.is_some());
    if is_limited {
        notes.extend(policies(grid, tried));
    } else {
        notes.extend(no_effect(trials));
    }
    notes
}

/// The timeouts that no connection of so short a capture can have outlived.
fn too_short(grid: &Grid, lasted_ms: u64) -> Vec<String> {
    let lasts = |seconds: u32| u64::from(seconds) * 1000;
    let longest = grid.axes.iter().filter_map(|axis| {
        let seconds = axis.values.iter().filter_map(|value| match value {
            Value::Timeout(_, seconds) => Some(*seconds),
            _ => None,
        });
        Some((axis.key, lasts(seconds.max()?)))
    });
    let longest: Vec<_> = longest.filter(|(_, millis)| lasted_ms < *millis).collect();
    let lasted = Lasting(lasted_ms);
    let mut notes: Vec<String> = longest
        .iter()
        .map(|(key, millis)| {
            let (name, longest) = (key.name(), Lasting(*millis));
            format!(
                "the capture lasts {lasted}, and {name} was tried up to {longest}: the table may \
                 grow further"
            )
        })
        .collect();
    let established = grid.now().config.timeouts.tcp_established;
    let is_swept = |key: Key| matches!(key, Key::Timeout(timeout) if timeout == keeptrack_core::Timeout::TcpEstablished);
    let is_swept = grid.axes.iter().any(|axis| is_swept(axis.key));
    if !is_swept && lasted_ms < lasts(established) {
        notes.push(format!(
            "the capture lasts {lasted}, an idle established connection {}: the table may grow \
             further",
            Lasting(lasts(established))
        ));
    }
    notes
}

/// The policy that was typed for tables that are never full.
fn no_effect(trials: &Trials) -> Vec<String> {
    let session = trials.session();
    let table = session.replay.table();
    let (rules, stats) = (table.rules(), table.stats());
    on_full::notes(on_full::Table { max: None, buckets: None, specs: &session.specs, rules, stats })
}

/// Whose the policies are that were tried, and what they depend on.
fn policies(grid: &Grid, tried: &[Tried<'_>]) -> Option<String> {
    if grid.has_untold_buckets() {
        return Some(
            "Linux with as many buckets as entries: what it drops depends on both (`--buckets N`, \
             `buckets=N,..`)"
                .into(),
        );
    }
    let has_met_limit = tried.iter().any(|tried| tried.refused() + tried.outcome.early_drops > 0);
    let is_linux = grid.specs().into_iter().any(Spec::is_linux);
    (has_met_limit && !is_linux).then(|| {
        "no Linux kernel does that when it is full: `on-full=linux` forecasts what one does".into()
    })
}
