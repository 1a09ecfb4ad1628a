//! A rules file as text: read whole, refused when it is plainly something else, cut into lines.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use super::diagnostic::Diagnostic;

/// The largest file that is read, in bytes. The rules that fit a table take far less.
const MAX_FILE_LEN: u64 = 16 << 20;

/// A file of rules, line ends made those of Unix.
#[derive(Debug)]
pub(super) struct RuleText {
    name: String,
    text: String,
}

/// A line with those that continue it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The number of its first line, from 1.
    pub(super) number: usize,
    /// Its bytes, without the line end and the white space around.
    pub(super) span: Range<usize>,
}

impl RuleText {
    pub(super) fn new(name: String, text: String) -> Self {
        Self { name, text }
    }

    /// Reads a file. What is not UTF-8 becomes replacement characters.
    pub(super) fn read(path: &Path) -> Result<Self, Diagnostic> {
        let name = path.display().to_string();
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MAX_FILE_LEN + 1).read_to_end(&mut bytes))
            .map_err(|error| unreadable(&name, &error))?;
        if let Some(kind) = Kind::of(&bytes) {
            let (looks_like, help) = kind.words();
            let title = format!("{name} has no iptables rules (it looks like {looks_like})");
            return Err(Diagnostic::without_place(&title, Some(help)));
        }
        if bytes.len() as u64 > MAX_FILE_LEN {
            let title = format!("{name} is too large for rules: more than {MAX_FILE_LEN} bytes");
            return Err(Diagnostic::without_place(&title, None));
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
        Ok(Self::new(name, text))
    }

    /// Its name as typed.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// All of it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Its lines; a backslash before the line end joins the next one to it.
    pub(super) fn lines(&self) -> impl Iterator<Item = Line> {
        let mut at = 0;
        let mut number = 1;
        std::iter::from_fn(move || {
            let rest = self.text.get(at..).filter(|rest| !rest.is_empty())?;
            let mut len = 0;
            let mut line_count = 0;
            for line in rest.split_inclusive('\n') {
                len += line.len();
                line_count += 1;
                let body = line.trim_end_matches('\n');
                let backslash_count = body.len() - body.trim_end_matches('\\').len();
                let comment = line_count == 1 && body.trim_start().starts_with('#');
                if comment || backslash_count % 2 == 0 {
                    break;
                }
            }
            let whole = rest.get(..len).unwrap_or(rest);
            let start = at + whole.len() - whole.trim_start().len();
            let span = start..start + whole.trim().len();
            let line = Line { number, span };
            at += len;
            number += line_count;
            Some(line)
        })
    }

    /// The number and the bytes of the line, as it stands in the file, that holds byte `at`.
    pub(super) fn line_at(&self, at: usize) -> (usize, Range<usize>) {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let rest = self.text.get(start..).unwrap_or_default();
        let number = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        (number, start..start + rest.find('\n').unwrap_or(rest.len()))
    }
}

fn unreadable(name: &str, error: &io::Error) -> Diagnostic {
    let reason = error.to_string();
    let reason = reason.split(" (os error").next().unwrap_or_default();
    let help = match error.kind() {
        io::ErrorKind::IsADirectory => Some("give the files in it, each with its own `-r`"),
        _ => None,
    };
    Diagnostic::without_place(&format!("cannot read {name}: {reason}"), help)
}

/// What a file is that is no list of iptables rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Capture,
    Compressed,
    Binary,
    Nft,
    Json,
    Xml,
    Sysctl,
    Conntrack,
    Listing,
}

impl Kind {
    /// What `bytes` plainly are, if not rules: judged by the first bytes or the first line.
    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xa1, 0xb2, 0xc3 | 0x3c, 0xd4 | 0x4d, ..]
            | [0xd4 | 0x4d, 0xc3 | 0x3c, 0xb2, 0xa1, ..]
            | [0x0a, 0x0d, 0x0d, 0x0a, ..] => return Some(Self::Capture),
            [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => return Some(Self::Compressed),
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
            _ => None,
        }
    }

    /// What to call it, and what to do.
    fn words(self) -> (&'static str, &'static str) {
        const SAVE: &str = "give the output of `iptables-save -t raw`";
        match self {
            Self::Capture => ("a capture", "rules go behind `-r`, the capture stands alone"),
            Self::Compressed => ("compressed data", "unpack it first"),
            Self::Binary => ("binary data", SAVE),
            Self::Nft => ("nft text", "this version reads iptables rules only"),
            Self::Json => ("JSON", SAVE),
            Self::Xml => ("XML", SAVE),
            Self::Sysctl => ("sysctl settings", SAVE),
            Self::Conntrack => ("a conntrack table or its events", SAVE),
            Self::Listing => ("a listing by `iptables -L`", SAVE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_continue_and_keep_their_numbers() {
        let text = "a\\\n b\n\n# c\\\n  d  \ne\\\\\nf\\".to_owned();
        let file = RuleText::new("x".to_owned(), text);
        let lines: Vec<(usize, &str)> =
            file.lines().map(|line| (line.number, &file.text()[line.span])).collect();
        let expected = [(1, "a\\\n b"), (3, ""), (4, "# c\\"), (5, "d"), (6, "e\\\\"), (7, "f\\")];
        assert_eq!(lines, expected);
        assert_eq!(file.line_at(4), (2, 3..5));
        assert_eq!(file.line_at(file.text().len()).0, 7);
    }

    #[test]
    fn what_is_no_list_of_rules_is_named() {
        let cases: &[(&[u8], Option<Kind>)] = &[
            (b"\xd4\xc3\xb2\xa1\x02\0\x04\0", Some(Kind::Capture)),
            (b"\x0a\x0d\x0d\x0a", Some(Kind::Capture)),
            (b"\x1f\x8b\x08", Some(Kind::Compressed)),
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
            (b"*raw\n", None),
            (b"#!/bin/sh\niptables -F\n", None),
            (b"-A OUTPUT -j NOTRACK\n", None),
            (b"[4:232] -A OUTPUT -j NOTRACK\n", None),
            (b"", None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(Kind::of(bytes), *expected, "{}", bytes.escape_ascii());
        }
    }
}
