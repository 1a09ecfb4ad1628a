//! A log of what a kernel said, replayed without a capture.

use super::made::{Files, json, line, summary};
use super::{Ran, keeptrack};

/// The words of a connection from that port.
fn conn(port: u16, flags: [&str; 2]) -> String {
    let [unreplied, assured] = flags;
    format!(
        "src=192.0.2.1 dst=198.51.100.2 sport={port} dport=443{unreplied} src=198.51.100.2 \
         dst=192.0.2.1 sport=443 dport={port}{assured}"
    )
}

/// Three connections open, one after the other; the first one goes on and ends.
fn log() -> String {
    let [unreplied, assured] = [[" [UNREPLIED]", ""], ["", " [ASSURED]"]];
    [
        format!("[1795355110.000001]\t    [NEW] tcp      6 120 SYN_SENT {}", conn(1001, unreplied)),
        format!("[1795355110.000250]\t [UPDATE] tcp      6 60 SYN_RECV {}", conn(1001, ["", ""])),
        format!(
            "[1795355110.500000]\t [UPDATE] tcp      6 432000 ESTABLISHED {}",
            conn(1001, assured)
        ),
        format!("[1795355111.000000]\t    [NEW] tcp      6 120 SYN_SENT {}", conn(1002, unreplied)),
        format!("[1795355112.000000]\t    [NEW] tcp      6 120 SYN_SENT {}", conn(1003, unreplied)),
        format!("[1795355113.000000]\t[DESTROY] tcp      6 TIME_WAIT {}", conn(1001, assured)),
        format!("[1795355113.500000]\t[DESTROY] tcp      6 100 SYN_SENT {}", conn(1002, unreplied)),
        format!("[1795355114.000000]\t[DESTROY] tcp      6 CLOSE {}", conn(1009, assured)),
        String::new(),
    ]
    .join("\n")
}

#[test]
fn a_log_fills_the_table_as_the_kernel_said() {
    let files = Files::new();
    let log = files.with("events.log", log());
    let counted = json(&[&log]);
    assert_eq!((&counted["peak_entries"], &counted["entries_end"]), (&3.into(), &1.into()));
    assert_eq!((&counted["packets"], &counted["connections"]), (&8.into(), &3.into()));
    assert_eq!(counted["ended_by"]["timed_out"], 1);
    assert_eq!(counted["ended_by"]["flushed"], 1);
    // The end of a connection that began before the log.
    assert_eq!(counted["skipped_by"]["unknown"], 1);
    let told = summary(&[&log]);
    assert!(told.lines().next().unwrap().ends_with("conntrack events, 4.000s, 8 events"), "{told}");
}

#[test]
fn a_smaller_table_refuses_what_the_kernel_had_room_for() {
    let files = Files::new();
    let log = files.with("events.log", log());
    let counted = json(&[&log, "-m", "2", "--on-full", "refuse"]);
    assert_eq!((&counted["drop"], &counted["peak_entries"]), (&1.into(), &2.into()));
    assert_eq!(counted["first_drop"], 1_795_355_112.0);
}

#[test]
fn a_log_prints_again_as_it_was() {
    let files = Files::new();
    let known: Vec<_> =
        log().lines().filter(|line| !line.contains("=1009")).map(str::to_owned).collect();
    let known = known.join("\n") + "\n";
    let file = files.with("events.log", &known);
    for words in ["events,timestamp", "events"] {
        let Ran { end, stdout } = keeptrack(&["replay", "-q", &file, "-o", words]);
        end.unwrap();
        let should: String = match words {
            "events" => known.lines().map(|line| format!("{}\n", &line[20..])).collect(),
            _ => known.clone(),
        };
        assert_eq!(String::from_utf8(stdout).unwrap(), should);
    }
}

#[test]
fn marks_repeated_beginnings_and_late_events_print_as_they_were() {
    let files = Files::new();
    let [unreplied, assured] = [[" [UNREPLIED]", ""], ["", " [ASSURED]"]];
    let told = [
        format!("[1795355110.000001]\t    [NEW] tcp      6 120 SYN_SENT {}", conn(1001, unreplied)),
        format!(
            "[1795355110.500000]\t [UPDATE] tcp      6 120 SYN_SENT {} mark=7",
            conn(1001, unreplied)
        ),
        format!(
            "[1795355110.400000]\t [UPDATE] tcp      6 300 ESTABLISHED {}",
            conn(1002, assured)
        ),
        format!("[1795355111.000000]\t    [NEW] tcp      6 120 SYN_SENT {}", conn(1001, unreplied)),
        format!(
            "[1795355112.000000]\t[DESTROY] tcp      6 99 SYN_SENT {} id=5 [USERSPACE] portid=9",
            conn(1001, unreplied)
        ),
        String::new(),
    ]
    .join("\n");
    let file = files.with("events.log", &told);
    let Ran { end, stdout } = keeptrack(&["replay", "-q", &file, "-o", "events,timestamp"]);
    end.unwrap();
    assert_eq!(String::from_utf8(stdout).unwrap(), told);
    let counted = json(&[&file]);
    assert_eq!((&counted["connections"], &counted["entries_end"]), (&3.into(), &1.into()));
    assert_eq!(
        (&counted["ended_by"]["reopened"], &counted["time_went_back"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn the_table_after_a_log_is_in_order_and_has_what_is_left_to_live() {
    let files = Files::new();
    let file = files.with("events.log", log());
    let table = |until: &str| {
        let words = ["replay", "-q", &file, "-o", "table", "--until", until];
        String::from_utf8(keeptrack(&words).stdout).unwrap()
    };
    let lives = |table: &str| -> Vec<String> {
        let words = |line: &str| {
            let words: Vec<_> = line.split_whitespace().collect();
            format!("{} {}", words[6], words[2])
        };
        table.lines().map(words).collect()
    };
    // The first one changed after the second one began, and still is the first.
    assert_eq!(lives(&table("+2")), ["sport=1001 431999", "sport=1002 119", "sport=1003 120"]);
    assert_eq!(lives(&table("+1h")), ["sport=1003 0"]);
}

#[test]
fn what_was_open_lives_until_the_log_says_otherwise() {
    let files = Files::new();
    let open = "udp      17 20 src=192.0.2.1 dst=198.51.100.2 sport=9 dport=53 src=198.51.100.2 \
                dst=192.0.2.1 sport=53 dport=9 mark=0 use=1\n";
    let end = "[1795355190.000000]\t[DESTROY] udp      17 src=192.0.2.1 dst=198.51.100.2 sport=9 \
               dport=53 src=198.51.100.2 dst=192.0.2.1 sport=53 dport=9\n";
    let (seed, file) = (files.with("open.txt", open), files.with("e.log", log() + end));
    let counted = json(&[&file, "-s", &seed]);
    assert_eq!((&counted["seeded"], &counted["entries_end"]), (&1.into(), &1.into()));
    assert_eq!(counted["skipped_by"]["unknown"], 1);
    assert_eq!(counted["peak_entries"], 4);
}

#[test]
fn the_other_direction_of_a_translated_connection_is_another_one() {
    let files = Files::new();
    let event = |kind: &str, from: &str, to: &str, back: &str| {
        let [from, to, back] = [from, to, back].map(|end| end.split_once(':').unwrap());
        format!(
            "[1795355110.000000]\t{kind} udp      17 30 src={} dst={} sport={} dport={} src={} dst={} \
             sport={} dport={}\n",
            from.0, to.0, from.1, to.1, back.0, from.0, back.1, from.1
        )
    };
    let (inside, outside) = ("192.0.2.1:1000", "203.0.113.5:2000");
    let told = event("    [NEW]", inside, outside, "198.51.100.1:2000")
        + &event("    [NEW]", outside, inside, "198.51.100.2:1000")
        + &event("[DESTROY]", outside, inside, "198.51.100.2:1000");
    let counted = json(&[&files.with("nat.log", told)]);
    // The table cannot hold both; the first one stays.
    assert_eq!((&counted["connections"], &counted["entries_end"]), (&1.into(), &1.into()));
    assert_eq!(counted["skipped_by"]["unknown"], 2);
}

#[test]
fn other_lines_are_counted_and_shown_once() {
    let files = Files::new();
    let mixed = format!(
        "{}NMI received\x1b[2J\nconntrack v1.4.7 (conntrack-tools): 8 flow events have been shown.\n",
        log()
    );
    let log = files.with("mixed.log", mixed);
    let told = summary(&[&log]);
    let note = line(&told, "none of conntrack's");
    assert!(note.contains("conntrack's: 1, the first is line 9: NMI received"), "{note}");
    assert!(!told.contains('\x1b'));
}

#[test]
fn what_a_log_cannot_be_is_refused() {
    let files = Files::new();
    let timeless = files.with("timeless.log", log().replace("[1795355110.000001]\t", ""));
    let rules = files.with("raw.rules", "-A OUTPUT -o lo -j NOTRACK\n");
    let good = files.with("good.log", log());
    let cases: [(&[&str], &str); 3] = [
        (
            &[&timeless],
            "timeless.log:1: the event has no time\nhelp: a log is what `conntrack -E -o",
        ),
        (&[&good, "-r", &rules], "an event log has no packets for rules to match"),
        (&[&good, &timeless], "is not a capture"),
    ];
    for (words, message) in cases {
        let shown = keeptrack(&[&["replay"], words].concat()).end.unwrap_err().shown();
        assert!(shown.contains(message), "{shown}");
    }
}
