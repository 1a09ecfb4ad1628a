//! SCTP (RFC 9260, section 3): the common header, and the chunks as far as tracking looks at them.

use crate::packet::{Chunk, Malformed, Packet, Sctp, Transport};

use super::Header;
use super::body::{Body, Stop};

/// Length of the common header.
const HEADER_LEN: usize = 12;
/// Length of an INIT or an INIT ACK up to its parameters.
const INIT_LEN: usize = 20;
/// The flag of an ABORT or SHUTDOWN COMPLETE that bears its receiver's tag.
const T_BIT: u8 = 1;

/// Reads a packet from its common header and what follows. Of chunks that the capture cut off, those
/// that are there count.
#[inline(never)]
pub(super) fn read(
    &[_, _, _, _, a, b, c, d, _, _, _, _]: &[u8; HEADER_LEN],
    body: Body<'_>,
    said: &mut Sctp,
) -> Result<(), Stop> {
    said.tag = u32::from_be_bytes([a, b, c, d]);
    // There must be one.
    body.read::<4>(Header::Sctp)?;
    let mut stands_alone = false;
    let (mut rest, mut is_first) = (body, true);
    while let Some(header) = rest.captured().first_chunk() {
        let chunk = Chunk::of(header);
        stands_alone |= chunk.stands_alone();
        let len = padded_len(header);
        if len == 0 || (!is_first && (stands_alone || chunk.comes_first())) {
            return Err(Malformed::SctpChunk.into());
        }
        if matches!(chunk, Chunk::Init | Chunk::InitAck) {
            said.init_tag = init_tag(rest)?;
        }
        (rest, is_first) = (rest.skip(len), false);
    }
    Ok(())
}

/// The length of a chunk by its header, with what fills it up to a multiple of four bytes.
fn padded_len(&[_, _, high, low]: &[u8; 4]) -> usize {
    usize::from(u16::from_be_bytes([high, low])).saturating_add(3) & !3
}

impl Packet<'_> {
    /// The chunks of an SCTP packet in their order, as far as the capture kept them; none of other
    /// packets. Their number is bounded by the packet's length, and all count, as in Linux.
    #[inline(never)]
    pub fn chunks(&self) -> impl Iterator<Item = Chunk> {
        let mut rest = match self.transport {
            Transport::Sctp(_) => self.segment.get(HEADER_LEN..).unwrap_or(&[]),
            _ => &[],
        };
        core::iter::from_fn(move || next_chunk(&mut rest))
    }
}

/// Takes the first chunk off `rest`. Not inlined: protocols ask for chunks in several places.
#[inline(never)]
fn next_chunk(rest: &mut &[u8]) -> Option<Chunk> {
    let header = rest.first_chunk()?;
    // Parsing has refused chunks of no length.
    *rest = rest.get(padded_len(header).max(header.len())..).unwrap_or(&[]);
    Some(Chunk::of(header))
}

/// The tag that the sender of an INIT or INIT ACK asks for.
fn init_tag(chunk: Body<'_>) -> Result<u32, Stop> {
    if !chunk.holds(INIT_LEN) {
        return Err(Malformed::SctpChunk.into());
    }
    let &[_, _, _, _, a, b, c, d] = chunk.read(Header::Sctp)?;
    Ok(u32::from_be_bytes([a, b, c, d]))
}

impl Chunk {
    #[inline(never)]
    const fn of(&[kind, flags, ..]: &[u8; 4]) -> Self {
        match (kind, flags & T_BIT) {
            (0, _) => Self::Data,
            (1, _) => Self::Init,
            (2, _) => Self::InitAck,
            (4, _) => Self::Heartbeat,
            (5, _) => Self::HeartbeatAck,
            (6, T_BIT) => Self::AbortReflected,
            (6, _) => Self::Abort,
            (7, _) => Self::Shutdown,
            (8, _) => Self::ShutdownAck,
            (9, _) => Self::Error,
            (10, _) => Self::CookieEcho,
            (11, _) => Self::CookieAck,
            (14, T_BIT) => Self::ShutdownCompleteReflected,
            (14, _) => Self::ShutdownComplete,
            _ => Self::Other,
        }
    }

    /// Whether no other chunk may be in the packet.
    const fn stands_alone(self) -> bool {
        matches!(
            self,
            Self::Init | Self::InitAck | Self::ShutdownComplete | Self::ShutdownCompleteReflected
        )
    }

    /// Whether no other chunk may be before it.
    const fn comes_first(self) -> bool {
        matches!(self, Self::CookieEcho | Self::CookieAck)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ParseError;
    use super::super::frames::{ipv4, read};
    use super::*;

    fn chunks(packet: &[u8]) -> Result<std::vec::Vec<Chunk>, ParseError> {
        let packet = read(packet)?;
        let Transport::Sctp(sctp) = packet.transport else { unreachable!("{packet:x?}") };
        assert_eq!(sctp.tag, 0x0102_0304);
        Ok(packet.chunks().collect())
    }

    fn packet(chunks: &[u8]) -> std::vec::Vec<u8> {
        ipv4(132, &[&[0, 1, 0, 2, 1, 2, 3, 4, 0, 0, 0, 0], chunks].concat())
    }

    #[test]
    fn of_chunks_that_were_cut_off_those_before_count() {
        let whole = packet(&[11, 0, 0, 4, 3, 0, 0, 5, 9, 0, 0, 0, 6, 1, 0, 4, 6, 0, 0, 4]);
        let all = [Chunk::CookieAck, Chunk::Other, Chunk::AbortReflected, Chunk::Abort];
        for (len, count) in [(52, 4), (51, 3), (47, 2), (40, 2), (39, 1), (36, 1)] {
            assert_eq!(chunks(&whole[..len]), Ok(all[..count].to_vec()), "{len}");
        }
        let cut = ParseError::Cut { header: Header::Sctp, missing_len: 1 };
        assert_eq!(chunks(&whole[..35]), Err(cut));
        assert_eq!(chunks(&whole[..31]), Err(cut));
    }

    #[test]
    fn the_tag_of_an_init_must_be_there() {
        let whole = packet(&[&[1, 0, 0, 20, 5, 6, 7, 8][..], &[0; 12]].concat());
        let Transport::Sctp(sctp) = read(&whole[..40]).unwrap().transport else { unreachable!() };
        assert_eq!(sctp.init_tag, 0x0506_0708);
        assert_eq!(chunks(&whole[..40]), Ok(std::vec![Chunk::Init]));
        let cut = ParseError::Cut { header: Header::Sctp, missing_len: 1 };
        assert_eq!(chunks(&whole[..39]), Err(cut));
    }
}
