//! PPP, by itself, on a serial line and over Ethernet, and Cisco's HDLC, which took its place there.

use super::{Announced, Network, ParseError, by_ether_type, ether_type, header, skip};

/// PPP, which may have left out HDLC's address and control bytes.
pub(super) fn framed(frame: &[u8]) -> Announced<'_> {
    match frame {
        // No protocol begins with one of these bytes: HDLC's address, and the two of Cisco's.
        [0xff, ..] => by_protocol(skip(frame, 2)?),
        [0x0f | 0x8f, ..] => cisco(frame),
        _ => by_protocol(frame),
    }
}

/// Behind the six bytes of PPPoE.
pub(super) fn over_ethernet(frame: &[u8]) -> Announced<'_> {
    by_protocol(skip(frame, 6)?)
}

/// Cisco's HDLC: address, control, EtherType.
pub(super) fn cisco(frame: &[u8]) -> Announced<'_> {
    let ([_, _, high, low], rest) = header::<4>(frame)?;
    by_ether_type(u16::from_be_bytes([*high, *low]), rest)
}

/// What PPP's protocol stands for. A first byte that is odd is all of it, compressed.
fn by_protocol(frame: &[u8]) -> Announced<'_> {
    let (protocol, rest) = match header::<1>(frame)? {
        ([low], rest) if low & 1 != 0 => (u16::from(*low), rest),
        _ => {
            let (protocol, rest) = header::<2>(frame)?;
            (u16::from_be_bytes(*protocol), rest)
        }
    };
    match protocol {
        0x0021 => Ok((Network::Ipv4, rest)),
        0x0057 => Ok((Network::Ipv6, rest)),
        0x0281 | 0x0283 => ether_type::mpls(rest),
        other => Err(ParseError::PppProtocol(other)),
    }
}
