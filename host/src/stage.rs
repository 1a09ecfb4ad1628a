//! The stage that parts of datagrams pass: as Linux has it, or as the gateway.

use keeptrack_core::fragment::{AsLinux, Follow, Fragments, Gathered, Limits, Queue, Run};
use keeptrack_core::{Fragment, Instant, Packet, Tracked};
use keeptrack_gateway::FOLLOWED;

/// How many datagrams may wait for parts of them at once, and how many stretches of them: Linux's
/// thresholds let less wait, of which each part takes 704 bytes and each datagram 184 besides.
const QUEUES: usize = 10_000;
const RUNS: usize = 12_000;

/// A stage.
#[derive(Debug)]
pub enum Stage {
    /// It holds the parts until the datagram is complete, and tracks that once.
    AsLinux(AsLinux<Box<[Queue]>, Box<[Run]>>),
    /// It tracks the first part, and gives the others its verdict.
    Follow(Box<Follow<FOLLOWED>>),
}

impl Stage {
    /// Linux's, which waits so long for so much.
    pub(crate) fn as_linux(limits: Limits) -> Self {
        let (queues, runs) = (vec![Queue::EMPTY; QUEUES], vec![Run::EMPTY; RUNS]);
        Self::AsLinux(AsLinux::new(queues.into(), runs.into(), limits))
    }

    /// The gateway's.
    pub(crate) fn of_gateway() -> Self {
        Self::Follow(Box::default())
    }

    /// Whether a part that comes out of it stands for all of its datagram.
    pub(crate) const fn reassembles(&self) -> bool {
        matches!(self, Self::AsLinux(_))
    }

    /// Datagrams of which some parts came, and not all.
    pub(crate) fn incomplete_count(&self) -> u64 {
        match self {
            Self::AsLinux(held) => held.timed_out_count() + held.waiting_count() as u64,
            Self::Follow(_) => 0,
        }
    }
}

impl Fragments for Stage {
    fn gather<'p>(&'p mut self, now: Instant, packet: &Packet<'p>, part: Fragment) -> Gathered<'p> {
        match self {
            Self::AsLinux(stage) => stage.gather(now, packet, part),
            Self::Follow(stage) => stage.gather(now, packet, part),
        }
    }

    fn note(&mut self, packet: &Packet<'_>, part: Fragment, answer: &Tracked<'_>) {
        match self {
            Self::AsLinux(stage) => stage.note(packet, part, answer),
            Self::Follow(stage) => stage.note(packet, part, answer),
        }
    }
}
