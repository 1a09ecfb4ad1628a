//! Rules as people have written them: what each does with the packets of one capture, or why it is
//! refused.

mod cases;

use keeptrack_core::{Protocol, TcpFlags};

use super::made::{Files, SLL2, pcap, sll2};
use super::{Ran, keeptrack};
use crate::frames::{ip, tcp, udp};

use self::cases::{CASES, REFUSED};

const HOST: [u8; 4] = [192, 0, 2, 1];
const PEER: [u8; 4] = [10, 0, 0, 9];
const NODE_LOCAL: [u8; 4] = [169, 254, 20, 10];

/// Each packet by the name that the cases have for it: its interface, whether it came in (0) or the
/// host sends it (4), and what it is.
fn packets() -> Vec<(&'static str, u8, u8, Vec<u8>)> {
    let datagram = |from: [u8; 4], to: [u8; 4], ports: (u16, u16)| {
        ip(Protocol::UDP, from.into(), to.into(), &udp(ports.0, ports.1))
    };
    let segment = |from: [u8; 4], to: [u8; 4], ports: (u16, u16), flags| {
        ip(Protocol::TCP, from.into(), to.into(), &tcp(ports, flags, (1, 1)))
    };
    let other = |number| ip(Protocol(number), PEER.into(), HOST.into(), &[8, 0, 0, 0, 0, 1, 0, 1]);
    let ack = TcpFlags::ACK;
    vec![
        ("dns", 2, 0, datagram(PEER, HOST, (4000, 53))),
        ("dns-reply", 2, 4, datagram(HOST, PEER, (53, 4000))),
        ("own-dns", 2, 4, datagram(HOST, PEER, (4001, 53))),
        ("own-dns-reply", 2, 0, datagram(PEER, HOST, (53, 4001))),
        ("node-dns", 2, 0, datagram(PEER, NODE_LOCAL, (4002, 53))),
        ("node-tcp", 2, 0, segment(PEER, NODE_LOCAL, (4002, 53), ack)),
        ("ntp", 2, 0, datagram(PEER, HOST, (4003, 123))),
        ("ntp-reply", 2, 4, datagram(HOST, PEER, (123, 4003))),
        ("syn", 2, 0, segment(PEER, HOST, (4004, 443), TcpFlags::SYN)),
        ("ack", 2, 0, segment(PEER, HOST, (4005, 80), ack)),
        ("https-reply", 2, 4, segment(HOST, PEER, (443, 4006), ack)),
        ("through-syn", 2, 0, segment(PEER, [198, 51, 100, 9], (4007, 22), TcpFlags::SYN)),
        ("inside", 2, 0, datagram([10, 1, 0, 1], [10, 2, 0, 2], (4008, 9))),
        ("media", 2, 0, datagram(PEER, HOST, (4009, 35_000))),
        ("vxlan", 2, 0, datagram(PEER, HOST, (4010, 4789))),
        ("geneve", 2, 0, datagram(PEER, HOST, (4011, 6081))),
        ("statsd", 2, 0, datagram(PEER, HOST, (4012, 8125))),
        ("wireguard", 3, 0, datagram([10, 90, 0, 20], HOST, (4013, 51_820))),
        ("listed", 2, 0, datagram([10, 10, 10, 10], HOST, (4014, 5004))),
        ("vrrp", 2, 0, other(112)),
        ("gre", 2, 0, other(47)),
        ("ping", 2, 0, other(1)),
        ("group", 2, 0, datagram(PEER, [224, 0, 0, 251], (5353, 5353))),
    ]
}

/// The sets of the rules that ask for one.
const IPSETS: &str = "create MOH hash:ip,port family inet hashsize 1024 maxelem 65536\n\
    add MOH 192.0.2.1,udp:5004\ncreate listeners hash:ip,port family inet\n\
    add listeners 192.0.2.1,udp:5004\n";

/// The packets that are left untracked, by name; or what the refusal says first.
fn outcome(files: &Files, rules: &str) -> Result<String, String> {
    let packets = packets();
    let frames: Vec<_> =
        packets.iter().map(|(_, at, kind, packet)| (1, sll2(*at, *kind, packet))).collect();
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
    Ok(untracked.map(|(_, (name, ..))| *name).collect::<Vec<_>>().join(" "))
}

#[test]
fn rules_of_the_wild_do_what_linux_does_with_them() {
    let files = Files::new();
    let wrong: Vec<_> = CASES
        .iter()
        .map(|(rules, expected)| (rules, *expected, outcome(&files, rules)))
        .filter(|(_, expected, found)| found.as_deref() != Ok(expected))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
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
