//! Time as the tracker knows it: an argument of every call, never a clock that it reads.

/// A moment, in milliseconds since an epoch of the caller's choosing.
///
/// The epoch may be the Unix one (a replay) or the last reset (a board); only differences matter.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Instant(u64);

impl Instant {
    /// The moment `millis` milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The moment `seconds` later; the end of time when there is none.
    #[must_use]
    pub const fn after(self, seconds: u32) -> Self {
        self.after_millis((seconds as u64).saturating_mul(1000))
    }

    /// The moment `millis` milliseconds later; the end of time when there is none.
    #[must_use]
    pub(crate) const fn after_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this moment, 0 when `earlier` is the later one.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// An [`Instant`] as an entry stores it: 48 bits of milliseconds, 8,900 years, in six bytes that
/// need no more than two-byte alignment.
///
/// 32 bits would wrap after 49 days and would need a rule for whoever sleeps longer than half of
/// that; two bytes an entry buy the absence of that rule.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp([u16; 3]);

impl Stamp {
    pub(crate) const ZERO: Self = Self([0; 3]);

    /// Moments past the 48th bit are stored as the last one that fits.
    #[allow(clippy::cast_possible_truncation, reason = "three words of 16 bits are cut on purpose")]
    pub(crate) const fn from_instant(at: Instant) -> Self {
        let millis = if at.0 >> 48 == 0 { at.0 } else { (1 << 48) - 1 };
        Self([millis as u16, (millis >> 16) as u16, (millis >> 32) as u16])
    }

    pub(crate) const fn instant(self) -> Instant {
        let [low, middle, high] = self.0;
        Instant(low as u64 | (middle as u64) << 16 | (high as u64) << 32)
    }
}

#[cfg(test)]
mod tests {
    use super::{Instant, Stamp};

    #[test]
    fn a_stamp_keeps_48_bits_and_saturates() {
        for millis in [0, 1, 0xffff, 0x1_0000, 1_795_355_207_534, (1 << 48) - 1] {
            let at = Instant::from_millis(millis);
            assert_eq!(Stamp::from_instant(at).instant(), at);
        }
        let last = Stamp::from_instant(Instant::from_millis(u64::MAX)).instant();
        assert_eq!(last.as_millis(), (1 << 48) - 1);
    }
}
