//! Where bytes come from: a file, a pipe or stdin, unpacked, and of a kind that is known.

use std::fs::{self, File};
use std::io::{self, BufRead, Read};
use std::path::Path;
use std::sync::Arc;

use super::error::{Error, Fault};
use super::printable;
use super::sniff::Kind;
use super::stop::Stop;
use super::unpack::{Packing, Progress, Unpacked};
use super::window::Window;

/// What stdin is called in messages.
const STDIN: &str = "stdin";

/// A file that has been opened, unpacked, and looked into. It reads from its first unpacked byte on.
pub struct Source {
    pub(super) name: String,
    pub(super) window: Window,
    kind: Kind,
    file_len: Option<u64>,
    packed: Option<Packed>,
}

/// What is known of the compressed file under a source.
struct Packed {
    packing: Packing,
    progress: Arc<Progress>,
}

impl Source {
    /// Opens a file, or stdin, which is called `-`, and waits for its first bytes.
    ///
    /// # Errors
    /// When it cannot be read, when it is compressed twice, or when a stop was asked for.
    pub fn open(path: &Path, stop: &Stop) -> Result<Self, Error> {
        if is_stdin(path) {
            return Self::start(STDIN, || Ok(io::stdin()), stop);
        }
        let name = printable(&path.to_string_lossy());
        let fail = |error| Error::new(&name, Fault::Open(error));
        let metadata = fs::metadata(path).map_err(fail)?;
        if metadata.is_dir() {
            return Err(Error::new(&name, Fault::Directory));
        }
        if metadata.is_file() {
            let file = File::open(path).map_err(fail)?;
            let source = Self::start(&name, || Ok(file), stop)?;
            return Ok(Self { file_len: Some(metadata.len()), ..source });
        }
        // Whoever opens a FIFO waits until somebody writes into it.
        let path = path.to_owned();
        Self::start(&name, || File::open(path), stop)
    }

    /// What comes from anywhere; messages call it `name`.
    ///
    /// # Errors
    /// As of [`Source::open`].
    pub fn read(name: &str, source: Box<dyn Read + Send>, stop: &Stop) -> Result<Self, Error> {
        Self::start(name, || Ok(source), stop)
    }

    /// What it is called in messages, control characters escaped.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is, once unpacked.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// How it is compressed.
    #[must_use]
    pub fn packing(&self) -> Option<Packing> {
        self.packed.as_ref().map(|packed| packed.packing)
    }

    /// Whether it is compressed and was cut: at its end it can be said.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.packed.as_ref().is_some_and(|packed| packed.progress.is_cut())
    }

    /// Where that begins in the compressed file which follows what is compressed and is left out: at
    /// its end it can be said.
    pub(super) fn rest_byte(&self) -> Option<u64> {
        self.packed.as_ref().and_then(|packed| packed.progress.rest_byte())
    }

    /// Whether a whole line is there without waiting for whoever writes it.
    pub(crate) fn holds_line(&self) -> bool {
        self.window.held().contains(&b'\n')
    }

    /// How far into the file reading has got, in bytes as they lie in the file.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.packed.as_ref().map_or(self.window.offset(), |packed| packed.progress.byte())
    }

    /// How long the file is, in bytes, if it has an end that is known.
    #[must_use]
    pub const fn total_bytes(&self) -> Option<u64> {
        self.file_len
    }

    /// What an error means that came out of reading this.
    #[must_use]
    pub fn error(&self, error: io::Error) -> Error {
        Error::new(&self.name, Fault::of_read(error, self.window.offset()))
    }

    fn start<R: Read>(
        name: &str,
        open: impl FnOnce() -> io::Result<R> + Send + 'static,
        stop: &Stop,
    ) -> Result<Self, Error> {
        let fail = |error| Error::new(name, Fault::of_read(error, 0));
        let mut window = Window::new(open, stop).map_err(fail)?;
        let mut kind = Kind::coming(&mut window).map_err(fail)?;
        let mut packed = None;
        if let Kind::Packed(packing) = kind {
            let progress = Arc::new(Progress::default());
            let counted = Arc::clone(&progress);
            let unpack = move || Unpacked::new(packing, window, counted);
            window = Window::new(unpack, stop).map_err(fail)?;
            kind = Kind::coming(&mut window).map_err(fail)?;
            if let Kind::Packed(inner) = kind {
                return Err(Error::new(name, Fault::PackedTwice(packing, inner)));
            }
            packed = Some(Packed { packing, progress });
        }
        Ok(Self { name: name.to_owned(), window, kind, file_len: None, packed })
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.window.fill_buf()
    }

    fn consume(&mut self, len: usize) {
        self.window.consume(len);
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.window.read(buffer)
    }
}

/// Opens a text that may be compressed; `-` is stdin. What is in it is for the reader to judge.
///
/// # Errors
/// When it cannot be opened, or not be unpacked.
pub fn open_text(path: &Path) -> io::Result<impl BufRead> {
    Source::open(path, &Stop::default()).map_err(Error::into_io)
}

/// Whether a path means stdin; a file of that name is `./-`.
pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}
