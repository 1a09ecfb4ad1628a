//! `--on-full`: what a full table does, by every policy's own measure.

use keeptrack::Outcome;
use keeptrack_core::{Protocol, TcpFlags};
use serde_json::Value;

use super::made::{Files, MAIL_RELAY, RAW, json, line, pcap, summary};
use super::{Failure, keeptrack};
use crate::frames::{CLIENT, ROUTER, SERVER, ip, tcp, udp};

/// A datagram from that port; who sends it opens nothing else.
fn datagram(from: u16) -> Vec<u8> {
    ip(Protocol::UDP, ROUTER, SERVER, &udp(from, 53))
}

/// A connection that is open and ASSURED after its three packets.
fn opened(from: u16) -> [Vec<u8>; 3] {
    let there =
        |flags, numbers| ip(Protocol::TCP, CLIENT, SERVER, &tcp((from, 25), flags, numbers));
    let back = |flags, numbers| ip(Protocol::TCP, SERVER, CLIENT, &tcp((25, from), flags, numbers));
    [
        there(TcpFlags::SYN, (1000, 0)),
        back(TcpFlags::SYN | TcpFlags::ACK, (5000, 1001)),
        there(TcpFlags::ACK, (1001, 5001)),
    ]
}

/// A capture of these packets, a second apart.
fn a_second_apart(files: &Files, packets: impl IntoIterator<Item = Vec<u8>>) -> String {
    let packets = (0..).step_by(1000).zip(packets);
    files.with("x.pcap", pcap(RAW, &packets.collect::<Vec<_>>()))
}

fn written(format: &str, words: &[&str]) -> String {
    let ran = keeptrack(&[&["replay", "-q", "-o", format], words].concat());
    ran.end.unwrap();
    String::from_utf8(ran.stdout).unwrap()
}

fn number(object: &Value, field: &str) -> u64 {
    object[field].as_u64().unwrap_or_else(|| panic!("{field} of {object}"))
}

#[test]
fn the_default_lets_the_longest_idle_go_and_never_one_that_is_open() {
    let files = Files::new();
    let packets = opened(1).into_iter().chain([2, 3, 4].map(datagram));
    let capture = a_second_apart(&files, packets);
    let words = [capture.as_str(), "-m", "2", "-o", "events"];
    let ran = keeptrack(&[&["replay", "-q"], &words[..]].concat());
    ran.end.unwrap();
    let events = String::from_utf8(ran.stdout).unwrap();
    let told: Vec<_> = events
        .lines()
        .filter(|event| event.contains("udp"))
        .map(|event| {
            (event.contains("DESTROY"), event.contains("sport=2"), event.contains("sport=3"))
        })
        .collect();
    // Port 2 comes; it leaves just before 3 comes, and that just before 4.
    let (two, three, four) = ((true, false), (false, true), (false, false));
    let event = |gone, (two, three)| (gone, two, three);
    assert_eq!(
        told,
        [
            event(false, two),
            event(true, two),
            event(false, three),
            event(true, three),
            event(false, four)
        ],
        "{events}"
    );
    let object = json(&[&capture, "-m", "2"]);
    assert_eq!((number(&object, "drop"), number(&object, "early_drop")), (0, 2));
    assert_eq!(object["policy"], "ranked");
    // Both slots of a full table are of open connections.
    let open = a_second_apart(&files, opened(1).into_iter().chain(opened(2)).chain([datagram(3)]));
    let object = json(&[&open, "-m", "2"]);
    assert_eq!((number(&object, "drop"), number(&object, "early_drop")), (1, 0));
}

#[test]
fn each_policy_has_its_way() {
    let files = Files::new();
    let packets = opened(1).into_iter().chain([2, 3, 4].map(datagram));
    let capture = a_second_apart(&files, packets);
    // Of dropped packets and entries that leave early.
    let cases = [
        ("refuse", (2, 0)),
        ("ranked", (0, 2)),
        ("ranked:source=50%", (2, 0)),
        ("ranked:source=none,reserve=none", (0, 2)),
        ("adaptive:start=1,end=4", (2, 0)),
        ("adaptive:start=1,end=4,with=ranked", (0, 2)),
    ];
    for (policy, should) in cases {
        let object = json(&[&capture, "-m", "2", "--on-full", policy]);
        assert_eq!((number(&object, "drop"), number(&object, "early_drop")), should, "{policy}");
    }
    // Its eight draws may all have met the open one.
    let object = json(&[&capture, "-m", "2", "--on-full", "early-drop:seed=5"]);
    assert_eq!(number(&object, "drop") + number(&object, "early_drop"), 2);
}

#[test]
fn a_source_has_its_cap_and_may_be_a_network() {
    let files = Files::new();
    let from = |source, port| ip(Protocol::UDP, source, SERVER, &udp(port, 53));
    let packets = [from(CLIENT, 1), from(ROUTER, 1), from(CLIENT, 2), from(CLIENT, 3)];
    let capture = a_second_apart(&files, packets);
    let dropped = |policy: &str| {
        let object = json(&[&capture, "-m", "100", "--on-full", policy]);
        assert_eq!(object["first_full"], Value::Null);
        assert_eq!(object["drop"], object["source_full"], "{policy}");
        number(&object, "drop")
    };
    assert_eq!(dropped("refuse"), 0);
    assert_eq!(dropped("refuse:source=2"), 1);
    assert_eq!(dropped("ranked:source=2%"), 1);
    // 192.0.2.1 and 203.0.113.9 have four bits in common.
    assert_eq!(dropped("early-drop:source=2,v4=4"), 2);
    let text = summary(&[&capture, "-m", "100", "--on-full", "refuse:source=2"]);
    line(
        &text,
        "\u{2717} 1 of 4 packets dropped (25.0%), below the limit of entries (source cap 1)",
    );
    line(&text, "1 packets were dropped for the cap on each source");
}

#[test]
fn a_zone_has_its_cap() {
    let files = Files::new();
    let capture = a_second_apart(&files, (1..=5).map(datagram));
    let rules = "iptables -t raw -A PREROUTING -p udp --sport 3:5 -j CT --zone 7\n";
    let rules = files.with("raw.sh", rules);
    let words = [&capture, "-m", "100", "-r", &rules, "--on-full", "refuse:zone=2"];
    let object = json(&words);
    assert_eq!((number(&object, "drop"), number(&object, "zone_full")), (1, 1));
}

#[test]
fn what_passes_without_an_entry_is_no_good_news() {
    let cases = [("ovs", "\u{2717} Table full for "), ("ovs:zone=4", "\u{2717} ")];
    for (policy, begins) in cases {
        let words = [MAIL_RELAY, "-m", "1000", "--on-full", policy];
        let object = json(&words);
        assert_eq!(number(&object, "drop"), 0, "{policy}");
        let bypassed = number(&object, "bypass");
        let told = format!("{},{:03} of 9,496 packets", bypassed / 1000, bypassed % 1000);
        let text = summary(&words);
        let verdict = line(&text, " passed without an entry (");
        assert!(verdict.starts_with(begins) && verdict.contains(&told), "{verdict}");
        assert!(!text.contains('\u{2713}'), "{text}");
        let ran = keeptrack(&[&["replay", "-q", "--check"], &words[..]].concat());
        assert_eq!(ran.end.unwrap(), Outcome::Finding, "{policy}");
    }
}

#[test]
fn who_drops_below_the_limit_of_entries_says_why() {
    let text = summary(&[MAIL_RELAY, "-m", "1000", "--on-full", "vpp"]);
    line(&text, "dropped (0.26%), below the limit of entries (too many sessions 25)");
    let text = summary(&[MAIL_RELAY, "-m", "1000", "--on-full", "ranked:zone=4"]);
    line(&text, "dropped (86.4%), below the limit of entries (zone cap 8,205)");
}

#[test]
fn of_more_hurt_than_are_followed_the_living_are_of_those_followed() {
    let words = [MAIL_RELAY, "-m", "300", "--on-full", "refuse"];
    line(&summary(&words), " of them live");
    let words = [&words[..], &["--ledger-max", "100"]].concat();
    line(&summary(&words), " live of 110 followed; ");
}

#[test]
fn buckets_beside_another_policy_than_linuxs_are_told_to_have_no_effect() {
    let note = "--buckets 512 has no effect on what this table does";
    let words = |policy| [MAIL_RELAY, "-m", "671", "--buckets", "512", "--on-full", policy];
    line(&summary(&words("ranked")), note);
    assert!(!summary(&words("linux")).contains(note));
    let ran = keeptrack(&["replay", "-q", MAIL_RELAY, "-m", "671", "--buckets", "0"]);
    let said = ran.end.expect_err("an error").shown();
    assert!(said.contains("a table needs at least one bucket"), "{said}");
}

#[test]
fn a_reserve_names_classes_of_the_rules_and_leaves_slots_for_others() {
    let files = Files::new();
    let capture = a_second_apart(&files, (1..=5).map(datagram));
    let rules = "iptables -t raw -A PREROUTING -p udp --sport 5 -j FULL --class ssh\n";
    let rules = files.with("raw.sh", rules);
    let failure = |words: &[&str]| {
        let words = [&["replay", "-q", &capture, "-m", "4"], words].concat();
        keeptrack(&words).end.expect_err("an error").shown()
    };
    let said = failure(&["--on-full", "ranked:reserve=ssh/1"]);
    assert!(said.contains("no rule names a class: `-j FULL --class ssh`"), "{said}");
    let said = failure(&["-r", &rules, "--on-full", "ranked:reserve=bgp/1"]);
    assert!(said.contains("`bgp` is none of the rules' classes: ssh"), "{said}");
    let said = failure(&["-r", &rules, "--on-full", "ranked:reserve=100%"]);
    assert!(said.contains("keeps 4 of 4 slots, and leaves none for others"), "{said}");
    // Without a word `ranked` keeps one of the four: the fourth makes the first leave, not the
    // fifth.
    let words = [&capture, "-m", "4", "-r", &rules, "--on-full", "ranked:source=none"];
    assert_eq!(number(&json(&words), "early_drop"), 1);
    let words = [&capture, "-m", "4", "-r", &rules, "--on-full", "ranked:source=none,reserve=none"];
    assert_eq!(number(&json(&words), "early_drop"), 1);
    let words = [&capture, "-m", "5", "-r", &rules, "--on-full", "refuse:reserve=ssh/1"];
    assert_eq!(number(&json(&words), "drop"), 0);
}

#[test]
fn a_table_without_a_limit_says_that_no_policy_has_an_effect() {
    let text = summary(&[MAIL_RELAY, "--on-full", "refuse"]);
    line(&text, "--on-full refuse has no effect: a table without --max is never full");
    assert!(line(&text, "no limit").ends_with("no limit, timeouts of linux"), "{text}");
    assert_eq!(json(&[MAIL_RELAY])["policy"], Value::Null);
}

#[test]
fn a_full_table_says_its_policy_and_how_to_ask_for_linuxs() {
    let text = summary(&[MAIL_RELAY, "-m", "671"]);
    assert!(line(&text, "limit 671").contains(", policy ranked,"), "{text}");
    line(&text, "`--on-full linux:buckets=N` forecasts what one does with 671 entries");
    let text = summary(&[MAIL_RELAY, "-m", "671", "--on-full", "linux:buckets=1024,seed=3"]);
    assert!(line(&text, "limit 671").contains(", policy linux:buckets=1024,seed=3,"), "{text}");
    assert!(!text.contains("forecasts"), "{text}");
    let text = summary(&[MAIL_RELAY, "-m", "671", "--on-full", "linux"]);
    line(&text, "Linux with as many buckets as entries (671)");
}

#[test]
fn what_is_counted_stays_the_same_whatever_the_hash_seed() {
    for policy in ["refuse", "ranked", "pf", "opte", "vpp", "esp-nat"] {
        let words = |seed| ["-m", "300", "--on-full", policy, "--hash-seed", seed];
        let counted = |seed| {
            let object = json(&[&[MAIL_RELAY], &words(seed)[..]].concat());
            ["connections", "drop", "bypass", "early_drop"].map(|field| number(&object, field))
        };
        assert_eq!(counted("1"), counted("2"), "{policy}");
    }
}

#[test]
fn what_leaves_early_is_counted_as_linux_counts_it() {
    let words = [MAIL_RELAY, "-m", "671"];
    let object = json(&words);
    let early = number(&object, "early_drop");
    assert!(early > 0);
    assert_eq!(object["ended_by"]["dropped_early"], early);
    assert!(written("stats", &words).contains(&format!(" early_drop={early} ")));
    assert!(written("prometheus", &words).contains(&format!("stat_early_drop {early}\n")));
}

#[test]
fn policies_that_cannot_be_are_refused_with_what_to_write() {
    let cases = [
        ("rankd", "`rankd` is none of refuse, early-drop, ranked, adaptive, linux,"),
        ("rankd", "did you mean `ranked`?"),
        ("linux:bucket=5", "`bucket` is no parameter: it has buckets"),
        ("linux:buckets=x", "`x` is no number"),
        ("ranked:source", "`source` is no parameter: write `key=value`"),
        ("ranked:source=1,source=2", "`source` comes twice"),
        ("ranked:source=0%", "write a number of entries, a share (`75%`) or `none`"),
        ("ranked:v6=65", "1 to 64"),
        ("adaptive:start=80%,end=60%", "`start=80%` has to come before `end=60%`"),
        ("adaptive:with=linux", "one of refuse, early-drop, ranked"),
        ("refuse:reserve=ssh", "`ssh` is not CLASS/SLOTS"),
        ("", "`` is none of"),
    ];
    for (policy, said) in cases {
        let words = ["replay", "-q", MAIL_RELAY, "-m", "1000", "--on-full", policy];
        let ran = keeptrack(&words);
        assert_eq!(ran.stdout, b"");
        let failure = ran.end.expect_err(policy);
        if let Failure::Typed(error) = &failure {
            assert_eq!(error.exit_code(), 2);
        }
        let error = failure.shown();
        assert!(error.starts_with("error: ") && error.contains(said), "{policy}: {error}");
        assert!(error.contains("--on-full"), "{policy}: {error}");
    }
}
