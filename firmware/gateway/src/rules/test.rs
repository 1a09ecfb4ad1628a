//! A test of a record: one property of a packet.

use core::net::IpAddr;

use keeptrack_core::{Ends, Packet, Protocol};

use super::record::Word;

/// What a rule asks of one property.
#[derive(Debug, Clone, Copy)]
pub(super) struct Test<'f> {
    /// Whether it asks that the property is another one.
    pub(super) not: bool,
    pub(super) property: Property<'f>,
}

/// A property.
#[derive(Debug, Clone, Copy)]
pub(super) enum Property<'f> {
    Protocol(Protocol),
    Address(End, Network<'f>),
    /// Ports in one of these ranges.
    Ports(Which, &'f [Word]),
    /// A message of ICMP or ICMPv6 of that type, with a code from one to another.
    Icmp {
        kind: u8,
        codes: (u8, u8),
    },
}

/// Which of the two addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Source,
    Destination,
}

/// Which of the two ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The sender's.
    Source,
    /// The receiver's.
    Destination,
    /// One of the two at least.
    Either,
}

/// Addresses under a mask.
#[derive(Debug, Clone, Copy)]
pub(super) enum Network<'f> {
    V4 { address: &'f Word, mask: &'f Word },
    V6 { address: &'f [Word; 4], mask: &'f [Word; 4] },
}

impl<'f> Test<'f> {
    /// The most ranges of one test.
    pub(super) const MAX_RANGES: usize = 15;

    /// The test that `words` begin with, and what is behind it; `None` when it is none.
    pub(super) fn split(words: &'f [Word]) -> Option<(Self, &'f [Word])> {
        let [[kind, not, low, high], behind @ ..] = words else { return None };
        let not = match not {
            0 => false,
            1 => true,
            _ => return None,
        };
        let (property, behind) = match (*kind, *low, *high) {
            (1, number, 0) => (Property::Protocol(Protocol(number)), behind),
            (2..=3, family, 0) => {
                let end = if *kind == 2 { End::Source } else { End::Destination };
                address(end, family, behind)?
            }
            (4..=6, count, 0) => {
                let which = match kind {
                    4 => Which::Source,
                    5 => Which::Destination,
                    _ => Which::Either,
                };
                ports(which, count, behind)?
            }
            (7, 0, 0) => {
                let [[kind, low, high, 0], behind @ ..] = behind else { return None };
                (Property::Icmp { kind: *kind, codes: (*low, *high) }, behind)
            }
            _ => return None,
        };
        Some((Self { not, property }, behind))
    }

    /// Whether a packet passes it.
    /// Not inlined: what a test may ask of the packet would be read for all rules at once.
    #[inline(never)]
    pub(super) fn passes(&self, packet: &Packet<'_>) -> bool {
        let tuple = &packet.tuple;
        let holds = match self.property {
            Property::Protocol(protocol) => Some(tuple.protocol == protocol),
            Property::Address(End::Source, network) => Some(network.holds(tuple.source)),
            Property::Address(End::Destination, network) => Some(network.holds(tuple.destination)),
            Property::Ports(which, ranges) => holds_ports(which, ranges, tuple.ends),
            Property::Icmp { kind, codes: (low, high) } => {
                message(packet).map(|(its, code)| its == kind && (low..=high).contains(&code))
            }
        };
        holds.is_some_and(|holds| holds != self.not)
    }
}

impl Network<'_> {
    fn holds(self, address: IpAddr) -> bool {
        match (self, address) {
            (Self::V4 { address, mask }, IpAddr::V4(its)) => {
                (u32::from_le_bytes(*address) ^ its.to_bits()) & u32::from_le_bytes(*mask) == 0
            }
            (Self::V6 { address, mask }, IpAddr::V6(its)) => {
                let octets = its.octets();
                let its = octets.as_chunks().0.iter().map(|word| u32::from_be_bytes(*word));
                its.zip(address.iter().zip(mask)).all(|(its, (address, mask))| {
                    (u32::from_le_bytes(*address) ^ its) & u32::from_le_bytes(*mask) == 0
                })
            }
            _ => false,
        }
    }
}

/// The bits of an address of IPv6, whose highest word comes first.
#[cfg(feature = "write")]
pub(super) fn bits(words: &[Word; 4]) -> u128 {
    words.iter().fold(0, |bits, word| bits << 32 | u128::from(u32::from_le_bytes(*word)))
}

/// A range of ports.
pub(super) const fn range([low, lower_high, high, highest]: Word) -> (u16, u16) {
    (u16::from_le_bytes([low, lower_high]), u16::from_le_bytes([high, highest]))
}

fn address(end: End, family: u8, words: &[Word]) -> Option<(Property<'_>, &[Word])> {
    let (network, behind) = match (family, words) {
        (4, [address, mask, behind @ ..]) => (Network::V4 { address, mask }, behind),
        (6, _) => {
            let (address, behind) = words.split_first_chunk()?;
            let (mask, behind) = behind.split_first_chunk()?;
            (Network::V6 { address, mask }, behind)
        }
        _ => return None,
    };
    Some((Property::Address(end, network), behind))
}

fn ports(which: Which, count: u8, words: &[Word]) -> Option<(Property<'_>, &[Word])> {
    let count = usize::from(count);
    if !(1..=Test::MAX_RANGES).contains(&count) {
        return None;
    }
    let (ranges, behind) = words.split_at_checked(count)?;
    Some((Property::Ports(which, ranges), behind))
}

/// Whether one of the ranges holds the ports; `None` of a packet without.
fn holds_ports(which: Which, ranges: &[Word], ends: Ends) -> Option<bool> {
    let Ends::Ports { source, destination } = ends else { return None };
    let (one, other) = match which {
        Which::Source => (source, source),
        Which::Destination => (destination, destination),
        Which::Either => (source, destination),
    };
    Some(ranges.iter().any(|&word| {
        let (low, high) = range(word);
        (low..=high).contains(&one) || (low..=high).contains(&other)
    }))
}

/// Type and code of a message of the ICMP of its family; `None` of another packet, and of a part of
/// a message that does not begin it, unless its tuple tells.
fn message(packet: &Packet<'_>) -> Option<(u8, u8)> {
    let own = if packet.tuple.source.is_ipv4() { Protocol::ICMP } else { Protocol::ICMPV6 };
    if packet.tuple.protocol != own {
        return None;
    }
    match (packet.tuple.ends, packet.segment) {
        (Ends::Query { kind, code, .. }, _) => Some((kind, code)),
        (_, [kind, code, ..]) if packet.fragment.is_none_or(|part| part.offset == 0) => {
            Some((*kind, *code))
        }
        _ => None,
    }
}
