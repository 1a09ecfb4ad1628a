//! Two ports over one MAC: the VLANs of an 802.1Q trunk, as of a switch chip beside a
//! microcontroller.
//!
//! A frame is copied into a buffer once, tag and all. There its addresses and its tag change places,
//! so that it is an untagged frame from the fifth byte on; to be sent it gets its tag back, with the
//! other port's VLAN in it. The four bits beside the VLAN stay what they were. A second tag is
//! payload.
//!
//! The buffers are both ports': whoever fetches a frame of the other port leaves it for that one.

mod frame;

use core::cell::RefCell;

use keeptrack_gateway::{Faults, LinkState, Port, Side};

use crate::mac::Mac;
use frame::Received;
pub use frame::{Buffer, Frame, VlanId};

/// How many frames one call looks at before others have their turn.
const LOOKS: usize = 16;

/// The trunk, with `N` buffers for frames on their way.
#[derive(Debug)]
pub struct Trunk<'b, M, const N: usize> {
    shared: RefCell<Shared<'b, M, N>>,
}

/// One of its two ports.
#[derive(Debug)]
pub struct TrunkPort<'t, 'b, M, const N: usize> {
    trunk: &'t Trunk<'b, M, N>,
    side: Side,
}

/// What the ports have in common.
#[derive(Debug)]
struct Shared<'b, M, const N: usize> {
    mac: M,
    vlans: [VlanId; 2],
    free: heapless::Vec<&'b mut Buffer, N>,
    /// Frames of one port, fetched by the other. Who fetches has no frame in here.
    parked: heapless::Deque<Frame<'b>, N>,
    foreign: u32,
    runt: u32,
}

impl<'b, M: Mac, const N: usize> Trunk<'b, M, N> {
    /// A trunk on `mac`, which carries the two ports as these VLANs.
    #[must_use]
    pub fn new(mac: M, vlans: [VlanId; 2], buffers: &'b mut [Buffer; N]) -> Self {
        let (free, parked) = (buffers.iter_mut().collect(), heapless::Deque::new());
        let shared = Shared { mac, vlans, free, parked, foreign: 0, runt: 0 };
        Self { shared: RefCell::new(shared) }
    }

    /// The ports, left and right.
    #[must_use]
    pub const fn ports(&self) -> [TrunkPort<'_, 'b, M, N>; 2] {
        [TrunkPort { trunk: self, side: Side::Left }, TrunkPort { trunk: self, side: Side::Right }]
    }

    /// Forgets why the MAC has interrupted: to be called before the ports are asked for frames.
    pub fn acknowledge(&self) {
        self.with(|shared| shared.mac.acknowledge());
    }

    /// Whether a frame waits for one of the ports: then there may be no interrupt to wait for.
    #[must_use]
    pub fn has_frame(&self) -> bool {
        self.with(|shared| !shared.parked.is_empty() || shared.mac.has_frame()).unwrap_or(false)
    }

    /// Nothing, in the middle of another call: of which there is none, since a MAC does not know its
    /// trunk.
    fn with<T>(&self, act: impl FnOnce(&mut Shared<'b, M, N>) -> T) -> Option<T> {
        self.shared.try_borrow_mut().ok().map(|mut shared| act(&mut shared))
    }
}

impl<'b, M: Mac, const N: usize> Shared<'b, M, N> {
    /// The next frame of the port on `side`. Those of the other that come first are left for it.
    fn receive(&mut self, side: Side) -> Option<Frame<'b>> {
        if self.parked.front().is_some_and(|frame| frame.side() == side) {
            return self.parked.pop_front();
        }
        for _ in 0..LOOKS {
            let buffer = self.free.pop()?;
            let Some(len) = self.mac.receive(buffer.bytes_mut()) else {
                self.release(buffer);
                return None;
            };
            match Frame::untag(buffer, len, self.vlans) {
                Received::Frame(frame) if frame.side() == side => return Some(frame),
                Received::Frame(frame) => {
                    // There is room: fewer than N buffers are anywhere else.
                    if let Err(frame) = self.parked.push_back(frame) {
                        self.release(frame.into_buffer());
                    }
                }
                Received::Foreign(buffer) => {
                    self.foreign = self.foreign.wrapping_add(1);
                    self.release(buffer);
                }
                Received::Runt(buffer) => {
                    self.runt = self.runt.wrapping_add(1);
                    self.release(buffer);
                }
            }
        }
        None
    }

    fn transmit(&mut self, side: Side, frame: Frame<'b>) -> Result<(), Frame<'b>> {
        let [left, right] = self.vlans;
        let tagged = frame.tag(match side {
            Side::Left => left,
            Side::Right => right,
        });
        match self.mac.transmit(tagged.bytes()) {
            Ok(()) => {
                self.release(tagged.into_buffer());
                Ok(())
            }
            Err(_) => Err(tagged.untag()),
        }
    }

    fn release(&mut self, buffer: &'b mut Buffer) {
        // There is room: all N buffers came from here.
        let _ = self.free.push(buffer);
    }
}

impl<'b, M: Mac, const N: usize> Port for TrunkPort<'_, 'b, M, N> {
    type Frame = Frame<'b>;

    fn link(&mut self) -> LinkState {
        self.trunk.with(|shared| shared.mac.link()).unwrap_or_default()
    }

    fn receive(&mut self) -> Option<Frame<'b>> {
        self.trunk.with(|shared| shared.receive(self.side))?
    }

    fn transmit(&mut self, frame: Frame<'b>) -> Result<(), Frame<'b>> {
        match self.trunk.shared.try_borrow_mut() {
            Ok(mut shared) => shared.transmit(self.side, frame),
            Err(_) => Err(frame),
        }
    }

    /// Nothing: a MAC copies what it sends, and the buffer is free at once.
    fn reclaim(&mut self) -> Option<Frame<'b>> {
        None
    }

    fn recycle(&mut self, frame: Frame<'b>) {
        self.trunk.with(|shared| shared.release(frame.into_buffer()));
    }

    /// What is nobody's is counted at the left port: what the MAC counts, and frames of no VLAN.
    fn faults(&self) -> Faults {
        let of_both = |shared: &mut Shared<'b, M, N>| {
            let faults = shared.mac.faults();
            let runt = faults.runt.wrapping_add(shared.runt);
            Faults { runt, foreign: shared.foreign, ..faults }
        };
        match self.side {
            Side::Left => self.trunk.with(of_both).unwrap_or_default(),
            Side::Right => Faults::default(),
        }
    }
}

#[cfg(test)]
mod tests;
