//! What rules ask of addresses beside `-s` and `-d`: sets, ranges, and kinds of address.

mod fields;

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;
use std::sync::Arc;

use keeptrack_core::Packet;
use keeptrack_core::raw::{SetId, Sets};

pub(super) use self::fields::{Field, FieldSet, MAX_FIELDS, Values, number};
use super::ipset::IpSet;
use crate::diagnostic::Fault;

/// All that the rules ask; each question is a set of core's table, and one that several rules ask is
/// there once.
#[derive(Debug, Clone, Default)]
pub struct HostSets(Vec<Lookup>);

impl Sets for HostSets {
    fn hold(&self, set: SetId, packet: &Packet<'_>) -> bool {
        self.0.get(usize::from(set.0)).is_some_and(|lookup| lookup.holds(packet))
    }
}

impl HostSets {
    /// The set of that question; `None` when there are too many.
    pub(super) fn asked(&mut self, lookup: Lookup) -> Option<SetId> {
        let known = self.0.iter().position(|other| *other == lookup);
        let index = known.unwrap_or(self.0.len());
        let id = u16::try_from(index).ok()?;
        if known.is_none() {
            self.0.push(lookup);
        }
        Some(SetId(id))
    }

    /// Whether a set is that of the packets whose address on that side is this host's own.
    pub(super) fn is_local(&self, set: SetId, of: Side) -> bool {
        let lookup = self.0.get(usize::from(set.0));
        matches!(lookup, Some(Lookup::Kinds { side, kinds, .. })
            if *side == of && kinds == &[AddressKind::Local])
    }
}

/// The sender's or the receiver's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Source,
    Destination,
}

impl Side {
    /// That address of a packet.
    pub(super) const fn address(self, packet: &Packet<'_>) -> IpAddr {
        match self {
            Self::Source => packet.tuple.source,
            Self::Destination => packet.tuple.destination,
        }
    }
}

/// A question of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lookup {
    /// `--src-range` and `--dst-range`, both ends included.
    Range { side: Side, first: IpAddr, last: IpAddr },
    /// `--src-type` and `--dst-type`: one of the kinds, of a host with these addresses.
    Kinds { side: Side, kinds: Vec<AddressKind>, local: Arc<[IpAddr]> },
    /// `--match-set`: what of the packet is looked up.
    Set { sides: Vec<Side>, set: Arc<IpSet> },
    /// A set of nft.
    Fields(Arc<FieldSet>),
}

impl Lookup {
    fn holds(&self, packet: &Packet<'_>) -> bool {
        match self {
            Self::Range { side, first, last } => {
                let address = side.address(packet);
                address.is_ipv4() == first.is_ipv4() && (*first..=*last).contains(&address)
            }
            Self::Kinds { side, kinds, local } => {
                kinds.contains(&AddressKind::of(side.address(packet), local))
            }
            Self::Set { sides, set } => set.holds(sides, packet),
            Self::Fields(set) => set.holds(packet),
        }
    }
}

/// What an address is to a host, as far as its own addresses tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AddressKind {
    Local,
    Broadcast,
    Multicast,
    Unicast,
}

/// That it must be said which addresses are the host's.
pub(super) fn unknown_host(span: Range<usize>) -> Fault {
    Fault::new(span, "the addresses of the host are not known")
        .label("which are its own decides")
        .help("name them: `--local 192.0.2.1,2001:db8::1`")
}

impl AddressKind {
    /// Whether the host's own addresses decide which addresses are of this kind.
    pub(super) const fn is_of_host(self) -> bool {
        matches!(self, Self::Local | Self::Unicast)
    }

    /// The kind that iptables calls so.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "LOCAL" => Self::Local,
            "BROADCAST" => Self::Broadcast,
            "MULTICAST" => Self::Multicast,
            "UNICAST" => Self::Unicast,
            _ => return None,
        })
    }

    /// A network's own broadcast address is not told from others: its mask is not known.
    fn of(address: IpAddr, local: &[IpAddr]) -> Self {
        match address {
            // The kernel counts the sender that has no address yet among them.
            IpAddr::V4(Ipv4Addr::BROADCAST | Ipv4Addr::UNSPECIFIED) => Self::Broadcast,
            _ if address.is_multicast() => Self::Multicast,
            _ if address.is_loopback() || local.contains(&address) => Self::Local,
            _ => Self::Unicast,
        }
    }
}
