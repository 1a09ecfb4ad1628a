//! What the outputs hold: each line and each field as `docs/replay.md` has them.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;

use keeptrack_core::Protocol;
use serde_json::{Map, Value};

use super::keeptrack;
use super::made::{Files, MAIL_RELAY, RAW, json, pcap};
use super::page::PAGE;
use crate::frames::{CLIENT, SERVER, ip, udp};

/// The names in the first column of the table below a heading of the page of `replay`.
pub(super) fn documented(heading: &str) -> BTreeSet<&'static str> {
    documented_in(PAGE, heading)
}

/// The same of another page.
pub(super) fn documented_in(page: &'static str, heading: &str) -> BTreeSet<&'static str> {
    let (_, section) = page.split_once(&format!("\n{heading}\n")).expect("the heading");
    let lines = section.lines().take_while(|line| !line.starts_with('#'));
    let cells = lines.filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    cells.map(|(name, _)| name).collect()
}

/// The names of an object's fields.
pub(super) fn names(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The lines that `-o packets` writes.
fn packets(words: &[&str]) -> Vec<Map<String, Value>> {
    let ran = keeptrack(&[&["replay", "-q", MAIL_RELAY, "-o", "packets"], words].concat());
    ran.end.unwrap();
    let lines = String::from_utf8(ran.stdout).unwrap();
    assert!(lines.ends_with('\n'));
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn packets_has_a_line_for_every_packet() {
    let lines = packets(&[]);
    assert_eq!(lines.len(), 9_496);
    for (index, line) in lines.iter().enumerate() {
        assert_eq!(line["i"], index);
    }
}

#[test]
fn the_fields_of_packets_are_documented() {
    let files = Files::new();
    let rules = files.with("raw.sh", "iptables -t raw -A PREROUTING -p icmp -j DROP\n");
    let documented = documented("## `-o packets`");
    for line in packets(&["-m", "500", "-r", &rules]) {
        for (field, value) in &line {
            assert!(documented.contains(field.as_str()), "{field} in {line:?}");
            match field.as_str() {
                "i" | "to" => assert!(value.is_u64(), "{line:?}"),
                "keep" | "err" | "gone" | "reasm" => assert_eq!(value, 1, "{line:?}"),
                "d" => assert!(value == "o" || value == "r", "{line:?}"),
                _ => assert!(value.is_string(), "{line:?}"),
            }
        }
        let has = |field| line.contains_key(field);
        match line["v"].as_str().unwrap() {
            // A packet of a connection either renews it, or keeps it as it was, or ends it.
            "new" | "established" | "related" => {
                assert!(has("d") && has("to") != (has("keep") || has("gone")), "{line:?}");
            }
            "dropped" | "invalid" | "skip" => assert!(has("why") && !has("d"), "{line:?}"),
            "untracked" => assert_eq!(line.len(), 2, "{line:?}"),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn packets_and_json_tell_the_same() {
    for max in ["100", "1000", "100000"] {
        let lines = packets(&["-m", max]);
        let object = json(&[MAIL_RELAY, "-m", max]);
        let count = |verdict: &str| lines.iter().filter(|line| line["v"] == verdict).count();
        assert_eq!(object["drop"], count("dropped"));
        assert_eq!(object["invalid"], count("invalid"));
        assert_eq!(object["untracked"], count("untracked"));
        let tracked = ["new", "established", "related"].map(count).iter().sum::<usize>();
        assert_eq!(object["tracked"], tracked);
        let full =
            lines.iter().filter(|line| line.get("why").is_some_and(|why| why == "table_full"));
        assert_eq!(object["drop"], full.count());
    }
}

#[test]
fn the_fields_of_json_are_documented() {
    let files = Files::new();
    let rules = files.with("raw.sh", "iptables -t raw -A PREROUTING -i lo -j NOTRACK\n");
    let object = json(&[MAIL_RELAY, "-m", "1000", "-r", &rules, "--on-full", "refuse"]);
    assert_eq!(names(&object), documented("## `-o json`"));
    for (part, heading) in [("hurt", "### `hurt`"), ("filled", "### `filled`")] {
        assert_eq!(names(&object[part]), documented(heading));
    }
    for (list, heading) in
        [("at_peak", "### `at_peak`"), ("dropped", "### `dropped`"), ("rules", "### `rules`")]
    {
        assert_eq!(names(&object[list][0]), documented(heading));
    }
}

#[test]
fn every_output_goes_where_it_was_sent() {
    let files = Files::new();
    let (lines, object) = (files.path("packets.jsonl"), files.path("x=y.json"));
    let ran = keeptrack(&[
        "replay",
        "-q",
        MAIL_RELAY,
        "-o",
        &format!("packets={lines}"),
        "-o",
        "summary",
        "-o",
        &format!("json={object}"),
    ]);
    ran.end.unwrap();
    assert!(String::from_utf8(ran.stdout).unwrap().starts_with(MAIL_RELAY));
    assert_eq!(files.text("packets.jsonl").lines().count(), 9_496);
    let object: Value = serde_json::from_str(&files.text("x=y.json")).unwrap();
    assert_eq!(object, json(&[MAIL_RELAY]));
}

#[test]
fn what_is_read_is_never_written_over() {
    let files = Files::new();
    let capture = fs::read(MAIL_RELAY).unwrap();
    let input = files.with("in.pcapng", &capture);
    let (link, soft) = (files.path("hard"), files.path("soft"));
    fs::hard_link(&input, &link).unwrap();
    symlink("in.pcapng", &soft).unwrap();
    let around = files.path("./in.pcapng");
    for output in [&input, &link, &soft, &around] {
        for format in ["packets", "json"] {
            let ran = keeptrack(&["replay", "-q", &input, "-o", &format!("{format}={output}")]);
            let message = ran.end.unwrap_err().shown();
            assert!(message.contains(&format!("{output} is to be read and written")), "{message}");
            assert!(fs::read(&input).unwrap() == capture);
        }
    }
}

#[test]
fn two_outputs_have_two_places() {
    let files = Files::new();
    symlink("gone", files.path("link")).unwrap();
    symlink("/dev/stdout", files.path("out")).unwrap();
    let out = files.path("out");
    let there = files.with("there", "as it was");
    fs::hard_link(&there, files.path("again")).unwrap();
    for (one, other) in [
        (&*files.path("new"), &*files.path("./new")),
        (&files.path("gone"), &files.path("link")),
        (&there, &files.path("again")),
        ("-", "/dev/stdout"),
        ("/dev/fd/1", "/proc/self/fd/1"),
        ("-", &out),
    ] {
        let words = [format!("packets={one}"), format!("json={other}")];
        let ran = keeptrack(&["replay", "-q", MAIL_RELAY, "-o", &words[0], "-o", &words[1]]);
        let message = ran.end.unwrap_err().shown();
        assert!(message.contains("two outputs to "), "{one} {other}: {message}");
        assert!(ran.stdout.is_empty());
    }
    assert_eq!(files.text("there"), "as it was");
    assert!(!fs::exists(files.path("gone")).unwrap());
}

#[test]
fn stdout_has_many_names() {
    let files = Files::new();
    symlink("/dev/stdout", files.path("out")).unwrap();
    for format in ["stats", "events"] {
        let plain = keeptrack(&["replay", "-q", MAIL_RELAY, "-o", format]).stdout;
        for name in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", &files.path("out")] {
            let output = format!("{format}={name}");
            let ran = keeptrack(&["replay", "-q", MAIL_RELAY, "-o", &output]);
            ran.end.unwrap();
            assert!(ran.stdout == plain, "{output}");
        }
    }
}

#[test]
fn a_link_that_leads_nowhere_says_what_is_made() {
    let files = Files::new();
    for format in ["json", "packets"] {
        symlink(format!("{format}-made"), files.path(format)).unwrap();
        let output = format!("{format}={}", files.path(format));
        keeptrack(&["replay", "-q", MAIL_RELAY, "-o", &output]).end.unwrap();
        assert!(fs::symlink_metadata(files.path(format)).unwrap().is_symlink());
        assert!(!files.text(&format!("{format}-made")).is_empty());
    }
}

#[test]
fn what_cannot_be_written_is_said_before_anything_is_by_the_name_that_was_typed() {
    let files = Files::new();
    let (lines, object) = (files.path("lines"), files.path("nowhere/object.json"));
    for file in [&object, "/proc/object.json"] {
        let outputs = [format!("json={file}"), format!("packets={lines}")];
        let ran = keeptrack(&["replay", "-q", MAIL_RELAY, "-o", &outputs[0], "-o", &outputs[1]]);
        let message = ran.end.unwrap_err().shown();
        let line = format!("error: {file} cannot be written: No such file or directory");
        assert_eq!(message.split(" (os error").next(), Some(&*line), "{message}");
        assert!(!message.contains("at path") && !fs::exists(&lines).unwrap());
    }
}

#[test]
fn a_table_is_full_until_somebody_runs_out_and_no_longer() {
    let files = Files::new();
    let udp = |port| ip(Protocol::UDP, CLIENT, SERVER, &udp(port, 53));
    let capture = pcap(RAW, &[(0, udp(1)), (0, udp(2)), (0, udp(3)), (3_600_000, udp(4))]);
    let object = json(&[&files.with("gap.pcap", capture), "-m", "2", "--on-full", "refuse"]);
    assert_eq!((&object["drop"], &object["full_seconds"]), (&1.into(), &30.0.into()));
}
