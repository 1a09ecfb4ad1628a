//! Frames that go out: into the chip's FIFO, one ahead of the one on the wire.

use heapless::{Deque, Vec};

use crate::buffer::{Buffer, Frame};
use crate::bus::{Direction, Transfer};
use crate::chip::to_send;

#[derive(Debug)]
pub(crate) struct Sender<const N: usize> {
    /// Frames that wait for the bus.
    waiting: Deque<Frame, N>,
    /// Frames that are done with, in any order.
    done: Vec<Frame, N>,
    /// Where the next frame goes in the FIFO.
    write_to: u16,
    /// Whether a frame lies before that which the chip was not told to send.
    is_written: bool,
    /// When the chip was told to send the frame on the wire.
    sends_since_us: Option<u32>,
}

impl<const N: usize> Sender<N> {
    pub(crate) const fn new() -> Self {
        Self {
            waiting: Deque::new(),
            done: Vec::new(),
            write_to: 0,
            is_written: false,
            sends_since_us: None,
        }
    }

    /// Begins with an empty FIFO, at this address.
    pub(crate) fn restart(&mut self, write_to: u16) {
        self.write_to = write_to;
    }

    /// Gives all frames up. Says how many are not known to have gone out.
    pub(crate) fn give_up(&mut self) -> u32 {
        let mut lost_count = u32::from(self.is_written);
        lost_count = lost_count.saturating_add(self.sends_since_us.is_some().into());
        (self.is_written, self.sends_since_us) = (false, None);
        while let Some(frame) = self.waiting.pop_front() {
            self.end(frame);
            lost_count = lost_count.saturating_add(1);
        }
        lost_count
    }

    /// Takes a frame to send.
    pub(crate) fn push(&mut self, frame: Frame) -> Result<(), Frame> {
        self.waiting.push_back(frame)
    }

    /// Whether something can be done, unless a command is under way.
    pub(crate) fn has_work(&self) -> bool {
        self.to_send().is_some() || !self.is_written && !self.waiting.is_empty()
    }

    /// A frame that is done with.
    pub(crate) fn pop(&mut self) -> Option<Frame> {
        self.done.pop()
    }

    /// Whether there is one.
    pub(crate) fn has_done(&self) -> bool {
        !self.done.is_empty()
    }

    /// Begins to write the next frame into the FIFO: the chip has room for two at any time.
    pub(crate) fn begin(&mut self) -> Option<Transfer> {
        if self.is_written {
            return None;
        }
        let Frame { buffer, len } = self.waiting.pop_front()?;
        Some(Transfer::new(buffer, to_send(self.write_to), len, Direction::Write))
    }

    /// The frame of this buffer is done with.
    pub(crate) fn end(&mut self, frame: Frame) {
        let pushed = self.done.push(frame);
        debug_assert!(pushed.is_ok(), "there are as many places as the other port has buffers");
    }

    /// It lies in the FIFO.
    pub(crate) fn written(&mut self, buffer: &'static mut Buffer, len: u16) {
        self.write_to = self.write_to.wrapping_add(len);
        self.is_written = true;
        self.end(Frame { buffer, len });
    }

    /// Where the frame ends that the chip should be told to send now.
    pub(crate) fn to_send(&self) -> Option<u16> {
        let may_send = self.is_written && self.sends_since_us.is_none();
        may_send.then_some(self.write_to)
    }

    /// The chip was told to.
    pub(crate) fn sends(&mut self, now_us: u32) {
        (self.is_written, self.sends_since_us) = (false, Some(now_us));
    }

    /// The frame on the wire is through.
    pub(crate) fn sent(&mut self) {
        self.sends_since_us = None;
    }

    pub(crate) fn sends_since_us(&self) -> Option<u32> {
        self.sends_since_us
    }
}
