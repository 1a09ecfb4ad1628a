//! One line of settings, in any of the forms in which people keep them.

use std::ops::Range;

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing: it is empty, or a comment.
    Nothing,
    /// These settings.
    Sets(Vec<Assigned>),
    /// Something else.
    Other,
}

/// A setting: where its name stands in the line, and its value, which may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assigned {
    pub(super) key: Range<usize>,
    pub(super) value: Range<usize>,
    pub(super) of: Of,
}

/// What a name is one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// The names of `sysctl`.
    Sysctl,
    /// The options of the module.
    Module,
}

/// A word of a line, without quotes.
#[derive(Clone)]
struct Word<'l> {
    text: &'l str,
    start: usize,
}

impl Word<'_> {
    fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// `NAME=VALUE`.
    fn assigned(&self, of: Of) -> Option<Assigned> {
        let equals = self.start + self.text.find('=')?;
        Some(Assigned { key: self.start..equals, value: equals + 1..self.end(), of })
    }
}

/// Reads a line.
pub(super) fn read(line: &str) -> Said {
    let trimmed = line.trim_start();
    if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
        return Said::Nothing;
    }
    let mut words = words(line).skip_while(|word| word.text == "sudo");
    let Some(first) = words.next() else { return Said::Nothing };
    let program = first.text.rsplit('/').next().unwrap_or_default();
    let sets = match program {
        "sysctl" => command(words),
        "options" | "modprobe" => module(words),
        "echo" | "printf" => written(words),
        _ => None,
    };
    match sets.or_else(|| plain(line)) {
        Some(sets) => Said::Sets(sets),
        None => Said::Other,
    }
}

fn words(line: &str) -> impl Iterator<Item = Word<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = line.get(at..)?;
        let start = at + rest.find(|c: char| !c.is_whitespace())?;
        let rest = line.get(start..)?;
        let len = rest.find(char::is_whitespace).unwrap_or(rest.len());
        at = start + len;
        Some(unquoted(line, start..at))
    })
}

/// A part of a line without the quotes around it.
fn unquoted(line: &str, part: Range<usize>) -> Word<'_> {
    let quotes = ['"', '\''];
    let text = line.get(part.clone()).unwrap_or_default();
    let inside = text.trim_start_matches(quotes);
    let start = part.start + text.len() - inside.len();
    Word { text: inside.trim_end_matches(quotes), start }
}

/// Behind `sysctl`: `-w NAME=VALUE ...`.
fn command<'l>(words: impl Iterator<Item = Word<'l>>) -> Option<Vec<Assigned>> {
    let words = words.take_while(|word| !ends_command(word.text));
    let sets: Vec<_> = words
        .filter(|word| !word.text.starts_with('-'))
        .filter_map(|word| word.assigned(Of::Sysctl))
        .collect();
    (!sets.is_empty()).then_some(sets)
}

fn ends_command(word: &str) -> bool {
    word.starts_with(['#', ';', '&', '|', '>', '<'])
}

/// Behind `options`: `nf_conntrack hashsize=VALUE ...`.
fn module<'l>(mut words: impl Iterator<Item = Word<'l>>) -> Option<Vec<Assigned>> {
    let module = words.find(|word| !word.text.starts_with('-'))?;
    if !matches!(module.text, "nf_conntrack" | "ip_conntrack") {
        return None;
    }
    let words = words.take_while(|word| !ends_command(word.text));
    Some(words.filter_map(|word| word.assigned(Of::Module)).collect())
}

/// Behind `echo`: `VALUE > FILE`, or `VALUE | tee FILE`.
fn written<'l>(words: impl Iterator<Item = Word<'l>>) -> Option<Vec<Assigned>> {
    let mut words = words.skip_while(|word| matches!(word.text, "-n" | "-e"));
    let value = words.next()?;
    let file = words.find_map(|word| {
        let text = word.text.trim_start_matches('>');
        let is_file = text.starts_with("/proc/sys/") || text.starts_with("/sys/module/");
        is_file.then(|| Word { text, start: word.end() - text.len() })
    })?;
    // `; sleep 1`
    let key = file.text.trim_end_matches([';', '"', '\'']);
    let key = file.start..file.start + key.len();
    Some(vec![Assigned { key, value: value.start..value.end(), of: Of::Sysctl }])
}

/// `NAME = VALUE`, `-NAME=VALUE`, or `FILE:VALUE` as grep prints it.
fn plain(line: &str) -> Option<Vec<Assigned>> {
    let equals = line.find('=');
    let colon = line.find(':').filter(|&at| {
        let file = line.get(..at).unwrap_or_default().trim_start();
        file.starts_with("/proc/sys/") || file.contains("_conntrack_")
    });
    let at = match (equals, colon) {
        (Some(equals), Some(colon)) => equals.min(colon),
        (equals, colon) => equals.or(colon)?,
    };
    let key = trimmed(line, 0..at);
    let dash = usize::from(line.get(key.clone())?.starts_with('-'));
    let key = trimmed(line, key.start + dash..key.end);
    let name = line.get(key.clone())?;
    if name.is_empty() || name.contains(char::is_whitespace) {
        return None;
    }
    let value = trimmed(line, at + 1..line.len());
    Some(vec![Assigned { key, value, of: Of::Sysctl }])
}

/// A part of a line without the white space around it.
fn trimmed(line: &str, part: Range<usize>) -> Range<usize> {
    let text = line.get(part.clone()).unwrap_or_default();
    let start = part.start + text.len() - text.trim_start().len();
    start..start + text.trim().len()
}

#[cfg(test)]
mod tests {
    use super::{Of, Said, read};

    fn shown(line: &str) -> String {
        let Said::Sets(sets) = read(line) else { return format!("{:?}", read(line)) };
        let shown = sets.into_iter().map(|set| {
            let of = if set.of == Of::Module { "module " } else { "" };
            format!("{of}{}<-{}", &line[set.key], &line[set.value])
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn every_form_gives_name_and_value() {
        let cases = [
            ("a.b = 1", "a.b<-1"),
            ("a.b=1", "a.b<-1"),
            ("\ta.b\t=\t1 2 \r", "a.b<-1 2"),
            ("- a.b = 1", "a.b<-1"),
            ("-a.b = 1", "a.b<-1"),
            ("a/b=1", "a/b<-1"),
            ("a.b =", "a.b<-"),
            ("/proc/sys/a/b:1", "/proc/sys/a/b<-1"),
            ("nf_conntrack_max:1", "nf_conntrack_max<-1"),
            ("a:b=1", "a:b<-1"),
            ("echo 1 > /proc/sys/a/b", "/proc/sys/a/b<-1"),
            ("sudo echo -n \"1\" >/proc/sys/a/b; sleep 1", "/proc/sys/a/b<-1"),
            ("echo 1 | sudo tee /proc/sys/a/b # c", "/proc/sys/a/b<-1"),
            ("/bin/echo '1' >> '/sys/module/a/b'", "/sys/module/a/b<-1"),
            ("sysctl -w a.b=1", "a.b<-1"),
            ("sudo /sbin/sysctl -q -w \"a.b=1\" c.d=2 # e=3", "a.b<-1, c.d<-2"),
            ("options nf_conntrack hashsize=1 x=2", "module hashsize<-1, module x<-2"),
            ("modprobe -q ip_conntrack hashsize=1", "module hashsize<-1"),
            ("modprobe nf_conntrack", ""),
            ("", "Nothing"),
            (" # a=1", "Nothing"),
            (";a=1", "Nothing"),
            ("options kvm ignore_msrs=1", "Other"),
            ("sysctl -p", "Other"),
            ("sysctl: cannot stat /proc/sys/a/b: No such file", "Other"),
            ("iptables -A INPUT -j DROP", "Other"),
            ("tcp 6 10 src=192.0.2.1 dst=192.0.2.2", "Other"),
            ("=1", "Other"),
            ("-=1", "Other"),
        ];
        for (line, expected) in cases {
            assert_eq!(shown(line), expected, "{line}");
        }
    }
}
