//! Rules as people have written them: what each does with the packets of one capture, or why it is
//! refused.

mod samples;

use super::made::{Files, SLL2, pcap, sll2};
use super::{Ran, keeptrack};
use crate::wild_kernel::{CASES, IPSETS, Packet, REFUSED, packets};

/// The packet types of Linux cooked captures: it came in, the host sends it.
const CAME_IN: u8 = 0;
const SENT: u8 = 4;

/// The packets that are left untracked or are in a zone, by name; or what the refusal says first.
fn outcome(files: &Files, rules: &str) -> Result<String, String> {
    let packets = packets();
    let frame = |packet: &Packet| {
        // At the loopback interface each is seen on its way in.
        let kind = if packet.arrives || packet.interface == 1 { CAME_IN } else { SENT };
        (1, sll2(packet.interface, kind, &packet.ip))
    };
    let frames: Vec<_> = packets.iter().map(frame).collect();
    let capture = files.with("wild.pcap", pcap(SLL2, &frames));
    let sets = files.with("sets.txt", IPSETS);
    let rules = files.with("wild.rules", rules);
    let words = ["replay", "-q", "-o", "packets", &capture, "-r", &rules, "-r", &sets];
    let world = ["--iface", "1=lo,2=eth0,3=eth1", "--local", "192.0.2.1"];
    let Ran { end, stdout } = keeptrack(&[&words[..], &world[..]].concat());
    end.map_err(|failure| failure.shown().lines().next().unwrap_or_default().to_owned())?;
    let stdout = String::from_utf8(stdout).unwrap();
    let untracked = stdout
        .lines()
        .zip(&packets)
        .filter(|(line, _)| line.contains(r#""v":"untracked""#) || line.contains(r#""zone""#));
    Ok(untracked.map(|(_, packet)| packet.name).collect::<Vec<_>>().join(" "))
}

#[test]
fn rules_of_the_wild_do_what_linux_does_with_them() {
    let files = Files::new();
    let forms = CASES.iter().flat_map(|case| {
        let forms = [case.iptables.to_owned(), case.ruleset()];
        forms.into_iter().filter(|rules| !rules.is_empty()).map(move |rules| (case, rules))
    });
    let wrong: Vec<_> = forms
        .map(|(case, rules)| (case, outcome(&files, &rules)))
        .filter(|(case, found)| found.as_deref() != Ok(case.untracked))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_rule_that_was_found_has_a_result() {
    let has = |number: &str| CASES.iter().any(|case| case.number == number);
    for number in (1..=28).map(|number| number.to_string()) {
        assert!(has(&number), "{number}");
    }
    assert!((1..=8).all(|number| has(&format!("n{number}"))));
    // The 29th, of a port of a bridge, is refused by name.
    assert!(REFUSED.iter().any(|(rules, _)| rules.contains("--physdev-in")));
}

#[test]
fn what_is_refused_is_refused_by_name() {
    let files = Files::new();
    let wrong: Vec<_> = REFUSED
        .iter()
        .map(|(rules, expected)| (rules, *expected, outcome(&files, rules)))
        .filter(|(_, expected, found)| found.as_ref().err().map(String::as_str) != Some(expected))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_unknown_match_may_match_nothing_and_is_named() {
    let files = Files::new();
    let rules = files.with(
        "raw.rules",
        "-A PREROUTING -m rpfilter --invert -j DROP\n-A PREROUTING -i lo -j NOTRACK\n",
    );
    let words = ["replay", "-q", super::made::MAIL_RELAY, "-r", &rules, "--allow-unknown"];
    let Ran { end, stdout } = keeptrack(&words);
    end.unwrap();
    let said = format!("a rule matches nothing here: {rules}:1: the match `rpfilter`");
    super::made::line(&String::from_utf8(stdout).unwrap(), &said);
}

#[test]
fn a_file_without_rules_is_refused_by_whatever_reads_it() {
    let files = Files::new();
    let empty = files.with("rules.v4", "");
    let image = files.path("gateway.image");
    for words in [
        &["replay", super::made::MAIL_RELAY, "-r", &empty][..],
        &["advise", super::made::MAIL_RELAY, "-r", &empty],
        &["sweep", super::made::MAIL_RELAY, "max=1k", "-r", &empty],
        &["lint", &empty],
        &["firmware-config", "-r", &empty, "-o", &image],
    ] {
        let error = keeptrack(words).end.unwrap_err().shown();
        super::made::line(&error, "rules.v4 is empty: no table, no chain, no set");
        super::made::line(&error, "did `iptables-save` or `nft list ruleset` fail?");
    }
}

#[test]
fn a_hint_names_what_its_command_takes() {
    let files = Files::new();
    let table = files.with("table", "udp 17 30 src=192.0.2.1 dst=192.0.2.9 sport=7 dport=53\n");
    let shown = |words: &[&str]| keeptrack(words).end.unwrap_err().shown();
    let passed = format!("help: pass it with `-s {table}`");
    super::made::line(&shown(&["advise", super::made::MAIL_RELAY, "-r", &table]), &passed);
    let taken = format!("help: `keeptrack replay` takes it: `-s {table}`");
    super::made::line(&shown(&["lint", &table]), &taken);
    super::made::line(&shown(&["firmware-config", "--check", "-r", &table]), &taken);
}

#[test]
fn a_finding_in_json_has_its_place_there() {
    let files = Files::new();
    let rules = files.with(
        "nft.json",
        r#"{"nftables": [{"table": {"family": "ip", "name": "t"}}, {"chain": {"family": "ip",
        "table": "t", "name": "c", "type": "filter", "hook": "prerouting", "prio": -300}},
        {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"match": {"op": "==",
        "left": {"meta": {"key": "iifname"}}, "right": "lo"}}, {"notrack": null}]}}]}"#,
    );
    let Ran { stdout, .. } = keeptrack(&["lint", "-o", "json", &rules]);
    let found: serde_json::Value = serde_json::from_slice(&stdout).unwrap();
    let finding = &found["findings"][0];
    assert_eq!(finding["lint"], "loopback-at-prerouting");
    assert_eq!((&finding["file"], &finding["line"]), (&rules.as_str().into(), &1.into()));
    assert_eq!(
        (&finding["part"], &finding["column"]),
        (&"nftables[2].rule.expr[1]".into(), &3.into())
    );
    let Ran { stdout, .. } = keeptrack(&["lint", &rules]);
    let place = format!(" --> {rules} nftables[2].rule.expr[1]:1:3");
    super::made::line(&String::from_utf8(stdout).unwrap(), &place);
}
