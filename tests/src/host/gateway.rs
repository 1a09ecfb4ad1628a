//! Does a replay through a gateway's image do what one with the same text does, and its filter what it
//! says?

use std::fs;

use super::keeptrack;
use super::made::{Files, MAIL_RELAY, json};

/// Ethernet captures without parts of datagrams, which a gateway handles otherwise than Linux.
const CAPTURES: [&str; 12] = [
    "bent-errors",
    "dns",
    "gre",
    "icmp-errors",
    "ipv6-extensions",
    "ipv6",
    "pings",
    "scans",
    "sctp",
    "tcp-reopen",
    "tcp-window-edges",
    "udp",
];

/// What a host without rules has for its filter.
const NO_RULES: &str = "*filter\nCOMMIT\n";

fn capture(name: &str) -> String {
    format!("{}/captures/{name}.pcap", env!("CARGO_MANIFEST_DIR"))
}

/// An image of these rules and settings.
fn image(files: &Files, rules: &str, settings: &[&str]) -> String {
    let (rules, out) = (files.with("rules", rules), files.path("gateway.image"));
    let settings = settings.iter().flat_map(|setting| ["-c", setting]);
    let words = ["firmware-config", "-q", "-r", &rules, "-o", &out];
    let ran = keeptrack(&words.into_iter().chain(settings).collect::<Vec<_>>());
    ran.end.unwrap_or_else(|failure| panic!("{}", failure.shown()));
    out
}

/// What `-o packets` writes.
fn packets(words: &[&str]) -> Vec<String> {
    let ran = keeptrack(&[&["replay", "-q", "-o", "packets"], words].concat());
    ran.end.unwrap_or_else(|failure| panic!("{}", failure.shown()));
    String::from_utf8(ran.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The two words of the gateway's log in a line, and the line without them.
fn split(line: &str) -> (&str, String) {
    let (before, words) = line.split_once(",\"gw\":\"").unwrap_or_else(|| panic!("{line}"));
    (words.strip_suffix("\"}").unwrap(), format!("{before}}}"))
}

const RAW: &str = "iptables -t raw -A PREROUTING -p udp --dport 53 -j NOTRACK\n\
    iptables -t raw -A PREROUTING -p icmp -j CT --zone 3\n\
    ip6tables -t raw -A PREROUTING -p tcp --dport 80 -j FULL --class web\n\
    iptables -t raw -A PREROUTING -p tcp --dport 7 -j DROP\n";

#[test]
fn where_no_filter_drops_an_image_replays_as_its_text() {
    let files = Files::new();
    let (policy, settings) = ("ranked:source=50%,reserve=web/2", "nf_conntrack_udp_timeout=7");
    let on_full = format!("keeptrack.on_full={policy}");
    let image = image(&files, RAW, &[&on_full, settings]);
    let rules = files.path("rules");
    for name in CAPTURES {
        let file = capture(name);
        let common = [file.as_str(), "-m", "8", "--iface", "eth1"];
        let text = ["-r", &rules, "-c", settings, "--on-full", policy, "--copies", "keep"];
        let by_text = packets(&[common.as_slice(), &text].concat());
        let by_image = packets(&[common.as_slice(), &["--firmware-config", &image]].concat());
        let bare: Vec<String> = by_image.iter().map(|line| split(line).1).collect();
        assert_eq!(bare, by_text, "{name}");
        for line in &by_image {
            let (words, _) = split(line);
            let dropped = ["refused", "rule", "unreadable", "held"];
            let is_known =
                words.ends_with(" accept") || dropped.iter().any(|why| words.ends_with(why));
            assert!(is_known, "{name}: {line}");
        }
    }
}

#[test]
fn a_first_packet_that_the_filter_drops_makes_no_entry() {
    let files = Files::new();
    let closed = "iptables -P FORWARD DROP\nip6tables -P FORWARD DROP\n";
    let image = image(&files, closed, &[]);
    let file = capture("tcp-session");
    let words = [file.as_str(), "--firmware-config", &image, "--iface", "eth1"];
    let lines = packets(&words);
    assert_eq!(lines[0], r#"{"i":0,"v":"new","d":"o","gw":"NEW filter"}"#);
    assert_eq!(lines[1], r#"{"i":1,"v":"invalid","why":"tcp_first","gw":"INVALID filter"}"#);
    let counts = json(&words);
    let count = |name: &str| counts[name].as_u64().unwrap();
    assert_eq!((count("connections"), count("entries_end"), count("tracked")), (0, 0, 0));
    assert_eq!(count("filter_drop"), count("packets"));
    let parts = ["invalid", "filter_first", "skipped"].map(count);
    assert_eq!(parts.iter().sum::<u64>(), count("packets"));
}

#[test]
fn the_inside_opens_and_the_outside_answers() {
    let files = Files::new();
    let built_in =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../firmware/gateway/default/default.image");
    let words = |iface: &'static str| {
        let file = capture("tcp-session");
        let lines = packets(&[&file, "--firmware-config", built_in, "--iface", iface]);
        let words: Vec<String> = lines.iter().map(|line| split(line).0.to_owned()).collect();
        words
    };
    let inside = words("eth0");
    assert_eq!(inside[..2], ["NEW accept", "ESTABLISHED accept"]);
    assert!(inside.iter().all(|words| words.ends_with("accept")));
    assert!(words("eth1").iter().all(|words| words.ends_with("filter")));
    // A router's errors come back through it, and nobody is asked about ARP.
    let rules = "iptables -P FORWARD DROP\niptables -A FORWARD -p udp -j ACCEPT\n\
        iptables -A FORWARD -m conntrack --ctstate RELATED -p icmp --icmp-type 3/3 -j ACCEPT\n";
    let image = image(&files, rules, &[]);
    let (file, iface) = (capture("icmp-errors"), ["--iface", "eth0"]);
    let lines =
        packets(&[&[file.as_str(), "--firmware-config", &image], iface.as_slice()].concat());
    let has = |words: &str| lines.iter().filter(|line| split(line).0 == words).count() > 0;
    assert!(has("RELATED accept") && has("RELATED filter") && has("NEW accept") && has("- accept"));
}

#[test]
fn parts_of_a_datagram_follow_the_first() {
    let files = Files::new();
    let rules = "iptables -P FORWARD DROP\niptables -A FORWARD -p udp --dport 9000 -j ACCEPT\n";
    let image = image(&files, rules, &[]);
    let file = capture("fragments-v4");
    let lines = packets(&[&file, "--firmware-config", &image, "--iface", "eth0"]);
    let held = lines.iter().filter(|line| line.contains("\"v\":\"held\""));
    assert!(held.clone().count() > 0);
    for line in held {
        assert!(!line.contains("waits") && line.contains("\"gw\":\"- held\""), "{line}");
    }
    assert!(lines.iter().all(|line| !line.contains("reasm")), "none is put together");
}

#[test]
fn the_board_has_so_many_slots_and_the_image_takes_no_more_than_it_says() {
    let files = Files::new();
    let max = |settings: &[&str], slots: &[&str]| {
        let image = image(&files, NO_RULES, settings);
        let words = [MAIL_RELAY, "--iface", "1=eth0", "--firmware-config", &image];
        json(&[words.as_slice(), slots].concat())["max"].as_u64()
    };
    let few = ["nf_conntrack_max=300"];
    assert_eq!(max(&[], &[]), None);
    assert_eq!(max(&[], &["-m", "512"]), Some(512));
    assert_eq!(max(&few, &["-m", "512"]), Some(300));
    assert_eq!(max(&few, &["-m", "200"]), Some(200));
    assert_eq!(max(&few, &[]), Some(300));
}

#[test]
fn what_says_something_else_is_refused() {
    let files = Files::new();
    let image = image(&files, NO_RULES, &[]);
    let file = capture("udp");
    let said = |words: &[&str]| {
        let words = [&["replay", "-q", &file, "--firmware-config", &image], words].concat();
        keeptrack(&words).end.map(drop).expect_err("a refusal").shown()
    };
    let others: [&[&str]; 7] = [
        &["-r", "x"],
        &["-c", "nf_conntrack_max=5"],
        &["--on-full", "refuse"],
        &["--compare", "all"],
        &["-p", "linux-2.6.9"],
        &["--local", "192.0.2.1"],
        &["--copies", "drop"],
    ];
    for words in others {
        assert!(said(words).contains("cannot be used with"), "{words:?}");
    }
    let untold = said(&[]).replace(&file, "udp.pcap");
    let expected = "error: udp.pcap does not tell at which port of the gateway its frames came in\n\
        help: say which interface is which: `--iface 0=eth0,1=eth1`\n";
    assert_eq!(untold, expected);
    assert!(said(&["--iface", "lan0"]).contains("`lan0` is no port of the gateway"));
    let log = files.with("events.log", "[1700000000.000000]\t    [NEW] udp      17 30 src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 [UNREPLIED] src=192.0.2.2 dst=192.0.2.1 sport=2 dport=1\n");
    let ran = keeptrack(&["replay", &log, "--firmware-config", &image]);
    assert!(ran.end.map(drop).expect_err("a refusal").shown().contains("has no packets"));
    assert!(fs::metadata(&image).is_ok());
}
