//! What a rule asks, and how records hold it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::{BitOr, Not};
use std::vec::Vec;

use keeptrack_core::raw::{Family, IfPattern, Matches, Network, Test as Wanted};
use keeptrack_core::{IfName, Protocol};

use super::ProgramFault;
use crate::port::Side;
use crate::rules::record::{Record, Word, facts};
use crate::rules::test::{self, End, Property, Test, Which, bits};

/// One thing that a rule asks of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// That it is of that family.
    Family(Family),
    /// That it came in at one of these sides.
    Input(Sides),
    /// That it goes out at one of these sides.
    Output(Sides),
    /// That it is in one of these states.
    State(States),
    /// Its protocol.
    Protocol {
        /// Whether it must be another one.
        not: bool,
        /// The number.
        protocol: Protocol,
    },
    /// Where it comes from.
    Source {
        /// Whether it must come from elsewhere.
        not: bool,
        /// The addresses.
        network: Network,
    },
    /// Where it goes.
    Destination {
        /// Whether it must go elsewhere.
        not: bool,
        /// The addresses.
        network: Network,
    },
    /// Its ports; one that has none is not taken either way.
    Ports {
        /// Which.
        which: Which,
        /// Whether they must be others.
        not: bool,
        /// 1 to 15 ranges, both ends included.
        ranges: Vec<(u16, u16)>,
    },
    /// The message of ICMP or ICMPv6 that it is; another packet is not taken either way.
    Icmp {
        /// Whether it must be another one.
        not: bool,
        /// Type.
        kind: u8,
        /// The lowest and the highest code.
        codes: (u8, u8),
    },
}

/// Where a packet comes in or goes out: a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sides(u16);

impl Sides {
    /// Nowhere.
    pub const NONE: Self = Self(0);
    /// `eth0`
    pub const LEFT: Self = Self(facts::LEFT);
    /// `eth1`
    pub const RIGHT: Self = Self(facts::RIGHT);
    /// What is neither; there is no such thing at a gateway, but `! -i eth0` means it, too.
    pub const ELSEWHERE: Self = Self(facts::ELSEWHERE);

    /// The sides that a pattern wants.
    #[must_use]
    pub fn of(wanted: &Wanted<IfPattern>) -> Self {
        let held = |name: Option<&IfName>| wanted.passes(|pattern| pattern.holds(name));
        let [left, right] = Side::BOTH.map(|side| held(side.if_name().as_ref()));
        [(left, Self::LEFT), (right, Self::RIGHT), (held(None), Self::ELSEWHERE)]
            .into_iter()
            .filter(|(is_held, _)| *is_held)
            .fold(Self::NONE, |sides, (_, side)| sides | side)
    }

    /// Whether all sides of `other` are among these.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What comes in at these when it goes out at the others.
    const fn opposite(self) -> Self {
        let left = if self.0 & facts::RIGHT != 0 { facts::LEFT } else { 0 };
        let right = if self.0 & facts::LEFT != 0 { facts::RIGHT } else { 0 };
        Self(self.0 & facts::ELSEWHERE | left | right)
    }
}

impl BitOr for Sides {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Not for Sides {
    type Output = Self;

    fn not(self) -> Self {
        Self(!self.0 & facts::SIDES)
    }
}

/// What tracking says of a packet: a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct States(u16);

impl States {
    /// None.
    pub const NONE: Self = Self(0);
    /// NEW
    pub const NEW: Self = Self(1);
    /// ESTABLISHED
    pub const ESTABLISHED: Self = Self(1 << 1);
    /// RELATED
    pub const RELATED: Self = Self(1 << 2);
    /// INVALID
    pub const INVALID: Self = Self(1 << 3);
    /// UNTRACKED
    pub const UNTRACKED: Self = Self(1 << 4);

    /// Whether all states of `other` are among these.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for States {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Not for States {
    type Output = Self;

    fn not(self) -> Self {
        Self(!self.0 & facts::STATES & !facts::STATELESS)
    }
}

impl Ask {
    /// What core's matches ask; names of interfaces are those of a gateway's sides.
    #[must_use]
    pub fn of(matches: &Matches) -> Vec<Self> {
        let Matches { family, input, output, source, destination, .. } = matches;
        let sides =
            |wanted: &Wanted<IfPattern>| (*wanted != Wanted::Any).then(|| Sides::of(wanted));
        let ports = [
            (Which::Source, &matches.source_ports),
            (Which::Destination, &matches.destination_ports),
            (Which::Either, &matches.either_ports),
        ];
        let ports = ports.into_iter().filter_map(|(which, wanted)| {
            let (not, ranges) = not(wanted)?;
            Some(Self::Ports { which, not, ranges: ranges.as_slice().to_vec() })
        });
        let first = [
            family.map(Self::Family),
            sides(input).map(Self::Input),
            sides(output).map(Self::Output),
            not(source).map(|(not, &network)| Self::Source { not, network }),
            not(destination).map(|(not, &network)| Self::Destination { not, network }),
            not(&matches.protocol).map(|(not, &protocol)| Self::Protocol { not, protocol }),
        ];
        first.into_iter().flatten().chain(ports).collect()
    }

    /// The facts that a record has for it.
    pub(super) fn facts(&self) -> u16 {
        match self {
            Self::Family(Family::V4) => facts::ALL & !facts::V6,
            Self::Family(Family::V6) => facts::ALL & !facts::V4,
            Self::Input(Sides(sides)) => facts::ALL & !facts::SIDES | sides,
            Self::Output(sides) => facts::ALL & !facts::SIDES | sides.opposite().0,
            Self::State(States(states)) => facts::ALL & !facts::STATES | states,
            _ => facts::ALL,
        }
    }

    /// The test that a record has for it, if it is none of facts.
    pub(super) fn words(&self) -> Result<Vec<Word>, ProgramFault> {
        let head = |kind: u8, not: &bool, argument: u8| [kind, u8::from(*not), argument, 0];
        Ok(match self {
            Self::Family(_) | Self::Input(_) | Self::Output(_) | Self::State(_) => Vec::new(),
            Self::Protocol { not, protocol } => vec![head(1, not, protocol.0)],
            Self::Source { not, network } => address(network, |family| head(2, not, family))?,
            Self::Destination { not, network } => address(network, |family| head(3, not, family))?,
            Self::Ports { which, not, ranges } => {
                let count = u8::try_from(ranges.len()).unwrap_or(u8::MAX);
                if !(1..=Test::MAX_RANGES).contains(&ranges.len()) {
                    return Err(ProgramFault::Ranges);
                }
                let kind = match which {
                    Which::Source => 4,
                    Which::Destination => 5,
                    Which::Either => 6,
                };
                let range = |&(low, high): &(u16, u16)| {
                    (u32::from(low) | u32::from(high) << 16).to_le_bytes()
                };
                [head(kind, not, count)].into_iter().chain(ranges.iter().map(range)).collect()
            }
            Self::Icmp { not, kind, codes: (low, high) } => {
                vec![head(7, not, 0), [*kind, *low, *high, 0]]
            }
        })
    }

    fn of_test(test: &Test<'_>) -> Self {
        let not = test.not;
        match test.property {
            Property::Protocol(protocol) => Self::Protocol { not, protocol },
            Property::Address(End::Source, network) => {
                Self::Source { not, network: network_of(network) }
            }
            Property::Address(End::Destination, network) => {
                Self::Destination { not, network: network_of(network) }
            }
            Property::Ports(which, ranges) => {
                let ranges = ranges.iter().map(|&word| test::range(word)).collect();
                Self::Ports { which, not, ranges }
            }
            Property::Icmp { kind, codes } => Self::Icmp { not, kind, codes },
        }
    }
}

/// What a record asks.
pub(super) fn of_record(record: &Record<'_>) -> Vec<Ask> {
    let (families, sides) = (record.facts & facts::FAMILIES, record.facts & facts::SIDES);
    let states = record.facts & facts::STATES;
    let mut asks = Vec::new();
    if families & facts::V4 == 0 {
        asks.push(Ask::Family(Family::V6));
    }
    if families & facts::V6 == 0 {
        asks.push(Ask::Family(Family::V4));
    }
    if sides != facts::SIDES {
        asks.push(Ask::Input(Sides(sides)));
    }
    if states != facts::STATES {
        asks.push(Ask::State(States(states)));
    }
    let mut tests = record.tests;
    while let Some((test, behind)) = Test::split(tests) {
        asks.push(Ask::of_test(&test));
        tests = behind;
    }
    asks
}

/// What is wanted, and whether it is wanted not to be so.
fn not<T>(wanted: &Wanted<T>) -> Option<(bool, &T)> {
    match wanted {
        Wanted::Any => None,
        Wanted::Is(value) => Some((false, value)),
        Wanted::Not(value) => Some((true, value)),
    }
}

fn address(network: &Network, head: impl Fn(u8) -> Word) -> Result<Vec<Word>, ProgramFault> {
    match (network.address, network.mask) {
        (IpAddr::V4(address), IpAddr::V4(mask)) => {
            Ok(vec![head(4), address.to_bits().to_le_bytes(), mask.to_bits().to_le_bytes()])
        }
        (IpAddr::V6(address), IpAddr::V6(mask)) => {
            let words = |address: Ipv6Addr| {
                let octets = address.octets();
                octets.as_chunks().0.iter().map(|&[a, b, c, d]| [d, c, b, a]).collect::<Vec<Word>>()
            };
            Ok([vec![head(6)], words(address), words(mask)].concat())
        }
        _ => Err(ProgramFault::Network),
    }
}

fn network_of(network: test::Network<'_>) -> Network {
    match network {
        test::Network::V4 { address, mask } => Network {
            address: Ipv4Addr::from_bits(u32::from_le_bytes(*address)).into(),
            mask: Ipv4Addr::from_bits(u32::from_le_bytes(*mask)).into(),
        },
        test::Network::V6 { address, mask } => Network {
            address: Ipv6Addr::from_bits(bits(address)).into(),
            mask: Ipv6Addr::from_bits(bits(mask)).into(),
        },
    }
}
