//! Who may leave a full table, found by looking at everybody.

use keeptrack_core::{Protocol, Status, TcpState, Tuple};

use super::naive::{Entry, Naive, Track};
use super::talks::Kind;

/// How many ranks there are; a connection without has none of them.
const RANKS: usize = 6;
/// The first of the ranks that wait for an answer.
const UNREPLIED: usize = 4;

/// Whoever has waited for his answer for so long, in milliseconds, is spared no longer: the answers
/// whose average is learned count as one second at the most, and three times that is waited.
const SPARED_MS: u64 = 3_000;

/// What a full table does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    Refuses,
    Ranks,
}

/// For how many classes there are reserves.
pub(super) const CLASSES: usize = 3;

/// The class of a packet.
pub(super) const fn class_of(protocol: Protocol) -> Option<usize> {
    match protocol {
        Protocol::UDP => Some(0),
        Protocol::ICMP | Protocol::ICMPV6 => Some(1),
        Protocol::GRE => Some(2),
        _ => None,
    }
}

/// The class of a talk's packets.
pub(super) const fn class(kind: Kind) -> Option<usize> {
    match kind {
        Kind::Udp => Some(0),
        Kind::Echo => Some(1),
        Kind::Gre => Some(2),
        Kind::Tcp | Kind::UdpLite | Kind::Esp => None,
    }
}

impl Entry {
    /// How dispensable it is, 0 the most; `None` when it is assured and open.
    pub(super) fn rank(&self) -> Option<usize> {
        let state = match self.track {
            Track::Tcp { state, .. } => state,
            _ => TcpState::None,
        };
        match state {
            TcpState::TimeWait | TcpState::Close => Some(0),
            TcpState::LastAck => Some(1),
            TcpState::CloseWait => Some(2),
            TcpState::FinWait => Some(3),
            _ if !self.status.has(Status::SEEN_REPLY) => Some(UNREPLIED),
            _ if !self.status.has(Status::ASSURED) => Some(UNREPLIED + 1),
            _ => None,
        }
    }
}

impl Naive {
    /// Whose slot a newcomer of that class takes, if one is left for it: its class's, or
    /// everybody's.
    pub(super) fn room_for(&self, class: Option<usize>) -> Option<Option<usize>> {
        [class, None].into_iter().find(|&share| self.count_of(share) < self.slots_of(share))
    }

    pub(super) fn count_of(&self, share: Option<usize>) -> usize {
        self.live.values().filter(|entry| entry.share == share).count()
    }

    fn slots_of(&self, share: Option<usize>) -> usize {
        share.map_or_else(|| self.capacity - self.reserved(), |class| self.reserves[class])
    }

    pub(super) fn reserved(&self) -> usize {
        self.reserves.iter().sum()
    }

    /// Whether all that is held fits into so many slots without one that is reserved.
    pub(super) fn fits(&self, capacity: usize) -> bool {
        let everybodys = capacity.saturating_sub(self.reserved());
        let fits = self.live.len() + self.over.len() <= capacity && everybodys > 0;
        fits && self.count_of(None) <= everybodys
    }

    /// Whoever may have to leave for a newcomer of that class: more than one where it depends on
    /// how long answers took, which the model does not learn.
    pub(super) fn victims(&self, class: Option<usize>) -> Vec<Tuple> {
        if self.full == Full::Refuses {
            return Vec::new();
        }
        let longest_idle = |rank| self.first((rank, class), |entry| (entry.renewed, entry.heard));
        let closing = (0..UNREPLIED).map(longest_idle).find(|first| !first.is_empty());
        let victims = closing.unwrap_or_else(|| {
            let mut waiting: Vec<_> = (UNREPLIED..RANKS).map(longest_idle).collect();
            let is_late = |&(_, entry): &Held<'_>| self.now - entry.renewed >= SPARED_MS;
            // Whoever is before him may have waited for long enough, too.
            if let Some(late) = waiting.iter().position(|first| first.iter().any(is_late)) {
                waiting.truncate(late + 1);
            } else {
                let newest = |entry: &Entry| (u64::MAX - entry.renewed, u64::MAX - entry.heard);
                let newest = (UNREPLIED..RANKS).map(|rank| self.first((rank, class), newest));
                waiting.extend(newest.into_iter().find(|newest| !newest.is_empty()));
            }
            waiting.concat()
        });
        victims.into_iter().map(|(talk, entry)| entry.original(talk)).collect()
    }

    /// Of each share that a class may take from the first of a rank, by the second number; of
    /// those the first by the first number, which may be both.
    fn first(
        &self,
        (rank, class): (usize, Option<usize>),
        order: impl Fn(&Entry) -> (u64, u64),
    ) -> Vec<Held<'_>> {
        let mut shares = vec![None, class];
        shares.dedup();
        let first = |share| {
            let all = self.live.iter().filter(|(_, entry)| entry.share == share);
            let all = all.filter(|(_, entry)| entry.rank() == Some(rank));
            all.min_by_key(|(_, entry)| order(entry).1).map(|(&talk, entry)| (talk, entry))
        };
        let firsts: Vec<Held<'_>> = shares.into_iter().filter_map(first).collect();
        let wanted = firsts.iter().map(|(_, entry)| order(entry).0).min();
        firsts.into_iter().filter(|(_, entry)| Some(order(entry).0) == wanted).collect()
    }
}

/// A connection, and the number of its talk.
type Held<'h> = (usize, &'h Entry);
