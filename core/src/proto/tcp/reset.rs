//! Which resets are believed: a blind one must not end a connection (RFC 5961, section 3).

use super::TcpTrack;
use super::peer::Marks;
use super::span::is_after;
use super::state::{Class, TcpState};
use crate::config::TcpConfig;
use crate::packet::Tcp;
use crate::status::Status;
use crate::tuple::Direction;

/// What a reset may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reset {
    /// It closes, wherever it lies.
    Believed,
    /// It closes if it lies within the windows.
    Checked,
    /// It leaves the state as it is: the one that it is sent to may challenge it. It must lie within
    /// the windows all the same.
    Doubted,
    /// It lies before what its receiver has sent an acknowledgement for.
    Refused,
}

impl TcpTrack {
    /// What a reset may do to this connection.
    pub(super) fn reset(
        &self,
        dir: Direction,
        segment: &Tcp,
        status: Status,
        config: TcpConfig,
    ) -> Reset {
        if self.state.is_closing() {
            // The ports may be in use again, and all numbers be old ones.
            return Reset::Believed;
        }
        let other = self.peer(!dir);
        // A SYN that passed without effect has made the acknowledgement doubtful.
        if other.marks.has(Marks::MAX_ACK) && !self.last.is(Class::Syn) {
            let is_open = self.state == TcpState::Established && status.has(Status::ASSURED);
            if segment.seq == 0 && !is_open {
                return Reset::Checked;
            }
            if is_after(other.max_ack, segment.seq) && !config.ignore_invalid_rst {
                return Reset::Refused;
            }
            let follows = self.last.was(Class::Ack, dir) && segment.seq == self.last.end;
            if !is_open || segment.seq == other.max_ack || follows {
                return Reset::Checked;
            }
            return Reset::Doubted;
        }
        if self.answers_what_passed(dir, segment, status) {
            Reset::Believed
        } else {
            Reset::Checked
        }
    }

    /// Whether a reset answers a segment that passed without effect. A SYN is answered by the other
    /// side.
    fn answers_what_passed(&self, dir: Direction, segment: &Tcp, status: Status) -> bool {
        let last = &self.last;
        let (answered, assured) = (status.has(Status::SEEN_REPLY), status.has(Status::ASSURED));
        let may_have_passed =
            answered && last.was(Class::Syn, !dir) || !assured && last.is(Class::Ack);
        if may_have_passed && segment.ack == last.end {
            return true;
        }
        // A SYN was answered by the acknowledgement of an older connection.
        let is_challenged = last.was(Class::Ack, Direction::Reply);
        self.state == TcpState::SynSent && is_challenged && segment.seq == last.ack
    }
}
