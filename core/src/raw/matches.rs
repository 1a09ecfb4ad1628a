//! What a rule asks of a packet.

use core::net::IpAddr;

use heapless::Vec;

use super::Hook;
use crate::packet::{IfName, Packet};
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
pub type Ports = Vec<(u16, u16), 15>;

fn holds_port(ports: &Ports, port: u16) -> bool {
    ports.iter().any(|&(low, high)| (low..=high).contains(&port))
}

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
}

impl Matches {
    /// Whether a rule applies to a packet at `hook`: there is no output interface yet at
    /// PREROUTING, and no input interface at OUTPUT.
    pub(super) fn apply(&self, hook: Hook, packet: &Packet<'_>) -> bool {
        let tuple = &packet.tuple;
        let (input, output) = match hook {
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
