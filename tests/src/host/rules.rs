//! Rules that say how connections are tracked: zones and timeout policies, as a kernel told of them
//! that had these rules and saw these packets (6.18, with iptables 1.8.9, nfct and conntrack 1.4.7).

use keeptrack_core::{Protocol, TcpFlags};

use super::made::{Files, MAIL_RELAY, RAW, json, line, pcap, summary};
use super::{Ran, keeptrack};
use crate::frames::{CLIENT, ROUTER, SERVER, error, ip, tcp, udp};

const POLICIES: &str = "nfct add timeout web inet tcp syn_sent 7 established 90\n\
    nfct add timeout calls inet gre unreplied 13 replied 43\n\
    nfct add timeout dns inet udp unreplied 5\n";

/// The rules of the kernel that was asked. A question is in zone 4, its answer in zone 2.
const RULES: &str = "iptables -t raw -A PREROUTING -p tcp -j CT --timeout web --zone 9\n\
    iptables -t raw -A PREROUTING -p gre -j CT --timeout calls\n\
    iptables -t raw -A PREROUTING -s 192.0.2.1 -p udp -j CT --zone 4 --timeout dns\n\
    iptables -t raw -A PREROUTING -p udp --sport 53 -j CT --zone 2\n";

/// A connection opens; a call; a question, its answer, and an ICMP error about the question.
fn capture(files: &Files) -> String {
    let ports = (1, 80);
    let (syn, ack) = (TcpFlags::SYN, TcpFlags::ACK);
    let question = ip(Protocol::UDP, CLIENT, SERVER, &udp(5, 53));
    let packets = [
        ip(Protocol::TCP, CLIENT, SERVER, &tcp(ports, syn, (1000, 0))),
        ip(Protocol::TCP, SERVER, CLIENT, &tcp((80, 1), syn | ack, (5000, 1001))),
        ip(Protocol::TCP, CLIENT, SERVER, &tcp(ports, ack, (1001, 5001))),
        ip(Protocol::GRE, CLIENT, SERVER, &[0, 0, 8, 0]),
        question.clone(),
        ip(Protocol::UDP, SERVER, CLIENT, &udp(53, 5)),
        ip(Protocol::ICMP, ROUTER, CLIENT, &error(3, 1, &question)),
    ];
    files.with("ct.pcap", pcap(RAW, &packets.map(|packet| (1, packet))))
}

fn told(words: &[&str], output: &str) -> String {
    let words = [&["replay", "-q", "-o", output], words].concat();
    let Ran { end, stdout } = keeptrack(&words);
    end.unwrap();
    String::from_utf8(stdout).unwrap()
}

const EVENTS: &str = concat!(
    "    [NEW] tcp      6 7 SYN_SENT src=192.0.2.1 dst=198.51.100.2 sport=1 dport=80 [UNREPLIED] ",
    "src=198.51.100.2 dst=192.0.2.1 sport=80 dport=1 zone=9\n",
    " [UPDATE] tcp      6 60 SYN_RECV src=192.0.2.1 dst=198.51.100.2 sport=1 dport=80 ",
    "src=198.51.100.2 dst=192.0.2.1 sport=80 dport=1 zone=9\n",
    " [UPDATE] tcp      6 90 ESTABLISHED src=192.0.2.1 dst=198.51.100.2 sport=1 dport=80 ",
    "src=198.51.100.2 dst=192.0.2.1 sport=80 dport=1 [ASSURED] zone=9\n",
    "    [NEW] gre      47 13 src=192.0.2.1 dst=198.51.100.2 srckey=0x0 dstkey=0x0 [UNREPLIED] ",
    "src=198.51.100.2 dst=192.0.2.1 srckey=0x0 dstkey=0x0\n",
    "    [NEW] udp      17 5 src=192.0.2.1 dst=198.51.100.2 sport=5 dport=53 [UNREPLIED] ",
    "src=198.51.100.2 dst=192.0.2.1 sport=53 dport=5 zone=4\n",
    "    [NEW] udp      17 30 src=198.51.100.2 dst=192.0.2.1 sport=53 dport=5 [UNREPLIED] ",
    "src=192.0.2.1 dst=198.51.100.2 sport=5 dport=53 zone=2\n",
);

const TABLE: &str = concat!(
    "tcp      6 90 ESTABLISHED src=192.0.2.1 dst=198.51.100.2 sport=1 dport=80 packets=2 bytes=80 ",
    "src=198.51.100.2 dst=192.0.2.1 sport=80 dport=1 packets=1 bytes=40 [ASSURED] mark=0 zone=9 ",
    "use=1\n",
    "gre      47 13 src=192.0.2.1 dst=198.51.100.2 srckey=0x0 dstkey=0x0 packets=1 bytes=24 ",
    "[UNREPLIED] src=198.51.100.2 dst=192.0.2.1 srckey=0x0 dstkey=0x0 packets=0 bytes=0 mark=0 ",
    "use=1\n",
    "udp      17 5 src=192.0.2.1 dst=198.51.100.2 sport=5 dport=53 packets=1 bytes=28 ",
    "[UNREPLIED] src=198.51.100.2 dst=192.0.2.1 sport=53 dport=5 packets=0 bytes=0 mark=0 zone=4 ",
    "use=1\n",
    "udp      17 30 src=198.51.100.2 dst=192.0.2.1 sport=53 dport=5 packets=1 bytes=28 ",
    "[UNREPLIED] src=192.0.2.1 dst=198.51.100.2 sport=5 dport=53 packets=0 bytes=0 mark=0 zone=2 ",
    "use=1\n",
);

const PROC: &str = "ipv4     2 gre      47 13 timeout=13, stream_timeout=43 src=192.0.2.1 ";

const SAVED: &str = "-A -t 5 -u UNSET -w 4 -s 192.0.2.1 -d 198.51.100.2 -r 198.51.100.2 \
    -q 192.0.2.1 -p udp --sport 5 --dport 53 --reply-port-src 53 --reply-port-dst 5";

#[test]
fn zones_and_policies_are_told_as_the_kernel_tells_them() {
    let files = Files::new();
    let (rules, policies) = (files.with("raw.sh", RULES), files.with("policies.sh", POLICIES));
    let capture = capture(&files);
    let words = [capture.as_str(), "-r", &rules, "--timeout-policies", &policies];
    assert_eq!(told(&words, "events"), EVENTS);
    let counted = [&words[..], &["-c", "nf_conntrack_acct=1"]].concat();
    assert_eq!(told(&counted, "table"), TABLE);
    line(&told(&words, "table,proc"), PROC);
    line(&told(&words, "table,save"), SAVED);
    let packets = told(&words, "packets");
    let first = packets.lines().next().unwrap();
    let new = r#"{"i":0,"v":"new","d":"o","st":"SYN_SENT","to":7,"fl":"","zone":9}"#;
    assert_eq!(first, new);
    line(&packets, r#"{"i":6,"v":"invalid","err":1,"why":"error_unknown"}"#);
    // What was told can be begun with, zones and all.
    let saved = files.with("open.txt", told(&words, "table"));
    let again = told(&[&words[..], &["-s", &saved]].concat(), "table");
    assert_eq!(again.lines().count(), 4, "{again}");
}

#[test]
fn a_helper_stands_behind_the_zone_but_in_no_end() {
    let files = Files::new();
    let rules = files.with("raw.sh", "-A PREROUTING -p tcp -j CT --zone 9 --helper ftp\n");
    let capture = capture(&files);
    let words =
        [capture.as_str(), "-r", &rules, "--until", "+10d", "-c", "nf_conntrack_timestamp=1"];
    let events = told(&words, "events");
    let all = ["[NEW]", "[UPDATE]", "[DESTROY]"].map(|kind| {
        events.lines().find(|line| line.contains(kind) && line.contains(" tcp ")).unwrap()
    });
    assert!(all[0].ends_with(" dport=1 zone=9 helper=ftp"), "{events}");
    assert!(all[1].ends_with(" dport=1 zone=9 helper=ftp"), "{events}");
    assert!(all[2].ends_with(" [ASSURED] zone=9 delta-time=432000"), "{events}");
    let table = told(&[&words[..3], &words[5..]].concat(), "table");
    line(&table, "[ASSURED] mark=0 zone=9 delta-time=0 helper=ftp use=1");
}

#[test]
fn each_rule_says_what_it_made_of_its_packets() {
    let files = Files::new();
    let policies = files.with("policies.sh", POLICIES);
    let events = "iptables -t raw -A PREROUTING -p icmp -j CT --ctevents new,destroy\n";
    let rules = files.with("raw.sh", format!("{POLICIES}{RULES}{events}"));
    let capture = capture(&files);
    let words = [capture.as_str(), "-r", &rules, "--timeout-policies", &policies];
    let object = json(&words);
    let counts: Vec<_> = object["rules"].as_array().unwrap().iter().collect();
    let matched: Vec<_> = counts.iter().map(|rule| rule["effective"].as_u64().unwrap()).collect();
    assert_eq!(matched, [3, 1, 1, 1, 1]);
    let text = summary(&words);
    line(&text, "at PREROUTING: 3 packets matched, 3 tracked so");
    line(&text, "--ctevents and --expevents (rules: 1) have no effect");
}

#[test]
fn a_looping_packet_has_the_zone_that_output_gives() {
    let files = Files::new();
    let rules = files.with("raw.sh", "iptables -t raw -A PREROUTING -i lo -j CT --zone 3\n");
    let text = summary(&[MAIL_RELAY, "-r", &rules]);
    line(&text, "at PREROUTING: 1,878 packets matched, 0 tracked so");
    line(&text, "Only a rule of OUTPUT says how they are tracked");
    let rules = files.with("raw.sh", "iptables -t raw -A OUTPUT -o lo -j CT --zone 3\n");
    let object = json(&[MAIL_RELAY, "-r", &rules]);
    assert_eq!(object["rules"][0]["effective"], 1_878);
    // Both directions of a connection of the host with itself cross OUTPUT: the zone changes nothing.
    assert_eq!(object["peak_entries"], json(&[MAIL_RELAY])["peak_entries"]);
}

#[test]
fn a_policy_that_no_file_has_is_an_error_that_says_what_to_give() {
    let files = Files::new();
    let rules = files.with("raw.sh", "iptables -t raw -A PREROUTING -p tcp -j CT --timeout wbe\n");
    let shown = |words: &[&str]| {
        let words = [&["replay", MAIL_RELAY, "-r", &rules], words].concat();
        keeptrack(&words).end.unwrap_err().shown()
    };
    let error = shown(&[]);
    line(&error, "no timeout policy is called `wbe`");
    line(&error, "give what `nfct list timeout` prints with `--timeout-policies`");
    let policies = files.with("policies.sh", POLICIES);
    line(&shown(&["--timeout-policies", &policies]), "did you mean `web`?");
    let error = shown(&["--timeout-policies", &rules.replace("raw.sh", "none")]);
    line(&error, "cannot read");
    let listing = files.with("listing", ".web = {\n\t.l3proto = 2,\n");
    line(&shown(&["-c", &listing]), "`keeptrack replay` takes it: `--timeout-policies");
}
