//! Where reports go: stdout or files, each opened before the first packet is read.
//!
//! A reader that goes away takes nothing from the others: its output is closed, and that is no
//! failure.

mod document;
mod lines;
mod place;
mod wrap;

use std::io::{self, Write};
use std::path::Path;

use document::Colors;
pub(crate) use document::Document;
pub(crate) use lines::Lines;
use place::{Identity, Place};
pub(crate) use wrap::wrapped;

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
            let sink = Sink::of(place, &mut stdout)?;
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

/// Opens outputs that are all written at the end.
///
/// # Errors
/// As of [`Outputs::open`].
pub(crate) fn documents<'o, F: Copy>(
    asked: &[Output<F>],
    read: &[&Path],
    color: When,
    stdout: &'o mut dyn Write,
) -> Result<Vec<(F, Document<'o>)>, Error> {
    let places = places(asked, read)?;
    let mut stdout = Some(stdout);
    let documents = asked.iter().zip(places).map(|(output, place)| {
        let sink = Sink::of(place, &mut stdout)?;
        Ok((output.format, Document::open(sink, colors(color, place))?))
    });
    documents.collect()
}

/// Writes each of `documents`. One that cannot be written keeps nobody else from being written, and
/// one that nobody reads any more is no failure.
///
/// # Errors
/// The first of those that cannot be written.
pub(crate) fn write_all<F>(
    documents: Vec<(F, Document<'_>)>,
    mut write: impl FnMut(F, &mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let written =
        documents.into_iter().map(|(format, document)| document.write(|out| write(format, out)));
    let written: Vec<_> = written.collect();
    let mut failed = written.into_iter().filter_map(Result::err).map(Error::Write);
    failed.find(|error| !error.is_broken_pipe()).map_or(Ok(()), Err)
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

impl<'o, 'f> Sink<'o, 'f> {
    /// What is there; there is one stdout.
    fn of(place: Place<'f>, stdout: &mut Option<&'o mut dyn Write>) -> Result<Self, Error> {
        Ok(match place {
            Place::File(path) => Self::File(path),
            Place::Stdout => {
                Self::Stdout(stdout.take().ok_or_else(|| Error::SameOutput(place.name()))?)
            }
        })
    }
}

/// Where the outputs go; refuses what would write over something, before anything is written.
fn places<'f, F>(asked: &'f [Output<F>], read: &[&Path]) -> Result<Vec<Place<'f>>, Error> {
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
