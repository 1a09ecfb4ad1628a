//! The counters: every frame that a port hands over is in one of them.

use crate::port::{Faults, Side};

/// Why a frame goes nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Reason {
    /// No rules have been read yet, or those that lie in flash are damaged, and nothing may pass
    /// without them.
    Closed,
    /// It was carried just before, and its sender is heard at both ports: these are joined outside.
    Looped,
    /// It says that it is IP, and an IP layer would refuse it.
    Unreadable,
    /// A rule of PREROUTING drops it.
    Rule,
    /// It is a part of a datagram, and was refused.
    Held,
    /// A rule of FORWARD, or its policy, drops it.
    Filter,
    /// The table did not take its connection in.
    Refused,
    /// The port that it was to go out at had no room for it.
    Busy,
    /// Nobody is at the other end of the port that it was to go out at.
    NoLink,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Closed,
        Self::Looped,
        Self::Unreadable,
        Self::Rule,
        Self::Held,
        Self::Filter,
        Self::Refused,
        Self::Busy,
        Self::NoLink,
    ];

    /// How many there are.
    pub const COUNT: usize = 9;

    /// The reason in one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Looped => "looped",
            Self::Unreadable => "unreadable",
            Self::Rule => "rule",
            Self::Held => "held",
            Self::Filter => "filter",
            Self::Refused => "refused",
            Self::Busy => "busy",
            Self::NoLink => "no_link",
        }
    }
}

/// What became of the frames that came in at a port. Counters wrap at 2^64.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct PortCounts {
    /// All that came in.
    pub received: u64,
    /// Those that went out at the other port.
    pub forwarded: u64,
    dropped: [u64; Reason::COUNT],
    /// What the port itself refused, as of the last look.
    pub faults: Faults,
}

impl PortCounts {
    /// Those that went nowhere for this reason.
    #[must_use]
    pub fn dropped(&self, why: Reason) -> u64 {
        self.dropped.get(why as usize).copied().unwrap_or(0)
    }

    /// Counts a frame that came in, and went out unless there is a reason.
    pub(crate) fn count(&mut self, unsent: Option<Reason>) {
        add_one(&mut self.received);
        match unsent {
            None => add_one(&mut self.forwarded),
            Some(why) => self.dropped.get_mut(why as usize).map_or((), add_one),
        }
    }
}

fn add_one(count: &mut u64) {
    *count = count.wrapping_add(1);
}

/// What became of all frames.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    ports: [PortCounts; 2],
}

impl Counts {
    /// Of those that came in at a port.
    #[must_use]
    pub fn port(&self, side: Side) -> &PortCounts {
        let [left, right] = &self.ports;
        match side {
            Side::Left => left,
            Side::Right => right,
        }
    }

    pub(crate) fn port_mut(&mut self, side: Side) -> &mut PortCounts {
        side.of(&mut self.ports)
    }
}
