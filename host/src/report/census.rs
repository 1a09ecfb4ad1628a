//! Who is in the table, by service and state: now, at the peak, at the first drop; and whom it
//! refused.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;

use keeptrack_core::{Change, Conn, Direction, Ends, Protocol, State, Status};

/// Where Linux begins to choose ports for callers.
const FIRST_EPHEMERAL: u16 = 32_768;

/// What a connection is for, as far as its first packet tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Service {
    protocol: u8,
    /// The port that was called, or the ICMP type.
    called: u16,
    /// The host talks to itself.
    pub(super) is_loopback: bool,
}

/// A service, and the state that its connections are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Class {
    pub(super) service: Service,
    pub(super) state: &'static str,
}

/// How many connections of a class there are, and were.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    now: u64,
    /// `now` as it was when the peak numbered `peak` was reached, if it changed since.
    at_peak: u64,
    peak: u64,
    at_first_drop: u64,
}

/// The connections of a class at the two moments that matter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) class: Class,
    pub(super) at_peak: u64,
    /// 0 if nothing was dropped.
    pub(super) at_first_drop: u64,
}

/// What became of a service's first packets.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asked {
    pub(super) made: u64,
    pub(super) refused: u64,
}

/// The count of all classes.
///
/// A peak costs nothing when it is reached, however often that is: it only gets a number, and a
/// class writes down what it was at the peak when it changes for the first time after. The first
/// drop comes once, and all classes are written down.
#[derive(Debug, Default)]
pub(super) struct Census {
    classes: HashMap<Class, Counts>,
    services: HashMap<Service, Asked>,
    peak: u64,
    has_refused: bool,
}

impl Census {
    /// It was in the table before the first packet.
    pub(super) fn seeded(&mut self, conn: &Conn) {
        self.change(Class::of(conn)).now += 1;
    }

    pub(super) fn made(&mut self, conn: &Conn) {
        let class = Class::of(conn);
        self.change(class).now += 1;
        self.services.entry(class.service).or_default().made += 1;
    }

    pub(super) fn refused(&mut self, conn: &Conn) {
        if !self.has_refused {
            self.has_refused = true;
            self.classes.values_mut().for_each(|counts| counts.at_first_drop = counts.now);
        }
        self.services.entry(Service::of(conn)).or_default().refused += 1;
    }

    /// A connection may be of another class since a packet changed it.
    pub(super) fn changed(&mut self, conn: &Conn, change: &Change) {
        if change.left.is_some() || change.status != Status::NONE {
            self.leave(Class::before(conn, change));
            self.change(Class::of(conn)).now += 1;
        }
    }

    pub(super) fn ended(&mut self, conn: &Conn) {
        self.leave(Class::of(conn));
    }

    /// As many connections as never before are in the table now.
    pub(super) fn peaked(&mut self) {
        self.peak += 1;
    }

    /// The classes that held anything at the peak or at the first drop, those that held most first.
    pub(super) fn rows(&self) -> Vec<Row> {
        let row = |(&class, counts): (&Class, &Counts)| Row {
            class,
            at_peak: if counts.peak == self.peak { counts.at_peak } else { counts.now },
            at_first_drop: counts.at_first_drop,
        };
        let rows = self.classes.iter().map(row);
        let mut rows: Vec<_> = rows.filter(|row| row.most() > 0).collect();
        rows.sort_by_key(|row| (Reverse(row.most()), row.class.service, row.class.state));
        rows
    }

    /// What became of a service's first packets.
    pub(super) fn asked(&self, service: Service) -> Asked {
        self.services.get(&service).copied().unwrap_or_default()
    }

    /// The services whose first packets were refused, those with most of them first.
    pub(super) fn refusals(&self) -> Vec<(Service, Asked)> {
        let asked = self.services.iter().map(|(&service, &asked)| (service, asked));
        let mut refused: Vec<_> = asked.filter(|(_, asked)| asked.refused > 0).collect();
        refused.sort_by_key(|&(service, asked)| (Reverse(asked.refused), service));
        refused
    }

    fn leave(&mut self, class: Class) {
        let counts = self.change(class);
        counts.now = counts.now.saturating_sub(1);
    }

    fn change(&mut self, class: Class) -> &mut Counts {
        let counts = self.classes.entry(class).or_default();
        if counts.peak != self.peak {
            counts.peak = self.peak;
            counts.at_peak = counts.now;
        }
        counts
    }
}

impl Row {
    fn most(&self) -> u64 {
        self.at_peak.max(self.at_first_drop)
    }
}

impl Class {
    fn of(conn: &Conn) -> Self {
        Self::with(conn, conn.status(), conn.state())
    }

    fn before(conn: &Conn, change: &Change) -> Self {
        Self::with(conn, conn.status().without(change.status), change.left.or(conn.state()))
    }

    fn with(conn: &Conn, status: Status, state: Option<State>) -> Self {
        let state = match state {
            Some(state) => state.name(),
            None if status.has(Status::ASSURED) => "ASSURED",
            None if status.has(Status::SEEN_REPLY) => "REPLIED",
            None => "UNREPLIED",
        };
        Self { service: Service::of(conn), state }
    }
}

impl Service {
    fn of(conn: &Conn) -> Self {
        let tuple = conn.tuple(Direction::Original);
        let called = match tuple.ends {
            // Seen from the wrong side, by an answer: the caller's port is none that is called.
            Ends::Ports { source, destination }
                if destination >= FIRST_EPHEMERAL && source < FIRST_EPHEMERAL =>
            {
                source
            }
            Ends::Ports { destination, .. } => destination,
            Ends::Query { kind, .. } => kind.into(),
            Ends::Keys { .. } | Ends::None => 0,
        };
        let is_loopback = tuple.destination.is_loopback() || tuple.source == tuple.destination;
        Self { protocol: tuple.protocol.0, called, is_loopback }
    }
}

/// `tcp 25`, `udp 53 loopback`, `icmp echo`, `gre`, `protocol 50`.
impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = Protocol(self.protocol);
        match (protocol, self.called) {
            (Protocol::ICMP, 8) | (Protocol::ICMPV6, 128) => write!(f, "{} echo", protocol.name())?,
            (Protocol::ICMP | Protocol::ICMPV6, kind) => {
                write!(f, "{} type {kind}", protocol.name())?;
            }
            (Protocol::TCP | Protocol::UDP | Protocol::SCTP | Protocol::UDPLITE, port) => {
                write!(f, "{} {port}", protocol.name())?;
            }
            (Protocol::GRE, _) => f.write_str(protocol.name())?,
            (protocol, _) => write!(f, "protocol {}", protocol.0)?,
        }
        f.write_str(if self.is_loopback { " loopback" } else { "" })
    }
}
