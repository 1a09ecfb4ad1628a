//! Linux's early drop in constant time: a few slots at random, and the first unassured one of them.

use super::draws::Draws;
use super::{Newcomer, OnFull, Slots};
use crate::status::Status;
use crate::storage::SlotId;

/// As many slots are looked at for one newcomer: Linux looks at as many buckets.
const SAMPLES: usize = 8;

/// Who is not assured may have to leave, whichever is met first in a few slots drawn at random.
///
/// Linux looks through eight buckets that follow the newcomer's own, and takes all unassured
/// entries of the first bucket that has any. This is the same idea for a table whose work is
/// bounded: eight slots are drawn, each independently of the others, and one connection leaves. An
/// assured one never does, and a newcomer that finds nobody is refused. (What Linux itself does
/// with a given number of buckets, the host's `linux` tells.)
///
/// - When a share `e` of the slots holds somebody who may leave, a newcomer gets in with probability
///   1 - (1 - e)^8: 57 % of them at a tenth of the slots, 99.6 % at a half.
/// - It is blind to age: of those who may leave, each is as likely to be met as any other.
/// - A newcomer costs at most eight slots to look at, and no memory.
///
/// The numbers are drawn from a seed of their own, which may be published. They do not depend on
/// the key of the table's hash; but which connection lies in a slot does.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct EarlyDrop {
    draws: Draws,
}

impl EarlyDrop {
    /// Draws the numbers that follow from `sampling_seed`, any number.
    #[must_use]
    pub const fn new(sampling_seed: u64) -> Self {
        Self { draws: Draws::new(sampling_seed) }
    }
}

impl OnFull for EarlyDrop {
    fn victim(&mut self, _newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
        (0..SAMPLES).find_map(|_| {
            let (slot, conn) = table.conn(self.draws.below(table.count()))?;
            (!conn.status().has(Status::ASSURED)).then_some(slot)
        })
    }
}
