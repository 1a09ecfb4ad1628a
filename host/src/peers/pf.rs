//! OpenBSD's pf: nobody leaves for a newcomer, which is dropped; but the fuller the table, the
//! sooner its states are purged.
//!
//! Above `start` states all that are purged next are judged by timeouts that shrink in a straight
//! line, to nothing at `end`. Only the purge looks: each second at a tenth of the states, in the
//! order in which they came, from where it stopped. What has run out counts until then; a packet of
//! it meanwhile would find its state in pf, and begins anew here, in the state's place. A state
//! lives by the timeouts of the replay, in whole seconds as pf counts them.

use keeptrack_core::{Conn, Ended, Instant, Unconfirmed, Why};

use super::entries::{Entries, Id};
use super::{Admission, Checked, Keys, Known, Peer};
use crate::replay::Tracker;

pub(super) const PEER: Known = Known {
    name: "pf",
    does: "nobody leaves for a newcomer, which is dropped; timeouts shrink as the table fills",
    keys: &[
        ("start", "the states from which on timeouts shrink; 60% by itself"),
        ("end", "the states at which nothing is left of them; 120% by itself"),
        ("interval", "seconds in which the purge comes by every state; 10 by itself"),
    ],
    checked: Checked::Source("OpenBSD pf.c 1.1218 of July 2025"),
    build: |keys: &Keys, max| {
        let (start, end) = (keys.entries("start", max, 60)?, keys.entries("end", max, 120)?);
        if start >= end {
            return Err(format!("`start` ({start}) must lie below `end` ({end})"));
        }
        let interval_s = keys.number_in("interval", 10, 1..=MAX_INTERVAL_S)?;
        Ok(Box::new(Pf::new(max, Params { start, end, interval_s })))
    },
};

/// Seconds in which the purge comes by every state, at the most: a day.
const MAX_INTERVAL_S: usize = 86_400;
/// How many states the purge takes out at once, and the fewest that it looks at.
const BATCH: usize = 64;

/// What can be set of pf.
#[derive(Debug, Clone, Copy)]
pub(super) struct Params {
    /// The states from which on timeouts shrink.
    pub(super) start: usize,
    /// The states at which nothing is left of them.
    pub(super) end: usize,
    /// Seconds in which the purge comes by every state.
    pub(super) interval_s: usize,
}

/// pf's limit, and its purge.
#[derive(Debug, Clone)]
pub(super) struct Pf {
    max: usize,
    params: Params,
    states: Entries<State>,
    /// States that have run out and wait for the purge.
    over_count: usize,
    /// The state at which the purge goes on.
    cursor: u64,
    /// When the first packet came, from which pf's seconds are counted.
    boot: Option<Instant>,
    /// The seconds that the purge has seen.
    purged_s: u64,
    /// The second before which it finds nothing; 0 when that is not known.
    quiet_until_s: u64,
}

/// What is kept of a state: renewed at that second, to live so many more.
#[derive(Debug, Clone, Copy)]
struct State {
    renewed_s: u64,
    timeout_s: u64,
    presence: Presence,
}

/// Whether core knows a state as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Live,
    Over,
}

impl Pf {
    pub(super) fn new(max: usize, params: Params) -> Self {
        Self {
            max,
            params,
            states: Entries::new(),
            over_count: 0,
            cursor: 0,
            boot: None,
            purged_s: 0,
            quiet_until_s: 0,
        }
    }

    fn uptime_s(&self, now: Instant) -> u64 {
        self.boot.map_or(0, |boot| now.since(boot) / 1000)
    }

    /// What is left of a timeout when so many states are there.
    fn scaled(&self, timeout_s: u64, count: usize) -> u64 {
        let Params { start, end, .. } = self.params;
        if count <= start {
            return timeout_s;
        }
        timeout_s * end.saturating_sub(count) as u64 / (end - start) as u64
    }

    /// The second from which on the purge takes a state out, as long as nothing else happens.
    fn due_s(&self, state: State) -> Option<u64> {
        let count = self.states.len();
        if count <= self.params.start && state.presence == Presence::Live {
            // Core lets it run out, to the fraction of a second.
            return None;
        }
        let left_s = self.scaled(state.timeout_s, count);
        Some(if count < self.params.end { state.renewed_s + left_s } else { 0 })
    }

    /// Passes over seconds in which the purge finds nothing: whole rounds, as if they ended where
    /// they began.
    fn skip(&mut self, uptime_s: u64) {
        let until_s = if self.is_idle() { uptime_s } else { self.quiet_until_s.min(uptime_s) };
        let round_s = self.params.interval_s as u64;
        self.purged_s += until_s.saturating_sub(self.purged_s + 1) / round_s * round_s;
    }

    /// The purge of one second.
    fn purge(&mut self, uptime_s: u64, take_out: &mut dyn FnMut(&Id)) {
        let mut to_scan = self.states.len() / self.params.interval_s;
        loop {
            let scanned = self.purge_batch(to_scan.max(BATCH), uptime_s, take_out);
            if self.cursor == 0 {
                let first_s = self.states.from(0).filter_map(|(_, state)| self.due_s(*state)).min();
                self.quiet_until_s = first_s.unwrap_or(u64::MAX);
            }
            if scanned >= to_scan {
                return;
            }
            to_scan -= scanned;
        }
    }

    /// Looks at `limit` states at the most, up to the last; takes out what is due, [`BATCH`] at the
    /// most. All are judged by how many there were before.
    fn purge_batch(&mut self, limit: usize, uptime_s: u64, take_out: &mut dyn FnMut(&Id)) -> usize {
        let mut due = Vec::new();
        let mut seen = 0;
        let mut next = None;
        for (number, state) in self.states.from(self.cursor) {
            if seen == limit || due.len() == BATCH {
                next = Some(number);
                break;
            }
            seen += 1;
            if self.due_s(*state).is_some_and(|due_s| due_s <= uptime_s) {
                due.push(number);
            }
        }
        // The one at which it stops before its limit is not reckoned, unless there is no other: the
        // purge of a second comes to an end.
        let is_stopped = next.is_none() || due.len() == BATCH;
        let scanned = if is_stopped && seen > 1 { seen - 1 } else { seen };
        self.cursor = next.unwrap_or(0);
        for number in due {
            if let Some(id) = self.forget(number) {
                take_out(&id);
            }
        }
        if self.states.len() == 0 { limit } else { scanned }
    }

    /// Counts a state no more; returned is who it is if it lives.
    fn forget(&mut self, number: u64) -> Option<Id> {
        let state = self.states.leave(number)?;
        match state.own.presence {
            Presence::Live => Some(state.id),
            Presence::Over => {
                self.over_count -= 1;
                None
            }
        }
    }

    /// Whether the purge finds nothing, whenever it comes.
    fn is_idle(&self) -> bool {
        self.over_count == 0 && self.states.len() <= self.params.start
    }

    fn renewed(&self, now: Instant, conn: &Conn) -> State {
        let (renewed_s, timeout_s) = (self.uptime_s(now), conn.expiry().since(now) / 1000);
        State { renewed_s, timeout_s, presence: Presence::Live }
    }
}

impl Peer for Pf {
    fn slots(&self) -> usize {
        self.max
    }

    fn pass_time(&mut self, now: Instant, ct: &mut Tracker) {
        let uptime_s = self.uptime_s(now);
        while self.purged_s < uptime_s {
            self.skip(uptime_s);
            self.purged_s += 1;
            self.purge(self.purged_s, &mut |(tuple, zone)| {
                ct.drop_early(now, tuple, *zone);
            });
        }
    }

    fn next_event(&self) -> Option<Instant> {
        let boot = self.boot.filter(|_| !self.is_idle())?;
        let quiet_s = self.quiet_until_s.saturating_sub(self.params.interval_s as u64);
        let uptime_s = quiet_s.max(self.purged_s + 1);
        // A millisecond later, for boot may have begun within one.
        Some(Instant::from_millis(
            uptime_s.saturating_mul(1000).saturating_add(boot.as_millis() + 1),
        ))
    }

    fn admit(&mut self, now: Instant, first: &mut Unconfirmed<'_>) -> Admission {
        self.boot.get_or_insert(now);
        if let Some(over) = self.states.taken_over_by(first.conn()) {
            self.forget(over);
        }
        if self.states.len() < self.max { Admission::Take } else { Admission::Refuse("memory") }
    }

    fn entered(&mut self, now: Instant, conn: &Conn) {
        self.boot.get_or_insert(now);
        self.quiet_until_s = 0;
        self.states.enter(conn, self.renewed(now, conn));
    }

    fn known(&mut self, now: Instant, conn: &Conn) {
        let renewed = self.renewed(now, conn);
        if let Some(state) = self.states.of(conn) {
            *state = renewed;
            // It may have less to live than before.
            self.quiet_until_s = self.due_s(renewed).unwrap_or(u64::MAX).min(self.quiet_until_s);
        }
    }

    fn ended(&mut self, now: Instant, ended: &Ended) {
        let uptime_s = self.uptime_s(now);
        let Some(state) = self.states.of(&ended.conn) else { return };
        state.presence = Presence::Over;
        if ended.why != Why::TimedOut {
            (state.renewed_s, state.timeout_s) = (uptime_s, 0);
        }
        self.over_count += 1;
        self.quiet_until_s = 0;
    }

    fn rule(&self, _ended: &Ended) -> &'static str {
        "adaptive"
    }

    fn count(&self) -> Option<usize> {
        Some(self.states.len())
    }
}
