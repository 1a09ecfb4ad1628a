//! What Linux captures at any interface: one header for all links, in two versions.

use super::ether_type::by_llc;
use super::{Announced, ParseError, by_ether_type, header};

pub(super) fn version_1(frame: &[u8]) -> Announced<'_> {
    let ([.., high, low], rest) = header::<16>(frame)?;
    by_protocol(u16::from_be_bytes([*high, *low]), rest)
}

pub(super) fn version_2(frame: &[u8]) -> Announced<'_> {
    let ([high, low, ..], rest) = header::<20>(frame)?;
    by_protocol(u16::from_be_bytes([*high, *low]), rest)
}

/// An EtherType, or one of the numbers that Linux itself gave to links without them: 4 is LLC.
fn by_protocol(protocol: u16, frame: &[u8]) -> Announced<'_> {
    match protocol {
        4 => by_llc(frame),
        ..0x600 => Err(ParseError::NotIp(protocol)),
        _ => by_ether_type(protocol, frame),
    }
}
