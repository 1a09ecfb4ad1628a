//! Policies that are made of several, and such that may be missing.

use super::{Newcomer, OnFull, Refusal, Slots};
use crate::ended::Why;
use crate::rank::Rank;
use crate::storage::SlotId;

macro_rules! of_all {
    ($($policy:ident $field:tt),+) => {
        /// In their order: the first that refuses, or that finds somebody, has its way.
        impl<$($policy: OnFull),+> OnFull for ($($policy,)+) {
            const RANKS: bool = $($policy::RANKS)||+;

            fn admit(&mut self, newcomer: &Newcomer<'_>) -> Result<(), Refusal> {
                $(self.$field.admit(newcomer)?;)+
                Ok(())
            }

            fn overdue(&mut self, newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
                None$(.or_else(|| self.$field.overdue(newcomer, table)))+
            }

            fn victim(&mut self, newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
                None$(.or_else(|| self.$field.victim(newcomer, table)))+
            }

            fn entered(&mut self, newcomer: &Newcomer<'_>) {
                $(self.$field.entered(newcomer);)+
            }

            fn left(&mut self, leaver: &Newcomer<'_>, why: Why) {
                $(self.$field.left(leaver, why);)+
            }

            fn answered(&mut self, rank: Rank, waited_ms: u64) {
                $(self.$field.answered(rank, waited_ms);)+
            }

            fn refused(&mut self, newcomer: &Newcomer<'_>, why: Refusal) {
                $(self.$field.refused(newcomer, why);)+
            }
        }
    };
}

of_all!(A 0, B 1);
of_all!(A 0, B 1, C 2);
of_all!(A 0, B 1, C 2, D 3);

/// None says nothing.
impl<P: OnFull> OnFull for Option<P> {
    const RANKS: bool = P::RANKS;

    fn admit(&mut self, newcomer: &Newcomer<'_>) -> Result<(), Refusal> {
        self.as_mut().map_or(Ok(()), |policy| policy.admit(newcomer))
    }

    fn overdue(&mut self, newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
        self.as_mut()?.overdue(newcomer, table)
    }

    fn victim(&mut self, newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
        self.as_mut()?.victim(newcomer, table)
    }

    fn entered(&mut self, newcomer: &Newcomer<'_>) {
        if let Some(policy) = self {
            policy.entered(newcomer);
        }
    }

    fn left(&mut self, leaver: &Newcomer<'_>, why: Why) {
        if let Some(policy) = self {
            policy.left(leaver, why);
        }
    }

    fn answered(&mut self, rank: Rank, waited_ms: u64) {
        if let Some(policy) = self {
            policy.answered(rank, waited_ms);
        }
    }

    fn refused(&mut self, newcomer: &Newcomer<'_>, why: Refusal) {
        if let Some(policy) = self {
            policy.refused(newcomer, why);
        }
    }
}
