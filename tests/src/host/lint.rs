//! What `keeptrack lint` finds, as it prints it, and what it says of rules as people have them.

use keeptrack::Outcome;
use serde_json::Value;

use super::made::Files;
use super::outputs::{documented_in, names};
use super::{Failure, Ran, keeptrack};
use crate::wild_kernel::{CASES, IPSETS};

/// A `notrack` behind tracking, as `nft -j list ruleset` tells it.
const JSON_BEHIND_TRACKING: &str = r#"{"nftables": [
    {"table": {"family": "inet", "name": "t"}},
    {"chain": {"family": "inet", "table": "t", "name": "c", "type": "filter", "hook": "output",
        "prio": 0, "policy": "accept"}},
    {"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [{"notrack": null}]}}]}"#;

/// What is printed of files that are called so, with the folder's name left out, and how it ends.
fn printed(given: &[(&str, &str)]) -> (Outcome, String) {
    let files = Files::new();
    let paths: Vec<String> = given.iter().map(|(name, text)| files.with(name, text)).collect();
    let words: Vec<&str> = ["lint"].into_iter().chain(paths.iter().map(String::as_str)).collect();
    let Ran { end, stdout } = keeptrack(&words);
    let text = String::from_utf8(stdout).unwrap();
    (end.unwrap(), text.replace(&files.path(""), ""))
}

/// The lints of what is found, in its order.
fn found(given: &[(&str, &str)]) -> Vec<String> {
    let files = Files::new();
    let paths: Vec<String> = given.iter().map(|(name, text)| files.with(name, text)).collect();
    let words = ["lint", "-o", "json"].into_iter().chain(paths.iter().map(String::as_str));
    let Ran { end, stdout } = keeptrack(&words.collect::<Vec<_>>());
    let is_found = end.unwrap_or_else(|failure| panic!("{}", failure.shown())) == Outcome::Finding;
    let object: Value = serde_json::from_slice(&stdout).unwrap();
    let findings = object["findings"].as_array().unwrap();
    assert_eq!(is_found, !findings.is_empty());
    findings.iter().map(|finding| finding["lint"].as_str().unwrap().to_owned()).collect()
}

/// Files that are as they should be.
const RIGHT: &[(&str, &str)] = &[
    (
        "loop.sh",
        "ip6tables -t raw -A OUTPUT -o lo -j NOTRACK\niptables -t raw -A OUTPUT -o lo -j NOTRACK\n",
    ),
    (
        "server.nft",
        "table inet raw {\n\tchain prerouting {\n\t\ttype filter hook prerouting priority raw; policy \
         accept;\n\t\tudp dport { 53, 123 } notrack\n\t}\n\tchain output {\n\t\ttype filter hook output \
         priority raw; policy accept;\n\t\toifname != \"lo\" udp sport 53 notrack\n\t\toifname != \"lo\" \
         udp sport 123 notrack\n\t}\n}\n",
    ),
    (
        "synproxy.v4",
        "*raw\n-A PREROUTING -p tcp --dport 80 --syn -j CT --notrack\nCOMMIT\n*filter\n-A INPUT -p tcp \
         --dport 80 -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --sack-perm --timestamp \
         --wscale 7 --mss 1460\n-A INPUT -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n",
    ),
    (
        "gateway.v4",
        "*raw\n-A PREROUTING -d 10.0.0.1 -p udp --dport 53 -j NOTRACK\n-A OUTPUT -s 10.0.0.1 -p udp \
         --sport 53 -j NOTRACK\nCOMMIT\n*nat\n-A POSTROUTING -s 10.0.0.0/8 -o wan0 -j MASQUERADE\nCOMMIT\n",
    ),
    (
        "drops.v4",
        "*raw\n-A PREROUTING -p udp --dport 53 -j NOTRACK\n-A OUTPUT -p udp --sport 53 -j NOTRACK\nCOMMIT\n\
         *filter\n:INPUT DROP [0:0]\n:SERVICES - [0:0]\n-A INPUT -m conntrack --ctstate \
         RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -m limit --limit 9/s -j LOG\n-A INPUT -j SERVICES\n\
         -A SERVICES -p udp -m multiport --dports 53,67 -j ACCEPT\nCOMMIT\n",
    ),
    (
        "sysctl.conf",
        "net.netfilter.nf_conntrack_max = 262144\nnet.netfilter.nf_conntrack_buckets = 65536\n",
    ),
];

#[test]
fn nothing_is_found_in_what_is_right() {
    for file in RIGHT {
        assert_eq!(found(&[*file]), [""; 0], "{}", file.0);
    }
    let (end, text) = printed(RIGHT.split_at(1).0);
    assert_eq!((end, text.as_str()), (Outcome::Done, ""));
}

const PORT: &str = "\
error: port 70000 is out of range
 --> rules.sh:2:46
  |
2 | iptables -t raw -A PREROUTING -p udp --dport 70000 -j NOTRACK
  |                                              ^^^^^ 0-65535
  |
note: iptables 1.8.9 accepts it and installs port 4464 (70000 mod 65536)
";

const LATE: &str = "\
warning: notrack has no effect here
 --> nft.conf:7:18
  |
5 |     type filter hook input priority -5; policy drop;
  |                                     -- runs after conntrack (-200)
6 |     ct state established,related accept
7 |     iifname \"lo\" notrack accept
  |                  ^^^^^^^
  |
help: put `oif \"lo\" notrack` in its place into a chain of its table with `hook output priority raw`
";

const HALF: &str = "\
warning: only one direction is left untracked
 --> rules.v4:2:44
  |
2 | -A PREROUTING -i eth0 -p udp --dport 53 -j CT --notrack
  |                                            ^^ each answer makes an entry of its own
  |
help: add the answers: `iptables -t raw -A OUTPUT -o eth0 -p udp --sport 53 -j CT --notrack`
";

#[test]
fn a_finding_is_shown_at_its_place() {
    let script = "#!/bin/sh\niptables -t raw -A PREROUTING -p udp --dport 70000 -j NOTRACK\n\
        iptables -t raw -A OUTPUT -p udp --sport 4464 -j NOTRACK\n";
    assert_eq!(printed(&[("rules.sh", script)]), (Outcome::Finding, PORT.to_owned()));
    let ruleset = "# nft list ruleset\ntable inet filter {\n  chain input {\n    # closed\n    \
        type filter hook input priority -5; policy drop;\n    ct state established,related accept\n    \
        iifname \"lo\" notrack accept\n  }\n}\n";
    assert_eq!(printed(&[("nft.conf", ruleset)]), (Outcome::Finding, LATE.to_owned()));
    let saved = "*raw\n-A PREROUTING -i eth0 -p udp --dport 53 -j CT --notrack\nCOMMIT\n";
    assert_eq!(printed(&[("rules.v4", saved)]), (Outcome::Finding, HALF.to_owned()));
}

/// What is found in the rules of the wild, by their numbers: in those of iptables, and behind the bar
/// in those of nft.
const WILD: &str = "\
1: loopback-at-prerouting | loopback-at-prerouting
2:  | one-family
3: one-sided | one-sided one-family
4: one-sided | one-sided one-family
5:  | one-family one-family
6: one-sided | 
6, with priorities: shadowed | 
7: one-sided | one-sided
7, all of it: one-sided one-sided one-sided | one-sided one-sided
8: one-sided | one-sided
9:  | one-family one-family
10:  | one-family one-family
11: one-sided | one-sided one-family
11, at a port: one-sided | one-sided one-family
13:  | one-family
13, with a mark:  | one-family
14:  | one-family
15: one-sided | one-sided
16: one-sided | one-sided
17:  | one-family
18:  | one-family
19:  | one-family
20:  | one-family
21, by kind: one-sided | one-sided
21, of another kind: one-sided | one-sided
groups of the link:  | one-family
23: one-sided | one-sided
24: one-sided | one-sided one-family
25: one-sided | one-sided
26:  | one-sided
protocol 0:  | one-family
protocol 0 of nft:  | one-family
protocol 0 of nft, in a set:  | one-family
numbers as C writes them:  | one-family
a length:  | one-family
27:  | one-family
28: one-sided | one-sided one-family
a port that wraps: port-out-of-range one-sided | 
behind a NOTRACK:  | one-family one-family
a script that takes back: one-sided | 
n1:  | one-family
n1, by index:  | loopback-at-prerouting
n2:  | one-sided one-family
n3:  | one-sided
n4:  | one-sided
n5:  | one-sided one-family
n7:  | one-family
n8:  | behind-tracking
verdicts by port:  | one-sided one-family
a large set:  | one-sided one-family
";

#[test]
fn of_the_wild_rules_those_are_found_that_do_no_good() {
    let lints = |name: &str, rules: &str| match rules {
        "" => String::new(),
        _ => found(&[(name, rules), ("sets.txt", IPSETS)]).join(" "),
    };
    let cases = CASES.iter().map(|case| {
        let both = [lints("wild.rules", case.iptables), lints("wild.nft", &case.ruleset())];
        format!("{}: {}\n", case.number, both.join(" | "))
    });
    let all: String = cases.filter(|line| !line.ends_with(":  | \n")).collect();
    assert_eq!(all, WILD);
}

#[test]
fn findings_are_told_to_machines() {
    let files = Files::new();
    let rules = files.with("r.sh", "iptables -t raw -A PREROUTING -i lo -j NOTRACK\n");
    let out = files.path("found.json");
    let Ran { end, stdout } = keeptrack(&["lint", &rules, "-o", &format!("json={out}")]);
    assert_eq!((end.unwrap(), stdout), (Outcome::Finding, Vec::new()));
    let object: Value = serde_json::from_str(&files.text("found.json")).unwrap();
    assert_eq!(object["schema"], 1);
    let finding = &object["findings"][0];
    assert_eq!(finding["lint"], "loopback-at-prerouting");
    assert_eq!(finding["severity"], "warning");
    assert_eq!(finding["file"], rules);
    assert_eq!((&finding["line"], &finding["column"]), (&1.into(), &40.into()));
    assert_eq!(finding["title"], "notrack has no effect here");
    assert_eq!(finding["label"], "what comes from lo was tracked at OUTPUT");
    assert_eq!(finding["notes"].as_array().unwrap().len(), 1);
    let page = include_str!("../../../docs/lint.md");
    assert_eq!(names(&object), documented_in(page, "## JSON"));
    let json = files.with("r.json", JSON_BEHIND_TRACKING);
    let Ran { stdout, .. } = keeptrack(&["lint", &json, "-o", "json"]);
    let object: Value = serde_json::from_slice(&stdout).unwrap();
    let in_json = &object["findings"][0];
    assert_eq!(in_json["part"], "nftables[2].rule.expr[0]");
    let all = names(finding).union(&names(in_json)).cloned().collect();
    assert_eq!(documented_in(page, "### A finding"), all);
}

#[test]
fn nothing_is_looked_for_in_what_cannot_be_read() {
    let files = Files::new();
    let cases = [
        (
            "rules.v4",
            "*raw\n-A PREROUTING -p udp --dprot 53 -j NOTRACK\nCOMMIT\n",
            "did you mean `--dport`?",
        ),
        ("x.pcap", "\n\r\r\n", "is neither rules nor sysctl text"),
        (
            "table.txt",
            "tcp      6 9 CLOSE src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 use=1\n",
            "-s ",
        ),
        ("sysctl.conf", "net.netfilter.nf_conntrack_max = many\n", "many"),
    ];
    for (name, text, said) in cases {
        let path = files.with(name, text);
        let shown = match keeptrack(&["lint", &path]).end {
            Err(failure @ Failure::Run(_)) => failure.shown(),
            end => panic!("{name}: {end:?}"),
        };
        assert!(shown.contains(said), "{shown}");
    }
    let missing = keeptrack(&["lint", &files.path("gone")]).end.unwrap_err().shown();
    assert!(missing.contains("cannot read"), "{missing}");
}

#[test]
fn a_rule_and_what_keeps_it_from_work_may_stand_in_two_files() {
    let raw = "*raw\n-A PREROUTING -p udp --dport 53 -j NOTRACK\n-A PREROUTING -p udp --sport 53 -j \
        NOTRACK\nCOMMIT\n";
    let nat = "*nat\n-A POSTROUTING -o wan0 -j MASQUERADE\nCOMMIT\n";
    let (_, text) = printed(&[("raw.v4", raw), ("nat.v4", nat)]);
    assert!(
        text.contains("note: nat.v4:2: `-A POSTROUTING -o wan0 -j MASQUERADE` has no effect"),
        "{text}"
    );
}
