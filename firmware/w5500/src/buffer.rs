//! Frames, and the buffers that they lie in.

use w5500_ll::spi::HEADER_LEN;

/// The longest frame that the chip sends in MACRAW mode, without its check sequence.
pub const LONGEST: u16 = 1514;

/// Where the head of an SPI frame begins, so that the Ethernet frame behind it begins 2 bytes after a
/// word: then the IP header is aligned.
const HEAD: usize = 3;

/// Where the Ethernet frame begins.
const BODY: usize = HEAD + HEADER_LEN;

/// The length of the next frame, which is read with the one before it.
const NEXT_LEN: usize = 2;

const BUFFER_LEN: usize = (BODY + LONGEST as usize + NEXT_LEN).next_multiple_of(4);

/// What one frame lies in.
#[derive(Debug)]
#[repr(align(4))]
pub struct Buffer([u8; BUFFER_LEN]);

/// A frame that came in, in its buffer.
#[derive(Debug)]
pub struct Frame {
    pub(crate) buffer: &'static mut Buffer,
    pub(crate) len: u16,
}

impl Buffer {
    /// Zeroes, for statics.
    pub const EMPTY: Self = Self([0; BUFFER_LEN]);

    /// What an SPI frame with so many bytes behind its head moves; nothing when it is too long.
    pub(crate) fn moved(&mut self, body_len: u16) -> &mut [u8] {
        let to = BODY.saturating_add(body_len.into());
        self.0.get_mut(HEAD..to).unwrap_or(&mut [])
    }

    pub(crate) fn set_head(&mut self, head: [u8; HEADER_LEN]) {
        if let Some(place) = self.0.first_chunk_mut::<BODY>()
            && let Some(place) = place.last_chunk_mut()
        {
            *place = head;
        }
    }

    /// The two bytes behind a frame of this length.
    pub(crate) fn behind(&self, frame_len: u16) -> Option<[u8; NEXT_LEN]> {
        let from = BODY.saturating_add(frame_len.into());
        self.0.get(from..)?.first_chunk().copied()
    }
}

impl AsRef<[u8]> for Frame {
    fn as_ref(&self) -> &[u8] {
        let to = BODY.saturating_add(self.len.into());
        self.buffer.0.get(BODY..to).unwrap_or(&[])
    }
}
