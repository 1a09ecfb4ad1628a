//! Rules, settings and packets of which few differ, so that most rules meet some packets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use keeptrack_core::raw::{
    Family, IfPattern, Matches, Network, Policy, Ports, Template, Test, WhenFull,
};
use keeptrack_core::{
    Class, Config, CtState, IfName, LinkType, OnRefusal, Packet, Path, Prefix, Protocol, Seen,
    TcpConfig, TcpFlags, Timeout, TimeoutPolicy, Zone,
};
use keeptrack_gateway::image::Plan;
use keeptrack_gateway::rules::{Ask, Chain, Program, Rule, Sides, Start, States, Then, Which};
use keeptrack_gateway::settings::{Amount, Fail, Full, LogLevel, Victim};
use keeptrack_gateway::{Side, Standing};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::frames::{ip, tcp, udp};

/// The most chains of a program, and the most rules of a chain.
pub(super) const MAX_CHAINS: usize = 5;
const MAX_RULES: usize = 6;

/// Which rules a program is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// Those of PREROUTING.
    Raw,
    /// Those of FORWARD.
    Filter,
}

/// A packet, and what is known of it without a parser.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) carries: Carries,
    pub(super) side: Side,
    pub(super) standing: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carries {
    Tcp(u16, u16),
    Udp(u16, u16),
    Icmp(u8, u8),
    Other(u8),
}

impl Sent {
    pub(super) fn protocol(&self) -> Protocol {
        match self.carries {
            Carries::Tcp(..) => Protocol::TCP,
            Carries::Udp(..) => Protocol::UDP,
            Carries::Icmp(..) if self.source.is_ipv4() => Protocol::ICMP,
            Carries::Icmp(..) => Protocol::ICMPV6,
            Carries::Other(number) => Protocol(number),
        }
    }

    pub(super) fn ports(&self) -> Option<(u16, u16)> {
        match self.carries {
            Carries::Tcp(from, to) | Carries::Udp(from, to) => Some((from, to)),
            Carries::Icmp(..) | Carries::Other(_) => None,
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let body = match self.carries {
            Carries::Tcp(from, to) => tcp((from, to), TcpFlags::SYN, (1, 0)),
            Carries::Udp(from, to) => udp(from, to),
            // An error carries a packet, in which nobody looks here.
            Carries::Icmp(kind, code) => [vec![kind, code], vec![0x45; 46]].concat(),
            Carries::Other(_) => vec![0; 8],
        };
        ip(self.protocol(), self.source, self.destination, &body)
    }

    /// The packet as a gateway sees it.
    pub(super) fn parsed<'p>(&self, bytes: &'p [u8], input: Option<&'p IfName>) -> Packet<'p> {
        let packet = Packet::parse(LinkType::Raw, bytes).unwrap();
        packet.seen(Seen { path: Path::Arrives, input, output: None })
    }
}

fn addresses(family: Family) -> [IpAddr; 3] {
    [1, 2, 130].map(|last| match family {
        Family::V4 => Ipv4Addr::new(192, 0, 2, last).into(),
        Family::V6 => Ipv6Addr::new(0x2001, 0xdb8, last.into(), 0, 0, 0, 0, last.into()).into(),
    })
}

fn families() -> impl Strategy<Value = Family> {
    select(vec![Family::V4, Family::V6])
}

fn port() -> impl Strategy<Value = u16> {
    prop_oneof![0_u16..4, Just(u16::MAX)]
}

pub(super) fn sent() -> impl Strategy<Value = Sent> {
    let carries = prop_oneof![
        (port(), port()).prop_map(|(from, to)| Carries::Tcp(from, to)),
        (port(), port()).prop_map(|(from, to)| Carries::Udp(from, to)),
        (select(vec![0_u8, 3, 8, 128, 129, 135]), 0_u8..3)
            .prop_map(|(kind, code)| Carries::Icmp(kind, code)),
        select(vec![4_u8, 50]).prop_map(Carries::Other),
    ];
    let states = [CtState::New, CtState::Established, CtState::Related].map(Standing::Tracked);
    let standings = [&states[..], &[Standing::Invalid, Standing::Untracked]].concat();
    let places = (families(), 0_usize..3, 0_usize..3);
    (places, carries, select(Side::BOTH.to_vec()), select(standings)).prop_map(
        |((family, from, to), carries, side, standing)| {
            let [source, destination] = [from, to].map(|place| addresses(family)[place]);
            Sent { source, destination, carries, side, standing }
        },
    )
}

pub(super) fn network() -> impl Strategy<Value = Network> {
    (families(), 0_usize..3, select(vec![0_u32, 8, 32, 25, 128])).prop_map(
        |(family, place, len)| match addresses(family)[place] {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - len.min(32)).unwrap_or(0);
                Network { address: address.into(), mask: Ipv4Addr::from_bits(mask).into() }
            }
            // Not contiguous: only the last bits count.
            IpAddr::V6(address) => {
                let mask = !u128::MAX.checked_shl(len).unwrap_or(0);
                Network { address: address.into(), mask: Ipv6Addr::from_bits(mask).into() }
            }
        },
    )
}

fn wanted<T: Clone + std::fmt::Debug>(
    values: impl Strategy<Value = T>,
) -> impl Strategy<Value = Test<T>> {
    (values, 0_u8..8).prop_map(|(value, way)| match way {
        0 => Test::Is(value),
        1 => Test::Not(value),
        _ => Test::Any,
    })
}

fn ranges() -> impl Strategy<Value = Vec<(u16, u16)>> {
    vec((port(), port()), 1..4)
}

/// What a rule of the raw table asks.
pub(super) fn matches() -> impl Strategy<Value = Matches> {
    let name = select(vec![("eth0", false), ("eth1", false), ("eth", true), ("wan", false)]);
    let pattern = name.prop_map(|(name, prefix)| IfPattern {
        name: IfName::new(name.as_bytes()).unwrap(),
        prefix,
    });
    let ports = || wanted(ranges().prop_map(|ranges| Ports::from_slice(&ranges).unwrap()));
    let protocols = select(vec![Protocol::TCP, Protocol::UDP, Protocol::ICMP, Protocol(50)]);
    let ends = (wanted(network()), wanted(network()), wanted(protocols));
    (option::weighted(0.3, families()), wanted(pattern), ends, [ports(), ports(), ports()])
        .prop_map(|(family, input, (source, destination, protocol), ports)| {
            let [source_ports, destination_ports, either_ports] = ports;
            let output = Test::Any;
            Matches {
                family,
                input,
                output,
                source,
                destination,
                protocol,
                source_ports,
                destination_ports,
                either_ports,
                ..Matches::default()
            }
        })
}

fn full() -> impl Strategy<Value = WhenFull> {
    let refused = select(vec![None, Some(OnRefusal::Drop), Some(OnRefusal::Bypass)]);
    (0_usize..=Class::MAX_COUNT, refused).prop_map(|(class, refused)| WhenFull {
        class: class.checked_sub(1).and_then(Class::at),
        refused,
    })
}

/// A target of a rule in the chain of that number. Chains lead on.
pub(super) fn target(chain: usize, table: Table) -> BoxedStrategy<Then> {
    let into = u16::try_from(chain + 1).unwrap()..=u16::try_from(MAX_CHAINS).unwrap();
    let ways = prop_oneof![
        Just(Then::Accept),
        Just(Then::Drop),
        Just(Then::Return),
        into.clone().prop_map(Then::Jump),
        into.prop_map(Then::Goto),
        Just(Then::Continue),
    ];
    let template = (any::<u16>(), full()).prop_map(|(zone, full)| Template {
        zone: Zone(zone),
        class: full.class,
        refused: full.refused.unwrap_or_default(),
        ..Template::NONE
    });
    let says =
        prop_oneof![Just(Then::NoTrack), template.prop_map(Then::Ct), full().prop_map(Then::Full)];
    match table {
        Table::Raw => prop_oneof![2 => ways, 3 => says].boxed(),
        Table::Filter => ways.boxed(),
    }
}

fn ask() -> impl Strategy<Value = Ask> {
    let sides = (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(left, right, other)| {
        [(left, Sides::LEFT), (right, Sides::RIGHT), (other, Sides::ELSEWHERE)]
            .into_iter()
            .filter(|(is_in, _)| *is_in)
            .fold(Sides::NONE, |sides, (_, side)| sides | side)
    });
    let all = [States::NEW, States::ESTABLISHED, States::RELATED, States::INVALID];
    let states = (select(all.to_vec()), select(all.to_vec()), any::<bool>());
    let states = states.prop_map(|(one, other, not)| match not {
        true => !(one | other),
        false => one | other,
    });
    let which = select(vec![Which::Source, Which::Destination, Which::Either]);
    let icmp = (any::<bool>(), select(vec![0_u8, 3, 8, 128, 135]), (0_u8..3, 0_u8..3));
    prop_oneof![
        families().prop_map(Ask::Family),
        sides.clone().prop_map(Ask::Input),
        sides.prop_map(Ask::Output),
        states.prop_map(Ask::State),
        (any::<bool>(), select(vec![Protocol::TCP, Protocol::UDP, Protocol::ICMPV6]))
            .prop_map(|(not, protocol)| Ask::Protocol { not, protocol }),
        (any::<bool>(), network()).prop_map(|(not, network)| Ask::Source { not, network }),
        (any::<bool>(), network()).prop_map(|(not, network)| Ask::Destination { not, network }),
        (which, any::<bool>(), ranges()).prop_map(|(which, not, ranges)| Ask::Ports {
            which,
            not,
            ranges
        }),
        icmp.prop_map(|(not, kind, codes)| Ask::Icmp { not, kind, codes }),
    ]
}

/// Rules of FORWARD or, with what only these say, of PREROUTING.
pub(super) fn program(table: Table) -> impl Strategy<Value = Program> {
    let chain = move |number| {
        let rule = (vec(ask(), 0..4), target(number, table));
        vec(rule.prop_map(|(tests, target)| Rule { tests, target }), 0..MAX_RULES)
            .prop_map(|rules| Chain { rules })
    };
    let chains = (0..MAX_CHAINS).map(chain).collect::<Vec<_>>();
    (chains, [start(), start()]).prop_map(|(mut chains, starts)| {
        // The last leads nowhere, for there is nothing behind it.
        chains.push(Chain::default());
        Program { chains, starts }
    })
}

fn start() -> impl Strategy<Value = Start> {
    let chain = select(vec![None, Some(0), Some(0), Some(1), Some(2)]);
    (chain, policy()).prop_map(|(chain, policy)| Start { chain, policy })
}

pub(super) fn policy() -> impl Strategy<Value = Policy> {
    select(vec![Policy::Accept, Policy::Drop])
}

fn amount() -> impl Strategy<Value = Amount> {
    prop_oneof![
        (0..=Amount::MAX).prop_map(Amount::Entries),
        (1..=1000_u32).prop_map(Amount::Percent),
        (1..=Amount::MAX).prop_map(Amount::Part),
    ]
}

fn something() -> impl Strategy<Value = Amount> {
    amount().prop_filter("nothing", |amount| *amount != Amount::NONE)
}

fn timeouts() -> impl Strategy<Value = TimeoutPolicy> {
    vec(0..=keeptrack_core::MAX_SECONDS, Timeout::ALL.len()).prop_map(|seconds| {
        let of = Timeout::ALL.iter().zip(seconds);
        of.fold(TimeoutPolicy::LINUX, |policy, (&timeout, seconds)| policy.with(timeout, seconds))
    })
}

fn config() -> impl Strategy<Value = Config> {
    (timeouts(), any::<[bool; 4]>(), any::<u8>()).prop_map(|(timeouts, flags, max_retrans)| {
        let [loose, be_liberal, ignore_invalid_rst, checksum] = flags;
        let tcp = TcpConfig { loose, be_liberal, ignore_invalid_rst, max_retrans };
        Config { timeouts, tcp, checksum, unfinished_sums: false }
    })
}

fn on_full() -> impl Strategy<Value = Full> {
    let prefix = (0_u8..=32, 0_u8..=64).prop_map(|(v4, v6)| Prefix::new(v4, v6).unwrap());
    let cap = option::of((something(), prefix));
    (select(Victim::ALL.to_vec()), cap, option::of((amount(), something())))
        .prop_map(|(victim, source_cap, adaptive)| Full { victim, source_cap, adaptive })
}

/// All that an image can say.
pub(super) fn plan() -> impl Strategy<Value = Plan> {
    let words = (select(Fail::ALL.to_vec()), select(LogLevel::ALL.to_vec()));
    let max = option::of(1..=u32::MAX);
    let sizes = (max, on_full(), [amount(), amount(), amount()]);
    (words, sizes, config(), (program(Table::Raw), program(Table::Filter))).prop_map(
        |((fail, log), (max, full, reserves), config, (raw, filter))| Plan {
            fail,
            log,
            max,
            config,
            full,
            reserves,
            raw,
            filter,
        },
    )
}
