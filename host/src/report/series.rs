//! How many entries there were, and when packets were dropped, in memory that does not grow.

use keeptrack_core::Instant;

/// Buckets of time at the most; never less than half of them once time has passed.
const MAX_BUCKETS: usize = 1024;

/// Equal lengths of time from the first moment on. When they are too many, each two become one.
#[derive(Debug, Default)]
pub(super) struct Series {
    start: Option<Instant>,
    /// A bucket lasts two to the power of this many milliseconds.
    shift: u32,
    buckets: Vec<Bucket>,
    /// The entries at the latest moment.
    latest: u64,
}

/// What happened in a length of time.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bucket {
    /// The most entries at once: a peak stays visible however long the time is.
    pub(super) entries: u64,
    /// Packets dropped for want of an entry.
    pub(super) dropped: u64,
}

impl Series {
    /// From this moment on there are as many entries.
    pub(super) fn hold(&mut self, now: Instant, entries: u64) {
        let bucket = self.reach(now);
        bucket.entries = bucket.entries.max(entries);
        self.latest = entries;
    }

    /// A packet was dropped.
    pub(super) fn drop(&mut self, now: Instant) {
        self.reach(now).dropped += 1;
    }

    /// The first moment.
    pub(super) fn start(&self) -> Option<Instant> {
        self.start
    }

    /// Milliseconds from the first moment to the end of the last bucket.
    pub(super) fn span_ms(&self) -> u64 {
        (self.buckets.len() as u64) << self.shift
    }

    /// The whole time in so many equal parts.
    pub(super) fn parts(&self, count: usize) -> Vec<Bucket> {
        let edge = |part: usize| part * self.buckets.len() / count;
        let part = |at: usize| {
            let until = edge(at + 1).max(edge(at) + 1).min(self.buckets.len());
            merged(self.buckets.get(edge(at)..until).unwrap_or_default())
        };
        (0..count).map(part).collect()
    }

    /// The bucket of a moment.
    fn reach(&mut self, now: Instant) -> &mut Bucket {
        let past_ms = now.since(*self.start.get_or_insert(now));
        while past_ms >> self.shift >= MAX_BUCKETS as u64 {
            self.buckets = self.buckets.chunks(2).map(merged).collect();
            self.shift += 1;
        }
        let at = usize::try_from(past_ms >> self.shift).unwrap_or(MAX_BUCKETS - 1);
        if self.buckets.len() <= at {
            // Nothing happened meanwhile.
            self.buckets.resize(at + 1, Bucket { entries: self.latest, dropped: 0 });
        }
        &mut self.buckets[at]
    }
}

fn merged(buckets: &[Bucket]) -> Bucket {
    Bucket {
        entries: buckets.iter().map(|bucket| bucket.entries).max().unwrap_or(0),
        dropped: buckets.iter().map(|bucket| bucket.dropped).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Bucket, Instant, MAX_BUCKETS, Series};

    #[test]
    fn a_peak_and_a_drop_stay_however_long_it_lasts() {
        let mut series = Series::default();
        let at = |millis: u64| Instant::from_millis(1_000_000 + millis);
        series.hold(at(0), 1);
        series.hold(at(7), 9);
        series.drop(at(7));
        series.hold(at(8), 2);
        for hours in 1..10_000 {
            series.hold(at(hours * 3_600_000), 3);
            assert!(series.buckets.len() <= MAX_BUCKETS);
        }
        assert!(series.buckets.len() > MAX_BUCKETS / 2);
        let parts = series.parts(60);
        assert_eq!(parts[0], Bucket { entries: 9, dropped: 1 });
        assert!(parts[1..].iter().all(|part| *part == Bucket { entries: 3, dropped: 0 }));
    }

    #[test]
    fn entries_stay_as_they_are_until_something_happens() {
        let mut series = Series::default();
        series.hold(Instant::from_millis(0), 5);
        series.hold(Instant::from_millis(9), 1);
        let entries: Vec<_> = series.parts(10).iter().map(|part| part.entries).collect();
        assert_eq!((series.span_ms(), entries), (10, vec![5; 10]));
    }
}
