//! An output that is written at the end, as a whole or not at all.
//!
//! A regular file is replaced only once its successor is complete: whoever reads it sees the old or
//! the new one. Devices, FIFOs and stdout are written straight, and so is a file in a folder that
//! takes no other.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anstream::adapter::strip_bytes;
use tempfile::NamedTempFile;

use super::{Sink, named, place};
use crate::capture::printable;
use crate::error::Error;

/// An output that can be written, and is not yet.
pub(crate) struct Document<'o> {
    name: String,
    target: Target<'o>,
    colors: Colors,
}

/// What becomes of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colors {
    /// They are written, or there are none.
    Kept,
    /// They are left out.
    Stripped,
}

enum Target<'o> {
    Stdout(&'o mut dyn Write),
    /// A device, a FIFO, or a file that cannot be replaced.
    Straight(File),
    /// A file that is made, or replaced, when its content is complete.
    Whole(PathBuf),
}

impl<'o> Document<'o> {
    /// A document that will be written there. Nothing is made before.
    ///
    /// # Errors
    /// When it could not be written.
    pub(super) fn open(sink: Sink<'o, '_>, colors: Colors) -> Result<Self, Error> {
        let (name, target) = match sink {
            Sink::Stdout(out) => ("stdout".into(), Target::Stdout(out)),
            Sink::File(path) => {
                let target = target(path).map_err(|why| Error::Output(path.to_owned(), why))?;
                (printable(&path.display().to_string()), target)
            }
        };
        Ok(Self { name, target, colors })
    }

    /// Writes all of it. A reader who goes away has read enough.
    ///
    /// # Errors
    /// When it cannot be written; a file that could be replaced is then what it was before.
    pub(crate) fn write(
        self,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let Self { name, target, colors } = self;
        let written = match target {
            Target::Stdout(out) => filled(out, colors, content),
            Target::Straight(mut file) => {
                emptied(&file).and_then(|()| filled(&mut file, colors, content))
            }
            Target::Whole(path) => beside(&path).and_then(|mut new| {
                filled(new.as_file_mut(), colors, content)?;
                new.persist(path).map(drop).map_err(|failed| failed.error)
            }),
        };
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|error| named(&name, &error)),
        }
    }
}

/// How that file will be written. Whether it can be is tried, and leaves nothing behind.
fn target<'o>(path: &Path) -> io::Result<Target<'o>> {
    let is_regular = match fs::metadata(path) {
        Ok(known) => known.is_file(),
        Err(_) => {
            let new = place::real(path)?;
            tempfile::tempfile_in(folder(&new))?;
            return Ok(Target::Whole(new));
        }
    };
    let old = File::options().write(true).open(path)?;
    if !is_regular {
        return Ok(Target::Straight(old));
    }
    let path = place::real(path)?;
    Ok(match tempfile::tempfile_in(folder(&path)) {
        Ok(_) => Target::Whole(path),
        Err(_) => Target::Straight(old),
    })
}

/// A new file beside the one that it will replace, and as readable as that is.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".keeptrack-");
    // What a new file gets if nobody says otherwise; the system takes off its mask.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    // Its own name would tell nobody anything.
    let new = builder.tempfile_in(folder(path)).map_err(|error| error.kind())?;
    if let Ok(old) = fs::metadata(path) {
        new.as_file().set_permissions(old.permissions())?;
    }
    Ok(new)
}

/// The folder of a path that is not relative.
fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// A file that is written straight holds what it held until then.
fn emptied(file: &File) -> io::Result<()> {
    if file.metadata()?.is_file() { file.set_len(0) } else { Ok(()) }
}

fn filled(
    out: &mut dyn Write,
    colors: Colors,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    match colors {
        Colors::Kept => content(&mut out)?,
        Colors::Stripped => {
            let mut colored = Vec::new();
            content(&mut colored)?;
            out.write_all(&strip_bytes(&colored).into_vec())?;
        }
    }
    out.flush()
}
