//! What one run of one policy came to, in numbers.

use std::collections::BTreeMap;

use keeptrack_core::{Instant, Stats, Why};
use serde::Serialize;

use crate::lane::Lane;
use crate::ledger::{Harm, Totals, Whom};
use crate::on_full::Spec;
use crate::report::{Tally, linux_drop};

/// What one run of one policy came to. Moments are seconds after the first packet.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Figures {
    /// The seed that its choices follow from, if they follow from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seed: Option<u64>,
    /// Connections that got an entry.
    pub(super) accepted: u64,
    /// Packets that were refused and dropped.
    pub(super) drop: u64,
    /// Of those, the ones that are INVALID, too: some ask for an entry before they look.
    pub(super) drop_invalid: u64,
    /// Packets that were refused and passed untracked.
    pub(super) bypass: u64,
    /// Connections that had to leave for a newer one.
    pub(super) early_drop: u64,
    /// Of those, the ones that left for no newcomer: a collector took them.
    pub(super) collected: u64,
    /// Connections whose time was cut short.
    pub(super) shrunk: u64,
    /// Of all those that left early, the ASSURED ones.
    pub(super) early_assured: u64,
    /// Of those, the ones that were open.
    pub(super) early_open: u64,
    /// The most entries at once, as the policy counts them.
    pub(super) peak_entries: usize,
    pub(super) first_full: Option<f64>,
    pub(super) first_drop: Option<f64>,
    /// Connections that were refused or left early, each once.
    pub(super) hurt: u64,
    /// Of those, the ones that were open, or answered and spoke again; of those that were followed.
    pub(super) hurt_live: u64,
    /// Of those, the ones that got an entry after all; of those that were followed.
    pub(super) got_in: u64,
    /// Those of which nobody knows what became.
    pub(super) not_followed: u64,
    /// The entries that would have hurt nobody, as the table itself estimates it.
    pub(super) would_need: usize,
    /// One standard deviation of that.
    pub(super) would_need_deviation: usize,
    /// Who was hurt.
    pub(super) hurt_by_class: BTreeMap<String, Class>,
    /// What the ledger comes to.
    pub(super) ledger: Ledger,
    /// What the table itself counted.
    pub(super) counters: Counters,
}

/// Connections of one kind that were hurt in one way.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Class {
    pub(super) connections: u64,
    /// Those that spoke again; of those that were followed.
    pub(super) spoke_again: u64,
}

/// The ledger's sums: packets that got no entry, entries that were taken before their time.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Ledger {
    refused: u64,
    bypassed: u64,
    evicted: u64,
    shrunk: u64,
}

impl Ledger {
    fn of(totals: &Totals) -> Self {
        let times = |harm| -> u64 {
            let rows = totals.rows().filter(|((by, ..), _)| *by == harm);
            rows.map(|(_, row)| row.times).sum()
        };
        let bypassed: u64 = totals.rows().map(|(_, row)| row.bypassed).sum();
        Self {
            refused: times(Harm::Refused) - bypassed,
            bypassed,
            evicted: times(Harm::Evicted),
            shrunk: times(Harm::Shrunk),
        }
    }
}

/// The table's own counters, under the names of [`Stats`]; `drop` with the INVALID packets that
/// Linux counts there, because a full table refuses them before it looks at them.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Counters {
    drop: u64,
    source_full: u64,
    zone_full: u64,
    chaintoolong: u64,
    bypass: u64,
    early_drop: u64,
    shrunk: u64,
}

impl Counters {
    const fn of(stats: &Stats, tally: &Tally) -> Self {
        let &Stats { source_full, zone_full, chaintoolong, .. } = stats;
        let &Stats { bypass, early_drop, shrunk, .. } = stats;
        let drop = linux_drop(stats, tally);
        Self { drop, source_full, zone_full, chaintoolong, bypass, early_drop, shrunk }
    }
}

impl Figures {
    pub(super) fn of(spec: &Spec, lane: &Lane, tally: &Tally) -> Self {
        let totals = tally.ledger.totals();
        let ended = |why: Why| tally.ended.get(why.name()).copied().unwrap_or(0);
        let begin = tally.first_packet.unwrap_or_default();
        let since = |at: Instant| seconds(at.since(begin));
        let mut hurt_by_class: BTreeMap<String, Class> = BTreeMap::new();
        let mut early_assured = 0;
        for ((harm, whom, _), row) in totals.rows() {
            let class = hurt_by_class.entry(class_name(harm, whom)).or_default();
            class.connections += row.connections;
            class.spoke_again += row.followed.spoke + row.sampled.spoke;
            early_assured += row.assured;
        }
        let (would_need, would_need_deviation) = lane.would_need();
        Self {
            seed: spec.seed(),
            accepted: tally.made_count,
            drop: tally.drop_count,
            drop_invalid: tally.drop_invalid_count,
            bypass: tally.bypass_count,
            early_drop: ended(Why::DroppedEarly),
            collected: tally.collected_count,
            shrunk: ended(Why::Shrunk),
            early_assured,
            early_open: totals.open_taken(),
            peak_entries: tally.peak_entries,
            first_full: tally.first_full.map(since),
            first_drop: tally.dropped_between.map(|(first, _)| since(first)),
            hurt: totals.hurt(),
            hurt_live: totals.live(),
            got_in: totals.got_in(),
            not_followed: totals.not_followed(),
            would_need,
            would_need_deviation,
            hurt_by_class,
            ledger: Ledger::of(totals),
            counters: Counters::of(lane.ct.stats(), tally),
        }
    }
}

/// `refused`, `evicted unreplied`, `evicted open`: newcomers are of one kind here.
fn class_name(harm: Harm, whom: Whom) -> String {
    match whom {
        Whom::Newcomer(_) => harm.name().to_owned(),
        whom => format!("{} {whom}", harm.name()),
    }
}

#[allow(clippy::cast_precision_loss, reason = "a capture lasts less than 2^52 milliseconds")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}
