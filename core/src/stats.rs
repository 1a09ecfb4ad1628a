//! Counters: one for every way out of a packet, under the names of /proc/net/stat/nf_conntrack.

use crate::fragment::Held;
use crate::helper::HelperDrop;
use crate::invalid::Invalid;

/// What the tracker did since it was made. Counters wrap at 2^64.
///
/// The first ten have the names and the meaning of Linux's (`conntrack -S`); the others count
/// what Linux does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Stats {
    /// Packets that no connection could be given, for whatever reason.
    pub invalid: u64,
    /// First packets that a full table refused and that are dropped.
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
    /// Connections that were expected: their first packets.
    pub expect_new: u64,
    /// Expectations that were made.
    pub expect_create: u64,
    /// Expectations that are no more: met, replaced, run out, or without the connection that had
    /// announced them.
    pub expect_delete: u64,
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
    /// Connections that a rule gave a helper, and that the table of helpers had no room for.
    pub helper_full: u64,
    /// Segments that a helper could not read: the capture had cut them, or they came in parts.
    pub helper_cut: u64,
    /// Announcements for a host that was not the speaker: nothing is expected, as in Linux.
    pub helper_elsewhere: u64,
    /// First packets dropped because their source had as many connections as a source may.
    pub source_full: u64,
    /// First packets dropped because their zone had as many connections as it may.
    pub zone_full: u64,
    /// First packets that were refused, for whatever reason, and pass untracked: a rule says so.
    /// Only dropped ones are counted by their reason.
    pub bypass: u64,
    /// Connections that ran out. This and the four below are counted when they are handed out.
    pub timed_out: u64,
    /// Connections reset before anybody answered.
    pub reset: u64,
    /// Connections that a new one with the same tuple replaced.
    pub reopened: u64,
    /// Connections that the caller took out.
    pub flushed: u64,
    /// Connections whose timeouts had shrunk because the table was filling.
    pub shrunk: u64,
    reasons: [u64; Invalid::COUNT],
    held: [u64; Held::COUNT],
    helper_drops: [u64; HelperDrop::ALL.len()],
}

impl Stats {
    /// Packets that were invalid for this reason.
    #[must_use]
    pub fn invalid_by(&self, reason: Invalid) -> u64 {
        self.reasons.get(reason.index()).copied().unwrap_or(0)
    }

    /// Packets of known connections that a helper dropped for this reason.
    #[must_use]
    pub const fn helper_drop_by(&self, reason: HelperDrop) -> u64 {
        let [partial, clash, full] = self.helper_drops;
        match reason {
            HelperDrop::Partial => partial,
            HelperDrop::Clash => clash,
            HelperDrop::ExpectFull => full,
        }
    }

    /// The same for all reasons.
    #[must_use]
    pub fn helper_drop_count(&self) -> u64 {
        HelperDrop::ALL.into_iter().map(|reason| self.helper_drop_by(reason)).sum()
    }

    pub(crate) fn count_helper_drop(&mut self, reason: HelperDrop) {
        let [partial, clash, full] = &mut self.helper_drops;
        add_one(match reason {
            HelperDrop::Partial => partial,
            HelperDrop::Clash => clash,
            HelperDrop::ExpectFull => full,
        });
    }

    /// Parts of datagrams that went no further for this reason.
    #[must_use]
    pub fn held_by(&self, reason: Held) -> u64 {
        self.held.get(reason as usize).copied().unwrap_or(0)
    }

    pub(crate) fn count_held(&mut self, reason: Held) {
        if let Some(count) = self.held.get_mut(reason as usize) {
            add_one(count);
        }
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
