//! `keeptrack advise`: every forecast is what a replay with the printed lines comes to, and what is
//! said of changes follows from them.

use keeptrack_core::{Protocol, TcpFlags};
use serde_json::Value;

use super::made::{Files, MAIL_RELAY, RAW, SLL2, json as replay, line, pcap, sll2};
use super::outputs::{documented_in, names};
use super::page::ADVISE;
use super::{Failure, Ran, keeptrack};
use crate::frames::{CLIENT, SERVER, ip, tcp, udp};

/// The addresses of the mail relay itself.
const LOCAL: [&str; 2] = ["--local", "192.0.2.25,2001:db8::25"];
/// The size of the story's table.
const STORY: [&str; 4] = ["-m", "1024", "--buckets", "1024"];

fn advised(format: &str, words: &[&str]) -> String {
    let Ran { end, stdout } = keeptrack(&[&["advise", "-q", "-o", format], words].concat());
    end.unwrap();
    String::from_utf8(stdout).unwrap()
}

fn json(words: &[&str]) -> Value {
    serde_json::from_str(&advised("json", words)).unwrap()
}

fn number(object: &Value, field: &str) -> u64 {
    object[field].as_u64().unwrap_or_else(|| panic!("{field} of {object}"))
}

fn text<'o>(object: &'o Value, field: &str) -> &'o str {
    object[field].as_str().unwrap_or_else(|| panic!("{field} of {object}"))
}

fn array<'o>(object: &'o Value, field: &str) -> &'o [Value] {
    object[field].as_array().unwrap_or_else(|| panic!("{field} of {object}"))
}

/// The changes of a kind.
fn of_kind<'o>(object: &'o Value, kind: &'o str) -> impl Iterator<Item = &'o Value> {
    array(object, "tried").iter().filter(move |tried| tried["kind"] == kind)
}

/// That one.
fn change<'o>(object: &'o Value, name: &str) -> &'o Value {
    let found = array(object, "tried").iter().find(|tried| tried["change"] == name);
    found.unwrap_or_else(|| panic!("{name} was not tried"))
}

/// The rules that were tried, in a file.
fn rules(files: &Files, tried: &Value) -> String {
    let lines: Vec<&str> =
        array(tried, "lines").iter().map(|line| line.as_str().unwrap()).collect();
    files.with("advice.sh", lines.join("\n") + "\n")
}

/// That a change comes to what a replay with those words comes to, under the limit.
fn assert_is_replay(tried: &Value, words: &[&str]) {
    let replayed = replay(words);
    let change = text(tried, "change");
    assert_eq!(number(tried, "peak"), number(&replayed, "peak_entries"), "{change}: peak");
    let refused = number(&replayed, "drop") + number(&replayed, "bypass");
    assert_eq!(number(tried, "refused"), refused, "{change}: refused");
    assert_eq!(number(tried, "early"), number(&replayed, "early_drop"), "{change}: early");
    assert_eq!(number(tried, "untracked"), number(&replayed, "untracked"), "{change}: untracked");
}

#[test]
fn loopback_comes_first_in_the_story() {
    for local in [&LOCAL[..], &[]] {
        let words = [&[MAIL_RELAY], &STORY[..], local].concat();
        let text = advised("summary", &words);
        let now = line(&text, "      now ");
        assert!(now.contains(" 1,024 ") && now.contains(" 733 "), "{now}");
        let (_, behind) = text.split_once(now).unwrap();
        assert!(behind.starts_with("\n  A   NOTRACK loopback (lo) "), "{behind}");
        line(&text, "> A+I ");
        line(&text, "> smallest change that keeps half the table free. Paste, with iptables:");
        let (_, lines) = text.split_once("Paste, with iptables:\n").unwrap();
        line(lines, "iptables  -t raw -A OUTPUT -o lo -j CT --notrack");
        line(lines, "net.netfilter.nf_conntrack_max = 3072");
    }
}

/// What stands between a heading that begins so and the next one.
fn block<'t>(text: &'t str, heading: &str) -> &'t str {
    let (_, behind) =
        text.split_once(&format!("\n> {heading}")).unwrap_or_else(|| panic!("{text}"));
    let (_, behind) = behind.split_once(":\n\n").unwrap();
    behind.split_once("\n\n> ").map_or(behind, |(block, _)| block)
}

#[test]
fn a_block_that_is_copied_is_what_is_written_for_its_tool_alone() {
    let words = [&[MAIL_RELAY], &STORY[..]].concat();
    let text = advised("summary", &words);
    for (tool, heading) in [("iptables", "smallest change"), ("nft", "or, with nft")] {
        let script = advised(tool, &words);
        assert_eq!(block(&text, heading), script.trim_end(), "{tool}");
        let is_of_both = ["net.netfilter.nf_conntrack_max = 3072", "sysctl -p "];
        assert!(is_of_both.iter().all(|line| script.contains(line)), "{script}");
        let undone = [" -D ", "nft delete", "rm ", "prometheus", "groups:"];
        assert!(undone.iter().all(|line| !script.contains(line)), "{script}");
        let undo = block(&text, &format!("undo, with {tool}"));
        assert!(undo.contains("rm /etc/sysctl.d/90-keeptrack.conf"), "{undo}");
        assert!(!undo.contains(" -A ") && !undo.contains("nft add"), "{undo}");
    }
    assert!(!block(&text, "or, with nft").lines().any(|line| line.starts_with("iptables")));
    assert!(block(&text, "alert, for Prometheus").starts_with("# name the file"));
    let enough = advised("nft", &[MAIL_RELAY, "-m", "64k"]);
    assert_eq!(enough, "# nothing needs to change: half the table stays free\n");
}

/// The change of that row, and its letter.
fn lettered(text: &str, letter: char) -> &str {
    line(text, &format!("  {letter}   ")).trim_start_matches([letter, ' '])
}

#[test]
fn any_change_that_is_shown_can_be_chosen() {
    let words = [&[MAIL_RELAY], &STORY[..], &LOCAL].concat();
    let choose = |letters: &'static str| [&words[..], &["--choose", letters]].concat();
    let text = advised("summary", &words);
    assert!(lettered(&text, 'C').starts_with("NOTRACK udp 53 asked from here"), "{text}");
    let chosen = json(&choose("C"));
    assert_eq!(chosen["chosen"]["changes"], serde_json::json!(["NOTRACK udp 53 asked from here"]));
    assert_eq!(chosen["chosen"]["max"], 1024);
    let both = advised("summary", &choose("c+H"));
    line(&both, "> C+H ");
    let pasted = block(&both, "C+H, as asked for. Paste, with iptables");
    line(pasted, "iptables  -t raw -A PREROUTING -p udp -m udp --sport 53 -j CT --notrack");
    // Answers are let in from those who were asked, and from nobody else.
    let answers = pasted.lines().filter(|line| line.contains("-I INPUT"));
    assert!(answers.clone().count() > 0, "{pasted}");
    assert!(answers.clone().all(|line| line.contains(" -s ")), "{pasted}");
    line(pasted, "net.netfilter.nf_conntrack_max = 2048");
    // The letters are what they are without a choice.
    assert!(lettered(&both, 'A').starts_with("NOTRACK loopback (lo) "), "{both}");
    for (letters, said) in [
        ("Z", "--choose: there is no change Z"),
        ("A+B", "--choose: one change and one size"),
        ("H+I", "--choose: one change and one size"),
        ("C I", "`C I` is no letter"),
    ] {
        let ran = keeptrack(&[&["advise", "-q"], &choose(letters)[..]].concat());
        let shown = ran.end.expect_err("an error").shown();
        assert!(shown.contains(said) && ran.stdout.is_empty(), "{shown}");
        assert!(shown.contains("A NOTRACK loopback (lo)") || letters == "C I", "{shown}");
    }
}

#[test]
fn a_table_many_times_as_large_is_no_small_change() {
    let files = Files::new();
    // Nobody answers: one service holds nearly all, and all of it has run out before the end.
    let frames = (0..6_000_u16).map(|at| {
        let from = std::net::Ipv4Addr::from_bits(0x0b00_0000 + u32::from(at) * 77_777).into();
        let bytes = tcp((1024 + at, 443), TcpFlags::SYN, (1, 0));
        (1_000 + u32::from(at), ip(Protocol::TCP, from, CLIENT, &bytes))
    });
    let last = (300_000, ip(Protocol::UDP, SERVER, CLIENT, &udp(4000, 53)));
    let frames = frames.chain([last]);
    let capture = files.with("flood.pcap", pcap(RAW, &frames.collect::<Vec<_>>()));
    let of = |max: &str| {
        let object = json(&[&capture, "--local", "192.0.2.1", "-m", max]);
        array(&object["chosen"], "changes").to_vec()
    };
    assert_eq!(of("1024"), ["NOTRACK tcp 443 served here"]);
    assert_eq!(of("4096"), ["nf_conntrack_max 12288"]);
    let gateway = json(&[&capture, "-m", "4096", "--target", "keeptrack"]);
    assert_eq!(array(&gateway["chosen"], "changes"), ["NOTRACK tcp 443"]);
}

#[test]
fn rules_that_leave_out_one_direction_are_told_of() {
    let files = Files::new();
    let rules =
        files.with("half.v4", "*raw\n-A OUTPUT ! -o lo -p udp --dport 53 -j NOTRACK\nCOMMIT\n");
    let text = advised("summary", &[&[MAIL_RELAY, "-r", &rules], &LOCAL[..]].concat());
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = format!(
        "`keeptrack lint {rules}` finds 1 thing in these rules; the first that leaves out one direction is \
         at {rules}:2"
    );
    assert!(text.contains(&said), "{text}");
}

#[test]
fn no_line_of_text_is_wider_than_a_screen() {
    let text = advised("summary", &[&[MAIL_RELAY], &STORY[..]].concat());
    let (_, notes) = text.split_once("what they break").unwrap();
    let rules = ["iptables", "ip6tables", "nft ", "    "];
    let prose = notes.lines().filter(|line| !rules.iter().any(|rule| line.starts_with(rule)));
    for line in prose {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let notes = text.lines().filter(|line| line.starts_with('!')).count();
    assert!(notes >= 2, "{text}");
    assert!(
        text.matches('~').count() == 0 || text.matches("~ near the truth").count() == 1,
        "{text}"
    );
}

#[test]
fn every_forecast_of_rules_is_a_replay_with_the_printed_lines() {
    let files = Files::new();
    let world = [&[MAIL_RELAY], &LOCAL[..]].concat();
    let object = json(&[&world[..], &STORY[..]].concat());
    let tried: Vec<&Value> = of_kind(&object, "notrack").collect();
    assert!(tried.len() >= 15, "{}", tried.len());
    for tried in tried {
        let rules = rules(&files, tried);
        let with = [&world[..], &["-r", &rules]].concat();
        assert_is_replay(tried, &[&with[..], &STORY[..], &["--on-full", "linux"]].concat());
        let grown = replay(&with);
        assert_eq!(number(tried, "alive"), number(&grown, "peak_entries"), "{}", tried["change"]);
    }
    assert_is_replay(&object["now"], &[&world[..], &STORY[..], &["--on-full", "linux"]].concat());
}

#[test]
fn every_forecast_of_timeouts_is_a_replay_with_them() {
    let object = json(&[&[MAIL_RELAY], &STORY[..]].concat());
    let tried: Vec<&Value> = of_kind(&object, "timeout").collect();
    assert!(tried.len() >= 8, "{}", tried.len());
    for tried in tried {
        let set = format!("nf_conntrack_{}={}", text(tried, "timeout"), number(tried, "to"));
        let words = [&[MAIL_RELAY], &STORY[..], &["--on-full", "linux", "-c", &set]].concat();
        assert_is_replay(tried, &words);
    }
}

#[test]
fn every_forecast_of_sizes_is_a_replay_of_them() {
    let object = json(&[&[MAIL_RELAY], &STORY[..]].concat());
    let sizes = array(&object, "sizes");
    assert_eq!(sizes.iter().map(|size| number(size, "max")).max(), Some(12 * 1024));
    let replayed = |size: &Value, words: &[&str]| {
        let (max, buckets) = (size["max"].to_string(), size["buckets"].to_string());
        let size = ["-m", &max, "--buckets", &buckets, "--on-full", "linux"];
        number(&replay(&[&[MAIL_RELAY], &size[..], words].concat()), "peak_entries")
    };
    for size in sizes.iter().filter(|size| number(size, "needs") <= number(size, "max")) {
        assert_eq!(number(size, "needs"), replayed(size, &[]), "{size}");
    }
    // The chosen one is reckoned from two of these, and the buckets of another.
    let chosen = &object["chosen"];
    let files = Files::new();
    let at = usize::try_from(number(chosen, "tried")).unwrap();
    let rules = rules(&files, &array(&object, "tried")[at]);
    let peak = replayed(chosen, &["-r", &rules]);
    assert!(number(chosen, "needs").abs_diff(peak) * 100 <= peak, "{chosen} {peak}");
    assert!(2 * peak <= number(chosen, "max"), "{chosen} {peak}");
}

#[test]
fn arithmetic_is_a_replay_without_a_limit_on_other_captures() {
    let files = Files::new();
    let mut class_count = 0;
    for capture in ["dns", "pings", "udp", "scans", "sctp", "gre", "ipv6", "tcp-resets"] {
        let capture = format!("{}/captures/{capture}.pcap", env!("CARGO_MANIFEST_DIR"));
        // A gateway: it forwards all that it sees.
        let world = [&capture, "--local", "255.255.255.254", "--iface", "lan0"];
        let object = json(&world);
        for tried in of_kind(&object, "notrack") {
            let rules = rules(&files, tried);
            let grown = replay(&[&world[..], &["-r", &rules]].concat());
            let told = (&capture, &tried["change"], &tried["lines"]);
            assert_eq!(number(tried, "alive"), number(&grown, "peak_entries"), "{told:?}");
            class_count += 1;
        }
    }
    assert!(class_count >= 12, "{class_count}");
}

/// A client's calls of a server: SYN, SYN-ACK, ACK, data, then silence, then data again.
fn idle_call(silent_s: u32) -> Vec<u8> {
    let from = |sport, dport, flags, numbers| {
        let (from, to) = if dport == 25 { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
        ip(Protocol::TCP, from, to, &tcp((sport, dport), flags, numbers))
    };
    let (syn, ack) = (TcpFlags::SYN, TcpFlags::ACK);
    let both = TcpFlags(syn.0 | ack.0);
    let mut frames = vec![
        (1_000, from(4000, 25, syn, (100, 0))),
        (1_010, from(25, 4000, both, (500, 101))),
        (1_020, from(4000, 25, ack, (101, 501))),
    ];
    frames.push((1_020 + silent_s * 1000, from(4000, 25, ack, (101, 501))));
    pcap(RAW, &frames)
}

#[test]
fn connections_that_a_shorter_timeout_cuts_are_listed() {
    let files = Files::new();
    let capture = files.with("idle.pcap", idle_call(700));
    let object = json(&[&capture, "-m", "64"]);
    let cut = change(&object, "tcp_timeout_established 432000 -> 600");
    assert_eq!(number(&cut["breaks"], "connections_cut"), 1);
    assert_eq!(cut["breaks"]["severity"], "breaks");
    let first = &array(&cut["breaks"], "first_cut")[0];
    assert_eq!(first["connection"], "tcp 192.0.2.1:4000 -> 198.51.100.2:25");
    assert_eq!((number(first, "silent_ms"), number(first, "time_ms")), (700_000, 701_020));
    let below = &cut["breaks"]["below"];
    assert_eq!((number(below, "seconds"), text(below, "rfc")), (7440, "RFC 5382, section 5"));
    let kept = change(&object, "tcp_timeout_established 432000 -> 3600");
    assert_eq!(
        (number(&kept["breaks"], "connections_cut"), text(&kept["breaks"], "severity")),
        (0, "caution")
    );
    let kept = change(&object, "tcp_timeout_established 432000 -> 7440");
    assert_eq!(kept["breaks"]["severity"], "nothing");
}

/// Datagrams of a host at 192.0.2.1: it asks a server at port 53, a client asks its port 123, and
/// it forwards what goes to port 514.
fn host() -> Vec<u8> {
    let (arrives, leaves) = (0, 4);
    let mut frames = Vec::new();
    for at in 0..20_u16 {
        let packet =
            |from, to, ports: (u16, u16)| ip(Protocol::UDP, from, to, &udp(ports.0, ports.1));
        let other = crate::frames::ROUTER;
        let seen = [
            (leaves, packet(CLIENT, SERVER, (40_000 + at, 53))),
            (arrives, packet(SERVER, CLIENT, (53, 40_000 + at))),
            (arrives, packet(SERVER, CLIENT, (41_000 + at, 123))),
            (leaves, packet(CLIENT, SERVER, (123, 41_000 + at))),
            (arrives, packet(SERVER, other, (42_000 + at, 514))),
            (arrives, packet(other, SERVER, (514, 42_000 + at))),
        ];
        let time_ms = 1_000 + u32::from(at) * 10;
        frames.extend(seen.map(|(kind, packet)| (time_ms, sll2(2, kind, &packet))));
    }
    pcap(SLL2, &frames)
}

#[test]
fn services_are_tried_in_the_role_that_the_host_has() {
    let files = Files::new();
    let capture = files.with("host.pcap", host());
    let world = [&capture, "-m", "16"];
    let object = json(&world);
    let services: Vec<&str> = of_kind(&object, "notrack")
        .map(|tried| text(tried, "change"))
        .filter(|change| change.contains("udp"))
        .collect();
    let expected =
        ["NOTRACK udp 53 asked from here", "NOTRACK udp 123 served here", "NOTRACK udp 514"];
    assert!(expected.iter().all(|change| services.contains(change)), "{services:?}");
    assert_eq!(services.len(), 3, "{services:?}");
    for tried in of_kind(&object, "notrack") {
        let rules = rules(&files, tried);
        let grown = replay(&[&capture, "-r", &rules]);
        assert_eq!(number(tried, "alive"), number(&grown, "peak_entries"), "{tried}");
        assert_is_replay(tried, &[&world[..], &["-r", &rules, "--on-full", "linux"]].concat());
    }
    assert_eq!(number(change(&object, "NOTRACK udp 53 asked from here"), "held"), 20);
    // The host's own network is no peer's: nothing would be tracked.
    let all = array(&object, "tried").iter().map(|tried| text(tried, "change"));
    assert!(all.clone().all(|change| !change.contains("192.0.2.0/24")));
}

#[test]
fn the_host_of_a_gateway_has_policies_to_choose_from() {
    let object = json(&[MAIL_RELAY, "-m", "671", "--target", "keeptrack"]);
    let policies: Vec<&str> =
        of_kind(&object, "on_full").map(|tried| text(tried, "change")).collect();
    assert_eq!(policies, ["on-full refuse", "on-full early-drop", "on-full adaptive"]);
    for tried in of_kind(&object, "on_full") {
        let policy = text(tried, "change").strip_prefix("on-full ").unwrap();
        let replayed = replay(&[MAIL_RELAY, "-m", "671", "--on-full", policy]);
        assert_eq!(number(tried, "refused"), number(&replayed, "drop"), "{policy}");
    }
    assert_eq!(object["policy"], "ranked");
}

#[test]
fn what_is_large_enough_needs_no_change() {
    let text = advised("summary", &[MAIL_RELAY, "-m", "64k"]);
    line(&text, "> nothing needs to change: half the table stays free");
    assert!(!text.contains("Paste"), "{text}");
    let object = json(&[MAIL_RELAY, "-m", "64k"]);
    assert_eq!((&object["chosen"], &object["paste"]), (&Value::Null, &Value::Null));
}

#[test]
fn without_a_limit_no_size_is_chosen() {
    let object = json(&[MAIL_RELAY]);
    assert_eq!((&object["max"], &object["now"]["peak"]), (&Value::Null, &Value::Null));
    assert_eq!(object["chosen"]["changes"], serde_json::json!(["NOTRACK loopback (lo)"]));
    let text = advised("summary", &[MAIL_RELAY]);
    line(&text, "1,819 entries at the most, and no limit is known: give");
    line(&text, "> what breaks nothing and saves the most. Paste, with iptables:");
    assert!(!text.contains("nf_conntrack_max ="), "{text}");
    // Sizes are there to be read, and have no letters.
    assert!(line(&text, " nf_conntrack_max 4096 ").starts_with("    "), "{text}");
    // Nothing here goes without breaking something.
    let one = format!("{}/captures/dns.pcap", env!("CARGO_MANIFEST_DIR"));
    let text = advised("summary", &[&one]);
    line(&text, "> nothing is chosen for a table without a limit: give `--max`");
    assert!(!text.contains("sysctl -p"), "{text}");
    assert_eq!(json(&[&one])["chosen"], Value::Null);
}

#[test]
fn the_fields_are_documented() {
    let object = json(&[&[MAIL_RELAY], &STORY[..]].concat());
    assert_eq!(names(&object), documented_in(ADVISE, "### The object"));
    let documented = documented_in(ADVISE, "### A change");
    let tried = array(&object, "tried");
    let mut met: Vec<&str> = tried.iter().flat_map(names).collect();
    met.sort_unstable();
    met.dedup();
    assert_eq!(met, documented.into_iter().collect::<Vec<_>>());
    assert_eq!(names(&tried[0]["breaks"]), documented_in(ADVISE, "### What it breaks"));
    assert_eq!(names(&object["chosen"]), documented_in(ADVISE, "### The chosen change"));
    assert_eq!(object["schema"], 1);
}

#[test]
fn bad_input_is_refused_as_by_replay() {
    let files = Files::new();
    let rules = files.with("rules.v4", "-A OUTPUT -p udp --dprot 53 -j NOTRACK\n");
    let log = files.with("events.log", "[1.5]\t    [NEW] udp      17 30 src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 [UNREPLIED] src=192.0.2.2 dst=192.0.2.1 sport=2 dport=1\n");
    let missing = files.path("missing.pcap");
    let cases: [(&[&str], &str); 8] = [
        (&[&missing], "missing.pcap"),
        (&[&rules], "is not a capture (it looks like iptables"),
        (&[MAIL_RELAY, "-r", &rules], "unknown option `--dprot`"),
        (&[&log], "event log"),
        (&[MAIL_RELAY, "-o", "xml"], "`xml` is none of summary, json"),
        (&[MAIL_RELAY, "-o", "firewall4"], "the lines for linux are `-o iptables` and `-o nft`"),
        (&[MAIL_RELAY, "-o", "nft", "--target", "openwrt"], "-o nft: not for --target openwrt"),
        (&[MAIL_RELAY, "--target", "bsd"], "possible values: linux, openwrt, keeptrack"),
    ];
    for (words, said) in cases {
        let ran = keeptrack(&[&["advise", "-q"], words].concat());
        let failure = ran.end.expect_err("an error");
        if let Failure::Typed(error) = &failure {
            assert_eq!(error.exit_code(), 2);
        }
        assert!(failure.shown().contains(said), "{}", failure.shown());
        assert!(ran.stdout.is_empty(), "{words:?}");
    }
}
