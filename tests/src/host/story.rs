//! The story: a mail relay's table is full, and a third of it is the host talking to itself.

use keeptrack::Outcome;
use serde_json::Value;

use super::keeptrack;
use super::made::{Files, MAIL_RELAY, json, line, summary};

/// The most entries that Linux 6.18 had at once when this capture was passed through it.
const PEAK: u64 = 1_342;
/// The most of them at once that were not of loopback connections.
const PEAK_WITHOUT_LOOPBACK: u64 = 872;
/// Packets that were captured at `lo`.
const LOOPBACK_PACKETS: u64 = 1_878;

/// The rule as the story's admin wrote it.
const NOTRACK_ON_ARRIVAL: &str = "iptables -t raw -A PREROUTING -i lo -j NOTRACK\n";
/// The rule that keeps loopback connections out.
const NOTRACK_ON_SENDING: &str = "iptables -t raw -A OUTPUT -o lo -j NOTRACK\n";

fn number(object: &Value, field: &str) -> u64 {
    object[field].as_u64().unwrap_or_else(|| panic!("{field} is {}", object[field]))
}

/// The entries of loopback connections at the peak.
fn loopback(object: &Value) -> u64 {
    let holders = object["at_peak"].as_array().unwrap().iter();
    let of_loopback = holders.filter(|holder| holder["loopback"] == true);
    of_loopback.map(|holder| number(holder, "entries")).sum()
}

#[test]
fn without_a_limit_the_peak_is_the_kernels() {
    let object = json(&[MAIL_RELAY]);
    assert_eq!(number(&object, "peak_entries"), PEAK);
    assert_eq!(object["max"], Value::Null);
    assert_eq!(object["first_full"], Value::Null);
    let holders = object["at_peak"].as_array().unwrap().iter();
    assert_eq!(holders.map(|holder| number(holder, "entries")).sum::<u64>(), PEAK);
    assert!((25..=45).contains(&(loopback(&object) * 100 / PEAK)), "about a third");
    let text = summary(&[MAIL_RELAY]);
    assert!(text.contains("A table of 1,342 entries holds this traffic"), "{text}");
}

#[test]
fn a_table_of_the_peaks_size_drops_nothing() {
    let max = PEAK.to_string();
    let object = json(&[MAIL_RELAY, "--max", &max]);
    assert_eq!(number(&object, "drop"), 0);
    assert_eq!(number(&object, "peak_entries"), PEAK);
    // It is full for a moment, and that is no harm.
    assert_eq!(object["first_full"], object["peak_time"]);
    assert_eq!(object["first_drop"], Value::Null);
    let text = summary(&[MAIL_RELAY, "--max", &max]);
    line(&text, "Nothing dropped: peak 1,342/1,342 (100.0%)");
    let ran = keeptrack(&["replay", "-q", MAIL_RELAY, "--max", &max, "--check"]);
    assert_eq!(ran.end.unwrap(), Outcome::Done);
}

#[test]
fn one_entry_less_drops_and_says_when_and_what() {
    let max = (PEAK - 1).to_string();
    let words = [MAIL_RELAY, "--max", &max, "--on-full", "refuse"];
    let object = json(&words);
    let dropped = number(&object, "drop");
    assert!((1..100).contains(&dropped), "{dropped}");
    assert_eq!(number(&object, "peak_entries"), PEAK - 1);
    // It is the packet that would have made the peak's last entry.
    let unlimited = json(&[MAIL_RELAY]);
    assert_eq!(object["first_drop"], unlimited["peak_time"]);
    let times = ["first_packet", "first_full", "first_drop", "last_drop", "last_packet"];
    let times = times.map(|field| object[field].as_f64().unwrap());
    assert!(times.is_sorted(), "{times:?}");
    let services = object["dropped"].as_array().unwrap();
    assert_eq!(services.iter().map(|service| number(service, "dropped")).sum::<u64>(), dropped);

    let text = summary(&words);
    assert!(line(&text, "Table full for").contains(&format!("{dropped} of 9,496 packets dropped")));
    line(&text, "first full 16:35:15.832 UTC (+1m07s)");
    line(&text, "first drop 16:35:15.848   last drop 16:35:15.930   peak 1,341/1,341");
    let (_, table) = text.split_once("\n  dropped").unwrap();
    for service in services {
        line(table, service["service"].as_str().unwrap());
    }
    let ran = keeptrack(&[&["replay", "-q", "--check"], &words[..]].concat());
    assert_eq!(ran.end.unwrap(), Outcome::Finding);
}

#[test]
fn notrack_on_arrival_matches_and_comes_too_late() {
    let files = Files::new();
    let rules = files.with("raw.sh", NOTRACK_ON_ARRIVAL);
    let object = json(&[MAIL_RELAY, "-r", &rules]);
    let [rule] = object["rules"].as_array().unwrap().as_slice() else { panic!("one rule") };
    assert_eq!(rule["hook"], "PREROUTING");
    let counts = ["matched", "effective", "too_late"].map(|field| number(rule, field));
    assert_eq!(counts, [LOOPBACK_PACKETS, 0, LOOPBACK_PACKETS]);
    let without = json(&[MAIL_RELAY]);
    for field in ["peak_entries", "connections", "tracked", "untracked", "at_peak"] {
        assert_eq!(object[field], without[field], "{field}");
    }

    let text = summary(&[MAIL_RELAY, "-r", &rules]);
    line(&text, "raw.sh:1  iptables -t raw -A PREROUTING -i lo -j NOTRACK");
    line(&text, "at PREROUTING: 1,878 packets matched, 0 untracked");
    line(&text, "1,878 of them had been tracked before: a looping packet crosses OUTPUT first");
    line(&text, "The rule that keeps them out: -A OUTPUT -o lo -j NOTRACK");
}

#[test]
fn notrack_on_sending_takes_loopbacks_share_off_the_peak() {
    let files = Files::new();
    let rules = files.with("raw.sh", NOTRACK_ON_SENDING);
    let without = json(&[MAIL_RELAY]);
    let object = json(&[MAIL_RELAY, "-r", &rules]);
    assert_eq!(number(&object, "peak_entries"), PEAK_WITHOUT_LOOPBACK);
    assert_eq!(loopback(&object), 0);
    // The peak of the rest comes at a moment of its own, so it may be a little higher.
    let rest = PEAK - loopback(&without);
    assert!((rest..rest + rest / 50).contains(&PEAK_WITHOUT_LOOPBACK), "{rest}");
    assert_eq!(
        number(&object, "untracked"),
        number(&without, "untracked") + LOOPBACK_PACKETS,
        "every packet at lo is untracked, and no other"
    );
    let max = PEAK_WITHOUT_LOOPBACK.to_string();
    assert_eq!(number(&json(&[MAIL_RELAY, "-r", &rules, "--max", &max]), "drop"), 0);
    let text = summary(&[MAIL_RELAY, "-r", &rules]);
    line(&text, "at OUTPUT: 1,878 packets matched, 1,878 untracked");
    assert!(!text.contains("loopback"), "{text}");
}

#[test]
fn no_result_depends_on_the_hash_seed() {
    for format in ["packets", "json", "summary"] {
        let result = |seed: &str| {
            let words =
                ["replay", "-q", MAIL_RELAY, "-m", "500", "-o", format, "--hash-seed", seed];
            let ran = keeptrack(&words);
            ran.end.unwrap();
            ran.stdout
        };
        let fixed = result("0");
        for seed in ["1", "18446744073709551615", "random"] {
            assert!(fixed == result(seed), "{format} differs with the seed {seed}");
        }
    }
}

#[test]
fn every_packet_is_counted_once() {
    let files = Files::new();
    let sending = files.with("sending.sh", NOTRACK_ON_SENDING);
    let dropping = files.with("dropping.sh", "iptables -t raw -A PREROUTING -p udp -j DROP\n");
    let runs: [&[&str]; 4] = [
        &[],
        &["-m", "300"],
        &["-m", "300", "-r", &sending],
        &["-m", "300", "-r", &sending, "-r", &dropping],
    ];
    for words in runs {
        let object = json(&[&[MAIL_RELAY], words].concat());
        let fates = ["tracked", "untracked", "invalid", "drop", "raw_drop", "skipped"];
        let sum: u64 = fates.iter().map(|fate| number(&object, fate)).sum();
        assert_eq!(sum, number(&object, "packets"), "{words:?}");
        let ended = object["ended_by"].as_object().unwrap().values();
        let ended: u64 = ended.map(|count| count.as_u64().unwrap()).sum();
        let made = number(&object, "connections");
        assert_eq!(made, ended + number(&object, "entries_end"), "{words:?}");
        let reasons = object["invalid_by"].as_object().unwrap().values();
        let reasons: u64 = reasons.map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(number(&object, "invalid"), reasons, "{words:?}");
    }
}

#[test]
fn what_the_summary_says_to_try_can_be_pasted() {
    let files = Files::new();
    let text = summary(&[MAIL_RELAY, "--max", "2048"]);
    let (_, next) = text.split_once("\nnext:  ").unwrap();
    let mut lines = next.lines().skip(1).map(str::trim);
    let rule = lines.next().unwrap().strip_prefix("echo '").unwrap();
    let (rule, file) = rule.split_once("' > ").unwrap();
    let rules = files.with(file, rule);
    let words = lines.next().unwrap().strip_prefix("keeptrack replay ").unwrap();
    let words: Vec<_> =
        words.split(' ').map(|word| if word == file { &rules } else { word }).collect();
    let tried = json(&words);
    assert_eq!((number(&tried, "peak_entries"), loopback(&tried)), (PEAK_WITHOUT_LOOPBACK, 0));
}

#[test]
fn a_full_table_leads_to_advice() {
    let text = summary(&[MAIL_RELAY, "--max", "1024"]);
    let (_, next) = text.split_once("\nnext:  keeptrack ").unwrap();
    let (words, why) = next.split_once("   (").unwrap();
    assert_eq!((words.split(' ').next(), why), (Some("advise"), "what to change)\n"));
    let ran = keeptrack(&words.split(' ').collect::<Vec<_>>());
    assert_eq!(ran.end.unwrap(), Outcome::Done);
    line(&String::from_utf8(ran.stdout).unwrap(), "A   NOTRACK loopback (lo)");
}
