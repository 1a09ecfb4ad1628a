//! What the words of iptables and of nft have in common.

use std::net::IpAddr;

use keeptrack_core::Protocol;
use keeptrack_core::raw::{IfPattern, Matches, Network, Ports, Test};

/// Whether nothing is asked of a packet that hints have no words for.
pub(super) fn is_plain(matches: &Matches) -> bool {
    matches.tcp_flags == Test::Any
        && matches.len == Test::Any
        && matches.kind == Test::Any
        && matches.mark == Test::Any
        && matches.state == Test::Any
        && matches.sets.is_empty()
}

/// The name of an interface with `any` for all that it may go on with; `None`: it would have to be
/// quoted.
pub(super) fn interface(pattern: &IfPattern, any: char) -> Option<String> {
    let name = std::str::from_utf8(pattern.name.as_bytes()).ok()?;
    let is_bare = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:@".contains(c));
    let rest = if pattern.prefix { String::from(any) } else { String::new() };
    is_bare.then(|| format!("{name}{rest}"))
}

pub(super) fn protocol(protocol: Protocol) -> String {
    match protocol.name() {
        "unknown" => protocol.0.to_string(),
        name => name.to_owned(),
    }
}

/// The ranges, each with that sign between its ends.
pub(super) fn ports(ports: &Ports, dash: &str, between: &str) -> String {
    let shown = ports.iter().map(|(low, high)| match low == high {
        true => low.to_string(),
        false => format!("{low}{dash}{high}"),
    });
    shown.collect::<Vec<_>>().join(between)
}

/// A network whose mask begins with all its ones; `None`: it is another one.
pub(super) fn prefix(network: &Network) -> Option<String> {
    let Network { address, mask } = network;
    let (ones, len, all) = match mask {
        IpAddr::V4(mask) => (mask.to_bits().count_ones(), mask.to_bits().leading_ones(), 32),
        IpAddr::V6(mask) => (mask.to_bits().count_ones(), mask.to_bits().leading_ones(), 128),
    };
    (ones == len).then(|| match len == all {
        true => address.to_string(),
        false => format!("{address}/{len}"),
    })
}
