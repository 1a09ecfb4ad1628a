//! TCP: the way of a segment past the state table, the rules for resets and the windows.

mod last;
mod life;
mod peer;
mod reset;
mod span;
mod state;
mod window;

use last::Last;
use peer::{Marks, Peer};
use reset::Reset;
pub use state::TcpState;
use state::{Class, Move};
use window::Fit;

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
    /// By [`Direction::index`].
    peers: [Peer; 2],
    last: Last,
}

/// What a segment of a known connection may do by the state table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It leads here from there if it lies within the windows.
    Checked(TcpState, TcpState),
    /// It leads here wherever it lies.
    Believed(TcpState),
    /// It passes without any effect.
    Passes,
    /// The connection is over, and the segment may begin another one.
    Reopens,
    /// It does not belong here.
    Refused(Invalid),
}

pub(super) fn first(segment: &Tcp, config: &Config, track: &mut Track) -> Result<u32, Invalid> {
    let class = Class::of(segment.flags).ok_or(Invalid::TcpFlags)?;
    let Move::To(state) = Move::of(Direction::Original, class, TcpState::None) else {
        return Err(Invalid::TcpFirst);
    };
    if state != TcpState::SynSent && !config.tcp.loose {
        return Err(Invalid::TcpFirst);
    }
    // It is large, and made where it stays.
    *track = Track::Tcp(TcpTrack::begun_by(segment, class));
    let Track::Tcp(track) = track else { return Err(Invalid::TcpFirst) };
    match packet(track, &mut Status::default(), Direction::Original, segment, config) {
        Outcome::Refresh(seconds) => Ok(seconds),
        _ => Err(Invalid::TcpFirst),
    }
}

/// A connection of which the state is all that is known: no byte of it was seen.
///
/// Nothing but a FIN leads to the states behind it, so it has been there.
pub(super) fn restored(state: TcpState) -> Track {
    use TcpState as S;
    let mut peer = Peer { marks: Marks::PICKED_UP, ..Peer::default() };
    if matches!(state, S::FinWait | S::CloseWait | S::LastAck | S::TimeWait) {
        peer.marks.set(Marks::CLOSES);
    }
    Track::Tcp(TcpTrack { state, peers: [peer; 2], last: Last::NONE })
}

/// Takes a segment through the rules in Linux's order.
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
    let (old, new) = match track.way((class, dir), segment, *status, config) {
        Way::Believed(new) => (track.state, new),
        Way::Checked(old, new) => match track.fit(dir, class, segment, config.tcp) {
            Fit::Inside => (old, new),
            Fit::Beside => return Outcome::Keep,
            Fit::Outside(why) => return track.outside((class, dir), *status, why, config),
        },
        Way::Passes => return Outcome::Keep,
        Way::Reopens => return Outcome::Reopen,
        Way::Refused(why) => return Outcome::Invalid(why),
    };
    track.last.note(class, dir);
    track.state = new;
    if old != new && new == TcpState::FinWait {
        track.peer_mut(dir).marks.set(Marks::CLOSES);
    }
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
    Outcome::Refresh(track.seconds(class, *status, config))
}

impl TcpTrack {
    /// A connection that nothing is known of but its first segment.
    #[inline(always)]
    fn begun_by(segment: &Tcp, class: Class) -> Self {
        let marks = if class == Class::Syn { Marks::NONE } else { Marks::PICKED_UP };
        let other = Peer { end: 0, max_end: 0, max_window: 0, max_ack: 0, scale: 0, marks };
        let peers = [Peer::of_first(segment), other];
        Self { state: TcpState::None, peers, last: Last::NONE }
    }

    pub(crate) const fn state(&self) -> TcpState {
        self.state
    }

    const fn peer(&self, dir: Direction) -> &Peer {
        let [original, reply] = &self.peers;
        match dir {
            Direction::Original => original,
            Direction::Reply => reply,
        }
    }

    const fn peer_mut(&mut self, dir: Direction) -> &mut Peer {
        let [original, reply] = &mut self.peers;
        match dir {
            Direction::Original => original,
            Direction::Reply => reply,
        }
    }

    /// Which way a segment goes: the state table's, but for what a table cannot know.
    fn way(
        &mut self,
        (class, dir): (Class, Direction),
        segment: &Tcp,
        status: Status,
        config: &Config,
    ) -> Way {
        use TcpState as S;
        let old = self.state;
        match Move::of(dir, class, old) {
            Move::Invalid => Way::Refused(Invalid::TcpState),
            Move::To(S::SynSent) if old.is_over() && self.may_reopen(dir) => Way::Reopens,
            Move::To(S::SynSent) if old.is_over() => self.pass(class, dir, segment),
            Move::Ignore => self.pass(class, dir, segment),
            Move::To(S::TimeWait) if old == S::LastAck && self.is_challenge(class, dir) => {
                self.last.marks.clear(Marks::CHALLENGE);
                Way::Passes
            }
            Move::To(S::SynSent2) => {
                self.last.marks.set(Marks::SIMULTANEOUS);
                Way::Checked(old, S::SynSent2)
            }
            Move::To(S::SynRecv)
                if (class, dir) == (Class::Ack, Direction::Reply)
                    && self.last.marks.has(Marks::SIMULTANEOUS) =>
            {
                Way::Checked(old, S::Established)
            }
            Move::To(S::Close) if class == Class::Rst => {
                match self.reset(dir, segment, status, config.tcp) {
                    Reset::Believed => Way::Believed(S::Close),
                    Reset::Checked => Way::Checked(old, S::Close),
                    Reset::Doubted => Way::Checked(old, old),
                    Reset::Refused => Way::Refused(Invalid::TcpReset),
                }
            }
            Move::To(new) => Way::Checked(old, new),
        }
    }

    /// Whether a SYN in direction `dir` finds a connection that may make place for a new one: a FIN
    /// has ended it, or the very host that now opens had reset it.
    fn may_reopen(&self, dir: Direction) -> bool {
        self.peers.iter().any(|peer| peer.marks.has(Marks::CLOSES))
            || self.last.was(Class::Rst, dir)
    }

    /// Lets a segment pass that the state table ignores, and notes it; unless it answers one that has
    /// passed so: then both ends know of a connection that this one is not, and it becomes that.
    fn pass(&mut self, class: Class, dir: Direction, segment: &Tcp) -> Way {
        let answers = class == Class::SynAck
            && self.last.was(Class::Syn, !dir)
            && segment.ack == self.last.end;
        if answers {
            *self.peer_mut(!dir) = self.last.opened();
            self.peer_mut(dir).forget();
            return Way::Checked(TcpState::SynSent, TcpState::SynRecv);
        }
        self.last.note_passing(class, dir, segment);
        if (class, dir) == (Class::Syn, Direction::Original) && self.state == TcpState::LastAck {
            self.last.marks.set(Marks::CHALLENGE);
        }
        if (class, dir) == (Class::Ack, Direction::Reply) && self.state == TcpState::SynSent {
            self.last.ack = segment.ack;
        }
        Way::Passes
    }

    /// Whether an acknowledgement challenges a SYN that has passed, rather than ends the connection.
    fn is_challenge(&self, class: Class, dir: Direction) -> bool {
        class == Class::Ack
            && self.last.was(Class::Syn, !dir)
            && self.last.marks.has(Marks::CHALLENGE)
    }

    /// What becomes of a segment ahead of the windows. If both peers want to end an open connection
    /// so, the middle has lost track of it: then it lives no longer than one that was picked up.
    fn outside(
        &mut self,
        (class, dir): (Class, Direction),
        status: Status,
        why: Invalid,
        config: &Config,
    ) -> Outcome {
        if !status.has(Status::ASSURED) || !matches!(class, Class::Fin | Class::Rst) {
            return Outcome::Invalid(why);
        }
        if self.last.was(Class::Fin, !dir) || self.last.was(Class::Rst, !dir) {
            return Outcome::Doubt(why, config.timeouts.seconds(Timeout::TcpUnacknowledged));
        }
        self.last.note_beside(class, dir);
        Outcome::Invalid(why)
    }
}
