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
    let counted = json(&[&log, "-m", "2"]);
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
fn other_lines_are_counted_and_shown_once() {
    let files = Files::new();
    let mixed = format!(
        "{}NMI received\x1b[2J\nconntrack v1.4.7 (conntrack-tools): 8 flow events have been shown.\n",
        log()
    );
    let log = files.with("mixed.log", mixed);
    let told = summary(&[&log]);
    let note = line(&told, "none of conntrack's");
    assert!(note.contains("1 lines") && note.contains("line 9: NMI received"), "{note}");
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
