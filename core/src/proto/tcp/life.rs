//! How long a TCP connection lives after a segment.

use super::TcpTrack;
use super::peer::Marks;
use super::state::{Class, TcpState};
use crate::config::Config;
use crate::status::Status;
use crate::timeout::{Timeout, TimeoutPolicy};

impl TcpTrack {
    /// All that [`seconds`](Self::seconds) may have chosen from.
    pub(crate) const fn all_seconds(&self, timeouts: &TimeoutPolicy) -> [u32; 4] {
        let of_state = timeouts.seconds(self.state.timeout());
        // Without a reset, whoever has few seconds left has been idle for most of a longer time.
        let after_reset = if self.last.renewed_by_reset() { timeouts.tcp_close } else { of_state };
        [of_state, timeouts.tcp_max_retrans, timeouts.tcp_unacknowledged, after_reset]
    }

    /// The seconds that the connection lives after an accepted segment of `class`: those of its
    /// state, or fewer if an end may be gone.
    pub(super) fn seconds(&self, class: Class, status: Status, config: &Config) -> u32 {
        let timeouts = &config.timeouts;
        let of_state = timeouts.seconds(self.state.timeout());
        let retransmitting = of_state.min(timeouts.seconds(Timeout::TcpMaxRetrans));
        let unacknowledged = of_state.min(timeouts.seconds(Timeout::TcpUnacknowledged));
        let is_owed = self.peers.iter().any(|peer| peer.marks.has(Marks::UNACKNOWLEDGED));
        let is_repeated = self.last.retransmissions >= config.tcp.max_retrans;
        let seconds = if is_repeated && retransmitting < of_state {
            retransmitting
        } else if class == Class::Rst {
            // Whatever state the reset leaves it in.
            timeouts.seconds(Timeout::TcpClose)
        } else if is_owed && unacknowledged < of_state {
            unacknowledged
        } else if self.last.window == 0 {
            retransmitting
        } else {
            of_state
        };
        let is_picked_up = self.state == TcpState::Established && !status.has(Status::SEEN_REPLY);
        if is_picked_up {
            return seconds.min(timeouts.seconds(Timeout::TcpUnacknowledged));
        }
        seconds
    }
}
