//! Unpacks gzip and zstd as they are read: all members, all frames, in bounded memory.

use std::fmt;
use std::io::{self, BufRead, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use zstd::stream::read::Decoder as ZstdDecoder;
use zstd::zstd_safe::zstd_sys::ZSTD_ErrorCode;

use super::members::Members;
use super::window::Window;

/// The largest window of zstd, as a power of two: 128 MiB, the most that `zstd -d` takes unasked.
/// Levels up to 19 need 8 MiB at most.
pub(super) const MAX_WINDOW_LOG: u32 = 27;

/// How much a decoder is given at once: so near to it is the byte at which damage is told, and so
/// little of what is good is lost with it.
const MAX_STEP: usize = 16 * 1024;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// By gzip or bgzip.
    Gzip,
    /// By zstd.
    Zstd,
}

/// How far unpacking has got, for whoever reads what was unpacked.
#[derive(Debug, Default)]
pub(super) struct Progress {
    byte: AtomicU64,
    is_cut: AtomicBool,
    has_rest: AtomicBool,
}

/// Why a file cannot be unpacked further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpackable {
    /// How it is compressed.
    pub packing: Packing,
    /// How much of the compressed file had been taken in, in bytes.
    pub byte: u64,
    /// What was wrong; `None`: unpacking it takes more memory than a capture may cost.
    pub damage: Option<String>,
}

/// What a compressed source holds.
///
/// A source that ends too early is read as far as it goes; [`Progress::is_cut`] tells then.
pub(super) struct Unpacked {
    packing: Packing,
    decoder: Decoder,
    progress: Arc<Progress>,
}

enum Decoder {
    Gzip(Members),
    Zstd(ZstdDecoder<'static, Taken>),
}

/// The compressed source, which counts what is taken from it.
pub(super) struct Taken {
    source: Window,
    progress: Arc<Progress>,
    has_failed: bool,
}

impl Packing {
    /// The program that packs and unpacks so.
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

impl Progress {
    /// How much of the compressed source has been taken in, in bytes.
    pub(super) fn byte(&self) -> u64 {
        self.byte.load(Ordering::Relaxed)
    }

    /// Whether the compressed source has ended too early.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Relaxed)
    }

    /// Where that begins in the compressed source which follows what is compressed and is left out.
    pub(super) fn rest_byte(&self) -> Option<u64> {
        self.has_rest.load(Ordering::Relaxed).then(|| self.byte())
    }
}

impl Unpacked {
    pub(super) fn new(
        packing: Packing,
        source: Window,
        progress: Arc<Progress>,
    ) -> io::Result<Self> {
        let taken = Taken { source, progress: Arc::clone(&progress), has_failed: false };
        let decoder = match packing {
            Packing::Gzip => Decoder::Gzip(Members::new(taken)),
            Packing::Zstd => {
                let mut decoder = ZstdDecoder::with_buffer(taken)?;
                decoder.window_log_max(MAX_WINDOW_LOG)?;
                Decoder::Zstd(decoder)
            }
        };
        Ok(Self { packing, decoder, progress })
    }

    fn explain(&self, error: &io::Error) -> Unpackable {
        let zstd = error.get_ref().and_then(|inner| inner.downcast_ref::<zstd::Error>());
        let too_large = ZSTD_ErrorCode::ZSTD_error_frameParameter_windowTooLarge;
        let is_too_large = zstd.is_some_and(|error| error.is(too_large));
        let damage = (!is_too_large).then(|| error.to_string());
        Unpackable { packing: self.packing, byte: self.progress.byte(), damage }
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (read, has_failed) = match &mut self.decoder {
            Decoder::Gzip(members) => {
                (members.read(buffer), members.taken().is_some_and(|taken| taken.has_failed))
            }
            Decoder::Zstd(decoder) => (decoder.read(buffer), decoder.get_ref().has_failed),
        };
        match read {
            Err(error) if has_failed => Err(error),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                self.progress.is_cut.store(true, Ordering::Relaxed);
                Ok(0)
            }
            Err(error) => Err(io::Error::new(ErrorKind::InvalidData, self.explain(&error))),
            read => read,
        }
    }
}

impl Taken {
    /// Whether these bytes come next.
    pub(super) fn begins_with(&mut self, bytes: &[u8]) -> io::Result<bool> {
        let filled = self.source.fill(bytes.len());
        self.has_failed = filled.is_err();
        Ok(filled? && self.source.held().starts_with(bytes))
    }

    /// Marks what comes next as left out.
    pub(super) fn leave_rest(&self) {
        self.progress.has_rest.store(true, Ordering::Relaxed);
    }
}

impl BufRead for Taken {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let filled = self.source.fill_buf();
        self.has_failed = filled.is_err();
        filled.map(|bytes| bytes.get(..MAX_STEP).unwrap_or(bytes))
    }

    fn consume(&mut self, len: usize) {
        self.progress.byte.fetch_add(len as u64, Ordering::Relaxed);
        self.source.consume(len);
    }
}

impl Read for Taken {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.fill_buf()?.read(buffer)?;
        self.consume(len);
        Ok(len)
    }
}

impl std::error::Error for Unpackable {}

/// As a predicate: the file's name stands before it.
impl fmt::Display for Unpackable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = self.packing.program();
        match &self.damage {
            Some(damage) => {
                write!(f, "cannot be unpacked past byte {}: {program}: {damage}", self.byte)
            }
            None => {
                let mebibytes = (1 << MAX_WINDOW_LOG) >> 20;
                write!(f, "takes more than {mebibytes} MiB of memory to unpack with {program}")
            }
        }
    }
}
