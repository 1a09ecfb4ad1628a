//! What a slot holds, and which lists it is in, in sixteen bits.

use crate::ended::Why;

/// What a slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Nothing,
    /// A connection that is found and counted, in the slot that its hash names: the first of its
    /// bucket.
    First,
    /// One in another slot, for a connection of the same bucket was there before it.
    Later,
    /// One that is over and waits to be handed out.
    Ended(Why),
}

impl Holds {
    pub(crate) const fn is_live(self) -> bool {
        matches!(self, Self::First | Self::Later)
    }
}

/// What a slot holds and which lists it is in; zero for an empty slot.
///
/// Nine bits are the list of the wheel that it is in, counted from 1; two say what it holds; five
/// are the list of its rank, counted from 1, or, for a connection that is over, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(u16);

/// Some bits of a mark.
struct Field {
    at: u32,
    bits: u32,
}

const LIST: Field = Field { at: 0, bits: 9 };
const HOLDS: Field = Field { at: 9, bits: 2 };
const RANK: Field = Field { at: 11, bits: 5 };

impl Mark {
    pub(crate) const EMPTY: Self = Self(0);

    /// The list of the wheel that it is in.
    pub(crate) fn list(self) -> Option<usize> {
        self.get(LIST).checked_sub(1).map(usize::from)
    }

    pub(crate) fn set_list(&mut self, list: Option<usize>) {
        self.set(LIST, counted(list));
    }

    /// The list of its rank; of what is over there is none.
    pub(crate) fn rank_list(self) -> Option<usize> {
        if !self.holds().is_live() {
            return None;
        }
        self.get(RANK).checked_sub(1).map(usize::from)
    }

    /// To be asked of connections that are not over.
    pub(crate) fn set_rank_list(&mut self, list: Option<usize>) {
        self.set(RANK, counted(list));
    }

    pub(crate) fn holds(self) -> Holds {
        match self.get(HOLDS) {
            0 => Holds::Nothing,
            1 => Holds::First,
            2 => Holds::Later,
            _ => Holds::Ended(
                Why::ALL.get(usize::from(self.get(RANK))).copied().unwrap_or(Why::TimedOut),
            ),
        }
    }

    /// What is over is in no list of ranks: it has to be out of that before.
    pub(crate) fn set_holds(&mut self, holds: Holds) {
        let number = match holds {
            Holds::Nothing => 0,
            Holds::First => 1,
            Holds::Later => 2,
            Holds::Ended(_) => 3,
        };
        if let Holds::Ended(why) = holds {
            self.set(RANK, why as u16);
        } else if !self.holds().is_live() {
            self.set(RANK, 0);
        }
        self.set(HOLDS, number);
    }

    const fn get(self, Field { at, bits }: Field) -> u16 {
        self.0.wrapping_shr(at) & mask(bits)
    }

    const fn set(&mut self, Field { at, bits }: Field, value: u16) {
        let cleared = self.0 & !mask(bits).wrapping_shl(at);
        self.0 = cleared | (value & mask(bits)).wrapping_shl(at);
    }
}

const fn mask(bits: u32) -> u16 {
    u16::MAX.wrapping_shr(u16::BITS.wrapping_sub(bits))
}

#[allow(clippy::cast_possible_truncation, reason = "there are a few hundred lists")]
fn counted(list: Option<usize>) -> u16 {
    list.map_or(0, |list| (list as u16).wrapping_add(1))
}

#[cfg(test)]
mod tests {
    use super::{Holds, LIST, Mark, RANK, mask};
    use crate::ended::Why;
    use crate::rank::RANK_LISTS;
    use crate::storage::RANKED;

    #[test]
    fn every_list_and_reason_has_room() {
        assert!(RANKED <= mask(LIST.bits).into());
        assert!(RANK_LISTS <= mask(RANK.bits).into() && Why::ALL.len() <= mask(RANK.bits).into());
        let mut mark = Mark::EMPTY;
        mark.set_holds(Holds::Later);
        mark.set_list(Some(RANKED - 1));
        mark.set_rank_list(Some(RANK_LISTS - 1));
        assert_eq!((mark.list(), mark.rank_list()), (Some(RANKED - 1), Some(RANK_LISTS - 1)));
        for (number, why) in Why::ALL.iter().enumerate() {
            assert_eq!(*why as usize, number);
            mark.set_rank_list(None);
            mark.set_holds(Holds::Ended(*why));
            assert_eq!((mark.holds(), mark.rank_list()), (Holds::Ended(*why), None));
            mark.set_holds(Holds::First);
            assert_eq!((mark.list(), mark.rank_list()), (Some(RANKED - 1), None));
        }
        mark.set_holds(Holds::Nothing);
        mark.set_list(None);
        assert_eq!(mark, Mark::EMPTY);
    }
}
