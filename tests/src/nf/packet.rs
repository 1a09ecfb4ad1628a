//! What must be known of a packet to find its connection in the kernel: read here from its bytes,
//! not by the parser that is under test.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use keeptrack_core::{Ends, Protocol, Tuple};

/// Length of an IPv4 header without options.
const MIN_IPV4_LEN: usize = 20;
/// Length of an IPv6 header.
const IPV6_LEN: usize = 40;
/// Fragment header of IPv6.
const FRAGMENT: u8 = 44;
/// Authentication header.
const AUTH: u8 = 51;
/// IPv6 extension headers that are walked over: hop-by-hop, routing, fragment, authentication,
/// destination options.
const EXTENSIONS: [u8; 5] = [0, 43, FRAGMENT, AUTH, 60];
/// ICMP types that are errors.
const ICMP_ERRORS: [u8; 5] = [3, 4, 5, 11, 12];
/// ICMPv6's redirect, which is an error by what it does.
const REDIRECT: u8 = 137;
/// FIN among the flags of TCP.
const FIN: u8 = 0x01;
/// RST among the flags of TCP.
const RST: u8 = 0x04;

/// Where the packet's transport header is, and of which protocol.
#[derive(Debug, Clone, Copy)]
struct Transport<'a> {
    /// Source and destination of the packet.
    addresses: (IpAddr, IpAddr),
    protocol: Protocol,
    /// From its first byte to the end of the packet.
    bytes: &'a [u8],
    /// Whether the packet is a fragment.
    is_fragment: bool,
    /// Whether it is one behind the first.
    is_later: bool,
}

/// The connection that a packet speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Subject {
    /// The tuple of the packet, or of the packet inside the ICMP error that it is.
    pub(super) tuple: Tuple,
    /// Whether it is an ICMP error.
    pub(super) is_error: bool,
    /// Whether it is TCP with FIN or RST.
    pub(super) is_closing: bool,
}

/// Whether it is a packet of IPv6.
pub(super) fn is_ipv6(ip: &[u8]) -> bool {
    ip.first().is_some_and(|first| first >> 4 == 6)
}

/// Whether it is a fragment; one that is whole (IPv6 has such) is one, too.
pub(super) fn is_fragment(ip: &[u8]) -> bool {
    transport(ip).is_some_and(|transport| transport.is_fragment)
}

/// Whether it is an ICMP error.
pub(super) fn is_error(ip: &[u8]) -> bool {
    let is_icmp_error = |transport: Transport<'_>| {
        transport.bytes.first().is_some_and(|kind| kind_is_error(transport.protocol, *kind))
    };
    transport(ip).is_some_and(is_icmp_error)
}

/// Whether it is TCP with RST.
pub(super) fn is_reset(ip: &[u8]) -> bool {
    transport(ip).is_some_and(|transport| transport.flags() & RST != 0)
}

/// The connection that it speaks of; `None` where its headers do not tell.
pub(super) fn subject(ip: &[u8]) -> Option<Subject> {
    let outer = transport(ip)?;
    if is_error(ip) {
        let inner = outer.bytes.get(carried_at(*outer.bytes.first()?)..)?;
        // The kernel reads it by the family of the error, whatever version it says it is.
        let read = if is_ipv6(ip) { transport_of_ipv6 } else { transport_of_ipv4 };
        let tuple = tuple(read(inner)?)?;
        return Some(Subject { tuple, is_error: true, is_closing: false });
    }
    let is_closing = outer.flags() & (FIN | RST) != 0;
    Some(Subject { tuple: tuple(outer)?, is_error: false, is_closing })
}

impl Transport<'_> {
    /// The flags of TCP; none where it is not.
    fn flags(&self) -> u8 {
        let is_tcp = self.protocol == Protocol::TCP && !self.is_later;
        self.bytes.get(13).copied().filter(|_| is_tcp).unwrap_or(0)
    }
}

/// How many bytes of it tracking reads, of IPv4 and IPv6; `None` where that cannot be told from
/// what there is.
///
/// Of SCTP all chunks are read, so all of it.
pub(super) fn tracked_len(ip: &[u8]) -> Option<usize> {
    if ip.first().is_some_and(|first| first & 0x0f < 5) && !is_ipv6(ip) {
        return Some(MIN_IPV4_LEN);
    }
    let Transport { protocol, bytes, is_later, .. } = transport(ip)?;
    let header_len = match protocol {
        _ if is_later => 0,
        Protocol::TCP => bytes.get(12).map_or(20, |offset| usize::from(offset >> 4) * 4).max(20),
        Protocol::UDP | Protocol::UDPLITE => 8,
        Protocol::ICMP if is_error(ip) => 16 + usize::from(bytes.get(8)? & 0x0f) * 4,
        Protocol::ICMPV6 if is_error(ip) => 16 + IPV6_LEN,
        Protocol::ICMP | Protocol::ICMPV6 => 8,
        Protocol::GRE => 12,
        Protocol::SCTP => return Some(usize::MAX),
        _ => 0,
    };
    Some(ip.len() - bytes.len() + header_len)
}

/// Where the packet begins that an error of that type carries: in a redirect of ICMPv6 behind two
/// addresses and the head of an option, too.
const fn carried_at(kind: u8) -> usize {
    if kind == REDIRECT { 48 } else { 8 }
}

fn kind_is_error(protocol: Protocol, kind: u8) -> bool {
    match protocol {
        Protocol::ICMP => ICMP_ERRORS.contains(&kind),
        Protocol::ICMPV6 => kind < 128 || kind == REDIRECT,
        _ => false,
    }
}

fn transport(ip: &[u8]) -> Option<Transport<'_>> {
    match ip.first()? >> 4 {
        4 => transport_of_ipv4(ip),
        _ => transport_of_ipv6(ip),
    }
}

fn transport_of_ipv4(ip: &[u8]) -> Option<Transport<'_>> {
    let header_len = usize::from(ip.first()? & 0x0f) * 4;
    let place = short(ip, 6)?;
    let address = |at| Some(Ipv4Addr::from(*ip.get(at..)?.first_chunk::<4>()?).into());
    Some(Transport {
        addresses: (address(12)?, address(16)?),
        protocol: Protocol(*ip.get(9)?),
        bytes: ip.get(header_len..)?,
        is_fragment: place & 0x3fff != 0,
        is_later: place & 0x1fff != 0,
    })
}

fn transport_of_ipv6(ip: &[u8]) -> Option<Transport<'_>> {
    let mut protocol = *ip.get(6)?;
    let mut bytes = ip.get(IPV6_LEN..)?;
    let (mut is_fragment, mut is_later) = (false, false);
    while EXTENSIONS.contains(&protocol) && !is_later {
        let units = usize::from(*bytes.get(1)?);
        let len = match protocol {
            FRAGMENT => {
                is_fragment = true;
                is_later = short(bytes, 2)? >> 3 != 0;
                8
            }
            AUTH => (units + 2) * 4,
            _ => (units + 1) * 8,
        };
        protocol = *bytes.first()?;
        // What has no ports is known by its number alone, even where nothing of it is there.
        bytes = bytes.get(len..).unwrap_or(&[]);
    }
    let address = |at| Some(Ipv6Addr::from(*ip.get(at..)?.first_chunk::<16>()?).into());
    let addresses = (address(8)?, address(24)?);
    Some(Transport { addresses, protocol: Protocol(protocol), bytes, is_fragment, is_later })
}

fn tuple(transport: Transport<'_>) -> Option<Tuple> {
    if transport.is_later {
        return None;
    }
    let Transport { addresses: (source, destination), protocol, bytes, .. } = transport;
    let ends = match protocol {
        Protocol::TCP | Protocol::UDP | Protocol::SCTP | Protocol::UDPLITE => {
            Ends::Ports { source: short(bytes, 0)?, destination: short(bytes, 2)? }
        }
        // DCCP has ports as well, for kernels that track it.
        Protocol(33) => Ends::Ports {
            source: short(bytes, 0).unwrap_or(0),
            destination: short(bytes, 2).unwrap_or(0),
        },
        Protocol::ICMP | Protocol::ICMPV6 => {
            let [kind, code, ..] = *bytes else { return None };
            Ends::Query { kind, code, id: short(bytes, 4)? }
        }
        Protocol::GRE if bytes.len() >= 8 && bytes[1] & 7 == 1 => {
            Ends::Keys { source: 0, destination: short(bytes, 6)? }
        }
        Protocol::GRE => Ends::Keys { source: 0, destination: 0 },
        _ => Ends::None,
    };
    Some(Tuple { source, destination, protocol, ends })
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|word| u16::from_be_bytes(*word))
}

#[cfg(test)]
mod tests {
    use keeptrack_core::{Ends, Protocol};

    use super::{is_fragment, subject};

    fn ipv4(protocol: u8, place: u16, body: &[u8]) -> Vec<u8> {
        let [p0, p1] = place.to_be_bytes();
        let header = [0x45, 0, 0, 0, 0, 1, p0, p1, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
        [&header, body].concat()
    }

    fn ipv6(next: u8, body: &[u8]) -> Vec<u8> {
        let mut header = vec![0x60, 0, 0, 0, 0, 0, next, 64];
        header.extend([0x20; 16]);
        header.extend([0x21; 16]);
        [&header, body].concat()
    }

    #[test]
    fn the_subject_of_an_error_is_the_packet_inside() {
        let udp = ipv4(17, 0, &[0, 53, 1, 0, 0, 8, 0, 0]);
        let error = ipv4(1, 0, &[&[3, 1, 0, 0, 0, 0, 0, 0], &udp[..]].concat());
        let subject = subject(&error).unwrap();
        assert!(subject.is_error);
        assert_eq!(subject.tuple.ends, Ends::Ports { source: 53, destination: 256 });
    }

    #[test]
    fn fragments_are_known_in_both_families() {
        let ports = [0, 1, 0, 2, 0, 0, 0, 0];
        assert!(!is_fragment(&ipv4(17, 0x4000, &ports)));
        assert!(is_fragment(&ipv4(17, 0x2000, &ports)));
        assert!(subject(&ipv4(17, 0x2000, &ports)).is_some());
        assert!(is_fragment(&ipv4(17, 0x0005, &ports)));
        assert_eq!(subject(&ipv4(17, 0x0005, &ports)), None);
        let whole = ipv6(44, &[&[17, 0, 0, 0, 0, 0, 0, 1], &ports[..]].concat());
        assert!(is_fragment(&whole));
        assert_eq!(subject(&whole).unwrap().tuple.protocol, Protocol::UDP);
        let later = ipv6(44, &[&[17, 0, 0, 8, 0, 0, 0, 1], &ports[..]].concat());
        assert!(is_fragment(&later));
        assert_eq!(subject(&later), None);
    }

    #[test]
    fn extension_headers_are_walked_over() {
        let tcp = [&[0, 1, 0, 2], &[0; 8][..], &[0x50, 0x11, 0, 0]].concat();
        let options = [6, 0, 0, 0, 0, 0, 0, 0];
        let auth = [60, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let subject = subject(&ipv6(51, &[&auth[..], &options, &tcp].concat())).unwrap();
        assert_eq!(subject.tuple.ends, Ends::Ports { source: 1, destination: 2 });
        assert!(subject.is_closing);
    }
}
