//! What a full table did to connections, in numbers: to whom, by which rule, what became of them.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::harm::{Harm, Whom};

/// What was done to whom, and by which rule.
pub(crate) type Class = (Harm, Whom, &'static str);

/// The numbers of a ledger.
///
/// `times` are always exact. `connections` are, as long as all of them could be followed: who is
/// not followed is counted anew whenever it is refused.
#[derive(Debug, Default, Clone)]
pub(crate) struct Totals {
    rows: BTreeMap<Class, Row>,
}

/// The numbers of a class.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Row {
    /// Connections that were hurt in this way first.
    pub(crate) connections: u64,
    /// How often a connection was: packets that were refused, or entries that were taken.
    pub(crate) times: u64,
    /// Of those, the packets that passed all the same, untracked.
    pub(crate) bypassed: u64,
    /// Of those, the entries that were ASSURED.
    pub(crate) assured: u64,
    /// What became of `connections`, as far as all were followed.
    pub(crate) followed: Aftermath,
    /// What became of those in the sample of the others.
    pub(crate) sampled: Aftermath,
}

/// What became of some connections after they had been hurt.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Aftermath {
    /// Connections that were followed.
    pub(crate) connections: u64,
    /// Those that were open and ASSURED when they were hurt, or answered and spoke again.
    pub(crate) live: u64,
    /// Those of which another packet came.
    pub(crate) spoke: u64,
    /// Those of which a packet was INVALID.
    pub(crate) invalid: u64,
    /// Those that got an entry later, by a first packet or by one in their middle.
    pub(crate) got_in: u64,
    /// Packets of theirs that were INVALID.
    pub(crate) invalid_packets: u64,
    /// Packets of theirs that were refused, but for the one that a connection was hurt by first.
    pub(crate) refused_packets: u64,
    /// How often they got an entry again.
    pub(crate) entries: u64,
}

impl Totals {
    /// All classes that there are, in a fixed order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (Class, &Row)> {
        self.rows.iter().map(|(&class, row)| (class, row))
    }

    /// Connections that were hurt.
    pub(crate) fn hurt(&self) -> u64 {
        self.sum(|_, row| row.connections)
    }

    /// Entries that were taken for a newcomer.
    pub(crate) fn evicted(&self) -> u64 {
        self.sum(|harm, row| if harm == Harm::Evicted { row.times } else { 0 })
    }

    /// Entries whose time was cut short.
    pub(crate) fn shrunk(&self) -> u64 {
        self.sum(|harm, row| if harm == Harm::Shrunk { row.times } else { 0 })
    }

    /// Entries of open ASSURED connections that were taken or cut short.
    pub(crate) fn open_taken(&self) -> u64 {
        let open = self.rows.iter().filter(|((_, whom, _), _)| *whom == Whom::Open);
        open.map(|(_, row)| row.times).sum()
    }

    /// Connections that were open and ASSURED when they were hurt, or answered and spoke again; of
    /// those that are followed.
    pub(crate) fn live(&self) -> u64 {
        self.sum(|_, row| row.followed.live + row.sampled.live)
    }

    /// Connections that got an entry after all; of those that are followed.
    pub(crate) fn got_in(&self) -> u64 {
        self.sum(|_, row| row.followed.got_in + row.sampled.got_in)
    }

    /// What became of all whose aftermath is known: of those followed, and of those in the sample.
    pub(crate) fn aftermath(&self) -> (Aftermath, Aftermath) {
        let (mut followed, mut sampled) = (Aftermath::default(), Aftermath::default());
        for row in self.rows.values() {
            followed += row.followed;
            sampled += row.sampled;
        }
        (followed, sampled)
    }

    /// Hurt connections of which nobody knows what became.
    pub(crate) fn not_followed(&self) -> u64 {
        self.sum(|_, row| {
            row.connections.saturating_sub(row.followed.connections + row.sampled.connections)
        })
    }

    pub(super) fn row(&mut self, class: Class) -> &mut Row {
        self.rows.entry(class).or_default()
    }

    fn sum(&self, of: impl Fn(Harm, &Row) -> u64) -> u64 {
        self.rows.iter().map(|(&(harm, ..), row)| of(harm, row)).sum()
    }
}

impl AddAssign for Aftermath {
    fn add_assign(&mut self, more: Self) {
        self.connections += more.connections;
        self.live += more.live;
        self.spoke += more.spoke;
        self.invalid += more.invalid;
        self.got_in += more.got_in;
        self.invalid_packets += more.invalid_packets;
        self.refused_packets += more.refused_packets;
        self.entries += more.entries;
    }
}
