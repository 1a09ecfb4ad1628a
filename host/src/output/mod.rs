//! Where reports go: stdout or files, each opened before the first packet is read.

mod document;
mod lines;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use document::Colors;
pub(crate) use document::Document;
pub(crate) use lines::Lines;

use crate::capture::printable;
use crate::error::Error;
use crate::options::{Format, Output, When};

/// The outputs of a run, open.
pub(crate) struct Outputs<'o> {
    /// Those that get lines while packets pass.
    pub(crate) streams: Vec<(Format, Lines<'o>)>,
    /// Those that are written at the end.
    pub(crate) documents: Vec<(Format, Document<'o>)>,
}

impl<'o> Outputs<'o> {
    /// Opens the outputs that were asked for; a summary to `stdout` if none was.
    ///
    /// # Errors
    /// When two go to the same place, or one to where a file of `read` is, or a file cannot be
    /// made.
    pub(crate) fn open(
        asked: &[Output],
        read: &[&Path],
        color: When,
        stdout: &'o mut dyn Write,
    ) -> Result<Self, Error> {
        let summary = [Output { format: Format::Summary, file: None }];
        let asked = if asked.is_empty() { &summary[..] } else { asked };
        check(asked, read)?;
        let mut stdout = Some(stdout);
        let mut outputs = Self { streams: Vec::new(), documents: Vec::new() };
        for Output { format, file } in asked {
            let place = match file {
                Some(file) => Place::File(file),
                None => {
                    let free = stdout.take().ok_or_else(|| Error::SameOutput("stdout".into()))?;
                    Place::Stdout(free)
                }
            };
            if format.is_stream() {
                outputs.streams.push((*format, Lines::open(place)?));
            } else {
                let colors = match (format, color) {
                    (Format::Summary, When::Auto | When::Never) => Colors::Stripped,
                    _ => Colors::Kept,
                };
                outputs.documents.push((*format, Document::open(place, colors)?));
            }
        }
        Ok(outputs)
    }
}

/// Where an output goes.
pub(crate) enum Place<'o, 'f> {
    /// To stdout.
    Stdout(&'o mut dyn Write),
    /// To the file with that name.
    File(&'f Path),
}

/// Refuses what would write over something, before anything is written.
fn check(asked: &[Output], read: &[&Path]) -> Result<(), Error> {
    if asked.iter().filter(|output| output.file.is_none()).count() > 1 {
        return Err(Error::SameOutput("stdout".into()));
    }
    let read: Vec<_> = read.iter().map(|file| place(file)).collect();
    let mut written = Vec::new();
    for file in asked.iter().filter_map(|output| output.file.as_ref()) {
        if read.contains(&place(file)) {
            return Err(Error::OutputOverInput(shown(file)));
        }
        if written.contains(&place(file)) {
            return Err(Error::SameOutput(shown(file)));
        }
        written.push(place(file));
    }
    Ok(())
}

/// One name for a file that has many; that of a file which does not exist is as typed.
fn place(file: &Path) -> PathBuf {
    fs::canonicalize(file).unwrap_or_else(|_| file.to_owned())
}

/// A file's name, safe for a terminal.
fn shown(file: &Path) -> String {
    printable(&file.display().to_string())
}

/// The same error, which tells what could not be written.
fn named(name: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{name}: {error}"))
}
