//! Where reports go: stdout or files, each opened before the first packet is read.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::iter;
use std::path::PathBuf;

use crate::capture::printable;
use crate::error::Error;
use crate::options::{self, Format, Output};

/// An output that is open.
pub(crate) struct Sink<'o> {
    /// What goes there.
    pub(crate) format: Format,
    /// Where to.
    pub(crate) out: Box<dyn Write + 'o>,
}

/// Opens the outputs that were asked for; a summary to `stdout` if none was.
///
/// # Errors
/// When two go to the same place, or one to where a file is read from, or a file cannot be made.
pub(crate) fn open<'o>(
    options: &options::Replay,
    stdout: &'o mut dyn Write,
) -> Result<Vec<Sink<'o>>, Error> {
    let summary = [Output { format: Format::Summary, file: None }];
    let asked = if options.output.is_empty() { &summary[..] } else { &options.output };
    check(asked, options)?;
    let mut stdout = Some(stdout);
    let mut sinks = Vec::new();
    for output in asked {
        let out: Box<dyn Write + 'o> = match &output.file {
            None => {
                let out = stdout.take().ok_or_else(|| Error::SameOutput("stdout".into()))?;
                Box::new(BufWriter::new(Named { name: "stdout".into(), out }))
            }
            Some(file) => {
                let name = printable(&file.display().to_string());
                let out = File::create(file).map_err(|why| Error::Output(file.clone(), why))?;
                Box::new(BufWriter::new(Named { name, out }))
            }
        };
        sinks.push(Sink { format: output.format, out });
    }
    Ok(sinks)
}

/// Refuses what would write over something, before anything is written.
fn check(asked: &[Output], options: &options::Replay) -> Result<(), Error> {
    let read: Vec<_> = iter::once(&options.capture).chain(&options.rules).map(place).collect();
    if asked.iter().filter(|output| output.file.is_none()).count() > 1 {
        return Err(Error::SameOutput("stdout".into()));
    }
    let mut written = Vec::new();
    for file in asked.iter().filter_map(|output| output.file.as_ref()) {
        let name = printable(&file.display().to_string());
        if read.contains(&place(file)) {
            return Err(Error::OutputOverInput(name));
        }
        if written.contains(&place(file)) {
            return Err(Error::SameOutput(name));
        }
        written.push(place(file));
    }
    Ok(())
}

/// One name for a file that has many; that of a file which does not exist is as typed.
fn place(file: &PathBuf) -> PathBuf {
    fs::canonicalize(file).unwrap_or_else(|_| file.clone())
}

/// Tells in each error what could not be written.
struct Named<W> {
    name: String,
    out: W,
}

impl<W: Write> Write for Named<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes).map_err(|error| named(&self.name, &error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush().map_err(|error| named(&self.name, &error))
    }
}

fn named(name: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{name}: {error}"))
}
