//! Rules as commands of nft, and as chains of a file.

use keeptrack_core::raw::Family;

use super::rule::{Chain, Rule, Test};

/// The table of what is left untracked: of its own, so that deleting it undoes all.
pub(super) const TABLE: &str = "inet keeptrack";

/// The mark of the rules that are put among an admin's, by which they are found again.
const COMMENT: &str = "keeptrack";

/// The table that distributions name so, with chains named after their hooks.
const FILTER: &str = "inet filter";

/// The commands that make the table of what is left untracked.
pub(super) fn table(rules: &[Rule]) -> Vec<String> {
    let mut lines = vec![format!("nft add table {TABLE}")];
    for (chain, rules) in by_chain(rules) {
        let (name, base) = (hook(chain), base(chain));
        lines.push(format!("nft 'add chain {TABLE} {name} {{ {base} }}'"));
        let add = |rule| format!("nft add rule {TABLE} {name} {}", expression(rule));
        lines.extend(rules.into_iter().map(add));
    }
    lines
}

/// The same as chains for a file that stands inside of a table; their names begin with `prefix`.
pub(super) fn chains(rules: &[Rule], prefix: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (chain, rules) in by_chain(rules) {
        lines.push(format!("chain {prefix}_{} {{", hook(chain)));
        lines.push(format!("\t{}", base(chain)));
        lines.extend(rules.into_iter().map(|rule| format!("\t{}", expression(rule))));
        lines.push("}".to_owned());
    }
    lines
}

/// The commands that put what lets packets pass before an admin's own rules.
pub(super) fn inserts(rules: &[Rule]) -> Vec<String> {
    let insert = |rule: &Rule| {
        let chain = hook(rule.chain);
        let command =
            format!("insert rule {FILTER} {chain} {} comment {COMMENT}", expression(rule));
        // What it would do itself with the signs of flags, a shell must not.
        match rule.tests.contains(&Test::NotSyn) {
            true => format!("nft '{command}'"),
            false => format!("nft {command}"),
        }
    };
    rules.iter().map(insert).collect()
}

/// The commands that delete them: nft deletes by handles, which only a listing tells.
pub(super) fn deletes(rules: &[Rule]) -> Vec<String> {
    let delete = |(chain, _)| {
        let place = format!("{FILTER} {}", hook(chain));
        format!(
            "nft -a list chain {place} | sed -n 's/.*comment \"{COMMENT}\" # handle /delete rule \
             {place} handle /p' | nft -f -"
        )
    };
    by_chain(rules).into_iter().map(delete).collect()
}

/// The rules of each chain.
pub(super) fn by_chain(rules: &[Rule]) -> Vec<(Chain, Vec<&Rule>)> {
    let mut chains: Vec<(Chain, Vec<&Rule>)> = Vec::new();
    for rule in rules {
        match chains.iter_mut().find(|(chain, _)| *chain == rule.chain) {
            Some((_, of_chain)) => of_chain.push(rule),
            None => chains.push((rule.chain, vec![rule])),
        }
    }
    chains
}

/// The hook of a chain, and what the chain is called.
pub(super) const fn hook(chain: Chain) -> &'static str {
    match chain {
        Chain::RawPrerouting => "prerouting",
        Chain::RawOutput | Chain::Output => "output",
        Chain::Input => "input",
        Chain::Forward => "forward",
    }
}

fn base(chain: Chain) -> String {
    format!("type filter hook {} priority raw; policy accept;", hook(chain))
}

/// What it asks and what it does.
pub(super) fn expression(rule: &Rule) -> String {
    let mut words: Vec<String> = rule.tests.iter().map(test).collect();
    words.push(if rule.chain.is_raw() { "notrack" } else { "accept" }.to_owned());
    words.join(" ")
}

fn test(test: &Test) -> String {
    match test {
        Test::Source(network) => format!("{} saddr {network}", header(network.family())),
        Test::Destination(network) => format!("{} daddr {network}", header(network.family())),
        Test::ArrivesBy(name) => format!("iifname {name}"),
        Test::LeavesBy(name) => format!("oifname {name}"),
        Test::LeavesByOther(name) => format!("oifname != {name}"),
        Test::SourcePort(protocol, port) => format!("{} sport {port}", protocol.name()),
        Test::DestinationPort(protocol, port) => format!("{} dport {port}", protocol.name()),
        Test::EitherPort(protocol, port) => {
            let name = protocol.name();
            let either = format!("{port} . 0-65535, 0-65535 . {port}");
            format!("{name} sport . {name} dport {{ {either} }}")
        }
        Test::Icmp(Family::V4, kind) => format!("icmp type {kind}"),
        Test::Icmp(Family::V6, kind) => format!("icmpv6 type {kind}"),
        Test::AnyIcmp(Family::V4) => "meta l4proto icmp".to_owned(),
        Test::AnyIcmp(Family::V6) => "meta l4proto ipv6-icmp".to_owned(),
        Test::NotSyn => "tcp flags & (fin | syn | rst | ack) != syn".to_owned(),
        Test::Untracked => "ct state untracked".to_owned(),
    }
}

const fn header(family: Family) -> &'static str {
    match family {
        Family::V4 => "ip",
        Family::V6 => "ip6",
    }
}
