//! Open vSwitch's tracker in userspace: at its limit nobody leaves, and the newcomer passes without
//! an entry.
//!
//! What has run out counts until the sweep has come by it: 100 lists, to which entries are dealt in
//! turn; all of them in one go every 20 s, with a pause of 200 ms whenever a 64th of the limit has
//! been looked at. A connection whose tuple is taken over counts until then, too. What becomes of a
//! packet without an entry is up to the flows of the switch: here it passes.

use std::collections::{HashMap, VecDeque};

use keeptrack_core::{Conn, Ended, Instant, Unconfirmed, Why, Zone};

use super::{Admission, Checked, Keys, Known, Peer};
use crate::replay::Tracker;

pub(super) const PEER: Known = Known {
    name: "ovs",
    does: "nobody leaves; the newcomer passes without an entry",
    keys: &[
        ("zone", "the entries that each zone may have; without it, no limit but that of the table"),
        ("sweep", "seconds from one sweep to the next; 20 by itself"),
    ],
    checked: Checked::Source("openvswitch d6a632a9, lib/conntrack.c"),
    build: |keys: &Keys, max| {
        let zone = keys.value("zone").map(|_| keys.entries("zone", max, 100)).transpose()?;
        let sweep_s = keys.number_in("sweep", 20, 1..=MAX_SWEEP_S)?;
        let sweep_s = u32::try_from(sweep_s).unwrap_or(u32::MAX);
        Ok(Box::new(Ovs::new(max, Params { zone, sweep_s })))
    },
};

/// Seconds between two sweeps, at the most: as long as 32 bits of milliseconds.
const MAX_SWEEP_S: usize = 4_294_967;
/// How many lists there are.
const LISTS: usize = 100;
/// How much of the limit is looked at without a pause: one part of so many.
const PARTS: usize = 64;
/// The pause in milliseconds.
const PAUSE_MS: u64 = 200;

/// What can be set of Open vSwitch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Params {
    /// The entries that each zone may have.
    pub(super) zone: Option<usize>,
    /// Seconds between two sweeps.
    pub(super) sweep_s: u32,
}

/// Open vSwitch's limits, and its sweep.
#[derive(Debug, Clone)]
pub(super) struct Ovs {
    max: usize,
    params: Params,
    /// Which list a connection is in.
    lists_of: HashMap<u64, usize>,
    lists: Vec<List>,
    next_list: usize,
    count: usize,
    in_zones: HashMap<Zone, usize>,
    /// When the sweep goes on, and at which list.
    sweep: Option<(Instant, usize)>,
}

/// One of the lists that are swept.
#[derive(Debug, Default, Clone)]
struct List {
    /// The entries in it, those that have run out included.
    len: usize,
    /// Those that have run out, by when; of which zone.
    over: VecDeque<(Instant, Zone)>,
}

impl Ovs {
    pub(super) fn new(max: usize, params: Params) -> Self {
        Self {
            max,
            params,
            lists_of: HashMap::new(),
            lists: vec![List::default(); LISTS],
            next_list: 0,
            count: 0,
            in_zones: HashMap::new(),
            sweep: None,
        }
    }

    /// One turn of the sweep: lists until there is a pause.
    fn sweep(&mut self, now: Instant, first_list: usize) {
        let mut seen = 0;
        for list in first_list..LISTS {
            if seen > self.max / PARTS {
                let pause = Instant::from_millis(now.as_millis() + PAUSE_MS);
                self.sweep = Some((pause, list));
                return;
            }
            seen += self.lists[list].len;
            self.sweep_list(now, list);
        }
        self.sweep = Some((now.after(self.params.sweep_s), 0));
    }

    fn sweep_list(&mut self, now: Instant, list: usize) {
        let List { len, over } = &mut self.lists[list];
        while let Some(&(_, zone)) = over.front().filter(|(since, _)| *since <= now) {
            over.pop_front();
            *len -= 1;
            self.count -= 1;
            if let Some(count) = self.in_zones.get_mut(&zone) {
                *count -= 1;
            }
        }
    }

    fn is_swept_clean(&self) -> bool {
        self.count == self.lists_of.len()
    }

    /// Milliseconds from one sweep to the next, as long as nothing comes or goes.
    fn cycle_ms(&self) -> u64 {
        let mut seen = 0;
        let mut cycle_ms = u64::from(self.params.sweep_s) * 1000;
        for list in &self.lists {
            if seen > self.max / PARTS {
                (seen, cycle_ms) = (0, cycle_ms + PAUSE_MS);
            }
            seen += list.len;
        }
        cycle_ms
    }

    /// The moment of the last sweep that begins by `until`, when those before come to nothing.
    fn skip(&self, at: Instant, until: Instant) -> Instant {
        let cycle_ms = self.cycle_ms();
        Instant::from_millis(at.as_millis() + until.since(at) / cycle_ms * cycle_ms)
    }
}

impl Peer for Ovs {
    fn slots(&self) -> usize {
        self.max
    }

    fn pass_time(&mut self, now: Instant, _ct: &mut Tracker) {
        while let Some((at, list)) = self.sweep.filter(|(at, _)| *at <= now) {
            let quiet =
                self.lists.iter().filter_map(|list| list.over.front()).map(|(since, _)| *since);
            let until = quiet.fold(now, Instant::min);
            self.sweep(if list == 0 { self.skip(at, until) } else { at }, list);
        }
    }

    fn next_event(&self) -> Option<Instant> {
        let (at, _) = self.sweep?;
        (!self.is_swept_clean()).then_some(at)
    }

    fn admit(&mut self, now: Instant, first: &mut Unconfirmed<'_>) -> Admission {
        // Its thread has run for as long as it is watched.
        self.sweep.get_or_insert((now.after(self.params.sweep_s), 0));
        let in_zone = self.in_zones.get(&first.conn().zone()).copied().unwrap_or_default();
        if self.params.zone.is_some_and(|limit| in_zone >= limit) {
            return Admission::Bypass("zone full");
        }
        if self.count >= self.max { Admission::Bypass("full") } else { Admission::Take }
    }

    fn entered(&mut self, _now: Instant, conn: &Conn) {
        self.lists_of.insert(conn.number(), self.next_list);
        self.lists[self.next_list].len += 1;
        self.next_list = (self.next_list + 1) % LISTS;
        self.count += 1;
        *self.in_zones.entry(conn.zone()).or_default() += 1;
    }

    fn ended(&mut self, now: Instant, ended: &Ended) {
        let Some(list) = self.lists_of.remove(&ended.conn.number()) else { return };
        let over = match ended.why {
            Why::TimedOut => ended.conn.expiry().min(now),
            _ => now,
        };
        self.lists[list].over.push_back((over, ended.conn.zone()));
    }

    fn rule(&self, _ended: &Ended) -> &'static str {
        "none"
    }

    fn count(&self) -> Option<usize> {
        Some(self.count)
    }
}
