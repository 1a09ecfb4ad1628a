//! Time as the tracker knows it: an argument of every call, never a clock that it reads.

/// A moment, in 1,024th parts of milliseconds since an epoch of the caller's choosing.
///
/// The epoch may be the Unix one (a replay) or the last reset (a board); only differences matter.
/// A clock of milliseconds is fine enough to track by. The parts are for captures: they tell
/// packets of one millisecond apart, so that whole seconds are those which the capture's own times
/// give. They are binary so that a microcontroller shifts where it would have to divide.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Instant(u64);

/// As many bits of a moment as are below the millisecond.
const PART_BITS: u32 = 10;
/// Parts that are a millisecond.
const PARTS: u64 = 1 << PART_BITS;

impl Instant {
    /// The moment `millis` milliseconds after the epoch; the end of time when there is none.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(parts(millis))
    }

    /// The moment `nanos` nanoseconds after the epoch. Different microseconds are different
    /// moments.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        const MILLI: u64 = 1_000_000;
        let part = parts(nanos % MILLI) / MILLI;
        Self(parts(nanos / MILLI).saturating_add(part))
    }

    /// Milliseconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 >> PART_BITS
    }

    /// Milliseconds since the epoch, rounded up.
    pub(crate) const fn as_millis_up(self) -> u64 {
        self.0.div_ceil(PARTS)
    }

    /// The moment `seconds` later; the end of time when there is none.
    #[must_use]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub const fn after(self, seconds: u32) -> Self {
        Self(self.0.saturating_add(millis(seconds) << PART_BITS))
    }

    /// The first moment that is more than `seconds` later; the end of time when there is none.
    pub(crate) const fn past(self, seconds: u32) -> Self {
        Self(self.after(seconds).0.saturating_add(1))
    }

    /// Milliseconds from `earlier` to this moment, rounded down; 0 when `earlier` is the later one.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0) >> PART_BITS
    }
}

/// The milliseconds of so many seconds: by halves, which processors multiply that have 32 bits.
pub(crate) const fn millis(seconds: u32) -> u64 {
    let (high, low) = (seconds >> 16, seconds & 0xffff);
    ((high.wrapping_mul(1000) as u64) << 16).wrapping_add(low.wrapping_mul(1000) as u64)
}

/// All the parts of so many milliseconds, as far as they can be counted.
const fn parts(millis: u64) -> u64 {
    millis.saturating_mul(PARTS)
}

/// An [`Instant`] as an entry stores it: 56 bits, 2,200 years, in seven bytes that need no
/// alignment.
///
/// 32 bits of milliseconds would wrap after 49 days and would need a rule for whoever sleeps longer
/// than half of that; three bytes an entry buy the absence of that rule.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp([u8; 7]);

impl Stamp {
    pub(crate) const ZERO: Self = Self([0; 7]);

    /// Moments past the 56th bit are stored as the last one that fits.
    pub(crate) const fn from_instant(at: Instant) -> Self {
        let fitting = if at.0 >> 56 == 0 { at.0 } else { (1 << 56) - 1 };
        let [a, b, c, d, e, f, g, _] = fitting.to_le_bytes();
        Self([a, b, c, d, e, f, g])
    }

    /// Its bits, the lowest first.
    pub(crate) const fn parts(self) -> (u32, u16, u8) {
        let [a, b, c, d, e, f, g] = self.0;
        (u32::from_le_bytes([a, b, c, d]), u16::from_le_bytes([e, f]), g)
    }

    pub(crate) const fn of_parts(low: u32, middle: u16, high: u8) -> Self {
        let ([a, b, c, d], [e, f]) = (low.to_le_bytes(), middle.to_le_bytes());
        Self([a, b, c, d, e, f, high])
    }

    pub(crate) const fn instant(self) -> Instant {
        let [a, b, c, d, e, f, g] = self.0;
        Instant(u64::from_le_bytes([a, b, c, d, e, f, g, 0]))
    }
}

#[cfg(test)]
mod tests {
    use super::{Instant, Stamp};

    #[test]
    fn a_stamp_keeps_56_bits_and_saturates() {
        for parts in [0, 1, 0xffff, 0x1_0000, 1_795_355_207_534 << 10 | 1023, (1 << 56) - 1] {
            assert_eq!(Stamp::from_instant(Instant(parts)).instant(), Instant(parts));
        }
        let last = Stamp::from_instant(Instant::from_millis(u64::MAX)).instant();
        assert_eq!(last.0, (1 << 56) - 1);
    }

    #[test]
    fn microseconds_are_told_apart() {
        let second = 1_795_355_207_000_000_000;
        let micros = (0..2000).map(|micro| Instant::from_nanos(second + 1000 * micro));
        assert!(micros.is_sorted_by(|one, next| one < next));
        let [early, late] = [7_000, 8_000].map(|nanos| Instant::from_nanos(second + nanos));
        assert_eq!(late.as_millis(), second / 1_000_000);
        assert_eq!((late.after(30).since(early), early.after(30).since(late)), (30_000, 29_999));
        assert!(early.after(2) < early.past(2) && early.past(2) <= late.after(2));
    }
}
