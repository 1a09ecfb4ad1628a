//! The last segment of a TCP connection, as far as later ones are held against it.

use super::peer::{Marks, Peer};
use super::span::Span;
use super::state::Class;
use crate::packet::Tcp;
use crate::tuple::Direction;

/// The last segment: a SYN that passed without effect among them, since an answer to it tells that
/// both ends know more than the middle does.
///
/// Packed, because alignment would cost each entry two bytes and more.
#[derive(Debug, Clone, Copy)]
#[repr(C, packed(2))]
pub(super) struct Last {
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) end: u32,
    /// The window as on the wire.
    pub(super) window: u16,
    kind: Kind,
    /// How often the same segment has come again. It wraps, as in Linux.
    pub(super) retransmissions: u8,
    /// The options of a SYN that passed without effect.
    scale: u8,
    pub(super) marks: Marks,
}

impl Last {
    pub(super) const NONE: Self = Self {
        seq: 0,
        ack: 0,
        end: 0,
        window: 0,
        kind: Kind::NONE,
        retransmissions: 0,
        scale: 0,
        marks: Marks::NONE,
    };

    /// Whether it was of that class.
    pub(super) const fn is(&self, class: Class) -> bool {
        self.kind.0 & Kind::CLASS == class as u8
    }

    /// Whether it was of that class and direction.
    pub(super) const fn was(&self, class: Class, dir: Direction) -> bool {
        self.kind.0 & !Kind::BEHIND_RESET == Kind::of(class, dir).0
    }

    /// Whether what renewed the connection may have been a reset, whatever has come since without
    /// renewing it.
    pub(super) const fn renewed_by_reset(&self) -> bool {
        self.is(Class::Rst) || self.kind.0 & Kind::BEHIND_RESET != 0
    }

    /// Notes a segment that renews the connection.
    pub(super) const fn note(&mut self, class: Class, dir: Direction) {
        self.kind = Kind::of(class, dir);
    }

    /// Notes one that does not.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(super) const fn note_beside(&mut self, class: Class, dir: Direction) {
        let behind_reset = if self.renewed_by_reset() { Kind::BEHIND_RESET } else { 0 };
        self.kind = Kind(Kind::of(class, dir).0 | behind_reset);
    }

    /// Notes a segment that passes without effect.
    pub(super) fn note_passing(&mut self, class: Class, dir: Direction, segment: &Tcp) {
        self.note_beside(class, dir);
        (self.seq, self.end) = (segment.seq, Span::end_of(segment));
        self.window = segment.window;
        if class == Class::Syn && dir == Direction::Original {
            self.marks = Marks::of_syn(segment);
            self.scale = segment.window_scale.unwrap_or(0);
        }
    }

    /// The sender of the SYN that passed without effect, now that it is answered.
    pub(super) fn opened(&mut self) -> Peer {
        self.marks.clear(Marks::CHALLENGE);
        let (end, marks) = (self.end, self.marks);
        let max_window = u32::from(self.window).max(1);
        Peer { end, max_end: end, max_window, max_ack: 0, scale: self.scale, marks }
    }

    /// Notes the numbers of an acknowledgement that fits, and counts it if it is the same again.
    pub(super) fn count_retransmission(&mut self, dir: Direction, span: &Span, window: u16) {
        let last = (self.seq, self.ack, self.end, self.window);
        if self.kind.is_of(dir) && last == (span.seq, span.ack, span.end, window) {
            self.retransmissions = self.retransmissions.wrapping_add(1);
            return;
        }
        (self.seq, self.ack, self.end) = (span.seq, span.ack, span.end);
        (self.window, self.retransmissions) = (window, 0);
    }
}

/// The class of a segment in three bits, none before the first one, and its direction in the highest.
#[derive(Debug, Clone, Copy)]
struct Kind(u8);

impl Kind {
    const NONE: Self = Self(0);
    const CLASS: u8 = 7;
    /// It did not renew the connection; what had done so last was a reset.
    const BEHIND_RESET: u8 = 8;

    const fn of(class: Class, dir: Direction) -> Self {
        Self(class as u8 | (dir as u8).wrapping_shl(7))
    }

    const fn is_of(self, dir: Direction) -> bool {
        self.0.wrapping_shr(7) == dir as u8
    }
}
