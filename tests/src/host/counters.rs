//! The counters of a replay in the words of others: `conntrack -S`, node_exporter; and who held the
//! table when it mattered.

use std::collections::BTreeMap;

use keeptrack_core::Protocol;
use serde_json::{Value, json as value};

use super::keeptrack;
use super::made::{Files, MAIL_RELAY, RAW, json, line, pcap, summary};
use crate::frames::{CLIENT, ROUTER, SERVER, error, ip, query, udp};

/// What `-o FORMAT` writes.
fn written(format: &str, words: &[&str]) -> String {
    let ran = keeptrack(&[&["replay", "-q", "-o", format], words].concat());
    ran.end.unwrap();
    String::from_utf8(ran.stdout).unwrap()
}

/// The metrics by their names; labels are part of a name.
fn metrics(words: &[&str]) -> BTreeMap<String, f64> {
    let text = written("prometheus", words);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let read = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        for kind in ["HELP", "TYPE"] {
            let (metric, _) = name.split_once('{').unwrap_or((name, ""));
            assert!(text.contains(&format!("# {kind} {metric} ")), "{kind} of {metric}");
        }
        (name.to_owned(), value.parse().unwrap())
    };
    lines.map(read).collect()
}

/// Datagrams of this client, from these ports at these milliseconds.
fn datagrams(sent: &[(u32, u16)]) -> Vec<(u32, Vec<u8>)> {
    let frame = |port| ip(Protocol::UDP, CLIENT, SERVER, &udp(port, 53));
    sent.iter().map(|&(time_ms, port)| (time_ms, frame(port))).collect()
}

#[test]
fn an_icmp_error_about_nothing_is_an_error_and_not_invalid() {
    let files = Files::new();
    let about = ip(Protocol::UDP, CLIENT, SERVER, &udp(1, 53));
    let lost = ip(Protocol::ICMP, ROUTER, CLIENT, &error(3, 1, &about));
    let unasked = ip(Protocol::ICMP, SERVER, CLIENT, &query(0, 0, 7));
    let capture = files.with("icmp.pcap", pcap(RAW, &[(0, lost), (1, unasked)]));
    assert_eq!(
        written("stats", &[&capture]),
        "cpu=0   \tfound=0 invalid=1 insert=0 insert_failed=0 drop=0 early_drop=0 error=1 \
         search_restart=0 clash_resolve=0 chaintoolong=0 \n"
    );
    assert_eq!(json(&[&capture])["invalid"], 2);
}

#[test]
fn a_full_table_is_told_under_the_names_of_node_exporter() {
    let words = [MAIL_RELAY, "-m", "1024", "--on-full", "refuse"];
    let (metrics, object) = (metrics(&words), json(&words));
    let same = [
        ("node_nf_conntrack_entries", "entries_end"),
        ("node_nf_conntrack_entries_limit", "max"),
        ("node_nf_conntrack_stat_drop", "drop"),
        ("node_nf_conntrack_stat_invalid", "invalid"),
        ("keeptrack_replay_peak_entries", "peak_entries"),
        ("keeptrack_replay_full_seconds", "full_seconds"),
    ];
    for (metric, field) in same {
        assert_eq!(Some(metrics[metric]), object[field].as_f64(), "{metric}");
    }
    let dropped = metrics.iter().filter(|(name, _)| name.starts_with("keeptrack_replay_dropped"));
    let dropped: f64 = dropped.map(|(_, count)| count).sum();
    assert_eq!(Some(dropped), object["drop"].as_f64());
    assert!(written("stats", &words).contains(" drop=1132 "));
}

#[test]
fn a_table_without_a_limit_has_no_limit_to_alert_on() {
    assert!(!metrics(&[MAIL_RELAY]).contains_key("node_nf_conntrack_entries_limit"));
}

#[test]
fn one_table_of_holders_does_for_both_moments_if_nobody_came_or_went() {
    let files = Files::new();
    let capture = files.with("same.pcap", pcap(RAW, &datagrams(&[(0, 1), (0, 2), (9_000, 3)])));
    let object = json(&[&capture, "-m", "2", "--on-full", "refuse"]);
    assert_eq!(object["at_peak"][0]["entries"], 2);
    assert_eq!(object["at_first_drop"], object["at_peak"]);
    let text = summary(&[&capture, "-m", "2", "--on-full", "refuse"]);
    line(&text, "at the peak and first drop");
    assert!(!text.contains("at first drop"), "{text}");
}

#[test]
fn holders_are_told_apart_when_they_changed_before_the_first_drop() {
    let files = Files::new();
    let mut sent = datagrams(&[(0, 1), (0, 2), (9_000, 3)]);
    sent.insert(2, (1_000, ip(Protocol::UDP, SERVER, CLIENT, &udp(53, 1))));
    let capture = files.with("changed.pcap", pcap(RAW, &sent));
    let object = json(&[&capture, "-m", "2", "--on-full", "refuse"]);
    let held = |field: &str| -> Vec<Value> {
        let holders = object[field].as_array().unwrap().iter();
        holders.map(|holder| value!([holder["state"], holder["entries"]])).collect()
    };
    assert_eq!(held("at_peak"), [value!(["UNREPLIED", 2])]);
    let mut at_drop = held("at_first_drop");
    at_drop.sort_by_key(ToString::to_string);
    assert_eq!(at_drop, [value!(["REPLIED", 1]), value!(["UNREPLIED", 1])]);
    line(&summary(&[&capture, "-m", "2", "--on-full", "refuse"]), "at first drop");
}

#[test]
fn the_plot_shows_the_limit_and_the_drops_within_80_columns() {
    let text = summary(&[MAIL_RELAY, "--max", "1341", "--on-full", "refuse"]);
    let at = text.lines().position(|row| row.contains("  1,341 ┤")).expect("a row of the limit");
    let rows: Vec<_> = text.lines().collect();
    assert!(rows[at - 1].starts_with("  dropped  ") && rows[at - 1].ends_with('✗'), "{text}");
    assert!(rows[at].contains('█'), "the table is full for a moment");
    line(&text, "16:35:00           16:35:30 UTC");
    for row in text.lines().filter(|row| row.contains(['┤', '└', '✗', '█'])) {
        assert!(row.chars().count() <= 80, "{row}");
    }
}
