//! A table's memory that counts how often a tracker reaches into it.

use std::cell::Cell;
use std::rc::Rc;

use keeptrack_core::{LISTS, Memory, Node, Slot};

use crate::memory::Owned;

/// How often a tracker has reached into its memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Touches(Rc<Cell<usize>>);

impl Touches {
    /// What `call` answers, and how often it reached into the memory.
    pub(super) fn of<T>(&self, call: impl FnOnce() -> T) -> (T, usize) {
        let before = self.0.get();
        let answer = call();
        (answer, self.0.get() - before)
    }

    fn one_more(&self) {
        self.0.set(self.0.get() + 1);
    }
}

/// Memory of which every call is counted: core reads or writes one slot, node, link or head of a
/// list after each.
#[derive(Debug)]
pub(super) struct Counted {
    memory: Owned,
    touches: Touches,
}

impl Counted {
    pub(super) fn new(slot_count: usize, touches: &Touches) -> Self {
        Self { memory: Owned::new(slot_count), touches: touches.clone() }
    }
}

impl Memory for Counted {
    type Link = u16;

    fn chains(&self) -> &[u16] {
        self.touches.one_more();
        self.memory.chains()
    }

    fn chains_mut(&mut self) -> &mut [u16] {
        self.touches.one_more();
        self.memory.chains_mut()
    }

    fn slots(&self) -> &[Slot] {
        self.touches.one_more();
        self.memory.slots()
    }

    fn slots_mut(&mut self) -> &mut [Slot] {
        self.touches.one_more();
        self.memory.slots_mut()
    }

    fn nodes(&self) -> &[Node<u16>] {
        self.touches.one_more();
        self.memory.nodes()
    }

    fn nodes_mut(&mut self) -> &mut [Node<u16>] {
        self.touches.one_more();
        self.memory.nodes_mut()
    }

    fn lists(&self) -> &[u16; LISTS] {
        self.touches.one_more();
        self.memory.lists()
    }

    fn lists_mut(&mut self) -> &mut [u16; LISTS] {
        self.touches.one_more();
        self.memory.lists_mut()
    }
}
