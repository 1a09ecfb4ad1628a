//! Packets for the tests: built as the bytes of an IP packet, and read by the parser.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use keeptrack_core::{LinkType, Packet, Protocol, Seen, TcpFlags};

/// Who opens, in most tests.
pub(crate) const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
/// Who answers.
pub(crate) const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 2));
/// Who stands between them and sends errors.
pub(crate) const ROUTER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));
/// Who opens, in IPv6.
pub(crate) const CLIENT6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 1));
/// Who answers, in IPv6.
pub(crate) const SERVER6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 2));
/// Who stands between them, in IPv6.
pub(crate) const ROUTER6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 3, 0, 0, 0, 0, 9));

/// What the parser reads of an IP packet, which must be one that it reads. The bytes themselves it
/// does not keep, so that it may outlive them.
pub(crate) fn read(packet: &[u8]) -> Packet<'static> {
    let Packet { tuple, transport, len, segment_len, fragment, .. } =
        Packet::parse(LinkType::Raw, packet).unwrap();
    Packet { seen: Seen::ARRIVES, tuple, transport, len, segment: &[], segment_len, fragment }
}

/// An IP packet; both addresses are of one family.
pub(crate) fn ip(protocol: Protocol, from: IpAddr, to: IpAddr, body: &[u8]) -> Vec<u8> {
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let [high, low] = u16::try_from(20 + body.len()).unwrap().to_be_bytes();
            let header = [0x45, 0, high, low, 0, 0, 0, 0, 64, protocol.0, 0, 0];
            [&header, &from.octets()[..], &to.octets()[..], body].concat()
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let [high, low] = u16::try_from(body.len()).unwrap().to_be_bytes();
            let header = [0x60, 0, 0, 0, high, low, protocol.0, 64];
            [&header, &from.octets()[..], &to.octets()[..], body].concat()
        }
        _ => panic!("{from} and {to} are of two families"),
    }
}

/// A TCP segment without options and payload.
pub(crate) fn tcp((from, to): (u16, u16), flags: TcpFlags, (seq, ack): (u32, u32)) -> Vec<u8> {
    let end = [0x50, flags.0, 0xff, 0xff, 0, 0, 0, 0];
    [ports(from, to), [seq.to_be_bytes(), ack.to_be_bytes()].concat(), end.to_vec()].concat()
}

/// A UDP or UDP-Lite datagram without payload; it has a check sum, which is not that of its bytes.
pub(crate) fn udp(from: u16, to: u16) -> Vec<u8> {
    [ports(from, to), vec![0, 8, 0, 1]].concat()
}

/// An SCTP packet with that verification tag.
pub(crate) fn sctp((from, to): (u16, u16), tag: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
    [ports(from, to), tag.to_be_bytes().to_vec(), vec![0; 4], chunks.concat()].concat()
}

/// A chunk of SCTP, padded to a multiple of four bytes.
pub(crate) fn chunk(kind: u8, flags: u8, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(4 + value.len()).unwrap();
    let [high, low] = len.to_be_bytes();
    let mut chunk = [&[kind, flags, high, low], value].concat();
    chunk.resize(chunk.len().next_multiple_of(4), 0);
    chunk
}

/// A query of either ICMP, or the answer to one.
pub(crate) fn query(kind: u8, code: u8, id: u16) -> Vec<u8> {
    let [high, low] = id.to_be_bytes();
    vec![kind, code, 0, 0, high, low, 0, 1]
}

/// An error of either ICMP about an IP packet.
pub(crate) fn error(kind: u8, code: u8, about: &[u8]) -> Vec<u8> {
    [&[kind, code, 0, 0, 0, 0, 0, 0], about].concat()
}

/// The ICMP of an address's family.
pub(crate) const fn icmp_of(address: IpAddr) -> Protocol {
    match address {
        IpAddr::V4(_) => Protocol::ICMP,
        IpAddr::V6(_) => Protocol::ICMPV6,
    }
}

fn ports(from: u16, to: u16) -> Vec<u8> {
    [from.to_be_bytes(), to.to_be_bytes()].concat()
}
