//! Ports that are slow, refuse, lose their link and have few buffers; and know where each buffer is.

use std::collections::VecDeque;

use fastrand::Rng;
use keeptrack_gateway::{Faults, LinkState, Port, Side};

/// As many buffers a port has as on the boards.
pub(crate) const BUFFERS: usize = 16;

/// A frame in one of a port's buffers.
#[derive(Debug)]
pub(crate) struct Buffered {
    buffer: Buffer,
    bytes: Vec<u8>,
}

/// A buffer: there is one of each number at each port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Buffer {
    of: Side,
    number: usize,
}

impl AsRef<[u8]> for Buffered {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// How often a port does what nobody likes, of a hundred times.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Manners {
    /// It has no room for a frame.
    pub(crate) refuses: u8,
    /// A frame that it sends stays a while.
    pub(crate) lingers: u8,
    /// It says that nothing has come in, though something has.
    pub(crate) dawdles: u8,
    /// Nobody is at its other end, when it is asked.
    pub(crate) is_down: u8,
}

/// A port.
#[derive(Debug)]
pub(crate) struct Mock {
    side: Side,
    manners: Manners,
    random: Rng,
    /// Buffers that may be filled.
    home: Vec<Buffer>,
    /// What waits on the wire for a buffer.
    pub(crate) incoming: VecDeque<Vec<u8>>,
    /// Frames of the other port that are being sent.
    sending: VecDeque<Buffered>,
    /// What has been sent.
    pub(crate) outgoing: Vec<Vec<u8>>,
    /// Frames handed over, and frames that it would not send.
    pub(crate) received_count: u64,
    pub(crate) refused_count: u64,
    /// Calls since it was last looked at: what a round of the loop costs.
    pub(crate) call_count: usize,
}

impl Mock {
    pub(crate) fn new(side: Side, manners: Manners) -> Self {
        Self {
            side,
            manners,
            random: Rng::with_seed(side as u64),
            home: (0..BUFFERS).map(|number| Buffer { of: side, number }).collect(),
            incoming: VecDeque::new(),
            sending: VecDeque::new(),
            outgoing: Vec::new(),
            received_count: 0,
            refused_count: 0,
            call_count: 0,
        }
    }

    /// From now on.
    pub(crate) fn behave(&mut self, manners: Manners) {
        self.manners = manners;
    }

    /// That each of its buffers is here, once.
    pub(crate) fn assert_all_home(&self) {
        let mut numbers: Vec<_> = self.home.iter().map(|buffer| buffer.number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, Vec::from_iter(0..BUFFERS), "{:?}: buffers are lost", self.side);
    }

    fn chance(&mut self, of_hundred: u8) -> bool {
        self.random.u8(..100) < of_hundred
    }
}

impl Port for Mock {
    type Frame = Buffered;

    fn link(&mut self) -> LinkState {
        if self.chance(self.manners.is_down) { LinkState::Down } else { LinkState::Up }
    }

    fn receive(&mut self) -> Option<Buffered> {
        self.call_count += 1;
        if self.incoming.is_empty() || self.chance(self.manners.dawdles) {
            return None;
        }
        let buffer = self.home.pop()?;
        self.received_count += 1;
        self.incoming.pop_front().map(|bytes| Buffered { buffer, bytes })
    }

    fn transmit(&mut self, frame: Buffered) -> Result<(), Buffered> {
        self.call_count += 1;
        assert_eq!(frame.buffer.of, self.side.other(), "a port's own frame comes back to it");
        if self.sending.len() == BUFFERS || self.chance(self.manners.refuses) {
            self.refused_count += 1;
            return Err(frame);
        }
        self.outgoing.push(frame.bytes.clone());
        self.sending.push_back(frame);
        Ok(())
    }

    fn reclaim(&mut self) -> Option<Buffered> {
        self.call_count += 1;
        if self.chance(self.manners.lingers) { None } else { self.sending.pop_front() }
    }

    fn recycle(&mut self, frame: Buffered) {
        self.call_count += 1;
        assert_eq!(frame.buffer.of, self.side, "a buffer comes home to another port");
        self.home.push(frame.buffer);
    }

    fn faults(&self) -> Faults {
        Faults::default()
    }
}
