//! Why there is no result, or only part of one: what was wrong, where, and what to do.

use std::io::{self, Write};
use std::path::PathBuf;

use keeptrack_core::ConfigError;

use crate::capture;
use crate::rules;
use crate::sight::Untold;

/// Why there is no result, or only part of one.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The capture.
    Capture(capture::Error),
    /// The rules.
    Rules(rules::Error),
    /// A rule that asks what the capture does not tell.
    Untold(Untold),
    /// The settings.
    Config(ConfigError),
    /// There is not the memory for a table of so many entries.
    NoMemory(usize),
    /// The capture holds no packet; perhaps it was cut before the end of the first.
    NoPackets(String, Option<capture::Warning>),
    /// The capture's frames are of link types that are not read: these.
    UnreadLinks(String, Vec<String>),
    /// Two outputs to the same place.
    SameOutput(String),
    /// An output to where the capture or a rule is read from.
    OutputOverInput(String),
    /// An output cannot be written.
    Output(PathBuf, io::Error),
    /// A report cannot be written.
    Write(io::Error),
}

impl Error {
    /// Whether whoever was to read the output has gone away: that is no error.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        match self {
            Self::Write(error) | Self::Output(_, error) => {
                error.kind() == io::ErrorKind::BrokenPipe
            }
            _ => false,
        }
    }

    /// Writes it for people.
    ///
    /// # Errors
    /// When that is not possible.
    pub fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        let (what, help) = match self {
            Self::Rules(error) => return writeln!(out, "{}", error.styled()),
            Self::Capture(error) => (error.to_string(), error.help()),
            Self::Untold(untold) => (untold.to_string(), Some(untold.help().to_owned())),
            Self::Config(error) => (error.to_string(), None),
            Self::NoMemory(entries) => {
                (format!("there is not the memory for {entries} entries"), None)
            }
            Self::NoPackets(file, Some(cut)) => (format!("{file} holds no packets: {cut}"), None),
            Self::NoPackets(file, None) => (
                format!("{file} holds no packets"),
                Some("was the right interface captured? `tcpdump -D` lists them".into()),
            ),
            Self::UnreadLinks(file, links) => (
                format!("{file} holds no frames that can be read: link type {}", links.join(", ")),
                Some("capture on an Ethernet interface, or on all with `tcpdump -i any`".into()),
            ),
            Self::SameOutput(place) => (
                format!("two outputs to {place}"),
                Some("give each a file of its own: `-o packets=packets.jsonl -o summary`".into()),
            ),
            Self::OutputOverInput(file) => (
                format!("{file} is to be read and written"),
                Some("give the output another name".into()),
            ),
            Self::Output(path, error) => {
                (format!("{} cannot be written: {error}", path.display()), None)
            }
            Self::Write(error) => (format!("the output cannot be written: {error}"), None),
        };
        writeln!(out, "error: {what}")?;
        help.map_or(Ok(()), |help| writeln!(out, "help: {help}"))
    }
}

impl From<capture::Error> for Error {
    fn from(error: capture::Error) -> Self {
        Self::Capture(error)
    }
}

impl From<rules::Error> for Error {
    fn from(error: rules::Error) -> Self {
        Self::Rules(error)
    }
}

impl From<Untold> for Error {
    fn from(untold: Untold) -> Self {
        Self::Untold(untold)
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}
