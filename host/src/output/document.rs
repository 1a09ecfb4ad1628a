//! An output that is written at the end, as a whole or not at all.
//!
//! A regular file is replaced only once its successor is complete: whoever reads it sees the old or
//! the new one. Devices, FIFOs and stdout are written straight.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anstream::adapter::strip_bytes;
use tempfile::NamedTempFile;

use super::{Place, named, place, shown};
use crate::error::Error;

/// An output that is open, and empty.
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
    /// A device or a FIFO.
    Straight(File),
    /// A file beside the one that it will replace.
    Beside {
        new: NamedTempFile,
        old: PathBuf,
    },
}

impl<'o> Document<'o> {
    /// A document that will be at `place`.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub(super) fn open(place: Place<'o, '_>, colors: Colors) -> Result<Self, Error> {
        let (name, target) = match place {
            Place::Stdout(out) => ("stdout".into(), Target::Stdout(out)),
            Place::File(path) => {
                let target = file(path).map_err(|why| Error::Output(path.to_owned(), why))?;
                (shown(path), target)
            }
        };
        Ok(Self { name, target, colors })
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// When it cannot be written; a regular file is then what it was before.
    pub(crate) fn write(
        self,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let Self { name, target, colors } = self;
        let written = match target {
            Target::Stdout(out) => filled(out, colors, content),
            Target::Straight(mut file) => filled(&mut file, colors, content),
            Target::Beside { mut new, old } => filled(new.as_file_mut(), colors, content)
                .and_then(|()| new.persist(old).map(drop).map_err(|failed| failed.error)),
        };
        written.map_err(|error| named(&name, &error))
    }
}

fn file<'o>(path: &Path) -> io::Result<Target<'o>> {
    let old = place(path);
    let permissions = match fs::metadata(&old) {
        Ok(known) if known.is_file() => Some(known.permissions()),
        Ok(_) => return Ok(Target::Straight(File::options().write(true).open(&old)?)),
        Err(_) => None,
    };
    let folder = old.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".keeptrack-");
    let new = builder.permissions(ordinary()).tempfile_in(folder.unwrap_or(Path::new(".")))?;
    if let Some(permissions) = permissions {
        // The new file is as readable as the old one was.
        new.as_file().set_permissions(permissions)?;
    }
    Ok(Target::Beside { new, old })
}

/// What a new file gets if nobody says otherwise; the system takes off its mask.
#[cfg(unix)]
fn ordinary() -> Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
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
