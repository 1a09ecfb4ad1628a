//! What a rule asks, as options of iptables.

use keeptrack_core::Protocol;
use keeptrack_core::raw::{Family, IcmpTypes, IfPattern, Matches, Network, Ports, Test};

use super::words::{interface, is_plain, ports, prefix, protocol};

/// The most ports that `multiport` takes; a range counts as two.
const MAX_PORTS: usize = 15;

/// The options of a rule, the one that asks for an interface first; `None`: it asks what iptables
/// cannot.
pub(super) fn options(by: (&str, &Test<IfPattern>), matches: &Matches) -> Option<Vec<String>> {
    if !is_plain(matches) {
        return None;
    }
    let (option, pattern) = by;
    let icmp = match matches.family {
        Some(Family::V6) => "--icmpv6-type",
        _ => "--icmp-type",
    };
    let options = [
        said(pattern, option, |pattern| interface(pattern, '+'))?,
        said(&matches.source, "-s", |of| Some(network(of)))?,
        said(&matches.destination, "-d", |of| Some(network(of)))?,
        said(&matches.protocol, "-p", |one| Some(protocol(*one)))?,
        side(matches, &matches.source_ports, "--sport")?,
        side(matches, &matches.destination_ports, "--dport")?,
        multiport(&matches.either_ports, "--ports")?,
        said(&matches.icmp, icmp, messages)?,
    ];
    Some(options.into_iter().flatten().collect())
}

/// An option, if something is asked: `Some(None)` if not.
fn said<T>(
    test: &Test<T>,
    option: &str,
    shown: impl Fn(&T) -> Option<String>,
) -> Option<Option<String>> {
    Some(match test {
        Test::Any => None,
        Test::Is(value) => Some(format!("{option} {}", shown(value)?)),
        Test::Not(value) => Some(format!("! {option} {}", shown(value)?)),
    })
}

/// The ports of one side. Of UDP-Lite only `multiport` takes them.
fn side(matches: &Matches, of: &Test<Ports>, option: &str) -> Option<Option<String>> {
    let is_one = match of {
        Test::Is(ranges) | Test::Not(ranges) => ranges.len() == 1,
        Test::Any => true,
    };
    match is_one && matches.protocol != Test::Is(Protocol::UDPLITE) {
        true => said(of, option, |of| Some(ports(of, ":", ","))),
        false => multiport(of, &format!("{option}s")),
    }
}

fn multiport(of: &Test<Ports>, option: &str) -> Option<Option<String>> {
    let fits = |of: &Ports| {
        let count: usize = of.iter().map(|(low, high)| if low == high { 1 } else { 2 }).sum();
        (count <= MAX_PORTS).then(|| ports(of, ":", ","))
    };
    let said = said(of, option, fits)?;
    Some(said.map(|said| format!("-m multiport {said}")))
}

fn messages(of: &IcmpTypes) -> Option<String> {
    let IcmpTypes { kind, codes: (first, last) } = of;
    match (first, last) {
        (0, 255) => Some(kind.to_string()),
        (first, last) if first == last => Some(format!("{kind}/{first}")),
        _ => None,
    }
}

fn network(of: &Network) -> String {
    prefix(of).unwrap_or_else(|| format!("{}/{}", of.address, of.mask))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn udp(destination_ports: Test<Ports>, either_ports: Test<Ports>) -> Matches {
        let protocol = Test::Is(Protocol::UDP);
        Matches { protocol, destination_ports, either_ports, ..Matches::default() }
    }

    fn shown(matches: &Matches) -> Option<String> {
        options(("-i", &Test::Any), matches).map(|words| words.join(" "))
    }

    #[test]
    fn ports_are_asked_as_iptables_takes_them() {
        let two: Ports = [(53, 53), (1024, 2048)].into_iter().collect();
        let one: Ports = [(53, 53)].into_iter().collect();
        let said = |destination, either| shown(&udp(destination, either)).unwrap();
        assert_eq!(said(Test::Not(one.clone()), Test::Any), "-p udp ! --dport 53");
        let listed = said(Test::Not(two.clone()), Test::Not(one.clone()));
        let expected = "-p udp -m multiport ! --dports 53,1024:2048 -m multiport ! --ports 53";
        assert_eq!(listed, expected);
        let lite =
            Matches { protocol: Test::Is(Protocol::UDPLITE), ..udp(Test::Is(one), Test::Any) };
        assert_eq!(shown(&lite).unwrap(), "-p udplite -m multiport --dports 53");
        let many = Test::Is((0..8).map(|port| (port * 10, port * 10 + 1)).collect());
        assert_eq!(shown(&udp(many, Test::Any)), None);
    }
}
