//! Captures and files made for a test.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::{Ran, keeptrack};

/// The capture that comes with the project.
pub(super) const MAIL_RELAY: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/captures/mail-relay.pcapng");

/// libpcap's number of Ethernet.
pub(super) const ETHERNET: u32 = 1;
/// That of raw IP.
pub(super) const RAW: u32 = 101;
/// That of Linux cooked, version 2.
pub(super) const SLL2: u32 = 276;

/// A directory that goes away with the test.
pub(super) struct Files(TempDir);

impl Files {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The path of a file that may not exist yet.
    pub(super) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// The path of a file with this content.
    pub(super) fn with(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// What has been written to a file.
    pub(super) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

/// A pcap of frames and their times in milliseconds.
pub(super) fn pcap(link: u32, frames: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let words = |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|w| w.to_le_bytes()).collect() };
    let mut file = words(&[0xa1b2_c3d4, 0x0004_0002, 0, 0, 262_144, link]);
    for (time_ms, frame) in frames {
        let len = u32::try_from(frame.len()).unwrap();
        file.extend(words(&[time_ms / 1000, time_ms % 1000 * 1000, len, len]));
        file.extend(frame);
    }
    file
}

/// An IPv4 packet as `tcpdump -i any` has it: seen at that interface, of that packet type (0: it
/// came in, 4: this host sends it).
pub(super) fn sll2(ifindex: u8, kind: u8, packet: &[u8]) -> Vec<u8> {
    let header = [8, 0, 0, 0, 0, 0, 0, ifindex, 0, 1, kind, 6, 2, 0, 0, 0, 0, 1, 0, 0];
    [&header, packet].concat()
}

/// The object that `-o json` writes when `words` are typed behind `replay`.
pub(super) fn json(words: &[&str]) -> Value {
    let Ran { end, stdout } = keeptrack(&[&["replay", "-q", "-o", "json"], words].concat());
    end.unwrap();
    serde_json::from_slice(&stdout).unwrap()
}

/// The summary, in the same way.
pub(super) fn summary(words: &[&str]) -> String {
    let Ran { end, stdout } = keeptrack(&[&["replay", "-q"], words].concat());
    end.unwrap();
    String::from_utf8(stdout).unwrap()
}

/// The line of a text that holds these words.
pub(super) fn line<'t>(text: &'t str, words: &str) -> &'t str {
    let found = text.lines().find(|line| line.contains(words));
    found.unwrap_or_else(|| panic!("no line with `{words}` in:\n{text}"))
}
