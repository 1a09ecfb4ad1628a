//! Several captures as one, by time: the parts that tcpdump or dumpcap wrote in turn, or what was
//! captured at several interfaces at once.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::error::{Error, Fault};
use super::interfaces::Interfaces;
use super::part::{Found, Part};
use super::source::{Source, is_stdin};
use super::{Interface, Record, Stop, Warning, printable};

/// The paths that lead to stdin.
const STDIN_PATHS: [&str; 3] = ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];

/// Captures that are read as one, in the order of their records' times. Of two records of one time,
/// that of the file named first comes first; the order within a file stays as it is.
///
/// A file is open from its first record to its last, so that only those that overlap in time are
/// open at once; a pipe always is. An open file costs 1 MiB of memory, a compressed one 2 MiB and
/// what its decoder needs. What is wrong with one file ends the whole.
pub struct Captures {
    stop: Stop,
    parts: Vec<Part>,
    /// Of each part that is not at its end: when its next record comes, at the earliest, and which
    /// part it is.
    queue: BinaryHeap<Reverse<(u64, usize)>>,
    interfaces: Interfaces,
    /// How many parts are between their first record and their last.
    under_way_count: usize,
    packet_count: u64,
    state: State,
}

#[derive(PartialEq)]
enum State {
    Reading,
    Ended,
    /// Ended because a stop was asked for.
    Stopped,
}

impl Captures {
    /// Opens captures, of which `-` is stdin, and reads the header of each; where there are
    /// several, also the time of the first record of each that is a file.
    ///
    /// # Errors
    /// When one of them cannot be read, is no capture or is named twice. Of several, some may be
    /// empty: of rotated captures the one that has just been begun is.
    pub fn open(paths: &[PathBuf], stop: &Stop) -> Result<Self, Error> {
        refuse_twice(paths)?;
        let mut captures = Self::none(stop);
        let mut emptiness = None;
        for path in paths {
            let source = Source::open(path, stop)?;
            let (file, total_bytes) = (source.name().to_owned(), source.total_bytes());
            match Part::new(path, source) {
                Ok(part) if paths.len() == 1 => captures.add(part, 0)?,
                Ok(part) => captures.add_one_of_several(part)?,
                Err(error) if matches!(error.fault(), Fault::Empty) => {
                    captures.parts.push(Part::empty(path, file, total_bytes));
                    emptiness.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
            if captures.was_stopped() {
                return Ok(captures);
            }
        }
        match emptiness {
            Some(error) if captures.parts.iter().all(Part::is_empty) => Err(error),
            _ => Ok(captures),
        }
    }

    /// Reads the header of one capture that has been opened.
    ///
    /// # Errors
    /// When it cannot be read or is no capture.
    pub fn from_source(source: Source, stop: &Stop) -> Result<Self, Error> {
        let mut captures = Self::none(stop);
        captures.add(Part::new(Path::new(""), source)?, 0)?;
        Ok(captures)
    }

    /// The next packet; `None` at the end, after an error, and when a stop was asked for.
    #[allow(clippy::should_implement_trait, reason = "a record is lent: no Iterator can do that")]
    pub fn next(&mut self) -> Option<Result<Record<'_>, Error>> {
        if self.state != State::Reading {
            return None;
        }
        match self.find() {
            Ok(Some(number)) => return self.lend(number).map(Ok),
            Ok(None) => {}
            Err(error) => {
                self.state = State::Ended;
                return Some(Err(error));
            }
        }
        None
    }

    /// When the next packet comes, in nanoseconds since 1970; `None` at the end.
    ///
    /// # Errors
    /// When a capture cannot be read further.
    pub fn next_time_ns(&mut self) -> Result<Option<u64>, Error> {
        let found = self.find()?;
        let first = self.queue.peek().filter(|_| found.is_some());
        Ok(first.map(|Reverse((time_ns, _))| *time_ns))
    }

    /// Whether the next packet is there without waiting for whoever writes the capture.
    #[must_use]
    pub fn is_at_hand(&self) -> bool {
        let first = self.queue.peek().and_then(|Reverse((_, number))| self.parts.get(*number));
        first.is_some_and(Part::is_at_hand)
    }

    /// What the files are called in messages, control characters escaped.
    pub fn files(&self) -> impl ExactSizeIterator<Item = &str> {
        self.parts.iter().map(|part| part.file.as_str())
    }

    /// What all together are called in messages: `a.pcap`, `a.pcap and b.pcap`,
    /// `a.pcap ... z.pcap (26 files)`.
    #[must_use]
    pub fn name(&self) -> String {
        match self.parts.as_slice() {
            [] => String::new(),
            [one] => one.file.clone(),
            [one, other] => format!("{} and {}", one.file, other.file),
            [first, .., last] => {
                format!("{} ... {} ({} files)", first.file, last.file, self.parts.len())
            }
        }
    }

    /// The formats of the files, each once: `pcap`, `pcapng+zstd`, `pcap and pcap+gzip`.
    #[must_use]
    pub fn format_name(&self) -> String {
        let mut names: Vec<&str> =
            self.parts.iter().filter_map(|part| part.format_name.as_deref()).collect();
        names.sort_unstable();
        names.dedup();
        names.join(" and ")
    }

    /// The interfaces that were described so far in files that have been begun.
    ///
    /// Numbers are given file by file in the order named, and in a file as it describes them. One
    /// that another file has named before, of the same link type, is the same interface. So are those
    /// without a name of files that follow each other in time; of files that overlap each has its own.
    pub fn interfaces(&self) -> impl Iterator<Item = &Interface> {
        self.interfaces.listed()
    }

    /// How many packets have been handed out.
    #[must_use]
    pub const fn packet_count(&self) -> u64 {
        self.packet_count
    }

    /// How far into the files reading has got, in bytes as they lie there. Asks every file: not for
    /// each packet.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.parts.iter().map(Part::bytes_read).sum()
    }

    /// How long the files are, in bytes, if all have an end that is known.
    #[must_use]
    pub fn total_bytes(&self) -> Option<u64> {
        self.parts.iter().map(|part| part.total_bytes).sum()
    }

    /// What should be said of each file, and its name, once all have been read.
    pub fn warnings(&self) -> impl Iterator<Item = (&str, Warning)> {
        self.parts.iter().filter_map(|part| Some((part.file.as_str(), part.warning?)))
    }

    /// Whether reading has ended early because a stop was asked for.
    #[must_use]
    pub fn was_stopped(&self) -> bool {
        self.state == State::Stopped
    }

    fn none(stop: &Stop) -> Self {
        Self {
            stop: stop.clone(),
            parts: Vec::new(),
            queue: BinaryHeap::new(),
            interfaces: Interfaces::default(),
            under_way_count: 0,
            packet_count: 0,
            state: State::Reading,
        }
    }

    /// Takes a part at the time of its first record, until which its file is closed.
    fn add_one_of_several(&mut self, mut part: Part) -> Result<(), Error> {
        if part.total_bytes.is_none() {
            // When its first record comes is asked when there is nothing else to do but wait.
            return self.add(part, 0);
        }
        part.number(self.parts.len(), &mut self.interfaces)?;
        let found = part.advance()?;
        part.number(self.parts.len(), &mut self.interfaces)?;
        part.close();
        match found {
            Found::At(time_ns) => return self.add(part, time_ns),
            Found::End => {}
            Found::Stop => self.state = State::Stopped,
        }
        self.parts.push(part);
        Ok(())
    }

    /// Takes a part whose next record does not come before that time.
    fn add(&mut self, mut part: Part, time_ns: u64) -> Result<(), Error> {
        let number = self.parts.len();
        part.number(number, &mut self.interfaces)?;
        self.parts.push(part);
        self.queue.push(Reverse((time_ns, number)));
        Ok(())
    }

    /// The part that has the next record; or the end.
    fn find(&mut self) -> Result<Option<usize>, Error> {
        while let Some(Reverse((_, number))) = self.queue.peek().copied() {
            let Some(part) = self.parts.get_mut(number) else { break };
            if part.has_found {
                return Ok(Some(number));
            }
            part.open(&self.stop)?;
            match part.advance()? {
                Found::At(time_ns) => {
                    part.number(number, &mut self.interfaces)?;
                    if !part.is_under_way {
                        part.begin(self.under_way_count, &mut self.interfaces);
                        self.under_way_count += 1;
                    }
                    if let Some(mut first) = self.queue.peek_mut() {
                        *first = Reverse((time_ns, number));
                    }
                }
                Found::End => {
                    self.under_way_count -= usize::from(part.is_under_way);
                    self.queue.pop();
                }
                Found::Stop => {
                    self.state = State::Stopped;
                    return Ok(None);
                }
            }
        }
        self.state = State::Ended;
        Ok(None)
    }

    fn lend(&mut self, number: usize) -> Option<Record<'_>> {
        let part = self.parts.get_mut(number)?;
        part.has_found = false;
        let record = part.open.as_mut()?.lend()?;
        let interface = self.interfaces.at(*part.interfaces.get(record.interface.index)?)?;
        let index = self.packet_count;
        self.packet_count += 1;
        Some(Record { index, interface, ..record })
    }
}

/// Refuses a file that is named twice: each of its packets would be there twice.
fn refuse_twice(paths: &[PathBuf]) -> Result<(), Error> {
    let mut seen = HashSet::new();
    for path in paths {
        let is_stdin = is_stdin(path) || STDIN_PATHS.iter().any(|name| path == Path::new(name));
        let path_or_stdin = if is_stdin { Path::new(STDIN_PATHS[0]) } else { path };
        // A pipe has no real path.
        let real = fs::canonicalize(path_or_stdin);
        if !seen.insert(real.unwrap_or_else(|_| path_or_stdin.to_owned())) {
            return Err(Error::new(&printable(&path.to_string_lossy()), Fault::Twice));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Captures, Stop};
    use std::fs;
    use std::path::PathBuf;

    #[test]
    fn of_parts_written_in_turn_one_is_open_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let write = |number: u32| -> PathBuf {
            let words =
                [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65535, 1, number, 0, 0, 60, number, 9, 0, 60];
            let path = directory.path().join(number.to_string());
            fs::write(&path, words.map(u32::to_le_bytes).concat()).unwrap();
            path
        };
        let paths: Vec<_> = (0..300).rev().map(write).collect();
        let mut captures = Captures::open(&paths, &Stop::default()).unwrap();
        for index in 0..600 {
            let open = captures.parts.iter().filter(|part| part.open.is_some()).count();
            assert!(open <= 1, "{open} before {index}");
            assert_eq!(captures.next().unwrap().unwrap().time_ns / 1_000_000_000, index / 2);
        }
        assert!(captures.next().is_none());
    }
}
