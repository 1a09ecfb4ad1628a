//! A file of text that is read whole: bounded, and refused when it is plainly something else.

use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use crate::capture::open_text;
use crate::diagnostic::Diagnostic;

/// The largest file that is read, in bytes. What fits a table takes far less.
const MAX_FILE_LEN: u64 = 16 << 20;

/// A file of text, line ends made those of Unix.
#[derive(Debug)]
pub(crate) struct Source {
    name: String,
    text: String,
}

/// What a file is to hold, and how one is refused that holds something else.
pub(crate) struct Wanted {
    /// What it holds: `rules`.
    pub(crate) what: &'static str,
    /// The option that takes it: `-r`.
    pub(crate) option: &'static str,
    /// What is wrong with a file that is something else: `has no iptables rules`.
    pub(crate) refused: &'static str,
    /// What to do with a file that is something else; `None`: it is, or may be, what is wanted.
    pub(crate) help: fn(Kind) -> Option<&'static str>,
}

impl Source {
    pub(crate) fn new(name: String, text: String) -> Self {
        Self { name, text }
    }

    /// Reads a file. What is not UTF-8 becomes replacement characters.
    pub(crate) fn read(path: &Path, wanted: &Wanted) -> Result<Self, Diagnostic> {
        let name = path.display().to_string();
        let mut bytes = Vec::new();
        open_text(path)
            .and_then(|file| file.take(MAX_FILE_LEN + 1).read_to_end(&mut bytes))
            .map_err(|error| unreadable(&name, &error, wanted))?;
        Self::of(name, &bytes, wanted)
    }

    /// What a file of that name holds.
    pub(crate) fn of(name: String, bytes: &[u8], wanted: &Wanted) -> Result<Self, Diagnostic> {
        if let Some(refusal) = Kind::of(bytes).and_then(|kind| wanted.refusal(&name, kind)) {
            return Err(refusal);
        }
        if bytes.len() as u64 > MAX_FILE_LEN {
            let what = wanted.what;
            let title = format!("{name} is too large for {what}: more than {MAX_FILE_LEN} bytes");
            return Err(Diagnostic::without_place(&title, None));
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
        Ok(Self::new(name, text))
    }

    /// Its name as typed.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// All of it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The number and the bytes of the line, as it stands in the file, that holds byte `at`.
    pub(crate) fn line_at(&self, at: usize) -> (usize, Range<usize>) {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let rest = self.text.get(start..).unwrap_or_default();
        let number = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        (number, start..start + rest.find('\n').unwrap_or(rest.len()))
    }
}

impl Wanted {
    fn refusal(&self, name: &str, kind: Kind) -> Option<Diagnostic> {
        let help = (self.help)(kind)?;
        let title = format!("{name} {} (it looks like {})", self.refused, kind.looks_like());
        Some(Diagnostic::without_place(&title, Some(help)))
    }
}

fn unreadable(name: &str, error: &io::Error, wanted: &Wanted) -> Diagnostic {
    let reason = error.to_string();
    let reason = reason.split(" (os error").next().unwrap_or_default();
    let help = format!("give the files in it, each with its own `{}`", wanted.option);
    let is_folder = error.kind() == io::ErrorKind::IsADirectory;
    let help = is_folder.then_some(help.as_str());
    Diagnostic::without_place(&format!("cannot read {name}: {reason}"), help)
}

/// What a file plainly is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Capture,
    Binary,
    Nft,
    Json,
    Xml,
    Sysctl,
    Conntrack,
    /// `iptables -L`
    Listing,
    /// `iptables-save`, or the commands.
    Iptables,
}

impl Kind {
    /// What `bytes` plainly are, judged by the first bytes or the first line.
    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xa1, 0xb2, 0xc3 | 0x3c, 0xd4 | 0x4d, ..]
            | [0xd4 | 0x4d, 0xc3 | 0x3c, 0xb2, 0xa1, ..]
            | [0x0a, 0x0d, 0x0d, 0x0a, ..] => return Some(Self::Capture),
            _ if bytes.contains(&0) => return Some(Self::Binary),
            _ => {}
        }
        let mut lines = bytes.split(|byte| *byte == b'\n');
        let shebang = lines.clone().next().filter(|line| line.starts_with(b"#!"));
        if shebang.is_some_and(|line| line.windows(3).any(|part| part == b"nft")) {
            return Some(Self::Nft);
        }
        let first = lines.find(|line| {
            let line = line.trim_ascii();
            !line.is_empty() && !matches!(line.first(), Some(b'#' | b';'))
        })?;
        let head = first.get(..first.len().min(200)).unwrap_or(first);
        Self::of_line(String::from_utf8_lossy(head).trim_end())
    }

    fn of_line(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (words.as_slice(), line) {
            ([first, ..], _) if first.starts_with('{') => Some(Self::Json),
            ([first, ..], _) if first.starts_with('<') => Some(Self::Xml),
            (
                ["nft", ..] | ["table" | "define" | "include", _, ..] | ["flush", "ruleset", ..],
                _,
            )
            | (["add" | "create", "table" | "chain" | "rule" | "set", ..], _) => Some(Self::Nft),
            (["Chain", _, policy, ..], _) if policy.starts_with('(') => Some(Self::Listing),
            (["[NEW]" | "[UPDATE]" | "[DESTROY]", ..], _)
            | (["ipv4", "2", ..] | ["ipv6", "10", ..], _) => Some(Self::Conntrack),
            ([_, number, ..], line) if number.parse::<u8>().is_ok() && line.contains("src=") => {
                Some(Self::Conntrack)
            }
            ([first, ..], _) if first.starts_with("net.") || first.starts_with("net/") => {
                Some(Self::Sysctl)
            }
            (["*raw" | "*nat" | "*mangle" | "*filter", ..] | ["-A" | "-P" | "-N", _, ..], _) => {
                Some(Self::Iptables)
            }
            _ => None,
        }
    }

    /// What to call it.
    const fn looks_like(self) -> &'static str {
        match self {
            Self::Capture => "a capture",
            Self::Binary => "binary data",
            Self::Nft => "nft text",
            Self::Json => "JSON",
            Self::Xml => "XML",
            Self::Sysctl => "sysctl settings",
            Self::Conntrack => "a conntrack table or its events",
            Self::Listing => "a listing by `iptables -L`",
            Self::Iptables => "iptables rules",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plainly_something_is_named() {
        let cases: &[(&[u8], Option<Kind>)] = &[
            (b"\xd4\xc3\xb2\xa1\x02\0\x04\0", Some(Kind::Capture)),
            (b"\x0a\x0d\x0d\x0a", Some(Kind::Capture)),
            (b"*\0r\0a\0w\0", Some(Kind::Binary)),
            (b"#!/usr/sbin/nft -f\n\nx", Some(Kind::Nft)),
            (b"# x\ntable ip raw {\n", Some(Kind::Nft)),
            (b"nft add rule ip raw prerouting notrack\n", Some(Kind::Nft)),
            (b"\n {\"nftables\": [", Some(Kind::Json)),
            (b"<?xml version=", Some(Kind::Xml)),
            (b"net.netfilter.nf_conntrack_max = 65536\n", Some(Kind::Sysctl)),
            (b"tcp      6 431993 ESTABLISHED src=10.0.0.2", Some(Kind::Conntrack)),
            (b"    [NEW] udp      17 30 src=10.0.0.2", Some(Kind::Conntrack)),
            (b"Chain PREROUTING (policy ACCEPT)\n", Some(Kind::Listing)),
            (b"*raw\n", Some(Kind::Iptables)),
            (b"-A OUTPUT -j NOTRACK\n", Some(Kind::Iptables)),
            (b"#!/bin/sh\niptables -F\n", None),
            (b"[4:232] -A OUTPUT -j NOTRACK\n", None),
            (b"", None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(Kind::of(bytes), *expected, "{}", bytes.escape_ascii());
        }
    }
}
