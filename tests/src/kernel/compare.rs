//! Both sides' answers about one trace, compared packet by packet.

use std::collections::HashMap;
use std::ops::AddAssign;

use serde_json::Value;

use super::record::Record;

/// What the kernel logs of a packet that is INVALID by itself, whatever was tracked before it.
const BAD_FLAGS: &str = "invalid tcp flag combination";
/// What it logs of a packet that is INVALID because no connection begins so.
const BAD_FIRST: &str = "invalid new";

/// The fields that make up the verdict.
const VERDICT: [&str; 2] = ["v", "d"];
/// What is compared of a packet that the kernel tracked; a missing field is a difference, too.
const TRACKED: [&str; 8] = ["v", "d", "st", "fl", "err", "gone", "reasm", "keep"];
/// What is compared of one that is INVALID to the kernel.
const INVALID: [&str; 2] = ["v", "gone"];
/// What is compared of one that was not tracked.
const NOT_TRACKED: [&str; 1] = ["v"];

/// How far both sides agree about packets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Equal in verdict and direction.
    pub verdict: Agreed,
    /// Equal in all.
    pub all: Agreed,
    /// INVALID to both, of those that the kernel calls so for their flags.
    pub bad_flags: Agreed,
    /// INVALID to both, of those that cannot be the first of a connection.
    pub bad_first: Agreed,
}

/// About how many packets both sides agree.
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
}

impl Comparison {
    /// Compares the answers about one trace.
    ///
    /// # Errors
    /// When they are not about the same packets.
    pub fn of(kernel: &[Record], ours: &[Record]) -> Result<Self, String> {
        if kernel.len() != ours.len() {
            return Err(format!("{} packets to the kernel, {} here", kernel.len(), ours.len()));
        }
        let mut comparison = Self::default();
        for (kernel, ours) in kernel.iter().zip(ours) {
            if kernel.get("i") != ours.get("i") {
                return Err(format!("{:?} here for {:?}", ours.get("i"), kernel.get("i")));
            }
            comparison.packet(kernel, ours);
        }
        Ok(comparison)
    }

    fn packet(&mut self, kernel: &Record, ours: &Record) {
        let fields = differing_fields(kernel, ours);
        let is_verdict_equal = !fields.iter().any(|field| VERDICT.contains(field));
        self.counts.verdict += is_verdict_equal.into();
        self.counts.all += fields.is_empty().into();
        let is_invalid = text(ours, "v") == "invalid";
        if text(kernel, "log").contains(BAD_FLAGS) {
            self.counts.bad_flags += is_invalid.into();
        }
        if text(kernel, "log").contains(BAD_FIRST) {
            self.counts.bad_first += is_invalid.into();
        }
        if !fields.is_empty() {
            *self.differing.entry(Differing::new(kernel, ours, &fields)).or_default() += 1;
        }
    }
}

impl AddAssign for Comparison {
    fn add_assign(&mut self, other: Self) {
        self.counts.verdict += other.counts.verdict;
        self.counts.all += other.counts.all;
        self.counts.bad_flags += other.counts.bad_flags;
        self.counts.bad_first += other.counts.bad_first;
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

    /// Whether they agree about at least so many of a thousand packets.
    #[must_use]
    pub const fn reaches(self, per_mille: u64) -> bool {
        self.count * 1000 >= self.of * per_mille
    }
}

/// One packet, about which both sides agree or not.
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

/// The text of a field; empty without it.
fn text<'r>(record: &'r Record, field: &str) -> &'r str {
    record.get(field).and_then(Value::as_str).unwrap_or_default()
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
    use super::{Comparison, Record};

    fn record(fields: &str) -> Record {
        serde_json::from_str(&format!("{{\"i\":7,{fields}}}")).unwrap()
    }

    #[test]
    fn every_difference_counts() {
        let established = r#""v":"established","d":"o","st":"SYN_RECV","fl":"R","to":60"#;
        let kept = r#""v":"new","d":"o","fl":"","to":30,"keep":1"#;
        let invalid = r#""v":"invalid","log":"nf_ct_proto_6: invalid new""#;
        // The kernel's line, ours, and whether they are equal in verdict and in all.
        let cases = [
            (established, established.to_owned(), (1, 1)),
            (established, established.replace("established", "new"), (0, 0)),
            (established, established.replace(r#""o""#, r#""r""#), (0, 0)),
            (established, established.replace("SYN_RECV", "ESTABLISHED"), (1, 0)),
            (established, established.replace(r#""R""#, r#""RA""#), (1, 0)),
            (established, established.replace("60", "61"), (1, 0)),
            (established, established.replace(r#""to":60"#, r#""keep":1"#), (1, 0)),
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
            let compared = Comparison::of(&[record(kernel)], &[record(&ours)]).unwrap();
            let counts = compared.counts;
            assert_eq!((counts.verdict.count, counts.all.count), equal, "{kernel} -> {ours}");
            let told: u64 = compared.differing.values().sum();
            assert_eq!(told, 1 - counts.all.count);
        }
        assert!(Comparison::of(&[record(kept)], &[]).is_err());
    }

    #[test]
    fn what_cannot_begin_a_connection_is_watched_apart() {
        for (log, flags, first) in [
            ("nf_ct_proto_6: invalid tcp flag combination", (0, 1), (0, 0)),
            ("nf_ct_proto_6: invalid new", (0, 0), (0, 1)),
            ("nf_ct_proto_6: invalid rst", (0, 0), (0, 0)),
        ] {
            let kernel = record(&format!(r#""v":"invalid","log":"{log}""#));
            let counts = Comparison::of(&[kernel], &[record(r#""v":"new""#)]).unwrap().counts;
            assert_eq!((counts.bad_flags.count, counts.bad_flags.of), flags, "{log}");
            assert_eq!((counts.bad_first.count, counts.bad_first.of), first, "{log}");
        }
    }
}
