//! Where reports go: stdout or files, each opened before the first packet is read.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use crate::error::Error;
use crate::options::{Format, Output};

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
/// When two go to the same place, or a file cannot be made.
pub(crate) fn open<'o>(
    asked: &[Output],
    stdout: &'o mut dyn Write,
) -> Result<Vec<Sink<'o>>, Error> {
    let summary = [Output { format: Format::Summary, file: None }];
    let asked = if asked.is_empty() { &summary } else { asked };
    let mut stdout = Some(stdout);
    let mut sinks = Vec::new();
    let mut files: Vec<&PathBuf> = Vec::new();
    for output in asked {
        let out: Box<dyn Write + 'o> = match &output.file {
            None => {
                let out = stdout.take().ok_or_else(|| Error::SameOutput("stdout".into()))?;
                Box::new(BufWriter::new(out))
            }
            Some(path) if files.contains(&path) => {
                return Err(Error::SameOutput(path.display().to_string()));
            }
            Some(path) => {
                files.push(path);
                let file = File::create(path).map_err(|why| Error::Output(path.clone(), why))?;
                Box::new(BufWriter::new(file))
            }
        };
        sinks.push(Sink { format: output.format, out });
    }
    Ok(sinks)
}
