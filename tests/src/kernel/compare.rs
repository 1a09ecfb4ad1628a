//! Both sides' answers about one trace, compared packet by packet, and their tables row by row.

use std::collections::HashMap;
use std::ops::AddAssign;

use serde_json::Value;

use super::exception::Exception;
use super::record::{Answers, Asked, Record, text};
use super::rows::Rows;

/// The fields that make up the verdict.
const VERDICT: [&str; 2] = ["v", "d"];
/// What is compared of a packet that the kernel tracked; a missing field is a difference, too.
const TRACKED: [&str; 8] = ["v", "d", "st", "fl", "err", "gone", "reasm", "keep"];
/// What is compared of one that is INVALID to the kernel.
const INVALID: [&str; 2] = ["v", "gone"];
/// What is compared of one that was not tracked.
const NOT_TRACKED: [&str; 1] = ["v"];

/// How far both sides agree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets equal in verdict and direction.
    pub verdict: Agreed,
    /// Packets equal in all.
    pub all: Agreed,
    /// Packets that are not, by an [`Exception`].
    pub excepted: u64,
    /// Rows of the table at the end.
    pub rows: Agreed,
}

/// About how much both sides agree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Agreed {
    /// So many.
    pub count: u64,
    /// Out of so many.
    pub of: u64,
}

/// A difference, in words.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Differing {
    /// What the kernel says.
    pub kernel: String,
    /// What we say.
    pub ours: String,
    /// What the kernel logged, with `N` for numbers.
    pub log: String,
}

/// How far both sides agree about traces, and which differences there are how often.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// How far they agree.
    pub counts: Counts,
    /// In what they do not.
    pub differing: HashMap<Differing, u64>,
    /// What is excepted.
    pub excepted: HashMap<Exception, u64>,
}

impl Comparison {
    /// Compares the answers about one trace.
    ///
    /// # Errors
    /// When they are not about the same packets.
    pub fn of(asked: &Asked, ours: &Answers) -> Result<Self, String> {
        let (kernel, timeouts) = (&asked.answers, asked.timeouts());
        if kernel.packets.len() != ours.packets.len() {
            let (theirs, ours) = (kernel.packets.len(), ours.packets.len());
            return Err(format!("{theirs} packets to the kernel, {ours} here"));
        }
        let mut comparison = Self::default();
        for (kernel, ours) in kernel.packets.iter().zip(&ours.packets) {
            if kernel.get("i") != ours.get("i") {
                return Err(format!("{:?} here for {:?}", ours.get("i"), kernel.get("i")));
            }
            comparison.packet(kernel, ours, &timeouts);
        }
        comparison.tables(&kernel.rows, &ours.rows);
        Ok(comparison)
    }

    fn packet(&mut self, kernel: &Record, ours: &Record, timeouts: &[u64]) {
        let fields = differing_fields(kernel, ours);
        let is_verdict_equal = !fields.iter().any(|field| VERDICT.contains(field));
        self.counts.verdict += is_verdict_equal.into();
        self.counts.all += fields.is_empty().into();
        if fields.is_empty() {
            return;
        }
        match Exception::of((kernel, ours), &fields, timeouts) {
            Some(exception) => {
                self.counts.excepted += 1;
                *self.excepted.entry(exception).or_default() += 1;
            }
            None => {
                *self.differing.entry(Differing::new(kernel, ours, &fields)).or_default() += 1;
            }
        }
    }

    fn tables(&mut self, kernel: &Rows, ours: &Rows) {
        for (name, row) in kernel {
            let differences = match ours.get(name) {
                Some(our) => row.differences(our),
                None => vec![("row", "an entry".into(), "none".into())],
            };
            self.row(&differences);
        }
        for _ in ours.keys().filter(|name| !kernel.contains_key(*name)) {
            self.row(&[("row", "no entry".into(), "one".into())]);
        }
    }

    fn row(&mut self, differences: &[(&'static str, String, String)]) {
        self.counts.rows += differences.is_empty().into();
        for (field, kernel, ours) in differences {
            let [kernel, ours] = [kernel, ours].map(|told| format!("table: {field} {told}"));
            *self.differing.entry(Differing { kernel, ours, log: String::new() }).or_default() += 1;
        }
    }
}

impl AddAssign for Comparison {
    fn add_assign(&mut self, other: Self) {
        self.counts.verdict += other.counts.verdict;
        self.counts.all += other.counts.all;
        self.counts.excepted += other.counts.excepted;
        self.counts.rows += other.counts.rows;
        for (exception, count) in other.excepted {
            *self.excepted.entry(exception).or_default() += count;
        }
        for (differing, count) in other.differing {
            *self.differing.entry(differing).or_default() += count;
        }
    }
}

impl Agreed {
    /// Whether both sides agree about every packet.
    #[must_use]
    pub const fn is_all(self) -> bool {
        self.count == self.of
    }
}

/// One packet or row, about which both sides agree or not.
impl From<bool> for Agreed {
    fn from(agreed: bool) -> Self {
        Self { count: agreed.into(), of: 1 }
    }
}

impl AddAssign for Agreed {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.of += other.of;
    }
}

impl Differing {
    fn new(kernel: &Record, ours: &Record, fields: &[&str]) -> Self {
        let is_verdict = fields.iter().any(|field| VERDICT.contains(field));
        let side = |record: &Record| {
            let mut words = vec![text(record, "v").to_owned()];
            words.extend(record.get("d").and_then(Value::as_str).map(str::to_owned));
            if is_verdict {
                let why = record.get("why").and_then(Value::as_str);
                words.extend(why.map(|why| format!("({why})")));
            } else {
                words.extend(fields.iter().map(|&field| match record.get(field) {
                    Some(value) => format!("{field}={value}"),
                    None => format!("no {field}"),
                }));
            }
            words.join(" ")
        };
        Self { kernel: side(kernel), ours: side(ours), log: without_numbers(text(kernel, "log")) }
    }
}

fn differing_fields(kernel: &Record, ours: &Record) -> Vec<&'static str> {
    let compared: &[&str] = match text(kernel, "v") {
        "skip" | "held" | "untracked" | "dropped" => &NOT_TRACKED,
        "invalid" => &INVALID,
        _ => &TRACKED,
    };
    let differs = |field: &&&str| kernel.get(**field) != ours.get(**field);
    let mut fields: Vec<_> = compared.iter().filter(differs).copied().collect();
    // The kernel's line has a timeout, too, where the packet did not set it.
    let has_set_timeout = kernel.contains_key("to") && !kernel.contains_key("keep");
    if compared != NOT_TRACKED && has_set_timeout && kernel.get("to") != ours.get("to") {
        fields.push("to");
    }
    fields
}

/// A message of the kernel without the protocol that it begins with, and with `N` for numbers.
fn without_numbers(log: &str) -> String {
    let message = log.split_once(": ").map_or(log, |(_, message)| message);
    let is_number = |word: &str| word.starts_with(|first: char| first.is_ascii_digit());
    let words = message.split(' ').map(|word| if is_number(word) { "N" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Answers, Asked, Comparison, Counts, Record};
    use crate::kernel::Row;

    fn record(fields: &str) -> Record {
        serde_json::from_str(&format!("{{\"i\":7,{fields}}}")).unwrap()
    }

    fn compared(kernel: &str, ours: &str) -> Counts {
        let mut asked = Asked::default();
        asked.answers.packets.push(record(kernel));
        asked.settings.push(("udp_timeout".into(), 30));
        let ours = Answers { packets: vec![record(ours)], ..Answers::default() };
        let compared = Comparison::of(&asked, &ours).unwrap();
        let told = compared.differing.values().sum::<u64>() + compared.counts.excepted;
        assert_eq!(told, 1 - compared.counts.all.count);
        compared.counts
    }

    #[test]
    fn every_difference_counts() {
        let established = r#""v":"established","d":"o","f":1,"st":"SYN_RECV","fl":"R","to":30"#;
        let kept = r#""v":"new","d":"o","f":1,"fl":"","to":30,"keep":1"#;
        let invalid = r#""v":"invalid","log":"nf_ct_proto_6: invalid new""#;
        // The kernel's line, ours, and whether they are equal in verdict and in all.
        let cases = [
            (established, established.to_owned(), (1, 1)),
            (established, established.replace("established", "new"), (0, 0)),
            (established, established.replace(r#""o""#, r#""r""#), (0, 0)),
            (established, established.replace("SYN_RECV", "ESTABLISHED"), (1, 0)),
            (established, established.replace(r#""R""#, r#""RA""#), (1, 0)),
            (established, established.replace("30", "31"), (1, 0)),
            (established, established.replace(r#""to":30"#, r#""keep":1"#), (1, 0)),
            (established, format!(r#"{established},"err":1"#), (1, 0)),
            (established, format!(r#"{established},"gone":1"#), (1, 0)),
            (established, format!(r#"{established},"reasm":1"#), (1, 0)),
            (kept, kept.replace("30", "29"), (1, 1)),
            (invalid, r#""v":"invalid","why":"tcp_first""#.to_owned(), (1, 1)),
            (invalid, r#""v":"invalid","gone":1"#.to_owned(), (1, 0)),
            (r#""v":"skip","why":"not IP""#, r#""v":"skip","why":"not_ip""#.to_owned(), (1, 1)),
            (r#""v":"held""#, r#""v":"skip""#.to_owned(), (0, 0)),
        ];
        for (kernel, ours, equal) in cases {
            let counts = compared(kernel, &ours);
            assert_eq!((counts.verdict.count, counts.all.count), equal, "{kernel} -> {ours}");
            assert_eq!(counts.excepted, 0, "{kernel} -> {ours}");
        }
        let asked = Asked { answers: Answers::default(), ..Asked::default() };
        let ours = Answers { packets: vec![record(kept)], ..Answers::default() };
        assert!(Comparison::of(&asked, &ours).is_err());
    }

    #[test]
    fn only_what_the_rules_name_is_excepted() {
        let kept = r#""v":"new","d":"o","keep":1"#;
        for (kernel, ours, excepted) in [
            (r#""v":"held""#, r#""v":"skip","why":"ip_short""#, 1),
            (r#""v":"held""#, r#""v":"skip","why":"cut_udp""#, 0),
            (r#""v":"new","d":"o","f":1,"to":32"#, kept, 1),
            (r#""v":"new","d":"o","f":1,"to":30"#, kept, 0),
            (r#""v":"established","d":"r""#, r#""v":"established","d":"r","gone":1"#, 1),
            (r#""v":"established","d":"r","f":1"#, r#""v":"established","d":"r","gone":1"#, 0),
            (r#""v":"established","d":"r""#, r#""v":"established","d":"r","fl":"RA""#, 1),
            (r#""v":"established","d":"r","gone":1"#, r#""v":"established","d":"r""#, 0),
        ] {
            assert_eq!(compared(kernel, ours).excepted, excepted, "{kernel} -> {ours}");
        }
    }

    #[test]
    fn every_row_counts_on_either_side() {
        let line = "udp 17 9 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=53 packets=1 bytes=28 \
                    [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=53 dport=1 packets=0 bytes=0";
        let (name, row) = Row::of_line(line).unwrap();
        let mut asked = Asked::default();
        asked.answers.rows.insert(name.clone(), row.clone());
        let counts = |ours: &Answers| {
            let rows = Comparison::of(&asked, ours).unwrap().counts.rows;
            (rows.count, rows.of)
        };
        let mut ours = Answers::default();
        assert_eq!(counts(&ours), (0, 1));
        ours.rows.insert(name.clone(), Row { left_s: 8, ..row.clone() });
        assert_eq!(counts(&ours), (0, 1));
        ours.rows.insert(name, row.clone());
        assert_eq!(counts(&ours), (1, 1));
        ours.rows.insert("another".into(), row);
        assert_eq!(counts(&ours), (1, 2));
    }
}
