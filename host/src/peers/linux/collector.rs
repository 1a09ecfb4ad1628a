//! Linux's collector: when it comes by, how far it gets, and whom it takes when the table is full.
//!
//! It walks all buckets in one cycle. The next cycle begins after the mean of the times that
//! entries have left, in whole jiffies and as they are met, and so twice for each entry. What it
//! takes from the processor is not modelled: a run that has used up its 10 ms goes on at once.

use keeptrack_core::Instant;

use super::buckets::{At, Buckets};
use super::standing::{Living, Worth};
use super::timer::{self, Clock, Jiffy, ORIGIN};

/// Shortest and longest time between the beginnings of two cycles, in seconds.
const INTERVAL_S: (u64, u64) = (1, 60);
/// What an entry has left counts as no less and no more than that, in seconds.
const LEFT_S: (u64, u64) = (1, 300);
/// At the beginning of a cycle the mean is that of so many entries with the longest interval left.
const BIAS_COUNT: u64 = 100;
/// As many entries a second are taken out at the most, if each run is followed by the next one in a
/// jiffy; a run takes one more than its share.
const EVICTIONS_A_SECOND: u64 = 64_000;

/// The collector.
#[derive(Debug, Clone)]
pub(super) struct Collector {
    clock: Clock,
    hz: u64,
    /// When it runs next: the jiffy, and when that begins.
    due: (Jiffy, Instant),
    /// When the cycle began.
    began: Jiffy,
    next_bucket: usize,
    mean: Mean,
    /// Whether a newcomer has been refused since a run.
    is_pressed: bool,
}

/// The mean of what entries have left, in jiffies.
#[derive(Debug, Clone, Copy)]
struct Mean {
    jiffies: i64,
    count: i64,
}

/// What a run may do.
struct Run {
    budget: u64,
    taken_count: u64,
    /// From so many entries on it takes such as live; `None`: it does not.
    emergency_from: Option<usize>,
}

impl Collector {
    /// One that begins its first cycle at that moment.
    pub(super) fn new(hz: u64, first_run: Instant) -> Self {
        let clock = Clock::new(hz, first_run);
        let mean = Mean::biased(&clock);
        let due = (ORIGIN, first_run);
        Self { clock, hz, due, began: ORIGIN, next_bucket: 0, mean, is_pressed: false }
    }

    /// When it runs next.
    pub(super) const fn due(&self) -> Instant {
        self.due.1
    }

    /// Takes note that a newcomer has been refused.
    pub(super) const fn press(&mut self) {
        self.is_pressed = true;
    }

    /// The next run, if it is due by now; returned are the numbers of those that lived and were
    /// taken.
    pub(super) fn run(
        &mut self,
        (now, max): (Instant, usize),
        buckets: &mut Buckets,
        living: &mut dyn Living,
    ) -> Option<Vec<u64>> {
        let (at, _) = Some(self.due).filter(|(_, begins)| *begins <= now)?;
        if self.next_bucket == 0 {
            self.began = at;
            self.mean = Mean::biased(&self.clock);
        }
        // Of fewer than a hundred entries no part is 95 %: there is no emergency then.
        let emergency_from = Some(max / 100 * 95).filter(|&from| from > 0 && self.is_pressed);
        let budget = EVICTIONS_A_SECOND / self.hz + 1;
        let mut run = Run { budget, taken_count: 0, emergency_from };
        let mut killed = Vec::new();
        // Whichever way it ends.
        self.is_pressed = false;
        let is_through = self.scan(&mut run, (at, buckets), living, &mut killed);
        let delay = if is_through { self.rest(at) } else { 1 };
        let due = timer::runs_at(at, delay);
        self.due = (due, self.clock.instant(due));
        Some(killed)
    }

    /// Lets the cycles pass that begin until then, all but the last, where there are no entries and
    /// a cycle has just ended: from the second on, which begins on the grid of the timer, each
    /// follows the one before at the same distance.
    pub(super) fn rest_until(&mut self, now: Instant) {
        let (first, _) = self.due;
        let next = |began: Jiffy| {
            let empty = Self { began, mean: Mean::biased(&self.clock), ..self.clone() };
            timer::runs_at(began, empty.rest(began))
        };
        let second = next(first);
        let distance = next(second).0 - second.0;
        if let Some(ahead) = self.clock.jiffy(now).0.checked_sub(second.0) {
            let due = Jiffy(second.0 + ahead / distance * distance);
            self.due = (due, self.clock.instant(due));
        }
    }

    /// Walks the buckets that are left of the cycle, and answers whether it got through.
    fn scan(
        &mut self,
        run: &mut Run,
        (at, buckets): (Jiffy, &mut Buckets),
        living: &mut dyn Living,
        killed: &mut Vec<u64>,
    ) -> bool {
        let mut next = buckets.next_occupied(self.next_bucket);
        let mut places = Vec::new();
        while let Some(bucket) = next {
            places.clear();
            places.extend(buckets.entries_of(bucket));
            for &place in &places {
                if run.taken_count == run.budget {
                    self.next_bucket = bucket;
                    return false;
                }
                killed.extend(self.meet(place, (run, at), buckets, living));
            }
            next = buckets.next_occupied(bucket + 1);
        }
        self.next_bucket = 0;
        true
    }

    /// Takes out an entry, or counts what it has left; returned is its number if it lived and was
    /// taken.
    fn meet(
        &mut self,
        place: At,
        (run, at): (&mut Run, Jiffy),
        buckets: &mut Buckets,
        living: &mut dyn Living,
    ) -> Option<u64> {
        let entry = buckets.get(place)?;
        let (number, is_over) = (entry.number, entry.is_over);
        let id = buckets.id(place);
        let alive = Some(&id).filter(|_| !is_over).and_then(|id| living.standing(id));
        let Some(standing) = alive else {
            buckets.remove(place);
            run.taken_count += 1;
            return None;
        };
        let left = self.clock.jiffy(standing.expiry).0.saturating_sub(at.0);
        let (shortest, longest) = LEFT_S;
        self.mean.add(left.clamp(self.clock.seconds(shortest), self.clock.seconds(longest)));
        let is_emergency = run.emergency_from.is_some_and(|from| buckets.len() >= from);
        if !is_emergency || standing.worth == Worth::Open {
            return None;
        }
        living.drop_early(&id);
        buckets.remove(place);
        run.taken_count += 1;
        Some(number)
    }

    /// How many jiffies after a cycle that ends at `at` the next one is to begin.
    fn rest(&self, at: Jiffy) -> u64 {
        let (shortest, longest) = INTERVAL_S;
        let interval = self.mean.jiffies();
        let interval = interval.clamp(self.clock.seconds(shortest), self.clock.seconds(longest));
        interval.saturating_sub((at.0 - self.began.0).max(1)).max(1)
    }
}

impl Mean {
    fn biased(clock: &Clock) -> Self {
        let (_, longest) = INTERVAL_S;
        Self { jiffies: signed(clock.seconds(longest)), count: signed(BIAS_COUNT) }
    }

    /// One more entry; what is less than a jiffy is lost.
    fn add(&mut self, left: u64) {
        self.count += 1;
        self.jiffies += (signed(left) - self.jiffies) / self.count;
    }

    fn jiffies(self) -> u64 {
        u64::try_from(self.jiffies).unwrap_or(0)
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::buckets::Id;
    use super::super::hash::TupleHash;
    use super::super::standing::Standing;
    use super::*;

    /// A table that holds nothing.
    struct Nobody;

    impl Living for Nobody {
        fn standing(&self, _: &Id) -> Option<Standing> {
            None
        }

        fn drop_early(&mut self, _: &Id) {}
    }

    #[test]
    fn idle_time_passes_at_once_as_it_passes_cycle_by_cycle() {
        let mut buckets = Buckets::new(64, TupleHash::new(0)).unwrap();
        for hz in [100, 250, 300, 1000] {
            let first_run = Instant::from_millis(12_345);
            let mut each = Collector::new(hz, first_run);
            let mut jumping = each.clone();
            for hours in [0, 1, 2, 3, 7, 50, 51, 400] {
                let now = Instant::from_millis(20_000 + hours * 3_600_000 + hours * 777);
                while each.run((now, 64), &mut buckets, &mut Nobody).is_some() {}
                while jumping.run((now, 64), &mut buckets, &mut Nobody).is_some() {
                    jumping.rest_until(now);
                }
                assert_eq!((jumping.due, jumping.began), (each.due, each.began), "{hz} {hours}");
            }
        }
    }
}
