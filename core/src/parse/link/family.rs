//! Headers that announce IP by its address family: BSD's loopback, and what packet filters log.

use super::{Announced, Network, ParseError, header, skip_stated};

/// The field of NFLOG that holds the packet.
const PAYLOAD: u16 = 9;

/// Netfilter's number for what a bridge saw: no family, so that the version tells.
const BRIDGE: u8 = 7;

/// A family in the byte order of whoever captured.
pub(super) fn native(frame: &[u8]) -> Announced<'_> {
    let (family, rest) = header(frame)?;
    // A family fits a byte, so that only one of the two orders can name one.
    let native = by_family(u32::from_le_bytes(*family), rest);
    native.or_else(|_| by_family(u32::from_be_bytes(*family), rest))
}

pub(super) fn in_network_order(frame: &[u8]) -> Announced<'_> {
    let (family, rest) = header(frame)?;
    by_family(u32::from_be_bytes(*family), rest)
}

/// pf's log: the length of its header, which is padded to words, and the family.
pub(super) fn pflog(frame: &[u8]) -> Announced<'_> {
    let ([len, family], _) = header::<2>(frame)?;
    let rest = skip_stated::<2>(frame, u32::from(*len).next_multiple_of(4))?;
    by_family(u32::from(*family), rest)
}

/// Netfilter's log: the family, then fields, of which one is the packet.
pub(super) fn nflog(frame: &[u8]) -> Announced<'_> {
    let ([family, ..], fields) = header::<4>(frame)?;
    let packet = payload(fields)?;
    match *family {
        BRIDGE => Ok((Network::Any, packet)),
        family => by_family(u32::from(family), packet),
    }
}

/// The packet among NFLOG's fields: of each its length, its type, its bytes, padded to words.
fn payload(fields: &[u8]) -> Result<&[u8], ParseError> {
    // Numbers are in the byte order of whoever captured; the first field always has a small type.
    let ([_, _, high, _], _) = header::<4>(fields)?;
    let read = if *high == 0 { u16::from_be_bytes } else { u16::from_le_bytes };
    let mut rest = fields;
    loop {
        let ([len @ .., kind_0, kind_1], bytes) = header::<4>(rest)?;
        let len = read(*len);
        if read([*kind_0, *kind_1]) == PAYLOAD {
            return Ok(bytes.get(..usize::from(len.saturating_sub(4))).unwrap_or(bytes));
        }
        rest = skip_stated::<4>(rest, u32::from(len).next_multiple_of(4))?;
    }
}

/// What an address family stands for: BSDs do not agree on the number of IPv6.
const fn by_family(family: u32, rest: &[u8]) -> Announced<'_> {
    match family {
        2 => Ok((Network::Ipv4, rest)),
        10 | 24 | 28 | 30 => Ok((Network::Ipv6, rest)),
        other => Err(ParseError::AddressFamily(other)),
    }
}
