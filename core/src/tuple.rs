//! Who speaks to whom: the tuple of a packet, and the key under which both its directions are found.

use core::fmt;
use core::net::IpAddr;
use core::ops::Not;

#[cfg(not(feature = "ipv4-only"))]
use crate::bits::INET6;
use crate::bits::{Bits, INET};

/// The direction of a packet within its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Direction {
    /// As the first packet went.
    Original,
    /// Against it.
    Reply,
}

impl Direction {
    /// 0 for [`Original`](Self::Original), 1 for [`Reply`](Self::Reply), as netfilter numbers them.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl Not for Direction {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Original => Self::Reply,
            Self::Reply => Self::Original,
        }
    }
}

/// A conntrack zone: the same tuple in two zones is two connections.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Zone(pub u16);

impl Zone {
    /// The zone of packets that no rule put into another.
    pub const DEFAULT: Self = Self(0);
}

/// An IP protocol number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Protocol(pub u8);

impl Protocol {
    /// ICMP for IPv4.
    pub const ICMP: Self = Self(1);
    /// TCP.
    pub const TCP: Self = Self(6);
    /// UDP.
    pub const UDP: Self = Self(17);
    /// Generic Routing Encapsulation.
    pub const GRE: Self = Self(47);
    /// ICMP for IPv6.
    pub const ICMPV6: Self = Self(58);
    /// SCTP.
    pub const SCTP: Self = Self(132);
    /// UDP-Lite.
    pub const UDPLITE: Self = Self(136);

    /// The name that conntrack prints, `unknown` for what it has no tracker for.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ICMP => "icmp",
            Self::TCP => "tcp",
            Self::UDP => "udp",
            Self::GRE => "gre",
            Self::ICMPV6 => "icmpv6",
            Self::SCTP => "sctp",
            Self::UDPLITE => "udplite",
            _ => "unknown",
        }
    }
}

/// The part of a tuple that belongs to the protocol above IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Ends {
    /// TCP, UDP, UDP-Lite, SCTP.
    Ports {
        /// The sender's port.
        source: u16,
        /// The receiver's port.
        destination: u16,
    },
    /// GRE: call identifiers of version 1, else zeros.
    Keys {
        /// The sender's, which no packet tells: zero but in the inverse of a tuple.
        source: u16,
        /// The receiver's.
        destination: u16,
    },
    /// A query of ICMP or ICMPv6, or the answer to one.
    Query {
        /// ICMP type.
        kind: u8,
        /// ICMP code.
        code: u8,
        /// Identifier.
        id: u16,
    },
    /// Known by its two addresses and its protocol alone.
    None,
}

/// Who speaks to whom, as one packet says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Tuple {
    /// Where the packet comes from.
    pub source: IpAddr,
    /// Where it goes. Of the same family as `source`.
    pub destination: IpAddr,
    /// What IP carries.
    pub protocol: Protocol,
    /// The protocol's own part.
    pub ends: Ends,
}

impl Tuple {
    /// The tuple that an answer to this one has: addresses and ports change places, a query becomes
    /// its reply and a reply its query; identifier and code stay.
    #[must_use]
    pub const fn invert(&self) -> Self {
        let ends = match self.ends {
            Ends::Ports { source, destination } => {
                Ends::Ports { source: destination, destination: source }
            }
            Ends::Keys { source, destination } => {
                Ends::Keys { source: destination, destination: source }
            }
            Ends::Query { kind, code, id } => {
                Ends::Query { kind: Query::counterpart(self.protocol, kind), code, id }
            }
            Ends::None => Ends::None,
        };
        Self { source: self.destination, destination: self.source, protocol: self.protocol, ends }
    }
}

impl Tuple {
    /// The two ends as a [`Key`] has them, and the side that sent them; by words that are in the
    /// order that the addresses of sender and receiver are in.
    #[cfg_attr(not(target_pointer_width = "32"), inline(always))] // See `KeyedHash::of`.
    fn ends_by(&self, sender: u32, receiver: u32) -> (u32, Side) {
        let by = |is_first| if is_first { Side::First } else { Side::Second };
        match self.ends {
            Ends::Ports { source, destination } | Ends::Keys { source, destination } => {
                let side = by((sender, source) <= (receiver, destination));
                let (first, second) = side.in_order(source, destination);
                (u32::from(first) | u32::from(second) << 16, side)
            }
            Ends::Query { kind, code, id } => {
                let (request, side) = match Query::of(self.protocol, kind) {
                    Some(Query::Reply) => (Query::counterpart(self.protocol, kind), Side::Second),
                    _ => (kind, Side::First),
                };
                // The one that asks comes first, whose end is the identifier.
                let asked = u16::from_be_bytes([request, code]);
                (u32::from(id) | u32::from(asked) << 16, side)
            }
            Ends::None => (0, by(sender <= receiver)),
        }
    }
}

/// As `conntrack -L` prints a tuple: `src=192.0.2.1 dst=192.0.2.2 sport=1111 dport=80`.
impl fmt::Display for Tuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "src={} dst={}", self.source, self.destination)?;
        match self.ends {
            Ends::Ports { source, destination } => {
                write!(f, " sport={source} dport={destination}")
            }
            Ends::Query { kind, code, id } => write!(f, " type={kind} code={code} id={id}"),
            Ends::Keys { source, destination } => {
                write!(f, " srckey={source:#x} dstkey={destination:#x}")
            }
            Ends::None => Ok(()),
        }
    }
}

/// The ICMP types that ask, and what answers them.
///
/// ICMP: RFC 792 and RFC 950; ICMPv6: RFC 4443 and RFC 4620.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Query {
    Request,
    Reply,
}

impl Query {
    /// What `kind` is, or `None` when it is neither a request nor a reply.
    pub(crate) const fn of(protocol: Protocol, kind: u8) -> Option<Self> {
        match (protocol, kind) {
            (Protocol::ICMP, 8 | 13 | 15 | 17) | (Protocol::ICMPV6, 128 | 139) => {
                Some(Self::Request)
            }
            (Protocol::ICMP, 0 | 14 | 16 | 18) | (Protocol::ICMPV6, 129 | 140) => Some(Self::Reply),
            _ => None,
        }
    }

    /// The type that answers `kind`, or that it answers; `kind` itself when there is none.
    pub(crate) const fn counterpart(protocol: Protocol, kind: u8) -> u8 {
        match (protocol, kind) {
            (Protocol::ICMP, 0 | 8) => kind ^ 8,
            // Of these the one that asks has the odd number.
            (Protocol::ICMP, 13..=18) | (Protocol::ICMPV6, 139 | 140) => {
                (kind.wrapping_add(1) ^ 1).wrapping_sub(1)
            }
            (Protocol::ICMPV6, 128 | 129) => kind ^ 1,
            _ => kind,
        }
    }
}

/// The key of a connection: the same for the packets of both its directions.
///
/// A tuple and its inverse are one key; which of the two a packet had is its [`Side`]. Endpoints
/// are put in order, except for queries, where the one that asks comes first: two hosts may ping
/// each other under the same identifier, and those are two connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    first: Bits,
    second: Bits,
    /// The end of the first, and above it that of the second.
    ends: u32,
    /// The zone, above it the protocol, and the family on top.
    kind: u32,
}

/// Which endpoint of a [`Key`] sent a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    First,
    Second,
    /// Either: the tuple is its own inverse. No packet has this side, only who began a connection.
    Both,
}

impl Side {
    /// What the sender of this side has and what the other one has, the first of a key first.
    #[inline(always)]
    fn in_order<T>(self, own: T, other: T) -> (T, T) {
        match self {
            Self::First | Self::Both => (own, other),
            Self::Second => (other, own),
        }
    }

    /// The one that it speaks to.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
            Self::Both => Self::Both,
        }
    }
}

impl PartialEq for Key {
    /// Not in line with few registers, where all words of one key would wait in memory for those of
    /// the other.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    #[cfg_attr(not(target_pointer_width = "32"), inline(always))]
    fn eq(&self, other: &Self) -> bool {
        let (Bits([one, ..]), Bits([two, ..])) = (self.first, self.second);
        let (Bits([three, ..]), Bits([four, ..])) = (other.first, other.second);
        let near = (self.ends ^ other.ends) | (self.kind ^ other.kind);
        // An address of IPv4 has one word.
        (one ^ three) | (two ^ four) | near == 0
            && (self.is_ipv4()
                || self.first.differing(&other.first) | self.second.differing(&other.second) == 0)
    }
}

impl Eq for Key {}

impl Key {
    /// What is never found: the key of an empty slot.
    pub(crate) const EMPTY: Self = Self { first: Bits::NONE, second: Bits::NONE, ends: 0, kind: 0 };

    /// The key of `tuple` in `zone`, and the side that sent it.
    ///
    /// Addresses of two families, or of one that this build cannot hold, have no key; the parser
    /// makes no such tuple.
    #[cfg_attr(not(target_pointer_width = "32"), inline(always))] // See `KeyedHash::of`.
    pub(crate) fn of(tuple: &Tuple, zone: Zone) -> Option<(Self, Side)> {
        let kind = u32::from(zone.0) | u32::from(tuple.protocol.0) << 16;
        // Each family for itself: of IPv4 nothing but two words is put in order.
        match (tuple.source, tuple.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let (source, destination) = (source.to_bits(), destination.to_bits());
                let (ends, side) = tuple.ends_by(source, destination);
                let (first, second) = side.in_order(source, destination);
                let (first, second) = (Bits::of_ipv4(first), Bits::of_ipv4(second));
                Some((Self { first, second, ends, kind: kind | u32::from(INET) << 24 }, side))
            }
            #[cfg(not(feature = "ipv4-only"))]
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let (source, destination) = (Bits::of_ipv6(source), Bits::of_ipv6(destination));
                let (one, other) = source.ordering_words(&destination);
                let (ends, side) = tuple.ends_by(one, other);
                let (first, second) = side.in_order(source, destination);
                Some((Self { first, second, ends, kind: kind | u32::from(INET6) << 24 }, side))
            }
            _ => None,
        }
    }

    /// The tuple of a packet that `sender` sends.
    pub(crate) fn tuple(&self, sender: Side) -> Tuple {
        let (protocol, family) = (self.protocol(), self.family());
        let (first, second) = (self.first.address(family), self.second.address(family));
        let (first_end, second_end) = self.ends();
        let ends = match protocol {
            Protocol::ICMP | Protocol::ICMPV6 => {
                let [kind, code] = second_end.to_be_bytes();
                Ends::Query { kind, code, id: first_end }
            }
            Protocol::TCP | Protocol::UDP | Protocol::SCTP | Protocol::UDPLITE => {
                Ends::Ports { source: first_end, destination: second_end }
            }
            Protocol::GRE => Ends::Keys { source: first_end, destination: second_end },
            _ => Ends::None,
        };
        let from_first = Tuple { source: first, destination: second, protocol, ends };
        match sender {
            Side::First | Side::Both => from_first,
            Side::Second => from_first.invert(),
        }
    }

    /// Who begins a connection of this key whose first packet `sender` sends.
    ///
    /// Linux finds a tuple that is its own inverse by the reply's node, which lies in front: all
    /// packets but the first are replies.
    pub(crate) fn opened_by(&self, sender: Side) -> Side {
        let ends = self.ends();
        // Of a query one end asks, though both be one host.
        let is_query = matches!(self.protocol(), Protocol::ICMP | Protocol::ICMPV6);
        let is_alike = ends.0 == ends.1 && self.first.differing(&self.second) == 0 && !is_query;
        if is_alike { Side::Both } else { sender }
    }

    /// The address of a side, and its family.
    pub(crate) const fn address(&self, side: Side) -> (Bits, u8) {
        let bits = match side {
            Side::First | Side::Both => self.first,
            Side::Second => self.second,
        };
        (bits, self.family())
    }

    pub(crate) const fn protocol(&self) -> Protocol {
        let [_, _, protocol, _] = self.kind.to_le_bytes();
        Protocol(protocol)
    }

    pub(crate) const fn zone(&self) -> Zone {
        let [low, high, ..] = self.kind.to_le_bytes();
        Zone(u16::from_le_bytes([low, high]))
    }

    const fn family(&self) -> u8 {
        let [.., family] = self.kind.to_le_bytes();
        family
    }

    /// The end of the first, and that of the second.
    const fn ends(&self) -> (u16, u16) {
        let [a, b, c, d] = self.ends.to_le_bytes();
        (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]))
    }

    /// What two words are hashed as that are no key: of the second, the lower seven bytes.
    #[allow(clippy::cast_possible_truncation, reason = "one half each")]
    pub(crate) fn of_words([one, other]: [u64; 2]) -> Self {
        let (first, second) = (Bits::of_ipv4(one as u32), Bits::of_ipv4((one >> 32) as u32));
        let kind = (other >> 32) as u32 & 0x00ff_ffff | u32::from(INET) << 24;
        Self { first, second, ends: other as u32, kind }
    }

    pub(crate) const fn is_ipv4(&self) -> bool {
        self.family() == INET
    }

    /// What is hashed of a key of IPv4.
    #[inline(always)]
    pub(crate) const fn words_of_ipv4(&self) -> [u32; 4] {
        let (Bits([first, ..]), Bits([second, ..])) = (self.first, self.second);
        [self.ends, self.kind, first, second]
    }

    /// What is hashed of a key of IPv6.
    #[cfg(not(feature = "ipv4-only"))]
    #[inline(always)]
    pub(crate) const fn words_of_ipv6(&self) -> [u32; 10] {
        let (Bits([a, b, c, d]), Bits([e, f, g, h])) = (self.first, self.second);
        [self.ends, self.kind, a, b, c, d, e, f, g, h]
    }
}
