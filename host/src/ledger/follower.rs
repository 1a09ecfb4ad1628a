//! Follows hurt connections through the capture, until they are over.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use keeptrack_core::{Direction, Tuple, Zone};

use super::followed::{Followed, Name, Place};
use super::sample::{Sample, Seat};
use super::totals::{Aftermath, Class, Totals};

/// Of how many connections that are followed from the first on there is a seat in the sample of the
/// rest.
const SEATS: usize = 10;

/// Hurt connections, by name. Costs nothing while there are none.
#[derive(Debug)]
pub(super) struct Follower {
    conns: HashMap<Name, Followed>,
    /// The zones in which a connection was hurt: an INVALID packet does not tell its own.
    zones: Vec<Zone>,
    /// When to look whether one is over: one alarm at a time for each that is outside.
    alarms: BinaryHeap<Reverse<Alarm>>,
    /// How many more are followed whoever they are.
    places: usize,
    sample: Sample,
}

/// When to look after a connection; the earlier one first, then the one that was hurt first.
#[derive(Debug)]
struct Alarm {
    at_ns: u64,
    id: u64,
    name: Name,
}

/// Why it is known what became of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It was silent for as long as it would have lived.
    Silent,
    /// It got an entry, and that left the table as entries do.
    Left,
    /// It had finished before it was hurt, and another connection began under its name.
    Reopened,
    /// The capture ended.
    Capture,
    /// Another one has its seat in the sample.
    SampledOut,
}

impl End {
    /// In one word.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Left => "left",
            Self::Reopened => "reopened",
            Self::Capture => "capture",
            Self::SampledOut => "sampled_out",
        }
    }
}

/// A connection that is followed no more, and why.
pub(super) type Settled = (Followed, End);

impl Follower {
    /// Follows the first `max`, and of the rest a sample.
    pub(super) fn new(max: usize) -> Self {
        Self {
            conns: HashMap::new(),
            zones: Vec::new(),
            alarms: BinaryHeap::new(),
            places: max,
            sample: Sample::new(max.div_ceil(SEATS)),
        }
    }

    /// Whether there is nobody to follow.
    pub(super) fn is_idle(&self) -> bool {
        self.conns.is_empty()
    }

    /// The connection that a packet with this tuple is of, and the packet's direction; in any zone
    /// if the packet does not tell one.
    pub(super) fn find(&mut self, tuple: &Tuple, zone: Option<Zone>) -> Option<(Name, Direction)> {
        if self.conns.is_empty() {
            return None;
        }
        let zones = zone.as_ref().map_or(&*self.zones, std::slice::from_ref);
        let named = |(tuple, dir): (Tuple, Direction)| {
            let mut names = zones.iter().map(move |&zone| (tuple, zone));
            names.find(|name| self.conns.contains_key(name)).map(|name| (name, dir))
        };
        let tuples = [(*tuple, Direction::Original), (tuple.invert(), Direction::Reply)];
        tuples.into_iter().find_map(named)
    }

    /// The connection of that name.
    pub(super) fn conn(&mut self, name: &Name) -> Option<&mut Followed> {
        self.conns.get_mut(name)
    }

    /// Follows one more, or does not; tells who is followed no more for it.
    pub(super) fn follow(&mut self, name: Name, mut conn: Followed) -> Option<Settled> {
        let mut gone = None;
        if self.places > 0 {
            self.places -= 1;
        } else {
            let (seat, displaced) = self.sample.offer(name)?;
            conn.seat = Some(seat);
            if let Some(Seat::Followed(name)) = displaced {
                gone = self.conns.remove(&name).map(|conn| (conn, End::SampledOut));
            }
        }
        if !self.zones.contains(&name.1) {
            self.zones.push(name.1);
        }
        self.conns.insert(name, conn);
        self.watch(name);
        gone
    }

    /// Sets the alarm of a connection that is outside, if it has none.
    pub(super) fn watch(&mut self, name: Name) {
        if let Some(conn) = self.conns.get_mut(&name).filter(|conn| !conn.is_watched) {
            conn.is_watched = true;
            self.alarms.push(Reverse(Alarm { at_ns: conn.deadline_ns(), id: conn.id, name }));
        }
    }

    /// One that is over by now, if there is one.
    pub(super) fn next_over(&mut self, now_ns: u64) -> Option<Followed> {
        while self.alarms.peek().is_some_and(|Reverse(alarm)| alarm.at_ns <= now_ns) {
            let Reverse(alarm) = self.alarms.pop()?;
            let known = self.conns.get_mut(&alarm.name).filter(|conn| conn.id == alarm.id);
            let Some(conn) = known else { continue };
            conn.is_watched = false;
            if conn.place == Place::Inside {
                continue;
            }
            if conn.deadline_ns() <= now_ns {
                return self.conns.remove(&alarm.name);
            }
            self.watch(alarm.name);
        }
        None
    }

    /// Follows this one no more.
    pub(super) fn forget(&mut self, name: &Name) -> Option<Followed> {
        self.conns.remove(name)
    }

    /// Follows nobody any more: who was left, the one that was hurt first in front.
    pub(super) fn forget_all(&mut self) -> Vec<Followed> {
        self.alarms.clear();
        let mut left: Vec<_> = self.conns.drain().map(|(_, conn)| conn).collect();
        left.sort_unstable_by_key(|conn| conn.id);
        left
    }

    /// Adds what became of one to the numbers, or keeps it in its seat.
    pub(super) fn count(&mut self, (conn, end): &Settled, totals: &mut Totals) {
        let (class, aftermath) = (conn.class, conn.aftermath());
        match conn.seat {
            None => totals.row(class).followed += aftermath,
            Some(seat) if *end != End::SampledOut => self.sample.settle(seat, class, aftermath),
            Some(_) => {}
        }
    }

    /// What became of those in the sample.
    pub(super) fn sampled(&self) -> impl Iterator<Item = (Class, Aftermath)> {
        self.sample.settled()
    }
}

impl Ord for Alarm {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at_ns, self.id).cmp(&(other.at_ns, other.id))
    }
}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.at_ns == other.at_ns
    }
}

impl Eq for Alarm {}
