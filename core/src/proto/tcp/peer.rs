//! What is known of one side of a TCP connection: how far it has sent, and how far it may.

use super::span::{Span, is_after};
use crate::packet::{Tcp, TcpFlags};

/// What one side has sent, and what the other takes from it.
///
/// Until the first segment of a side is seen all of it is zero. Packed, because alignment would cost
/// each entry four bytes.
#[derive(Debug, Default, Clone, Copy)]
#[repr(C, packed(2))]
pub(super) struct Peer {
    /// The sequence number behind the last byte that it sent.
    pub(super) end: u32,
    /// The first sequence number that the other side does not take from it.
    pub(super) max_end: u32,
    /// The largest window that it has offered, scaled; 0 means that it was not heard yet.
    pub(super) max_window: u32,
    /// The furthest that it has acknowledged, when [`Marks::MAX_ACK`] is set.
    pub(super) max_ack: u32,
    /// By how many bits its window is to be shifted.
    pub(super) scale: u8,
    pub(super) marks: Marks,
}

/// What was noted of one side, and of a SYN that was let pass: bits as ctnetlink numbers them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks(u8);

impl Marks {
    /// Its SYN had the window scale option.
    pub(super) const SCALES: Self = Self(0x01);
    /// Its SYN permitted SACK.
    pub(super) const SACK: Self = Self(0x02);
    /// Its FIN was the first.
    pub(super) const CLOSES: Self = Self(0x04);
    /// It was picked up in its middle, its scale is unknown: no window is held against it.
    pub(super) const LIBERAL: Self = Self(0x08);
    /// What it sent last is not acknowledged yet.
    pub(super) const UNACKNOWLEDGED: Self = Self(0x10);
    /// It has acknowledged something.
    pub(super) const MAX_ACK: Self = Self(0x20);
    /// A SYN passed in LAST_ACK, which the other side may challenge (RFC 5961, section 4).
    pub(super) const CHALLENGE: Self = Self(0x40);
    /// Both peers have sent a SYN first.
    pub(super) const SIMULTANEOUS: Self = Self(0x80);

    pub(super) const NONE: Self = Self(0);
    /// What was noted of a side that was heard in the middle of a connection.
    pub(super) const PICKED_UP: Self = Self(Self::SACK.0 | Self::LIBERAL.0);

    /// What the options of a SYN say.
    pub(super) fn of_syn(segment: &Tcp) -> Self {
        let mut marks = Self::default();
        if segment.window_scale.is_some() {
            marks.set(Self::SCALES);
        }
        if segment.sack_permitted {
            marks.set(Self::SACK);
        }
        marks
    }

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(super) const fn set(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(super) const fn clear(&mut self, other: Self) {
        self.0 &= !other.0;
    }

    /// Those that are in `other`, too.
    const fn only(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Peer {
    /// The sender of the first segment of a connection.
    #[inline(always)]
    pub(super) fn of_first(segment: &Tcp) -> Self {
        let end = Span::end_of(segment);
        let max_window = u32::from(segment.window).max(1);
        let (max_end, scale, marks) = if segment.flags.has(TcpFlags::SYN) {
            (end, segment.window_scale.unwrap_or(0), Marks::of_syn(segment))
        } else {
            (end.wrapping_add(max_window), 0, Marks::PICKED_UP)
        };
        Self { end, max_end, max_window, max_ack: 0, scale, marks }
    }

    /// Forgets all that this side has sent, but not that it was picked up in the middle.
    pub(super) fn forget(&mut self) {
        *self = Self { marks: self.marks.only(Marks::LIBERAL), ..Self::default() };
    }

    /// Takes a SYN of this side for its first segment.
    pub(super) fn open(&mut self, segment: &Tcp, span: &Span) {
        self.end = span.end;
        self.max_end = span.end;
        self.max_window = span.window.max(1);
        self.read_options(segment);
    }

    /// Takes a segment in the middle of a connection for the first one of this side. If the other
    /// side was not heard either, what is acknowledged is what that has sent.
    pub(super) fn pick_up(&mut self, other: &mut Self, span: &Span) {
        self.end = span.end;
        self.max_window = span.window.wrapping_shl(self.scale.into()).max(1);
        self.max_end = span.end.wrapping_add(self.max_window);
        if other.max_window == 0 {
            (other.end, other.max_end) = (span.sack, span.sack);
        } else if span.sack == other.end.wrapping_add(1) {
            // The answer to a keepalive, whose byte was sent before and is not in `end`.
            other.end = span.sack;
        }
    }

    /// Notes a segment that fits, sent by this side to `receiver`.
    pub(super) fn advance(&mut self, receiver: &mut Self, segment: &Tcp, span: &Span) {
        let is_syn = segment.flags.has(TcpFlags::SYN);
        let shift = if is_syn { 0 } else { self.scale };
        let window = span.window.wrapping_shl(shift.into());
        let sacked = span.sack.wrapping_sub(span.ack);
        self.max_window = self.max_window.max(window.wrapping_add(sacked));
        if is_after(span.end, self.end) {
            self.end = span.end;
            self.marks.set(Marks::UNACKNOWLEDGED);
        }
        if segment.flags.has(TcpFlags::ACK) {
            self.acknowledge(span.ack);
        }
        if receiver.max_window != 0 && is_after(span.end, self.max_end) {
            let beyond = span.end.wrapping_sub(self.max_end);
            receiver.max_window = receiver.max_window.wrapping_add(beyond);
        }
        let taken = span.sack.wrapping_add(window);
        if is_after(taken, receiver.max_end.wrapping_sub(1)) {
            // Into a closed window goes a probe of one byte.
            receiver.max_end = if window == 0 { taken.wrapping_add(1) } else { taken };
        }
        if span.ack == receiver.end {
            receiver.marks.clear(Marks::UNACKNOWLEDGED);
        }
    }

    fn acknowledge(&mut self, ack: u32) {
        if !self.marks.has(Marks::MAX_ACK) || is_after(ack, self.max_ack) {
            self.max_ack = ack;
            self.marks.set(Marks::MAX_ACK);
        }
    }

    /// Takes over what the options of a SYN say; one without any leaves what an earlier one said.
    fn read_options(&mut self, segment: &Tcp) {
        if segment.options_len == 0 {
            return;
        }
        let liberal = self.marks.only(Marks::LIBERAL);
        self.marks = Marks::of_syn(segment);
        self.marks.set(liberal);
        self.scale = segment.window_scale.unwrap_or(0);
    }
}
