//! Is NAT noticed where a capture shows both of its sides, and nowhere else?

use std::fs;
use std::path::Path;

use keeptrack_core::Protocol;

use super::made::{Files, SLL2, pcap, sll2};
use super::{keeptrack, samples};
use crate::frames::{CLIENT, ROUTER, SERVER, ip, udp};

/// What the summary says of NAT.
fn note(capture: &Path, more: &[&str]) -> Option<String> {
    let capture = capture.display().to_string();
    let words = [&["replay", &capture, "--quiet"], more].concat();
    let summary = String::from_utf8(keeptrack(&words).stdout).unwrap();
    summary.lines().find(|line| line.contains("NAT:")).map(str::to_owned)
}

/// A datagram at the inside (2) and, one hop further and from another address, at the outside (3).
#[test]
fn a_pair_that_was_made_is_noticed() {
    let files = Files::new();
    let mut datagram = udp(1_000, 53);
    datagram.extend([7; 16]);
    let from = |source, hop_limit| {
        let mut packet = ip(Protocol::UDP, source, SERVER, &datagram);
        packet[8] = hop_limit;
        packet
    };
    let capture = |source, hop_limit| {
        let frames =
            [(0, sll2(2, 0, &from(CLIENT, 64))), (1, sll2(3, 4, &from(source, hop_limit)))];
        files.with("any.pcap", pcap(SLL2, &frames))
    };
    let told = note(Path::new(&capture(ROUTER, 63)), &[]).unwrap();
    assert!(told.contains("NAT: 1 packet went by twice, with other addresses"), "{told}");
    assert!(told.ends_with("`--iface 2`"), "{told}");
    assert_eq!(note(Path::new(&capture(ROUTER, 64)), &[]), None, "it was not forwarded");
    assert_eq!(note(Path::new(&capture(CLIENT, 63)), &[]), None, "it is a copy");
}

#[test]
fn a_capture_of_both_sides_of_a_masquerading_gateway_is_noticed() {
    let Some(samples) = samples::folder() else { return };
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
    let Some(samples) = samples::folder() else { return };
    let traces = samples.join("../traces");
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
