//! Do rules of FORWARD in an image decide as the rules say, read by someone slow and simple?

use std::net::{IpAddr, Ipv6Addr};

use keeptrack_core::CtState;
use keeptrack_core::raw::{Family, Network, Policy};
use keeptrack_gateway::rules::{
    Ask, Chain, FilterVerdict, Program, Rule, Sides, Start, States, Then, Which,
};
use keeptrack_gateway::{Side, Standing, image};
use proptest::collection::vec;
use proptest::prelude::*;

use super::made::{Carries, Sent, Table, program, sent};
use crate::frames::{CLIENT, SERVER};

/// How a chain ends for a packet.
enum End {
    Verdict(FilterVerdict),
    Back,
}

/// What the rules say of a packet.
fn verdict(program: &Program, sent: &Sent) -> FilterVerdict {
    let start = program.starts[usize::from(sent.source.is_ipv6())];
    match start.chain.map(|chain| walk(program, chain.into(), sent)) {
        Some(End::Verdict(verdict)) => verdict,
        _ if start.policy == Policy::Accept => FilterVerdict::Accept,
        _ => FilterVerdict::Drop,
    }
}

fn walk(program: &Program, chain: usize, sent: &Sent) -> End {
    for rule in &program.chains[chain].rules {
        if !rule.tests.iter().all(|ask| holds(ask, sent)) {
            continue;
        }
        match rule.target {
            Then::Accept => return End::Verdict(FilterVerdict::Accept),
            Then::Drop => return End::Verdict(FilterVerdict::Drop),
            Then::Return => return End::Back,
            Then::Goto(into) => return walk(program, into.into(), sent),
            Then::Jump(into) => match walk(program, into.into(), sent) {
                End::Back => {}
                verdict => return verdict,
            },
            _ => {}
        }
    }
    End::Back
}

fn holds(ask: &Ask, sent: &Sent) -> bool {
    match ask {
        Ask::Family(family) => sent.source.is_ipv4() == (*family == Family::V4),
        Ask::Input(sides) => sides.has(side(sent.side)),
        Ask::Output(sides) => sides.has(side(sent.side.other())),
        Ask::State(states) => states.has(state(sent.standing)),
        Ask::Protocol { not, protocol } => (sent.protocol() == *protocol) != *not,
        Ask::Source { not, network } => is_in(sent.source, network) != *not,
        Ask::Destination { not, network } => is_in(sent.destination, network) != *not,
        Ask::Ports { which, not, ranges } => sent.ports().is_some_and(|(from, to)| {
            let has = |port| ranges.iter().any(|&(low, high)| low <= port && port <= high);
            let holds = match which {
                Which::Source => has(from),
                Which::Destination => has(to),
                Which::Either => has(from) || has(to),
            };
            holds != *not
        }),
        Ask::Icmp { not, kind, codes: (low, high) } => match sent.carries {
            Carries::Icmp(its, code) => (its == *kind && *low <= code && code <= *high) != *not,
            _ => false,
        },
    }
}

fn is_in(address: IpAddr, network: &Network) -> bool {
    let bits = |address| match address {
        IpAddr::V4(address) => (address.octets().to_vec(), 4),
        IpAddr::V6(address) => (address.octets().to_vec(), 6),
    };
    let ((its, family), (wanted, wanted_family)) = (bits(address), bits(network.address));
    let (mask, _) = bits(network.mask);
    let octets = its.iter().zip(&wanted).zip(&mask);
    family == wanted_family
        && octets.into_iter().all(|((its, wanted), mask)| its & mask == wanted & mask)
}

fn side(side: Side) -> Sides {
    match side {
        Side::Left => Sides::LEFT,
        Side::Right => Sides::RIGHT,
    }
}

fn state(standing: Standing) -> States {
    match standing {
        Standing::Tracked(CtState::New) => States::NEW,
        Standing::Tracked(CtState::Established) => States::ESTABLISHED,
        Standing::Tracked(CtState::Related) => States::RELATED,
        Standing::Invalid => States::INVALID,
        Standing::Untracked => States::UNTRACKED,
        Standing::Unasked => States::NONE,
    }
}

fn with(filter: Program) -> Vec<u8> {
    let plan = image::plan(image::BUILT_IN).unwrap();
    image::write(&image::Plan { filter, ..plan }).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn an_image_decides_as_its_rules_say(program in program(Table::Filter), sent in vec(sent(), 24)) {
        let image = with(program.clone());
        let rules = image::read(&image).unwrap().filter;
        for sent in sent {
            let bytes = sent.bytes();
            let packet = sent.parsed(&bytes, None);
            let said = rules.filter(&packet, sent.standing, sent.side);
            prop_assert_eq!(said, verdict(&program, &sent), "{:?}", sent);
        }
    }
}

/// What the built-in rules say of a packet that comes in at a side.
fn built_in(sent: &Sent) -> FilterVerdict {
    let bytes = sent.bytes();
    let packet = sent.parsed(&bytes, None);
    image::default().filter.filter(&packet, sent.standing, sent.side)
}

#[test]
fn inside_may_open_and_outside_may_answer() {
    use FilterVerdict::{Accept, Drop};
    let new = Standing::Tracked(CtState::New);
    for (from, to) in [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")] {
        let (source, destination) = (from.parse().unwrap(), to.parse().unwrap());
        let sent = |standing, side, carries| Sent { source, destination, carries, side, standing };
        let web = |standing, side| built_in(&sent(standing, side, Carries::Tcp(1024, 80)));
        assert_eq!(web(new, Side::Left), Accept);
        assert_eq!(web(new, Side::Right), Drop);
        for state in [CtState::Established, CtState::Related] {
            let both = Side::BOTH.map(|side| web(Standing::Tracked(state), side));
            assert_eq!(both, [Accept, Accept], "{state:?}");
        }
        assert_eq!(Side::BOTH.map(|side| web(Standing::Invalid, side)), [Drop, Drop]);
        assert_eq!(Side::BOTH.map(|side| web(Standing::Untracked, side)), [Accept, Drop]);
        let (server, client) = if source.is_ipv4() { (67, 68) } else { (547, 546) };
        let lease = |carries| {
            let lease = sent(new, Side::Right, carries);
            built_in(&match source {
                IpAddr::V4(_) => lease,
                // Servers of IPv6 and whoever asks them are neighbours.
                IpAddr::V6(_) => Sent { source: near(1), destination: near(2), ..lease },
            })
        };
        assert_eq!(lease(Carries::Udp(server, client)), Accept);
        assert_eq!(lease(Carries::Udp(client, server)), Drop);
        assert_eq!(lease(Carries::Tcp(server, client)), Drop);
    }
}

/// A link-local address.
fn near(last: u16) -> IpAddr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, last).into()
}

#[test]
fn what_claims_to_be_a_lease_from_afar_stays_out() {
    let (source, destination) = ("2001:db8::1".parse().unwrap(), near(2));
    let (side, standing) = (Side::Right, Standing::Tracked(CtState::New));
    let sent = Sent { source, destination, carries: Carries::Udp(547, 546), side, standing };
    assert_eq!(built_in(&sent), FilterVerdict::Drop);
}

#[test]
fn only_the_part_that_begins_a_message_says_what_it_is() {
    let icmp = Ask::Icmp { not: false, kind: 3, codes: (0, 255) };
    let start = Start { chain: Some(0), policy: Policy::Drop };
    let rules = vec![Rule { tests: vec![icmp], target: Then::Accept }];
    let image = with(Program { chains: vec![Chain { rules }], starts: [start; 2] });
    let rules = image::read(&image).unwrap().filter;
    let (source, destination) = (CLIENT, SERVER);
    let (side, standing) = (Side::Left, Standing::Untracked);
    let sent = Sent { source, destination, carries: Carries::Icmp(3, 1), side, standing };
    let said = |flags_and_offset: [u8; 2]| {
        let mut bytes = sent.bytes();
        bytes[6..8].copy_from_slice(&flags_and_offset);
        rules.filter(&sent.parsed(&bytes, None), standing, side)
    };
    assert_eq!(said([0, 0]), FilterVerdict::Accept);
    assert_eq!(said([0x20, 0]), FilterVerdict::Accept, "more of it follows");
    assert_eq!(said([0, 1]), FilterVerdict::Drop, "what goes on from another part");
}
