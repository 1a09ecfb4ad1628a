//! Which classes a connection is of: what its packets match at the hooks that they cross.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use keeptrack_core::{Conn, Direction, Ends, Path, Protocol, Zone};

use super::change::{Class, Role};
use crate::path::Sighting;
use crate::service::{FIRST_EPHEMERAL, Service};

/// The most classes that a connection is of: of two ports in two roles, two prefixes and a network.
pub(super) const MOST: usize = 7;

/// Bits of an address that outside peers have in common when they are neighbours.
const PREFIX_LENS: (u8, u8) = (24, 64);

/// The networks that nobody has for himself, with their lengths (RFC 1918, RFC 4193).
const PRIVATE: [(IpAddr, u8); 4] = [
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
];

/// The name of the interface that [`Class::Loopback`] is of.
const LOOPBACK: &[u8] = b"lo";

/// A class that a connection is of, and whether it is for what the connection is for: a service
/// that was called, and not a port that a caller happened to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Of {
    pub(super) class: Class,
    pub(super) is_called: bool,
}

/// The classes of a connection whose first packet was seen there.
///
/// Rules behind those of an admin do nothing to what these gave a zone, timeouts or a helper: such
/// a connection is of no class.
pub(super) fn classes(conn: &Conn, sighting: &Sighting) -> Vec<Of> {
    let is_given =
        conn.zone() != Zone::DEFAULT || conn.timeouts().is_some() || conn.helper().is_some();
    if is_given {
        return Vec::new();
    }
    if sighting.path == Some(Path::Loops) {
        let is_lo = sighting.interface.is_some_and(|name| name.as_bytes() == LOOPBACK);
        return if is_lo { vec![Of::called(Class::Loopback)] } else { Vec::new() };
    }
    let mut classes = Vec::with_capacity(MOST);
    services(conn, sighting.path, &mut classes);
    networks(conn, &mut classes);
    classes
}

/// The classes of a connection that was open before the first packet, so that nobody knows which
/// hooks its packets cross.
pub(super) fn open_classes(conn: &Conn) -> Vec<Of> {
    match Service::of(conn).is_loopback {
        true => vec![Of::called(Class::Loopback)],
        false => Vec::new(),
    }
}

/// Whether a connection is of a class, or its packets would be at other hooks.
pub(super) fn may_be_of(conn: &Conn, class: Class) -> bool {
    let tuple = conn.tuple(Direction::Original);
    let addresses = [tuple.source, tuple.destination];
    let is_loopback = Service::of(conn).is_loopback;
    match class {
        Class::Loopback => is_loopback,
        _ if is_loopback => false,
        Class::Service { protocol, port, .. } => match tuple.ends {
            Ends::Ports { source, destination } => {
                tuple.protocol == protocol && (source == port || destination == port)
            }
            _ => false,
        },
        Class::Prefix { address, len } => addresses.iter().any(|own| is_in(*own, address, len)),
        Class::Within { address, len } => addresses.iter().all(|own| is_in(*own, address, len)),
        Class::Echo { protocol } => tuple.protocol == protocol && is_echo(tuple.ends, protocol),
    }
}

/// Whether an address lies in a network.
pub(super) fn is_in(address: IpAddr, network: IpAddr, len: u8) -> bool {
    address.is_ipv4() == network.is_ipv4() && masked(address, len) == network
}

fn services(conn: &Conn, path: Option<Path>, classes: &mut Vec<Of>) {
    let tuple = conn.tuple(Direction::Original);
    let protocol = tuple.protocol;
    match tuple.ends {
        Ends::Ports { source, destination } => {
            let called = Service::of(conn).called();
            let (of_source, of_destination): (&[Role], &[Role]) = match path {
                Some(Path::Local) => (&[Role::Server], &[Role::Client]),
                Some(_) => (&[Role::Client, Role::Through], &[Role::Server, Role::Through]),
                None => (&[Role::Through], &[Role::Through]),
            };
            let mut add = |port: u16, roles: &[Role]| {
                let is_called = port == called;
                if is_called || port < FIRST_EPHEMERAL {
                    let class = |role| Class::Service { protocol, port, role };
                    classes.extend(roles.iter().map(|&role| Of { class: class(role), is_called }));
                }
            };
            add(destination, of_destination);
            if source == destination {
                // Whoever forwards it has one rule for both of its ports.
                add(source, of_source.strip_suffix(&[Role::Through]).unwrap_or(of_source));
            } else {
                add(source, of_source);
            }
        }
        ends if is_echo(ends, protocol) => classes.push(Of::called(Class::Echo { protocol })),
        _ => {}
    }
}

fn networks(conn: &Conn, classes: &mut Vec<Of>) {
    let tuple = conn.tuple(Direction::Original);
    let [source, destination] = [tuple.source, tuple.destination].map(prefix);
    let prefixes = source.into_iter().chain(destination.filter(|_| destination != source));
    classes.extend(prefixes.map(Of::called));
    let is_within = |(address, len): &(IpAddr, u8)| {
        is_in(tuple.source, *address, *len) && is_in(tuple.destination, *address, *len)
    };
    let within = PRIVATE.into_iter().find(is_within);
    classes.extend(within.map(|(address, len)| Of::called(Class::Within { address, len })));
}

/// The prefix of an outside peer.
fn prefix(address: IpAddr) -> Option<Class> {
    let len = if address.is_ipv4() { PREFIX_LENS.0 } else { PREFIX_LENS.1 };
    let is_link_local = is_in(address, IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16)
        || is_in(address, IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10);
    let is_group = address.is_multicast() || address == IpAddr::V4(Ipv4Addr::BROADCAST);
    let is_private = PRIVATE.iter().any(|(network, len)| is_in(address, *network, *len));
    let is_of_none = address.is_loopback() || address.is_unspecified();
    (!is_link_local && !is_group && !is_private && !is_of_none)
        .then(|| Class::Prefix { address: masked(address, len), len })
}

/// An address with its host bits zero.
fn masked(address: IpAddr, len: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(len.min(32))).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(len.min(128))).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    }
}

const fn is_echo(ends: Ends, protocol: Protocol) -> bool {
    let Ends::Query { kind, .. } = ends else { return false };
    match protocol {
        Protocol::ICMP => matches!(kind, 0 | 8),
        Protocol::ICMPV6 => matches!(kind, 128 | 129),
        _ => false,
    }
}

impl Of {
    const fn called(class: Class) -> Self {
        Self { class, is_called: true }
    }
}

#[cfg(test)]
mod tests {
    use super::{IpAddr, is_in, masked, prefix};

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn outside_peers_have_prefixes_and_others_none() {
        assert_eq!(masked(ip("203.0.113.77"), 24), ip("203.0.113.0"));
        assert_eq!(masked(ip("2001:db8:1:2:3::4"), 64), ip("2001:db8:1:2::"));
        assert_eq!(masked(ip("203.0.113.77"), 0), ip("0.0.0.0"));
        assert!(is_in(ip("172.31.255.1"), ip("172.16.0.0"), 12));
        assert!(!is_in(ip("172.32.0.1"), ip("172.16.0.0"), 12));
        assert!(!is_in(ip("::"), ip("0.0.0.0"), 0));
        for inside in ["10.1.1.1", "fd00::1", "127.0.0.1", "::", "224.0.0.1", "fe80::1"] {
            assert_eq!(prefix(ip(inside)), None, "{inside}");
        }
        assert!(prefix(ip("198.51.100.1")).is_some());
    }
}
