//! `keeptrack sweep`: every cell is what a replay with its settings comes to, and what is made of the
//! cells follows from them.

use serde_json::Value;

use super::made::{Files, MAIL_RELAY, json as replay, line};
use super::outputs::{documented_in, names};
use super::page::SWEEP;
use super::{Failure, Ran, keeptrack};

/// Half of what the mail relay has at its peak, that, and twice as much.
const SIZES: &str = "max=671,1342,2684";

/// What a sweep of the mail relay writes.
fn swept(format: &str, words: &[&str]) -> String {
    let Ran { end, stdout } =
        keeptrack(&[&["sweep", "-q", MAIL_RELAY, "-o", format], words].concat());
    end.unwrap();
    String::from_utf8(stdout).unwrap()
}

fn json(words: &[&str]) -> Value {
    serde_json::from_str(&swept("json", words)).unwrap()
}

fn settings(object: &Value) -> &[Value] {
    object["settings"].as_array().unwrap()
}

fn number(object: &Value, field: &str) -> u64 {
    object[field].as_u64().unwrap_or_else(|| panic!("{field} of {object}"))
}

/// Packets that got no entry.
fn refused(setting: &Value) -> u64 {
    number(setting, "drop") + number(setting, "bypass")
}

/// What a limit cost.
fn lost(setting: &Value) -> u64 {
    let cut = number(setting, "cut_alive");
    refused(setting) + cut.saturating_sub(number(setting, "cut_alive_by_timeouts"))
}

/// The combinations of a setting that has that value.
fn with<'s>(object: &'s Value, key: &'s str, value: impl Into<Value>) -> Vec<&'s Value> {
    let value = value.into();
    settings(object).iter().filter(|setting| setting["values"][key] == value).collect()
}

/// That a combination is what a replay with its settings comes to.
fn assert_is_replay(setting: &Value, words: &[&str]) {
    let max = setting["max"].to_string();
    let mut typed = vec![MAIL_RELAY.to_owned()];
    if !setting["max"].is_null() {
        let policy = setting["policy"].as_str().unwrap();
        typed.extend(["-m", &max, "--on-full", policy].map(str::to_owned));
    }
    for (key, value) in setting["values"].as_object().unwrap() {
        if key.contains("timeout") {
            typed.extend(["-c".into(), format!("nf_conntrack_{key}={value}")]);
        }
    }
    typed.extend(words.iter().map(|&word| word.to_owned()));
    let alone = replay(&typed.iter().map(String::as_str).collect::<Vec<_>>());
    let same = [
        "max",
        "policy",
        "peak_entries",
        "peak_time",
        "drop",
        "bypass",
        "connections",
        "untracked",
        "entries_end",
        "first_full",
        "full_seconds",
    ];
    for field in same {
        assert_eq!(setting[field], alone[field], "{field}, {typed:?}");
    }
    let early = ["early_drop", "shrunk"].map(|field| alone[field].as_u64().unwrap_or(0));
    assert_eq!(setting["early_drop"], early.iter().sum::<u64>(), "{typed:?}");
}

#[test]
fn every_cell_is_a_replay_with_its_settings() {
    let policies = "on-full=refuse,ranked,early-drop,adaptive,linux:buckets=512,seed=3,cilium";
    let object = json(&[SIZES, policies, "udp_timeout=10,30"]);
    assert_eq!(settings(&object).len(), 36);
    for setting in settings(&object) {
        assert_is_replay(setting, &[]);
    }
}

#[test]
fn rules_tables_and_settings_hold_in_every_cell() {
    let files = Files::new();
    let rules = files.with("raw.rules", "-A OUTPUT -o lo -j NOTRACK\n");
    let open = files.with(
        "open.txt",
        "tcp 6 431999 ESTABLISHED src=192.0.2.1 dst=198.51.100.2 sport=1024 dport=443 \
         src=198.51.100.2 dst=192.0.2.1 sport=443 dport=1024 [ASSURED] mark=0 use=1\n",
    );
    let words = ["-r", &rules, "-s", &open, "--until", "+60", "-c", "nf_conntrack_tcp_loose=0"];
    let limits = [&words[..], &["max=300,3000", "--on-full", "linux", "buckets=1,4096"]].concat();
    let growing = [&words[..], &["tcp_timeout_time_wait=1s,2m"]].concat();
    for words_swept in [limits, growing] {
        let object = json(&words_swept);
        for setting in settings(&object) {
            assert_is_replay(setting, &words);
        }
    }
}

#[test]
fn buckets_that_nobody_says_are_as_many_as_entries() {
    let object = json(&["max=512,1024", "on-full=linux,refuse"]);
    let policies = settings(&object).iter().map(|setting| setting["policy"].as_str().unwrap());
    let expected = ["linux:buckets=512,seed=0", "refuse", "linux:buckets=1024,seed=0", "refuse"];
    assert_eq!(policies.collect::<Vec<_>>(), expected);
    line(&object["notes"].to_string(), "Linux with as many buckets as entries");
    let object = json(&["max=1024", "--on-full", "linux", "--buckets", "1500"]);
    assert_eq!(settings(&object)[0]["policy"], "linux:buckets=1536,seed=0");
    assert_eq!(number(&settings(&object)[0], "linux_bytes"), 1024 * 384 + 1536 * 8);
}

#[test]
fn what_refuse_needs_is_known_to_the_entry() {
    let object = json(&["--on-full", "refuse", "max=256..4k", "udp_timeout=5,30"]);
    let curves = object["capacity"].as_array().unwrap();
    assert_eq!(curves.len(), 2);
    for curve in curves {
        let timeout = &curve["values"]["udp_timeout"];
        let setting = format!("nf_conntrack_udp_timeout={timeout}");
        let dropped = |max: u64| {
            let max = max.to_string();
            let words = [MAIL_RELAY, "-m", &max, "--on-full", "refuse", "-c", &setting];
            number(&replay(&words), "drop")
        };
        let no_loss = &curve["no_loss"];
        assert_eq!(number(no_loss, "enough"), number(curve, "unlimited_peak_entries"));
        assert_eq!(dropped(number(no_loss, "enough")), 0, "{timeout}");
        assert!(dropped(number(no_loss, "too_few")) > 0, "{timeout}");
        let thousandth = number(&object, "packets") / 1000;
        let small = &curve["small_loss"];
        assert!(dropped(number(small, "enough")) <= thousandth, "{timeout}");
        assert!(dropped(number(small, "too_few")) > thousandth, "{timeout}");
    }
}

#[test]
fn sizes_that_were_tried_tell_what_other_policies_need() {
    let object = json(&["max=256..4k", "on-full=ranked,linux", "udp_timeout=5,30"]);
    let packets = number(&object, "packets");
    for curve in object["capacity"].as_array().unwrap() {
        let column: Vec<&Value> = settings(&object)
            .iter()
            .filter(|setting| {
                let values = curve["values"].as_object().unwrap();
                values.iter().all(|(key, value)| setting["values"][key] == *value)
            })
            .collect();
        for (field, most) in [("no_loss", 0), ("small_loss", packets / 1000)] {
            let (too_few, enough) = (&curve[field]["too_few"], &curve[field]["enough"]);
            let enough = enough.as_u64().expect("4k is enough");
            for setting in &column {
                let max = number(setting, "max");
                if max >= enough {
                    assert!(lost(setting) <= most, "{field} {setting}");
                } else if too_few.as_u64() == Some(max) {
                    assert!(lost(setting) > most, "{field} {setting}");
                }
            }
        }
    }
}

#[test]
fn the_cheapest_lose_nothing_and_change_no_more_than_they_must() {
    let words = ["-m", "4096", "max=512..8k", "on-full=refuse,ranked", "udp_timeout=5,10,30,60"];
    let object = json(&words);
    let chosen = object["cheapest"].as_array().unwrap();
    assert_eq!(chosen.len(), 2);
    for choice in chosen {
        let of = with(&object, "on-full", choice["policy"].clone());
        let cheapest = |field: &str, will_do: &dyn Fn(&Value) -> bool| {
            let place = usize::try_from(number(choice, field)).unwrap();
            let found = &settings(&object)[place];
            let bytes = number(found, "linux_bytes");
            let mut will = of.iter().filter(|setting| lost(setting) == 0 && will_do(setting));
            assert!(lost(found) == 0 && will_do(found), "{field} {found}");
            assert!(will.all(|setting| number(setting, "linux_bytes") >= bytes), "{field}");
            found
        };
        let any = cheapest("no_loss", &|_| true);
        let whole = cheapest("no_cut", &|setting| number(setting, "cut_alive") == 0);
        assert_eq!(whole["values"]["udp_timeout"], 30, "as now");
        let free = cheapest("free", &|setting| {
            number(setting, "peak_entries") * 10 <= number(setting, "max") * 6
        });
        assert!(number(any, "max") <= number(whole, "max"));
        assert!(number(any, "max") < number(free, "max"));
    }
    let now: Vec<_> = settings(&object).iter().filter(|it| it["as_now"] == true).collect();
    let [now] = now[..] else { panic!("{now:?}") };
    let expected = serde_json::json!({ "max": 4096, "on-full": "ranked", "udp_timeout": 30 });
    assert_eq!(now["values"], expected);
}

#[test]
fn timeouts_that_are_too_short_cut_connections_and_a_limit_is_not_blamed() {
    let object = json(&["-m", "4k", "udp_timeout=1,30"]);
    let [short, now] = settings(&object) else { panic!("{object}") };
    assert!(number(short, "cut_alive") > 0);
    assert_eq!(short["cut_alive"], short["cut_alive_by_timeouts"]);
    assert_eq!((number(now, "cut_alive"), &now["as_now"]), (0, &true.into()));
    let words = ["--on-full", "refuse", "max=1k,4k", "udp_timeout=1,30"];
    let text = swept("summary", &words);
    line(&text, "connections cut while alive");
    line(&text, "cheapest without loss:     max 1,024 with udp_timeout 1s: ");
    line(&text, "cheapest that cuts nobody: max 4,096 with udp_timeout 30s (as now): ");
    assert!(!swept("summary", &["-m", "4k", "udp_timeout=30,60"]).contains("cut while alive:"));
}

/// The records of a text, as RFC 4180 has them.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut fields) = (Vec::new(), vec![String::new()]);
    let (mut is_quoted, mut rest) = (false, text.chars().peekable());
    while let Some(c) = rest.next() {
        let field = fields.last_mut().unwrap();
        match c {
            '"' if is_quoted && rest.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            '\r' if !is_quoted => {
                assert_eq!(rest.next(), Some('\n'), "the end of a line");
                records.push(std::mem::replace(&mut fields, vec![String::new()]));
            }
            c => field.push(c),
        }
    }
    assert_eq!(fields, [""], "behind the last line");
    records
}

#[test]
fn csv_and_json_agree() {
    let words =
        [SIZES, "on-full=refuse,ranked:source=50%,v4=24", "udp_timeout=10,30", "icmp_timeout=1"];
    let (object, csv) = (json(&words), records(&swept("csv", &words)));
    let (heading, lines) = csv.split_first().unwrap();
    let documented = documented_in(SWEEP, "## `-o csv`");
    let is_documented =
        |name: &String| documented.contains(name.as_str()) || name.ends_with("_timeout_seconds");
    assert!(heading.iter().all(is_documented), "{heading:?}");
    assert_eq!(heading.len(), documented.len() + 1, "two columns of timeouts, one line for both");
    assert_eq!(lines.len(), settings(&object).len());
    let same = [
        ("max_entries", "max"),
        ("buckets", "buckets"),
        ("on_full", "policy"),
        ("as_now", "as_now"),
        ("peak_entries", "peak_entries"),
        ("unlimited_peak_entries", "unlimited_peak_entries"),
        ("dropped_packets", "drop"),
        ("bypassed_packets", "bypass"),
        ("early_drop_connections", "early_drop"),
        ("early_assured_connections", "early_assured"),
        ("cut_alive_connections", "cut_alive"),
        ("cut_alive_by_timeouts_connections", "cut_alive_by_timeouts"),
        ("related_lost_packets", "related_lost"),
        ("made_connections", "connections"),
        ("untracked_packets", "untracked"),
        ("end_entries", "entries_end"),
        ("linux_bytes", "linux_bytes"),
    ];
    for (line, setting) in lines.iter().zip(settings(&object)) {
        assert_eq!(line.len(), heading.len());
        let field = |name: &str| &line[heading.iter().position(|it| it == name).unwrap()];
        for (name, other) in same {
            let other = &setting[other];
            let text = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
            assert_eq!(*field(name), text, "{name}");
        }
        for key in ["udp_timeout", "icmp_timeout"] {
            assert_eq!(*field(&format!("{key}_seconds")), setting["values"][key].to_string());
        }
        let (peak, max) = (number(setting, "peak_entries"), number(setting, "max"));
        assert_eq!(*field("peak_percent"), (peak * 100).div_ceil(max).to_string());
        let full_ms: f64 = field("full_ms").parse().unwrap();
        assert!((full_ms / 1000.0 - setting["full_seconds"].as_f64().unwrap()).abs() < 1e-9);
    }
}

#[test]
fn a_table_without_a_limit_tells_the_size_that_it_takes() {
    let object = json(&["udp_timeout=10..40"]);
    let peaks: Vec<_> = settings(&object).iter().map(|it| number(it, "peak_entries")).collect();
    assert!(peaks.is_sorted() && peaks[0] < peaks[2], "{peaks:?}");
    assert!(settings(&object).iter().all(|it| it["max"].is_null() && it["linux_bytes"].is_null()));
    assert_eq!(
        (&object["capacity"], &object["cheapest"]),
        (&Value::Array(vec![]), &Value::Array(vec![]))
    );
    let csv = records(&swept("csv", &["udp_timeout=10..40"]));
    assert_eq!(csv[1][..4], ["", "", "", "10"]);
    let text = swept("summary", &["udp_timeout=10..40"]);
    line(&text, "3 settings in one pass, no limit");
    line(&text, "udp_timeout 20s   1,092");
}

#[test]
fn the_fields_are_documented() {
    let object = json(&[SIZES, "on-full=refuse,ranked"]);
    assert_eq!(names(&object), documented_in(SWEEP, "## `-o json`"));
    for list in ["axes", "settings", "capacity", "cheapest"] {
        let documented = documented_in(SWEEP, &format!("### `{list}`"));
        assert_eq!(names(&object[list][0]), documented, "{list}");
    }
    let bounds = names(&object["capacity"][0]["no_loss"]);
    assert_eq!(bounds.into_iter().collect::<Vec<_>>(), ["enough", "too_few"]);
}

#[test]
fn sixty_four_settings_go_in_one_pass_and_wide_tables_stand_below_one_another() {
    let words = ["--on-full", "refuse", "max=128..16k", "udp_timeout=1,2,5,10,15,20,25,30"];
    let object = json(&words);
    assert_eq!(settings(&object).len(), 64);
    for seconds in [1, 30] {
        let column = with(&object, "udp_timeout", seconds);
        let refused: Vec<_> = column.iter().map(|setting| refused(setting)).collect();
        assert!(refused.is_sorted_by(|less, more| less >= more), "{refused:?}");
    }
    let text = swept("summary", &words);
    assert!(text.lines().filter(|line| line.starts_with("  max    128")).count() > 2, "{text}");
    for line in text.lines().filter(|line| !line.starts_with('!')).skip(1) {
        assert!(line.chars().count() <= 100 && line.trim_end() == line, "{line}");
    }
}

#[test]
fn several_outputs_are_written_and_what_is_read_is_not_written_over() {
    let files = Files::new();
    let (csv, json) = (files.path("grid.csv"), files.path("grid.json"));
    let (to_csv, to_json) = (format!("csv={csv}"), format!("json={json}"));
    let words = ["sweep", "-q", MAIL_RELAY, SIZES, "-o", &to_csv, "-o", &to_json, "-o", "summary"];
    let Ran { end, stdout } = keeptrack(&words);
    end.unwrap();
    assert_eq!(String::from_utf8(stdout).unwrap(), swept("summary", &[SIZES]));
    assert_eq!(files.text("grid.csv"), swept("csv", &[SIZES]));
    assert_eq!(files.text("grid.json"), swept("json", &[SIZES]));
    let over = format!("csv={MAIL_RELAY}");
    let error = refused_with(&["sweep", MAIL_RELAY, SIZES, "-o", &over]);
    assert!(error.contains("is to be read and written"), "{error}");
    let error = refused_with(&["sweep", MAIL_RELAY, SIZES, "-o", "csv", "-o", "json"]);
    assert!(error.contains("two outputs to stdout"), "{error}");
}

/// What is said of a sweep that does not begin.
fn refused_with(words: &[&str]) -> String {
    let ran = keeptrack(words);
    assert_eq!(ran.stdout, b"");
    let failure = ran.end.expect_err("an error");
    if let Failure::Typed(error) = &failure {
        assert_eq!(error.exit_code(), 2);
    }
    failure.shown()
}

#[test]
fn what_cannot_be_swept_is_refused_with_what_to_do() {
    let files = Files::new();
    let log = files.with(
        "events.log",
        "[1795355110.000000]\t    [NEW] udp      17 30 src=192.0.2.1 dst=198.51.100.2 sport=1 \
         dport=53 [UNREPLIED] src=198.51.100.2 dst=192.0.2.1 sport=53 dport=1\n",
    );
    let many = "udp_timeout=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17";
    let more = many.replace("udp", "icmp");
    let most = many.replace("udp", "generic");
    let cases: [(&[&str], &str); 19] = [
        (&[], "required"),
        (&["max=64k..512k"], "no capture was given\nhelp: name it"),
        (&[MAIL_RELAY], "nothing to sweep was given\nhelp: write some"),
        (&[MAIL_RELAY, "udp_timeot=5"], "did you mean `udp_timeout`? (a capture of that name"),
        (&[MAIL_RELAY, "nf_conntrack_mx=5"], "did you mean `max`?"),
        (&[MAIL_RELAY, "nf_conntrack_acct=1"], "all timeouts can be"),
        (&[MAIL_RELAY, "max=5", "nf_conntrack_max=6"], "`max=` was given twice\nhelp: write all"),
        (&[MAIL_RELAY, "max="], "a value is missing"),
        (&[MAIL_RELAY, "max=512k..64k"], "runs backwards: write `64k..512k`"),
        (&[MAIL_RELAY, "max=1k,1024"], "1,024 comes twice"),
        (&[MAIL_RELAY, many, &more, &most], "more than 4,096 settings at once\nhelp: try fewer"),
        (&[MAIL_RELAY, "on-full=refuse,ranked"], "is never full\nhelp: give it one: `--max N`"),
        (&[MAIL_RELAY, "-m", "9", "on-full=rankd"], "did you mean `ranked`?"),
        (&[MAIL_RELAY, "-m", "9", "buckets=512"], "no policy is Linux's\nhelp: forecast Linux"),
        (
            &[MAIL_RELAY, "-m", "9", "buckets=512", "on-full=linux:buckets=7"],
            "says its buckets itself\nhelp: leave them out",
        ),
        (&[MAIL_RELAY, "max=200m..256m,100m,101m,102m,103m"], "GiB"),
        (&[MAIL_RELAY, "max=9", "-o", "events"], "`events` is none of summary, csv, json"),
        (&[&log, "max=9"], "an event log"),
        (&["./a=b", "max=9"], "a=b"),
    ];
    for (words, said) in cases {
        let error = refused_with(&[&["sweep", "-q"], words].concat());
        assert!(error.starts_with("error: ") && error.contains(said), "{words:?}: {error}");
    }
}
