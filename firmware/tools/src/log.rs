//! A board's log: defmt's frames, put into lines of words, and such lines read again.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use defmt_decoder::{DecodeError, Frame, Table};

/// So many lines are the end of a log.
const SHOWN: usize = 20;

/// A line of a board's log: `4.215000 INFO  boot`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Microseconds since the board started, if the line says when it was written.
    pub at_us: Option<u64>,
    /// `INFO`, `WARN`, `ERROR`; empty for a line that has none.
    pub level: String,
    /// What it says.
    pub message: String,
}

impl Line {
    /// Reads a line that [`Display`](fmt::Display) has written; None if it is no such line.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let (time, rest) = line.split_once(' ')?;
        let (level, message) = rest.split_once(' ')?;
        let message = message.trim_start().to_owned();
        Some(Self { at_us: Some(microseconds(time)?), level: level.to_owned(), message })
    }

    fn of(frame: &Frame<'_>) -> Self {
        Self {
            at_us: frame.display_timestamp().and_then(|time| microseconds(&time.to_string())),
            level: frame.level().map_or("", |level| level.as_str()).to_uppercase(),
            message: frame.display_message().to_string(),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at_us) = self.at_us {
            write!(out, "{}.{:06} ", at_us / 1_000_000, at_us % 1_000_000)?;
        }
        write!(out, "{:<5} {}", self.level, self.message)
    }
}

/// The last lines of a log, to be shown with what went wrong.
#[must_use]
pub fn end_of(log: &[Line]) -> String {
    let shown = log.get(log.len().saturating_sub(SHOWN)..).unwrap_or_default();
    shown.iter().map(|line| format!("\n  {line}")).collect()
}

/// What the log of an image says in its place of words, which its ELF file knows.
#[derive(Debug)]
pub struct Words(Table);

impl Words {
    /// Of the image in this file.
    ///
    /// # Errors
    /// The file cannot be read, or is no image that logs by defmt.
    pub fn of(image: &Path) -> io::Result<Self> {
        let name = image.display();
        let about = |why: &dyn fmt::Display| io::Error::other(format!("{name}: {why}"));
        let elf = fs::read(image).map_err(|why| about(&why))?;
        let table = Table::parse(&elf).map_err(|why| about(&why))?;
        table.map(Self).ok_or_else(|| about(&"no image that logs by defmt"))
    }

    /// Hands over the lines of `frames` as they come, until those end.
    ///
    /// # Errors
    /// Those of reading and of `each`, and `InvalidData` for bytes that the image did not send.
    pub fn read(
        &self,
        mut frames: impl Read,
        mut each: impl FnMut(Line) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut decoder = self.0.new_stream_decoder();
        let mut received = [0; 1 << 16];
        loop {
            match frames.read(&mut received)? {
                0 => return Ok(()),
                len => decoder.received(received.get(..len).unwrap_or_default()),
            }
            loop {
                match decoder.decode() {
                    Ok(frame) => each(Line::of(&frame))?,
                    Err(DecodeError::UnexpectedEof) => break,
                    Err(DecodeError::Malformed) => {
                        let what = "the log has bytes that this image did not send";
                        return Err(io::Error::new(ErrorKind::InvalidData, what));
                    }
                }
            }
        }
    }
}

/// `4.215`, `00:00:04.215000` or `1:02:03:04.5` (days first) in microseconds.
fn microseconds(time: &str) -> Option<u64> {
    let (seconds, fraction) = time.split_once('.')?;
    let units = seconds.split(':').rev().zip([1, 60, 3_600, 86_400]);
    let seconds = units.map(|(digits, unit)| digits.parse::<u64>().ok()?.checked_mul(unit));
    let seconds = seconds.sum::<Option<u64>>()?;
    let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
    seconds.checked_mul(1_000_000)?.checked_add(digits.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_is_written() {
        let line = Line { at_us: Some(4_215_007), level: "INFO".into(), message: "a b".into() };
        assert_eq!(line.to_string(), "4.215007 INFO  a b");
        assert_eq!(Line::parse(&line.to_string()), Some(line));
        assert_eq!(Line::parse("QEMU says something"), None);
    }

    #[test]
    fn times_are_read_as_defmt_writes_them() {
        assert_eq!(microseconds("12.034"), Some(12_034_000));
        assert_eq!(microseconds("01:02:03.000004"), Some(3_723_000_004));
        assert_eq!(microseconds("2:00:00:00.5"), Some(172_800_500_000));
        assert_eq!(microseconds("soon"), None);
    }
}
