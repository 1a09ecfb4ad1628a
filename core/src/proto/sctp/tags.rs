//! Verification tags: each side chooses the one that packets to it bear (RFC 9260, section 8.5).

use super::SctpTrack;
use crate::invalid::Invalid;
use crate::packet::Chunk;
use crate::tuple::Direction;

/// One for each direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Both<T> {
    original: T,
    reply: T,
}

impl<T> Both<T> {
    pub(super) const fn of(original: T, reply: T) -> Self {
        Self { original, reply }
    }

    const fn at(&mut self, dir: Direction) -> &mut T {
        match dir {
            Direction::Original => &mut self.original,
            Direction::Reply => &mut self.reply,
        }
    }
}

/// A verification tag as an entry stores it: in half words, because the alignment of a word would
/// cost the entries of all protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag([u16; 2]);

impl Tag {
    /// What packets bear whose receiver has not chosen one.
    pub(super) const ZERO: Self = Self([0; 2]);
}

impl From<u32> for Tag {
    fn from(tag: u32) -> Self {
        let [a, b, c, d] = tag.to_ne_bytes();
        Self([u16::from_ne_bytes([a, b]), u16::from_ne_bytes([c, d])])
    }
}

impl SctpTrack {
    /// Whether packets of `dir` bear that tag; the first one that is heard tells.
    pub(super) fn check_tag(&mut self, dir: Direction, tag: u32) -> Result<(), Invalid> {
        let tag = Tag::from(tag);
        if *self.tags.at(dir).get_or_insert(tag) == tag { Ok(()) } else { Err(Invalid::SctpTag) }
    }

    /// Whether a packet of `dir` with a chunk that has its own rule may bear that tag.
    pub(super) fn check_tag_for(
        &mut self,
        chunk: Chunk,
        dir: Direction,
        tag: u32,
    ) -> Result<(), Invalid> {
        match chunk {
            Chunk::Init if tag != 0 => Err(Invalid::SctpTag),
            Chunk::Abort | Chunk::ShutdownComplete | Chunk::CookieEcho => self.check_tag(dir, tag),
            Chunk::AbortReflected | Chunk::ShutdownCompleteReflected => self.check_tag(!dir, tag),
            _ => Ok(()),
        }
    }

    /// Whether a HEARTBEAT or its answer bears the tag of `dir`; where none is known yet, this is it.
    pub(super) fn is_at_home(&mut self, dir: Direction, tag: u32) -> bool {
        let (known, tag) = (self.tags.at(dir), Tag::from(tag));
        if known.unwrap_or(Tag::ZERO) == Tag::ZERO {
            *known = Some(tag);
            return true;
        }
        let is_at_home = *known == Some(tag);
        if is_at_home {
            self.strange = None;
        }
        is_at_home
    }

    /// Takes the tag of an answer to a HEARTBEAT, when that bore a strange one, too: both ends have
    /// begun anew without being seen.
    pub(super) fn begin_anew(&mut self, dir: Direction, tag: u32) -> Result<(), Invalid> {
        if self.strange != Some(!dir) {
            return Err(Invalid::SctpTag);
        }
        self.strange = None;
        *self.tags.at(dir) = Some(tag.into());
        *self.tags.at(!dir) = Some(Tag::ZERO);
        Ok(())
    }

    /// An INIT asks for a tag; one that asks for that in use says nothing new.
    pub(super) fn init(&mut self, dir: Direction, asked: u32) {
        let asked = Tag::from(asked);
        if *self.tags.at(!dir) == Some(asked) {
            return;
        }
        if *self.inits.at(dir) {
            *self.inits.at(!dir) = false;
        }
        *self.inits.at(dir) = true;
        *self.tags.at(!dir) = Some(asked);
    }

    /// An INIT ACK asks for a tag, too: another one than is in use only as the answer to an INIT, and
    /// not where both sides have sent theirs.
    pub(super) fn init_ack(&mut self, dir: Direction, asked: u32) -> Result<(), Invalid> {
        let asked = Tag::from(asked);
        let (is_answer, has_asked) = (*self.inits.at(!dir), *self.inits.at(dir));
        let known = self.tags.at(!dir);
        let in_use = known.unwrap_or(Tag::ZERO);
        let is_settled = if is_answer { has_asked } else { in_use != Tag::ZERO };
        if is_settled && in_use != asked {
            return Err(Invalid::SctpTag);
        }
        *known = Some(asked);
        Ok(())
    }
}

impl Chunk {
    /// Whether its packet is not simply asked for the tag of its direction (RFC 9260, section 8.5.1):
    /// see [`SctpTrack::check_tag_for`]; HEARTBEAT and its answer may come from another path.
    pub(super) const fn has_its_own_tag_rule(self) -> bool {
        matches!(
            self,
            Self::Init
                | Self::Abort
                | Self::AbortReflected
                | Self::ShutdownAck
                | Self::ShutdownComplete
                | Self::ShutdownCompleteReflected
                | Self::CookieEcho
                | Self::Heartbeat
                | Self::HeartbeatAck
        )
    }
}
