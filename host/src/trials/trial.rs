//! A table that is tried: its own size, settings, rules and policy, and what it comes to.

use std::collections::{HashMap, HashSet};
use std::io;

use keeptrack_core::{
    Config, Conn, Direction, Instant, Newcomer, OnFull, Prefix, Seed, SourceCap, SourcePlace,
    TimeoutPolicy,
};

use super::batch::Item;
use super::outcome::{Harmed, Meter, Outcome};
use super::scout::{Met, Said, Scout};
use super::shared::{Kin, Waiting};
use crate::error::Error;
use crate::lane::Lane;
use crate::rules::RuleSet;
use crate::verdict::{Left, Report, Verdict, What};

/// A table that is tried.
pub(super) struct Trial {
    pub(super) lane: Lane,
    pub(super) counts: Counts,
    /// What others have to be that are the same until they are full; `None`: no other is.
    pub(super) kin: Option<Kin>,
    /// Those that are, the smallest last.
    waiting: Vec<Waiting>,
    /// How many entries have to be made for a source to come near the cap of the smallest.
    crowded_at: u64,
    /// Those of them that became full, by their numbers, and run from there on.
    pub(super) begun: Vec<(usize, Self)>,
}

/// What it comes to.
#[derive(Clone)]
pub(super) struct Counts {
    pub(super) outcome: Outcome,
    meter: Meter,
    /// Connections of the scout, by number, whose cut does not count: no more, or not yet. They are
    /// forgotten when the scout's leave, so that there are no more of them than it has entries.
    outside: HashMap<u64, Outside>,
}

/// Why a cut does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outside {
    /// It was counted before.
    Counted,
    /// There was no room for it when it began.
    Refused,
}

/// What is told of a packet, beside what the scout said of it.
struct Compared<'c> {
    counts: &'c mut Counts,
    said: Said,
    met: Option<&'c Met>,
}

impl Trial {
    pub(super) fn new(lane: Lane, max: Option<usize>, kin: Option<Kin>) -> Self {
        let outcome = Outcome { entries_end: lane.entry_count(), ..Outcome::default() };
        let counts = Counts { outcome, meter: Meter::new(max), outside: HashMap::new() };
        Self::with(lane, counts, kin)
    }

    fn with(lane: Lane, counts: Counts, kin: Option<Kin>) -> Self {
        Self { lane, counts, kin, waiting: Vec::new(), crowded_at: 0, begun: Vec::new() }
    }

    /// Passes a batch that the scout has passed.
    pub(super) fn pass(&mut self, items: &[Item<'_>], scout: &Scout) -> Result<(), Error> {
        self.pass_from(0, items, scout)
    }

    /// The same from that packet on.
    fn pass_from(&mut self, from: usize, items: &[Item<'_>], scout: &Scout) -> Result<(), Error> {
        let compared = items.iter().zip(scout.said.iter().zip(&scout.met)).enumerate().skip(from);
        for (at, (item, (&said, met))) in compared {
            let Self { lane, counts, .. } = self;
            let mut compared = Compared { counts, said, met: met.as_ref() };
            lane.pass(item.stamp, &item.packet, &mut compared)?;
            while let Some(full) = self.full() {
                let now = Instant::from_millis(item.stamp.time_ns / 1_000_000);
                let mut begun = self.limited(full.max, now)?;
                begun.pass_from(at + 1, items, scout)?;
                self.begun.push((full.id, begun));
            }
        }
        self.counts.forget(&scout.left);
        Ok(())
    }

    /// Takes that one along until it is full; answers whether it has room now.
    pub(super) fn is_led(&mut self, other: Waiting) -> bool {
        let is_crowded = other.source_cap.is_some_and(|(prefix, cap)| self.busiest(prefix) >= cap);
        let has_room = self.lane.entry_count() < other.max && !is_crowded;
        if has_room {
            self.waiting.push(other);
        }
        has_room
    }

    /// The smallest one taken along, if it is full now, or a source has nearly as many connections
    /// as it may in that one.
    fn full(&mut self) -> Option<Waiting> {
        let smallest = self.waiting.last()?;
        let is_full = smallest.max <= self.counts.outcome.entries_end;
        let source_cap = smallest.source_cap;
        if is_full || source_cap.is_some_and(|(prefix, cap)| self.is_crowded(prefix, cap)) {
            return self.waiting.pop();
        }
        None
    }

    /// Whether a source has nearly as many connections as that. They are counted when there might
    /// be one, and at the earliest when an eighth as many have been made as there are.
    fn is_crowded(&mut self, prefix: Prefix, cap: u32) -> bool {
        let &Outcome { entries_end, made, .. } = &self.counts.outcome;
        if entries_end < cap as usize || made < self.crowded_at {
            return false;
        }
        let missing = cap.saturating_sub(self.busiest(prefix));
        self.crowded_at = made + u64::from(missing);
        missing as usize <= entries_end / 8
    }

    /// How many connections the source has that has most.
    fn busiest(&self, prefix: Prefix) -> u32 {
        let places = vec![SourcePlace::EMPTY; self.lane.ct.len() + 1];
        let mut caps = SourceCap::<_, u32>::new(places, Seed([0; 16]), u32::MAX).prefix(prefix);
        let count = |conn: &Conn| {
            caps.entered(&Newcomer { conn, hash: 0, now: Instant::default() });
            caps.count(conn.tuple(Direction::Original).source, conn.zone())
        };
        self.lane.ct.iter().map(count).max().unwrap_or(0)
    }

    /// The same with room for no more than `max` entries, of which there are as many, from `now`
    /// on.
    fn limited(&self, max: usize, now: Instant) -> Result<Self, Error> {
        let (lane, counts) = (self.lane.copied(), self.counts.clone());
        let mut limited = Self::with(lane, counts, self.kin.clone()).smaller(max)?;
        let Counts { outcome, meter, .. } = &mut limited.counts;
        meter.measure(now, outcome.entries_end, outcome);
        Ok(limited)
    }

    /// Lets the time pass until then, in which nothing is captured.
    pub(super) fn pass_time(&mut self, now_ns: u64) -> Result<(), Error> {
        let counts = &mut self.counts;
        self.lane.pass_time(now_ns, &mut Compared { counts, said: Said::Other, met: None })
    }

    /// The same under other rules, without the connections that these leave untracked.
    pub(super) fn fork(&self, rules: RuleSet, untracked: &dyn Fn(&Conn) -> bool) -> Self {
        let sources = rules.sources.clone();
        let kin = self.kin.clone().map(|kin| Kin { sources, ..kin });
        let mut lane = self.lane.fork(rules);
        lane.flush(untracked);
        let mut counts = self.counts.clone();
        counts.outcome.entries_end = lane.entry_count();
        Self::with(lane, counts, kin)
    }

    /// The same with other timeouts from here on.
    pub(super) fn with_timeouts(&self, timeouts: TimeoutPolicy) -> Result<Self, Error> {
        let config = |kin: &Kin| Config { timeouts, ..kin.config };
        let kin = self.kin.clone().map(|kin| Kin { config: config(&kin), ..kin });
        Ok(Self::with(self.lane.with_timeouts(timeouts)?, self.counts.clone(), kin))
    }

    /// The entries of one that is what this one is until it is full.
    pub(super) fn max_of(&self, id: usize) -> Option<usize> {
        self.waiting.iter().find(|waiting| waiting.id == id).map(|waiting| waiting.max)
    }

    /// The same with room for that many entries, of which there are no more.
    pub(super) fn smaller(mut self, max: usize) -> Result<Self, Error> {
        if let Some(kin) = &mut self.kin {
            kin.max = max;
            self.lane = self.lane.limited((max, kin.key), &kin.spec)?;
        }
        self.counts.meter = Meter::new(Some(max));
        Ok(self)
    }
}

impl Counts {
    /// A packet of a connection that the scout knows met no entry.
    fn cut(&mut self, verdict: &Verdict, met: &Met) {
        let is_back = matches!(verdict.what, What::New(..));
        match self.outside.get(&met.number) {
            None => {
                self.outside.insert(met.number, Outside::Counted);
                let &Met { tuple, zone, silent_ms, .. } = met;
                self.outcome.harm(Harmed { tuple, zone, silent_ms, time: verdict.now() });
            }
            Some(Outside::Refused) if is_back => _ = self.outside.remove(&met.number),
            Some(_) => {}
        }
    }

    /// Those connections of the scout's are over.
    fn forget(&mut self, left: &[u64]) {
        if self.outside.len() > left.len() {
            left.iter().for_each(|number| _ = self.outside.remove(number));
        } else if !self.outside.is_empty() {
            let left: HashSet<&u64> = left.iter().collect();
            self.outside.retain(|number, _| !left.contains(number));
        }
    }
}

impl Report for Compared<'_> {
    fn packet(&mut self, verdict: &Verdict) -> io::Result<()> {
        let Self { counts, said, met } = self;
        counts.meter.packet(verdict, &mut counts.outcome);
        match (*said, *met, &verdict.what) {
            (Said::Known, Some(met), what) if meets_no_entry(what) => counts.cut(verdict, met),
            (Said::New, Some(met), What::Refused(..) | What::Bypassed(..)) => {
                counts.outside.insert(met.number, Outside::Refused);
            }
            (Said::Related, _, what) if !matches!(what, What::Related(..)) => {
                counts.outcome.related_lost += 1;
            }
            _ => {}
        }
        Ok(())
    }

    fn ended(&mut self, left: &Left<'_>) -> io::Result<()> {
        let Self { counts, .. } = self;
        counts.meter.ended(left, &mut counts.outcome);
        Ok(())
    }

    fn was_open(&mut self, _conn: &Conn) {
        self.counts.outcome.entries_end += 1;
    }
}

/// Whether a packet of a connection that was open finds it gone: it would be a new one, or is none.
const fn meets_no_entry(what: &What) -> bool {
    use What as W;
    matches!(what, W::New(..) | W::Refused(..) | W::Bypassed(..) | W::Invalid(..) | W::Unheard(..))
}
