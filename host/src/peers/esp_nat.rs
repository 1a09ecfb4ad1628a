//! ESP-IDF's NAPT (esp-lwip): somebody always leaves, open or not.
//!
//! The newest entry leaves that has been silent for as long as its kind may be; if there is none,
//! the longest silent one. A newcomer from the same address and port takes its predecessor's entry
//! over, wherever it goes. What is no TCP, UDP or ICMP over IPv4 is not translated and takes no
//! entry. Every first packet counts as one from inside; the resets that ESP-IDF sends to both ends
//! of what it takes out are not in a capture, and are not made up. Its timer is not there: who is
//! silent for too long leaves when somebody needs the entry.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use keeptrack_core::{
    Conn, Direction, Ended, Ends, Instant, Protocol, State, TcpState, Unconfirmed,
};

use super::entries::Entries;
use super::{Admission, Checked, Keys, Known, Peer};

pub(super) const PEER: Known = Known {
    name: "esp-nat",
    does: "who is silent for too long for its kind leaves, else the longest silent, open or not",
    keys: &[],
    checked: Checked::Source("esp-lwip a45be9e4, ip4_napt.c"),
    build: |_keys: &Keys, max| Ok(Box::new(EspNat::new(max))),
};

/// Who sends: what an entry is found by from inside.
type Sender = (Protocol, IpAddr, u16);

/// ESP-IDF's choice.
#[derive(Debug, Clone)]
pub(super) struct EspNat {
    max: usize,
    entries: Entries<Entry>,
    senders: HashMap<Sender, u64>,
    /// By kind, who was heard of last when; the newest first of one millisecond.
    silent: [BTreeSet<(u64, Reverse<u64>)>; Kind::ALL.len()],
    /// Who has been silent for as long as its kind may be.
    overdue: BTreeSet<u64>,
    rule: &'static str,
}

/// What is kept of an entry.
#[derive(Debug, Clone, Copy)]
struct Entry {
    sender: Sender,
    kind: Kind,
    heard_ms: u64,
}

/// What decides how long one may be silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Query,
    Datagram,
    /// TCP that nobody has answered, or that one side has closed.
    Disconnected,
    Connected,
}

impl EspNat {
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            entries: Entries::new(),
            senders: HashMap::new(),
            silent: Default::default(),
            overdue: BTreeSet::new(),
            rule: "",
        }
    }

    fn heard(&mut self, now: Instant, conn: &Conn) {
        let (Some(sender), Some(kind)) = (sender(conn), Kind::of(conn)) else { return };
        let (number, heard_ms) = (conn.number(), now.as_millis());
        let heard = Entry { sender, kind, heard_ms };
        if let Some(entry) = self.entries.of(conn) {
            let before = std::mem::replace(entry, heard);
            self.unlist(number, before);
        } else {
            self.entries.enter(conn, heard);
            self.senders.insert(sender, number);
        }
        self.silent[kind as usize].insert((heard_ms, Reverse(number)));
    }

    fn unlist(&mut self, number: u64, entry: Entry) {
        if !self.silent[entry.kind as usize].remove(&(entry.heard_ms, Reverse(number))) {
            self.overdue.remove(&number);
        }
    }

    fn forget(&mut self, number: u64) {
        let Some(entry) = self.entries.leave(number) else { return };
        if self.senders.get(&entry.own.sender) == Some(&number) {
            self.senders.remove(&entry.own.sender);
        }
        self.unlist(number, entry.own);
    }

    /// Who leaves, and why; nobody where all were heard of this very millisecond.
    fn victim(&mut self, now_ms: u64) -> Option<(u64, &'static str)> {
        for kind in Kind::ALL {
            let silent = &mut self.silent[kind as usize];
            while let Some(&(heard_ms, Reverse(number))) = silent.first() {
                if now_ms - heard_ms <= kind.timeout_ms() {
                    break;
                }
                silent.pop_first();
                self.overdue.insert(number);
            }
        }
        if let Some(&newest) = self.overdue.last() {
            return Some((newest, "silent for too long"));
        }
        let (heard_ms, Reverse(number)) = self.silent.iter().filter_map(BTreeSet::first).min()?;
        (*heard_ms < now_ms).then_some((*number, "longest silent"))
    }

    fn take_out(&mut self, number: u64, first: &mut Unconfirmed<'_>) {
        if let Some((tuple, zone)) = self.entries.get(number).map(|entry| entry.id) {
            first.drop_early(&tuple, zone);
        }
        self.forget(number);
    }
}

impl Peer for EspNat {
    fn slots(&self) -> usize {
        self.max
    }

    fn admit(&mut self, now: Instant, first: &mut Unconfirmed<'_>) -> Admission {
        if let Some(over) = self.entries.taken_over_by(first.conn()) {
            self.forget(over);
        }
        let Some(sender) = sender(first.conn()) else {
            return Admission::Bypass("not translated");
        };
        if let Some(&before) = self.senders.get(&sender) {
            self.rule = "port taken over";
            self.take_out(before, first);
        } else if self.entries.len() >= self.max {
            let Some((victim, rule)) = self.victim(now.as_millis()) else {
                return Admission::Refuse("all in use");
            };
            self.rule = rule;
            self.take_out(victim, first);
        }
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

    fn rule(&self, _ended: &Ended) -> &'static str {
        self.rule
    }
}

impl Kind {
    const ALL: [Self; 4] = [Self::Query, Self::Datagram, Self::Disconnected, Self::Connected];

    pub(super) fn of(conn: &Conn) -> Option<Self> {
        match (conn.tuple(Direction::Original).protocol, conn.state()) {
            (Protocol::ICMP, _) => Some(Self::Query),
            (Protocol::UDP, _) => Some(Self::Datagram),
            (_, Some(State::Tcp(state))) => Some(match state {
                TcpState::SynRecv | TcpState::Established | TcpState::FinWait => Self::Connected,
                _ => Self::Disconnected,
            }),
            _ => None,
        }
    }

    /// Milliseconds without a packet after which one may go before all others.
    pub(super) const fn timeout_ms(self) -> u64 {
        match self {
            Self::Query | Self::Datagram => 2_000,
            Self::Disconnected => 60_000,
            Self::Connected => 30 * 60_000,
        }
    }
}

/// Who began a connection; `None` when such a one is not translated.
fn sender(conn: &Conn) -> Option<Sender> {
    let tuple = conn.tuple(Direction::Original);
    let port = match (tuple.protocol, tuple.ends) {
        (Protocol::TCP | Protocol::UDP, Ends::Ports { source, .. }) => source,
        (Protocol::ICMP, Ends::Query { id, .. }) => id,
        _ => return None,
    };
    tuple.source.is_ipv4().then_some((tuple.protocol, tuple.source, port))
}
