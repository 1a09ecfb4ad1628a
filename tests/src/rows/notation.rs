//! Rows as they stand in their files: named cases, each a sequence of packets and what is told of them.
//!
//! ```text
//! define open                          a sequence that others begin with
//!   > S                | new SYN_SENT 120
//! row TCP, a SYN and a reset           a case, which begins with an empty table
//!   with nf_conntrack_tcp_loose=0      a setting that is not Linux's own
//!   in IPv4 and IPv6                   otherwise in IPv4
//!   do open
//!   +2000                              so many milliseconds pass
//!   > R                | est CLOSE 10 RA   a packet (see `packets`) and what is told of it (see `play`)
//! ```
//! What stands behind `#` is for people.

use super::packets::{Family, Hosts};
use super::words::{Words, number};
use crate::generate::Settings;
use crate::generate::packet::Ip;

/// One of Linux's rules, as a case.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it is about.
    pub name: String,
    /// How its packets are to be tracked.
    pub settings: Settings,
    /// What happens, in order.
    pub(super) steps: Vec<Step>,
}

/// A packet, and what is to be told of it.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// `FILE:LINE`.
    pub(super) place: String,
    /// What passes before it, in milliseconds.
    pub(super) wait_ms: u64,
    pub(super) packet: Ip,
    pub(super) expected: String,
}

/// A part of a file: its title, and its lines with their numbers.
#[derive(Clone, Copy)]
struct Block<'a> {
    title: &'static str,
    lines: &'a [(usize, &'static str)],
}

/// The cases of a file.
///
/// # Errors
/// When a line of it cannot be understood; with its place.
pub(super) fn read(file: &str, text: &'static str) -> Result<Vec<Case>, String> {
    let lines: Vec<(usize, &str)> = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.is_empty())
        .collect();
    let begins = |line: &str| line.starts_with("row ") || line.starts_with("define ");
    let blocks: Vec<Block<'_>> = lines
        .chunk_by(|_, (_, next)| !begins(next))
        .map(|block| Block { title: block[0].1, lines: &block[1..] })
        .collect();
    let mut cases = Vec::new();
    for block in &blocks {
        if let Some(name) = block.title.strip_prefix("row ") {
            for family in families(block) {
                let mut reader = Reader::new(file, &blocks, family);
                reader.block(block)?;
                let name = if family == Family::V6 { format!("{name}, IPv6") } else { name.into() };
                cases.push(Case { name, settings: reader.settings.parse()?, steps: reader.steps });
            }
        } else if !block.title.starts_with("define ") {
            return Err(format!("{file}: '{}' stands in no row", block.title));
        }
    }
    Ok(cases)
}

fn families(block: &Block<'_>) -> Vec<Family> {
    let has = |line| block.lines.iter().any(|&(_, other)| other == line);
    match (has("in IPv6"), has("in IPv4 and IPv6")) {
        (_, true) => vec![Family::V4, Family::V6],
        (true, false) => vec![Family::V6],
        (false, false) => vec![Family::V4],
    }
}

/// What has been read of one case.
struct Reader<'a> {
    file: &'a str,
    blocks: &'a [Block<'a>],
    hosts: Hosts,
    wait_ms: u64,
    /// `NAME=VALUE`, with spaces in between.
    settings: String,
    steps: Vec<Step>,
}

impl<'a> Reader<'a> {
    fn new(file: &'a str, blocks: &'a [Block<'a>], family: Family) -> Self {
        let hosts = Hosts::new(family);
        Self { file, blocks, hosts, wait_ms: 0, settings: String::new(), steps: Vec::new() }
    }

    fn block(&mut self, block: &Block<'_>) -> Result<(), String> {
        for &(number, line) in block.lines {
            let place = format!("{}:{number}", self.file);
            self.line(&place, line).map_err(|fault| format!("{place}: {fault}"))?;
        }
        Ok(())
    }

    fn line(&mut self, place: &str, line: &'static str) -> Result<(), String> {
        if let Some(setting) = line.strip_prefix("with ") {
            self.settings.push_str(setting);
            self.settings.push(' ');
        } else if let Some(name) = line.strip_prefix("do ") {
            let is_it = |block: &&Block<'_>| block.title.strip_prefix("define ") == Some(name);
            let block = *self.blocks.iter().find(is_it).ok_or_else(|| format!("no {name}"))?;
            self.block(&block)?;
        } else if let Some(passed) = line.strip_prefix('+') {
            self.wait_ms += number::<u64>(passed)?;
        } else if !line.starts_with("in IPv") {
            let (packet, expected) = line.split_once('|').ok_or("nothing is expected")?;
            self.steps.push(Step {
                place: place.into(),
                wait_ms: std::mem::take(&mut self.wait_ms),
                packet: self.hosts.packet(packet)?,
                expected: Words::of(expected).text(),
            });
        }
        Ok(())
    }
}
