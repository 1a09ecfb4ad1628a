//! Counters: one for every way out of a packet, under the names of /proc/net/stat/nf_conntrack.

use crate::invalid::Invalid;

/// What the tracker did since it was made. Counters wrap at 2^64.
///
/// The first seven have the names and the meaning of Linux's (`conntrack -S`); the others count
/// what Linux does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Stats {
    /// Packets that no connection could be given, for whatever reason.
    pub invalid: u64,
    /// First packets that a full table refused.
    pub drop: u64,
    /// Connections that had to leave for a newer one.
    pub early_drop: u64,
    /// Connections that were [restored](crate::Conntrack::restore).
    pub insert: u64,
    /// First packets that were refused for another reason, and connections that were not restored,
    /// for whatever reason.
    pub insert_failed: u64,
    /// Of those, the ones whose bucket held too many connections.
    pub chaintoolong: u64,
    /// ICMP and ICMPv6 messages that were refused before they could be looked up, and errors that
    /// spoke of no connection.
    pub error: u64,
    /// First packets: each was confirmed, refused, or let go by the filter.
    pub first: u64,
    /// Connections put into the table: confirmed, or restored.
    pub confirmed: u64,
    /// Packets of a connection in the table, as they were tracked.
    pub known: u64,
    /// ICMP errors that spoke of a connection in the table.
    pub related: u64,
    /// Packets left untracked, by a rule or because Linux never tracks their kind.
    pub untracked: u64,
    /// Packets dropped by a rule before they could be tracked.
    pub raw_drop: u64,
    /// Connections that ran out. This and the three below are counted when they are handed out.
    pub timed_out: u64,
    /// Connections reset before anybody answered.
    pub reset: u64,
    /// Connections that a new one with the same tuple replaced.
    pub reopened: u64,
    /// Connections that the caller took out.
    pub flushed: u64,
    reasons: [u64; Invalid::COUNT],
}

impl Stats {
    /// Packets that were invalid for this reason.
    #[must_use]
    pub fn invalid_by(&self, reason: Invalid) -> u64 {
        self.reasons.get(reason.index()).copied().unwrap_or(0)
    }

    pub(crate) fn count_invalid(&mut self, reason: Invalid) {
        add_one(&mut self.invalid);
        if let Some(count) = self.reasons.get_mut(reason.index()) {
            add_one(count);
        }
    }
}

pub(crate) fn add_one(count: &mut u64) {
    *count = count.wrapping_add(1);
}
