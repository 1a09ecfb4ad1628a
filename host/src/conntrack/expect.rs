//! Expectations: connections that a helper has announced, printed and read.
//!
//! The forms are those of `conntrack -L expect`, `conntrack -E expect` and
//! /proc/net/nf_conntrack_expect. The last one tells less.

use std::fmt::{self, Display, Formatter};
use std::net::{IpAddr, Ipv4Addr};

use keeptrack_core::{Ends, Protocol, Tuple};

use super::draft::{Way, number, read as keep, set};
use super::entry::{Form, Kind, Time};
use super::fault::Fault;
use super::names::Text;
use super::print::{Address, InFull, field, write_ends};
use super::tokens::Tokens;

/// A connection that was announced by another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// When, where it is an event and the log tells.
    pub time: Option<Time>,
    /// What happened to it, where it is an event.
    pub kind: Option<Kind>,
    /// Seconds left; `None` for `-`, which is without end.
    pub timeout: Option<u64>,
    /// Which packets it is of, under the mask.
    pub expected: Tuple,
    /// Which bits of `expected` count.
    pub mask: Option<Tuple>,
    /// The connection that announced it.
    pub master: Option<Tuple>,
    /// Its zone.
    pub zone: Option<u16>,
    /// `PERMANENT`: it stays when it was met.
    pub permanent: bool,
    /// `INACTIVE`: it is not met.
    pub inactive: bool,
    /// `USERSPACE`: a program made it.
    pub userspace: bool,
    /// Which of the helper's kinds.
    pub class: Option<u32>,
    /// The helper; in /proc with the name of the kind: `sip/RTP`.
    pub helper: Option<Box<str>>,
}

impl Expectation {
    /// An expectation of which nothing but its tuple is known.
    #[must_use]
    pub const fn new(expected: Tuple) -> Self {
        Self {
            time: None,
            kind: None,
            timeout: None,
            expected,
            mask: None,
            master: None,
            zone: None,
            permanent: false,
            inactive: false,
            userspace: false,
            class: None,
            helper: None,
        }
    }

    /// The line for it. The forms are [`Form::Proc`] and, for all others, that of conntrack-tools.
    #[must_use]
    pub const fn as_listed(&self, form: Form) -> Expected<'_> {
        Expected { expectation: self, form }
    }

    fn flags(&self) -> impl Iterator<Item = &'static str> {
        let flags = [self.permanent, self.inactive, self.userspace];
        FLAGS.into_iter().zip(flags).filter_map(|(name, is_set)| is_set.then_some(name))
    }
}

const FLAGS: [&str; 3] = ["PERMANENT", "INACTIVE", "USERSPACE"];

/// An expectation to be printed, without the end of the line.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'e> {
    expectation: &'e Expectation,
    form: Form,
}

impl Display for Expected<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let expectation = self.expectation;
        if let Some(time) = expectation.time {
            write!(f, "[{time}]\t")?;
        }
        if let Some(kind) = expectation.kind {
            write!(f, "{:>9} ", kind.tag())?;
        }
        match expectation.timeout {
            Some(timeout) => write!(f, "{timeout} ")?,
            None => f.write_str("- ")?,
        }
        match self.form {
            Form::Proc => write_in_proc(f, expectation),
            _ => write_as_tools(f, expectation),
        }
    }
}

fn write_in_proc(f: &mut Formatter<'_>, expectation: &Expectation) -> fmt::Result {
    let tuple = &expectation.expected;
    let family = if tuple.source.is_ipv4() { 2 } else { 10 };
    write!(f, "l3proto = {family} proto={} {} ", tuple.protocol.0, InFull(tuple))?;
    let has_flags = write_flags(f, expectation)?;
    let Some(helper) = &expectation.helper else { return Ok(()) };
    write!(f, "{}{helper}", if has_flags { " " } else { "" })
}

fn write_as_tools(f: &mut Formatter<'_>, expectation: &Expectation) -> fmt::Result {
    let tuple = &expectation.expected;
    let (source, destination) = (Address(tuple.source), Address(tuple.destination));
    write!(f, "proto={} src={source} dst={destination}", tuple.protocol.0)?;
    write_ends(f, tuple)?;
    for (name, tuple) in [("mask", &expectation.mask), ("master", &expectation.master)] {
        if let Some(tuple) = tuple {
            let (source, destination) = (Address(tuple.source), Address(tuple.destination));
            write!(f, " {name}-src={source} {name}-dst={destination}")?;
            write_ends(f, tuple)?;
        }
    }
    field(f, " zone=", expectation.zone)?;
    if expectation.flags().next().is_some() {
        f.write_str(" ")?;
        write_flags(f, expectation)?;
    }
    field(f, " class=", expectation.class)?;
    field(f, " helper=", expectation.helper.as_ref())
}

/// Whether there is any.
fn write_flags(f: &mut Formatter<'_>, expectation: &Expectation) -> Result<bool, fmt::Error> {
    let mut before = "";
    for flag in expectation.flags() {
        write!(f, "{before}{flag}")?;
        before = ",";
    }
    Ok(!before.is_empty())
}

/// Whether the line is one of an expectation: a number or `-`, then a protocol.
pub(super) fn begins(tokens: &Tokens<'_>) -> bool {
    let mut tokens = tokens.clone();
    let timeout = tokens.next().unwrap_or_default();
    let is_timeout = timeout == "-" || timeout.bytes().all(|byte| byte.is_ascii_digit());
    let next = tokens.next().unwrap_or_default();
    is_timeout && (next == "l3proto" || next.starts_with("proto="))
}

/// Reads a line that begins so.
pub(super) fn read(
    time: Option<Time>,
    kind: Option<Kind>,
    tokens: &mut Tokens<'_>,
) -> Result<Expectation, Fault> {
    let mut draft = ExpectDraft::new();
    draft.known.time = time;
    draft.known.kind = kind;
    if let Some(timeout) = tokens.next().filter(|timeout| *timeout != "-") {
        draft.known.timeout = Some(number(timeout, timeout)?);
    }
    let mut at = Part::Expected;
    while let Some(word) = tokens.next() {
        let Some((name, value)) = word.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            draft.bare(word, tokens)?;
            continue;
        };
        let name = match name.split_once('-') {
            Some(("mask", name)) => {
                at = Part::Mask;
                name
            }
            Some(("master", name)) => {
                at = Part::Master;
                name
            }
            _ => name,
        };
        match name {
            "proto" => draft.protocol(value, word)?,
            "zone" => keep(&mut draft.known.zone, value, word)?,
            "class" => keep(&mut draft.known.class, value, word)?,
            "helper" => Text::ExpectHelper.keep(&mut draft.known.helper, value, word)?,
            _ => draft.part(at).take(name, value, word)?,
        }
    }
    draft.finish()
}

/// Which of the three tuples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Expected,
    Mask,
    Master,
}

/// An expectation while it is read.
pub(super) struct ExpectDraft {
    /// What is known, but for the tuples.
    pub(super) known: Expectation,
    protocol: Option<Protocol>,
    parts: [Way; 3],
}

impl ExpectDraft {
    pub(super) const fn new() -> Self {
        let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let protocol = Protocol(0);
        let nothing = Tuple { source: nobody, destination: nobody, protocol, ends: Ends::None };
        Self { known: Expectation::new(nothing), protocol: None, parts: [const { Way::NEW }; 3] }
    }

    pub(super) const fn part(&mut self, part: Part) -> &mut Way {
        let [expected, mask, master] = &mut self.parts;
        match part {
            Part::Expected => expected,
            Part::Mask => mask,
            Part::Master => master,
        }
    }

    pub(super) fn protocol(&mut self, value: &str, word: &str) -> Result<(), Fault> {
        set(&mut self.protocol, Protocol(number(value, word)?), word)
    }

    /// A word without a value: the family, flags, and in /proc the helper.
    fn bare(&mut self, word: &str, tokens: &mut Tokens<'_>) -> Result<(), Fault> {
        if word == "l3proto" && self.protocol.is_none() {
            let family = tokens.next().filter(|equals| *equals == "=").and(tokens.next());
            return match family {
                Some("2" | "10") => Ok(()),
                _ => Err(Fault::Value(word.into())),
            };
        }
        if word.split(',').all(|flag| FLAGS.contains(&flag)) {
            word.split(',').for_each(|flag| self.flag(flag));
            return Ok(());
        }
        if self.parts[1].source.is_some() || self.parts[0].destination.is_none() {
            return Err(Fault::Unknown(word.into()));
        }
        Text::ExpectHelper.keep(&mut self.known.helper, word, word)
    }

    pub(super) fn flag(&mut self, flag: &str) {
        match flag {
            "PERMANENT" => self.known.permanent = true,
            "INACTIVE" => self.known.inactive = true,
            _ => self.known.userspace = true,
        }
    }

    pub(super) fn finish(mut self) -> Result<Expectation, Fault> {
        let protocol = self.protocol.ok_or(Fault::Missing("proto="))?;
        let [expected, mask, master] = &self.parts;
        let tuple = |way: &Way| way.source.map(|_| way.tuple(protocol)).transpose();
        self.known.expected = expected.tuple(protocol)?;
        self.known.mask = tuple(mask)?;
        self.known.master = tuple(master)?;
        Ok(self.known)
    }
}
