//! Changes against the lines that are to come of them.

use std::net::IpAddr;

use keeptrack_core::{Protocol, Timeout};

use super::accepted;
use super::rule::{Chain, Test};
use super::{Known, Servers, Tool, paste, rules};
use crate::advise::change::{Change, Class, Role, Target};

const ROLES: [Role; 3] = [Role::Server, Role::Client, Role::Through];
const PORTED: [Protocol; 4] = [Protocol::TCP, Protocol::UDP, Protocol::SCTP, Protocol::UDPLITE];

fn service(protocol: Protocol, role: Role) -> Change {
    Change::NoTrack(Class::Service { protocol, port: 53, role })
}

fn asked(addresses: &[&str]) -> Known {
    let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
    let servers = [Protocol::TCP, Protocol::UDP];
    let servers =
        servers.map(|protocol| Servers { protocol, port: 53, addresses: addresses.clone() });
    Known { servers: servers.into(), ..Known::default() }
}

/// The commands of IPv4, without what all of them have.
fn short(change: &Change, target: Target) -> Vec<String> {
    let text = rules(change, target);
    let lines = text.lines().filter_map(|line| line.strip_prefix("iptables  -t raw -A "));
    lines.map(|line| line.strip_suffix(" -j CT --notrack").unwrap().to_owned()).collect()
}

#[test]
fn each_class_has_the_hooks_and_directions_that_it_needs() {
    let (address, len) = ("10.8.0.0".parse().unwrap(), 13);
    let cases: [(Change, &[&str]); 7] = [
        (Change::NoTrack(Class::Loopback), &["OUTPUT -o lo"]),
        (
            service(Protocol::UDP, Role::Server),
            &["PREROUTING -p udp -m udp --dport 53", "OUTPUT ! -o lo -p udp -m udp --sport 53"],
        ),
        (
            service(Protocol::TCP, Role::Client),
            &["OUTPUT ! -o lo -p tcp -m tcp --dport 53", "PREROUTING -p tcp -m tcp --sport 53"],
        ),
        (
            service(Protocol::UDPLITE, Role::Through),
            &[
                "PREROUTING -p udplite -m multiport --dports 53",
                "PREROUTING -p udplite -m multiport --sports 53",
            ],
        ),
        (
            Change::NoTrack(Class::Prefix { address, len }),
            &[
                "PREROUTING -s 10.8.0.0/13",
                "PREROUTING -d 10.8.0.0/13",
                "OUTPUT -s 10.8.0.0/13 ! -o lo",
                "OUTPUT -d 10.8.0.0/13 ! -o lo",
            ],
        ),
        (
            Change::NoTrack(Class::Within { address, len }),
            &[
                "PREROUTING -s 10.8.0.0/13 -d 10.8.0.0/13",
                "OUTPUT -s 10.8.0.0/13 -d 10.8.0.0/13 ! -o lo",
            ],
        ),
        (Change::Size { max: 1, buckets: 1 }, &[]),
    ];
    for (change, expected) in cases {
        assert_eq!(short(&change, Target::Linux), expected, "{change:?}");
    }
    let echo = Change::NoTrack(Class::Echo { protocol: Protocol::ICMPV6 });
    assert_eq!(rules(&echo, Target::Linux).matches("--icmpv6-type").count(), 4);
    assert_eq!(short(&echo, Target::Linux), [""; 0], "the other family has no such messages");
}

#[test]
fn a_gateway_has_one_rule_for_both_directions() {
    let ports = ["PREROUTING -p udp -m multiport --ports 53"];
    for role in ROLES {
        assert_eq!(short(&service(Protocol::UDP, role), Target::Keeptrack), ports);
    }
    assert_eq!(rules(&Change::NoTrack(Class::Loopback), Target::Keeptrack), "");
}

/// A source port says nothing of who sends.
#[test]
fn nothing_is_let_in_for_its_source_port_alone() {
    let few = asked(&["192.0.2.53", "2001:db8::53"]);
    let many: Vec<String> = (0..99).map(|last| format!("192.0.2.{last}")).collect();
    let many = asked(&many.iter().map(String::as_str).collect::<Vec<_>>());
    for target in [Target::Linux, Target::Openwrt, Target::Keeptrack] {
        for known in [&Known::default(), &few, &many] {
            for (protocol, role) in PORTED.into_iter().flat_map(|one| ROLES.map(|role| (one, role)))
            {
                let accepted = accepted::of(&service(protocol, role), target, known);
                let lets_in = accepted.rules.iter().filter(|rule| rule.chain != Chain::Output);
                for rule in lets_in {
                    assert!(rule.tests.contains(&Test::Untracked), "{rule:?}");
                    let is_answer =
                        rule.tests.iter().any(|test| matches!(test, Test::SourcePort(..)));
                    let says_more = |test: &Test| matches!(test, Test::Source(_) | Test::NotSyn);
                    assert!(!is_answer || rule.tests.iter().any(says_more), "{rule:?}");
                }
                let said = accepted.opens.is_some() || accepted.closed.is_some();
                assert!(said, "{protocol:?} {role:?} {target:?}");
            }
        }
    }
}

#[test]
fn whoever_is_asked_is_let_in_by_address() {
    let rules = |known: &Known, role| {
        accepted::of(&service(Protocol::UDP, role), Target::Linux, known).rules.len()
    };
    let known = asked(&["192.0.2.53", "2001:db8::53"]);
    assert_eq!((rules(&known, Role::Client), rules(&Known::default(), Role::Client)), (3, 1));
    assert_eq!((rules(&known, Role::Through), rules(&Known::default(), Role::Through)), (0, 0));
    assert_eq!((rules(&known, Role::Server), rules(&Known::default(), Role::Server)), (2, 2));
}

#[test]
fn settings_go_into_files_and_come_back() {
    let changes = [
        Change::Timeout { timeout: Timeout::Udp, from: 30, to: 10 },
        Change::Size { max: 131_072, buckets: 65_536 },
    ];
    let known = Known { max: Some(65_536), ..Known::default() };
    let pasted = paste(&changes, Target::Linux, &known);
    let shown = pasted.script(Tool::Nft).to_string();
    let expected = "\
# else sysctl.d is read before the module is there
cat > /etc/modules-load.d/keeptrack.conf <<'END'
nf_conntrack
END

cat > /etc/sysctl.d/90-keeptrack.conf <<'END'
net.netfilter.nf_conntrack_udp_timeout = 10
net.netfilter.nf_conntrack_max = 131072
net.netfilter.nf_conntrack_buckets = 65536
END

modprobe nf_conntrack
sysctl -p /etc/sysctl.d/90-keeptrack.conf
";
    assert_eq!(shown, expected);
    // They are for whatever tool there is.
    let scripts: Vec<String> = pasted.scripts().iter().map(ToString::to_string).collect();
    assert_eq!(scripts, [shown]);
    let undo: String = pasted.undo_scripts().iter().map(ToString::to_string).collect();
    let expected = "\
# settings
rm /etc/sysctl.d/90-keeptrack.conf /etc/modules-load.d/keeptrack.conf
sysctl -w net.netfilter.nf_conntrack_udp_timeout=30
sysctl -w net.netfilter.nf_conntrack_max=65536
# what net.netfilter.nf_conntrack_buckets was is not known here: `sysctl \
net.netfilter.nf_conntrack_buckets` tells it before the change
";
    assert_eq!((undo.as_str(), pasted.warnings.len()), (expected, 0));
}

/// Whoever copies one has the whole of a change, and nothing of another tool or of the undoing.
#[test]
fn each_tool_has_a_script_of_its_own() {
    let changes = [
        Change::NoTrack(Class::Loopback),
        Change::Timeout { timeout: Timeout::Udp, from: 30, to: 10 },
    ];
    let cases: [(Target, &[(Tool, &str)]); 3] = [
        (Target::Linux, &[(Tool::Iptables, "iptables "), (Tool::Nft, "nft ")]),
        (Target::Openwrt, &[(Tool::Firewall4, "uci "), (Tool::Iptables, "cat >> ")]),
        (Target::Keeptrack, &[(Tool::Keeptrack, "keeptrack ")]),
    ];
    for (target, tools) in cases {
        let pasted = paste(&changes, target, &Known::default());
        for (scripts, is_undo) in [(pasted.scripts(), false), (pasted.undo_scripts(), true)] {
            let of: Vec<_> = scripts.iter().map(|script| script.tool).collect();
            let expected: Vec<_> = tools.iter().map(|(tool, _)| Some(*tool)).collect();
            assert_eq!(of, expected, "{target:?}");
            for (script, (tool, _)) in scripts.iter().zip(tools) {
                let text = script.to_string();
                let others = tools.iter().filter(|(other, _)| other != tool);
                let begins = |with: &str| text.lines().any(|line| line.starts_with(with));
                assert!(others.clone().all(|(_, line)| !begins(line)), "{target:?} {text}");
                let has_settings = text.contains("nf_conntrack_udp_timeout");
                assert!(has_settings || target == Target::Keeptrack, "{text}");
                assert_eq!(begins("rm "), is_undo && target != Target::Keeptrack, "{text}");
                assert!(!text.ends_with("\n\n"), "{text}");
            }
            assert!(super::tools(target).iter().all(|tool| of.contains(&Some(*tool))));
        }
    }
}

#[test]
fn only_what_nat_may_change_is_warned_of() {
    let warned = |change: Change, target| {
        let warnings = paste(&[change], target, &Known::default()).warnings;
        warnings.iter().any(|warning| warning.starts_with("NAT "))
    };
    let dns = service(Protocol::UDP, Role::Through);
    assert!(warned(dns.clone(), Target::Linux) && warned(dns.clone(), Target::Openwrt));
    assert!(!warned(dns, Target::Keeptrack), "a bridge has no NAT");
    assert!(!warned(Change::NoTrack(Class::Loopback), Target::Linux));
    assert!(!warned(Change::Size { max: 1, buckets: 1 }, Target::Linux));
}
