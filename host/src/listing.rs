//! A connection of the replay's table as the kernel would tell of it.

use std::cell::RefCell;
use std::collections::HashMap;

use keeptrack_core::{Conn, Direction, Instant, Protocol, Zone};

use crate::conntrack::{Entry, Form, GreTimeouts};

/// Tells of connections as the settings ask, and adds what only somebody's table or log knows.
#[derive(Debug)]
pub(crate) struct Listing {
    acct: Switch,
    timestamp: Switch,
    gre: GreTimeouts,
    who_tells: Told,
    /// Entries that were read, by the number of their connection.
    read: RefCell<HashMap<u64, Entry>>,
}

/// By what entries are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// By the replay's table; what was read beside it adds what that does not hold.
    ByTable,
    /// By what was read last: nothing is known of the packets between.
    ByLog,
}

/// A setting that is 0 or 1.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    #[default]
    Off,
    On,
}

impl Listing {
    /// Whether packets and bytes are told (`nf_conntrack_acct`), whether ages are
    /// (`nf_conntrack_timestamp`), and what /proc prints with every GRE entry.
    pub(crate) fn new(
        who_tells: Told,
        (acct, timestamp): (Switch, Switch),
        gre: GreTimeouts,
    ) -> Self {
        Self { acct, timestamp, gre, who_tells, read: RefCell::default() }
    }

    /// Keeps what `entry` tells of the connection with that number, if it is to be told.
    pub(crate) fn remember(&self, number: u64, entry: &Entry) {
        if self.who_tells == Told::ByLog || entry.tells_more() {
            self.read.borrow_mut().insert(number, entry.clone());
        }
    }

    /// Keeps nothing of a connection that is over.
    pub(crate) fn forget(&self, number: u64) {
        self.read.borrow_mut().remove(&number);
    }

    /// What is known of `conn` at the moment `now`, to be printed in that form.
    pub(crate) fn entry(&self, conn: &Conn, now: Instant, form: Form) -> Entry {
        let read = self.read.borrow().get(&conn.number()).cloned();
        let mut entry = match (read, self.who_tells) {
            (Some(read), Told::ByLog) => read,
            (Some(read), Told::ByTable) => self.tracked(read, conn, (now, form)),
            (None, _) => {
                let [original, reply] =
                    [Direction::Original, Direction::Reply].map(|dir| conn.tuple(dir));
                self.tracked(Entry::new(original, reply), conn, (now, form))
            }
        };
        entry.gre = (entry.protocol() == Protocol::GRE).then_some(self.gre);
        entry.mark = entry.mark.or(Some(0));
        // Whoever lists /proc holds the entry meanwhile.
        entry.use_count = Some(if form == Form::Proc { 2 } else { 1 });
        entry
    }

    /// `entry` with what is known of `conn`.
    fn tracked(&self, mut entry: Entry, conn: &Conn, (now, form): (Instant, Form)) -> Entry {
        entry.timeout = Some(conn.timeout_left(now));
        entry.state = conn.state_name();
        entry.status = conn.status();
        entry.offload = None;
        entry.zone = match conn.zone() {
            Zone::DEFAULT => None,
            Zone(zone) => Some(zone),
        };
        entry.id = None;
        if self.acct == Switch::On {
            entry.original.counters = Some(conn.counters(Direction::Original));
            entry.reply.counters = Some(conn.counters(Direction::Reply));
        }
        if self.timestamp == Switch::On {
            entry.delta_time = Some(age_s(conn, now, form));
        }
        entry
    }
}

/// The kernel rounds the age down, conntrack the two moments between which it lies.
fn age_s(conn: &Conn, now: Instant, form: Form) -> u64 {
    match form {
        Form::Proc => now.since(conn.start()) / 1000,
        _ => (now.as_millis() / 1000).saturating_sub(conn.start().as_millis() / 1000),
    }
}
