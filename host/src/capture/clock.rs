//! The time units of a pcapng interface: `if_tsresol` and `if_tsoffset` to nanoseconds.

const NANOS: u128 = 1_000_000_000;

/// How an interface of a pcapng file counts time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    units_per_second: u128,
    offset_s: i64,
}

impl Clock {
    /// From the two options as they stand in the file: the highest bit of `resolution` tells powers
    /// of two from powers of ten; the offset is in seconds.
    pub(super) fn new(resolution: u8, offset_s: i64) -> Self {
        let power = u32::from(resolution & 0x7f);
        let base: u128 = if resolution & 0x80 == 0 { 10 } else { 2 };
        Self { units_per_second: base.saturating_pow(power), offset_s }
    }

    /// Nanoseconds since the Unix epoch; what lies before it or past 64 bits saturates.
    pub(super) fn nanos(self, units: u64) -> u64 {
        let since_offset = u128::from(units) * NANOS / self.units_per_second;
        let offset = i128::from(self.offset_s) * 1_000_000_000;
        let nanos = offset.saturating_add(i128::try_from(since_offset).unwrap_or(i128::MAX));
        u64::try_from(nanos.max(0)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn units_become_nanoseconds() {
        let cases = [
            (6, 0, 1_700_000_000_123_456, 1_700_000_000_123_456_000),
            (9, 0, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
            (0, 0, 1_700_000_000, 1_700_000_000_000_000_000),
            (12, 0, 1_999, 1),
            (0x80 | 10, 0, 1024 + 512, 1_500_000_000),
            (0x80 | 32, 0, 1 << 31, 500_000_000),
            (6, 1_700_000_000, 5, 1_700_000_000_000_005_000),
            (6, -1, 3_000_000, 2_000_000_000),
            // Before the epoch, past 64 bits, and resolutions that no clock has.
            (6, -10, 3_000_000, 0),
            (0, 0, u64::MAX, u64::MAX),
            (6, i64::MAX, 1, u64::MAX),
            (127, 0, u64::MAX, 0),
            (0xff, 0, u64::MAX, 0),
        ];
        for (resolution, offset_s, units, nanos) in cases {
            assert_eq!(
                Clock::new(resolution, offset_s).nanos(units),
                nanos,
                "{resolution} {units}"
            );
        }
    }
}
