//! The memory of a table: slots, bucket heads and timer lists, all of it the caller's.

use core::fmt::Debug;

use crate::conn::Conn;
use crate::ended::Why;

/// A reference to a slot as small as the table allows: `u16` below 65,536 slots, else `u32`.
///
/// Zero refers to nothing, so that zeroed memory is an empty table.
pub trait Link: Copy + Debug + Eq + sealed::Sealed + 'static {
    /// No slot.
    const NIL: Self;
    /// How many slots links can tell apart.
    const SLOTS: usize;

    /// The link to `slot`; nothing, for a slot past [`Link::SLOTS`].
    fn to(slot: SlotId) -> Self;

    /// The slot, or `None` for no slot.
    fn slot(self) -> Option<SlotId>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u16 {}
    impl Sealed for u32 {}
}

macro_rules! link {
    ($word:ty) => {
        impl Link for $word {
            const NIL: Self = 0;
            const SLOTS: usize = <$word>::MAX as usize;

            fn to(slot: SlotId) -> Self {
                Self::try_from(slot.0.wrapping_add(1)).unwrap_or(Self::NIL)
            }

            fn slot(self) -> Option<SlotId> {
                (self as usize).checked_sub(1).map(SlotId)
            }
        }
    };
}

link!(u16);
link!(u32);

/// Levels of the timer wheel.
pub(crate) const LEVELS: usize = 5;
/// Lists of each level.
pub(crate) const LISTS_A_LEVEL: usize = 64;
/// How many timer lists a table has: those of the wheel, and one of connections that are over.
pub const LISTS: usize = LEVELS * LISTS_A_LEVEL + 1;

/// A place in a table, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotId(pub(crate) usize);

/// A place for one connection, and its places in the lists of the table.
#[derive(Debug, Clone, Copy)]
pub struct Slot<L> {
    pub(crate) conn: Conn,
    /// The next slot of the bucket, or of the free list.
    pub(crate) chain: L,
    pub(crate) timer: Node<L>,
    pub(crate) holds: Holds,
}

impl<L: Link> Slot<L> {
    const EMPTY: Self = Self {
        conn: Conn::EMPTY,
        chain: L::NIL,
        timer: Node { next: L::NIL, previous: L::NIL, list: 0 },
        holds: Holds::Nothing,
    };
}

/// A slot's place in a circular list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<L> {
    pub(crate) next: L,
    pub(crate) previous: L,
    /// The list, counted from 1; 0 for none.
    pub(crate) list: u16,
}

/// What a slot holds. The representation is fixed so that an empty slot is all zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Holds {
    Nothing,
    /// A connection that is found and counted.
    Live,
    /// One that is over and waits to be handed out.
    Ended(Why),
}

/// Where a table lies. [`Lent`] is what [`Storage::lend`] gives; a host may own its memory instead.
pub trait Memory {
    /// The links between its slots.
    type Link: Link;

    /// The first slot of each bucket; as many buckets as slots, or more.
    fn heads(&self) -> &[Self::Link];
    /// The same, to be changed.
    fn heads_mut(&mut self) -> &mut [Self::Link];
    /// The slots.
    fn slots(&self) -> &[Slot<Self::Link>];
    /// The same, to be changed.
    fn slots_mut(&mut self) -> &mut [Slot<Self::Link>];
    /// The first slot of each timer list.
    fn lists(&self) -> &[Self::Link; LISTS];
    /// The same, to be changed.
    fn lists_mut(&mut self) -> &mut [Self::Link; LISTS];
}

/// Memory for exactly `N` connections, all zero: as a `static` it lies in `.bss`.
///
/// Below 65,536 slots the links are `u16`.
#[derive(Debug)]
pub struct Storage<const N: usize, L = u16> {
    heads: [L; N],
    slots: [Slot<L>; N],
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
        Self { heads: [L::NIL; N], slots: [Slot::EMPTY; N], lists: [L::NIL; LISTS] }
    }

    /// Lends the memory to a tracker, which forgets `N`.
    pub const fn lend(&mut self) -> Lent<'_, L> {
        Lent { heads: &mut self.heads, slots: &mut self.slots, lists: &mut self.lists }
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
    heads: &'m mut [L],
    slots: &'m mut [Slot<L>],
    lists: &'m mut [L; LISTS],
}

impl<L: Link> Memory for Lent<'_, L> {
    type Link = L;

    fn heads(&self) -> &[L] {
        self.heads
    }

    fn heads_mut(&mut self) -> &mut [L] {
        self.heads
    }

    fn slots(&self) -> &[Slot<L>] {
        self.slots
    }

    fn slots_mut(&mut self) -> &mut [Slot<L>] {
        self.slots
    }

    fn lists(&self) -> &[L; LISTS] {
        self.lists
    }

    fn lists_mut(&mut self) -> &mut [L; LISTS] {
        self.lists
    }
}

impl<L: Link> Default for Slot<L> {
    fn default() -> Self {
        Self::EMPTY
    }
}
