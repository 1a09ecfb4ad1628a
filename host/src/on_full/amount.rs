//! Some entries of a table: so many, or a share of all.

use std::fmt;

/// Some entries of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amount {
    /// So many.
    Entries(usize),
    /// So many of a hundred; it may be more than all.
    Percent(usize),
}

impl Amount {
    /// How many of a table of `max` entries; a begun entry counts.
    pub(crate) fn of(self, max: usize) -> usize {
        match self {
            Self::Entries(count) => count,
            Self::Percent(share) => {
                let count = (max as u128 * share as u128).div_ceil(100);
                usize::try_from(count).unwrap_or(usize::MAX)
            }
        }
    }

    /// `1000`, `75%`; nothing of a table is no amount.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let number = |digits: &str| digits.parse().ok().filter(|count| *count > 0);
        match text.strip_suffix('%') {
            Some(share) => number(share).filter(|share| *share <= 1000).map(Self::Percent),
            None => number(text).map(Self::Entries),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entries(count) => count.fmt(f),
            Self::Percent(share) => write!(f, "{share}%"),
        }
    }
}
