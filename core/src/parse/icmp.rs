//! ICMP and ICMPv6: queries, errors with the packet that they speak of, and what is never tracked.

use crate::packet::{Inner, Malformed, Packet, Transport};
use crate::tuple::{Ends, Protocol, Query, Tuple};

use super::body::{Body, Stop};
#[cfg(not(feature = "ipv4-only"))]
use super::ipv6;
use super::{Addresses, Header, Ip, ipv4, transport};

/// Length of the header in front of the packet inside an error.
const HEADER_LEN: usize = 8;

/// Reads a message of the ICMP of `ip`'s family into `packet`: who speaks, and what.
pub(super) fn read(ip: &Ip<'_>, body: Body<'_>, packet: &mut Packet<'_>) -> Result<(), Stop> {
    let header = body.read(Header::Icmp)?;
    let carried = match (ip.protocol, header[0]) {
        (Protocol::ICMP, 3 | 4 | 5 | 11 | 12) | (Protocol::ICMPV6, ..=127) => body.skip(HEADER_LEN),
        (Protocol::ICMPV6, 130..=136 | 143 | 151 | 152) => {
            packet.transport = Transport::Neighbour;
            return Ok(());
        }
        #[cfg(not(feature = "ipv4-only"))]
        (Protocol::ICMPV6, redirect::TYPE) => {
            redirect::check(ip.addresses, ip.hop_limit, body.read(Header::Redirect)?)?;
            body.skip(redirect::CARRIED_AT)
        }
        (Protocol::ICMP, 19..) => return Err(Malformed::IcmpType.into()),
        _ => {
            packet.transport = Transport::Query;
            packet.tuple.ends = ends(header);
            return Ok(());
        }
    };
    let mut tuple = packet.tuple;
    let inner = match inner(ip.addresses, carried, &mut tuple) {
        Ok(()) => Inner::Tuple(tuple),
        Err(Stop::Malformed(why)) => Inner::Unreadable(why),
        Err(cut) => return Err(cut),
    };
    packet.transport = Transport::Error(inner);
    Ok(())
}

/// The ends of a request or a reply, or `None` when the message is neither.
pub(super) fn query(protocol: Protocol, header: &[u8; HEADER_LEN]) -> Option<Ends> {
    Query::of(protocol, header[0]).map(|_| ends(header))
}

fn ends(&[kind, code, _, _, high, low, ..]: &[u8; HEADER_LEN]) -> Ends {
    Ends::Query { kind, code, id: u16::from_be_bytes([high, low]) }
}

/// Reads the packet that an error speaks of, which is of the error's own family.
#[inline(never)]
fn inner(outer: Addresses<'_>, body: Body<'_>, tuple: &mut Tuple) -> Result<(), Stop> {
    let ip = match outer {
        Addresses::V4(_) => ipv4::inner(body)?,
        #[cfg(not(feature = "ipv4-only"))]
        Addresses::V6(_) => ipv6::inner(body)?,
    };
    *tuple = ip.addresses.rare_tuple(ip.protocol, Ends::None);
    transport::inner_ends(&ip, &mut tuple.ends)
}

/// ICMPv6 redirects (RFC 4861, section 4.5), as far as Linux reads them.
#[cfg(not(feature = "ipv4-only"))]
mod redirect {
    use super::super::{Addresses, ipv6};
    use crate::packet::Malformed;

    pub(super) const TYPE: u8 = 137;
    /// Where the packet begins: behind two addresses and the header of the first option.
    pub(super) const CARRIED_AT: usize = 48;
    /// The option that carries it.
    const REDIRECTED_HEADER: u8 = 4;

    /// Whether a router on the link sent this, and carries the packet in its first option.
    pub(super) fn check(
        addresses: Addresses<'_>,
        hop_limit: u8,
        message: &[u8; 42],
    ) -> Result<(), Malformed> {
        let Addresses::V6(addresses) = addresses else { return Err(Malformed::IcmpFamily) };
        let from_link = hop_limit == 255 && ipv6::address(addresses).is_unicast_link_local();
        match message {
            [_, 0, .., REDIRECTED_HEADER, 1..=u8::MAX] if from_link => Ok(()),
            _ => Err(Malformed::Redirect),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ParseError;
    use super::super::frames::{ipv4, read, tcp, transport};
    use super::*;

    fn error(kind: u8, carried: &[u8]) -> std::vec::Vec<u8> {
        ipv4(1, &[&[kind, 1, 0, 0, 0, 0, 0, 0], carried].concat())
    }

    #[test]
    fn types_are_queries_errors_or_nothing() {
        let carried = ipv4(6, &tcp(&[], b""));
        let sent = Transport::Error(Inner::Tuple(read(&carried).unwrap().tuple));
        for kind in 0..=255 {
            let expected = match kind {
                3..=5 | 11 | 12 => sent,
                ..=18 => Transport::Query,
                19.. => Transport::Malformed(Malformed::IcmpType),
            };
            assert_eq!(transport(&error(kind, &carried)), expected, "{kind}");
        }
        let echo = ipv4(1, &[8, 2, 0, 0, 0x12, 0x34, 0, 1]);
        let echo = read(&echo).unwrap();
        assert_eq!(echo.tuple.ends, Ends::Query { kind: 8, code: 2, id: 0x1234 });
        assert_eq!(transport(&ipv4(1, &[8; 7])), Transport::Malformed(Malformed::IcmpHeader));
    }

    #[test]
    fn an_error_carries_a_tuple_or_says_why_not() {
        let carried = ipv4(6, &tcp(&[], b""));
        let sent = Transport::Error(Inner::Tuple(read(&carried).unwrap().tuple));
        assert_eq!(transport(&error(3, &carried[..24])), sent);
        let other_version = [&[0x65], &carried[1..]].concat();
        assert_eq!(transport(&error(3, &other_version)), sent);
        let changed = |at: usize, byte: u8| {
            let mut carried = carried.clone();
            carried[at] = byte;
            carried
        };
        for (carried, why) in [
            (carried[..23].to_vec(), Malformed::IcmpInner),
            (carried[..19].to_vec(), Malformed::IcmpInner),
            (changed(7, 1), Malformed::Fragment),
            (changed(0, 0x4b), Malformed::Header),
            (changed(9, 58), Malformed::IcmpFamily),
            (error(3, &[]), Malformed::IcmpType),
        ] {
            assert_eq!(transport(&error(3, &carried)), Transport::Error(Inner::Unreadable(why)));
        }
        let cut = ParseError::Cut { header: Header::Inner, missing_len: 1 };
        assert_eq!(read(&error(3, &carried)[..51]), Err(cut));
    }

    #[test]
    #[cfg(not(feature = "ipv4-only"))]
    fn icmpv6_types_are_those_of_linux() {
        use super::super::frames::ipv6;
        let carried = ipv6(6, &tcp(&[], b""));
        let sent = Transport::Error(Inner::Tuple(read(&carried).unwrap().tuple));
        for kind in 0..=255 {
            let expected = match kind {
                ..=127 => sent,
                130..=136 | 143 | 151 | 152 => Transport::Neighbour,
                137 => Transport::Malformed(Malformed::Redirect),
                _ => Transport::Query,
            };
            let packet = ipv6(58, &[&[kind, 0, 0, 0, 0, 0, 0, 0], &*carried].concat());
            assert_eq!(transport(&packet), expected, "{kind}");
        }
        let mut redirect = [0; 48];
        (redirect[0], redirect[40], redirect[41]) = (137, 4, 9);
        let packet = ipv6(58, &[&redirect[..], &carried].concat());
        assert_eq!(transport(&packet), sent);
        // Hop limit, source, code, option, its length.
        for (at, byte) in [(7, 64), (8, 0x20), (41, 1), (80, 1), (81, 0)] {
            let mut packet = packet.clone();
            packet[at] = byte;
            assert_eq!(transport(&packet), Transport::Malformed(Malformed::Redirect));
        }
    }
}
