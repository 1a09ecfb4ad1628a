//! Is NAT noticed where a capture shows both of its sides, and nowhere else?

use std::fs;
use std::path::{Path, PathBuf};

use super::keeptrack;

/// The traces, and the samples beside them, where there are any.
fn folders() -> Option<(PathBuf, PathBuf)> {
    let traces = std::env::var_os("KEEPTRACK_TRACES").filter(|traces| !traces.is_empty())?;
    let traces = PathBuf::from(traces);
    let samples = traces.join("../samples");
    Some((traces, samples))
}

/// What the summary says of NAT.
fn note(capture: &Path, more: &[&str]) -> Option<String> {
    let capture = capture.display().to_string();
    let words = [&["replay", &capture, "--quiet"], more].concat();
    let summary = String::from_utf8(keeptrack(&words).stdout).unwrap();
    summary.lines().find(|line| line.contains("NAT:")).map(str::to_owned)
}

#[test]
fn a_capture_of_both_sides_of_a_masquerading_gateway_is_noticed() {
    let Some((_, samples)) = folders() else { return };
    for run in ["default", "acct_ts"] {
        let both_sides = samples.join(run).join("gw-any.pcap");
        let told = note(&both_sides, &[]).unwrap();
        assert!(told.contains("at interface 3 than at interface 2"), "{told}");
        assert!(told.ends_with("`--iface 2`"), "{told}");
        assert_eq!(note(&both_sides, &["--iface", "2"]), None);
        assert_eq!(note(&samples.join(run).join("gw-lan0.pcap"), &[]), None);
    }
}

#[test]
fn no_capture_without_nat_gives_an_alarm() {
    let Some((traces, samples)) = folders() else { return };
    let mut folders = vec![traces, samples];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let is_capture = path.extension().is_some_and(|end| end == "pcap" || end == "pcapng");
            if path.is_dir() {
                folders.push(path);
            } else if is_capture && !path.ends_with("gw-any.pcap") {
                assert_eq!(note(&path, &[]), None, "{}", path.display());
            }
        }
    }
}
