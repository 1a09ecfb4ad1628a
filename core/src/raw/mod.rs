//! The raw table: which packets are left untracked, where the others are looked up, and what each
//! rule matched and did at each hook.
//!
//! As in Linux the rules are walked before tracking. PREROUTING sees what arrives, OUTPUT what this
//! host sends; a looping packet crosses OUTPUT first and is tracked there, so that a NOTRACK or CT
//! which it only meets at PREROUTING matches and has no effect. Of those that a packet meets the
//! first has its way, the others have no effect. What a full table does with the packet is settled
//! beside that, by the first rule that says it. Matches and effects are counted apart.

mod matches;
mod said;
mod sets;
mod table;
mod template;

use crate::packet::Packet;
use crate::timeout::TimeoutPolicy;

pub use matches::{
    Bits, EarlyState, Family, IcmpTypes, IfPattern, MAX_SETS, Matches, Network, PacketKind, Ports,
    Test,
};
pub use said::Said;
pub use sets::{NoSets, SetId, Sets};
pub use table::{ChainId, MAX_WALK, Policy, RawError, RawTable, Rule, RuleCount, Target};
pub use template::{Helper, PolicyId, Template, WhenFull};

/// The predicate that says before tracking whether a packet is tracked.
pub trait Raw {
    /// What becomes of `packet`. Bounded: an implementation states its worst case.
    fn classify(&mut self, packet: &Packet<'_>) -> RawVerdict;

    /// The policy of that number, which a template of these rules bears; `None` when there is none,
    /// and connections live by the configuration.
    fn timeouts(&self, id: PolicyId) -> Option<&TimeoutPolicy>;
}

impl<R: Raw + ?Sized> Raw for &mut R {
    fn classify(&mut self, packet: &Packet<'_>) -> RawVerdict {
        (**self).classify(packet)
    }

    fn timeouts(&self, id: PolicyId) -> Option<&TimeoutPolicy> {
        (**self).timeouts(id)
    }
}

/// No rules: every packet is tracked.
#[derive(Debug, Clone, Copy, Default)]
pub struct TrackAll;

impl Raw for TrackAll {
    fn classify(&mut self, _packet: &Packet<'_>) -> RawVerdict {
        RawVerdict::Track(Template::NONE)
    }

    fn timeouts(&self, _id: PolicyId) -> Option<&TimeoutPolicy> {
        None
    }
}

/// What the raw table says of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum RawVerdict {
    /// It is tracked, so.
    Track(Template),
    /// It passes untracked.
    NoTrack,
    /// It is dropped before it can be tracked.
    Drop,
}

/// A hook of the raw table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Hook {
    /// What arrives at an interface, loopback included.
    Prerouting,
    /// What this host sends, to itself included.
    Output,
}

impl Hook {
    /// Both, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Prerouting, Self::Output];

    /// The name of its chain.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prerouting => "PREROUTING",
            Self::Output => "OUTPUT",
        }
    }
}
