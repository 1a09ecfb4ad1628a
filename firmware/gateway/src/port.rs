//! What the gateway asks of a network port: frames in, frames out, and whether there is a link.

use keeptrack_core::IfName;

/// One of the two ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Side {
    /// `eth0`: inside, by the built-in rules.
    Left,
    /// `eth1`: outside, by the built-in rules.
    Right,
}

impl Side {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Left, Self::Right];

    /// The port that frames of this one go out at.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }

    /// What rules and the log call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Left => "eth0",
            Self::Right => "eth1",
        }
    }

    /// The name as core has it.
    #[must_use]
    pub fn if_name(self) -> Option<IfName> {
        IfName::new(self.name().as_bytes())
    }

    /// This side's of two values.
    pub(crate) fn of<T>(self, [left, right]: &mut [T; 2]) -> &mut T {
        match self {
            Self::Left => left,
            Self::Right => right,
        }
    }
}

/// Whether somebody is at the other end of the wire.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum LinkState {
    /// Frames come and go.
    Up,
    /// Nobody is.
    #[default]
    Down,
}

/// What a port's hardware or driver refused, so that the gateway never saw it. Counters wrap.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Faults {
    /// Frames shorter than an Ethernet header.
    pub runt: u32,
    /// Frames longer than a buffer.
    pub giant: u32,
    /// Frames that came in with an error, and rings or queues that contradicted themselves.
    pub bad: u32,
    /// Frames that came faster than they were fetched.
    pub overrun: u32,
    /// Frames of a VLAN that is no port's.
    pub foreign: u32,
    /// Frames that could not be sent.
    pub transmit: u32,
}

/// A port of the bridge.
///
/// A frame is held in a buffer of the port at which it came in, and whoever holds the frame holds
/// the buffer. It goes round: `receive` takes it from the port, `transmit` gives it to the other,
/// whose `reclaim` has it back when it has left, and `recycle` returns it to the first. A port that
/// sends at once has it back at once; one that copies needs no more than one buffer.
///
/// No method waits, panics, or gives up for good: what the hardware does wrong is counted in
/// [`Faults`], and a device that does not go on is started anew.
pub trait Port {
    /// A frame, from the Ethernet header on, without the check sequence behind it.
    type Frame: AsRef<[u8]>;

    /// Whether somebody is at the other end; asked about once a second.
    fn link(&mut self) -> LinkState;

    /// The next frame that came in.
    fn receive(&mut self) -> Option<Self::Frame>;

    /// Sends a frame that the other port received.
    ///
    /// # Errors
    /// The frame, when there is no room for it now.
    fn transmit(&mut self, frame: Self::Frame) -> Result<(), Self::Frame>;

    /// The next frame of those that `transmit` took which is done with.
    fn reclaim(&mut self) -> Option<Self::Frame>;

    /// Takes back the buffer of a frame that this port received.
    fn recycle(&mut self, frame: Self::Frame);

    /// What went wrong so far.
    fn faults(&self) -> Faults;
}
