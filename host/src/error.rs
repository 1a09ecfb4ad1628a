//! Why there is no result, or only part of one: what was wrong, where, and what to do.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;

use keeptrack_core::{ConfigError, Instant};
use keeptrack_gateway::Side;
use keeptrack_gateway::image::ImageError;
use keeptrack_gateway::settings::Fail;
use keeptrack_uf2::ReadError;

use crate::capture::{self, Kind, printable};
use crate::conntrack::{self, Foreign};
use crate::diagnostic::Diagnostics;
use crate::options::MAX_ENTRIES;
use crate::path::Misplaced;
use crate::sight::Untold;
use crate::source::reason;
use crate::sweep::Unfit;
use crate::units::Clock;

/// Why there is no result, or only part of one.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The capture.
    Capture(capture::Error),
    /// Rules or settings, as they were read.
    Text(Diagnostics),
    /// A table or a log of conntrack's: the file, and what is wrong there.
    Conntrack(String, conntrack::Error),
    /// A log where a table is asked for.
    LogAsTable(String),
    /// A capture where a table is asked for.
    CaptureAsTable(String),
    /// A file of another kind where a table is asked for.
    NoTable(String, Kind),
    /// stdin where two inputs are asked for.
    StdinTwice,
    /// Nothing came until then; the first packet came at that time.
    NothingUntil(String, Instant),
    /// A table in a log.
    TableAsLog(String),
    /// A log whose event at that place has no time.
    NoTimes(String),
    /// A table without an entry; the first of its other lines.
    NoEntries(String, Foreign),
    /// Rules for a log, which has no packets.
    RulesForLog(String),
    /// An output that is of one table, where several are compared.
    OneTable(&'static str),
    /// Policies for a full table are to be compared, and the table has no limit.
    NothingFull,
    /// A policy for a full table that needs packets, as it was typed, for a log, which has none.
    PolicyForLog(String),
    /// A policy for a full table that does not fit the table.
    OnFull(String),
    /// A rule that asks what the capture does not tell.
    Untold(Untold),
    /// `--iface` names what cannot be looked at.
    Misplaced(Misplaced),
    /// A limit of so many entries, and where it is set.
    TooManyEntries(usize, String),
    /// The settings, to the tracker.
    Config(ConfigError),
    /// There is not the memory for a table of so many entries.
    NoMemory(usize),
    /// The capture holds no packet; perhaps it was cut before the end of the first.
    NoPackets(String, Option<capture::Warning>),
    /// The log holds no event.
    NoEvents(String),
    /// The capture's frames are of link types that are not read: these.
    UnreadLinks(String, Vec<String>),
    /// An image of a gateway's configuration that cannot be read, and why.
    ImageFile(String, io::Error),
    /// One that a gateway would not use, why, and what it would do then.
    Image(String, ImageError, Fail),
    /// An image of so many bytes, as UF2 for a place where there is room for so many.
    ImageRoom {
        /// Bytes of the image.
        len: usize,
        /// Bytes that could be.
        room: usize,
    },
    /// A UF2 that no boot ROM of an RP2040 would take, or not all of it.
    Uf2(String, ReadError),
    /// A frame of a capture that came in at no port of the gateway.
    NoPort(String, Option<String>),
    /// Two outputs to the same place.
    SameOutput(String),
    /// An output to where the capture or a rule is read from.
    OutputOverInput(String),
    /// An output cannot be written.
    Output(PathBuf, io::Error),
    /// A report cannot be written.
    Write(io::Error),
    /// A log where tables are tried with packets, of which it has none.
    TrialsOfLog(String),
    /// Settings that cannot be swept.
    Sweep(Unfit),
    /// What was asked of advice and is not to be had: the words, and what is.
    Advice(String, String),
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
        if let Self::Text(error) = self {
            return writeln!(out, "{}", error.styled());
        }
        writeln!(out, "error: {self}")?;
        self.help().map_or(Ok(()), |help| writeln!(out, "help: {help}"))
    }

    /// What to do about it, where that is known.
    fn help(&self) -> Option<String> {
        Some(match self {
            Self::Capture(error) => return error.help(),
            Self::Untold(untold) => untold.help().into(),
            Self::Misplaced(misplaced) => misplaced.help(),
            Self::TooManyEntries(..) => format!("`--max {MAX_ENTRIES}` is the most"),
            Self::CaptureAsTable(_) => {
                "a capture comes first: `keeptrack diff CAPTURE TABLE`".into()
            }
            Self::NoTable(file, kind) => format!("pass it with `{} {file}`", kind.taken_by()?),
            Self::StdinTwice => "save one of them in a file".into(),
            Self::NothingUntil(..) => "`--until +90` is 90 seconds after the first packet".into(),
            Self::LogAsTable(file) => {
                format!("replay it: `keeptrack replay {file}`; a table is `conntrack -L`")
            }
            Self::TableAsLog(_) | Self::NoTimes(_) => {
                "a log is what `conntrack -E -o timestamp` writes".into()
            }
            Self::NoEntries(..) => {
                "a table is what `conntrack -L` or /proc/net/nf_conntrack prints".into()
            }
            Self::TrialsOfLog(_) => {
                "it takes a capture: `tcpdump -i any -s 96 -w capture.pcap`".into()
            }
            Self::Sweep(unfit) => unfit.help(),
            Self::Advice(_, help) => help.clone(),
            Self::RulesForLog(_) => "replay a capture to try rules".into(),
            Self::OneTable(_) => {
                "--compare writes summary and json; for the others name one policy: `--on-full`"
                    .into()
            }
            Self::NothingFull => {
                "give it one: `--max N`; without it a replay tells the peak".into()
            }
            Self::PolicyForLog(_) => {
                "replay a capture; refuse, early-drop, ranked and adaptive work on a log, too"
                    .into()
            }
            Self::NoPackets(_, None) => {
                "was the right interface captured? `tcpdump -D` lists them".into()
            }
            Self::UnreadLinks(..) => {
                "capture on an Ethernet interface, or on all with `tcpdump -i any`".into()
            }
            Self::Image(_, ImageError::Absent | ImageError::Magic, _) => {
                "make one: `keeptrack firmware-config --rules FILE -o IMAGE`".into()
            }
            Self::ImageRoom { .. } => {
                "write fewer rules: one that lists addresses becomes one for each".into()
            }
            Self::Uf2(..) => {
                "make it anew: `keeptrack firmware-config --rules FILE --uf2 -o IMAGE`".into()
            }
            Self::Image(_, _, fail) => {
                format!("a gateway does with it what `keeptrack.fail = {}` says", fail.name())
            }
            Self::NoPort(_, _) => {
                let [left, right] = Side::BOTH.map(Side::name);
                format!("say which interface is which: `--iface 0={left},1={right}`")
            }
            Self::SameOutput(_) => {
                "give each a file of its own: `-o json=out.json -o summary`".into()
            }
            Self::OutputOverInput(_) => "give the output another name".into(),
            _ => return None,
        })
    }
}

/// In one line; what rules and settings are wrong with takes more.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capture(error) => error.fmt(f),
            Self::Text(error) => error.fmt(f),
            Self::Untold(untold) => untold.fmt(f),
            Self::Misplaced(misplaced) => misplaced.fmt(f),
            Self::TooManyEntries(entries, origin) => {
                write!(f, "{origin}: a table of {entries} entries is not made")
            }
            Self::Config(error) => error.fmt(f),
            Self::Conntrack(file, error) => write!(f, "{file}:{error}"),
            Self::LogAsTable(file) => write!(f, "{file} is an event log, not a table"),
            Self::CaptureAsTable(file) => write!(f, "{file} is a capture, not a table"),
            Self::NoTable(file, Kind::Text(text)) => {
                write!(f, "{file} is not a table (it looks like {text})")
            }
            Self::NoTable(file, _) => write!(f, "{file} is not a table"),
            Self::StdinTwice => f.write_str("two inputs from stdin"),
            Self::NothingUntil(file, first) => {
                let first = Clock(*first);
                write!(f, "{file} has nothing before `--until`: it begins at {first} UTC")
            }
            Self::TableAsLog(file) => {
                write!(f, "{file} has entries of a table between its events")
            }
            Self::NoTimes(place) => write!(f, "{place}: the event has no time"),
            Self::NoEntries(file, Foreign { line, text, .. }) => {
                write!(f, "{file}:{line}: `{text}` is no line of a table")
            }
            Self::RulesForLog(file) => {
                write!(f, "{file} is of no use: an event log has no packets for rules to match")
            }
            Self::OneTable(format) => write!(f, "-o {format} is of one table, not of several"),
            Self::NothingFull => f.write_str("--compare: a table without a limit is never full"),
            Self::PolicyForLog(policy) => {
                write!(f, "{policy}: an event log has no packets that a full table could meet")
            }
            Self::OnFull(wrong) => write!(f, "--on-full {wrong}"),
            Self::NoMemory(entries) => write!(f, "there is not the memory for {entries} entries"),
            Self::NoPackets(file, Some(cut)) => write!(f, "{file} holds no packets: {cut}"),
            Self::NoPackets(file, None) => write!(f, "{file} holds no packets"),
            Self::NoEvents(file) => write!(f, "{file} holds no events"),
            Self::UnreadLinks(file, links) => {
                let links = links.join(", ");
                write!(f, "{file} holds no frames that can be read: link type {links}")
            }
            Self::ImageFile(file, error) => write!(f, "cannot read {file}: {}", reason(error)),
            Self::Image(file, error, _) => write!(f, "{file}: {error}"),
            Self::ImageRoom { len, room } => {
                write!(f, "--uf2: the image takes {len} bytes, and there is room for {room}")
            }
            Self::Uf2(file, error) => write!(f, "{file}: {error}"),
            Self::NoPort(file, None) => {
                write!(f, "{file} does not tell at which port of the gateway its frames came in")
            }
            Self::NoPort(file, Some(name)) => {
                write!(f, "{file}: `{name}` is no port of the gateway")
            }
            Self::SameOutput(place) => write!(f, "two outputs to {place}"),
            Self::OutputOverInput(file) => write!(f, "{file} is to be read and written"),
            Self::Output(path, error) => {
                let path = printable(&path.display().to_string());
                write!(f, "{path} cannot be written: {error}")
            }
            Self::Write(error) => write!(f, "the output cannot be written: {error}"),
            Self::Sweep(unfit) => unfit.fmt(f),
            Self::Advice(wrong, _) => f.write_str(wrong),
            Self::TrialsOfLog(file) => {
                write!(f, "{file} is an event log, which has no packets to try tables with")
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<capture::Error> for Error {
    fn from(error: capture::Error) -> Self {
        Self::Capture(error)
    }
}

impl From<Diagnostics> for Error {
    fn from(error: Diagnostics) -> Self {
        Self::Text(error)
    }
}

impl From<Untold> for Error {
    fn from(untold: Untold) -> Self {
        Self::Untold(untold)
    }
}

impl From<Misplaced> for Error {
    fn from(misplaced: Misplaced) -> Self {
        Self::Misplaced(misplaced)
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
