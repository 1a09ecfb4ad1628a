//! Oxide OPTE: who leaves is told by state and idle time; where nobody may, the newcomer is
//! refused.
//!
//! The states are those of core, in OPTE's classes. OPTE looks at every entry; here the longest
//! idle of each class is compared, which comes to the same choice (two that were last heard of at
//! the same moment aside). Its flow tables below each other are one here, and nothing but this
//! takes an entry out before its time.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use keeptrack_core::{Conn, Ended, Instant, State, TcpState, Unconfirmed};

use super::entries::Entries;
use super::{Admission, Checked, Keys, Known, Peer};

pub(super) const PEER: Known = Known {
    name: "opte",
    does: "the TCP connection furthest over or longest idle leaves, if any may; else refuses",
    keys: &[],
    checked: Checked::Source("opte 21df7210, flow_table.rs and port/mod.rs"),
    build: |_keys: &Keys, max| Ok(Box::new(Opte::new(max))),
};

/// Milliseconds after which a handshake, or a last acknowledgement, is long overdue.
const INCIPIENT_MS: u64 = 5_000;
/// Milliseconds after which a connection that is closing is over.
const QUIESCENT_MS: u64 = 120_000;
/// Milliseconds without a packet after which an open connection may go.
const IDLE_MS: u64 = 60_000;
/// The lowest priority of what is not open, and the highest of what is not closed.
const MIN: u64 = 2;
const MAX: u64 = 65_534;
/// The priority of what is closed.
const CLOSED: u64 = 65_535;
/// The priority of an open connection that is idle.
const IDLE: u64 = 1;

/// OPTE's choice.
#[derive(Debug, Clone)]
pub(super) struct Opte {
    max: usize,
    entries: Entries<(Class, Instant)>,
    /// By class, who was heard of last when.
    idle: [BTreeSet<(Instant, u64)>; Class::ALL.len()],
}

/// What decides how soon one may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Closed,
    Quiescent,
    Incipient,
    Open,
    /// No TCP, and so nothing that tells.
    Other,
}

impl Opte {
    pub(super) fn new(max: usize) -> Self {
        Self { max, entries: Entries::new(), idle: Default::default() }
    }

    fn heard(&mut self, now: Instant, conn: &Conn) {
        let class = Class::of(conn);
        if let Some(entry) = self.entries.of(conn) {
            let (class, heard) = std::mem::replace(entry, (class, now));
            self.idle[class as usize].remove(&(heard, conn.number()));
        } else {
            self.entries.enter(conn, (class, now));
        }
        self.idle[class as usize].insert((now, conn.number()));
    }

    fn forget(&mut self, number: u64) {
        if let Some(entry) = self.entries.leave(number) {
            let (class, heard) = entry.own;
            self.idle[class as usize].remove(&(heard, number));
        }
    }

    /// Who leaves: the highest priority, and of those the longest idle.
    fn victim(&self, now: Instant) -> Option<u64> {
        let longest_idle = Class::ALL.into_iter().filter_map(|class| {
            let &(heard, number) = self.idle[class as usize].first()?;
            Some((class.priority(now.since(heard))?, Reverse(heard), number))
        });
        longest_idle
            .max_by_key(|&(priority, heard, _)| (priority, heard))
            .map(|(.., number)| number)
    }
}

impl Peer for Opte {
    fn slots(&self) -> usize {
        self.max
    }

    fn admit(&mut self, now: Instant, first: &mut Unconfirmed<'_>) -> Admission {
        if let Some(over) = self.entries.taken_over_by(first.conn()) {
            self.forget(over);
        }
        if self.entries.len() < self.max {
            return Admission::Take;
        }
        let Some(victim) = self.victim(now) else {
            return Admission::Refuse("flow table full");
        };
        if let Some((tuple, zone)) = self.entries.get(victim).map(|entry| entry.id) {
            first.drop_early(&tuple, zone);
        }
        self.forget(victim);
        Admission::Take
    }

    fn entered(&mut self, now: Instant, conn: &Conn) {
        self.heard(now, conn);
    }

    fn known(&mut self, now: Instant, conn: &Conn) {
        self.heard(now, conn);
    }

    fn ended(&mut self, _now: Instant, ended: &Ended) {
        self.forget(ended.conn.number());
    }

    fn rule(&self, ended: &Ended) -> &'static str {
        match Class::of(&ended.conn) {
            Class::Closed => "closed",
            Class::Quiescent => "quiescent",
            Class::Incipient => "incipient",
            Class::Open | Class::Other => "idle",
        }
    }
}

impl Class {
    const ALL: [Self; 5] =
        [Self::Closed, Self::Quiescent, Self::Incipient, Self::Open, Self::Other];

    pub(super) fn of(conn: &Conn) -> Self {
        let Some(State::Tcp(state)) = conn.state() else { return Self::Other };
        match state {
            TcpState::Close => Self::Closed,
            TcpState::FinWait | TcpState::CloseWait | TcpState::TimeWait => Self::Quiescent,
            TcpState::Established => Self::Open,
            _ => Self::Incipient,
        }
    }

    /// How readily one leaves that has been idle for so long; `None`: it stays.
    pub(super) fn priority(self, idle_ms: u64) -> Option<u64> {
        let (from_ms, to_ms) = match self {
            Self::Closed => return Some(CLOSED),
            Self::Open => return (idle_ms >= IDLE_MS).then_some(IDLE),
            Self::Other => return None,
            Self::Quiescent => (INCIPIENT_MS, QUIESCENT_MS),
            Self::Incipient => (INCIPIENT_MS / 2, INCIPIENT_MS),
        };
        let over_ms = idle_ms.checked_sub(from_ms).filter(|&over_ms| over_ms > 0)?;
        Some(if idle_ms >= to_ms { MAX } else { MIN + lerp(over_ms, to_ms - from_ms) })
    }
}

/// `part` of `whole` as that share of the priorities, to 1/65,536th, to the nearest.
fn lerp(part: u64, whole: u64) -> u64 {
    let scaled = (MAX - MIN) * ((part << 16) / whole);
    (scaled + (1 << 15)) >> 16
}
