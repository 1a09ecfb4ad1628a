//! Helpers: what a rule, a setting and a table make of FTP, and where it is told.

use super::keeptrack;
use super::made::{Files, RAW, json, pcap};
use crate::ftp::RULES;
use crate::ftp::segment::{At, Family, Side, segment};

/// A control connection, which announces a port after 10 s; 2 s later the connection to it; and the
/// beginning of another announcement.
fn frames() -> Vec<(u32, Vec<u8>)> {
    let [client, server] = [Side::Client, Side::Server].map(|side| side.address(Family::V4));
    let to_server = ((client, 1025), (server, 21));
    let to_client = ((server, 21), (client, 1025));
    let at = |seq, ack, flags| At { seq, ack, flags };
    vec![
        (0, segment(to_server, at(99, 0, "S"), b"")),
        (1, segment(to_client, at(199, 100, "SA"), b"")),
        (2, segment(to_client, at(200, 100, "PA"), b"220 ready\r\n")),
        (10_000, segment(to_client, at(211, 100, "PA"), b"227 (192,0,2,2,0,80)\r\n")),
        (12_000, segment(((client, 1026), (server, 80)), at(1, 0, "S"), b"")),
        (12_001, segment(to_client, at(233, 100, "PA"), b"227 (192,")),
    ]
}

struct Made {
    files: Files,
    capture: String,
    rules: String,
}

impl Made {
    fn new(frames: &[(u32, Vec<u8>)]) -> Self {
        let files = Files::new();
        let capture = files.with("ftp.pcap", pcap(RAW, frames));
        let rules = files.with("ftp.rules", RULES);
        Self { files, capture, rules }
    }

    fn told(&self, words: &[&str]) -> String {
        let ran = keeptrack(&[&["replay", "-q", &self.capture], words].concat());
        ran.end.unwrap();
        String::from_utf8(ran.stdout).unwrap()
    }
}

#[test]
fn a_connection_that_was_announced_is_related() {
    let made = Made::new(&frames());
    let packets = made.told(&["-r", &made.rules, "-o", "packets"]);
    let lines: Vec<_> = packets.lines().collect();
    assert_eq!(lines[4], r#"{"i":4,"v":"related","d":"o","st":"SYN_SENT","to":120,"fl":"E"}"#);
    assert!(lines[5].starts_with(r#"{"i":5,"v":"established","d":"r""#), "{packets}");
    assert!(lines[5].ends_with(r#","why":"helper_partial"}"#), "{packets}");
    let without = made.told(&["-o", "packets"]);
    assert!(without.contains(r#"{"i":4,"v":"new""#) && !without.contains("why"), "{without}");

    let table = made.told(&["-r", &made.rules, "-o", "table"]);
    let helped: Vec<_> = table.lines().filter(|line| line.contains(" helper=ftp use=1")).collect();
    assert!(matches!(helped[..], [line] if line.contains("sport=1025 dport=21")), "{table}");
    let told = json(&[&made.capture, "-r", &made.rules]);
    let counts = ["expect_new", "expect_create", "expect_delete", "helper_drop", "helper_full"];
    assert_eq!(counts.map(|name| told[name].as_u64().unwrap()), [1, 1, 1, 1, 0]);
    assert_eq!(told["helper_drop_by"]["helper_partial"], 1);
}

/// The lines are a kernel's, measured with conntrack 1.4.7, but for the seconds.
#[test]
fn what_is_expected_is_listed_as_conntrack_lists_it() {
    let made = Made::new(&frames()[..4]);
    let until = ["-r", &made.rules, "--until", "+11s", "-o"];
    let plain = "299 proto=6 src=192.0.2.1 dst=192.0.2.2 sport=0 dport=80 \
        mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 \
        master-src=192.0.2.1 master-dst=192.0.2.2 sport=1025 dport=21 class=0 helper=ftp\n";
    assert_eq!(made.told(&[&until[..], &["expectations"]].concat()), plain);
    let proc = "299 l3proto = 2 proto=6 src=192.0.2.1 dst=192.0.2.2 sport=0 dport=80 ftp\n";
    assert_eq!(made.told(&[&until[..], &["expectations,proc"]].concat()), proc);
    assert_eq!(made.told(&["-o", "expectations"]), "");
}

#[test]
fn expect_max_is_how_many_are_expected() {
    let made = Made::new(&frames());
    let words = [&made.capture, "-r", &made.rules, "-c", "nf_conntrack_expect_max=0"];
    let told = json(&words);
    assert_eq!(told["helper_drop_by"]["expect_full"], 1);
    assert_eq!(told["expect_create"], 0);
}

#[test]
fn a_connection_that_was_open_keeps_its_helper() {
    let made = Made::new(&frames()[3..5]);
    let table = "tcp      6 300 ESTABLISHED src=192.0.2.1 dst=192.0.2.2 sport=1025 dport=21 \
        src=192.0.2.2 dst=192.0.2.1 sport=21 dport=1025 [ASSURED] mark=0 helper=ftp use=1\n";
    let packets = |table: &str| {
        let table = made.files.with("open.txt", table);
        made.told(&["-s", &table, "-o", "packets"])
    };
    assert!(packets(table).contains(r#"{"i":1,"v":"related""#));
    assert!(packets(&table.replace("helper=ftp ", "")).contains(r#"{"i":1,"v":"new""#));
}

/// What the capture does not hold is said.
#[test]
fn lines_that_were_cut_are_told() {
    let mut frames = frames();
    let whole = u32::try_from(frames[3].1.len()).unwrap();
    frames[3].1.truncate(50);
    let made = Made::new(&frames);
    let mut file = pcap(RAW, &frames);
    // What was on the wire stands last in the head of a record.
    let before: usize = frames[..3].iter().map(|(_, frame)| 16 + frame.len()).sum();
    let behind = 24 + before + 16;
    file[behind - 4..behind].copy_from_slice(&whole.to_le_bytes());
    made.files.with("ftp.pcap", file);
    let told = json(&[&made.capture, "-r", &made.rules]);
    assert_eq!((&told["helper_cut"], &told["expect_create"]), (&1.into(), &0.into()));
    let note = "segments that a helper was to read and that the capture has cut: 1";
    assert!(told["notes"].as_array().unwrap().contains(&note.into()), "{told}");
}
