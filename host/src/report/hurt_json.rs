//! What `-o json` tells of connections that were hurt, and of who filled the table.

use serde::Serialize;

use super::holds::Held;
use super::sources::Precision;
use super::tally::Tally;
use crate::ledger::{Aftermath, Class, Row, SAMPLE_SEED, Totals};
use crate::service::Service;

/// How many services and how many sources are listed.
const MAX_LISTED: usize = 20;

/// Connections that were hurt.
#[derive(Serialize)]
pub(super) struct Hurt {
    connections: u64,
    followed: u64,
    live: u64,
    spoke_again: u64,
    got_in: u64,
    sample: Sample,
    not_followed: u64,
    classes: Vec<Kind>,
}

/// Of those that were not followed from the first on, a sample.
#[derive(Serialize)]
struct Sample {
    seed: u64,
    followed: u64,
    live: u64,
    spoke_again: u64,
    got_in: u64,
}

/// What one rule did to connections of one kind.
#[derive(Serialize)]
struct Kind {
    harm: &'static str,
    kind: String,
    rule: &'static str,
    times: u64,
    bypassed: u64,
    assured: u64,
    connections: u64,
    followed: u64,
    live: u64,
    spoke_again: u64,
    came_back_invalid: u64,
    got_in: u64,
    invalid_packets: u64,
    refused_packets: u64,
    entries: u64,
}

/// Who held the table for longest.
#[derive(Serialize)]
pub(super) struct Filled {
    entry_seconds: u64,
    services: Vec<Holder>,
    sources: Vec<Holder>,
    sources_exact: bool,
}

/// A service or a source, and what it held.
#[derive(Serialize)]
struct Holder {
    name: String,
    entry_seconds: u64,
    at_peak: u64,
    at_first_drop: u64,
}

impl Hurt {
    pub(super) fn of(totals: &Totals) -> Self {
        let (followed, sampled) = totals.aftermath();
        Self {
            connections: totals.hurt(),
            followed: followed.connections,
            live: followed.live,
            spoke_again: followed.spoke,
            got_in: followed.got_in,
            sample: Sample {
                seed: SAMPLE_SEED,
                followed: sampled.connections,
                live: sampled.live,
                spoke_again: sampled.spoke,
                got_in: sampled.got_in,
            },
            not_followed: totals.not_followed(),
            classes: totals.rows().map(|(class, row)| Kind::of(class, row)).collect(),
        }
    }
}

impl Kind {
    fn of((harm, whom, rule): Class, row: &Row) -> Self {
        let mut after: Aftermath = row.followed;
        after += row.sampled;
        Self {
            harm: harm.name(),
            kind: whom.to_string(),
            rule,
            times: row.times,
            bypassed: row.bypassed,
            assured: row.assured,
            connections: row.connections,
            followed: after.connections,
            live: after.live,
            spoke_again: after.spoke,
            came_back_invalid: after.invalid,
            got_in: after.got_in,
            invalid_packets: after.invalid_packets,
            refused_packets: after.refused_packets,
            entries: after.entries,
        }
    }
}

impl Filled {
    pub(super) fn of(tally: &Tally) -> Self {
        let services: Vec<Held<Service>> = tally.census.services();
        Self {
            entry_seconds: services.iter().map(|held| held.entry_ms).sum::<u64>() / 1000,
            services: services.iter().take(MAX_LISTED).map(Holder::of).collect(),
            sources: tally.census.sources().iter().take(MAX_LISTED).map(Holder::of).collect(),
            sources_exact: tally.census.precision() == Precision::Exact,
        }
    }
}

impl Holder {
    fn of<K: ToString>(held: &Held<K>) -> Self {
        Self {
            name: held.kind.to_string(),
            entry_seconds: held.entry_ms / 1000,
            at_peak: held.at_peak,
            at_first_drop: held.at_first_drop,
        }
    }
}
