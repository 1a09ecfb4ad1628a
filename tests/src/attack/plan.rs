//! What is simulated, and what became of everybody.

use std::fmt;

use keeptrack_core::Config;

use super::attacks::Attack;

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Entries of the table.
    pub slot_count: usize,
    /// Real clients; every fourth asks for names, by UDP.
    pub client_count: u8,
    /// How long each thinks between two connections, on average.
    pub think_s: u32,
    /// The attack, and its packets a second; `None` on a quiet day.
    pub attack: Option<(Attack, u64)>,
    /// When what happens.
    pub times: Times,
    /// All draws follow from it.
    pub seed: u64,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { slot_count, client_count, .. } = self;
        write!(f, "{slot_count} slots, {client_count} real clients and the administrator")
    }
}

/// When what happens, in seconds since the clients began.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// The attacker begins to fill the table: within ten seconds, or faster if the attack's own
    /// rate is.
    pub fill_s: u64,
    /// The attack goes on at its own rate.
    pub attack_s: u64,
    /// Of the connections that clients begin, those count that begin from here,
    pub count_from_s: u64,
    /// to here.
    pub count_to_s: u64,
    /// The end.
    pub end_s: u64,
}

/// What stands against an attack: the policy of a full table, the slots that are the
/// administrator's alone, and how long entries live.
#[derive(Debug)]
pub struct Defence<P> {
    /// The policy.
    pub policy: P,
    /// The slots.
    pub reserve_count: usize,
    /// The timeouts.
    pub config: Config,
}

/// What became of everybody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The clients' connections all of whose requests were answered.
    pub connections: Share,
    /// Their requests that were answered.
    pub requests: Share,
    /// The administrator's connections, likewise.
    pub admin: Share,
    /// First packets of clients that were refused.
    pub refused_count: u64,
    /// Connections of clients that had to leave, though assured and open.
    pub open_evicted_count: u64,
    /// The times at which somebody looked, and those of them at which the table was full.
    pub full: Share,
    /// Slots, over all those times, and those of them that held a connection which nobody had
    /// answered or which was closing.
    pub dispensable: Share,
    /// Packets that reached the gateway.
    pub packet_count: u64,
}

/// So many of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// So many,
    pub part: u64,
    /// of so many.
    pub whole: u64,
}

impl Share {
    /// Counts more.
    pub(super) fn add(&mut self, part: u64, whole: u64) {
        self.part += part;
        self.whole += whole;
    }

    /// Whether it is at least so many hundredths; nothing of nothing is all.
    #[must_use]
    pub const fn is_at_least(&self, percent: u64) -> bool {
        self.part * 100 >= self.whole * percent
    }
}
