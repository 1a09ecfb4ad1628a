//! The figures of `keeptrack advise`: which of them are what a replay comes to, which are reckoned
//! and say so, and which are not to be had from a capture.

use std::fmt::Write;

use keeptrack_core::{Protocol, TcpFlags};
use serde_json::Value;

use super::made::{Files, MAIL_RELAY, RAW, json as replay, pcap};
use super::{Ran, keeptrack};
use crate::frames::{CLIENT, ROUTER, SERVER, ip, query, tcp, udp};

/// Packets that a batch of tried tables passes at a time, and some more.
const BATCH: u32 = 132_000;

fn advice(words: &[&str]) -> Value {
    let Ran { end, stdout } = keeptrack(&[&["advise", "-q", "-o", "json"], words].concat());
    end.unwrap();
    serde_json::from_slice(&stdout).unwrap()
}

fn number(object: &Value, field: &str) -> u64 {
    object[field].as_u64().unwrap_or_else(|| panic!("{field} of {object}"))
}

fn tried(object: &Value) -> &[Value] {
    object["tried"].as_array().unwrap()
}

fn change<'o>(object: &'o Value, name: &str) -> &'o Value {
    let found = tried(object).iter().find(|tried| tried["change"] == name);
    found.unwrap_or_else(|| panic!("{name} was not tried: {object}"))
}

fn has_note(object: &Value, said: &str) -> bool {
    let notes = object["notes"].as_array().unwrap();
    notes.iter().any(|note| note.as_str().is_some_and(|note| note.contains(said)))
}

/// So many calls that nobody answers, one each so many milliseconds.
fn calls(count: u16, each_ms: u32) -> Vec<u8> {
    let call = |at: u16| {
        let syn = tcp((1024 + at, 25), TcpFlags::SYN, (1, 0));
        (1_000 + u32::from(at) * each_ms, ip(Protocol::TCP, CLIENT, SERVER, &syn))
    };
    pcap(RAW, &(0..count).map(call).collect::<Vec<_>>())
}

#[test]
fn growth_is_reckoned_from_captures_that_are_long_enough() {
    let files = Files::new();
    let long = files.with("long.pcap", calls(100, 700));
    let object = advice(&[&long, "-m", "256"]);
    let growing = &object["growing"][0];
    assert_eq!(growing["timeout"], "tcp_timeout_syn_sent", "{object}");
    assert!(number(&object["now"], "later") > number(&object["now"], "demand"));
    assert!(!has_note(&object, "too short"));
    let short = files.with("short.pcap", calls(100, 500));
    let object = advice(&[&short, "-m", "256"]);
    assert_eq!(object["growing"], Value::Array(Vec::new()));
    assert_eq!((&object["now"]["later"], &object["chosen"]), (&Value::Null, &Value::Null));
    assert!(has_note(&object, "tcp SYN_SENT (2m): it lasts 50s"), "{}", object["notes"]);
    // A minute does not tell of days.
    let setting = "nf_conntrack_tcp_timeout_syn_sent=86400";
    let object = advice(&[&long, "-m", "256", "-c", setting]);
    assert_eq!(object["growing"], Value::Array(Vec::new()));
    assert!(has_note(&object, "tcp SYN_SENT (1d): it lasts 1m"), "{}", object["notes"]);
}

/// Pings to one network for a batch, and then datagrams to a port among others, that fill a table.
fn turned() -> Vec<u8> {
    let ping = |at: u32| (1_000 + at, ip(Protocol::ICMP, CLIENT, SERVER, &query(8, 0, 7)));
    let other = |at: u16| {
        let datagram = udp(1024 + at, 53);
        (1_000 + BATCH + u32::from(at) * 100, ip(Protocol::UDP, CLIENT, ROUTER, &datagram))
    };
    pcap(RAW, &(0..BATCH).map(ping).chain((0..300).map(other)).collect::<Vec<_>>())
}

#[test]
fn what_comes_later_is_tried_as_soon_as_it_comes() {
    let files = Files::new();
    let capture = files.with("turned.pcap", turned());
    let words = [capture.as_str(), "-m", "64"];
    let object = advice(&words);
    let timeout = change(&object, "udp_timeout 30 -> 10");
    let set = ["--on-full", "linux", "-c", "nf_conntrack_udp_timeout=10"];
    let replayed = replay(&[&words[..], &set].concat());
    assert_eq!(number(timeout, "peak"), number(&replayed, "peak_entries"));
    assert_eq!(number(timeout, "early"), number(&replayed, "early_drop"));
    assert_eq!(timeout["late"], false);
    assert!(number(timeout, "early") < number(&object["now"], "early"), "{object}");
    // Among all entries of the first batch a network is none that an admin would leave out: its
    // class is tried behind some of its entries.
    let late: Vec<&Value> = tried(&object).iter().filter(|tried| tried["late"] == true).collect();
    assert_eq!(late.len(), 1, "{late:?}");
    assert_eq!(late[0]["change"], "NOTRACK 198.51.100.0/24");
    assert_eq!(late[0]["demand_is_estimate"], true);
}

#[test]
fn a_table_that_was_never_full_is_what_its_change_needs() {
    let object = advice(&[MAIL_RELAY, "-m", "8k", "--buckets", "8192"]);
    for tried in tried(&object) {
        assert_eq!((number(tried, "demand"), &tried["demand_is_estimate"]), {
            (number(tried, "peak"), &Value::Bool(false))
        });
    }
    let object = advice(&[MAIL_RELAY, "-m", "1024", "--buckets", "1024"]);
    let (mut passed, mut reckoned) = (0, 0);
    for tried in tried(&object) {
        assert!(number(tried, "demand") >= number(tried, "peak"), "{tried}");
        match tried["demand_is_estimate"] == true {
            true => reckoned += 1,
            false => passed += 1,
        }
    }
    assert!(passed >= 20 && reckoned >= 10, "{passed} {reckoned}");
}

#[test]
fn what_is_chosen_has_been_passed() {
    let files = Files::new();
    let object = advice(&[MAIL_RELAY, "-m", "1024", "--buckets", "1024"]);
    let chosen = &object["chosen"];
    assert_eq!(chosen["needs_is_estimate"], false, "{chosen}");
    let at = usize::try_from(number(chosen, "tried")).unwrap();
    let lines: Vec<&str> = tried(&object)[at]["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line.as_str().unwrap())
        .collect();
    let rules = files.with("advice.sh", lines.join("\n") + "\n");
    let (max, buckets) = (chosen["max"].to_string(), chosen["buckets"].to_string());
    let size = ["-m", &max, "--buckets", &buckets, "--on-full", "linux", "-r", &rules];
    let replayed = replay(&[&[MAIL_RELAY][..], &size].concat());
    assert_eq!(number(chosen, "needs"), number(&replayed, "peak_entries"));
}

#[test]
fn rules_that_do_not_fit_are_tried_once_and_named_in_part() {
    let files = Files::new();
    let begin = String::from("*raw\n:UNUSED - [0:0]\n");
    let rules = (0..1_023).fold(begin, |mut rules, at| {
        writeln!(rules, "-A UNUSED -s 10.9.{}.{} -j NOTRACK", at / 256, at % 256).unwrap();
        rules
    });
    let rules = files.with("rules.v4", rules + "COMMIT\n");
    let object = advice(&[MAIL_RELAY, "-m", "1024", "-r", &rules]);
    let notes = object["notes"].as_array().unwrap();
    let note = notes.iter().find_map(|note| note.as_str().filter(|it| it.contains("want of room")));
    let note = note.unwrap_or_else(|| panic!("{notes:?}"));
    assert!(note.contains(" and ") && note.ends_with(" more"), "{note}");
    assert!(note.len() < 160, "{note}");
}
