//! Linux's clock: jiffies, and timers that come late.
//!
//! A timer runs on a grid that is the coarser the further ahead it lies, never early and up to an
//! eighth of its delay late: 60 s become 60 s to 65.12 s at 100 jiffies a second. The traces of the
//! tests show it: the collector's runs lie on a grid of 5.12 s.

use keeptrack_core::Instant;

/// A moment in jiffies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Jiffy(pub(super) u64);

/// Jiffies, counted so that a moment of one's choice lies on every grid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    hz: u64,
    /// The moment that is [`ORIGIN`].
    origin: Instant,
}

/// A jiffy that is on every grid.
pub(super) const ORIGIN: Jiffy = Jiffy(1 << 40);

/// Delays from which on the grid is eight times as coarse: 63 jiffies, and eight times more each.
const FIRST_COARSE: u64 = 63;

impl Clock {
    /// A clock of so many jiffies a second, that shows [`ORIGIN`] at that moment.
    pub(super) const fn new(hz: u64, origin: Instant) -> Self {
        Self { hz, origin }
    }

    /// The jiffy that has begun; before the origin none has.
    pub(super) fn jiffy(&self, now: Instant) -> Jiffy {
        match now.as_millis().checked_sub(self.origin.as_millis()) {
            Some(after_ms) => {
                let after = u128::from(after_ms) * u128::from(self.hz) / 1000;
                Jiffy(ORIGIN.0.saturating_add(narrow(after)))
            }
            None => Jiffy(0),
        }
    }

    /// When a jiffy begins that is not before the origin, in whole milliseconds rounded up.
    pub(super) fn instant(&self, jiffy: Jiffy) -> Instant {
        let after = u128::from(jiffy.0.saturating_sub(ORIGIN.0));
        let after_ms = narrow((after * 1000).div_ceil(u128::from(self.hz)));
        Instant::from_millis(self.origin.as_millis().saturating_add(after_ms))
    }

    /// So many seconds.
    pub(super) const fn seconds(&self, seconds: u64) -> u64 {
        seconds * self.hz
    }
}

/// When a timer runs that is set at `now` to run so many jiffies later.
pub(super) fn runs_at(now: Jiffy, delay: u64) -> Jiffy {
    let mut grid = 1;
    while delay >= FIRST_COARSE * grid {
        grid *= 8;
    }
    Jiffy(((now.0 + delay) / grid + 1) * grid)
}

fn narrow(wide: u128) -> u64 {
    u64::try_from(wide).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_are_late_by_an_eighth_at_the_most() {
        for delay in [1, 62, 63, 400, 504, 6_000, 15_000, 60_000] {
            for now in (0..50).map(|step| Jiffy(ORIGIN.0 + step * 331)) {
                let late = runs_at(now, delay).0 - now.0 - delay;
                assert!((1..=1 + delay / 7).contains(&late), "{delay}: {late}");
            }
        }
        // 51.2 s after a run that was on the grid itself.
        let next = runs_at(ORIGIN, 5_000).0 - ORIGIN.0;
        assert_eq!(next, 5_120);
    }

    #[test]
    fn a_jiffy_begins_when_it_says() {
        for hz in [100, 250, 300, 1000] {
            let clock = Clock::new(hz, Instant::from_millis(100_000));
            assert!(clock.jiffy(Instant::from_millis(99_999)) < ORIGIN);
            for offset in [0, 1, 7, 61_003] {
                let jiffy = Jiffy(ORIGIN.0 + offset);
                assert_eq!(clock.jiffy(clock.instant(jiffy)), jiffy, "{hz} {offset}");
            }
        }
    }
}
