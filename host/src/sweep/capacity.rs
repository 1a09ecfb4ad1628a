//! How large a table has to be, as far as those that were tried tell.

use std::fmt;

use super::grid::Tried;
use crate::units::Count;

/// How large a table has to be under one combination of everything else.
pub(super) struct Capacity {
    /// The peak of a table without a limit.
    pub(super) unlimited: usize,
    /// So that nothing is lost.
    pub(super) no_loss: Need,
    /// So that at most a thousandth of all packets is.
    pub(super) small_loss: Need,
}

/// The entries that a table needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// So many, and one less is too little.
    Exactly(usize),
    /// The first were too few, the second enough.
    Between(usize, usize),
    /// So many were enough, and less was not tried.
    AtMost(usize),
    /// So many were too few, and more was not tried.
    MoreThan(usize),
}

impl Capacity {
    /// By what tables of several sizes came to that are the same in everything else; `None`: none
    /// has a size. So many packets came to each.
    pub(super) fn of(tried: &[&Tried<'_>], packet_count: u64) -> Option<Self> {
        let first = tried.first()?;
        let unlimited = first.unlimited.peak;
        // A table that takes out nobody and is never full is one without a limit: no other policy
        // needs more, but where it loses less, or what caps it has, the sizes tell.
        let is_refuse = first.spec.to_string() == "refuse";
        let mut sizes: Vec<(usize, u64)> =
            tried.iter().filter_map(|tried| Some((tried.max?, tried.lost()))).collect();
        sizes.sort_unstable();
        let no_loss = Need::by(&sizes, |lost| lost == 0)?;
        let small_loss = Need::by(&sizes, |lost| lost.saturating_mul(1000) <= packet_count)?;
        Some(match is_refuse {
            true => Self {
                unlimited,
                no_loss: Need::Exactly(unlimited),
                small_loss: small_loss.at_most(unlimited),
            },
            false => Self { unlimited, no_loss, small_loss },
        })
    }
}

impl Need {
    /// By sizes in rising order and what each lost: enough is one from which on all are.
    fn by(sizes: &[(usize, u64)], is_enough: impl Fn(u64) -> bool) -> Option<Self> {
        let enough = sizes.iter().rev().take_while(|(_, lost)| is_enough(*lost)).count();
        let (few, enough) = sizes.split_at_checked(sizes.len() - enough)?;
        match (few.last(), enough.first()) {
            (Some((few, _)), Some((enough, _))) => Some(Self::Between(*few, *enough)),
            (None, Some((enough, _))) => Some(Self::AtMost(*enough)),
            (Some((few, _)), None) => Some(Self::MoreThan(*few)),
            (None, None) => None,
        }
    }

    /// The same where so many are known to be enough.
    fn at_most(self, known: usize) -> Self {
        match self {
            Self::Exactly(count) => Self::Exactly(count),
            Self::Between(few, enough) => Self::Between(few, enough.min(known)),
            Self::AtMost(enough) => Self::AtMost(enough.min(known)),
            Self::MoreThan(few) => Self::Between(few, known),
        }
    }

    /// The largest number that is too few, and the smallest that is enough, as far as known.
    pub(super) const fn bounds(self) -> (Option<usize>, Option<usize>) {
        match self {
            Self::Exactly(count) => (count.checked_sub(1), Some(count)),
            Self::Between(few, enough) => (Some(few), Some(enough)),
            Self::AtMost(enough) => (None, Some(enough)),
            Self::MoreThan(few) => (Some(few), None),
        }
    }
}

/// For people: `66,846`, `65,536..131,072`, `≤ 65,536`, `> 524,288`.
impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |count: &usize| Count(*count as u64);
        match self {
            Self::Exactly(exact) => count(exact).fmt(f),
            Self::Between(few, enough) => write!(f, "{}..{}", count(few), count(enough)),
            Self::AtMost(enough) => write!(f, "\u{2264} {}", count(enough)),
            Self::MoreThan(few) => write!(f, "> {}", count(few)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Need;

    #[test]
    fn enough_is_from_where_on_all_are() {
        let of = |sizes: &[(usize, u64)]| Need::by(sizes, |lost| lost == 0);
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[(1, 0), (2, 0)]), Some(Need::AtMost(1)));
        assert_eq!(of(&[(1, 9), (2, 1)]), Some(Need::MoreThan(2)));
        assert_eq!(of(&[(1, 9), (2, 0), (4, 0)]), Some(Need::Between(1, 2)));
        // A larger one that lost something speaks against a smaller one that did not.
        assert_eq!(of(&[(1, 0), (2, 1), (4, 0)]), Some(Need::Between(2, 4)));
        assert_eq!(Need::MoreThan(2).at_most(3), Need::Between(2, 3));
    }
}
