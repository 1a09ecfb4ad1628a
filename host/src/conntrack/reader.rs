//! Reads a file of any of the forms, line by line or element by element, in bounded memory.

use std::io::{BufRead, Read};

use super::fault::{Error, Fault, Why, shown};
use super::line::{Footer, Line, Record};
use super::tokens::Unknown;
use super::xml;

/// The most bytes of a line or of an element of XML.
pub const MAX_LINE_LEN: usize = 64 << 10;

/// Where an element begins that tells something, and where it ends.
const ELEMENT: [&[u8]; 2] = [b"<flow", b"</flow>"];
/// What stands in front of the text of some editors.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// What stands around them.
const AROUND: [&str; 5] = ["<?xml ", "<conntrack>", "</conntrack>", "<expect>", "</expect>"];
/// How many bytes tell all of these apart.
const MAX_BEGINNING_LEN: usize = "</conntrack>".len();

/// The records of a file, in its order; it ends with the first error.
///
/// White space is passed over, what conntrack says of the whole is kept, and so is the first line
/// of those that are of something else.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    /// What was read ahead: a line, or the rest of one.
    buffer: Vec<u8>,
    /// How much of `buffer` is done with.
    at: usize,
    /// How many lines end before `at`.
    lines: u64,
    line: u64,
    footer: Option<Footer>,
    foreign: Option<Foreign>,
    unknown: Option<Foreign>,
    cut: Option<u64>,
    is_done: bool,
}

/// Lines of something else, or words of conntrack's lines that are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// How many there are.
    pub count: u64,
    /// The number of the line of the first one, from 1.
    pub line: u64,
    /// The start of the first one, fit to be shown.
    pub text: String,
}

impl<R: BufRead> Reader<R> {
    /// Reads from `input`.
    #[must_use]
    pub const fn new(input: R) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            at: 0,
            lines: 0,
            line: 0,
            footer: None,
            foreign: None,
            unknown: None,
            cut: None,
            is_done: false,
        }
    }

    /// What it reads from.
    pub const fn input(&self) -> &R {
        &self.input
    }

    /// The number of the line on which the last record begins, from 1.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// What conntrack said of the whole until now; the last of it.
    #[must_use]
    pub const fn footer(&self) -> Option<&Footer> {
        self.footer.as_ref()
    }

    /// The lines of something else until now.
    #[must_use]
    pub const fn foreign(&self) -> Option<&Foreign> {
        self.foreign.as_ref()
    }

    /// The words `name=value` of conntrack's lines until now that are not known, and were passed
    /// over.
    #[must_use]
    pub const fn unknown(&self) -> Option<&Foreign> {
        self.unknown.as_ref()
    }

    /// The number of the last line where the file ends within a record, which is left out.
    #[must_use]
    pub const fn cut(&self) -> Option<u64> {
        self.cut
    }

    fn advance(&mut self) -> Result<Option<Record>, Why> {
        loop {
            self.skip(self.rest().len() - self.rest().trim_ascii_start().len());
            if self.rest().is_empty() && self.more()? == 0 {
                return Ok(None);
            }
            if self.line == 0 && self.rest().starts_with(BYTE_ORDER_MARK) {
                self.skip(BYTE_ORDER_MARK.len());
            }
            self.line = self.lines + 1;
            let record = match self.rest() {
                [] => None,
                [first, ..] if first.is_ascii_whitespace() => None,
                [b'<', ..] => self.element()?,
                _ => self.text()?,
            };
            if record.is_some() {
                return Ok(record);
            }
        }
    }

    /// Reads a line of text.
    fn text(&mut self) -> Result<Option<Record>, Why> {
        let has_end = self.rest().ends_with(b"\n") || self.find(b"\n")?.is_some();
        let line = String::from_utf8_lossy(self.buffer.get(self.at..).unwrap_or_default());
        let mut unknown = Unknown::default();
        let read = match Line::noting(&line, &mut unknown) {
            Err(fault) if !has_end && is_cut(&fault, &line) => {
                self.cut = Some(self.line);
                Line::Blank
            }
            read => read.map_err(Why::Fault)?,
        };
        if let Some(first) = unknown.first {
            note(&mut self.unknown, unknown.count, self.line, first);
        }
        let record = match read {
            Line::Record(record) => Some(record),
            Line::Footer(footer) => {
                self.footer = Some(footer);
                None
            }
            Line::Blank => None,
            Line::Foreign => {
                note(&mut self.foreign, 1, self.line, line.trim_end());
                None
            }
        };
        self.skip(self.rest().len());
        Ok(record)
    }

    /// Reads an element of XML, if it is one that tells something.
    fn element(&mut self) -> Result<Option<Record>, Why> {
        let [begin, end] = ELEMENT;
        // What is read at once may end anywhere.
        let is_known = |rest: &[u8]| rest.len() >= MAX_BEGINNING_LEN || rest.contains(&b'\n');
        while !is_known(self.rest()) && self.more()? > 0 {}
        if !self.rest().starts_with(begin) {
            return self.around();
        }
        let Some(len) = self.find(end)?.map(|at| at + end.len()) else {
            self.cut = Some(self.line);
            self.skip(self.rest().len());
            return Ok(None);
        };
        // Who asked for it stands behind it, on the same line.
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'<');
        while !self.rest().iter().skip(len).any(is_end) && self.more()? > 0 {}
        let (element, behind) = self.rest().split_at(len);
        let behind_len = behind.iter().position(is_end).unwrap_or(behind.len());
        let element = String::from_utf8_lossy(element);
        let behind = String::from_utf8_lossy(behind.get(..behind_len).unwrap_or_default());
        let record = xml::read(&element, &behind).map_err(Why::Fault)?;
        self.skip(len + behind_len);
        Ok(Some(record))
    }

    /// Passes over what stands around the elements, or reads a line that only begins like one.
    fn around(&mut self) -> Result<Option<Record>, Why> {
        if !AROUND.iter().any(|known| self.rest().starts_with(known.as_bytes())) {
            return self.text();
        }
        let end = self.find(b">")?.map_or(self.rest().len(), |at| at + 1);
        self.skip(end);
        Ok(None)
    }

    /// Where `text` begins in what is not read yet; `None` when the file ends without it.
    fn find(&mut self, text: &[u8]) -> Result<Option<usize>, Why> {
        let mut from = 0;
        loop {
            let rest = self.rest().get(from..).unwrap_or_default();
            if let Some(at) = rest.windows(text.len()).position(|window| window == text) {
                return Ok(Some(from + at));
            }
            from = self.rest().len().saturating_sub(text.len());
            if self.more()? == 0 {
                return Ok(None);
            }
        }
    }

    /// Reads on, behind what is not read yet.
    fn more(&mut self) -> Result<usize, Why> {
        if self.rest().len() >= MAX_LINE_LEN {
            return Err(Why::TooLong(MAX_LINE_LEN));
        }
        self.buffer.drain(..self.at);
        self.at = 0;
        let mut line = self.input.by_ref().take(MAX_LINE_LEN as u64);
        line.read_until(b'\n', &mut self.buffer).map_err(Why::Read)
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, len: usize) {
        let skipped = self.rest().iter().take(len);
        self.lines += skipped.filter(|byte| **byte == b'\n').count() as u64;
        self.at += len;
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let record = self.advance().map_err(|why| Error { line: self.lines + 1, why });
        self.is_done = !matches!(record, Ok(Some(_)));
        record.transpose()
    }
}

/// Counts so many more of those lines or words, and keeps the first.
fn note(noted: &mut Option<Foreign>, count: u64, line: u64, first: &str) {
    match noted {
        Some(noted) => noted.count += count,
        none => *none = Some(Foreign { count, line, text: shown(first) }),
    }
}

/// Whether the fault may come from a line that lacks its end.
fn is_cut(fault: &Fault, line: &str) -> bool {
    match fault {
        Fault::Missing(_) => true,
        Fault::Unknown(word) | Fault::Value(word) => line.ends_with(&**word),
        _ => false,
    }
}
