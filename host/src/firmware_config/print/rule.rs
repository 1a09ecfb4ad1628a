//! A rule of an image as iptables-save writes it.

use std::fmt::{self, Write};
use std::net::IpAddr;

use keeptrack_core::raw::{Family, Network, WhenFull};
use keeptrack_core::{OnRefusal, Protocol, Zone};
use keeptrack_gateway::Side;
use keeptrack_gateway::rules::{Ask, Rule, Sides, States, Then, Which};

use crate::rules::STATES;

/// What a chain of an image is called, whose name the image does not hold.
pub(super) fn chain_name(number: u16) -> String {
    format!("chain{number}")
}

/// What a class is called, likewise.
pub(super) fn class_name(index: usize) -> String {
    format!("class{}", index + 1)
}

/// Writes a rule of that chain.
pub(super) fn write(out: &mut String, chain: &str, rule: &Rule, family: Family) -> fmt::Result {
    write!(out, "-A {chain}")?;
    let mut loaded = None;
    // `-p` comes before the options that need it, and is one of the tests before them.
    for ask in &rule.tests {
        let bang = bang(ask);
        match ask {
            Ask::Family(_) => {}
            Ask::Input(sides) => self::sides(out, *sides)?,
            Ask::Output(sides) => self::sides(out, !*sides)?,
            Ask::State(states) => self::states(out, *states)?,
            Ask::Protocol { protocol, .. } => {
                write!(out, "{bang} -p {}", protocol_name(*protocol))?;
                loaded = has_one_port(&rule.tests).then_some(*protocol);
                if let Some(protocol) = loaded {
                    write!(out, " -m {}", protocol.name())?;
                }
            }
            Ask::Source { network, .. } => {
                write!(out, "{bang} -s ")?;
                self::network(out, network)?;
            }
            Ask::Destination { network, .. } => {
                write!(out, "{bang} -d ")?;
                self::network(out, network)?;
            }
            Ask::Ports { which, ranges, .. } => ports(out, (*which, bang), ranges, loaded)?,
            Ask::Icmp { kind, codes, .. } => icmp(out, bang, (*kind, *codes), family)?,
        }
    }
    target(out, rule.target)?;
    out.write_char('\n')
}

/// What stands before a test that is turned.
const fn bang(ask: &Ask) -> &'static str {
    match ask {
        Ask::Protocol { not: true, .. }
        | Ask::Source { not: true, .. }
        | Ask::Destination { not: true, .. }
        | Ask::Ports { not: true, .. }
        | Ask::Icmp { not: true, .. } => " !",
        _ => "",
    }
}

/// The ports of the gateway at which it came in; names of other interfaces there are none.
fn sides(out: &mut String, sides: Sides) -> fmt::Result {
    let [left, right] = Side::BOTH.map(Side::name);
    match sides {
        Sides::LEFT => write!(out, " -i {left}"),
        Sides::RIGHT => write!(out, " -i {right}"),
        sides if sides == !Sides::LEFT => write!(out, " ! -i {left}"),
        sides if sides == !Sides::RIGHT => write!(out, " ! -i {right}"),
        sides if sides == (Sides::LEFT | Sides::RIGHT) => out.write_str(" -i eth+"),
        Sides::ELSEWHERE => write!(out, " ! -i {left} ! -o {left}"),
        _ => write!(out, " -i {left} -o {left}"),
    }
}

fn states(out: &mut String, states: States) -> fmt::Result {
    let all =
        [States::NEW, States::ESTABLISHED, States::RELATED, States::INVALID, States::UNTRACKED];
    let named = all.into_iter().zip(STATES).filter(|(state, _)| states.has(*state));
    let names: Vec<&str> = named.map(|(_, name)| name).collect();
    write!(out, " -m conntrack --ctstate {}", names.join(","))
}

/// As iptables-save writes those that have options of their own, the others in numbers.
fn protocol_name(protocol: Protocol) -> String {
    match protocol {
        Protocol::TCP | Protocol::UDP | Protocol::SCTP | Protocol::UDPLITE | Protocol::ICMP => {
            protocol.name().to_owned()
        }
        Protocol::ICMPV6 => "ipv6-icmp".to_owned(),
        Protocol(number) => number.to_string(),
    }
}

fn network(out: &mut String, Network { address, mask }: &Network) -> fmt::Result {
    let (bits, len) = match mask {
        IpAddr::V4(mask) => (u128::from(mask.to_bits()) << 96, mask.to_bits().leading_ones()),
        IpAddr::V6(mask) => (mask.to_bits(), mask.to_bits().leading_ones()),
    };
    match bits.leading_ones() == bits.count_ones() {
        true => write!(out, "{address}/{len}"),
        false => write!(out, "{address}/{mask}"),
    }
}

/// Whether a rule tests one range of source or destination ports.
fn has_one_port(tests: &[Ask]) -> bool {
    tests.iter().any(|ask| match ask {
        Ask::Ports { which: Which::Source | Which::Destination, ranges, .. } => ranges.len() == 1,
        _ => false,
    })
}

/// Writes what is asked of ports: one range by the options of the protocol, if these are loaded.
fn ports(
    out: &mut String,
    (which, bang): (Which, &str),
    ranges: &[(u16, u16)],
    loaded: Option<Protocol>,
) -> fmt::Result {
    let words = ranges.iter().map(|(low, high)| match low == high {
        true => low.to_string(),
        false => format!("{low}:{high}"),
    });
    let words = words.collect::<Vec<_>>().join(",");
    match (which, ranges, loaded) {
        (Which::Source, [_], Some(_)) => write!(out, "{bang} --sport {words}"),
        (Which::Destination, [_], Some(_)) => write!(out, "{bang} --dport {words}"),
        (Which::Source, ..) => write!(out, " -m multiport{bang} --sports {words}"),
        (Which::Destination, ..) => write!(out, " -m multiport{bang} --dports {words}"),
        (Which::Either, ..) => write!(out, " -m multiport{bang} --ports {words}"),
    }
}

fn icmp(
    out: &mut String,
    bang: &str,
    (kind, codes): (u8, (u8, u8)),
    family: Family,
) -> fmt::Result {
    let (module, option) = match family {
        Family::V4 => ("icmp", "--icmp-type"),
        Family::V6 => ("icmp6", "--icmpv6-type"),
    };
    write!(out, " -m {module}{bang} {option} {kind}")?;
    match codes {
        (0, u8::MAX) => Ok(()),
        (code, _) => write!(out, "/{code}"),
    }
}

fn target(out: &mut String, target: Then) -> fmt::Result {
    match target {
        Then::Continue => Ok(()),
        Then::Return => out.write_str(" -j RETURN"),
        Then::Accept => out.write_str(" -j ACCEPT"),
        Then::Drop => out.write_str(" -j DROP"),
        Then::Jump(chain) => write!(out, " -j {}", chain_name(chain)),
        Then::Goto(chain) => write!(out, " -g {}", chain_name(chain)),
        Then::NoTrack => out.write_str(" -j CT --notrack"),
        Then::Ct(template) => match template.zone {
            Zone::DEFAULT => out.write_str(" -j CT"),
            Zone(zone) => write!(out, " -j CT --zone {zone}"),
        },
        Then::Full(WhenFull { class, refused }) => {
            out.write_str(" -j FULL")?;
            if let Some(class) = class {
                write!(out, " --class {}", class_name(class.index()))?;
            }
            match refused {
                Some(OnRefusal::Bypass) => out.write_str(" --bypass"),
                _ => Ok(()),
            }
        }
    }
}
