//! Who was in the table, by service, state and source, and whom it refused.

use std::cmp::Reverse;
use std::collections::HashMap;

use keeptrack_core::{Change, Conn, Instant, State, Status};

use super::holds::{Held, Holds};
use super::sources::{Precision, Source, Sources};
use crate::service::Service;

/// A service, and the state that its connections are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Class {
    pub(super) service: Service,
    pub(super) state: &'static str,
}

/// What became of a service's first packets.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asked {
    pub(super) made: u64,
    pub(super) refused: u64,
}

/// What was in the table by service, state and source, and what became of first packets.
#[derive(Debug, Default)]
pub(super) struct Census {
    classes: Holds<Class>,
    sources: Sources,
    services: HashMap<Service, Asked>,
    until: Instant,
}

impl Census {
    /// It was in the table before the first packet.
    pub(super) fn seeded(&mut self, conn: &Conn) {
        self.classes.seed(Class::of(conn));
        self.sources.seed(conn);
    }

    /// That is when the first packet came.
    pub(super) fn begin(&mut self, now: Instant) {
        self.classes.begin(now);
        self.sources.begin(now);
    }

    pub(super) fn made(&mut self, conn: &Conn, now: Instant) {
        let class = Class::of(conn);
        self.classes.enter(class, now);
        self.sources.enter(conn, now);
        self.services.entry(class.service).or_default().made += 1;
    }

    pub(super) fn refused(&mut self, conn: &Conn) {
        self.classes.dropped();
        self.sources.dropped();
        self.services.entry(Service::of(conn)).or_default().refused += 1;
    }

    /// A connection may be of another class since a packet changed it.
    pub(super) fn changed(&mut self, conn: &Conn, change: &Change, now: Instant) {
        if change.left.is_some() || change.status != Status::NONE {
            self.classes.leave(Class::before(conn, change), now);
            self.classes.enter(Class::of(conn), now);
        }
    }

    pub(super) fn ended(&mut self, conn: &Conn, now: Instant) {
        self.classes.leave(Class::of(conn), now);
        self.sources.leave(conn, now);
    }

    /// Nothing comes any more.
    pub(super) const fn end(&mut self, now: Instant) {
        self.until = now;
    }

    /// As many connections as never before are in the table now.
    pub(super) const fn peaked(&mut self) {
        self.classes.peaked();
        self.sources.peaked();
    }

    /// The classes that held anything at the peak or at the first drop, those that held most first.
    pub(super) fn rows(&self) -> Vec<Held<Class>> {
        let rows = self.classes.held(self.until).filter(|row| row.most() > 0);
        let mut rows: Vec<_> = rows.collect();
        rows.sort_by_key(|row| (Reverse(row.most()), row.kind.service, row.kind.state));
        rows
    }

    /// What each service held, those that held most for longest first.
    pub(super) fn services(&self) -> Vec<Held<Service>> {
        let mut services: HashMap<Service, Held<Service>> = HashMap::new();
        for Held { kind, at_peak, at_first_drop, entry_ms } in self.classes.held(self.until) {
            let kind = kind.service;
            let none = Held { kind, at_peak: 0, at_first_drop: 0, entry_ms: 0 };
            let held = services.entry(kind).or_insert(none);
            held.at_peak += at_peak;
            held.at_first_drop += at_first_drop;
            held.entry_ms = held.entry_ms.wrapping_add(entry_ms);
        }
        let mut held: Vec<_> = services.into_values().collect();
        held.sort_unstable_by_key(|held| (Reverse(held.entry_ms), held.kind));
        held
    }

    /// What each source held, those that held most for longest first.
    pub(super) fn sources(&self) -> Vec<Held<Source>> {
        self.sources.held(self.until)
    }

    /// How exact that is.
    pub(super) const fn precision(&self) -> Precision {
        self.sources.precision()
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
