//! Tables of others: connections that were open before the capture, and the table of a kernel
//! beside the replay's.

use keeptrack::Outcome;
use keeptrack_core::{Protocol, TcpFlags};

use super::made::{Files, MAIL_RELAY, RAW, json, line, pcap, summary};
use super::{Ran, keeptrack};
use crate::frames::{CLIENT, SERVER, ip, tcp, udp};

/// A table as conntrack prints it: an open connection, one that NAT has translated, a query that
/// nobody answered, one that a fast path has taken over.
const TABLE: &str = "\
tcp      6 431990 ESTABLISHED src=192.0.2.1 dst=198.51.100.2 sport=40000 dport=22 \
 src=198.51.100.2 dst=192.0.2.1 sport=22 dport=40000 [ASSURED] mark=7 use=1
udp      17 100 src=192.0.2.1 dst=198.51.100.2 sport=5000 dport=53 \
 src=198.51.100.2 dst=203.0.113.1 sport=53 dport=1024 [ASSURED] mark=0 use=2
icmp     1 5 src=192.0.2.1 dst=198.51.100.2 type=8 code=0 id=9 [UNREPLIED] \
 src=198.51.100.2 dst=192.0.2.1 type=0 code=0 id=9 mark=0 use=1
tcp      6 src=192.0.2.1 dst=198.51.100.2 sport=40001 dport=443 \
 src=198.51.100.2 dst=192.0.2.1 sport=443 dport=40001 [OFFLOAD] mark=0 use=2
conntrack v1.4.7 (conntrack-tools): 4 flow entries have been shown.
";

/// A capture that begins when the table was saved: the open connection goes on after 2 s, and after
/// 8 s a datagram goes by.
fn capture(files: &Files) -> String {
    let ack = ip(Protocol::TCP, CLIENT, SERVER, &tcp((40000, 22), TcpFlags::ACK, (1, 1)));
    let datagram = ip(Protocol::UDP, CLIENT, SERVER, &udp(7, 8));
    let first = ip(Protocol::UDP, CLIENT, SERVER, &udp(5000, 53));
    files.with("open.pcap", pcap(RAW, &[(0, first), (2000, ack), (8000, datagram)]))
}

fn replay(words: &[&str]) -> String {
    let Ran { end, stdout } = keeptrack(&[&["replay", "-q"], words].concat());
    end.unwrap();
    String::from_utf8(stdout).unwrap()
}

#[test]
fn connections_that_were_open_go_on() {
    let files = Files::new();
    let (capture, table) = (capture(&files), files.with("open.txt", TABLE));
    let told = replay(&[&capture, "-s", &table, "-o", "packets"]);
    let verdicts: Vec<_> = told.lines().map(|line| line.split('"').nth(5).unwrap()).collect();
    assert_eq!(verdicts, ["established", "established", "new"], "{told}");
    // The query ran out in between; marks and translated replies stay what they were.
    assert_eq!(
        replay(&[&capture, "-s", &table, "-o", "table"]).replace("  src", " src"),
        TABLE
            .replace("  src", " src")
            .replace("431990 ", "431994 ")
            .replace("udp      17 100 ", "udp      17 112 ")
            .replace("tcp      6 src", "tcp      6 431992 ESTABLISHED src")
            .replace("[OFFLOAD]", "[ASSURED]")
            .replace("use=2", "use=1")
            .lines()
            .filter(|line| !line.starts_with("icmp") && !line.starts_with("conntrack"))
            .chain(["udp      17 30 src=192.0.2.1 dst=198.51.100.2 sport=7 dport=8 [UNREPLIED] \
                 src=198.51.100.2 dst=192.0.2.1 sport=8 dport=7 mark=0 use=1"])
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    );
}

#[test]
fn what_is_seeded_is_counted_and_translations_are_named() {
    let files = Files::new();
    let (capture, table) = (capture(&files), files.with("open.txt", TABLE));
    let counted = json(&[&capture, "-s", &table]);
    assert_eq!((&counted["seeded"], &counted["connections"]), (&4.into(), &1.into()));
    assert_eq!((&counted["peak_entries"], &counted["tracked"]), (&4.into(), &3.into()));
    let told = summary(&[&capture, "-s", &table]);
    assert!(line(&told, "no limit").contains("4 seeded entries"), "{told}");
    let nat = line(&told, "that NAT translates");
    assert!(
        nat.ends_with("tuples: 1 (the first: {table}:2)".replace("{table}", &table).as_str()),
        "{nat}"
    );

    // Entries that have no room, or stand there twice, are named as well.
    let twice = files.with("twice.txt", TABLE.repeat(2));
    let told = summary(&[&capture, "-s", &twice, "-m", "3", "--on-full", "refuse"]);
    assert!(line(&told, "not taken over, table full").contains("twice.txt:4"), "{told}");
    assert!(line(&told, "is in the table").contains("is in the table: 3 ("), "{told}");
}

#[test]
fn any_form_of_a_table_seeds_the_same() {
    let files = Files::new();
    let (capture, table) = (capture(&files), files.with("open.txt", TABLE));
    let plain = replay(&[&capture, "-s", &table, "--until", "+0", "-o", "table"]);
    for form in ["extended", "proc", "save"] {
        let saved =
            replay(&[&capture, "-s", &table, "--until", "+0", "-o", &format!("table,{form}")]);
        let saved = files.with(form, saved);
        let again = replay(&[&capture, "-s", &saved, "--until", "+0", "-o", "table"]);
        // The save form has no marks.
        assert_eq!(again.replace("mark=0", "mark=7"), plain.replace("mark=0", "mark=7"), "{form}");
    }
}

#[test]
fn a_table_that_is_none_is_refused_with_what_it_is() {
    let files = Files::new();
    let capture = capture(&files);
    let cases = [
        (
            "[1795355195.538516]\t    [NEW] udp      17 30 src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 \
          [UNREPLIED] src=192.0.2.2 dst=192.0.2.1 sport=2 dport=1\n",
            "is an event log, not a table",
        ),
        ("Hello\nworld\n", ":1: `Hello` is no line of a table"),
        ("tcp      6 10 ESTABLISHED src=192.0.2.1 dst=192.0.2.2 sport=1 \x1b[31m\n", ":1: `"),
    ];
    for (text, words) in cases {
        let table = files.with("table.txt", text);
        let shown = keeptrack(&["replay", &capture, "-s", &table]).end.unwrap_err().shown();
        assert!(shown.contains("table.txt") && shown.contains(words), "{shown}");
        assert!(!shown.contains('\x1b'), "{shown}");
    }
}

#[test]
fn inputs_in_the_wrong_place_are_told_apart() {
    let files = Files::new();
    let (capture, table) = (capture(&files), files.with("open.txt", TABLE));
    let cases: [(&[&str], &str); 5] = [
        (&["replay", &capture, "-s", &capture], "is a capture, not a table"),
        (&["diff", &table, &capture], "is a capture, not a table"),
        (&["replay", &table], "looks like"),
        (&["replay", "-", "-s", "-"], "two inputs from stdin"),
        (&["diff", "-", "-"], "two inputs from stdin"),
    ];
    for (words, message) in cases {
        let shown = keeptrack(words).end.unwrap_err().shown();
        assert!(shown.contains(message), "{words:?}: {shown}");
    }
    let early = keeptrack(&["replay", MAIL_RELAY, "--until", "0"]).end.unwrap_err().shown();
    assert!(early.contains("has nothing before `--until`: it begins at 16:34:"), "{early}");
}

#[test]
fn the_same_table_does_not_differ() {
    let files = Files::new();
    for form in ["table", "table,extended", "table,proc", "table,save"] {
        let table = files.with("same.txt", replay(&[MAIL_RELAY, "-o", form]));
        let Ran { end, stdout } = keeptrack(&["diff", "-q", MAIL_RELAY, &table]);
        let told = String::from_utf8(stdout).unwrap();
        assert_eq!(end.unwrap(), Outcome::Done, "{told}");
        assert!(told.contains(" same   0 differ   0 only in the kernel   0 only in the replay"));
    }
}

#[test]
fn what_differs_is_named_with_a_likely_reason() {
    let files = Files::new();
    let (capture, open) = (capture(&files), files.with("open.txt", TABLE));
    let kernel = "\
tcp      6 300 ESTABLISHED src=192.0.2.1 dst=198.51.100.2 sport=40000 dport=22 \
 src=198.51.100.2 dst=192.0.2.1 sport=22 dport=40000 [ASSURED] mark=7 use=1
udp      17 112 src=192.0.2.1 dst=198.51.100.2 sport=5000 dport=53 \
 src=198.51.100.2 dst=203.0.113.1 sport=53 dport=1024 mark=0 use=2
icmp     1 25 src=192.0.2.1 dst=198.51.100.2 type=8 code=0 id=9 [UNREPLIED] \
 src=198.51.100.2 dst=192.0.2.1 type=0 code=0 id=9 mark=0 use=1
tcp      6 20 TIME_WAIT src=192.0.2.77 dst=198.51.100.2 sport=1 dport=2 \
 src=198.51.100.2 dst=192.0.2.77 sport=2 dport=1 [ASSURED] mark=0 delta-time=100 use=1
";
    let kernel = files.with("kernel.txt", kernel);
    let Ran { end, stdout } = keeptrack(&["diff", "-q", &capture, &kernel, "-s", &open]);
    let told = String::from_utf8(stdout).unwrap();
    assert_eq!(end.unwrap(), Outcome::Finding, "{told}");
    let counts = line(&told, " same   ");
    assert_eq!(counts.trim(), "0 same   2 differ   2 only in the kernel   2 only in the replay");
    let assured = line(&told, "assured");
    assert!(assured.contains("kernel no") && assured.contains("replay yes"), "{assured}");
    assert!(line(&told, "kernel 300").contains("replay 431994"), "{told}");
    assert!(line(&told, "kernel.txt:3 only").contains("it ran out at 00:00:05.000"), "{told}");
    assert!(line(&told, "kernel.txt:4 only").contains("before the capture"), "{told}");
    assert!(told.contains("\n+ udp 192.0.2.1:7 -> 198.51.100.2:8\n"), "{told}");
    // More than the tolerance is no difference when it is tolerated.
    let lenient = ["diff", "-q", &capture, &kernel, "-s", &open, "--tolerance", "500000"];
    let told = String::from_utf8(keeptrack(&lenient).stdout).unwrap();
    assert!(line(&told, " same   ").contains("1 same   1 differ"), "{told}");
}
