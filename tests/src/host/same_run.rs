//! A capture, the events and the tables of one run of a real kernel: the replay tells the same.
//!
//! The kernel was a gateway's that masquerades, and a filter rule of its set marks; the capture is
//! of its inside, and shows neither. So the kernel's replies are compared as if they went to whom
//! they were for, and without marks; and without use counts and numbers, which are of one kernel.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use keeptrack::Outcome;

use super::{keeptrack, samples};

/// The address under which the gateway's clients are seen outside.
const MASQUERADE: &str = "203.0.113.1";
const CLIENT: &str = "10.10.0.2";
/// Words of a line that the capture cannot tell.
const UNTOLD: [&str; 3] = ["mark=", "use=", "id="];

/// The lines of each connection in their order, by the words that tell who speaks to whom.
type ByConnection = BTreeMap<String, Vec<String>>;

#[test]
fn events_are_those_of_the_kernel() {
    for run in runs() {
        for (file, form) in [
            ("conntrack-E.txt", "events"),
            ("conntrack-E-o-timestamp,extended,id.txt", "events,extended"),
        ] {
            let kernel = fs::read_to_string(run.join(file)).unwrap();
            // Entries that somebody deleted by hand were there until then.
            let kernel = kernel.lines().filter(|line| !line.contains("[USERSPACE]"));
            let kernel = by_connection(kernel);
            assert_eq!(kernel.len(), 21, "{}", run.display());
            assert_eq!(by_connection(replay(&run, form, &[]).lines()), kernel, "{file}");
        }
    }
}

#[test]
fn counters_are_those_of_the_kernel() {
    for run in runs() {
        let kernel = fs::read_to_string(run.join("conntrack-S.txt")).unwrap();
        // Its first processor saw all that counts.
        assert_eq!(replay(&run, "stats", &[]), kernel.split_inclusive('\n').next().unwrap());
    }
}

#[test]
fn the_kernel_s_events_print_again_and_come_to_its_table() {
    for run in runs() {
        let log = run.join("conntrack-E-o-timestamp,extended,id.txt");
        let (log, table) = (log.to_str().unwrap(), run.join("conntrack-L.txt"));
        let again = keeptrack(&["replay", log, "-q", "-o", "events,timestamp,extended"]);
        assert_eq!(again.stdout, fs::read(log).unwrap(), "{log}");
        // The table was saved between two events; nothing else is known of when.
        let ran = keeptrack(&["diff", log, table.to_str().unwrap(), "-q", "--until", "+6.9"]);
        assert_eq!(ran.end.unwrap(), Outcome::Done, "{}", String::from_utf8_lossy(&ran.stdout));
    }
}

#[test]
fn tables_are_those_of_the_kernel() {
    for run in runs() {
        for (file, form) in [
            ("conntrack-L.txt", "table"),
            ("conntrack-L-o-extended.txt", "table,extended"),
            ("conntrack-L-o-save.txt", "table,save"),
            ("proc-nf_conntrack.txt", "table,proc"),
            ("conntrack-L-after.txt", "table"),
        ] {
            let kernel = fs::read_to_string(run.join(file)).unwrap();
            let kernel = sorted(&kernel);
            assert_eq!(kernel.len(), 20, "{}", run.display());
            // When it was saved nobody wrote down; there is a moment when both are the same.
            let ours = |step: u32| {
                let moment = format!("+{}.{:02}", 8 + step / 20, step % 20 * 5);
                sorted(&replay(&run, form, &["--until", &moment]))
            };
            assert!((0..70).any(|step| ours(step) == kernel), "{} {file}", run.display());
        }
    }
}

/// The folders of the runs; none where the samples are not at hand.
fn runs() -> Vec<PathBuf> {
    samples::folder().map_or_else(Vec::new, |samples| {
        ["default", "acct_ts"].map(|run| samples.join(run)).to_vec()
    })
}

fn replay(run: &Path, form: &str, more: &[&str]) -> String {
    let [capture, sysctl] = ["gw-lan0.pcap", "sysctl.txt"].map(|file| run.join(file));
    let [capture, sysctl] = [&capture, &sysctl].map(|file| file.to_str().unwrap());
    let words = [&["replay", capture, "-c", sysctl, "-m", "1000", "-q", "-o", form], more].concat();
    let ran = keeptrack(&words);
    assert!(ran.end.is_ok(), "{words:?}: {:?}", ran.end);
    String::from_utf8(ran.stdout).unwrap()
}

/// The lines of a table.
fn sorted(table: &str) -> Vec<Vec<String>> {
    let mut lines: Vec<_> = table.lines().map(comparable).collect();
    lines.sort();
    lines
}

/// The lines of each connection.
fn by_connection<'l>(lines: impl Iterator<Item = &'l str>) -> ByConnection {
    let mut connections = ByConnection::new();
    for line in lines {
        let words = comparable(line);
        let protocol_at = if words[1].starts_with("ipv") { 3 } else { 1 };
        let protocol = words[protocol_at..].iter().take(2);
        let ends = words.iter().filter(|word| word.contains('=')).take(4);
        let names: Vec<_> = protocol.chain(ends).map(String::as_str).collect();
        connections.entry(names.join(" ")).or_default().push(words.join(" "));
    }
    connections
}

/// The words of a line that a capture of the inside tells.
fn comparable(line: &str) -> Vec<String> {
    let told = line.split_once('\t').map_or(line, |(_, told)| told).replace(MASQUERADE, CLIENT);
    // The tags of SCTP are listed nowhere else; `-n` is `-q` where NAT was at work.
    let told = told.split(" --orig-vtag").next().unwrap().replace(" -n ", " -q ");
    let mut words: Vec<String> = Vec::new();
    for word in told.split_whitespace() {
        // The identifier of a query, which follows its code, is no number of the kernel's.
        let is_query = words.last().is_some_and(|before| before.starts_with("code="));
        if is_query || !UNTOLD.iter().any(|untold| word.starts_with(untold)) {
            words.push(word.to_owned());
        }
    }
    words
}
