//! Is every sample of what Linux prints read, and printed again byte for byte?
//!
//! Each file of the samples stands in one of two lists: [`READ`], with what it holds, or
//! [`NOT_READ`], with the reason. A file in neither makes the test fail.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use keeptrack::conntrack::{Form, Line, Reader, Record, Statistics, Times};

use super::keeptrack;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Entries, events, expectations and footers, a line each.
    Lines(Form, Times),
    /// The same as XML.
    Xml,
    /// The tracker's counters; so many CPUs.
    Statistics,
    /// Counters among those of others, which are not printed again.
    Exposition,
    /// Packets.
    Capture,
}

const PLAIN: Kind = Kind::Lines(Form::Plain, Times::Without);
const EXTENDED: Kind = Kind::Lines(Form::Extended, Times::Without);
const PROC: Kind = Kind::Lines(Form::Proc, Times::Without);
const SAVE: Kind = Kind::Lines(Form::Save, Times::Without);
const TIMED: Kind = Kind::Lines(Form::Plain, Times::With);
const TIMED_EXTENDED: Kind = Kind::Lines(Form::Extended, Times::With);

/// Files of the two folders that hold the same, what they hold, how many records and how many
/// lines of something else.
const RUN: &[(&str, Kind, usize, u64)] = &[
    ("conntrack-C.txt", Kind::Statistics, 1, 0),
    ("conntrack-D-none.txt", PLAIN, 0, 1),
    ("conntrack-D-udp.txt", PLAIN, 4, 0),
    ("conntrack-E-expect.txt", PLAIN, 0, 0),
    ("conntrack-E-o-timestamp,extended,id.txt", TIMED_EXTENDED, 83, 0),
    ("conntrack-E-o-xml,timestamp.xml", Kind::Xml, 83, 0),
    ("conntrack-E.err", PLAIN, 0, 0),
    ("conntrack-E.txt", PLAIN, 83, 0),
    ("conntrack-F.txt", PLAIN, 0, 0),
    ("conntrack-L-after.txt", PLAIN, 20, 0),
    ("conntrack-L-dying.txt", PLAIN, 0, 0),
    ("conntrack-L-f-ipv4.txt", PLAIN, 17, 0),
    ("conntrack-L-f-ipv6.txt", PLAIN, 3, 0),
    ("conntrack-L-o-extended.txt", EXTENDED, 20, 0),
    ("conntrack-L-o-id,extended,ktimestamp,labels.txt", EXTENDED, 20, 0),
    ("conntrack-L-o-id.txt", PLAIN, 20, 0),
    ("conntrack-L-o-save.txt", SAVE, 20, 0),
    ("conntrack-L-o-timestamp.txt", PLAIN, 20, 0),
    ("conntrack-L-o-xml,extended.xml", Kind::Xml, 20, 0),
    ("conntrack-L-o-xml.xml", Kind::Xml, 20, 0),
    ("conntrack-L-p-tcp.txt", PLAIN, 8, 0),
    ("conntrack-L-unconfirmed.txt", PLAIN, 0, 0),
    ("conntrack-L.stderr", PLAIN, 0, 0),
    ("conntrack-L.txt", PLAIN, 20, 0),
    ("conntrack-S.txt", Kind::Statistics, 2, 0),
    ("proc-nf_conntrack.txt", PROC, 20, 0),
    ("proc-stat-nf_conntrack.txt", Kind::Statistics, 2, 0),
];

/// The folders of [`RUN`].
const RUNS: [&str; 2] = ["acct_ts", "default"];

/// The other files that are read.
const READ: &[(&str, Kind, usize, u64)] = &[
    ("acct_ts/gw-any.pcap", Kind::Capture, 210, 0),
    ("acct_ts/gw-lan0.pcap", Kind::Capture, 104, 0),
    ("default/gw-any.pcap", Kind::Capture, 207, 0),
    ("default/gw-lan0.pcap", Kind::Capture, 102, 0),
    ("dumpcap-any.pcapng", Kind::Capture, 30, 0),
    ("dumpcap-lo-eth9.pcapng", Kind::Capture, 17, 0),
    ("mixed-linktype.pcapng", Kind::Capture, 2, 0),
    ("node_exporter-conntrack.prom", Kind::Exposition, 1, 0),
    ("table_full/conntrack-E-early_drop.txt", PLAIN, 102, 0),
    ("table_full/conntrack-E.txt", PLAIN, 0, 0),
    ("table_full/conntrack-S-early_drop.txt", Kind::Statistics, 2, 0),
    ("table_full/conntrack-S.txt", Kind::Statistics, 2, 0),
    ("table_full/count.txt", Kind::Statistics, 1, 0),
    ("table_full/proc-stat.txt", Kind::Statistics, 2, 0),
    ("table_full/restore.err", PLAIN, 0, 0),
    ("tcpdump-any-sll.pcap", Kind::Capture, 28, 0),
    ("tcpdump-any.pcap", Kind::Capture, 28, 0),
    ("tcpdump-lo-nano.pcap", Kind::Capture, 4, 0),
    ("tcpdump-lo.pcap", Kind::Capture, 4, 0),
    ("zones_helper_expect/conntrack-E-expect.txt", PLAIN, 1, 0),
    ("zones_helper_expect/conntrack-E-o-timestamp.txt", TIMED, 75, 0),
    ("zones_helper_expect/conntrack-E.txt", PLAIN, 75, 0),
    ("zones_helper_expect/conntrack-L-expect-o-xml.xml", Kind::Xml, 1, 0),
    ("zones_helper_expect/conntrack-L-expect.stderr", PLAIN, 0, 0),
    ("zones_helper_expect/conntrack-L-expect.txt", PLAIN, 1, 0),
    ("zones_helper_expect/conntrack-L-later.txt", PLAIN, 14, 0),
    ("zones_helper_expect/conntrack-L-o-extended.txt", EXTENDED, 15, 0),
    ("zones_helper_expect/conntrack-L-o-labels.txt", PLAIN, 15, 0),
    ("zones_helper_expect/proc-nf_conntrack.txt", PROC, 15, 0),
    ("zones_helper_expect/proc-nf_conntrack_expect.txt", PROC, 1, 0),
];

/// Why files are not read here; a name that ends in `*` is of all files that begin so.
const NOT_READ: &[(&str, &str)] = &[
    ("README.md", "says what the others are"),
    ("*/conntrack-L-o-json.err", "conntrack 1.4.7 refuses `-o json`: a message, no table"),
    ("*/ss-*", "sockets of one host: they have no relation to the entries of a table"),
    ("*/sysctl.txt", "settings: `-c` reads them, and settings.rs holds them against the kernel's"),
    ("sysctl/*", "settings, as above"),
    ("table_full/dmesg*", "the kernel limits these lines: their number is not that of the drops"),
    ("rules/*-save.txt", "rules: wild/samples.rs reads them"),
    ("rules/rules.txt", "rules as typed, as above"),
    ("rules/bad.v4", "rules that iptables refuses"),
    ("rules/*nft*", "rules of nft, as above"),
    ("rules/native*", "rules of nft, as above"),
    ("rules/add-legacy.log", "what iptables said of the rules"),
    ("rules/iptables-errors.txt", "what iptables said of those it refuses"),
    ("rules/translate.txt", "what iptables-translate said of the rules"),
    ("rules/run.sh", "how the rules were made and tried"),
    ("rules/dns_test.out", "what was typed to try the rules, and what came of it"),
    ("rules/lo_test.out", "as above, at the loopback interface"),
    ("zones_helper_expect/iptables-save-c.txt", "rules: `-r` reads them"),
    ("zones_helper_expect/nft-*", "rules of nft: `-r` reads them"),
];

/// The folder of samples beside the traces, where there is one.
pub(super) fn folder() -> Option<PathBuf> {
    let traces = std::env::var_os("KEEPTRACK_TRACES").filter(|traces| !traces.is_empty())?;
    Some(PathBuf::from(traces).join("../samples")).filter(|samples| samples.is_dir())
}

/// The names of all files below a folder.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    files
}

/// Whether `name` is one of those that `pattern` stands for.
fn is_meant(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name
            .strip_prefix(start)
            .is_some_and(|name| (0..=name.len()).any(|at| is_meant(rest, &name[at..]))),
    }
}

fn all_read() -> Vec<(String, Kind, usize, u64)> {
    let runs = RUNS.iter().flat_map(|run| {
        RUN.iter()
            .map(move |(name, kind, count, other)| (format!("{run}/{name}"), *kind, *count, *other))
    });
    let others =
        READ.iter().map(|(name, kind, count, other)| ((*name).to_owned(), *kind, *count, *other));
    runs.chain(others).collect()
}

#[test]
fn every_sample_is_read_or_there_is_a_reason() {
    let Some(folder) = folder() else { return };
    let read = all_read();
    for name in files(&folder) {
        let is_read = read.iter().any(|(known, ..)| *known == name);
        let reason = NOT_READ.iter().find(|(pattern, _)| is_meant(pattern, &name));
        match (is_read, reason) {
            (true, None) | (false, Some(_)) => {}
            (true, Some((_, reason))) => panic!("{name} is read, but: {reason}"),
            (false, None) => panic!("{name} is in neither list"),
        }
    }
}

#[test]
fn every_sample_that_is_read_is_printed_again_byte_for_byte() {
    let Some(folder) = folder() else { return };
    for (name, kind, count, other) in all_read() {
        let file = folder.join(&name);
        let found = match kind {
            Kind::Lines(form, times) => {
                again(&name, &text(&file), (form, times));
                records(&file, other).len()
            }
            Kind::Xml => records(&file, other).len(),
            Kind::Statistics => {
                let text = text(&file);
                let statistics = Statistics::read(&text).unwrap();
                assert_eq!(statistics.to_string(), text, "{name}");
                statistics.cpus.len()
            }
            Kind::Exposition => Statistics::read(&text(&file)).unwrap().cpus.len(),
            Kind::Capture => packets(&file),
        };
        assert_eq!(found, count, "{name}");
    }
}

fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap()
}

/// All records of a file, which has so many lines of something else.
pub(super) fn records(file: &Path, other: u64) -> Vec<Record> {
    let mut reader = Reader::new(fs::read(file).unwrap().leak() as &[u8]);
    let records = reader.by_ref().collect::<Result<Vec<_>, _>>();
    assert_eq!(reader.foreign().map_or(0, |foreign| foreign.count), other, "{file:?}");
    assert_eq!(reader.cut(), None, "{file:?}");
    records.unwrap_or_else(|error| panic!("{}:{error}", file.display()))
}

/// Holds what is printed of each line against the line.
fn again(name: &str, text: &str, (form, times): (Form, Times)) {
    for line in text.lines() {
        let printed = match Line::read(line).unwrap() {
            Line::Record(Record::Entry(entry)) => entry.as_listed(form).to_string(),
            Line::Record(Record::Event(event)) => event.as_logged(form, times).to_string(),
            Line::Record(Record::Expectation(expected)) => expected.as_listed(form).to_string(),
            Line::Footer(footer) => footer.to_string(),
            Line::Blank | Line::Foreign => continue,
        };
        assert_eq!(printed, line, "{name}");
    }
}

/// How many packets the program finds in a capture.
fn packets(file: &Path) -> usize {
    let ran = keeptrack(&["replay", "-q", "-o", "json", file.to_str().unwrap()]);
    assert!(ran.end.is_ok(), "{ran:?}");
    let json: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    usize::try_from(json["packets"].as_u64().unwrap()).unwrap()
}
