//! Rules as commands of iptables and ip6tables.

use std::fmt::Write;

use keeptrack_core::Protocol;
use keeptrack_core::raw::Family;

use super::rule::{Rule, Test};

/// What a command does with its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// Puts it behind those of the raw table, or before those of the filter table: an `ACCEPT`
    /// behind a last rule that drops would never be met.
    Adds,
    /// Takes away what the other has put there.
    Deletes,
}

/// A command for each family of each rule.
pub(super) fn commands(rules: &[Rule], does: Does) -> Vec<String> {
    let of_rule = |rule| {
        let families = Rule::families(rule).iter();
        families.map(move |family| command(rule, *family, does))
    };
    rules.iter().flat_map(of_rule).collect()
}

fn command(rule: &Rule, family: Family, does: Does) -> String {
    // Of one width, so that it shows at a glance that both families have the same rule.
    let program = match family {
        Family::V4 => "iptables ",
        Family::V6 => "ip6tables",
    };
    let (table, added, target) = match rule.chain.is_raw() {
        true => ("-t raw ", "-A", "CT --notrack"),
        false => ("", "-I", "ACCEPT"),
    };
    let verb = if does == Does::Adds { added } else { "-D" };
    let (chain, tests) = (rule.chain.name(), tests(rule));
    format!("{program} {table}{verb} {chain}{tests} -j {target}")
}

fn tests(rule: &Rule) -> String {
    let mut words = String::new();
    for test in &rule.tests {
        word(&mut words, test);
    }
    words
}

fn word(out: &mut String, test: &Test) {
    // Writing to a string does not fail.
    let _ = match test {
        Test::Source(network) => write!(out, " -s {network}"),
        Test::Destination(network) => write!(out, " -d {network}"),
        Test::ArrivesBy(name) => write!(out, " -i {name}"),
        Test::LeavesBy(name) => write!(out, " -o {name}"),
        Test::LeavesByOther(name) => write!(out, " ! -o {name}"),
        Test::SourcePort(protocol, port) => write!(out, "{} {port}", side(*protocol, "sport")),
        Test::DestinationPort(protocol, port) => write!(out, "{} {port}", side(*protocol, "dport")),
        Test::EitherPort(protocol, port) => {
            write!(out, " -p {} -m multiport --ports {port}", protocol.name())
        }
        Test::Icmp(Family::V4, kind) => write!(out, " -p icmp -m icmp --icmp-type {kind}"),
        Test::Icmp(Family::V6, kind) => write!(out, " -p ipv6-icmp -m icmp6 --icmpv6-type {kind}"),
        Test::AnyIcmp(Family::V4) => write!(out, " -p icmp"),
        Test::AnyIcmp(Family::V6) => write!(out, " -p ipv6-icmp"),
        Test::NotSyn => write!(out, " ! --syn"),
        Test::Untracked => write!(out, " -m conntrack --ctstate UNTRACKED"),
    };
}

/// Up to the number of the port. iptables has no match `udplite`, though multiport takes its ports.
fn side(protocol: Protocol, side: &str) -> String {
    let name = protocol.name();
    match protocol {
        Protocol::UDPLITE => format!(" -p {name} -m multiport --{side}s"),
        _ => format!(" -p {name} -m {name} --{side}"),
    }
}
