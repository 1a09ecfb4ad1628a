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
    /// Whether entries are counted as Linux does, so that their number depends on the buckets.
    pub(super) counts_as_linux: bool,
    /// The size as it is, whose buckets all changes are tried with, and some larger ones, and the
    /// most entries with the buckets of each; only of Linux.
    pub(super) peaks: Vec<(usize, usize)>,
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
        let passed = passed(forecast, size).or(self.is_own(size).then_some(forecast.demand));
        passed.unwrap_or_else(|| self.in_proportion(forecast, size))
    }

    /// Whether that is reckoned, no table with that change and those buckets having been passed.
    pub(super) fn is_estimate(&self, forecast: &Forecast, size: usize) -> bool {
        match self.is_own(size) {
            true => forecast.is_estimate,
            false => passed(forecast, size).is_none(),
        }
    }

    /// Whether a table of that size counts entries as those do that changes are tried in.
    fn is_own(&self, size: usize) -> bool {
        !self.counts_as_linux || self.max == Some(size)
    }

    /// As the entries of the table as it is change with the buckets. More room holds no fewer.
    fn in_proportion(&self, forecast: &Forecast, size: usize) -> usize {
        let known = self.peaks.iter().rev().find(|(known, _)| *known <= size);
        let (own, peak) = self.peaks.first().zip(known).map_or((1, 1), |(own, at)| (own.1, at.1));
        let least = forecast.limited.map_or(0, |figures| figures.peak);
        forecast.demand.saturating_mul(peak).div_ceil(own.max(1)).max(least)
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

/// The most entries with a change and the buckets of that size, if such a table was passed.
fn passed(forecast: &Forecast, size: usize) -> Option<usize> {
    let known = forecast.larger.iter().find(|(known, _)| *known == size);
    known.map(|(_, peak)| *peak)
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
