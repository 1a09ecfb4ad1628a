//! Rings: FDDI and Token Ring, whose data frames begin with LLC behind the addresses.

use super::ether_type::by_llc;
use super::{Announced, ParseError, header, skip_stated};

/// The bit of a Token Ring's source address that tells of a route behind it.
const IS_ROUTED: u8 = 0x80;

pub(super) fn fddi(frame: &[u8]) -> Announced<'_> {
    match header::<13>(frame)? {
        // Long addresses and LLC, whatever the class and the priority.
        ([control, ..], rest) if control & 0x70 == 0x50 => by_llc(rest),
        _ => Err(ParseError::NoPacket),
    }
}

pub(super) fn token_ring(frame: &[u8]) -> Announced<'_> {
    let ([_, control, _, _, _, _, _, _, source, ..], rest) = header::<14>(frame)?;
    match control & 0xc0 {
        0x40 if source & IS_ROUTED != 0 => {
            // The low bits of a route say how long it is.
            let ([route, _], _) = header::<2>(rest)?;
            by_llc(skip_stated::<2>(rest, u32::from(route & 0x1f))?)
        }
        0x40 => by_llc(rest),
        _ => Err(ParseError::NoPacket),
    }
}
