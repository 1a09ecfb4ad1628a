//! TCP: the state table, what it means for the life of an entry, and what begins a connection.

mod state;

pub use state::TcpState;
use state::{Class, Move};

use super::{Outcome, Track};
use crate::config::Config;
use crate::conn::Status;
use crate::invalid::Invalid;
use crate::packet::Tcp;
use crate::timeout::Timeout;
use crate::tuple::Direction;

/// How TCP is tracked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct TcpConfig {
    /// `nf_conntrack_tcp_loose`: a connection may be picked up in its middle.
    pub loose: bool,
}

impl TcpConfig {
    /// Linux's own settings.
    pub const DEFAULT: Self = Self { loose: true };
}

/// What is remembered of a TCP connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TcpTrack {
    state: TcpState,
    last: Class,
    last_dir: Direction,
    /// A FIN took the connection out of ESTABLISHED, from one side or the other.
    close_seen: bool,
}

impl TcpTrack {
    pub(crate) const fn state(&self) -> TcpState {
        self.state
    }

    /// Whether a SYN in direction `dir` finds a connection that is over and may make place for a
    /// new one: both sides agreed to end it, or the very host that now opens had reset it.
    fn is_over(&self, dir: Direction) -> bool {
        self.close_seen || (self.last == Class::Rst && self.last_dir == dir)
    }

    fn remember(&mut self, class: Class, dir: Direction) {
        self.last = class;
        self.last_dir = dir;
    }
}

pub(super) fn first(segment: &Tcp, config: &Config) -> Result<(Track, u32), Invalid> {
    let class = Class::of(segment.flags).ok_or(Invalid::TcpFlags)?;
    let Move::To(state) = Move::of(Direction::Original, class, TcpState::None) else {
        return Err(Invalid::TcpFirst);
    };
    if state != TcpState::SynSent && !config.tcp.loose {
        return Err(Invalid::TcpFirst);
    }
    let last_dir = Direction::Original;
    let track = TcpTrack { state, last: class, last_dir, close_seen: false };
    Ok((Track::Tcp(track), seconds(state, Status::NONE, config)))
}

pub(super) fn packet(
    track: &mut TcpTrack,
    status: &mut Status,
    dir: Direction,
    segment: &Tcp,
    config: &Config,
) -> Outcome {
    let Some(class) = Class::of(segment.flags) else {
        return Outcome::Invalid(Invalid::TcpFlags);
    };
    let old = track.state;
    let new = match Move::of(dir, class, old) {
        Move::To(TcpState::SynSent) if matches!(old, TcpState::TimeWait | TcpState::Close) => {
            if track.is_over(dir) {
                return Outcome::Reopen;
            }
            track.remember(class, dir);
            return Outcome::Keep;
        }
        Move::To(new) => new,
        Move::Ignore => {
            track.remember(class, dir);
            return Outcome::Keep;
        }
        Move::Invalid => return Outcome::Invalid(Invalid::TcpState),
    };
    track.remember(class, dir);
    track.state = new;
    track.close_seen |= old != new && new == TcpState::FinWait;
    if !status.has(Status::SEEN_REPLY) {
        if class == Class::Rst {
            // Refused, or given up: there never was a connection.
            return Outcome::End;
        }
        if class == Class::Syn && old == TcpState::SynSent {
            // Whoever repeats a SYN that nobody answers gets no longer life by it.
            return Outcome::Keep;
        }
    } else if matches!(old, TcpState::SynRecv | TcpState::Established)
        && new == TcpState::Established
    {
        *status |= Status::ASSURED;
    }
    // A reset shortens the life of its connection whatever state it leaves it in.
    let timed = if class == Class::Rst { TcpState::Close } else { new };
    Outcome::Refresh(seconds(timed, *status, config))
}

/// How long a connection lives that a packet left in `state`.
fn seconds(state: TcpState, status: Status, config: &Config) -> u32 {
    let seconds = config.timeouts.seconds(state.timeout());
    if state == TcpState::Established && !status.has(Status::SEEN_REPLY) {
        // Picked up in its middle: it must be answered before it may stay for days.
        return seconds.min(config.timeouts.seconds(Timeout::TcpUnacknowledged));
    }
    seconds
}
