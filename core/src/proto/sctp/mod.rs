//! SCTP: the state table, whose tag a packet must bear, and what begins an association.

mod state;
mod tags;

pub use state::SctpState;
use tags::{Both, Tag};

use super::{Outcome, Track};
use crate::config::Config;
use crate::invalid::Invalid;
use crate::packet::{Chunk, Packet, Sctp};
use crate::status::Status;
use crate::tuple::Direction;

/// What is remembered of an SCTP association.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SctpTrack {
    state: SctpState,
    /// The tag that packets of each direction bear: 0 before the other side has chosen it, `None` for
    /// one that was not heard.
    tags: Both<Option<Tag>>,
    /// An INIT was seen, and no COOKIE ACK after it.
    inits: Both<bool>,
    /// Who sent a HEARTBEAT with another tag and has not been answered.
    strange: Option<Direction>,
}

/// What a packet says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'p> {
    tag: u32,
    init_tag: u32,
    packet: &'p Packet<'p>,
}

/// Whether a packet that is accepted gives its association longer life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Renewed,
    Kept,
}

pub(super) fn first(said: &Said<'_>, config: &Config, track: &mut Track) -> Result<u32, Invalid> {
    let mut begun = SctpTrack::begun_by(said).ok_or(Invalid::SctpFirst)?;
    let mut status = Status::NONE;
    begun.hear(said, Direction::Original, &mut status).map_err(|_| Invalid::SctpFirst)?;
    *track = Track::Sctp(begun);
    Ok(begun.seconds(config))
}

/// An association of which the state is all that is known: the first packet of each side tells its
/// tag.
pub(super) const fn restored(state: SctpState) -> Track {
    let (tags, inits) = (Both::of(None, None), Both::of(false, false));
    Track::Sctp(SctpTrack { state, tags, inits, strange: None })
}

pub(super) fn packet(
    track: &mut SctpTrack,
    status: &mut Status,
    dir: Direction,
    said: &Said<'_>,
    config: &Config,
) -> Outcome {
    // The chunks before one that is invalid count, as in Linux.
    match track.hear(said, dir, status) {
        Ok(Life::Renewed) => Outcome::Refresh(track.seconds(config)),
        Ok(Life::Kept) => Outcome::Keep,
        Err(why) => Outcome::Invalid(why),
    }
}

impl SctpTrack {
    pub(crate) const fn state(&self) -> SctpState {
        self.state
    }

    /// An association whose first packet this is, if it can be one: what speaks of an association
    /// that must be there, or says nothing about one, cannot.
    fn begun_by(said: &Said<'_>) -> Option<Self> {
        let (mut original, mut reply) = (Tag::ZERO, Tag::ZERO);
        for chunk in said.chunks() {
            match chunk {
                Chunk::Heartbeat => original = said.tag.into(),
                // Whoever answers it out of the blue reflects its tag (RFC 9260, section 8.4).
                Chunk::ShutdownAck => reply = said.tag.into(),
                Chunk::Abort
                | Chunk::AbortReflected
                | Chunk::ShutdownComplete
                | Chunk::ShutdownCompleteReflected
                | Chunk::CookieAck
                | Chunk::Data
                | Chunk::Other => return None,
                Chunk::Init
                | Chunk::InitAck
                | Chunk::Shutdown
                | Chunk::Error
                | Chunk::CookieEcho
                | Chunk::HeartbeatAck => {}
            }
        }
        let tags = Both::of(Some(original), Some(reply));
        let inits = Both::of(said.chunks().any(|chunk| chunk == Chunk::Init), false);
        Some(Self { state: SctpState::None, tags, inits, strange: None })
    }

    /// Takes in the chunks one by one.
    fn hear(
        &mut self,
        said: &Said<'_>,
        dir: Direction,
        status: &mut Status,
    ) -> Result<Life, Invalid> {
        if !said.chunks().any(Chunk::has_its_own_tag_rule) {
            self.check_tag(dir, said.tag)?;
        }
        let mut life = Life::Renewed;
        for chunk in said.chunks() {
            let asks = matches!(chunk, Chunk::Heartbeat | Chunk::HeartbeatAck);
            if asks && !self.is_at_home(dir, said.tag) {
                if life == Life::Kept || said.chunks().any(|chunk| chunk == Chunk::Data) {
                    return Err(Invalid::SctpTag);
                }
                if chunk == Chunk::Heartbeat {
                    self.strange = Some(dir);
                    life = Life::Kept;
                    continue;
                }
                self.begin_anew(dir, said.tag)?;
            }
            self.check_tag_for(chunk, dir, said.tag)?;
            let old = self.state;
            self.step(chunk, dir, said.init_tag)?;
            if self.state == SctpState::Established && old != SctpState::Established {
                *status |= Status::ASSURED;
            }
            // Whoever repeats an INIT that nobody answers gets no longer life by it.
            if chunk == Chunk::Init && (old, self.state) == (SctpState::Closed, SctpState::Closed) {
                life = Life::Kept;
            }
        }
        Ok(life)
    }

    /// Goes where the chunk leads.
    #[inline(never)]
    fn step(&mut self, chunk: Chunk, dir: Direction, init_tag: u32) -> Result<(), Invalid> {
        let state = self.state.after(chunk, dir).ok_or(Invalid::SctpState)?;
        match chunk {
            Chunk::Init => self.init(dir, init_tag),
            Chunk::InitAck => self.init_ack(dir, init_tag)?,
            Chunk::CookieAck => self.inits = Both::of(false, false),
            _ => {}
        }
        self.state = state;
        Ok(())
    }

    fn seconds(&self, config: &Config) -> u32 {
        config.timeouts.seconds(self.state.timeout())
    }
}

impl<'p> Said<'p> {
    pub(super) const fn of(packet: &'p Packet<'p>, sctp: &Sctp) -> Self {
        Self { tag: sctp.tag, init_tag: sctp.init_tag, packet }
    }

    fn chunks(&self) -> impl Iterator<Item = Chunk> {
        self.packet.chunks()
    }
}
