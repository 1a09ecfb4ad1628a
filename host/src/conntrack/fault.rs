//! What is wrong with a line, and where.

use std::error;
use std::fmt::{self, Display, Formatter};
use std::io;

use crate::capture::printable;

/// How much of a text is shown, in characters.
const MAX_SHOWN_LEN: usize = 80;

/// What is wrong with a line that begins as conntrack's do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A word that such a line does not have.
    Unknown(Box<str>),
    /// A word whose value cannot be.
    Value(Box<str>),
    /// A word that says again what was said.
    Twice(Box<str>),
    /// A word with a text of more than so many bytes.
    Long(Box<str>, usize),
    /// The line ends without this.
    Missing(&'static str),
    /// It is no well-formed XML, for this reason.
    Xml(Box<str>),
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(word) => write!(f, "`{}` is not a word of conntrack's", shown(word)),
            Self::Value(word) => write!(f, "`{}` has a value that cannot be", shown(word)),
            Self::Twice(word) => write!(f, "`{}` comes after another of its kind", shown(word)),
            Self::Long(word, len) => {
                write!(f, "`{}` has more than {len} bytes behind its name", shown(word))
            }
            Self::Missing(what) => write!(f, "there is no `{what}`"),
            Self::Xml(why) => write!(f, "not well-formed XML: {}", shown(why)),
        }
    }
}

impl error::Error for Fault {}

/// Why a file cannot be read on.
#[derive(Debug)]
pub struct Error {
    /// The number of the line, from 1.
    pub line: u64,
    /// What is wrong there.
    pub why: Why,
}

/// What is wrong with a file.
#[derive(Debug)]
#[non_exhaustive]
pub enum Why {
    /// A word of the line.
    Fault(Fault),
    /// A line, or an element of XML, of more than so many bytes.
    TooLong(usize),
    /// It cannot be read.
    Read(io::Error),
}

/// The number of the line and what is wrong there, to stand behind the name of the file and a
/// colon.
impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.line)?;
        match &self.why {
            Why::Fault(fault) => write!(f, "{fault}"),
            Why::TooLong(len) => write!(f, "longer than {len} bytes: no line of conntrack's is"),
            Why::Read(error) => write!(f, "cannot be read: {error}"),
        }
    }
}

impl error::Error for Error {}

/// The start of `text`, with control characters made visible.
pub(super) fn shown(text: &str) -> String {
    let mut shown = printable(text.get(..end(text, MAX_SHOWN_LEN)).unwrap_or_default());
    if shown.len() < text.len() {
        shown.push_str("...");
    }
    shown
}

/// Where the first `count` characters end.
fn end(text: &str, count: usize) -> usize {
    text.char_indices().nth(count).map_or(text.len(), |(at, _)| at)
}
