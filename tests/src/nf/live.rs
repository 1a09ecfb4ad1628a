//! The entries that the kernel holds, and when each runs out by the captures' time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use keeptrack_core::{Tuple, Zone};

use super::entry::Entry;

/// An entry.
#[derive(Debug, Clone)]
pub(super) struct Live {
    /// What the kernel calls it. Two entries may be called the same.
    pub(super) id: u32,
    /// Its original tuple.
    pub(super) tuple: Tuple,
    pub(super) zone: Zone,
    /// When it began.
    pub(super) born_ns: u64,
    /// When it runs out; nobody has asked for its timeout yet if it does not.
    pub(super) dead_ns: Option<u64>,
    /// Its status as it should be by the captures' time, in the kernel's numbering.
    pub(super) status: u32,
    /// The moment of its place in the queue.
    queued_ns: Option<u64>,
}

/// The number of an entry, in the order in which they began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Number(u64);

/// All entries.
#[derive(Debug)]
pub(super) struct Entries {
    /// No two have one tuple in one zone.
    numbers: HashMap<(Tuple, Zone), Number>,
    entries: HashMap<Number, Live>,
    next: Number,
    /// The zones that there were entries in, and the default one.
    zones: Vec<Zone>,
    /// Of each entry the earliest moment at which it may run out, at least.
    queue: BinaryHeap<Reverse<(u64, Number)>>,
}

impl Default for Entries {
    fn default() -> Self {
        Self {
            numbers: HashMap::new(),
            entries: HashMap::new(),
            next: Number(0),
            zones: vec![Zone::DEFAULT],
            queue: BinaryHeap::new(),
        }
    }
}

impl Entries {
    /// Puts in an entry that the kernel has made.
    pub(super) fn insert(&mut self, entry: &Entry, now_ns: u64) {
        let &Entry { id, tuple, zone, .. } = entry;
        if !self.zones.contains(&zone) {
            self.zones.push(zone);
        }
        let (born_ns, dead_ns, status, queued_ns) = (now_ns, None, 0, None);
        let live = Live { id, tuple, zone, born_ns, dead_ns, status, queued_ns };
        self.numbers.insert((tuple, zone), self.next);
        self.entries.insert(self.next, live);
        self.next.0 += 1;
    }

    /// Takes out an entry that the kernel has no more.
    pub(super) fn remove(&mut self, entry: &Entry) {
        if let Some(number) = self.number(entry) {
            self.numbers.remove(&(entry.tuple, entry.zone));
            self.entries.remove(&number);
        }
    }

    /// The number of an entry that the kernel tells of.
    pub(super) fn number(&self, entry: &Entry) -> Option<Number> {
        let number = self.numbers.get(&(entry.tuple, entry.zone))?;
        self.of(*number).filter(|live| live.id == entry.id).map(|_| *number)
    }

    /// The entry of that number.
    pub(super) fn of(&self, number: Number) -> Option<&Live> {
        self.entries.get(&number)
    }

    /// Says when an entry runs out, and of what status it is.
    pub(super) fn renew(&mut self, number: Number, dead_ns: u64, status: u32) {
        let Some(live) = self.entries.get_mut(&number) else { return };
        live.dead_ns = Some(dead_ns);
        live.status = status;
        // One that lives longer than it is queued for is queued anew when that moment comes.
        if live.queued_ns.is_none_or(|queued_ns| dead_ns < queued_ns) {
            live.queued_ns = Some(dead_ns);
            self.queue.push(Reverse((dead_ns, number)));
        }
    }

    /// The next entry that has run out by now. It stays until it is removed.
    pub(super) fn next_due(&mut self, now_ns: u64) -> Option<&Live> {
        loop {
            let &Reverse((queued_ns, number)) = self.queue.peek()?;
            if queued_ns > now_ns {
                return None;
            }
            self.queue.pop();
            let Some(live) = self.entries.get_mut(&number) else { continue };
            if live.queued_ns != Some(queued_ns) {
                continue;
            }
            live.queued_ns = live.dead_ns.filter(|dead_ns| *dead_ns > now_ns);
            match live.queued_ns {
                Some(dead_ns) => self.queue.push(Reverse((dead_ns, number))),
                None => return self.entries.get(&number),
            }
        }
    }

    /// All of them, in no order that means anything.
    pub(super) fn all(&self) -> impl Iterator<Item = &Live> {
        self.entries.values()
    }

    /// The zones that there were entries in, and the default one.
    pub(super) fn zones(&self) -> impl Iterator<Item = Zone> {
        self.zones.iter().copied()
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use keeptrack_core::{Ends, Protocol, Tuple, Zone};

    use super::super::entry::Entry;
    use super::{Entries, Number};

    fn entry(protocol: u8, id: u32) -> Entry {
        let address = "192.0.2.1".parse().unwrap();
        let (protocol, ends) = (Protocol(protocol), Ends::None);
        let tuple = Tuple { source: address, destination: address, protocol, ends };
        Entry { id, tuple, zone: Zone::DEFAULT, status: 0, state: None, left_s: 0 }
    }

    /// Entries of protocols 1 to 3, all of one identifier.
    fn entries() -> (Entries, [Number; 3]) {
        let mut entries = Entries::default();
        let numbers = [1, 2, 3].map(|protocol| {
            entries.insert(&entry(protocol, 7), 0);
            entries.number(&entry(protocol, 7)).unwrap()
        });
        (entries, numbers)
    }

    fn due(entries: &mut Entries, now_ns: u64) -> Option<u8> {
        entries.next_due(now_ns).map(|live| live.tuple.protocol.0)
    }

    #[test]
    fn an_entry_is_due_when_it_runs_out_and_once() {
        let (mut entries, [one, two, three]) = entries();
        entries.renew(one, 30, 0);
        entries.renew(two, 20, 0);
        entries.renew(three, 10, 0);
        entries.renew(three, 40, 0);
        entries.renew(one, 5, 0);
        assert_eq!(due(&mut entries, 4), None);
        assert_eq!(due(&mut entries, 20), Some(1));
        assert_eq!(due(&mut entries, 20), Some(2));
        assert_eq!(due(&mut entries, 39), None);
        assert_eq!(due(&mut entries, 40), Some(3));
        assert_eq!(due(&mut entries, 99), None);
    }

    #[test]
    fn what_was_removed_is_never_due() {
        let (mut entries, [one, two, _]) = entries();
        entries.renew(one, 10, 0);
        entries.renew(two, 10, 0);
        entries.remove(&entry(1, 7));
        // Of that tuple, and another one: it is told of too late.
        entries.remove(&entry(2, 8));
        assert_eq!(due(&mut entries, 10), Some(2));
        assert_eq!(due(&mut entries, 10), None);
    }
}
