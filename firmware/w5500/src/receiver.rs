//! Frames that come in: out of the chip's FIFO, and to whoever asks.
//!
//! In the FIFO each frame has its length in front, in two bytes that count themselves. The length of
//! the next frame is read with the one before it, so that each but the first takes one transfer.

use heapless::Vec;
use keeptrack_gateway::Faults;

use crate::buffer::{Buffer, Frame, LONGEST};
use crate::bus::{Bus, Direction, Transfer};
use crate::chip::{Chip, FIFO_LEN, received};
use crate::trouble::Trouble;

/// What says the length of a frame, in front of it.
const LENGTH_LEN: u16 = 2;

/// The shortest frame, an Ethernet header, and the longest, with their lengths.
const SHORTEST_RECORD: u16 = 14 + LENGTH_LEN;
const LONGEST_RECORD: u16 = LONGEST + LENGTH_LEN;

/// The longest that may come in: the frame has two VLAN tags. Whether the chip takes in what it could
/// not send is not documented. Who sends such a frame is not to empty the FIFO by it.
const LONGEST_TAGGED: u16 = LONGEST_RECORD + 8;

/// How much is read before it is freed: the chip has room for new frames then.
const FREED_AT_ONCE: u16 = FIFO_LEN / 4;

/// Whether another frame fits the FIFO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Enough,
    None,
}

#[derive(Debug)]
pub(crate) struct Receiver<const N: usize> {
    /// The port's buffers that are nowhere else.
    free: Vec<&'static mut Buffer, N>,
    /// A frame that nobody has asked for yet. There is one at the most: the next stays with the bus.
    ready: Option<Frame>,
    /// Where the next frame's length lies.
    read_to: u16,
    /// What the chip was told of that last.
    freed_to: u16,
    /// How much the FIFO is known to hold from there on.
    left: u16,
    /// The length of the next frame, with what says it, when it has been read.
    next: Option<u16>,
    /// Whether there may be more than is known.
    is_due: bool,
}

impl<const N: usize> Receiver<N> {
    pub(crate) fn new(buffers: &'static mut [Buffer; N]) -> Self {
        let mut free = Vec::new();
        for buffer in buffers {
            let pushed = free.push(buffer);
            debug_assert!(pushed.is_ok(), "there are as many places");
        }
        Self { free, ready: None, read_to: 0, freed_to: 0, left: 0, next: None, is_due: false }
    }

    /// Begins with an empty FIFO, at this address.
    pub(crate) fn restart(&mut self, read_to: u16) {
        (self.read_to, self.freed_to) = (read_to, read_to);
        (self.left, self.next, self.is_due) = (0, None, true);
    }

    /// A frame may have come in.
    pub(crate) fn look_again(&mut self) {
        self.is_due = true;
    }

    pub(crate) fn take(&mut self) -> Option<Frame> {
        self.ready.take()
    }

    pub(crate) fn has_frame(&self) -> bool {
        self.ready.is_some()
    }

    /// Whether the FIFO holds frames that have not been read, as far as is known.
    pub(crate) fn has_more(&self) -> bool {
        self.left > 0
    }

    /// Whether something can be done, unless a command is under way.
    pub(crate) fn has_work(&self) -> bool {
        self.to_free().is_some() || self.wants_len() || self.may_begin()
    }

    /// Takes a buffer back.
    pub(crate) fn put(&mut self, buffer: &'static mut Buffer) {
        let pushed = self.free.push(buffer);
        debug_assert!(pushed.is_ok(), "there is a place for each of the port's own");
    }

    /// What the chip is to free, when that is worth a command.
    pub(crate) fn to_free(&self) -> Option<u16> {
        let read_len = self.read_to.wrapping_sub(self.freed_to);
        let is_worth_it = read_len >= FREED_AT_ONCE || self.left == 0 && read_len > 0;
        is_worth_it.then_some(self.read_to)
    }

    /// The chip frees it.
    pub(crate) fn freed(&mut self) {
        self.freed_to = self.read_to;
    }

    /// Whether the chip should be asked how much it holds: everything that is known has been read.
    pub(crate) fn wants_len(&self) -> bool {
        self.left == 0 && self.is_due
    }

    /// Asks it. Says whether the FIFO was too full for a longest frame, so that some may be lost;
    /// nothing when it is to be asked again.
    pub(crate) fn ask_len(&mut self, chip: &mut impl Bus) -> Result<Option<Room>, Trouble> {
        let Some(waiting_len) = chip.waiting_len(self.read_to)? else { return Ok(None) };
        (self.left, self.is_due) = (waiting_len, false);
        let room = FIFO_LEN.saturating_sub(self.left);
        Ok(Some(if room < LONGEST_RECORD { Room::None } else { Room::Enough }))
    }

    fn may_begin(&self) -> bool {
        self.left > 0 && !self.free.is_empty()
    }

    /// Begins to read the next frame, if there is one and a buffer for it. Those that no buffer holds
    /// are counted, and stay unread.
    pub(crate) fn begin(
        &mut self,
        chip: &mut impl Bus,
        faults: &mut Faults,
    ) -> Result<Option<Transfer>, Trouble> {
        while self.may_begin() {
            let record_len = match self.next {
                Some(len) => len,
                None => judge(chip.word(self.read_to)?, self.left)?,
            };
            if record_len <= LONGEST_RECORD {
                self.next = Some(record_len);
                return Ok(self.transfer(record_len));
            }
            faults.giant = faults.giant.wrapping_add(1);
            self.pass(record_len);
        }
        Ok(None)
    }

    /// A frame has been read, into this buffer. The one before it has been taken.
    pub(crate) fn end(&mut self, buffer: &'static mut Buffer) -> Result<(), Trouble> {
        let record_len = self.next.unwrap_or_default();
        let len = record_len.saturating_sub(LENGTH_LEN);
        self.pass(record_len);
        if self.left > 0 {
            let behind = u16::from_be_bytes(buffer.behind(len).unwrap_or_default());
            match judge(behind, self.left) {
                Ok(next) => self.next = Some(next),
                Err(trouble) => {
                    self.put(buffer);
                    return Err(trouble);
                }
            }
        }
        self.ready = Some(Frame { buffer, len });
        Ok(())
    }

    /// Brings the next frame, with the length of the one behind it if there is one.
    fn transfer(&mut self, record_len: u16) -> Option<Transfer> {
        let behind_len = if record_len < self.left { LENGTH_LEN } else { 0 };
        let body_len = record_len.wrapping_sub(LENGTH_LEN).wrapping_add(behind_len);
        let from = received(self.read_to.wrapping_add(LENGTH_LEN));
        let buffer = self.free.pop();
        buffer.map(|buffer| Transfer::new(buffer, from, body_len, Direction::Read))
    }

    /// Goes on behind a frame.
    fn pass(&mut self, record_len: u16) {
        self.read_to = self.read_to.wrapping_add(record_len);
        self.left = self.left.saturating_sub(record_len);
        self.next = None;
    }
}

/// A frame's length with what says it, when `left` bytes may hold such a frame.
fn judge(record_len: u16, left: u16) -> Result<u16, Trouble> {
    match record_len {
        SHORTEST_RECORD..=LONGEST_TAGGED if record_len <= left => Ok(record_len),
        ..SHORTEST_RECORD => Err(Trouble::Runt),
        SHORTEST_RECORD..=LONGEST_RECORD => Err(Trouble::OutOfStep),
        _ => Err(Trouble::Giant),
    }
}
