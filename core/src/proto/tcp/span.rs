//! The numbers of one segment as its windows see them, and how sequence numbers compare.

use super::peer::{Marks, Peer};
use crate::packet::{Tcp, TcpFlags};

/// From where to where a segment reaches, and what it says of the other side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) seq: u32,
    /// Behind its last byte.
    pub(super) end: u32,
    /// What it acknowledges.
    pub(super) ack: u32,
    /// The same, or the end of what it selectively acknowledges (RFC 2018).
    pub(super) sack: u32,
    /// Its window as on the wire.
    pub(super) window: u32,
}

impl Span {
    /// The span of a segment to `receiver`, whose SYN has permitted SACK or not.
    pub(super) fn of(segment: &Tcp, receiver: &Peer) -> Self {
        let edge = segment.sack_right_edge.filter(|_| receiver.marks.has(Marks::SACK));
        Self {
            seq: segment.seq,
            end: Self::end_of(segment),
            ack: segment.ack,
            sack: edge.unwrap_or(segment.ack),
            window: segment.window.into(),
        }
    }

    /// The sequence number behind a segment: SYN and FIN take one each (RFC 9293, section 3.4).
    pub(super) fn end_of(segment: &Tcp) -> u32 {
        let flags = segment.flags;
        // One at the most: what has both is INVALID by its flags.
        let controls = u32::from(flags.has(TcpFlags::SYN)) | u32::from(flags.has(TcpFlags::FIN));
        segment.seq.wrapping_add(segment.payload_len).wrapping_add(controls)
    }

    /// Lets a segment without acknowledgement, or a reset whose zero means nothing, acknowledge all
    /// that `receiver` sent.
    pub(super) fn mend_ack(&mut self, segment: &Tcp, receiver: &Peer) {
        let flags = segment.flags;
        let is_missing = !flags.has(TcpFlags::ACK) || (flags.has(TcpFlags::RST) && self.ack == 0);
        if is_missing {
            (self.ack, self.sack) = (receiver.end, receiver.end);
        }
    }
}

/// Whether sequence number `a` lies behind `b`, round the end of the numbers.
pub(super) const fn is_after(a: u32, b: u32) -> bool {
    (b.wrapping_sub(a)).cast_signed() < 0
}
