//! The memory of a host's table: the same slots as a board's, their number known at run time.

use keeptrack_core::{LISTS, Link, Memory, Slot};

/// Slots on the heap, linked by `u32`.
#[derive(Debug)]
pub struct Heap {
    heads: Box<[u32]>,
    slots: Box<[Slot<u32>]>,
    lists: Box<[u32; LISTS]>,
}

impl Heap {
    /// Room for exactly `slot_count` connections; `None` when there is not that much memory.
    #[must_use]
    pub fn new(slot_count: usize) -> Option<Self> {
        Some(Self {
            heads: boxed(u32::NIL, slot_count)?,
            slots: boxed(Slot::default(), slot_count)?,
            lists: Box::new([u32::NIL; LISTS]),
        })
    }

    /// Bytes that a table of so many entries takes.
    #[must_use]
    pub const fn bytes(slot_count: usize) -> usize {
        slot_count * Self::BYTES_AN_ENTRY + size_of::<[u32; LISTS]>()
    }

    /// Bytes of a slot and of the bucket head that comes with it.
    pub const BYTES_AN_ENTRY: usize = size_of::<Slot<u32>>() + size_of::<u32>();
}

fn boxed<T: Copy>(value: T, count: usize) -> Option<Box<[T]>> {
    let mut values = Vec::new();
    values.try_reserve_exact(count).ok()?;
    values.resize(count, value);
    Some(values.into())
}

impl Memory for Heap {
    type Link = u32;

    fn heads(&self) -> &[u32] {
        &self.heads
    }

    fn heads_mut(&mut self) -> &mut [u32] {
        &mut self.heads
    }

    fn slots(&self) -> &[Slot<u32>] {
        &self.slots
    }

    fn slots_mut(&mut self) -> &mut [Slot<u32>] {
        &mut self.slots
    }

    fn lists(&self) -> &[u32; LISTS] {
        &self.lists
    }

    fn lists_mut(&mut self) -> &mut [u32; LISTS] {
        &mut self.lists
    }
}
