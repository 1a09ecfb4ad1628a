//! A table's memory on the heap, of a size that is known at run time only.

use keeptrack_core::{LISTS, Link, Memory, Node, Slot};

/// Memory for so many connections.
#[derive(Debug)]
pub(crate) struct Owned<L = u16> {
    chains: Vec<L>,
    slots: Vec<Slot>,
    nodes: Vec<Node<L>>,
    lists: [L; LISTS],
}

impl<L: Link> Owned<L> {
    /// Empty memory of `slot_count` slots.
    pub(crate) fn new(slot_count: usize) -> Self {
        Self {
            chains: vec![L::NIL; slot_count],
            slots: vec![Slot::default(); slot_count],
            nodes: vec![Node::default(); slot_count],
            lists: [L::NIL; LISTS],
        }
    }
}

impl<L: Link> Memory for Owned<L> {
    type Link = L;

    fn chains(&self) -> &[L] {
        &self.chains
    }

    fn chains_mut(&mut self) -> &mut [L] {
        &mut self.chains
    }

    fn slots(&self) -> &[Slot] {
        &self.slots
    }

    fn slots_mut(&mut self) -> &mut [Slot] {
        &mut self.slots
    }

    fn nodes(&self) -> &[Node<L>] {
        &self.nodes
    }

    fn nodes_mut(&mut self) -> &mut [Node<L>] {
        &mut self.nodes
    }

    fn lists(&self) -> &[L; LISTS] {
        &self.lists
    }

    fn lists_mut(&mut self) -> &mut [L; LISTS] {
        &mut self.lists
    }
}
