//! What the links of a chain tell of the hashes of those that they lead to.

use crate::storage::{Link, SlotId};

/// What a link of a chain holds above the bits of its slot: as much of the hash as there is room.
///
/// The lower end of the hash, for the upper one has chosen the bucket. A table of 32,768 slots or
/// more leaves no room in links of 16 bits: there each slot of a chain is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tags {
    slot_bits: u32,
}

impl Tags {
    pub(crate) const fn new(slot_count: usize) -> Self {
        Self { slot_bits: usize::BITS.wrapping_sub(slot_count.leading_zeros()) }
    }

    pub(crate) fn link<L: Link>(self, slot: SlotId, hash: u32) -> L {
        L::from_bits(hash.wrapping_shl(self.slot_bits) | L::to(slot).bits())
    }

    /// Whether the slot of `link` may hold something of that hash.
    pub(crate) fn may_hold<L: Link>(self, link: L, hash: u32) -> bool {
        let tag = L::from_bits(hash.wrapping_shl(self.slot_bits));
        (link.bits() ^ tag.bits()).wrapping_shr(self.slot_bits) == 0
    }

    /// A link to another slot, to which the tag of `link` has moved.
    pub(crate) fn moved<L: Link>(self, link: L, slot: SlotId) -> L {
        let above = u32::MAX.wrapping_shl(self.slot_bits);
        L::from_bits((link.bits() & above) | L::to(slot).bits())
    }

    pub(crate) fn slot<L: Link>(self, link: L) -> Option<SlotId> {
        let above = u32::MAX.wrapping_shl(self.slot_bits);
        L::from_bits(link.bits() & !above).slot()
    }
}
