//! How far each side of a TCP connection has sent, and whether that was acknowledged.

use crate::packet::{Tcp, TcpFlags};
use crate::tuple::Direction;

use super::TcpState;

/// What both sides have sent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Window {
    original: Sent,
    reply: Sent,
}

/// What one side has sent.
#[derive(Debug, Clone, Copy, Default)]
struct Sent {
    /// The sequence number behind the last byte of it.
    end: u32,
    /// It has sent anything at all; before, `end` means nothing.
    any: bool,
    /// The other side has not acknowledged `end` since it moved on.
    unacknowledged: bool,
}

impl Window {
    /// A segment that the state table has let pass in `state`.
    pub(super) fn advance(&mut self, dir: Direction, segment: &Tcp, state: TcpState) {
        let (sender, receiver) = match dir {
            Direction::Original => (&mut self.original, &mut self.reply),
            Direction::Reply => (&mut self.reply, &mut self.original),
        };
        let end = end(segment);
        let opens = segment.flags.has(TcpFlags::SYN)
            && matches!(state, TcpState::None | TcpState::SynSent | TcpState::SynRecv);
        if !sender.any || (opens && is_after(end, sender.end)) {
            // The first one, or a SYN of another incarnation: nothing is owed for it.
            sender.end = end;
            sender.any = true;
        } else if is_after(end, sender.end) {
            sender.end = end;
            sender.unacknowledged = true;
        }
        if acknowledged(segment).is_none_or(|acknowledged| acknowledged == receiver.end) {
            receiver.unacknowledged = false;
        }
    }

    /// Whether either side waits for an acknowledgement.
    pub(super) const fn is_unacknowledged(&self) -> bool {
        self.original.unacknowledged || self.reply.unacknowledged
    }
}

/// The sequence number behind a segment: SYN and FIN take one each (RFC 9293, section 3.4).
fn end(segment: &Tcp) -> u32 {
    let flags = segment.flags;
    let controls = u32::from(flags.has(TcpFlags::SYN)) | u32::from(flags.has(TcpFlags::FIN));
    segment.seq.wrapping_add(segment.payload_len).wrapping_add(controls)
}

/// What a segment acknowledges. A reset may carry a zero that means nothing; what has no
/// acknowledgement counts as one of everything, as in Linux.
fn acknowledged(segment: &Tcp) -> Option<u32> {
    let flags = segment.flags;
    let means_nothing = flags.has(TcpFlags::RST) && segment.ack == 0;
    (flags.has(TcpFlags::ACK) && !means_nothing).then_some(segment.ack)
}

/// Whether sequence number `a` lies behind `b`, round the end of the numbers.
const fn is_after(a: u32, b: u32) -> bool {
    (b.wrapping_sub(a)).cast_signed() < 0
}
