//! What a table that is tried comes to: counted as a replay's own numbers are, and no more of them
//! than choices between settings need.

use keeptrack_core::{Instant, Status, Tuple, Why, Zone};

use crate::verdict::{Left, Verdict, What};

/// How many harmed connections are listed.
const LISTED: usize = 8;

/// What a table came to. Moments are of the capture's clock.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The most entries at once.
    pub(crate) peak: usize,
    /// When there were as many for the first time.
    pub(crate) peak_time: Option<Instant>,
    /// Packets dropped because no entry could be made for them.
    pub(crate) dropped: u64,
    /// Packets for which no entry could be made, and which passed untracked.
    pub(crate) bypassed: u64,
    /// Entries that had to leave before their time: for a newcomer, taken by a collector, or with a
    /// timeout that was cut short because the table fills.
    pub(crate) early_drops: u64,
    /// Of those, the ones that were ASSURED.
    pub(crate) early_assured: u64,
    /// Entries made.
    pub(crate) made: u64,
    /// Entries at the end.
    pub(crate) entries_end: usize,
    /// When the table was full for the first time.
    pub(crate) first_full: Option<Instant>,
    /// For how long it was full, in milliseconds.
    pub(crate) full_ms: u64,
    /// Packets that rules left untracked.
    pub(crate) untracked: u64,
    /// Connections cut while alive: a later packet of them met no entry any more.
    pub(crate) harmed: u64,
    /// The first of those.
    pub(crate) harmed_first: Vec<Harmed>,
    /// ICMP errors that are RELATED without limits and are not here.
    pub(crate) related_lost: u64,
}

/// A connection that was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Harmed {
    /// The tuple of the packet that met no entry.
    pub(crate) tuple: Tuple,
    /// The zone of the connection.
    pub(crate) zone: Zone,
    /// How long nothing had been heard of it, in milliseconds.
    pub(crate) silent_ms: u64,
    /// When that packet came.
    pub(crate) time: Instant,
}

/// Follows how full a table is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meter {
    /// The entries of the table; `None`: it grows.
    max: Option<usize>,
    full_since: Option<Instant>,
}

impl Meter {
    pub(super) const fn new(max: Option<usize>) -> Self {
        Self { max, full_since: None }
    }

    /// A packet came.
    pub(super) fn packet(&mut self, verdict: &Verdict, outcome: &mut Outcome) {
        match verdict.what {
            What::New(..) => outcome.made += 1,
            What::Refused(..) | What::Unheard(..) => outcome.dropped += 1,
            What::Bypassed(..) => outcome.bypassed += 1,
            What::Untracked => outcome.untracked += 1,
            _ => {}
        }
        self.measure(verdict.now(), verdict.entry_count, outcome);
    }

    /// A connection left.
    pub(super) fn ended(&mut self, left: &Left<'_>, outcome: &mut Outcome) {
        let at = Instant::from_millis(left.time_ns / 1_000_000);
        if let Some(since) = self.full_since.take() {
            outcome.full_ms += at.since(since);
        }
        match left.ended.why {
            Why::TimedOut => outcome.entries_end = outcome.entries_end.saturating_sub(1),
            Why::DroppedEarly | Why::Shrunk => {
                outcome.entries_end = outcome.entries_end.saturating_sub(1);
                outcome.early_drops += 1;
                let is_assured = left.ended.conn.status().has(Status::ASSURED);
                outcome.early_assured += u64::from(is_assured);
            }
            _ => {}
        }
    }

    /// So many entries are in the table after a packet.
    pub(super) fn measure(&mut self, now: Instant, entry_count: usize, outcome: &mut Outcome) {
        outcome.entries_end = entry_count;
        if entry_count > outcome.peak {
            outcome.peak = entry_count;
            outcome.peak_time = Some(now);
        }
        if self.max.is_some_and(|max| entry_count >= max) {
            outcome.first_full.get_or_insert(now);
            let since = *self.full_since.get_or_insert(now);
            outcome.full_ms += now.since(since);
            self.full_since = Some(now);
        } else if let Some(since) = self.full_since.take() {
            outcome.full_ms += now.since(since);
        }
    }
}

impl Outcome {
    /// A connection was cut.
    pub(super) fn harm(&mut self, harmed: Harmed) {
        self.harmed += 1;
        if self.harmed_first.len() < LISTED {
            self.harmed_first.push(harmed);
        }
    }
}
