//! Fragments: a stage that a part of a datagram passes before any rule sees it, as in netfilter,
//! whose defragmentation comes before the raw table.
//!
//! Which one is a type parameter of [`Conntrack`](crate::Conntrack), so that each has the memory that
//! it needs, and packets that are whole pay for none:
//!
//! | stage | what it does with parts | memory |
//! |---|---|---|
//! | [`Single`] | tracks the first as a packet, calls the others INVALID | none |
//! | [`Follow`] | tracks the first, gives its verdict to the others, refuses those before it | `N` first parts |
//! | [`AsLinux`] | holds all until the datagram is complete, and tracks that once | the caller's queues |

mod follow;
mod head;
mod held;
mod linux;
mod queue;
mod runs;

use crate::invalid::Invalid;
use crate::packet::{Fragment, Packet};
use crate::time::Instant;
use crate::tracked::Tracked;

pub use follow::Follow;
pub use held::Held;
pub use linux::{AsLinux, Limits};
pub use queue::{HEAD_LEN, Queue};
pub use runs::Run;

/// The stage that parts of datagrams pass before they are tracked.
pub trait Fragments {
    /// What is to be tracked when `packet` comes, which is that `part` of a datagram. Bounded: an
    /// implementation states its worst case.
    fn gather<'p>(&'p mut self, now: Instant, packet: &Packet<'p>, part: Fragment) -> Gathered<'p>;

    /// Takes note of the answer about what [`gather`](Self::gather) gave to be tracked.
    fn note(&mut self, _packet: &Packet<'_>, _part: Fragment, _answer: &Tracked<'_>) {}
}

impl<F: Fragments + ?Sized> Fragments for &mut F {
    fn gather<'p>(&'p mut self, now: Instant, packet: &Packet<'p>, part: Fragment) -> Gathered<'p> {
        (**self).gather(now, packet, part)
    }

    fn note(&mut self, packet: &Packet<'_>, part: Fragment, answer: &Tracked<'_>) {
        (**self).note(packet, part, answer);
    }
}

/// What comes out of the stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gathered<'p> {
    /// This is to be tracked: the packet itself, the datagram that it completes, or what it is taken
    /// for.
    Packet(Packet<'p>),
    /// It is INVALID, as the first part of its datagram was.
    Invalid(Invalid),
    /// It goes no further.
    Held(Held),
}

/// Each part of a datagram on its own: the first is a packet like others, and those after it, which
/// have no header above IP, are INVALID.
#[derive(Debug, Clone, Copy, Default)]
pub struct Single;

impl Fragments for Single {
    fn gather<'p>(
        &'p mut self,
        _now: Instant,
        packet: &Packet<'p>,
        _part: Fragment,
    ) -> Gathered<'p> {
        Gathered::Packet(*packet)
    }
}
