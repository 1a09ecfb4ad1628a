//! FTP's control connection: where its lines begin, and what they announce.

use core::net::IpAddr;

use super::command::{self, Said};
use crate::packet::Tcp;
use crate::tuple::Direction;

/// What is remembered of a control connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ftp {
    /// By [`Direction::index`].
    sides: [Side; 2],
}

/// What is remembered of what one side sends.
///
/// Only two line ends are, as in Linux.
#[derive(Debug, Clone, Copy)]
struct Side {
    /// The sequence numbers behind two line ends.
    begins: [u32; 2],
    begin_count: u8,
    /// Nothing was seen of it yet, and its next segment is taken to begin a line.
    is_picked_up: bool,
}

impl Ftp {
    /// A connection that is seen from its beginning.
    pub(crate) const NEW: Self = Self { sides: [Side::NEW; 2] };
    /// A connection that was open already.
    pub(crate) const PICKED_UP: Self =
        Self { sides: [Side { is_picked_up: true, ..Side::NEW }; 2] };

    /// What a segment announces whose payload is `text`, not empty, from the side with the address
    /// `own`.
    ///
    /// Only what stands at the beginning of a segment is read, and only if a line begins there: right
    /// behind the end of an earlier segment that ended with a newline. So the first segment of each
    /// side is never read.
    pub(super) fn hear(&mut self, dir: Direction, segment: &Tcp, text: &[u8], own: IpAddr) -> Said {
        let [original, reply] = &mut self.sides;
        let side = match dir {
            Direction::Original => original,
            Direction::Reply => reply,
        };
        let said = match side.begins_line(segment.seq) {
            true => command::read(dir, text, own),
            false => Said::Nothing,
        };
        if said != Said::Partial && text.last() == Some(&b'\n') {
            side.note(segment.seq.wrapping_add(segment.payload_len));
        }
        said
    }
}

impl Side {
    const NEW: Self = Self { begins: [0; 2], begin_count: 0, is_picked_up: false };

    /// Whether a line begins at `seq`. What was picked up is asked so once in vain.
    fn begins_line(&mut self, seq: u32) -> bool {
        self.knows(seq) || core::mem::take(&mut self.is_picked_up)
    }

    fn knows(&self, seq: u32) -> bool {
        self.begins.iter().take(self.begin_count.into()).any(|&begin| begin == seq)
    }

    /// Remembers that a line begins at `seq`: of three the two that are furthest in the stream.
    fn note(&mut self, seq: u32) {
        if self.knows(seq) {
            return;
        }
        let [first, second] = &mut self.begins;
        let (place, count) = match self.begin_count {
            0 => (first, 1),
            1 => (second, 2),
            _ if is_before(*first, *second) => (first, 2),
            _ => (second, 2),
        };
        if self.begin_count < 2 || is_before(*place, seq) {
            *place = seq;
        }
        self.begin_count = count;
    }
}

/// Whether `one` comes before `other` in the stream.
const fn is_before(one: u32, other: u32) -> bool {
    one.wrapping_sub(other).cast_signed() < 0
}
