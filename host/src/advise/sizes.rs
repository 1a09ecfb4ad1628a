//! The sizes that a table may have, and what it would hold at each.
//!
//! Linux counts entries that have run out until somebody meets them, and in more buckets that takes
//! longer: the same traffic takes more entries in a larger table.

use super::forecast::Forecast;
use crate::options::MAX_ENTRIES;

/// The smallest table that is advised where no limit is known.
const LEAST_ENTRIES: usize = 512;
/// How much of a table is to be taken at the most, as one of so many.
const FREE: u64 = 2;

/// What the table as it is would hold at each size if it had no limit.
#[derive(Debug, Clone, Default)]
pub(super) struct Sizes {
    /// The entries of the table as it is; `None`: nobody said.
    pub(super) max: Option<usize>,
    /// The size as it is and some larger ones, and the most entries with the buckets of each; only
    /// of Linux, where that makes a difference.
    pub(super) peaks: Vec<(usize, usize)>,
    /// The same with the buckets that all changes are tried with.
    pub(super) usual_peak: usize,
}

/// The sizes from `max` on: by half of a power of two more each.
pub(super) fn from(max: Option<usize>) -> impl Iterator<Item = usize> {
    let first = max.unwrap_or(LEAST_ENTRIES);
    let doubled = (0..).map_while(move |power: u32| first.checked_mul(1_usize.checked_shl(power)?));
    let sizes = doubled.flat_map(|size| [size, size + size / 2]);
    sizes.take_while(|size| *size <= MAX_ENTRIES)
}

impl Sizes {
    /// The most entries with a change, in a table of that size.
    pub(super) fn demand(&self, forecast: &Forecast, size: usize) -> usize {
        let known = self.peaks.iter().rev().find(|(known, _)| *known <= size);
        let (peak, usual) = known.map_or((1, 1), |(_, peak)| (*peak, self.usual_peak.max(1)));
        forecast.demand.saturating_mul(peak).div_ceil(usual)
    }

    /// The entries that have to have room then: in the capture, and if it goes on.
    pub(super) fn needed(&self, forecast: &Forecast, size: usize) -> u64 {
        (self.demand(forecast, size) as u64).saturating_add(forecast.growth)
    }

    /// The smallest size of which enough stays free.
    pub(super) fn enough(&self, forecast: &Forecast) -> Option<usize> {
        let is_enough =
            |size: &usize| *size as u64 >= self.needed(forecast, *size).saturating_mul(FREE);
        from(self.max).find(is_enough)
    }

    /// The smallest size that refuses nobody.
    pub(super) fn large_enough(&self, forecast: &Forecast) -> Option<usize> {
        from(self.max).find(|size| *size >= self.demand(forecast, *size))
    }
}

#[cfg(test)]
mod tests {
    use super::from;

    #[test]
    fn sizes_grow_by_half_a_power_of_two() {
        let sizes: Vec<usize> = from(Some(1000)).take(5).collect();
        assert_eq!(sizes, [1000, 1500, 2000, 3000, 4000]);
        assert_eq!(from(None).next(), Some(512));
        assert_eq!(from(Some(1 << 28)).count(), 1);
    }
}
