//! Bytes of a packet from some header on, and how many of them the packet itself says there are.

use crate::packet::Malformed;

use super::{Header, ParseError};

/// Why the reading of headers ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The packet contradicts itself.
    Malformed(Malformed),
    /// The capture ends before the header does.
    Cut(ParseError),
}

impl From<Malformed> for Stop {
    fn from(why: Malformed) -> Self {
        Self::Malformed(why)
    }
}

/// What follows a header.
///
/// It stays in registers as long as no call that is not inlined takes it from the place where it
/// was read; from memory, parsing took 16 ns a TCP packet instead of 10 (x86-64). So what checks a
/// message takes the message's bytes, not the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Body<'a> {
    /// What the capture kept of it, without what lies behind the packet.
    captured: &'a [u8],
    /// Its length by the packet's own length field; `None` when segmentation offload left that 0.
    stated_len: Option<usize>,
}

impl<'a> Body<'a> {
    pub(super) fn stated(frame: &'a [u8], len: usize) -> Self {
        Self { captured: frame.get(..len).unwrap_or(frame), stated_len: Some(len) }
    }

    pub(super) const fn unstated(frame: &'a [u8]) -> Self {
        Self { captured: frame, stated_len: None }
    }

    pub(super) const fn captured(self) -> &'a [u8] {
        self.captured
    }

    /// Its length, which is that of the capture where the packet does not say it.
    pub(super) fn len(self) -> usize {
        self.stated_len.unwrap_or(self.captured.len())
    }

    /// Whether the packet has room for `len` bytes, captured or not.
    pub(super) fn holds(self, len: usize) -> bool {
        self.stated_len.is_none_or(|stated| len <= stated)
    }

    /// Its first bytes, which belong to `header`.
    pub(super) fn read<const LEN: usize>(self, header: Header) -> Result<&'a [u8; LEN], Stop> {
        match self.captured.first_chunk() {
            Some(bytes) => Ok(bytes),
            None if self.holds(LEN) => Err(Stop::Cut(header.cut(LEN, self.captured.len()))),
            None => Err(Stop::Malformed(header.malformed())),
        }
    }

    /// What follows the first `len` bytes: nothing, when they are all that the packet has.
    pub(super) fn skip(self, len: usize) -> Self {
        Self {
            captured: self.captured.get(len..).unwrap_or(&[]),
            stated_len: self.stated_len.map(|stated| stated.saturating_sub(len)),
        }
    }
}

/// A length that a packet states; 32 bits hold all of them.
pub(super) fn len_of(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
