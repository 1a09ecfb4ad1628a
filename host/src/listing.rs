//! A connection of the replay's table as the kernel would tell of it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use keeptrack_core::{Conn, Direction, Instant, Protocol, Tuple, Zone};

use crate::conntrack::{Entry, Form, GreTimeouts};

/// Tells of connections as the settings ask, and adds what only somebody's table or log knows.
#[derive(Debug)]
pub(crate) struct Listing {
    acct: Switch,
    timestamp: Switch,
    gre: GreTimeouts,
    gre_by_policy: Vec<GreTimeouts>,
    who_tells: WhoTells,
    read: Mutex<HashMap<Name, Read>>,
}

/// A setting that is 0 or 1.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    #[default]
    Off,
    On,
}

/// By what entries are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhoTells {
    /// By the replay's table; what was read beside it adds what that does not hold.
    Table,
    /// By the log that is replayed: nothing is known of the packets between two events.
    Log,
}

/// What a connection in the table is known by: its original tuple, and its zone.
type Name = (Tuple, Zone);

/// An entry that was read.
#[derive(Debug, Clone)]
struct Read {
    entry: Entry,
    /// When it was as it says.
    at: Instant,
    /// Which connection it is of, in the order in which they began.
    number: u64,
}

impl Listing {
    /// Whether packets and bytes are told (`nf_conntrack_acct`), whether ages are
    /// (`nf_conntrack_timestamp`), and what /proc prints with every GRE entry: with those that live
    /// by a timeout policy, by the id of that.
    pub(crate) fn new(
        who_tells: WhoTells,
        (acct, timestamp): (Switch, Switch),
        (gre, gre_by_policy): (GreTimeouts, Vec<GreTimeouts>),
    ) -> Self {
        Self { acct, timestamp, gre, gre_by_policy, who_tells, read: Mutex::default() }
    }

    /// By what entries are told.
    pub(crate) const fn who_tells(&self) -> WhoTells {
        self.who_tells
    }

    /// Keeps what `entry` tells at the moment `now` of a connection, if it is to be told.
    pub(crate) fn remember(&self, conn: &Conn, entry: &Entry, now: Instant) {
        if self.who_tells == WhoTells::Log || entry.tells_more() {
            let mut read = self.read();
            let number = read.get(&name(conn)).map_or(conn.number(), |known| known.number);
            read.insert(name(conn), Read { entry: entry.clone(), at: now, number });
        }
    }

    /// Keeps nothing of a connection that is over.
    pub(crate) fn forget(&self, conn: &Conn) {
        let mut read = self.read();
        if !read.is_empty() {
            read.remove(&name(conn));
        }
    }

    /// By what connections are in the order in which they began.
    pub(crate) fn number(&self, conn: &Conn) -> u64 {
        self.read().get(&name(conn)).map_or(conn.number(), |known| known.number)
    }

    /// What is known of `conn` at the moment `now`, to be printed in that form.
    pub(crate) fn entry(&self, conn: &Conn, now: Instant, form: Form) -> Entry {
        let read = self.read().get(&name(conn)).cloned();
        let mut entry = match (read, self.who_tells) {
            (Some(read), WhoTells::Log) => read.at(now),
            (Some(read), WhoTells::Table) => self.tracked(read.entry, conn, (now, form)),
            (None, _) => {
                let [original, reply] =
                    [Direction::Original, Direction::Reply].map(|dir| conn.tuple(dir));
                self.tracked(Entry::new(original, reply), conn, (now, form))
            }
        };
        let by_policy = conn.timeouts().and_then(|id| self.gre_by_policy.get(id.index()));
        let gre = *by_policy.unwrap_or(&self.gre);
        entry.gre = (entry.protocol() == Protocol::GRE).then_some(gre);
        entry.mark = entry.mark.or(Some(0));
        // `conntrack -R` takes no SCTP without tags.
        entry.vtags = entry.vtags.or((entry.protocol() == Protocol::SCTP).then_some([0, 0]));
        // Whoever lists /proc holds the entry meanwhile.
        entry.use_count = Some(if form == Form::Proc { 2 } else { 1 });
        entry.id = None;
        entry
    }

    /// What was read. Whoever panicked with it in hand has left it whole: each change is one call.
    fn read(&self) -> MutexGuard<'_, HashMap<Name, Read>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `entry` with what is known of `conn`.
    fn tracked(&self, mut entry: Entry, conn: &Conn, (now, form): (Instant, Form)) -> Entry {
        let is_counted = self.acct == Switch::On;
        let counters = |dir| is_counted.then(|| conn.counters(dir));
        entry.timeout = Some(conn.timeout_left(now));
        entry.state = conn.state_name();
        entry.status = conn.status();
        entry.helper = conn.helper().map(|helper| helper.name().into()).or(entry.helper);
        entry.offload = None;
        entry.zone = match conn.zone() {
            Zone::DEFAULT => None,
            Zone(zone) => Some(zone),
        };
        entry.original.counters = counters(Direction::Original);
        entry.reply.counters = counters(Direction::Reply);
        entry.delta_time = (self.timestamp == Switch::On).then(|| age_s(conn, now, form));
        (entry.start, entry.stop) = (None, None);
        entry
    }
}

impl Read {
    /// The entry at a later moment, if no packet came.
    fn at(self, now: Instant) -> Entry {
        let Self { mut entry, at, .. } = self;
        let passed_s = now.since(at) / 1000;
        entry.timeout = entry.timeout.map(|left| left.saturating_sub(passed_s));
        entry
    }
}

fn name(conn: &Conn) -> Name {
    (conn.tuple(Direction::Original), conn.zone())
}

/// The kernel rounds the age down, conntrack the two moments between which it lies.
fn age_s(conn: &Conn, now: Instant, form: Form) -> u64 {
    match form {
        Form::Proc => now.since(conn.start()) / 1000,
        _ => (now.as_millis() / 1000).saturating_sub(conn.start().as_millis() / 1000),
    }
}
