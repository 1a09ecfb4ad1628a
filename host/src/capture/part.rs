//! One of several captures that are read as one: open from its first record to its last.

use std::path::{Path, PathBuf};

use super::error::{Damage, Error};
use super::interfaces::Interfaces;
use super::source::Source;
use super::{Capture, Stop, Warning};

/// One of the captures.
pub(super) struct Part {
    path: PathBuf,
    pub(super) file: String,
    /// `None`: it is empty.
    pub(super) format_name: Option<String>,
    pub(super) total_bytes: Option<u64>,
    /// How far the file has been read, when it is not open.
    bytes_read: u64,
    pub(super) open: Option<Capture>,
    /// Whether the first record has been found for good.
    pub(super) is_under_way: bool,
    /// Whether the next record has been found, but not handed out.
    pub(super) has_found: bool,
    /// Of each interface that was described so far, its number over all parts.
    pub(super) interfaces: Vec<usize>,
    pub(super) warning: Option<Warning>,
}

/// What looking for the next record of a part has come to.
pub(super) enum Found {
    /// There is one, of that time in nanoseconds.
    At(u64),
    End,
    /// A stop was asked for.
    Stop,
}

impl Part {
    pub(super) fn new(path: &Path, source: Source) -> Result<Self, Error> {
        let capture = Capture::from_source(source)?;
        Ok(Self {
            path: path.to_owned(),
            file: capture.file().to_owned(),
            format_name: Some(capture.format_name()),
            total_bytes: capture.total_bytes(),
            bytes_read: 0,
            open: Some(capture),
            is_under_way: false,
            has_found: false,
            interfaces: Vec::new(),
            warning: None,
        })
    }

    /// One that is passed over.
    pub(super) fn empty(path: &Path, file: String, total_bytes: Option<u64>) -> Self {
        Self {
            path: path.to_owned(),
            file,
            format_name: None,
            total_bytes,
            bytes_read: total_bytes.unwrap_or(0),
            open: None,
            is_under_way: false,
            has_found: false,
            interfaces: Vec::new(),
            warning: Some(Warning::Empty),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.format_name.is_none()
    }

    /// Opens the file again if it was closed.
    pub(super) fn open(&mut self, stop: &Stop) -> Result<(), Error> {
        if self.open.is_none() {
            self.open = Some(Capture::from_source(Source::open(&self.path, stop)?)?);
        }
        Ok(())
    }

    /// Lets go of the file until its first record is due.
    pub(super) fn close(&mut self) {
        self.open = None;
        self.has_found = false;
    }

    /// Looks for the next record; lets go of a file that ends.
    pub(super) fn advance(&mut self) -> Result<Found, Error> {
        let Some(capture) = &mut self.open else { return Ok(Found::End) };
        if let Some(time_ns) = capture.advance()? {
            self.has_found = true;
            return Ok(Found::At(time_ns));
        }
        if capture.was_stopped() {
            return Ok(Found::Stop);
        }
        self.warning = capture.warning();
        self.bytes_read = capture.bytes_read();
        self.open = None;
        Ok(Found::End)
    }

    pub(super) fn is_at_hand(&self) -> bool {
        self.has_found || self.open.as_ref().is_some_and(Capture::is_at_hand)
    }

    /// Gives numbers to those interfaces that have none yet.
    pub(super) fn number(&mut self, part: usize, interfaces: &mut Interfaces) -> Result<(), Error> {
        let Some(capture) = &self.open else { return Ok(()) };
        for interface in capture.interfaces().get(self.interfaces.len()..).unwrap_or(&[]) {
            let Some(number) = interfaces.add(interface, part) else {
                return Err(capture.damaged(Damage::TooManyInterfaces));
            };
            self.interfaces.push(number);
            if self.is_under_way {
                interfaces.list(number);
            }
        }
        Ok(())
    }

    /// Comes to its first record while so many others are between their first and their last.
    pub(super) fn begin(&mut self, under_way_count: usize, interfaces: &mut Interfaces) {
        self.is_under_way = true;
        if let [only] = self.interfaces.as_mut_slice() {
            *only = interfaces.in_turn(*only, under_way_count);
        }
        self.interfaces.iter().for_each(|&number| interfaces.list(number));
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.open.as_ref().map_or(self.bytes_read, Capture::bytes_read)
    }
}
