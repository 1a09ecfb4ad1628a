//! `--compare`: policies side by side in one pass come to what each comes to alone, and the ledger
//! to what the counters say.

use serde_json::Value;

use super::made::{Files, MAIL_RELAY, json, line, summary};
use super::outputs::{documented, names};
use super::{Failure, keeptrack};

/// Half of the entries that the mail relay has at its peak.
const HALF: &str = "671";
/// Every policy there is.
const POLICIES: [&str; 11] = [
    "refuse",
    "early-drop",
    "ranked",
    "adaptive",
    "linux",
    "pf",
    "ovs",
    "cilium",
    "opte",
    "vpp",
    "esp-nat",
];

fn number(object: &Value, field: &str) -> u64 {
    object[field].as_u64().unwrap_or_else(|| panic!("{field} of {object}"))
}

/// The only run of each policy.
fn runs(object: &Value) -> Vec<(&str, &Value)> {
    let rows = object["policies"].as_array().unwrap().iter();
    rows.map(|row| (row["policy"].as_str().unwrap(), &row["runs"][0])).collect()
}

#[test]
fn all_policies_stand_in_one_table() {
    let text = summary(&[MAIL_RELAY, "-m", HALF, "--compare"]);
    let (_, table) = text.split_once("  accepted  ").expect("the heading");
    for policy in POLICIES {
        line(table, &format!("  {policy}"));
    }
    line(&text, "limit 671 (--max)");
    line(&text, "\u{b1}");
    line(table, "linux:buckets=671,seed=0");
    line(table, "as many buckets as entries (671)");
    for row in text.lines().filter(|row| !row.starts_with('!')).skip(1) {
        assert!(row.chars().count() <= 100, "{row}");
    }
}

#[test]
fn the_ledger_agrees_with_the_counters_to_the_packet() {
    for max in [HALF, "100"] {
        let object = json(&[MAIL_RELAY, "-m", max, "--compare"]);
        for (policy, run) in runs(&object) {
            let (ledger, counters) = (&run["ledger"], &run["counters"]);
            let refused = ["drop", "source_full", "zone_full", "chaintoolong"];
            let refused: u64 = refused.iter().map(|field| number(counters, field)).sum();
            assert_eq!(number(ledger, "refused"), refused, "{policy}");
            assert_eq!(number(run, "drop"), refused, "{policy}");
            let of_linux = policy.starts_with("linux:") && max != HALF;
            assert_eq!(number(run, "drop_invalid") > 0, of_linux, "{policy}");
            let same = [("bypassed", "bypass"), ("evicted", "early_drop"), ("shrunk", "shrunk")];
            for (told, counted) in same {
                assert_eq!(ledger[told], counters[counted], "{policy} {told}");
                assert_eq!(run[counted], counters[counted], "{policy} {counted}");
            }
            let hurt = run["hurt_by_class"].as_object().unwrap().values();
            let hurt: u64 = hurt.map(|class| number(class, "connections")).sum();
            assert_eq!(hurt, number(run, "hurt"), "{policy}");
        }
    }
}

#[test]
fn half_a_table_tells_about_how_large_it_should_have_been() {
    let needed = number(&json(&[MAIL_RELAY]), "peak_entries");
    let object = json(&[MAIL_RELAY, "-m", HALF, "--compare"]);
    for (policy, run) in runs(&object) {
        let share = number(run, "would_need") * 100 / needed;
        assert!((80..=120).contains(&share), "{policy}: {share} % of {needed}");
    }
}

#[test]
fn side_by_side_is_as_alone() {
    let object = json(&[MAIL_RELAY, "-m", HALF, "--compare"]);
    let runs = runs(&object);
    assert_eq!(runs.len(), POLICIES.len());
    for (policy, run) in runs {
        let alone = json(&[MAIL_RELAY, "-m", HALF, "--on-full", policy]);
        let same = [
            ("accepted", "connections"),
            ("drop", "drop"),
            ("bypass", "bypass"),
            ("early_drop", "early_drop"),
            ("shrunk", "shrunk"),
            ("peak_entries", "peak_entries"),
        ];
        for (here, there) in same {
            assert_eq!(run[here], alone[there], "{policy} {here}");
        }
        assert_eq!(alone["policy"], policy);
        assert_eq!(run["first_drop"].is_null(), alone["first_drop"].is_null(), "{policy}");
    }
}

#[test]
fn a_table_that_is_large_enough_hurts_nobody_whatever_the_policy() {
    let object = json(&[MAIL_RELAY, "-m", "4k", "--compare"]);
    // ESP-IDF translates nothing at loopback, and so has no entries for it.
    for (policy, run) in runs(&object).into_iter().filter(|(policy, _)| *policy != "esp-nat") {
        // pf shrinks no timeout below 60 %, and Linux counts whom it has not collected yet.
        for field in ["drop", "bypass", "early_drop", "shrunk", "hurt"] {
            assert_eq!(number(run, field), 0, "{policy} {field}");
        }
        assert_eq!(run["first_full"], Value::Null, "{policy}");
    }
}

#[test]
fn several_seeds_are_one_row_with_the_least_and_the_most() {
    let words = [MAIL_RELAY, "-m", HALF, "--compare", "linux:buckets=1024,seed=7,seeds=3,refuse"];
    let object = json(&words);
    let row = &object["policies"][0];
    assert_eq!(
        (&row["policy"], &row["buckets"]),
        (&"linux:buckets=1024,seed=7,seeds=3".into(), &1024.into())
    );
    let runs = row["runs"].as_array().unwrap();
    let seeds: Vec<_> = runs.iter().map(|run| number(run, "seed")).collect();
    assert_eq!(seeds, [7, 8, 9]);
    let accepted: Vec<_> = runs.iter().map(|run| number(run, "accepted")).collect();
    let (least, most) = (accepted.iter().min().unwrap(), accepted.iter().max().unwrap());
    assert!(least < most, "{accepted:?}");
    let text = summary(&words);
    let (_, told) = text.split_once("  linux:buckets=1024,seed=7,seeds=3\n").expect("a row");
    let told = told.lines().next().unwrap().replace(',', "");
    assert!(told.contains(&format!(" {least}..{most} ")), "{told}");
}

#[test]
fn a_forecast_for_linux_says_its_buckets_and_warns_of_too_many() {
    let files = Files::new();
    let sysctl = files.with("sysctl.txt", "net.netfilter.nf_conntrack_buckets = 4096\n");
    let cases: [(&[&str], &str); 3] = [
        (&["--buckets", "4096"], "linux:buckets=4096,seed=0"),
        (&["-c", &sysctl], "linux:buckets=4096,seed=0"),
        (&["--buckets", "16k", "-c", &sysctl], "linux:buckets=16384,seed=0"),
    ];
    for (words, policy) in cases {
        let words = [&[MAIL_RELAY, "-m", HALF, "--compare", "linux,refuse"], words].concat();
        let object = json(&words);
        assert_eq!(object["policies"][0]["policy"], policy);
        let notes = object["notes"].as_array().unwrap();
        let warns = |note: &Value| note.as_str().unwrap().starts_with("more buckets (");
        assert!(notes.iter().any(warns), "{notes:?}");
        line(&summary(&words), "! more buckets (");
    }
    let object = json(&[MAIL_RELAY, "-m", HALF, "--compare", "linux:buckets=512"]);
    assert_eq!(object["policies"][0]["buckets"], 512);
    assert!(!object["notes"].to_string().contains("buckets"), "{}", object["notes"]);
}

#[test]
fn the_fields_are_documented() {
    let object = json(&[MAIL_RELAY, "-m", HALF, "--compare", "linux,ranked"]);
    assert_eq!(names(&object), documented("### `-o json` of a comparison"));
    let row = &object["policies"][0];
    assert_eq!(names(row), documented("#### `policies`"));
    assert_eq!(names(&row["runs"][0]), documented("#### `runs`"));
}

#[test]
fn what_cannot_be_compared_is_refused_with_what_to_do() {
    let files = Files::new();
    let log = files.with(
        "events.log",
        "[1795355110.000000]\t    [NEW] udp      17 30 src=192.0.2.1 dst=198.51.100.2 sport=1 \
         dport=53 [UNREPLIED] src=198.51.100.2 dst=192.0.2.1 sport=53 dport=1\n",
    );
    let refused = |words: &[&str]| -> String {
        let ran = keeptrack(&[&["replay", "-q"], words].concat());
        assert_eq!(ran.stdout, b"");
        let failure = ran.end.expect_err("an error");
        if let Failure::Typed(error) = &failure {
            assert_eq!(error.exit_code(), 2);
        }
        failure.shown()
    };
    let cases: [(&[&str], &str); 8] = [
        (&[MAIL_RELAY, "--compare"], "a table without a limit is never full\nhelp: give it one"),
        (&[MAIL_RELAY, "-m", "9", "--compare", "-o", "events"], "-o events is of one table"),
        (&[MAIL_RELAY, "-m", "9", "--compare", "refuse", "--on-full", "ranked"], "cannot be used"),
        (&[MAIL_RELAY, "-m", "9", "--compare", "refuse,rankd"], "did you mean `ranked`?"),
        (&[MAIL_RELAY, "-m", "9", "--compare", "refuse,refuse"], "`refuse` comes twice"),
        (&[MAIL_RELAY, "-m", "9", "--compare", "source=5"], "write its name first"),
        (&[&log, "-m", "9", "--compare", "refuse,ranked"], "an event log has no packets"),
        (&[&log, "-m", "9", "--on-full", "linux"], "an event log has no packets"),
    ];
    for (words, said) in cases {
        let error = refused(words);
        assert!(error.starts_with("error: ") && error.contains(said), "{words:?}: {error}");
    }
}
