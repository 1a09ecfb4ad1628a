//! What a rule asks, in the words of nft.

use keeptrack_core::raw::{Family, IcmpTypes, IfPattern, Matches, Network, Ports, Test};

use super::words::{self, interface, is_plain, prefix};

/// The tests of a rule, the one that asks for an interface first; `None`: it asks what is not said in
/// one line.
pub(super) fn tests(by: (&str, &Test<IfPattern>), matches: &Matches) -> Option<Vec<String>> {
    if !is_plain(matches) || matches.either_ports != Test::Any {
        return None;
    }
    let (key, pattern) = by;
    let protocol = match &matches.protocol {
        Test::Is(protocol) => words::protocol(*protocol),
        _ => "th".to_owned(),
    };
    let has_ports = matches.source_ports != Test::Any || matches.destination_ports != Test::Any;
    let is_named = matches!(matches.protocol, Test::Is(_)) && has_ports;
    let is_told = is_named || matches.icmp != Test::Any;
    let told = if is_told { &Test::Any } else { &matches.protocol };
    let messages_of = match matches.family {
        Some(Family::V6) => "icmpv6 type",
        _ => "icmp type",
    };
    let said = [
        said(pattern, key, |pattern| interface(pattern, '*').map(|name| format!("\"{name}\"")))?,
        address(&matches.source, "saddr")?,
        address(&matches.destination, "daddr")?,
        said(told, "meta l4proto", |one| Some(words::protocol(*one)))?,
        said(&matches.source_ports, &format!("{protocol} sport"), ports)?,
        said(&matches.destination_ports, &format!("{protocol} dport"), ports)?,
        said(&matches.icmp, messages_of, messages)?,
    ];
    Some(said.into_iter().flatten().collect())
}

/// A test, if something is asked: `Some(None)` if not.
fn said<T>(
    test: &Test<T>,
    key: &str,
    shown: impl Fn(&T) -> Option<String>,
) -> Option<Option<String>> {
    Some(match test {
        Test::Any => None,
        Test::Is(value) => Some(format!("{key} {}", shown(value)?)),
        Test::Not(value) => Some(format!("{key} != {}", shown(value)?)),
    })
}

fn address(test: &Test<Network>, side: &str) -> Option<Option<String>> {
    let header = match test {
        Test::Is(network) | Test::Not(network) if network.address.is_ipv6() => "ip6",
        _ => "ip",
    };
    said(test, &format!("{header} {side}"), prefix)
}

fn ports(of: &Ports) -> Option<String> {
    Some(match of.len() {
        1 => words::ports(of, "-", ", "),
        _ => format!("{{ {} }}", words::ports(of, "-", ", ")),
    })
}

/// nft's `icmp type` asks for no code.
fn messages(of: &IcmpTypes) -> Option<String> {
    (of.codes == (0, u8::MAX)).then(|| of.kind.to_string())
}
