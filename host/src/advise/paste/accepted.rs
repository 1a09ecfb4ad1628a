//! What a filter that drops by default has to let pass once it is tracked no longer.
//!
//! An untracked packet is never ESTABLISHED, so that answers need rules of their own. Anybody can
//! send from any port: a rule that lets all answers pass lets everything pass that looks like one.
//! So none is made for answers unless something besides their port is known of them.

use std::net::IpAddr;

use keeptrack_core::Protocol;

use super::rule::{Chain, Network, Rule, Test};
use super::untracked::{ECHO, family_of};
use super::{Known, Servers};
use crate::advise::change::{Change, Class, Role, Target};

/// What a filter has to let pass of one change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Accepted {
    pub(super) rules: Vec<Rule>,
    /// What that opens to whom, in words.
    pub(super) opens: Option<String>,
    /// What no rule is given for, and why.
    pub(super) closed: Option<String>,
}

/// More servers than this make no list that anybody reads.
const MAX_SERVERS: usize = 8;

/// The errors of ICMP that connections need: the gateway's raw rule leaves them untracked as well.
const ERRORS: &[&str] = &["destination-unreachable", "time-exceeded", "parameter-problem"];

/// The same of ICMPv6.
const ERRORS_V6: &[&str] =
    &["destination-unreachable", "packet-too-big", "time-exceeded", "parameter-problem"];

/// What is to be let pass of what `change` leaves untracked.
pub(super) fn of(change: &Change, target: Target, known: &Known) -> Accepted {
    match change {
        // OpenWrt's firewall lets it pass by itself, and a bridge does not meet it.
        Change::NoTrack(Class::Loopback) if target != Target::Linux => Accepted::default(),
        Change::NoTrack(class) => of_class(class, target, known),
        Change::Timeout { .. } | Change::Size { .. } | Change::OnFull(_) => Accepted::default(),
    }
}

fn of_class(class: &Class, target: Target, known: &Known) -> Accepted {
    match *class {
        Class::Loopback => Accepted {
            rules: vec![
                rule(Chain::Input, [Test::ArrivesBy("lo")]),
                rule(Chain::Output, [Test::LeavesBy("lo")]),
            ],
            opens: Some("this host to itself".to_owned()),
            closed: None,
        },
        Class::Service { protocol, port, role } => {
            of_service((protocol, port), at(target, role), known)
        }
        Class::Prefix { address, len } => {
            let network = Network { address, len };
            Accepted {
                closed: Some(format!(
                    "{network}: no rule is given for a filter that drops by default. One for all of \
                     it would open {network} to everybody; what you allow of it has to be allowed in \
                     both directions, each by itself"
                )),
                ..Accepted::default()
            }
        }
        Class::Within { address, len } => {
            let network = Network { address, len };
            let both = [Test::Source(network), Test::Destination(network)];
            Accepted {
                rules: chains(target).iter().map(|&chain| rule(chain, both)).collect(),
                opens: Some(format!("the addresses of {network} to each other, whole")),
                closed: None,
            }
        }
        Class::Echo { protocol } => echo(protocol, target),
    }
}

fn echo(protocol: Protocol, target: Target) -> Accepted {
    let family = family_of(protocol);
    let errors = match (target, protocol) {
        (Target::Linux | Target::Openwrt, _) => &[],
        (Target::Keeptrack, Protocol::ICMPV6) => ERRORS_V6,
        (Target::Keeptrack, _) => ERRORS,
    };
    let kinds = ECHO.iter().chain(errors);
    let rules = kinds.flat_map(|kind| {
        chains(target).iter().map(|&chain| rule(chain, [Test::Icmp(family, kind)]))
    });
    let opens = match target {
        Target::Keeptrack => "everybody to ping, and to errors of ICMP that nobody has caused",
        Target::Linux | Target::Openwrt => "this host, and those behind it, to ping",
    };
    Accepted { rules: rules.collect(), opens: Some(opens.to_owned()), closed: None }
}

/// The role that the target plays: a gateway only forwards.
const fn at(target: Target, role: Role) -> Role {
    match target {
        Target::Keeptrack => Role::Through,
        Target::Linux | Target::Openwrt => role,
    }
}

/// Where what is untracked has to pass.
const fn chains(target: Target) -> &'static [Chain] {
    match target {
        Target::Keeptrack => &[Chain::Forward],
        Target::Linux | Target::Openwrt => &[Chain::Input, Chain::Output, Chain::Forward],
    }
}

fn of_service(service: (Protocol, u16), role: Role, known: &Known) -> Accepted {
    let (protocol, port) = service;
    let name = protocol.name();
    let (asked, answers) =
        (Test::DestinationPort(protocol, port), Test::SourcePort(protocol, port));
    match role {
        Role::Server => Accepted {
            rules: vec![rule(Chain::Input, [asked]), rule(Chain::Output, [answers])],
            opens: Some(format!(
                "{name} port {port} of this host to everybody: where only some may ask, add their `-s`"
            )),
            closed: None,
        },
        Role::Client => client(service, known.servers(service)),
        Role::Through => Accepted {
            closed: Some(format!(
                "{name} port {port}: no rule is given for a FORWARD that drops by default. \
                 `--dport {port}` would open the port of every host behind this one, and \
                 `--sport {port}` every host to everybody who sends from there: say with `-i`, `-s` \
                 and `-d` who asks whom"
            )),
            ..Accepted::default()
        },
    }
}

/// What lets this host ask, and hear the answers.
fn client((protocol, port): (Protocol, u16), servers: Option<&Servers>) -> Accepted {
    let name = protocol.name();
    let ask = rule(Chain::Output, [Test::DestinationPort(protocol, port)]);
    let answers = Test::SourcePort(protocol, port);
    // An answer is never a SYN alone, so that TCP opens no connection by such a rule.
    let answers: Vec<Test> = match protocol {
        Protocol::TCP => vec![answers, Test::NotSyn],
        _ => vec![answers],
    };
    let what = if protocol == Protocol::TCP { ", but for a first SYN," } else { "" };
    match servers {
        Some(servers) => {
            let heard = servers.addresses.iter().map(|&server| {
                let source = [Test::Source(Network::host(server))];
                rule(Chain::Input, source.into_iter().chain(answers.clone()))
            });
            Accepted {
                rules: [ask].into_iter().chain(heard).collect(),
                opens: Some(format!(
                    "every {name} port of this host to what {}{what} sends from port {port}",
                    list(&servers.addresses)
                )),
                closed: None,
            }
        }
        None if protocol == Protocol::TCP => Accepted {
            rules: vec![ask, rule(Chain::Input, answers)],
            opens: Some(format!(
                "every tcp port of this host to what anybody sends from port {port}, but for a first \
                 SYN: no connection is opened by it"
            )),
            closed: None,
        },
        None => Accepted {
            rules: vec![ask],
            opens: None,
            closed: Some(format!(
                "{name} port {port}: no rule is given for the answers. `--sport {port}` would open \
                 every {name} port of this host to everybody who sends from there. Where INPUT drops \
                 by default, name whom this host asks: `-s SERVER --sport {port}`"
            )),
        },
    }
}

/// A rule for what is untracked alone: what is tracked goes by the rules that are there.
fn rule(chain: Chain, tests: impl IntoIterator<Item = Test>) -> Rule {
    Rule::new(chain, tests.into_iter().chain([Test::Untracked]))
}

fn list(addresses: &[IpAddr]) -> String {
    let shown: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    shown.join(", ")
}

impl Known {
    /// Whom is asked at that port, if these are few enough for a rule each.
    fn servers(&self, service: (Protocol, u16)) -> Option<&Servers> {
        let found = self.servers.iter().find(|known| (known.protocol, known.port) == service);
        found.filter(|known| (1..=MAX_SERVERS).contains(&known.addresses.len()))
    }
}
