//! Bytes of a packet from some header on, and how many of them the packet itself says there are.

use crate::packet::Malformed;

use super::error::missing_len;
use super::{Header, ParseError};

/// Why the reading of headers ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The packet contradicts itself.
    Malformed(Malformed),
    /// The capture ends before the header does.
    Cut {
        /// The header.
        header: Header,
        /// Bytes of it which are not there.
        missing_len: u16,
    },
}

impl Stop {
    /// Why `len` bytes of a header cannot be read where so many are captured, and so many stated.
    /// Not inlined, so that it is there once for all headers.
    #[cold]
    #[inline(never)]
    fn short_of(header: Header, len: usize, (captured_len, stated_len): (usize, usize)) -> Self {
        if len <= stated_len {
            Self::Cut { header, missing_len: missing_len(len, captured_len) }
        } else {
            Self::Malformed(header.malformed())
        }
    }
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
    /// Its length by the packet's own length field; what was on the wire, when segmentation offload
    /// left that 0.
    stated_len: usize,
}

impl<'a> Body<'a> {
    /// Nothing at all.
    #[cfg(not(feature = "ipv4-only"))]
    pub(super) const NONE: Self = Self { captured: &[], stated_len: 0 };

    /// A packet of `len` bytes in a frame that had `frame_len` on the wire.
    pub(super) fn of(frame: &'a [u8], len: usize, frame_len: usize) -> Result<Self, ParseError> {
        if len > frame_len {
            let missing_len = len_of(len.saturating_sub(frame_len));
            return Err(ParseError::IpShort { missing_len });
        }
        Ok(Self::kept(frame, len))
    }

    /// What was kept of `len` bytes, and what lies behind it.
    pub(super) fn kept(bytes: &'a [u8], len: usize) -> Self {
        Self { captured: bytes.get(..len).unwrap_or(bytes), stated_len: len }
    }

    pub(super) const fn captured(self) -> &'a [u8] {
        self.captured
    }

    /// Its length, captured or not.
    pub(super) const fn len(self) -> usize {
        self.stated_len
    }

    /// Whether the packet has room for `len` bytes, captured or not.
    pub(super) const fn holds(self, len: usize) -> bool {
        len <= self.stated_len
    }

    /// Its first bytes, which belong to `header`.
    pub(super) fn read<const LEN: usize>(self, header: Header) -> Result<&'a [u8; LEN], Stop> {
        let lens = (self.captured.len(), self.stated_len);
        self.captured.first_chunk().ok_or_else(|| Stop::short_of(header, LEN, lens))
    }

    /// What follows the first `len` bytes: nothing, when they are all that the packet has.
    pub(super) fn skip(self, len: usize) -> Self {
        Self {
            captured: self.captured.get(len..).unwrap_or(&[]),
            stated_len: self.stated_len.saturating_sub(len),
        }
    }
}

/// The length of a part of a datagram; 16 bits hold all that an IP header states.
pub(super) fn part_len_of(len: usize) -> u16 {
    u16::try_from(len).unwrap_or(u16::MAX)
}

/// A length that a packet states; 32 bits hold all of them.
pub(super) fn len_of(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
