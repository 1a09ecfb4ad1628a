//! A table's memory on the heap, of a size that is known at run time only.

use keeptrack_core::{LISTS, Link, Memory, Slot};

/// Memory for so many connections, with one bucket each.
#[derive(Debug)]
pub(crate) struct Owned<L = u16> {
    heads: Vec<L>,
    slots: Vec<Slot<L>>,
    lists: [L; LISTS],
}

impl<L: Link> Owned<L> {
    /// Empty memory of `slot_count` slots.
    pub(crate) fn new(slot_count: usize) -> Self {
        Self {
            heads: vec![L::NIL; slot_count],
            slots: vec![Slot::default(); slot_count],
            lists: [L::NIL; LISTS],
        }
    }
}

impl<L: Link> Memory for Owned<L> {
    type Link = L;

    fn heads(&self) -> &[L] {
        &self.heads
    }

    fn heads_mut(&mut self) -> &mut [L] {
        &mut self.heads
    }

    fn slots(&self) -> &[Slot<L>] {
        &self.slots
    }

    fn slots_mut(&mut self) -> &mut [Slot<L>] {
        &mut self.slots
    }

    fn lists(&self) -> &[L; LISTS] {
        &self.lists
    }

    fn lists_mut(&mut self) -> &mut [L; LISTS] {
        &mut self.lists
    }
}
