//! Who holds how many entries: now, at the peak, at the first drop, and for how long in all.

use std::collections::HashMap;
use std::hash::Hash;

use keeptrack_core::Instant;

/// What each kind of connection holds.
///
/// A peak costs nothing when it is reached, however often that is: it only gets a number, and a
/// kind writes down what it had at the peak when it changes for the first time after. The first
/// drop comes once, and all kinds are written down.
#[derive(Debug)]
pub(super) struct Holds<K> {
    kinds: HashMap<K, Hold>,
    peak: u32,
    has_dropped: bool,
}

/// What connections of one kind hold. No table has 2^32 entries.
#[derive(Debug, Clone, Copy, Default)]
struct Hold {
    now: u32,
    /// `now` as it was when the peak numbered `peak` was reached, if it changed since.
    at_peak: u32,
    peak: u32,
    at_first_drop: u32,
    /// The milliseconds at which connections left, less those at which they came: what those that
    /// are still there have held is missing. It wraps, and what it comes to does not.
    left_less_came: u64,
    /// Since when it is known; 0: from the start.
    since_ms: u64,
}

/// What connections of one kind held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held<K> {
    pub(super) kind: K,
    pub(super) at_peak: u64,
    /// 0 if nothing was dropped.
    pub(super) at_first_drop: u64,
    /// The time that each entry was held, in milliseconds, of all of them.
    pub(super) entry_ms: u64,
}

impl<K: Copy + Eq + Hash> Holds<K> {
    /// One comes.
    pub(super) fn enter(&mut self, kind: K, now: Instant) {
        self.kinds.entry(kind).or_insert(Hold { since_ms: now.as_millis(), ..Hold::default() });
        let hold = self.change(kind);
        hold.now += 1;
        hold.left_less_came = hold.left_less_came.wrapping_sub(now.as_millis());
    }

    /// One was there before the first packet.
    pub(super) fn seed(&mut self, kind: K) {
        self.change(kind).now += 1;
    }

    /// That is when the first packet came.
    pub(super) fn begin(&mut self, now: Instant) {
        for hold in self.kinds.values_mut() {
            hold.left_less_came =
                0_u64.wrapping_sub(u64::from(hold.now).wrapping_mul(now.as_millis()));
        }
    }

    /// One goes.
    pub(super) fn leave(&mut self, kind: K, now: Instant) {
        let hold = self.change(kind);
        if hold.now > 0 {
            hold.now -= 1;
            hold.left_less_came = hold.left_less_came.wrapping_add(now.as_millis());
        }
    }

    /// As many connections as never before are in the table now.
    pub(super) const fn peaked(&mut self) {
        self.peak += 1;
    }

    /// A packet was dropped.
    pub(super) fn dropped(&mut self) {
        if !self.has_dropped {
            self.has_dropped = true;
            self.kinds.values_mut().for_each(|hold| hold.at_first_drop = hold.now);
        }
    }

    /// What each kind held until `now`, in no order.
    pub(super) fn held(&self, now: Instant) -> impl Iterator<Item = Held<K>> {
        self.kinds.iter().map(move |(&kind, hold)| Held {
            kind,
            at_peak: hold.at(self.peak).into(),
            at_first_drop: hold.at_first_drop.into(),
            entry_ms: hold.entry_ms(now),
        })
    }

    /// How many kinds are known.
    pub(super) fn len(&self) -> usize {
        self.kinds.len()
    }

    /// The same of one that came then: it does not count if its kind was forgotten since.
    pub(super) fn leave_if_known(&mut self, kind: K, came: Instant, now: Instant) {
        if self.kinds.get(&kind).is_some_and(|hold| hold.since_ms <= came.as_millis()) {
            self.leave(kind, now);
        }
    }

    /// Forgets all kinds but the `keep` that have held most until `now`, and of these those that
    /// held no more than one of the others.
    pub(super) fn forget(&mut self, keep: usize, now: Instant) {
        let mut held: Vec<_> = self.kinds.values().map(|hold| hold.entry_ms(now)).collect();
        if let Some(cut) = held.len().checked_sub(keep + 1) {
            let (_, &mut most, _) = held.select_nth_unstable(cut);
            self.kinds.retain(|_, hold| hold.entry_ms(now) > most);
        }
    }

    fn change(&mut self, kind: K) -> &mut Hold {
        let hold = self.kinds.entry(kind).or_default();
        if hold.peak != self.peak {
            hold.peak = self.peak;
            hold.at_peak = hold.now;
        }
        hold
    }
}

impl<K> Default for Holds<K> {
    fn default() -> Self {
        Self { kinds: HashMap::new(), peak: 0, has_dropped: false }
    }
}

impl<K> Held<K> {
    /// The most that they held at one of the two moments.
    pub(super) fn most(&self) -> u64 {
        self.at_peak.max(self.at_first_drop)
    }
}

impl Hold {
    const fn at(&self, peak: u32) -> u32 {
        if self.peak == peak { self.at_peak } else { self.now }
    }

    fn entry_ms(&self, now: Instant) -> u64 {
        u64::from(self.now).wrapping_mul(now.as_millis()).wrapping_add(self.left_less_came)
    }
}

#[cfg(test)]
mod tests {
    use super::{Holds, Instant};

    const fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn entries_are_held_from_when_they_came_to_when_they_left() {
        let mut holds = Holds::default();
        holds.seed('a');
        holds.begin(at(1_000));
        holds.enter('a', at(2_000));
        holds.enter('b', at(2_500));
        // Who runs out between two packets is not told of in the order of time.
        holds.leave('b', at(7_000));
        holds.leave('a', at(6_000));
        let mut held: Vec<_> =
            holds.held(at(10_000)).map(|held| (held.kind, held.entry_ms)).collect();
        held.sort_unstable();
        assert_eq!(held, [('a', 5_000 + 8_000), ('b', 4_500)]);
    }

    #[test]
    fn who_held_least_is_forgotten_with_all_that_it_still_holds() {
        let mut holds = Holds::default();
        for kind in 0..10 {
            holds.enter(kind, at(100 * kind));
        }
        holds.forget(3, at(1_000));
        let mut held: Vec<_> =
            holds.held(at(2_000)).map(|held| (held.kind, held.entry_ms)).collect();
        held.sort_unstable();
        assert_eq!(held, [(0, 2_000), (1, 1_900), (2, 1_800)]);
        holds.enter(9, at(1_100));
        for came in [900, 1_100] {
            holds.leave_if_known(9, at(came), at(1_200));
        }
        let of_nine = holds.held(at(2_000)).find(|held| held.kind == 9);
        assert_eq!(of_nine.map(|held| held.entry_ms), Some(100));
    }
}
