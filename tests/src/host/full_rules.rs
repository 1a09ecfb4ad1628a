//! Rules that say what a full table does with their packets: `-j FULL`.

use keeptrack_core::Protocol;

use super::keeptrack;
use super::made::{Files, MAIL_RELAY, RAW, json, line, pcap, summary};
use crate::frames::{CLIENT, SERVER, ip, udp};

/// A datagram from a port of the client's.
fn datagram(from: u16) -> Vec<u8> {
    ip(Protocol::UDP, CLIENT, SERVER, &udp(from, 53))
}

/// Six datagrams, each of a connection of its own, from the ports 1 to 6.
fn six(files: &Files) -> String {
    files.with("six.pcap", pcap(RAW, &[1, 2, 3, 4, 5, 6].map(|from| (1, datagram(from)))))
}

#[test]
fn a_class_has_the_slots_that_are_reserved_for_it() {
    let files = Files::new();
    let rules = "-A PREROUTING -p udp --sport 5:6 -j FULL --class admin\n\
        -A PREROUTING -p udp --sport 4 -j FULL --class dns\n";
    let (capture, rules) = (six(&files), files.with("raw.sh", rules));
    let words = [capture.as_str(), "-r", &rules, "--max", "4"];
    let with = |policy: &str| json(&[&words[..], &["--on-full", policy]].concat());
    // One of the four is admin's, one is dns's: of the first three two get in.
    let object = with("refuse:reserve=admin/1+dns/1");
    assert_eq!(object["drop"], 2, "{object}");
    let taken = object["rules"].as_array().unwrap().iter().map(|rule| &rule["effective"]);
    assert_eq!(taken.collect::<Vec<_>>(), [2, 1]);
    // Of the last two connections one finds a slot.
    let object = with("refuse:reserve=admin/2");
    assert_eq!(object["drop"], 2, "3 and 4");
    assert_eq!(with("refuse")["drop"], 2, "5 and 6");
}

#[test]
fn what_is_refused_passes_untracked_where_a_rule_says_so() {
    let files = Files::new();
    let rules = "-A PREROUTING -p udp --sport 3:5 -j FULL --bypass\n";
    let (capture, rules) = (six(&files), files.with("raw.sh", rules));
    let words = [capture.as_str(), "-r", &rules, "--max", "2", "--on-full", "refuse"];
    let object = json(&words);
    assert_eq!((&object["drop"], &object["bypass"]), (&1.into(), &3.into()));
    let text = summary(&words);
    line(&text, "at PREROUTING: 3 packets matched, 3 to pass if refused");
}

#[test]
fn the_summary_says_what_a_rule_came_to() {
    let files = Files::new();
    let rules = files.with(
        "raw.sh",
        "-A PREROUTING -i lo -j FULL --class relay --bypass\n-A OUTPUT -o lo -j FULL --class relay\n\
         -A OUTPUT -o lo -p udp --dport 53 -j NOTRACK\n",
    );
    let text = summary(&[MAIL_RELAY, "-r", &rules]);
    line(&text, "at PREROUTING: 1,878 packets matched, 0 of this class, and to pass if refused");
    line(&text, "of them had been tracked before: a looping packet crosses OUTPUT first");
    let object = json(&[MAIL_RELAY, "-r", &rules]);
    let count = |rule: usize, what: &str| object["rules"][rule][what].as_u64().unwrap();
    assert_eq!(count(1, "matched"), 1_878);
    // What is untracked comes to no table.
    assert_eq!(count(1, "matched") - count(1, "effective"), count(2, "effective"));
    assert_eq!(count(0, "too_late"), count(1, "effective"));
}

#[test]
fn linux_has_no_such_rules() {
    let files = Files::new();
    let rules = files.with("raw.sh", "-A PREROUTING -p udp -j FULL --bypass\n");
    let capture = six(&files);
    let words = ["-r", &rules, "--max", "4", "--on-full", "linux:buckets=4"];
    line(&summary(&[&[capture.as_str()], &words[..]].concat()), "raw.sh:1");
}

#[test]
fn four_classes_are_one_too_many() {
    let files = Files::new();
    let rules: String = ["ssh", "bgp", "dns", "bgp", "ntp"]
        .map(|name| format!("-A PREROUTING -p udp -j FULL --class {name}\n"))
        .concat();
    let rules = files.with("raw.sh", rules);
    let failure = keeptrack(&["replay", MAIL_RELAY, "-r", &rules]).end.unwrap_err().shown();
    let expected = format!(
        "error: more than 3 classes
 --> {rules}:5:38
  |
5 | -A PREROUTING -p udp -j FULL --class ntp
  |                                      ^^^ one too many
  |
note: there are: ssh, bgp, dns"
    );
    assert!(failure.contains(&expected), "{failure}");
}

#[test]
fn a_chain_may_be_called_so() {
    let files = Files::new();
    let rules = files.with(
        "raw.sh",
        "iptables -t raw -N FULL\niptables -t raw -A FULL -j NOTRACK\n\
         iptables -t raw -A PREROUTING -p udp --sport 1:2 -j FULL\n\
         iptables -t raw -A PREROUTING -j FULL --class rest\n",
    );
    let object = json(&[&six(&files), "-r", &rules]);
    let counts = object["rules"].as_array().unwrap().iter();
    let counts: Vec<_> = counts.map(|rule| (&rule["line"], &rule["effective"])).collect();
    assert!(counts.contains(&(&2.into(), &2.into())), "{counts:?}");
    assert!(counts.contains(&(&4.into(), &4.into())), "{counts:?}");
}
