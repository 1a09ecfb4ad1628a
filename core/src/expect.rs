//! Expectations: connections that another one has announced, from the announcement to their first
//! packet.

use crate::conn::Conn;
use crate::hash::KeyedHash;
use crate::helper::{EXPECT_S, Ftp, Help, HelperDrop, Listener, Said};
use crate::inside::Inside;
use crate::packet::{Packet, Tcp, Transport};
use crate::raw::Helper;
use crate::stats::add_one;
use crate::status::{CtState, Status};
use crate::storage::{Memory, SlotId};
use crate::table::Table;
use crate::time::Instant;
use crate::tuple::{Direction, Key, Tuple, Zone};

/// Length of a TCP header without options.
const TCP_MIN_LEN: usize = 20;

/// A connection that another one has announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Expectation {
    /// The tuple of its first packet, which may come from any port: the source's is 0 here.
    pub tuple: Tuple,
    /// The original tuple of the connection that has announced it, and without which it is no longer
    /// expected.
    pub master: Tuple,
    /// The zone of both.
    pub zone: Zone,
    /// What listened.
    pub helper: Helper,
    /// When it is no longer expected.
    pub expiry: Instant,
}

impl<M: Memory, P, H: Help> Inside<M, P, H> {
    /// The connections that are expected.
    pub(crate) fn expectations(&self) -> impl Iterator<Item = Expectation> {
        self.helpers.slots().iter().filter_map(|slot| {
            let (tuple, expiry) = slot.expected().filter(|(_, expiry)| *expiry > self.latest)?;
            let (master, zone) = (slot.master(Direction::Original), slot.zone());
            Some(Expectation { tuple, master, zone, helper: Helper::Ftp, expiry })
        })
    }

    /// Expects no longer what has run out.
    pub(crate) fn expire_expectations(&mut self, now: Instant) {
        if let Some(mut helpers) = self.helpers.table() {
            helpers.expire(now, &mut self.stats);
        }
    }

    /// Whether a first packet of `tuple` is of a connection that was announced; it is expected no
    /// longer then.
    pub(crate) fn is_expected(&mut self, now: Instant, tuple: &Tuple, zone: Zone) -> bool {
        let Some(mut helpers) = self.helpers.table() else { return false };
        helpers.expire(now, &mut self.stats);
        let Some(listener) = helpers.announcer(tuple, zone, &self.hash) else { return false };
        let is_heard = is_heard(&self.table, &self.hash, helpers.key(listener), now);
        helpers.withdraw(listener, &mut self.stats);
        if is_heard {
            add_one(&mut self.stats.expect_new);
        }
        is_heard
    }

    /// Begins to listen to the connection in `slot`, if a rule wants that.
    pub(crate) fn begin_listening(&mut self, slot: SlotId, hash: u32, ftp: Ftp) {
        let Some(conn) = self.table.conn_mut(slot) else { return };
        if !conn.status.has(Status::HELPER) {
            return;
        }
        let begun = self.helpers.table().and_then(|mut helpers| {
            // What is left of a connection that had the same tuple.
            if let Some(old) = helpers.listener(conn.key(), hash) {
                helpers.end(old, &mut self.stats);
            }
            helpers.begin(conn, hash, ftp)
        });
        if begun.is_none() {
            conn.status = conn.status.without(Status::HELPER);
            add_one(&mut self.stats.helper_full);
        }
    }

    /// Listens no longer to a connection that is over, and expects no longer what it has announced.
    pub(crate) fn stop_listening(&mut self, conn: &Conn) {
        if !conn.status.has(Status::HELPER) {
            return;
        }
        let Some(mut helpers) = self.helpers.table() else { return };
        // A newer one may have the same tuple.
        if is_heard(&self.table, &self.hash, conn.key(), self.latest) {
            return;
        }
        if let Some(listener) = helpers.listener(conn.key(), self.hash.of(conn.key())) {
            helpers.end(listener, &mut self.stats);
        }
    }

    /// Lets the helper read a packet in the direction `dir` of the connection in `slot`, in which
    /// packets were seen both ways; and says why the packet is to be dropped, if it is.
    ///
    /// Linux reads it when it leaves the host, so that it does not read what a filter drops.
    pub(crate) fn listen(
        &mut self,
        (packet, now): (&Packet<'_>, Instant),
        slot: SlotId,
        (state, dir): (CtState, Direction),
    ) -> Option<HelperDrop> {
        let mut helpers = self.helpers.table()?;
        let conn = self.table.conn(slot);
        if state != CtState::Established || !conn.status.has(Status::HELPER) {
            return None;
        }
        let Transport::Tcp(segment) = &packet.transport else { return None };
        if segment.payload_len == 0 {
            return None;
        }
        let Some(text) = text(packet, segment) else {
            add_one(&mut self.stats.helper_cut);
            return None;
        };
        let listener = helpers.listener(conn.key(), self.hash.of(conn.key()))?;
        let dropped = match helpers.hear(listener, (dir, segment), text) {
            Said::Nothing => None,
            Said::Elsewhere => {
                add_one(&mut self.stats.helper_elsewhere);
                None
            }
            Said::Partial => Some(HelperDrop::Partial),
            Said::Here(port) => self.announce(now, listener, (dir, port)).err(),
        };
        if let Some(why) = dropped {
            self.stats.count_helper_drop(why);
        }
        dropped
    }

    /// Expects a connection to the side that sends in the direction `dir`, which waits at `port`.
    fn announce(
        &mut self,
        now: Instant,
        listener: Listener,
        announced: (Direction, u16),
    ) -> Result<(), HelperDrop> {
        let Some(mut helpers) = self.helpers.table() else { return Ok(()) };
        helpers.expire(now, &mut self.stats);
        let Some((tuple, zone)) = helpers.would_expect(listener, announced) else { return Ok(()) };
        if let Some(other) = helpers.announcer(&tuple, zone, &self.hash)
            && other != listener
        {
            if is_heard(&self.table, &self.hash, helpers.key(other), now) {
                return Err(HelperDrop::Clash);
            }
            helpers.end(other, &mut self.stats);
        }
        helpers.withdraw(listener, &mut self.stats);
        if helpers.expects_enough() {
            return Err(HelperDrop::ExpectFull);
        }
        helpers.expect(listener, announced, now.after(EXPECT_S), &self.hash);
        add_one(&mut self.stats.expect_create);
        Ok(())
    }
}

/// Whether the connection of `key` is in the table, and listened to.
fn is_heard<M: Memory>(table: &Table<M>, hash: &KeyedHash, key: &Key, now: Instant) -> bool {
    let conn = table.find(hash.of(key), key).map(|slot| table.conn(slot));
    conn.is_some_and(|conn| conn.status.has(Status::HELPER) && !conn.has_run_out(now))
}

/// The payload of a segment; `None` when the capture did not keep all of it, or it is a part only of a
/// datagram.
fn text<'p>(packet: &Packet<'p>, segment: &Tcp) -> Option<&'p [u8]> {
    let header_len = TCP_MIN_LEN.wrapping_add(segment.options_len.into());
    let is_whole = packet.segment.len() as u64 >= u64::from(packet.segment_len)
        && packet.fragment.is_none_or(|part| part.is_whole());
    packet.segment.get(header_len..).filter(|_| is_whole)
}
