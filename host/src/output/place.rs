//! Where an output goes, and whether another name means the same place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::capture::printable;
use crate::error::Error;

/// Where an output goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'f> {
    /// To stdout.
    Stdout,
    /// To the file with that name.
    File(&'f Path),
}

/// What is the same for all names of a place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// Stdout, unless a file is behind it.
    Stdout,
    /// A file that there is.
    Known(FileId),
    /// A file that there is not, by the path that it would have.
    New(PathBuf),
}

/// The device and the inode.
#[cfg(unix)]
type FileId = (u64, u64);
/// The canonical path.
#[cfg(not(unix))]
type FileId = PathBuf;

/// The folders in which the open files of this process are, stdout as `1`.
const OPEN_FILES: [&str; 2] = ["/proc/self/fd", "/dev/fd"];
/// More links than any system follows to one file.
const MAX_LINKS: usize = 64;

impl<'f> Place<'f> {
    /// The place of that name; no name means stdout.
    pub(super) fn of(file: Option<&'f Path>) -> Self {
        match file {
            Some(file) if !is_stdout(file) => Self::File(file),
            _ => Self::Stdout,
        }
    }

    /// What it is called in messages, safe for a terminal.
    pub(super) fn name(self) -> String {
        match self {
            Self::Stdout => "stdout".into(),
            Self::File(path) => printable(&path.display().to_string()),
        }
    }

    /// What is the same for all its names.
    ///
    /// # Errors
    /// When there is no such folder.
    pub(super) fn identity(self) -> Result<Identity, Error> {
        let known = match self {
            Self::Stdout => behind(io::stdout()),
            Self::File(path) => id(path),
        };
        match (known, self) {
            (Some(known), _) => Ok(Identity::Known(known)),
            (None, Self::Stdout) => Ok(Identity::Stdout),
            (None, Self::File(path)) => {
                real(path).map(Identity::New).map_err(|why| Error::Output(path.to_owned(), why))
            }
        }
    }
}

/// What is read under that name: `-` is stdin. `None` if it is no file.
pub(super) fn read(file: &Path) -> Option<Identity> {
    let known = if file == Path::new("-") { behind(io::stdin()) } else { id(file) };
    known.map(Identity::Known)
}

/// The path under which a file is, or would be made, whatever links lead there.
///
/// # Errors
/// When there is no such folder, or links lead round in a ring.
pub(super) fn real(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::canonicalize(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            known => return known,
        }
        let Some(beside) = in_real_folder(&path)? else { break };
        match followed(&beside) {
            Some(next) => path = next,
            None => return Ok(beside),
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// Whether a name is one of stdout, as `/dev/stdout` is, or a link to one.
fn is_stdout(file: &Path) -> bool {
    let stdouts = OPEN_FILES.map(|folder| fs::canonicalize(folder).ok().map(|it| it.join("1")));
    let mut path = file.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(Some(beside)) = in_real_folder(&path) else { return false };
        if stdouts.iter().flatten().any(|stdout| *stdout == beside) {
            return true;
        }
        let Some(next) = followed(&beside) else { return false };
        path = next;
    }
    false
}

/// The same file with the canonical path of its folder; `None` where the path names a folder.
fn in_real_folder(path: &Path) -> io::Result<Option<PathBuf>> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(None) };
    let folder = if folder == Path::new("") { Path::new(".") } else { folder };
    Ok(Some(fs::canonicalize(folder)?.join(name)))
}

/// Where a link leads; `None` if it is none.
fn followed(link: &Path) -> Option<PathBuf> {
    Some(link.parent()?.join(fs::read_link(link).ok()?))
}

#[cfg(unix)]
fn id(file: &Path) -> Option<FileId> {
    fs::metadata(file).ok().as_ref().map(id_of)
}

#[cfg(not(unix))]
fn id(file: &Path) -> Option<FileId> {
    fs::canonicalize(file).ok()
}

#[cfg(unix)]
fn id_of(file: &fs::Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt;
    (file.dev(), file.ino())
}

/// The regular file behind a stream.
#[cfg(unix)]
fn behind(stream: impl std::os::fd::AsFd) -> Option<FileId> {
    let file = fs::File::from(stream.as_fd().try_clone_to_owned().ok()?);
    file.metadata().ok().filter(fs::Metadata::is_file).as_ref().map(id_of)
}

/// The regular file behind a stream: not to be found out here.
#[cfg(not(unix))]
fn behind<S>(_stream: S) -> Option<FileId> {
    None
}
