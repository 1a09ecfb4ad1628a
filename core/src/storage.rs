//! The memory of a table: slots, and the lists that they are in; all of it the caller's.

use core::fmt::Debug;

use crate::conn::Conn;
use crate::mark::Mark;
use crate::rank::RANK_LISTS;

/// A reference to a slot as small as the table allows: `u16` below 65,536 slots, else `u32`.
///
/// Zero refers to nothing, so that zeroed memory is an empty table.
pub trait Link: Copy + Debug + Eq + sealed::Sealed + 'static {
    /// No slot.
    const NIL: Self;
    /// How many slots links can tell apart.
    const SLOTS: usize;

    /// The link of these bits; those that do not fit are left out.
    fn from_bits(bits: u32) -> Self;

    /// Its bits.
    fn bits(self) -> u32;

    /// The link to `slot`, which is one of the first [`Link::SLOTS`].
    fn to(slot: SlotId) -> Self;

    /// The slot, or `None` for no slot.
    fn slot(self) -> Option<SlotId>;

    /// The slot of `slot_count` that a hash names: multiply and shift, so that any number of slots
    /// will do.
    fn home(hash: u32, slot_count: usize) -> SlotId;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u16 {}
    impl Sealed for u32 {}
}

macro_rules! link {
    ($word:ty, $slots:expr, $home:expr) => {
        impl Link for $word {
            const NIL: Self = 0;
            const SLOTS: usize = $slots;

            #[allow(clippy::cast_possible_truncation, reason = "what is above is cut on purpose")]
            fn from_bits(bits: u32) -> Self {
                bits as Self
            }

            fn bits(self) -> u32 {
                self.into()
            }

            #[allow(
                clippy::cast_possible_truncation,
                reason = "there are no more slots than links"
            )]
            fn to(slot: SlotId) -> Self {
                slot.0.wrapping_add(1) as Self
            }

            fn slot(self) -> Option<SlotId> {
                (self as usize).checked_sub(1).map(SlotId)
            }

            fn home(hash: u32, slot_count: usize) -> SlotId {
                SlotId($home(hash, slot_count))
            }
        }
    };
}

link!(u16, u16::MAX as usize, scaled_by_halves);
// One bit less, so that the bits above a slot can be shifted down.
link!(u32, i32::MAX as usize, scaled);

/// The upper word of the product.
#[allow(clippy::cast_possible_truncation, reason = "below the number of slots")]
fn scaled(hash: u32, slot_count: usize) -> usize {
    (u64::from(hash).wrapping_mul(slot_count as u64) >> 32) as usize
}

/// The same of fewer than 65,536 slots, in words that the smallest processors can multiply.
#[allow(clippy::cast_possible_truncation, reason = "fewer than 65,536")]
fn scaled_by_halves(hash: u32, slot_count: usize) -> usize {
    let (high, low) = (hash >> 16, hash & 0xffff);
    let (slot_count, below) = (slot_count as u32, low.wrapping_mul(slot_count as u32) >> 16);
    (high.wrapping_mul(slot_count).wrapping_add(below) >> 16) as usize
}

/// Levels of the timer wheel.
pub(crate) const LEVELS: usize = 5;
/// Lists of each level.
pub(crate) const LISTS_A_LEVEL: usize = 64;
/// The list of connections that are over and wait to be handed out.
pub(crate) const ENDED: usize = LEVELS * LISTS_A_LEVEL;
/// The list of slots that hold nothing.
pub(crate) const FREE: usize = ENDED + 1;
/// The first of the lists of ranks.
pub(crate) const RANKED: usize = FREE + 1;
/// How many lists a table has: those of the wheel, one of connections that are over, one of slots
/// that hold nothing, and those of the [ranks](crate::Rank).
pub const LISTS: usize = RANKED + RANK_LISTS;

/// A place in a table, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotId(pub(crate) usize);

/// A place for one connection.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    pub(crate) conn: Conn,
}

impl Slot {
    pub(crate) const EMPTY: Self = Self { conn: Conn::EMPTY };
}

impl Default for Slot {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// Bytes that one entry takes of a table's memory: a slot, its places in two lists, the link to the
/// next of its bucket. A table takes [`bytes_a_table`] besides.
#[must_use]
pub const fn bytes_an_entry<L: Link>() -> usize {
    size_of::<Slot>().wrapping_add(size_of::<Node<L>>()).wrapping_add(size_of::<L>())
}

/// Bytes that a table takes whatever the number of its entries: the heads of its lists.
#[must_use]
pub const fn bytes_a_table<L: Link>() -> usize {
    size_of::<[L; LISTS]>()
}

/// A slot's place in a circular list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place<L> {
    pub(crate) next: L,
    pub(crate) previous: L,
}

/// What a slot is to the table: its places in two lists, that of the wheel and that of its rank,
/// and what it holds.
#[derive(Debug, Clone, Copy)]
pub struct Node<L> {
    pub(crate) timer: Place<L>,
    pub(crate) rank: Place<L>,
    pub(crate) mark: Mark,
}

impl<L: Link> Node<L> {
    pub(crate) const EMPTY: Self = {
        let nowhere = Place { next: L::NIL, previous: L::NIL };
        Self { timer: nowhere, rank: nowhere, mark: Mark::EMPTY }
    };

    /// The same, link by link: all at once would be a call.
    pub(crate) fn copied(&self) -> Self {
        let Self { timer, rank, mark } = *self;
        let copied = |place: Place<L>| Place { next: place.next, previous: place.previous };
        Self { timer: copied(timer), rank: copied(rank), mark }
    }
}

impl<L: Link> Default for Node<L> {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// Where a table lies. [`Lent`] is what [`Storage::lend`] gives; a host may own its memory instead.
pub trait Memory {
    /// The links between its slots.
    type Link: Link;

    /// The next slot of its bucket, of each slot, with bits of its hash above; as many as slots.
    fn chains(&self) -> &[Self::Link];
    /// The same, to be changed.
    fn chains_mut(&mut self) -> &mut [Self::Link];
    /// The slots.
    fn slots(&self) -> &[Slot];
    /// The same, to be changed.
    fn slots_mut(&mut self) -> &mut [Slot];
    /// What the slots are to the table; as many as slots.
    fn nodes(&self) -> &[Node<Self::Link>];
    /// The same, to be changed.
    fn nodes_mut(&mut self) -> &mut [Node<Self::Link>];
    /// The first slot of each list.
    fn lists(&self) -> &[Self::Link; LISTS];
    /// The same, to be changed.
    fn lists_mut(&mut self) -> &mut [Self::Link; LISTS];
}

/// Memory for exactly `N` connections, all zero: as a `static` it lies in `.bss`.
///
/// Below 65,536 slots the links are `u16`.
#[derive(Debug)]
pub struct Storage<const N: usize, L = u16> {
    chains: [L; N],
    slots: [Slot; N],
    nodes: [Node<L>; N],
    lists: [L; LISTS],
}

impl<const N: usize, L: Link> Storage<N, L> {
    /// Empty memory.
    #[must_use]
    pub const fn new() -> Self {
        const {
            assert!(N > 0, "a table needs at least one slot");
            assert!(N <= L::SLOTS, "more slots than these links can tell apart");
        }
        Self {
            chains: [L::NIL; N],
            slots: [Slot::EMPTY; N],
            nodes: [Node::EMPTY; N],
            lists: [L::NIL; LISTS],
        }
    }

    /// Lends the memory to a tracker, which forgets `N`.
    pub const fn lend(&mut self) -> Lent<'_, L> {
        Lent {
            chains: &mut self.chains,
            slots: &mut self.slots,
            nodes: &mut self.nodes,
            lists: &mut self.lists,
        }
    }
}

impl<const N: usize, L: Link> Default for Storage<N, L> {
    fn default() -> Self {
        Self::new()
    }
}

/// Memory that somebody else owns.
#[derive(Debug)]
pub struct Lent<'m, L = u16> {
    chains: &'m mut [L],
    slots: &'m mut [Slot],
    nodes: &'m mut [Node<L>],
    lists: &'m mut [L; LISTS],
}

impl<L> Lent<'_, L> {
    /// How many connections fit.
    #[must_use]
    pub const fn slot_count(&self) -> usize {
        self.slots.len()
    }

    /// The same memory for no more than `slot_count` connections.
    #[must_use]
    pub fn first(self, slot_count: usize) -> Self {
        let kept = slot_count.min(self.slots.len());
        Self {
            chains: self.chains.get_mut(..kept).unwrap_or_default(),
            slots: self.slots.get_mut(..kept).unwrap_or_default(),
            nodes: self.nodes.get_mut(..kept).unwrap_or_default(),
            lists: self.lists,
        }
    }
}

impl<L: Link> Memory for Lent<'_, L> {
    type Link = L;

    fn chains(&self) -> &[L] {
        self.chains
    }

    fn chains_mut(&mut self) -> &mut [L] {
        self.chains
    }

    fn slots(&self) -> &[Slot] {
        self.slots
    }

    fn slots_mut(&mut self) -> &mut [Slot] {
        self.slots
    }

    fn nodes(&self) -> &[Node<L>] {
        self.nodes
    }

    fn nodes_mut(&mut self) -> &mut [Node<L>] {
        self.nodes
    }

    fn lists(&self) -> &[L; LISTS] {
        self.lists
    }

    fn lists_mut(&mut self) -> &mut [L; LISTS] {
        self.lists
    }
}

#[cfg(test)]
mod tests {
    use super::{Link, Storage, bytes_a_table, bytes_an_entry};

    fn check<const N: usize, L: Link>() {
        let stated = N.wrapping_mul(bytes_an_entry::<L>()).wrapping_add(bytes_a_table::<L>());
        let taken = size_of::<Storage<N, L>>();
        assert_eq!(taken, stated.next_multiple_of(align_of::<Storage<N, L>>()), "{N} entries");
    }

    /// Small boards count on it: what TCP's windows take is the largest part that a protocol has.
    #[test]
    #[cfg(not(feature = "acct"))]
    fn entries_stay_small() {
        let (most, family) = if cfg!(feature = "ipv4-only") {
            ([96, 112], "IPv4 alone")
        } else {
            ([120, 136], "both families")
        };
        let bytes = [bytes_an_entry::<u16>(), bytes_an_entry::<u32>()];
        std::println!(
            "REPORT an entry for {family}: {} bytes, {} with links of 32 bits",
            bytes[0],
            bytes[1]
        );
        assert!(bytes.iter().zip(most).all(|(&bytes, most)| bytes <= most), "{bytes:?}");
    }

    #[test]
    fn both_products_name_the_same_slots() {
        for slot_count in [1, 2, 3, 1000, 0x8000, 0xfffe, 0xffff] {
            for hash in [0, 1, 0xffff, 0x1_0000, 0x7fff_ffff, 0xfffe_ffff, u32::MAX] {
                let slot = <u32 as Link>::home(hash, slot_count);
                assert_eq!(<u16 as Link>::home(hash, slot_count), slot, "{hash} of {slot_count}");
            }
        }
    }

    #[test]
    fn what_storage_takes_is_what_is_said() {
        check::<1, u16>();
        check::<1000, u16>();
        check::<1000, u32>();
    }
}
