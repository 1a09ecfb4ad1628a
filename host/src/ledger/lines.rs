//! `-o ledger`: the lines of JSON, whose fields `docs/formats.md` describes.

use std::net::IpAddr;

use keeptrack_core::{Conn, Direction, Ends, Instant, Invalid, OnRefusal, Protocol, Tuple, Zone};
use serde::Serialize;

use super::followed::Followed;
use super::follower::End;
use super::totals::Class;
use crate::report::flags;

/// Lines that are to be written.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Those that are; `None` if nobody wants any.
    written: Option<Vec<u8>>,
    /// Those that wait until it is told for whom connections had to leave. What becomes of a
    /// connection meanwhile is told behind that.
    waiting: Vec<Waiting>,
}

/// A line that is not written yet.
#[derive(Debug)]
enum Waiting {
    Victim(Box<Hurt>),
    Aftermath(Aftermath),
}

/// What is said of a connection when it is hurt.
#[derive(Debug)]
pub(super) struct Hurt(Line);

/// Whether a connection was hurt before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    First,
    Again,
}

/// For what a connection was hurt.
#[derive(Debug)]
pub(super) enum Newcomer {
    /// For that packet: its own, or one that got no entry either.
    Packet(u64),
    /// For the connection that this packet has brought.
    Brought(u64, Named),
    /// Nobody in particular.
    None,
}

/// A line about a connection that was hurt.
#[derive(Debug, Serialize)]
struct Line {
    ledger: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    t: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    i: Option<u64>,
    rule: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    again: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bypass: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invalid: Option<&'static str>,
    conn: Named,
    #[serde(skip_serializing_if = "Option::is_none")]
    st: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fl: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packets: Option<[u64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<[u64; 2]>,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    newcomer: Option<Named>,
}

/// A connection by its original tuple and its zone.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Named {
    proto: String,
    src: IpAddr,
    dst: IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    sport: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dport: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    srckey: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dstkey: Option<u16>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<u16>,
}

/// A line about what became of a connection.
#[derive(Debug, Serialize)]
struct Aftermath {
    ledger: &'static str,
    id: u64,
    t: f64,
    end: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<f64>,
    packets: [u32; 2],
    #[serde(skip_serializing_if = "is_none")]
    invalid: u32,
    #[serde(skip_serializing_if = "is_none")]
    refused: u32,
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    got_in: Option<f64>,
    #[serde(skip_serializing_if = "is_none")]
    entries: u32,
    #[serde(skip_serializing_if = "is_none")]
    picked_up: u32,
    #[serde(skip_serializing_if = "is_none")]
    taken: u32,
}

impl Page {
    /// One that keeps its lines until they are taken.
    pub(super) const fn kept() -> Self {
        Self { written: Some(Vec::new()), waiting: Vec::new() }
    }

    pub(super) const fn is_kept(&self) -> bool {
        self.written.is_some()
    }

    /// Whether somebody had to leave, and it is not told for whom.
    pub(super) const fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        self.written.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// A connection had to leave, for whom is [told](Self::tell_victims) later.
    pub(super) fn victim(&mut self, hurt: Hurt) {
        self.waiting.push(Waiting::Victim(Box::new(hurt)));
    }

    /// Everyone who has left until now did so for this one.
    pub(super) fn tell_victims(&mut self, newcomer: &Newcomer) {
        for line in std::mem::take(&mut self.waiting) {
            match line {
                Waiting::Victim(hurt) => self.hurt(*hurt, newcomer),
                Waiting::Aftermath(aftermath) => self.write(&aftermath),
            }
        }
    }

    /// A connection was hurt.
    pub(super) fn hurt(&mut self, mut hurt: Hurt, newcomer: &Newcomer) {
        (hurt.0.i, hurt.0.newcomer) = match newcomer {
            Newcomer::Packet(index) => (Some(*index), None),
            Newcomer::Brought(index, named) => (Some(*index), Some(named.clone())),
            Newcomer::None => (None, None),
        };
        self.write(&hurt.0);
    }

    /// It is known what became of a connection.
    pub(super) fn aftermath(&mut self, conn: &Followed, end: End, now_ns: u64) {
        if !self.is_kept() {
            return;
        }
        let aftermath = Aftermath::of(conn, end, now_ns);
        if self.is_waiting() {
            self.waiting.push(Waiting::Aftermath(aftermath));
        } else {
            self.write(&aftermath);
        }
    }

    fn write(&mut self, line: &impl Serialize) {
        if let Some(bytes) = &mut self.written {
            // Nothing of a line is refused by a `Vec`.
            if serde_json::to_writer(&mut *bytes, line).is_ok() {
                bytes.push(b'\n');
            }
        }
    }
}

impl Hurt {
    /// A connection was refused.
    pub(super) fn refused(
        (id, class): (u64, Class),
        (conn, then): (&Conn, OnRefusal),
        now_ns: u64,
    ) -> Self {
        let bypass = (then == OnRefusal::Bypass).then_some(1);
        let named = Named::of(conn);
        Self(Line { bypass, st: conn.state_name(), ..Line::of(Some(id), (class, named), now_ns) })
    }

    /// An INVALID packet was refused.
    pub(super) fn unheard(tuple: &Tuple, (class, why): (Class, Invalid), now_ns: u64) -> Self {
        let named = Named::tuple(tuple, Zone::DEFAULT);
        Self(Line { invalid: Some(why.name()), ..Line::of(None, (class, named), now_ns) })
    }

    /// A connection had to leave.
    pub(super) fn victim(
        (id, class, again): (u64, Class, Again),
        conn: &Conn,
        now_ns: u64,
    ) -> Self {
        let (_, whom, _) = class;
        let now = Instant::from_nanos(now_ns);
        let by_direction = [Direction::Original, Direction::Reply].map(|dir| conn.counters(dir));
        Self(Line {
            class: Some(whom.to_string()),
            again: (again == Again::Again).then_some(1),
            fl: Some(flags(conn.status())),
            age: Some(thousandth(now.since(conn.start()))),
            idle: Some(thousandth(now.since(conn.seen()))),
            left: Some(thousandth(conn.expiry().since(now))),
            packets: Some(by_direction.map(|counters| counters.packets)),
            bytes: Some(by_direction.map(|counters| counters.bytes)),
            st: conn.state_name(),
            ..Line::of(Some(id), (class, Named::of(conn)), now_ns)
        })
    }
}

impl Newcomer {
    /// The one that the packet with that number has brought.
    pub(super) fn of(index: u64, conn: &Conn) -> Self {
        Self::Brought(index, Named::of(conn))
    }
}

impl Line {
    fn of(id: Option<u64>, ((harm, _, rule), conn): (Class, Named), now_ns: u64) -> Self {
        Self {
            ledger: harm.name(),
            id,
            t: seconds(now_ns),
            i: None,
            rule,
            class: None,
            again: None,
            bypass: None,
            invalid: None,
            conn,
            st: None,
            fl: None,
            age: None,
            idle: None,
            left: None,
            packets: None,
            bytes: None,
            newcomer: None,
        }
    }
}

impl Aftermath {
    fn of(conn: &Followed, end: End, now_ns: u64) -> Self {
        let after = &conn.after;
        Self {
            ledger: "aftermath",
            id: conn.id,
            t: seconds(now_ns),
            end: end.name(),
            first: after.first_ns.map(seconds),
            last: after.last_ns.map(seconds),
            packets: after.packets,
            invalid: after.invalid,
            refused: after.refused,
            got_in: after.in_ns.map(seconds),
            entries: after.entries,
            picked_up: after.picked_up,
            taken: after.taken,
        }
    }
}

impl Named {
    fn of(conn: &Conn) -> Self {
        Self::tuple(&conn.tuple(Direction::Original), conn.zone())
    }

    fn tuple(tuple: &Tuple, Zone(zone): Zone) -> Self {
        let proto = match tuple.protocol {
            protocol if protocol.name() == Protocol(u8::MAX).name() => protocol.0.to_string(),
            protocol => protocol.name().to_owned(),
        };
        let mut named = Self {
            proto,
            src: tuple.source,
            dst: tuple.destination,
            sport: None,
            dport: None,
            srckey: None,
            dstkey: None,
            kind: None,
            code: None,
            id: None,
            zone: Some(zone).filter(|zone| *zone != 0),
        };
        match tuple.ends {
            Ends::Ports { source, destination } => {
                (named.sport, named.dport) = (Some(source), Some(destination));
            }
            Ends::Keys { source, destination } => {
                (named.srckey, named.dstkey) = (Some(source), Some(destination));
            }
            Ends::Query { kind, code, id } => {
                (named.kind, named.code, named.id) = (Some(kind), Some(code), Some(id));
            }
            Ends::None => {}
        }
        named
    }
}

/// Seconds since the Unix epoch, to the microsecond.
#[allow(clippy::cast_precision_loss, reason = "microseconds since 1970 have 51 bits")]
fn seconds(at_ns: u64) -> f64 {
    (at_ns / 1000) as f64 / 1e6
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds of a capture have few bits")]
fn thousandth(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_none(count: &u32) -> bool {
    *count == 0
}
