//! Rules as they are written, for those who lack one.

use std::net::IpAddr;

use keeptrack_core::Protocol;
use keeptrack_core::raw::{Family, IfPattern, Matches, Network, Ports, Test};

use crate::rules::AnyHook as Hook;

use super::scene::Met;

/// The rule that has the answers, beside one that has the questions.
pub(super) fn completed(met: &Met<'_>, hook: Hook, answers: &Matches) -> String {
    let chain = if hook == Hook::Output { "output" } else { "prerouting" };
    if met.entry.is_of_nft() {
        return format!(
            "add `{} notrack` to a chain with `hook {chain} priority raw`",
            nft(hook, answers).join(" ")
        );
    }
    let program = program(answers.family);
    let chain = chain.to_uppercase();
    let options = options(hook, answers).join(" ");
    format!("add the answers: `{program} -t raw -A {chain} {options} -j CT --notrack`")
}

/// The rule of the other family.
pub(super) fn other_family(met: &Met<'_>, other: Family) -> String {
    if met.entry.is_of_nft() {
        return "put it into a table of the family `inet`, which has both".to_owned();
    }
    let chain = if met.base.hook == Hook::Output { "OUTPUT" } else { "PREROUTING" };
    let matches = met.any_of.first().cloned().unwrap_or_default();
    let options = options(met.base.hook, &matches).join(" ");
    format!("add `{} -t raw -A {chain} {options} -j CT --notrack`", program(Some(other)))
}

const fn program(family: Option<Family>) -> &'static str {
    match family {
        Some(Family::V6) => "ip6tables",
        _ => "iptables",
    }
}

/// What rules mostly ask, as options of iptables.
fn options(hook: Hook, matches: &Matches) -> Vec<String> {
    let interface = match hook {
        Hook::Output => test(&matches.output, "-o", |pattern| interface(pattern, '+')),
        _ => test(&matches.input, "-i", |pattern| interface(pattern, '+')),
    };
    let protocol = test(&matches.protocol, "-p", |protocol| protocol_name(protocol.0));
    let list = |name: &str, ports: &Test<Ports>| match ports {
        Test::Is(ranges) | Test::Not(ranges) if ranges.len() > 1 => {
            test(ports, &format!("-m multiport --{name}s"), |ports| port_list(ports, ":"))
                .map(|said| said.replace("! -m multiport", "-m multiport !"))
        }
        _ => test(ports, &format!("--{name}"), |ports| port_list(ports, ":")),
    };
    let either = test(&matches.either_ports, "-m multiport --ports", |ports| port_list(ports, ":"));
    [
        interface,
        test(&matches.source, "-s", network),
        test(&matches.destination, "-d", network),
        protocol,
        list("sport", &matches.source_ports),
        list("dport", &matches.destination_ports),
        either,
        test(&matches.icmp, icmp_option(matches.family), |types| types.kind.to_string()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const fn icmp_option(family: Option<Family>) -> &'static str {
    match family {
        Some(Family::V6) => "--icmpv6-type",
        _ => "--icmp-type",
    }
}

fn test<T>(test: &Test<T>, option: &str, shown: impl Fn(&T) -> String) -> Option<String> {
    match test {
        Test::Any => None,
        Test::Is(value) => Some(format!("{option} {}", shown(value))),
        Test::Not(value) => Some(format!("! {option} {}", shown(value))),
    }
}

/// The same in the words of nft.
fn nft(hook: Hook, matches: &Matches) -> Vec<String> {
    let is = |test: &Test<String>, key: &str| match test {
        Test::Any => None,
        Test::Is(value) => Some(format!("{key} {value}")),
        Test::Not(value) => Some(format!("{key} != {value}")),
    };
    let ip = |network: &Network| if network.address.is_ipv4() { "ip" } else { "ip6" };
    let address = |test: &Test<Network>, field: &str| match test {
        Test::Any => None,
        Test::Is(one) | Test::Not(one) => {
            is(&shown(test, network), &format!("{} {field}", ip(one)))
        }
    };
    let protocol = match &matches.protocol {
        Test::Is(protocol) => protocol_name(protocol.0),
        _ => "th".to_owned(),
    };
    let has_ports = [&matches.source_ports, &matches.destination_ports];
    let has_ports = has_ports.iter().any(|ports| **ports != Test::Any);
    let ports = |ports: &Ports| match ports.len() {
        1 => port_list(ports, "-"),
        _ => format!("{{ {} }}", port_list(ports, "-").replace(',', ", ")),
    };
    let interface = |pattern: &IfPattern| format!("\"{}\"", interface(pattern, '*'));
    let by = match hook {
        Hook::Output => is(&shown(&matches.output, interface), "oifname"),
        _ => is(&shown(&matches.input, interface), "iifname"),
    };
    let of_kind = match matches.family {
        Some(Family::V6) => "icmpv6 type",
        _ => "icmp type",
    };
    let is_told = has_ports || matches.icmp != Test::Any;
    let of = (!is_told)
        .then(|| is(&shown(&matches.protocol, |one| protocol_name(one.0)), "meta l4proto"));
    [
        by,
        address(&matches.source, "saddr"),
        address(&matches.destination, "daddr"),
        of.flatten(),
        is(&shown(&matches.source_ports, ports), &format!("{protocol} sport")),
        is(&shown(&matches.destination_ports, ports), &format!("{protocol} dport")),
        is(&shown(&matches.icmp, |types| types.kind.to_string()), of_kind),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn shown<T>(test: &Test<T>, shown: impl Fn(&T) -> String) -> Test<String> {
    match test {
        Test::Any => Test::Any,
        Test::Is(value) => Test::Is(shown(value)),
        Test::Not(value) => Test::Not(shown(value)),
    }
}

fn interface(pattern: &IfPattern, any: char) -> String {
    let name = String::from_utf8_lossy(pattern.name.as_bytes()).into_owned();
    if pattern.prefix { format!("{name}{any}") } else { name }
}

fn protocol_name(number: u8) -> String {
    match Protocol(number).name() {
        "unknown" => number.to_string(),
        name => name.to_owned(),
    }
}

fn port_list(ports: &Ports, dash: &str) -> String {
    let shown = ports.iter().map(|(low, high)| match low == high {
        true => low.to_string(),
        false => format!("{low}{dash}{high}"),
    });
    shown.collect::<Vec<_>>().join(",")
}

fn network(network: &Network) -> String {
    let Network { address, mask } = network;
    let (len, is_whole) = match mask {
        IpAddr::V4(mask) => (mask.to_bits().leading_ones(), mask.to_bits() == u32::MAX),
        IpAddr::V6(mask) => (mask.to_bits().leading_ones(), mask.to_bits() == u128::MAX),
    };
    let ones = match mask {
        IpAddr::V4(mask) => mask.to_bits().count_ones(),
        IpAddr::V6(mask) => mask.to_bits().count_ones(),
    };
    match (is_whole, ones == len) {
        (true, _) => address.to_string(),
        (false, true) => format!("{address}/{len}"),
        (false, false) => format!("{address}/{mask}"),
    }
}
