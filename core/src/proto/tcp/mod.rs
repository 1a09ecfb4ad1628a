//! TCP: the state table, what it means for the life of an entry, and what begins a connection.

mod state;
mod window;

pub use state::TcpState;
use state::{Class, Move};
use window::Window;

use super::{Outcome, Track};
use crate::config::Config;
use crate::invalid::Invalid;
use crate::packet::Tcp;
use crate::status::Status;
use crate::timeout::Timeout;
use crate::tuple::Direction;

/// What is remembered of a TCP connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TcpTrack {
    state: TcpState,
    last: Class,
    last_dir: Direction,
    /// A FIN took the connection out of ESTABLISHED, from one side or the other.
    close_seen: bool,
    window: Window,
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

    /// How long the connection lives after the packet that was remembered.
    fn seconds(&self, status: Status, config: &Config) -> u32 {
        let timeouts = &config.timeouts;
        // A reset shortens the life of its connection whatever state it leaves it in.
        let state = if self.last == Class::Rst { TcpState::Close } else { self.state };
        let seconds = timeouts.seconds(state.timeout());
        // Who does not acknowledge may be gone; who was picked up in the middle and is not
        // answered, too.
        let is_picked_up = state == TcpState::Established && !status.has(Status::SEEN_REPLY);
        if is_picked_up || self.window.is_unacknowledged() {
            return seconds.min(timeouts.seconds(Timeout::TcpUnacknowledged));
        }
        seconds
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
    let mut window = Window::default();
    window.advance(Direction::Original, segment, TcpState::None);
    let last_dir = Direction::Original;
    let track = TcpTrack { state, last: class, last_dir, close_seen: false, window };
    Ok((Track::Tcp(track), track.seconds(Status::NONE, config)))
}

/// A connection of which the state is all that is known: no byte of it was seen.
///
/// Nothing but a FIN leads to the states behind it, so it has been there.
pub(super) fn restored(state: TcpState) -> Track {
    use TcpState as S;
    let close_seen = matches!(state, S::FinWait | S::CloseWait | S::LastAck | S::TimeWait);
    let (last, last_dir) = (Class::Ack, Direction::Original);
    Track::Tcp(TcpTrack { state, last, last_dir, close_seen, window: Window::default() })
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
    track.window.advance(dir, segment, old);
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
    Outcome::Refresh(track.seconds(*status, config))
}
