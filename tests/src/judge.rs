//! Somebody who can be asked about packets, one after the other: the kernel, or our tracker.

use keeptrack_core::{Status, Tuple, Zone};

use crate::told::Told;

/// Tracks connections, and tells of every packet what it is.
pub trait Judge {
    /// Passes a packet, from its IP header on, that came at that moment (nanoseconds; whatever lies
    /// before the latest moment counts as that one). Who has run out by then has left before.
    ///
    /// # Errors
    /// When no answer could be had.
    fn pass(&mut self, time_ns: u64, ip: &[u8]) -> Result<Told, String>;

    /// The connections that are in the table at the moment of the latest packet, in the order of
    /// their first tuples' text.
    ///
    /// # Errors
    /// When no answer could be had.
    fn table(&mut self) -> Result<Vec<Row>, String>;

    /// Forgets all connections and fragments; the next packet may come at any moment.
    ///
    /// # Errors
    /// When that could not be done.
    fn clear(&mut self) -> Result<(), String>;
}

/// A connection in the table at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The tuple of its first packet.
    pub tuple: Tuple,
    /// The zone that it is in.
    pub zone: Zone,
    /// Its state as conntrack prints it; `None` without states.
    pub state: Option<&'static str>,
    /// SEEN_REPLY, ASSURED and EXPECTED of it.
    pub status: Status,
    /// Whole seconds left to live.
    pub left_s: u64,
}

impl Row {
    /// Puts rows into the order in which they are told.
    pub fn sort(rows: &mut [Self]) {
        rows.sort_by_cached_key(|row| (row.tuple.protocol.0, row.tuple.to_string(), row.zone.0));
    }
}
