//! A table that somebody saved: `conntrack -L` in any form, or /proc/net/nf_conntrack.

use std::io::BufRead;
use std::path::Path;

use crate::capture::{Kind, Source, Stop};
use crate::conntrack::{self, Entry, Reader, Record};
use crate::error::Error;
use crate::units::Count;

/// A saved table that is being read.
pub(crate) struct Saved {
    file: String,
    reader: Reader<Source>,
    entry_count: u64,
    expectation_count: u64,
}

impl Saved {
    /// Opens it.
    ///
    /// # Errors
    /// When that is not possible.
    pub(crate) fn open(path: &Path, stop: &Stop) -> Result<Self, Error> {
        let source = Source::open(path, stop)?;
        let kind = source.kind();
        if matches!(kind, Kind::Pcap | Kind::PcapNg) {
            return Err(Error::CaptureAsTable(source.name().to_owned()));
        }
        if kind.taken_by().is_some_and(|option| option != "-s" && option != "replay") {
            return Err(Error::NoTable(source.name().to_owned(), kind));
        }
        let file = source.name().to_owned();
        Ok(Self { file, reader: Reader::new(source), entry_count: 0, expectation_count: 0 })
    }

    /// Its name, safe for a terminal.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// The next entry, and the line in which it stands.
    ///
    /// # Errors
    /// When it cannot be read further, or is no table.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Entry)>, Error> {
        while let Some(record) = self.reader.next() {
            match record.map_err(|error| fault(&self.reader, error))? {
                Record::Entry(entry) => {
                    self.entry_count += 1;
                    return Ok(Some((self.reader.line(), entry)));
                }
                Record::Event(_) => return Err(Error::LogAsTable(self.file.clone())),
                Record::Expectation(_) => self.expectation_count += 1,
            }
        }
        match self.reader.foreign() {
            Some(foreign) if self.entry_count == 0 => {
                Err(Error::NoEntries(self.file.clone(), foreign.clone()))
            }
            _ => Ok(None),
        }
    }

    /// What should be said of it although it could be read; complete at its end.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = notes(&self.file, &self.reader);
        if self.expectation_count > 0 {
            let (file, count) = (&self.file, self.expectation_count);
            notes.push(format!("{file}: expectations that are left out: {count}"));
        }
        notes
    }
}

/// Why a table or a log cannot be read on. Where reading failed, the file knows more.
pub(crate) fn fault(reader: &Reader<Source>, error: conntrack::Error) -> Error {
    let source = reader.input();
    match error.why {
        conntrack::Why::Read(why) => Error::Capture(source.error(why)),
        _ => Error::Conntrack(source.name().to_owned(), error),
    }
}

/// What should be said of a table or a log although it could be read; complete at its end.
pub(crate) fn notes<R: BufRead>(file: &str, reader: &Reader<R>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(foreign) = reader.foreign() {
        let (count, line, text) = (Count(foreign.count), foreign.line, &foreign.text);
        notes.push(format!(
            "{file}: lines that are none of conntrack's: {count}, the first is line {line}: {text}"
        ));
    }
    if let Some(unknown) = reader.unknown() {
        let (count, line, word) = (Count(unknown.count), unknown.line, &unknown.text);
        notes.push(format!(
            "{file}: words that are passed over: {count}, the first is in line {line}: {word}"
        ));
    }
    if let Some(line) = reader.cut() {
        notes.push(format!("{file} ends in the middle of line {line}, which is left out"));
    }
    notes
}
