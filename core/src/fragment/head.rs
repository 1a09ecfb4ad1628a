//! The first bytes of a datagram, where its headers are, put together from its parts.

/// How many bytes are kept. Headers above IP are far shorter: 60 bytes of TCP, 108 of an ICMPv6 error
/// up to the ports of what it speaks of.
pub const HEAD_LEN: usize = 512;

/// The first bytes of a datagram, without its IP header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    bytes: [u8; HEAD_LEN],
    /// Where the first byte lies that a capture cut off.
    cut_at: usize,
}

impl Head {
    pub(super) const EMPTY: Self = Self { bytes: [0; HEAD_LEN], cut_at: usize::MAX };

    /// Keeps what `part`, of that length, brings at `offset`; of `part` the capture may have cut the
    /// end off.
    pub(super) fn put(&mut self, offset: usize, part: &[u8], part_len: usize) {
        let part = part.get(..part_len).unwrap_or(part);
        if part.len() < part_len {
            self.cut_at = self.cut_at.min(offset.saturating_add(part.len()));
        }
        if let Some(place) = self.bytes.get_mut(offset..) {
            place.iter_mut().zip(part).for_each(|(place, byte)| *place = *byte);
        }
    }

    /// The bytes of a datagram of that length, of which all parts have been put in.
    pub(super) fn of(&self, len: usize) -> &[u8] {
        let kept_len = len.min(self.cut_at).min(HEAD_LEN);
        self.bytes.get(..kept_len).unwrap_or(&[])
    }
}
