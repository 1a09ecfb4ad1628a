//! Where reports go: stdout or files, each opened before the first packet is read.
//!
//! A reader that goes away takes nothing from the others: its output is closed, and that is no
//! failure.

mod document;
mod lines;
mod place;

use std::io::{self, Write};
use std::path::Path;

use document::Colors;
pub(crate) use document::Document;
pub(crate) use lines::Lines;
use place::{Identity, Place};

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
        let places = places(asked, read)?;
        let mut stdout = Some(stdout);
        let mut outputs = Self { streams: Vec::new(), documents: Vec::new() };
        for (Output { format, .. }, place) in asked.iter().zip(places) {
            let sink = match place {
                Place::File(path) => Sink::File(path),
                Place::Stdout => {
                    Sink::Stdout(stdout.take().ok_or_else(|| Error::SameOutput(place.name()))?)
                }
            };
            if format.is_stream() {
                outputs.streams.push((*format, Lines::open(sink)?));
            } else {
                let colors = colors(color, place);
                outputs.documents.push((*format, Document::open(sink, colors)?));
            }
        }
        Ok(outputs)
    }
}

/// Opens the one output of a run that writes a document without colours; `-` is `stdout`.
///
/// # Errors
/// When a file of `read` is there, or it cannot be made.
pub(crate) fn document<'o>(
    file: &Path,
    read: &[&Path],
    stdout: &'o mut dyn Write,
) -> Result<Document<'o>, Error> {
    let place = Place::of(Some(file).filter(|file| *file != Path::new("-")));
    unread(place, &read.iter().filter_map(|file| place::read(file)).collect::<Vec<_>>())?;
    let sink = match place {
        Place::File(path) => Sink::File(path),
        Place::Stdout => Sink::Stdout(stdout),
    };
    Document::open(sink, Colors::Kept)
}

/// What an output is written to.
enum Sink<'o, 'f> {
    /// The stdout of this run.
    Stdout(&'o mut dyn Write),
    /// The file with that name.
    File(&'f Path),
}

/// Where the outputs go; refuses what would write over something, before anything is written.
fn places<'f>(asked: &'f [Output], read: &[&Path]) -> Result<Vec<Place<'f>>, Error> {
    let read: Vec<_> = read.iter().filter_map(|file| place::read(file)).collect();
    let (mut places, mut written) = (Vec::new(), Vec::new());
    for output in asked {
        let place = Place::of(output.file.as_deref());
        let identity = unread(place, &read)?;
        if written.contains(&identity) {
            return Err(Error::SameOutput(place.name()));
        }
        places.push(place);
        written.push(identity);
    }
    Ok(places)
}

/// What is the same for all names of a place, which is none of those that are read.
fn unread(place: Place<'_>, read: &[Identity]) -> Result<Identity, Error> {
    let identity = place.identity()?;
    match read.contains(&identity) {
        true => Err(Error::OutputOverInput(place.name())),
        false => Ok(identity),
    }
}

/// `auto` is about stdout, where a terminal may show them; a file has them only if that was typed.
const fn colors(color: When, place: Place<'_>) -> Colors {
    match (color, place) {
        (When::Always, _) | (When::Auto, Place::Stdout) => Colors::Kept,
        (When::Never, _) | (When::Auto, Place::File(_)) => Colors::Stripped,
    }
}

/// The same error, which tells what could not be written.
fn named(name: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{name}: {error}"))
}
