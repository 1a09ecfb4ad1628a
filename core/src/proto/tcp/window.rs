//! Whether a segment lies within the windows of its connection.
//!
//! The four bounds are those of van Rooij ("Real Stateful TCP Packet Filtering in IP Filter", 2000) as
//! Linux has had them since 6.1: what lies ahead of them is INVALID, what lies behind (old data and old
//! acknowledgements) passes without any effect.

use super::TcpTrack;
use super::peer::{Marks, Peer};
use super::span::{Span, is_after};
use super::state::{Class, TcpState};
use crate::config::TcpConfig;
use crate::invalid::Invalid;
use crate::packet::{Tcp, TcpFlags};
use crate::tuple::Direction;

/// By how much an acknowledgement may be late at least, whatever the windows: the largest unscaled
/// window, and a little more.
const LATE_ACK: u32 = 66_000;

/// Where a segment lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// Within the windows, or nobody knows them.
    Inside,
    /// Behind them, or so little ahead that a generous receiver may take it.
    Beside,
    /// Ahead of them.
    Outside(Invalid),
}

impl TcpTrack {
    /// Where a segment lies; and notes what it says if it fits.
    pub(super) fn fit(
        &mut self,
        dir: Direction,
        class: Class,
        segment: &Tcp,
        config: TcpConfig,
    ) -> Fit {
        let state = self.state;
        let [original, reply] = &mut self.peers;
        let (sender, receiver) = match dir {
            Direction::Original => (original, reply),
            Direction::Reply => (reply, original),
        };
        let mut span = Span::of(segment, receiver);
        if sender.begins((receiver, dir), segment, &span, state) == Begun::Simultaneously {
            return Fit::Inside;
        }
        span.mend_ack(segment, receiver);
        if segment.flags.has(TcpFlags::RST) && span.seq == 0 && state == TcpState::SynSent {
            // The answer to a SYN, of a host that has no sequence number to give.
            (span.seq, span.end) = (sender.end, sender.end);
        }
        let fit = sender.bounds(receiver, &span);
        if fit != Fit::Inside {
            let is_liberal = config.be_liberal || sender.marks.has(Marks::LIBERAL);
            return if is_liberal { Fit::Inside } else { fit };
        }
        sender.advance(receiver, segment, &span);
        if class == Class::Ack {
            self.last.count_retransmission(dir, &span, segment.window);
        }
        Fit::Inside
    }
}

/// What a segment is to what is known of its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begun {
    /// Nothing: it was heard before.
    No,
    /// Its first segment, or another SYN of it.
    Now,
    /// A SYN that answers none: the other side has sent one, too.
    Simultaneously,
}

impl Peer {
    /// Learns of this side from the first segment that it sends to `receiver`, or from a new SYN
    /// while the connection is not open.
    fn begins(
        &mut self,
        (receiver, dir): (&mut Self, Direction),
        segment: &Tcp,
        span: &Span,
        state: TcpState,
    ) -> Begun {
        let (is_syn, is_first) = (segment.flags.has(TcpFlags::SYN), self.max_window == 0);
        let is_opening = matches!(state, TcpState::SynSent | TcpState::SynRecv);
        let is_again = is_syn && is_opening && is_after(span.end, self.end);
        if is_first && !is_syn {
            self.pick_up(receiver, span);
            return Begun::Now;
        }
        if !(is_first || is_again) {
            return Begun::No;
        }
        self.open(segment, span);
        let scale = Marks::SCALES;
        if dir == Direction::Reply && !(self.marks.has(scale) && receiver.marks.has(scale)) {
            // Windows are scaled by both or by none (RFC 7323, section 1.3).
            (self.scale, receiver.scale) = (0, 0);
        }
        if segment.flags.has(TcpFlags::ACK) || !(is_first || dir == Direction::Reply) {
            return Begun::Now;
        }
        Begun::Simultaneously
    }

    /// Holds a segment of this side to `receiver` against the four bounds.
    fn bounds(&mut self, receiver: &Self, span: &Span) -> Fit {
        let is_acked_before = !is_after(span.sack, receiver.end);
        let late = self.max_window.max(LATE_ACK);
        let is_ack_timely = is_after(span.sack, receiver.end.wrapping_sub(late).wrapping_sub(1));
        let oldest = self.end.wrapping_sub(receiver.max_window).wrapping_sub(1);
        let is_new = is_after(span.end, oldest);
        if is_after(span.seq, self.max_end) {
            let excess = span.end.wrapping_sub(self.max_end).wrapping_add(1);
            let is_small = receiver.max_window != 0 && excess <= receiver.max_window;
            if !(is_small && is_new && is_ack_timely && is_acked_before) {
                return Fit::Outside(Invalid::TcpWindow);
            }
            // If the receiver takes it after all, its acknowledgement must fit.
            self.end = span.end;
            self.marks.set(Marks::UNACKNOWLEDGED);
            return Fit::Beside;
        }
        if !is_acked_before {
            return Fit::Outside(Invalid::TcpAck);
        }
        if (receiver.max_window == 0 || is_new) && is_ack_timely {
            Fit::Inside
        } else {
            Fit::Beside
        }
    }
}
