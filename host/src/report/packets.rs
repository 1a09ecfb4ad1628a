//! `-o packets`: a line of JSON for every packet of the capture.

use std::io;

use keeptrack_core::{Conn, Direction, HelperDrop, Status, Zone};
use serde::Serialize;

use crate::output::Lines;
use crate::verdict::{Left, Report, Speaks, Verdict, What};

/// Writes a line a packet.
pub(crate) struct Packets<'r, 'o> {
    out: &'r mut Lines<'o>,
    line: Vec<u8>,
}

/// A line. `docs/replay.md` describes its fields.
#[derive(Default, Serialize)]
struct Line {
    i: u64,
    v: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    d: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    st: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<u32>,
    #[serde(skip_serializing_if = "is_unset")]
    keep: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    fl: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<u16>,
    #[serde(skip_serializing_if = "is_unset")]
    err: u8,
    #[serde(skip_serializing_if = "is_unset")]
    gone: u8,
    #[serde(skip_serializing_if = "is_unset")]
    reasm: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gw: Option<String>,
}

impl<'r, 'o> Packets<'r, 'o> {
    /// Writes to `out`.
    pub(crate) const fn new(out: &'r mut Lines<'o>) -> Self {
        Self { out, line: Vec::new() }
    }
}

impl Report for Packets<'_, '_> {
    fn packet(&mut self, verdict: &Verdict) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, &Line::of(verdict))?;
        self.line.push(b'\n');
        self.out.push(&self.line)
    }

    fn ended(&mut self, _left: &Left<'_>) -> io::Result<()> {
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Line {
    fn of(verdict: &Verdict) -> Self {
        let (i, v) = (verdict.index, verdict.what.name());
        let gw = verdict.fate.map(|fate| fate.to_string());
        let line = Self { i, v, reasm: verdict.is_reassembled.into(), gw, ..Self::default() };
        match verdict.what {
            What::New(ref conn, timeout) => Self { to: Some(timeout), ..line.about(conn, "o") },
            What::Known(_, dir, ref conn, change) => {
                let line = Self { why: change.dropped.map(HelperDrop::name), ..line };
                match (change.ended, change.timeout) {
                    (Some(_), _) => Self { d: Some(letter(dir)), gone: 1, ..line },
                    (None, Some(timeout)) => {
                        Self { to: Some(timeout), ..line.about(conn, letter(dir)) }
                    }
                    (None, None) => Self { keep: 1, ..line.about(conn, letter(dir)) },
                }
            }
            What::Related(dir, ref conn) => {
                Self { err: 1, keep: 1, ..line.about(conn, letter(dir)) }
            }
            What::Refused(refused, _) | What::Bypassed(refused, _) => {
                Self { why: Some(refused.why.name()), ..line }
            }
            What::Unheard(why, _) => Self { why: Some(why.name()), ..line },
            What::Filtered(_) => Self { d: Some("o"), ..line },
            What::RawDropped => Self { why: Some("raw"), ..line },
            What::Invalid(why, speaks, to) => {
                let err = u8::from(speaks == Speaks::OfAnother);
                Self { why: Some(why.name()), err, to, ..line }
            }
            What::Held(why) => Self { why: Some(why.name()), ..line },
            What::Skipped(skip) => Self { why: Some(skip.name()), ..line },
            What::Untracked => line,
        }
    }

    fn about(self, conn: &Conn, d: &'static str) -> Self {
        let (st, fl) = (conn.state_name(), Some(flags(conn.status())));
        let Zone(zone) = conn.zone();
        Self { d: Some(d), st, fl, zone: Some(zone).filter(|zone| *zone != 0), ..self }
    }
}

const fn letter(dir: Direction) -> &'static str {
    match dir {
        Direction::Original => "o",
        Direction::Reply => "r",
    }
}

/// What a connection has seen, as the field `fl` tells it.
pub(crate) const fn flags(status: Status) -> &'static str {
    let expected = status.has(Status::EXPECTED);
    match (status.has(Status::SEEN_REPLY), status.has(Status::ASSURED)) {
        (true, true) if expected => "RAE",
        (true, false) if expected => "RE",
        (false, _) if expected => "E",
        (true, true) => "RA",
        (true, false) => "R",
        (false, true) => "A",
        (false, false) => "",
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_unset(bit: &u8) -> bool {
    *bit == 0
}
