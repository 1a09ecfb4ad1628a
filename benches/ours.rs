//! keeptrack-core as the host runs it: `u32` links, memory on the heap.

use keeptrack_core::{
    Config, Conntrack, Instant, LISTS, Link, LinkType, Memory, Node, OnFull, Packet, Seed, Slot,
    Step, Tracked,
};

use crate::{Answer, Tracker};

/// The memory of a table, which one round after another uses.
#[derive(Debug)]
pub(crate) struct Heap {
    chains: Box<[u32]>,
    slots: Box<[Slot]>,
    nodes: Box<[Node<u32>]>,
    lists: Box<[u32; LISTS]>,
}

impl Heap {
    pub(crate) fn new(slot_count: usize) -> Self {
        Self {
            chains: vec![u32::NIL; slot_count].into(),
            slots: vec![Slot::default(); slot_count].into(),
            nodes: vec![Node::default(); slot_count].into(),
            lists: Box::new([u32::NIL; LISTS]),
        }
    }
}

/// The memory, lent for a round.
#[derive(Debug)]
pub(crate) struct Lent<'m> {
    chains: &'m mut [u32],
    slots: &'m mut [Slot],
    nodes: &'m mut [Node<u32>],
    lists: &'m mut [u32; LISTS],
}

impl Memory for Lent<'_> {
    type Link = u32;

    fn chains(&self) -> &[u32] {
        self.chains
    }

    fn chains_mut(&mut self) -> &mut [u32] {
        self.chains
    }

    fn slots(&self) -> &[Slot] {
        self.slots
    }

    fn slots_mut(&mut self) -> &mut [Slot] {
        self.slots
    }

    fn nodes(&self) -> &[Node<u32>] {
        self.nodes
    }

    fn nodes_mut(&mut self) -> &mut [Node<u32>] {
        self.nodes
    }

    fn lists(&self) -> &[u32; LISTS] {
        self.lists
    }

    fn lists_mut(&mut self) -> &mut [u32; LISTS] {
        self.lists
    }
}

/// A tracker over such memory.
pub(crate) struct Ours<'m, P>(Conntrack<Lent<'m>, P>);

impl<'m, P: OnFull> Ours<'m, P> {
    /// An empty one.
    pub(crate) fn new(Heap { chains, slots, nodes, lists }: &'m mut Heap, policy: P) -> Self {
        let memory = Lent { chains, slots, nodes, lists };
        let ct = Conntrack::new(memory, Config::DEFAULT, Seed([7; 16]));
        Self(ct.expect("a table of that size").on_full(policy))
    }
}

impl<P: OnFull> Tracker for Ours<'_, P> {
    fn turn(&mut self, now: Instant) {
        while !matches!(self.0.expire(now), Step::Idle) {}
    }

    fn packet(&mut self, now: Instant, frame: &[u8]) -> Answer {
        let Ok(packet) = Packet::parse(LinkType::Ethernet, frame) else { return Answer::Other };
        match self.0.track(now, &packet) {
            Tracked::Known { change, .. } if change.timeout.is_some() => Answer::Refreshed,
            Tracked::First(first) => match first.confirm() {
                Ok(_) => Answer::Made,
                Err(_) => Answer::Other,
            },
            _ => Answer::Other,
        }
    }
}
