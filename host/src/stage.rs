//! The stage that parts of datagrams pass: as Linux has it, or as the gateway.

use keeptrack_core::fragment::{AsLinux, Follow, Fragments, Gathered, Limits, Queue, Run};
use keeptrack_core::{Fragment, Instant, Packet, Tracked};
use keeptrack_gateway::FOLLOWED;

/// How many datagrams may wait for parts of them at once, and how many stretches of them: Linux's
/// thresholds let less wait, of which each part takes 704 bytes and each datagram 184 besides.
const QUEUES: usize = 10_000;
const RUNS: usize = 12_000;

/// The parts that wait, as Linux has them wait.
type Parts = AsLinux<Box<[Queue]>, Box<[Run]>>;

/// A stage.
#[derive(Debug, Clone)]
pub enum Stage {
    /// It holds the parts until the datagram is complete, and tracks that once.
    /// Its memory comes with the first part.
    AsLinux(Limits, Option<Parts>),
    /// It tracks the first part, and gives the others its verdict.
    Follow(Box<Follow<FOLLOWED>>),
}

impl Stage {
    /// Linux's, which waits so long for so much.
    pub(crate) const fn as_linux(limits: Limits) -> Self {
        Self::AsLinux(limits, None)
    }

    /// The gateway's.
    pub(crate) fn of_gateway() -> Self {
        Self::Follow(Box::default())
    }

    /// Whether a part that comes out of it stands for all of its datagram.
    pub(crate) const fn reassembles(&self) -> bool {
        matches!(self, Self::AsLinux(..))
    }

    /// Datagrams of which some parts came, and not all.
    pub(crate) fn incomplete_count(&self) -> u64 {
        match self {
            Self::AsLinux(_, Some(held)) => held.timed_out_count() + held.waiting_count() as u64,
            Self::AsLinux(_, None) | Self::Follow(_) => 0,
        }
    }
}

impl Fragments for Stage {
    fn gather<'p>(&'p mut self, now: Instant, packet: &Packet<'p>, part: Fragment) -> Gathered<'p> {
        match self {
            Self::AsLinux(limits, stage) => {
                stage.get_or_insert_with(|| empty(*limits)).gather(now, packet, part)
            }
            Self::Follow(stage) => stage.gather(now, packet, part),
        }
    }

    fn note(&mut self, packet: &Packet<'_>, part: Fragment, answer: &Tracked<'_>) {
        match self {
            Self::AsLinux(_, Some(stage)) => stage.note(packet, part, answer),
            Self::AsLinux(_, None) => {}
            Self::Follow(stage) => stage.note(packet, part, answer),
        }
    }
}

/// Linux's stage, in which nothing waits.
fn empty(limits: Limits) -> Parts {
    let (queues, runs) = (vec![Queue::EMPTY; QUEUES], vec![Run::EMPTY; RUNS]);
    AsLinux::new(queues.into(), runs.into(), limits)
}
