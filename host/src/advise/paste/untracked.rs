//! What a change leaves untracked: its rules of the raw table.

use keeptrack_core::Protocol;
use keeptrack_core::raw::Family;

use super::rule::{Chain, Network, Rule, Test};
use crate::advise::change::{Change, Class, Role, Target};

/// The requests and replies of ping, by the names that both tools have for them.
pub(super) const ECHO: [&str; 2] = ["echo-request", "echo-reply"];

/// One of the two directions of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    /// To the port.
    Requests,
    /// From it.
    Replies,
}

/// Leaves by another interface than `lo`. What stays on `lo` is tracked when it is sent, whatever is
/// said of its arrival: rules of a service would leave one half of it.
const NOT_LOOPBACK: Test = Test::LeavesByOther("lo");

/// The rules of the raw table that a change adds; none if it is no change of rules.
pub(super) fn rules(change: &Change, target: Target) -> Vec<Rule> {
    match change {
        Change::NoTrack(class) if target == Target::Keeptrack => at_gateway(class),
        Change::NoTrack(class) => at_host(class),
        Change::Timeout { .. } | Change::Size { .. } | Change::OnFull(_) => Vec::new(),
    }
}

fn at_host(class: &Class) -> Vec<Rule> {
    match *class {
        // PREROUTING has no say: the packet was tracked when it was sent.
        Class::Loopback => vec![Rule::new(Chain::RawOutput, [Test::LeavesBy("lo")])],
        Class::Service { protocol, port, role } => [Half::Requests, Half::Replies]
            .map(|half| of_service((protocol, port), role, half))
            .into(),
        Class::Prefix { address, len } => {
            let network = Network { address, len };
            everywhere(&[vec![Test::Source(network)], vec![Test::Destination(network)]])
        }
        Class::Within { address, len } => {
            let network = Network { address, len };
            everywhere(&[vec![Test::Source(network), Test::Destination(network)]])
        }
        Class::Echo { protocol } => {
            everywhere(&ECHO.map(|kind| vec![Test::Icmp(family_of(protocol), kind)]))
        }
    }
}

/// What arrives and what this host sends.
fn everywhere(asked: &[Vec<Test>]) -> Vec<Rule> {
    let arrives = asked.iter().map(|tests| Rule::new(Chain::RawPrerouting, tests.clone()));
    let sent = asked.iter().map(|tests| sent(tests.clone()));
    arrives.chain(sent).collect()
}

/// What this host sends to others. Addresses come before interfaces, and those before protocols.
fn sent(mut tests: Vec<Test>) -> Rule {
    let at = tests.iter().take_while(|test| matches!(test, Test::Source(_) | Test::Destination(_)));
    tests.insert(at.count(), NOT_LOOPBACK);
    Rule::new(Chain::RawOutput, tests)
}

/// One direction of a service, where it comes to a host that plays that role.
fn of_service((protocol, port): (Protocol, u16), role: Role, half: Half) -> Rule {
    let test = match half {
        Half::Requests => Test::DestinationPort(protocol, port),
        Half::Replies => Test::SourcePort(protocol, port),
    };
    match (role, half) {
        (Role::Server, Half::Replies) | (Role::Client, Half::Requests) => sent(vec![test]),
        _ => Rule::new(Chain::RawPrerouting, [test]),
    }
}

/// A gateway only hears what arrives, so that one rule of a service has both directions.
fn at_gateway(class: &Class) -> Vec<Rule> {
    let arriving = |tests: Vec<Test>| Rule::new(Chain::RawPrerouting, tests);
    match *class {
        // A bridge does not see what a host tells itself.
        Class::Loopback => Vec::new(),
        Class::Service { protocol, port, .. } => {
            vec![arriving(vec![Test::EitherPort(protocol, port)])]
        }
        // Its raw table does not ask for kinds of ICMP.
        Class::Echo { protocol } => vec![arriving(vec![Test::AnyIcmp(family_of(protocol))])],
        Class::Prefix { .. } | Class::Within { .. } => {
            at_host(class).into_iter().filter(|rule| rule.chain == Chain::RawPrerouting).collect()
        }
    }
}

/// Of which family a protocol's echo requests are.
pub(super) const fn family_of(protocol: Protocol) -> Family {
    match protocol {
        Protocol::ICMPV6 => Family::V6,
        _ => Family::V4,
    }
}
