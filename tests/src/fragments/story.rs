//! Stories of fragments: how they are written, and how they are told to somebody who judges them.
//!
//! A line is a story: the families that it is true of, its name, and behind bars the parts of
//! datagrams in the order in which they come. A part is the bytes that it carries (`8..24`; `+` when
//! more of the datagram follows), what is not as usual about it, and the verdict of the packet;
//! `*65` behind that says that it comes so often. `id`, `ecn`, `protocol`, `from`, the last byte of the
//! source address, and `udp`, the length that a header of UDP states, may be unusual.
//!
//! Datagrams are of UDP, whose header states 8 bytes, which is never too many. Those of another
//! protocol are zeros behind the ports.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use keeptrack_core::Protocol;

use crate::judge::Judge;
use crate::told::Verdict;

/// The number of IPv6's fragment header.
const FRAGMENT: u8 = 44;
/// Between two packets, in nanoseconds.
const STEP_NS: u64 = 1_000;

/// What is told of some parts of datagrams.
#[derive(Debug)]
pub struct Story {
    name: String,
    family: Family,
    parts: Vec<Part>,
}

/// IPv4 or IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

/// A part of a datagram, and the verdict that is expected.
#[derive(Debug, Clone)]
pub(super) struct Part {
    bytes: Range<usize>,
    more: bool,
    id: u16,
    ecn: u8,
    protocol: u8,
    from: u8,
    udp_len: u8,
    verdict: Option<Verdict>,
}

impl Part {
    /// The last part of a usual datagram, with those bytes.
    pub(super) const fn last(bytes: Range<usize>) -> Self {
        let protocol = Protocol::UDP.0;
        Self { bytes, more: false, id: 1, ecn: 0, protocol, from: 1, udp_len: 8, verdict: None }
    }

    /// A part in front of others.
    #[cfg(test)]
    pub(super) const fn front(bytes: Range<usize>) -> Self {
        Self { more: true, ..Self::last(bytes) }
    }

    /// The same part of another datagram.
    #[cfg(test)]
    pub(super) const fn numbered(mut self, id: u16) -> Self {
        self.id = id;
        self
    }

    /// The same part of a datagram of TCP.
    #[cfg(test)]
    pub(super) const fn of_tcp(mut self) -> Self {
        self.protocol = Protocol::TCP.0;
        self
    }

    /// The packet, from its IP header on.
    pub(super) fn packet(&self, family: Family) -> Vec<u8> {
        let payload: Vec<u8> = self.bytes.clone().map(|at| self.byte(at)).collect();
        let place = u16::try_from(self.bytes.start).unwrap_or(u16::MAX);
        let len = |len: usize| u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes();
        match family {
            Family::V4 => {
                let field = place >> 3 | u16::from(self.more) << 13;
                let source = Ipv4Addr::new(192, 0, 2, self.from).octets();
                let head = [0x45, self.ecn];
                let tail = [64, self.protocol, 0, 0];
                let id_and_place = [self.id.to_be_bytes(), field.to_be_bytes()].concat();
                let lengths = len(20 + payload.len());
                let addresses = [source, [198, 51, 100, 2]].concat();
                let mut packet =
                    [&head[..], &lengths, &id_and_place, &tail, &addresses, &payload].concat();
                set_checksum(&mut packet);
                packet
            }
            Family::V6 => {
                let field = place | u16::from(self.more);
                let source = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, self.from.into());
                let destination = Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 2);
                let head = [0x60, self.ecn << 4, 0, 0];
                let lengths = len(8 + payload.len());
                let addresses = [source.octets(), destination.octets()].concat();
                let header = [&[self.protocol, 0][..], &field.to_be_bytes(), &[0, 0]].concat();
                let id = self.id.to_be_bytes();
                [&head[..], &lengths, &[FRAGMENT, 64], &addresses, &header, &id, &payload].concat()
            }
        }
    }

    /// A byte of the datagram: ports 1000 and 2000, then the length.
    fn byte(&self, at: usize) -> u8 {
        let header = [3, 0xe8, 7, 0xd0, 0, self.udp_len];
        let is_there = at < 4 || self.protocol == Protocol::UDP.0;
        header.get(at).copied().filter(|_| is_there).unwrap_or(0)
    }

    fn read(text: &str) -> Result<Vec<Self>, String> {
        let mut words = text.split_whitespace();
        let bytes = words.next().unwrap_or_default();
        let (bytes, more) = bytes.strip_suffix('+').map_or((bytes, false), |bytes| (bytes, true));
        let wrong = |word: &str| format!("`{word}` is not understood");
        let (start, end) = bytes.split_once("..").ok_or_else(|| wrong(bytes))?;
        let number = |text: &str| text.parse::<usize>().map_err(|_| wrong(text));
        let bytes = number(start)?..number(end)?;
        let mut part = Self { more, ..Self::last(bytes) };
        let mut count = 1;
        for word in words {
            let value = |text: &str| text.parse::<u8>().map_err(|_| wrong(word));
            match (word.split_once('='), word.strip_prefix('*')) {
                (Some(("id", id)), _) => part.id = value(id)?.into(),
                (Some(("ecn", ecn)), _) => part.ecn = value(ecn)?,
                (Some(("protocol", protocol)), _) => part.protocol = value(protocol)?,
                (Some(("from", from)), _) => part.from = value(from)?,
                (Some(("udp", len)), _) => part.udp_len = value(len)?,
                (None, Some(times)) => count = number(times)?,
                _ => part.verdict = Some(Verdict::from_name(word).ok_or_else(|| wrong(word))?),
            }
        }
        Ok(vec![part; count])
    }
}

impl Story {
    /// Reads stories, one for each family that a line names.
    ///
    /// # Errors
    /// When a line cannot be understood, with its number.
    pub(super) fn read(text: &str) -> Result<Vec<Self>, String> {
        let mut stories = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let read = Self::of_line(line).map_err(|error| format!("{}: {error}", number + 1))?;
            stories.extend(read);
        }
        Ok(stories)
    }

    fn of_line(line: &str) -> Result<Vec<Self>, String> {
        let mut cells = line.split('|');
        let title = cells.next().unwrap_or_default();
        let (families, name) = title.split_once(' ').ok_or("no name")?;
        let mut parts = Vec::new();
        for cell in cells {
            parts.extend(Part::read(cell)?);
        }
        families
            .chars()
            .map(|family| match family {
                '4' => Ok(Family::V4),
                '6' => Ok(Family::V6),
                other => Err(format!("`{other}` is no family")),
            })
            .map(|family| {
                Ok(Self { name: name.trim().into(), family: family?, parts: parts.clone() })
            })
            .collect()
    }

    /// In what a judge's answers differ from the story, if they do.
    ///
    /// # Errors
    /// When the judge has none.
    pub fn difference(&self, judge: &mut dyn Judge) -> Result<Option<String>, String> {
        judge.clear()?;
        let mut time_ns = STEP_NS;
        for (number, part) in self.parts.iter().enumerate() {
            time_ns += STEP_NS;
            let told = judge.pass(time_ns, &part.packet(self.family))?;
            if Some(told.verdict) != part.verdict {
                let Self { name, family, .. } = self;
                let word = told.verdict.name();
                return Ok(Some(format!("{family:?} {name}: {word} at packet {}", number + 1)));
            }
        }
        Ok(None)
    }
}

fn set_checksum(packet: &mut [u8]) {
    let words = packet[..20].chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1]));
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let sum = !u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap_or(0);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
}
