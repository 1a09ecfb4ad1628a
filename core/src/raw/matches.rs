//! What a rule asks of a packet.

use core::net::{IpAddr, Ipv4Addr};

use heapless::Vec;

use super::{Hook, SetId, Sets};
use crate::packet::{IfName, Packet, Transport};
use crate::tuple::{Ends, Protocol};

/// What a rule asks of one property of a packet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Test<T> {
    /// Nothing.
    #[default]
    Any,
    /// That it is this.
    Is(T),
    /// That it is not this.
    Not(T),
}

impl<T> Test<T> {
    /// Whether a packet passes for whose property `holds` tells if it is this one.
    pub fn passes(&self, holds: impl FnOnce(&T) -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::Is(value) => holds(value),
            Self::Not(value) => !holds(value),
        }
    }
}

/// An interface name, or the beginning of one (`eth+`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfPattern {
    /// The name, or what the name must begin with.
    pub name: IfName,
    /// Whether `name` is only the beginning.
    pub prefix: bool,
}

impl IfPattern {
    /// Whether an interface of that name, or of none, is meant.
    #[must_use]
    pub fn holds(&self, name: Option<&IfName>) -> bool {
        let (Some(name), pattern) = (name, self.name.as_bytes()) else { return false };
        if self.prefix { name.as_bytes().starts_with(pattern) } else { name.as_bytes() == pattern }
    }
}

/// Addresses under a mask, which need not be contiguous.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// The address; bits outside the mask do not count.
    pub address: IpAddr,
    /// The mask, of the same family.
    pub mask: IpAddr,
}

impl Network {
    fn holds(&self, address: IpAddr) -> bool {
        match (self.address, self.mask, address) {
            (IpAddr::V4(wanted), IpAddr::V4(mask), IpAddr::V4(address)) => {
                (wanted.to_bits() ^ address.to_bits()) & mask.to_bits() == 0
            }
            (IpAddr::V6(wanted), IpAddr::V6(mask), IpAddr::V6(address)) => {
                (wanted.to_bits() ^ address.to_bits()) & mask.to_bits() == 0
            }
            _ => false,
        }
    }
}

/// Ranges of ports, both ends included: as many as `multiport` takes.
pub type Ports = Vec<(u16, u16), 15, u8>;

fn holds_port(ports: &Ports, port: u16) -> bool {
    ports.iter().any(|&(low, high)| (low..=high).contains(&port))
}

/// Some bits, and how they must stand: `--tcp-flags` and `--mark`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bits {
    /// The bits that are looked at.
    pub mask: u32,
    /// What they must be. Bits outside of the mask are never there.
    pub value: u32,
}

impl Bits {
    const fn hold(self, there: u32) -> bool {
        there & self.mask == self.value
    }
}

/// Messages of ICMP or ICMPv6 of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IcmpTypes {
    /// The type.
    pub kind: u8,
    /// The first and the last code.
    pub codes: (u8, u8),
}

impl IcmpTypes {
    /// Whether a packet is such a message; what is no ICMP of its family is none.
    fn hold(self, packet: &Packet<'_>) -> bool {
        let own = if packet.tuple.source.is_ipv4() { Protocol::ICMP } else { Protocol::ICMPV6 };
        let begins = packet.tuple.protocol == own && packet.transport != Transport::Continued;
        let (low, high) = self.codes;
        match packet.segment {
            [kind, code, ..] => begins && *kind == self.kind && (low..=high).contains(code),
            _ => false,
        }
    }
}

/// Whom a packet is for on its link, as far as its addresses tell: `--pkt-type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PacketKind {
    /// One host, and whatever this host sends.
    Unicast,
    /// All hosts of the link.
    Broadcast,
    /// A group of hosts.
    Multicast,
}

impl PacketKind {
    /// What a packet to `destination` is at `hook`. The kernel takes it from the link, and at
    /// OUTPUT the packet has not come to any.
    fn of(hook: Hook, destination: IpAddr) -> Self {
        match (hook, destination) {
            (Hook::Output, _) => Self::Unicast,
            (Hook::Prerouting, IpAddr::V4(Ipv4Addr::BROADCAST)) => Self::Broadcast,
            (Hook::Prerouting, destination) if destination.is_multicast() => Self::Multicast,
            (Hook::Prerouting, _) => Self::Unicast,
        }
    }
}

/// What a packet is to connections while its tracking is being settled: `--ctstate` and `ct state`
/// before tracking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EarlyState {
    /// Of none, INVALID in netfilter's words: no rule has said anything of it.
    Invalid,
    /// A rule has said that it is not tracked.
    Untracked,
}

/// The most sets that one rule asks for.
pub const MAX_SETS: usize = 4;

/// The family that a rule is for: `iptables` or `ip6tables`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// What a packet must be for a rule to apply; all tests must pass.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matches {
    /// The family, or both.
    pub family: Option<Family>,
    /// `-i`
    pub input: Test<IfPattern>,
    /// `-o`
    pub output: Test<IfPattern>,
    /// `-s`
    pub source: Test<Network>,
    /// `-d`
    pub destination: Test<Network>,
    /// `-p`
    pub protocol: Test<Protocol>,
    /// `--sport`. A packet without ports fails any test but [`Test::Any`].
    pub source_ports: Test<Ports>,
    /// `--dport`, likewise.
    pub destination_ports: Test<Ports>,
    /// `--ports`: either of the two, likewise.
    pub either_ports: Test<Ports>,
    /// `--tcp-flags`, of the header's octet. A packet without a TCP header fails any test but
    /// [`Test::Any`].
    pub tcp_flags: Test<Bits>,
    /// `--icmp-type` and `--icmpv6-type`.
    pub icmp: Test<IcmpTypes>,
    /// `--length`: the least and the most bytes of the IP packet.
    pub len: Test<(u16, u16)>,
    /// `--pkt-type`
    pub kind: Test<PacketKind>,
    /// `--mark`: what rules before have made of the mark, which is 0 at first.
    pub mark: Test<Bits>,
    /// `--ctstate`: what it is to connections so far. A packet of which a rule has said how it is
    /// tracked, or that was tracked at OUTPUT, is neither.
    pub state: Test<EarlyState>,
    /// Sets that the packet must be in, or must not be in.
    pub sets: Vec<Test<SetId>, MAX_SETS, u8>,
}

/// A packet on its walk through the rules of a hook.
#[derive(Clone, Copy)]
pub(super) struct Walking<'p> {
    pub(super) hook: Hook,
    pub(super) packet: &'p Packet<'p>,
    /// Its mark, as the rules so far have made it.
    pub(super) mark: u32,
    /// What the rules so far have made of its tracking.
    pub(super) state: Option<EarlyState>,
}

impl Matches {
    /// Whether a rule applies to a packet: there is no output interface yet at PREROUTING, and no
    /// input interface at OUTPUT.
    pub(super) fn apply(&self, walking: Walking<'_>, sets: &impl Sets) -> bool {
        let packet = walking.packet;
        let tuple = &packet.tuple;
        let (input, output) = match walking.hook {
            Hook::Prerouting => (packet.seen.input, None),
            Hook::Output => (None, packet.seen.output),
        };
        let family = if tuple.source.is_ipv4() { Family::V4 } else { Family::V6 };
        self.family.is_none_or(|wanted| wanted == family)
            && self.input.passes(|pattern| pattern.holds(input))
            && self.output.passes(|pattern| pattern.holds(output))
            && self.source.passes(|network| network.holds(tuple.source))
            && self.destination.passes(|network| network.holds(tuple.destination))
            && self.protocol.passes(|&protocol| protocol == tuple.protocol)
            && self.ports_apply(tuple.ends)
            && self.rest_applies(walking, sets)
    }

    /// What rules seldom ask.
    fn rest_applies(&self, walking: Walking<'_>, sets: &impl Sets) -> bool {
        let Walking { hook, packet, mark, state } = walking;
        let kind = PacketKind::of(hook, packet.tuple.destination);
        self.tcp_flags_apply(&packet.transport)
            && self.icmp.passes(|types| types.hold(packet))
            && self
                .len
                .passes(|&(least, most)| (u32::from(least)..=u32::from(most)).contains(&packet.len))
            && self.kind.passes(|&wanted| wanted == kind)
            && self.mark.passes(|bits| bits.hold(mark))
            && self.state.passes(|wanted| state.as_ref() == Some(wanted))
            && self.sets.iter().all(|test| test.passes(|&set| sets.hold(set, packet)))
    }

    fn tcp_flags_apply(&self, transport: &Transport) -> bool {
        match transport {
            Transport::Tcp(tcp) => self.tcp_flags.passes(|bits| bits.hold(tcp.flags.0.into())),
            _ => self.tcp_flags == Test::Any,
        }
    }

    fn ports_apply(&self, ends: Ends) -> bool {
        let tests = [&self.source_ports, &self.destination_ports, &self.either_ports];
        let Ends::Ports { source, destination } = ends else {
            return tests.iter().all(|test| **test == Test::Any);
        };
        self.source_ports.passes(|ports| holds_port(ports, source))
            && self.destination_ports.passes(|ports| holds_port(ports, destination))
            && self
                .either_ports
                .passes(|ports| holds_port(ports, source) || holds_port(ports, destination))
    }
}
