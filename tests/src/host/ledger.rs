//! `-o ledger`: whom a full table hurt, to the packet, and what became of them.

use std::collections::{BTreeMap, BTreeSet};

use keeptrack_core::{Protocol, TcpFlags};
use serde_json::{Map, Value};

use super::keeptrack;
use super::made::{Files, MAIL_RELAY, RAW, line, pcap, summary};
use crate::frames::{CLIENT, SERVER, ip, tcp, udp};

/// The page that describes the lines.
const PAGE: &str = include_str!("../../../docs/formats.md");

/// Every policy, and what makes each of its ways to hurt somebody happen.
const POLICIES: [&str; 14] = [
    "refuse",
    "refuse:source=40",
    "early-drop",
    "ranked",
    "ranked:source=100,reserve=none",
    "adaptive",
    "adaptive:start=50%,end=100%",
    "linux:buckets=512",
    "pf",
    "ovs",
    "cilium",
    "opte",
    "vpp",
    "esp-nat",
];

type Line = Map<String, Value>;

/// A run, all that it told.
struct Told {
    ledger: Vec<Line>,
    packets: Vec<Line>,
    json: Value,
    /// The counters of the table, as `conntrack -S` has them.
    stats: BTreeMap<String, u64>,
}

impl Told {
    fn of(words: &[&str]) -> Self {
        let files = Files::new();
        let names = ["ledger", "packets", "json", "stats"];
        let outputs = names.map(|name| format!("{name}={}", files.path(name)));
        let outputs = outputs.iter().flat_map(|output| ["-o", output]);
        let words: Vec<_> = ["replay", "-q"].iter().chain(words).copied().chain(outputs).collect();
        keeptrack(&words).end.unwrap();
        let counter = |pair: &str| {
            let (name, count) = pair.split_once('=')?;
            Some((name.to_owned(), count.trim().parse().ok()?))
        };
        Self {
            ledger: lines(&files.text("ledger")),
            packets: lines(&files.text("packets")),
            json: serde_json::from_str(&files.text("json")).unwrap(),
            stats: files.text("stats").split_whitespace().filter_map(counter).collect(),
        }
    }

    /// The lines of that kind.
    fn kind(&self, kind: &str) -> impl Iterator<Item = &Line> {
        self.ledger.iter().filter(move |line| line["ledger"] == kind)
    }

    fn count(&self, kind: &str) -> u64 {
        self.kind(kind).count() as u64
    }

    /// Packets that were refused, by the lines about them and those about what came later.
    fn refused(&self) -> u64 {
        let later = self.kind("aftermath").filter_map(|line| line.get("refused"));
        self.count("refused") + later.map(|count| count.as_u64().unwrap()).sum::<u64>()
    }

    /// The sum of a field of all classes of the summary.
    fn classes(&self, harm: &str, field: &str) -> u64 {
        let classes = self.json["hurt"]["classes"].as_array().unwrap().iter();
        let classes = classes.filter(|class| class["harm"] == harm);
        classes.map(|class| class[field].as_u64().unwrap()).sum()
    }
}

fn lines(text: &str) -> Vec<Line> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn number(object: &Value, field: &str) -> u64 {
    object[field].as_u64().unwrap_or_else(|| panic!("{field} is {}", object[field]))
}

#[test]
fn the_ledger_agrees_with_the_counters_to_the_packet_whatever_the_policy() {
    for policy in POLICIES {
        for words in [&["-m", "671"][..], &["-m", "300", "--ledger-max", "20"]] {
            let words = [&[MAIL_RELAY, "--on-full", policy], words].concat();
            let told = Told::of(&words);
            let (refused, drop, bypass) =
                (told.refused(), number(&told.json, "drop"), number(&told.json, "bypass"));
            assert!(told.json["hurt"]["connections"] != 0, "{words:?}");
            assert_eq!(refused, drop + bypass, "{words:?}");
            assert_eq!(told.classes("refused", "times"), refused, "{words:?}");
            assert_eq!(told.classes("refused", "bypassed"), bypass, "{words:?}");
            let early_drop = number(&told.json, "early_drop");
            for (harm, count) in [("evicted", early_drop), ("shrunk", number(&told.json, "shrunk"))]
            {
                assert_eq!(told.count(harm), count, "{harm} {words:?}");
                assert_eq!(told.classes(harm, "times"), count, "{harm} {words:?}");
            }
            // The counters of the table itself.
            let caps = number(&told.json, "source_full") + number(&told.json, "zone_full");
            let of_table = told.stats["drop"] + caps + told.stats["chaintoolong"];
            assert_eq!(of_table, drop, "{words:?}");
            let collected = number(&told.json, "collected");
            assert_eq!(told.stats["early_drop"] + collected, early_drop, "{words:?}");
            let rules = told.json["hurt"]["classes"].as_array().unwrap().iter();
            let of_collector = rules.filter(|row| row["rule"] == "collector, nearly full");
            let of_collector: u64 = of_collector.map(|row| number(row, "times")).sum();
            assert!(!policy.starts_with("linux") || of_collector == collected, "{words:?}");
        }
    }
}

#[test]
fn each_refused_packet_is_of_one_connection_and_each_connection_has_one_aftermath() {
    for policy in ["refuse", "ranked", "early-drop"] {
        let told = Told::of(&[MAIL_RELAY, "-m", "300", "--on-full", policy]);
        let dropped: BTreeSet<u64> = told
            .packets
            .iter()
            .filter(|line| line["v"] == "dropped")
            .map(|line| line["i"].as_u64().unwrap())
            .collect();
        let first = told.kind("refused").map(|line| line["i"].as_u64().unwrap());
        assert!(first.collect::<BTreeSet<_>>().is_subset(&dropped), "{policy}");
        let mut hurt = BTreeMap::new();
        for line in &told.ledger {
            let id = line["id"].as_u64().unwrap();
            let (harms, ends) = hurt.entry(id).or_insert((0, 0));
            match line["ledger"].as_str().unwrap() {
                "aftermath" => *ends += 1,
                "refused" => {
                    assert_eq!(*harms, 0, "{line:?}");
                    *harms += 1;
                }
                _ => {
                    assert_eq!(line.contains_key("again"), *harms > 0, "{line:?}");
                    *harms += 1;
                }
            }
            assert!(*ends == 0 || line["ledger"] == "aftermath", "{line:?}");
        }
        assert!(hurt.values().all(|&(harms, ends)| harms > 0 && ends == 1), "{policy}");
        let ids: Vec<u64> = hurt.into_keys().collect();
        assert_eq!(ids, (0..ids.len() as u64).collect::<Vec<_>>());
        assert_eq!(number(&told.json["hurt"], "connections"), ids.len() as u64);
    }
}

#[test]
fn a_connection_is_hurt_before_it_is_told_what_became_of_it() {
    // Cilium takes many at once, and a seat of the sample changes hands meanwhile.
    for policy in ["cilium", "pf", "ranked", "linux:buckets=512"] {
        let told = Told::of(&[MAIL_RELAY, "-m", "100", "--on-full", policy, "--ledger-max", "7"]);
        let mut is_over = BTreeMap::new();
        // An INVALID packet is of no hurt connection.
        for line in told.ledger.iter().filter(|line| line.contains_key("id")) {
            let id = line["id"].as_u64().unwrap();
            let is_aftermath = line["ledger"] == "aftermath";
            assert_eq!(is_over.get(&id), is_aftermath.then_some(&false), "{policy}: {line:?}");
            is_over.insert(id, is_aftermath);
        }
        assert!(told.kind("aftermath").any(|line| line["end"] == "sampled_out"), "{policy}");
    }
}

/// The names in the first column of the table below a heading of the page.
fn documented(heading: &str) -> BTreeSet<&'static str> {
    let (_, section) = PAGE.split_once(&format!("\n{heading}\n")).expect("the heading");
    let lines = section.lines().take_while(|line| !line.starts_with('#'));
    let cells = lines.filter_map(|line| Some(line.strip_prefix("| ")?.split_once(" | ")?.0));
    cells.flat_map(|names| names.split(", ")).map(|name| name.trim_matches('`')).collect()
}

#[test]
fn the_fields_of_the_ledger_are_documented_and_no_others() {
    let mut met = BTreeMap::<_, BTreeSet<String>>::new();
    for policy in ["refuse", "ranked", "adaptive:start=50%,end=100%", "ovs"] {
        for line in Told::of(&[MAIL_RELAY, "-m", "300", "--on-full", policy]).ledger {
            for name in ["conn", "for"].iter().filter_map(|part| line.get(*part)) {
                let names = name.as_object().unwrap().keys().cloned();
                met.entry("### `conn`, `for`").or_default().extend(names);
            }
            let heading = match line["ledger"].as_str().unwrap() {
                "aftermath" => "### `aftermath`",
                _ => "### `refused`, `evicted`, `shrunk`",
            };
            met.entry(heading).or_default().extend(line.keys().cloned());
        }
    }
    for (heading, names) in met {
        let documented = documented(heading);
        for name in names {
            assert!(documented.contains(name.as_str()), "{name} below {heading}");
        }
    }
}

#[test]
fn no_line_depends_on_the_hash_seed() {
    for policy in ["refuse", "ranked"] {
        let ledger = |seed: &str| {
            let words = ["replay", "-q", MAIL_RELAY, "-m", "500", "-o", "ledger", "--on-full"];
            let ran = keeptrack(&[&words[..], &[policy, "--hash-seed", seed]].concat());
            ran.end.unwrap();
            ran.stdout
        };
        let fixed = ledger("0");
        assert!(!fixed.is_empty(), "{policy}");
        for seed in ["1", "18446744073709551615"] {
            assert!(ledger(seed) == fixed, "{policy} with the seed {seed}");
        }
    }
}

#[test]
fn of_more_than_can_be_followed_a_sample_is() {
    let all = Told::of(&[MAIL_RELAY, "-m", "300", "--on-full", "ranked"]);
    let max = 100;
    let words = [MAIL_RELAY, "-m", "300", "--on-full", "ranked", "--ledger-max", "100"];
    let some = Told::of(&words);
    let hurt = &some.json["hurt"];
    assert_eq!(number(hurt, "followed"), max);
    assert_eq!(number(&hurt["sample"], "followed"), max / 10);
    let known = max + max / 10;
    assert_eq!(number(hurt, "not_followed"), number(hurt, "connections") - known);
    // The first of them are what they are without a limit.
    let first = |told: &Told| -> Vec<Line> {
        let is_first = |line: &&Line| line["id"].as_u64().unwrap() < max;
        told.ledger.iter().filter(is_first).cloned().collect()
    };
    assert_eq!(first(&some), first(&all));
    assert_eq!(some.ledger, Told::of(&words).ledger, "the choice is the same in every run");
    let text = summary(&words);
    line(&text, "were not followed, and of");
}

/// A capture of a table of two entries, which are taken when a third connection asks for one.
fn udp_at(time_ms: u32, port: u16) -> (u32, Vec<u8>) {
    (time_ms, ip(Protocol::UDP, CLIENT, SERVER, &udp(port, 53)))
}

/// A TCP segment between a port of the client's and the server's 80.
fn tcp_at(time_ms: u32, port: u16, flags: TcpFlags, numbers: (u32, u32)) -> (u32, Vec<u8>) {
    (time_ms, ip(Protocol::TCP, CLIENT, SERVER, &tcp((port, 80), flags, numbers)))
}

/// The same from the server.
fn tcp_back(time_ms: u32, port: u16, flags: TcpFlags, numbers: (u32, u32)) -> (u32, Vec<u8>) {
    (time_ms, ip(Protocol::TCP, SERVER, CLIENT, &tcp((80, port), flags, numbers)))
}

fn told(frames: &[(u32, Vec<u8>)], policy: &str) -> Told {
    let files = Files::new();
    let capture = files.with("made.pcap", pcap(RAW, frames));
    Told::of(&[&capture, "-m", "2", "--on-full", policy])
}

#[test]
fn a_refused_retry_is_a_packet_of_the_same_connection_until_it_gets_in() {
    let told = told(
        &[
            udp_at(0, 1),
            udp_at(0, 2),
            udp_at(1_000, 3),
            udp_at(2_000, 3),
            udp_at(31_000, 3),
            udp_at(70_000, 4),
        ],
        "refuse",
    );
    let [refused, aftermath] = told.ledger.as_slice() else { panic!("{:?}", told.ledger) };
    assert_eq!((&refused["ledger"], &refused["i"]), (&"refused".into(), &2.into()));
    assert_eq!((&refused["t"], &refused["conn"]["sport"]), (&1.0.into(), &3.into()));
    assert_eq!((&aftermath["first"], &aftermath["last"]), (&2.0.into(), &31.0.into()));
    assert_eq!((&aftermath["refused"], &aftermath["in"]), (&1.into(), &31.0.into()));
    assert_eq!(aftermath["packets"], Value::from(vec![2, 0]));
    assert_eq!((&aftermath["end"], &aftermath["t"]), (&"left".into(), &61.0.into()));
    let hurt = &told.json["hurt"];
    for (field, count) in [("connections", 1), ("live", 0), ("got_in", 1), ("spoke_again", 1)] {
        assert_eq!(hurt[field], count, "{field}");
    }
}

#[test]
fn who_is_silent_for_as_long_as_it_would_have_lived_is_another_connection_afterwards() {
    let told = told(
        &[
            udp_at(0, 1),
            udp_at(0, 2),
            udp_at(1_000, 3),
            udp_at(29_000, 1),
            udp_at(29_000, 2),
            udp_at(31_500, 3),
        ],
        "refuse",
    );
    let ends: Vec<_> = told.kind("aftermath").map(|line| (&line["id"], &line["end"])).collect();
    assert_eq!(told.count("refused"), 2);
    assert_eq!(ends, [(&0.into(), &"silent".into()), (&1.into(), &"capture".into())]);
}

#[test]
fn a_victim_and_its_newcomer_are_told_and_what_came_of_it() {
    let told = told(
        &[
            tcp_at(0, 1, TcpFlags::SYN, (100, 0)),
            tcp_at(2_000, 2, TcpFlags::SYN, (100, 0)),
            udp_at(4_000, 3),
            // An answer to a connection that nobody knows is INVALID; its middle is picked up.
            tcp_back(4_100, 1, TcpFlags::SYN | TcpFlags::ACK, (500, 101)),
            tcp_at(4_200, 1, TcpFlags::ACK, (101, 501)),
        ],
        "ranked:source=none",
    );
    let victims: Vec<_> = told.kind("evicted").collect();
    let victim = victims[0];
    assert_eq!((&victim["rule"], &victim["class"]), (&"unreplied".into(), &"unreplied".into()));
    assert_eq!((&victim["conn"]["sport"], &victim["for"]["sport"]), (&1.into(), &3.into()));
    assert_eq!((&victim["i"], &victim["st"]), (&2.into(), &"SYN_SENT".into()));
    assert_eq!((&victim["age"], &victim["idle"]), (&4.0.into(), &4.0.into()));
    assert_eq!(victim["packets"], Value::from(vec![1, 0]));
    assert_eq!(victim["bytes"], Value::from(vec![40, 0]));
    let aftermath = told.kind("aftermath").find(|line| line["id"] == 0).unwrap();
    assert_eq!((&aftermath["invalid"], &aftermath["picked_up"]), (&1.into(), &1.into()));
    assert_eq!(aftermath["packets"], Value::from(vec![1, 1]));
    assert_eq!(aftermath["in"], 4.2);
    // It is answered, so somebody misses it.
    assert!(number(&told.json["hurt"], "live") >= 1);
}

#[test]
fn a_disk_without_room_is_told() {
    if cfg!(target_os = "linux") {
        let ran = keeptrack(&["replay", "-q", MAIL_RELAY, "-m", "300", "-o", "ledger=/dev/full"]);
        let message = ran.end.unwrap_err().shown();
        assert!(message.contains("/dev/full: "), "{message}");
    }
}

#[test]
fn who_filled_the_table_adds_up() {
    let told = Told::of(&[MAIL_RELAY, "-m", "671"]);
    let filled = &told.json["filled"];
    let sum = |list: &str, field: &str| -> u64 {
        filled[list].as_array().unwrap().iter().map(|held| number(held, field)).sum()
    };
    assert_eq!(filled["sources_exact"], true);
    assert!(sum("services", "entry_seconds") <= number(filled, "entry_seconds"));
    assert!(sum("services", "at_peak") <= 671 && sum("sources", "at_peak") <= 671);

    // Two entries of 30 s, and one of 10 s that the capture cuts off.
    let files = Files::new();
    let frames = [udp_at(0, 1), udp_at(5_000, 2), udp_at(40_000, 3), udp_at(50_000, 4)];
    let capture = files.with("held.pcap", pcap(RAW, &frames));
    let Told { json, .. } = Told::of(&[&capture]);
    assert_eq!(number(&json["filled"], "entry_seconds"), 70);
    let holder = serde_json::json!(
        {"name": "192.0.2.1", "entry_seconds": 70, "at_peak": 2, "at_first_drop": 0}
    );
    assert_eq!(json["filled"]["sources"], Value::from(vec![holder]));
}
