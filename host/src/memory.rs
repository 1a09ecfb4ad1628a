//! The memory of a host's table: the same slots as a board's, their number known at run time.

use keeptrack_core::{HelperSlot, LISTS, Link, Memory, Node, Slot, bytes_a_table, bytes_an_entry};

/// Slots on the heap, linked by `u32`.
#[derive(Debug, Clone)]
pub struct Heap {
    chains: Box<[u32]>,
    slots: Box<[Slot]>,
    nodes: Box<[Node<u32>]>,
    lists: Box<[u32; LISTS]>,
}

impl Heap {
    /// Room for exactly `slot_count` connections; `None` when there is not that much memory.
    #[must_use]
    pub fn new(slot_count: usize) -> Option<Self> {
        Some(Self {
            chains: boxed(u32::NIL, slot_count)?,
            slots: boxed(Slot::default(), slot_count)?,
            nodes: boxed(Node::default(), slot_count)?,
            lists: Box::new([u32::NIL; LISTS]),
        })
    }

    /// Bytes that a table of so many entries takes.
    #[must_use]
    pub const fn bytes(slot_count: usize) -> usize {
        slot_count * Self::BYTES_AN_ENTRY + bytes_a_table::<u32>()
    }

    /// Bytes of an entry: its slot, its place in a list, its link.
    pub const BYTES_AN_ENTRY: usize = bytes_an_entry::<u32>();
}

/// Room for the helpers of exactly `slot_count` connections; `None` when there is not that much
/// memory.
#[must_use]
pub fn helper_slots(slot_count: usize) -> Option<Box<[HelperSlot]>> {
    boxed(HelperSlot::EMPTY, slot_count)
}

fn boxed<T: Copy>(value: T, count: usize) -> Option<Box<[T]>> {
    let mut values = Vec::new();
    values.try_reserve_exact(count).ok()?;
    values.resize(count, value);
    Some(values.into())
}

impl Memory for Heap {
    type Link = u32;

    fn chains(&self) -> &[u32] {
        &self.chains
    }

    fn chains_mut(&mut self) -> &mut [u32] {
        &mut self.chains
    }

    fn slots(&self) -> &[Slot] {
        &self.slots
    }

    fn slots_mut(&mut self) -> &mut [Slot] {
        &mut self.slots
    }

    fn nodes(&self) -> &[Node<u32>] {
        &self.nodes
    }

    fn nodes_mut(&mut self) -> &mut [Node<u32>] {
        &mut self.nodes
    }

    fn lists(&self) -> &[u32; LISTS] {
        &self.lists
    }

    fn lists_mut(&mut self) -> &mut [u32; LISTS] {
        &mut self.lists
    }
}
