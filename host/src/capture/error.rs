//! Why a capture could not be read, in words that name the file, the place and the way out.

use std::fmt;
use std::io;

use super::stop::Stopped;
use super::text::Text;
use super::unpack::{Packing, Unpackable};
use super::{MAX_BLOCK_LEN, MAX_CAPTURED_LEN, MAX_INTERFACES};

/// Where captures come from.
const CAPTURES: &str = "a capture is what `tcpdump -w FILE` or `dumpcap -w FILE` writes";

/// Why a capture could not be read, or not to its end.
#[derive(Debug)]
pub struct Error {
    file: String,
    fault: Fault,
}

/// What was wrong with a file.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fault {
    /// It could not be opened.
    Open(io::Error),
    /// It is a directory.
    Directory,
    /// It holds no byte.
    Empty,
    /// It is another kind of file, and of which kind as far as can be told.
    NotACapture(Option<Text>),
    /// It is compressed by the program of that name, which is not undone here.
    Foreign(&'static str),
    /// It is compressed, and what is in it is compressed again.
    PackedTwice(Packing, Packing),
    /// It cannot be unpacked further.
    Unpackable(Unpackable),
    /// It is named twice.
    Twice,
    /// A stop was asked for while its first bytes were waited for.
    Stopped,
    /// It is a pcap with the longer record headers of the magic number `a1b2cd34`.
    ModifiedPcap,
    /// It ends inside the header with which every capture begins.
    HeaderCut,
    /// Reading failed at that byte.
    Read {
        /// Offset in the file, unpacked.
        byte: u64,
        /// What the system said.
        error: io::Error,
    },
    /// A record cannot be right.
    Damaged {
        /// Where the record begins.
        place: Place,
        /// What was wrong there.
        damage: Damage,
    },
}

/// Where a record begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Index of the packet of the file, from 0, that it is or that would have come next.
    pub record: u64,
    /// Offset in the file, unpacked.
    pub byte: u64,
    /// How the file is compressed.
    pub packing: Option<Packing>,
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// More bytes captured than any program captures.
    CapturedLen(usize),
    /// More bytes captured than its block holds.
    PastBlock,
    /// A block length that no block of this type has.
    BlockLen(usize),
    /// The two lengths of a block differ.
    BlockEnd {
        /// The length before the block's content.
        first: usize,
        /// The length after it.
        last: usize,
    },
    /// An interface that was not described before.
    NoInterface {
        /// Its number in the section.
        number: u32,
        /// How many there are.
        known_count: usize,
    },
    /// More interfaces than are kept.
    TooManyInterfaces,
    /// A section without the mark that tells its byte order.
    ByteOrder,
}

impl Error {
    pub(super) fn new(file: &str, fault: Fault) -> Self {
        Self { file: file.to_owned(), fault }
    }

    /// For who has words of his own for what happens to files.
    pub(super) fn into_io(self) -> io::Error {
        match self.fault {
            Fault::Open(error) | Fault::Read { error, .. } => error,
            Fault::Directory => io::ErrorKind::IsADirectory.into(),
            fault => io::Error::new(io::ErrorKind::InvalidData, fault.to_string()),
        }
    }

    /// What was wrong.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// Whether it is only that a stop was asked for.
    #[must_use]
    pub fn is_stop(&self) -> bool {
        matches!(self.fault, Fault::Stopped)
    }

    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let file = &self.file;
        Some(match &self.fault {
            Fault::Open(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                "tcpdump gives its files to the user `tcpdump`; `tcpdump -Z root` does not".into()
            }
            Fault::NotACapture(text) => match text.and_then(Text::taken_by) {
                None => CAPTURES.into(),
                Some("replay") => "events are replayed alone, without a capture".into(),
                Some(option) => format!("pass it with `{option} {file}`"),
            },
            Fault::Empty | Fault::HeaderCut => CAPTURES.into(),
            Fault::Foreign(program) => piped(program, "-dc", file),
            Fault::PackedTwice(outer, _) => piped(outer.program(), "-dc", file),
            Fault::Unpackable(Unpackable { packing, damage: None, .. }) => {
                piped(packing.program(), "-dc --long=31", file)
            }
            Fault::ModifiedPcap => format!("rewrite it: `editcap -F pcap {file} plain.pcap`"),
            Fault::Open(_)
            | Fault::Directory
            | Fault::Unpackable(_)
            | Fault::Twice
            | Fault::Stopped
            | Fault::Read { .. }
            | Fault::Damaged { .. } => return None,
        })
    }
}

impl Fault {
    /// What it means that reading failed at a byte.
    pub(super) fn of_read(error: io::Error, byte: u64) -> Self {
        if Stopped::is_in(&error) {
            return Self::Stopped;
        }
        match error.downcast::<Unpackable>() {
            Ok(unpackable) => Self::Unpackable(unpackable),
            Err(error) => Self::Read { byte, error },
        }
    }
}

/// How to have something unpacked by somebody else.
fn piped(program: &str, options: &str, file: &str) -> String {
    format!("unpack it on the way: `{program} {options} {file} | keeptrack replay -`")
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.file, self.fault)
    }
}

/// As a predicate: the file's name stands before it.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => match error.kind() {
                io::ErrorKind::NotFound => f.write_str("does not exist"),
                io::ErrorKind::PermissionDenied => {
                    f.write_str("cannot be opened: permission denied")
                }
                _ => write!(f, "cannot be opened: {error}"),
            },
            Self::Directory => f.write_str("is a directory, not a capture"),
            Self::Empty => f.write_str("is empty"),
            Self::NotACapture(None) => f.write_str("is not a capture (neither pcap nor pcapng)"),
            Self::NotACapture(Some(text)) => {
                write!(f, "is not a capture (it looks like {text})")
            }
            Self::Foreign(program) => write!(f, "is compressed with {program}"),
            Self::PackedTwice(outer, inner) => {
                write!(f, "is compressed twice: {} in {}", inner.program(), outer.program())
            }
            Self::Unpackable(unpackable) => unpackable.fmt(f),
            Self::Twice => f.write_str("is named twice"),
            Self::Stopped => f.write_str("had told nothing yet when the run was interrupted"),
            Self::ModifiedPcap => f.write_str("is a modified pcap (magic number a1b2cd34)"),
            Self::HeaderCut => f.write_str("ends inside its header"),
            Self::Read { byte, error } => write!(f, "cannot be read at byte {byte}: {error}"),
            Self::Damaged { place, damage } => write!(f, "is damaged at {place}: {damage}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unpacked = if self.packing.is_some() { " unpacked" } else { "" };
        write!(f, "record {} (byte {}{unpacked})", self.record, self.byte)
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CapturedLen(len) => {
                write!(f, "captured length {len} is more than {MAX_CAPTURED_LEN}")
            }
            Self::PastBlock => f.write_str("the packet runs past the end of its block"),
            Self::BlockLen(len) if *len > MAX_BLOCK_LEN => {
                write!(f, "block length {len} is more than {MAX_BLOCK_LEN}")
            }
            Self::BlockLen(len) => write!(f, "block length {len} is wrong for its type"),
            Self::BlockEnd { first, last } => {
                write!(f, "block length {first} at its start, {last} at its end")
            }
            Self::NoInterface { number, known_count } => {
                write!(f, "interface {number} was never described ({known_count} were)")
            }
            Self::TooManyInterfaces => write!(f, "more than {MAX_INTERFACES} interfaces"),
            Self::ByteOrder => f.write_str("a section starts without its byte-order mark"),
        }
    }
}
