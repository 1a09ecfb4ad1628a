//! Reads one line of any of the text forms.

use std::fmt::{self, Display, Formatter};

use super::entry::{Entry, Event, Kind, Time};
use super::expect::{self, Expectation};
use super::fault::Fault;
use super::tokens::{Tokens, Unknown};
use super::{listed, save};

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "nearly all lines are records")]
pub enum Line {
    /// Something that conntrack tells.
    Record(Record),
    /// How many there were, or what went wrong, as conntrack tells on stderr.
    Footer(Footer),
    /// White space.
    Blank,
    /// Something else.
    Foreign,
}

/// What a line or an element of XML tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// An entry of a table.
    Entry(Entry),
    /// An event of an entry.
    Event(Event),
    /// An expectation, or an event of one.
    Expectation(Expectation),
}

impl Line {
    /// Reads a line, with its end or without. Words `name=value` of names that are not known are
    /// passed over: later versions may have more.
    ///
    /// # Errors
    /// When it begins as conntrack's lines do and goes on in another way.
    pub fn read(line: &str) -> Result<Self, Fault> {
        Self::noting(line, &mut Unknown::default())
    }

    /// As [`Line::read`]; `unknown` is told what is passed over.
    pub(super) fn noting<'l>(line: &'l str, unknown: &mut Unknown<'l>) -> Result<Self, Fault> {
        let mut tokens = Tokens::new(line);
        let time = time(&mut tokens);
        let Some(first) = tokens.peek() else { return Ok(Self::Blank) };
        let record = if let Some(kind) = Kind::tagged(first) {
            tokens.next();
            event(time, kind, &mut tokens, unknown)?
        } else if let Some(command) = save::command(&tokens) {
            Some(saved(time, command, &mut tokens)?)
        } else if time.is_some() {
            None
        } else if let Some((protocol, mut rest)) = listed::head(&tokens) {
            match listed::rest(protocol, &mut rest, unknown)? {
                (entry, None) => Some(Record::Entry(entry)),
                (_, Some(_)) => return Err(Fault::Unknown("[USERSPACE]".into())),
            }
        } else if expect::begins(&tokens) {
            Some(Record::Expectation(expect::read(None, None, &mut tokens)?))
        } else {
            None
        };
        Ok(match record {
            Some(record) => Self::Record(record),
            None => Footer::read(line).map_or(Self::Foreign, Self::Footer),
        })
    }
}

impl Kind {
    fn tagged(word: &str) -> Option<Self> {
        [Self::New, Self::Update, Self::Destroy].into_iter().find(|kind| kind.tag() == word)
    }
}

/// What conntrack says on stderr, such as `20 flow entries have been shown.`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footer {
    /// The version of conntrack-tools.
    pub version: Box<str>,
    /// What it says.
    pub message: Box<str>,
}

impl Footer {
    pub(super) fn read(line: &str) -> Option<Self> {
        let (version, message) = line.strip_prefix(FOOTER[0])?.split_once(FOOTER[1])?;
        Some(Self { version: version.into(), message: message.trim_end().into() })
    }

    /// What conntrack says behind a table of so many entries.
    #[must_use]
    pub fn entries(count: u64) -> Self {
        Self::shown(format!("{count} flow entries have been shown."))
    }

    /// What conntrack says behind so many events.
    #[must_use]
    pub fn events(count: u64) -> Self {
        Self::shown(format!("{count} flow events have been shown."))
    }

    /// What conntrack says behind so many expectations.
    #[must_use]
    pub fn expectations(count: u64) -> Self {
        Self::shown(format!("{count} expectations have been shown."))
    }

    fn shown(message: String) -> Self {
        Self { version: VERSION.into(), message: message.into() }
    }

    /// The number with which the message begins.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        self.message.split(' ').next()?.parse().ok()
    }
}

/// The version of conntrack-tools whose words these are.
const VERSION: &str = "1.4.7";
/// What stands before and behind the version.
const FOOTER: [&str; 2] = ["conntrack v", " (conntrack-tools): "];

impl Display for Footer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}{}", FOOTER[0], self.version, FOOTER[1], self.message)
    }
}

/// The time of `-o timestamp`, which is then read. Old versions pad it with spaces.
fn time(tokens: &mut Tokens<'_>) -> Option<Time> {
    let line = tokens.remainder().trim_ascii_start();
    let (time, rest) = line.strip_prefix('[')?.split_once(']')?;
    let (seconds, micros) = time.split_once('.')?;
    let seconds = seconds.parse().ok()?;
    let micros = micros.trim_end().parse().ok().filter(|micros| *micros < 1_000_000)?;
    *tokens = Tokens::new(rest);
    Some(Time { seconds, micros })
}

/// Reads what stands behind a tag; `None` for what conntrack has no such events of.
fn event<'l>(
    time: Option<Time>,
    kind: Kind,
    tokens: &mut Tokens<'l>,
    unknown: &mut Unknown<'l>,
) -> Result<Option<Record>, Fault> {
    if let Some((protocol, mut rest)) = listed::head(tokens) {
        let (entry, by) = listed::rest(protocol, &mut rest, unknown)?;
        return Ok(Some(Record::Event(Event { time, kind, entry, by })));
    }
    if expect::begins(tokens) {
        return Ok(Some(Record::Expectation(expect::read(time, Some(kind), tokens)?)));
    }
    Ok(None)
}

/// Reads the save form: an event where it has a time or does not add.
fn saved(time: Option<Time>, kind: Kind, tokens: &mut Tokens<'_>) -> Result<Record, Fault> {
    let (entry, by) = save::read(tokens)?;
    if time.is_none() && kind == Kind::New && by.is_none() {
        return Ok(Record::Entry(entry));
    }
    Ok(Record::Event(Event { time, kind, entry, by }))
}
