//! The guard between a first packet and its place in the table, which keeps netfilter's order: a
//! connection is made when its packet has passed the filter, not before.

use core::fmt;

use crate::conn::Conn;
use crate::ended::{Ended, Why};
use crate::full::{OnFull, Refusal};
use crate::helper::{Ftp, Help};
use crate::inside::Inside;
use crate::stats::add_one;
use crate::status::{CtState, Status};
use crate::storage::{Memory, SlotId};
use crate::table::Turned;
use crate::time::Instant;
use crate::tuple::Direction;

/// How many steps of the wheel a confirmation makes to find a slot before it asks the policy.
const STEPS: usize = 4;

/// A connection that is in no table yet.
///
/// [`confirm`](Self::confirm) puts it there; letting it go is what happens to a packet that a
/// filter drops, and costs no slot.
#[must_use]
pub struct Unconfirmed<'t> {
    conn: Conn,
    hash: u32,
    timeout: u32,
    now: Instant,
    table: &'t mut dyn Confirm,
}

/// A connection that is in the table now.
#[derive(Debug)]
pub struct Confirmed<'t> {
    /// The connection.
    pub conn: &'t Conn,
    /// The connection whose slot it took, if that was not free; it is not handed out again.
    pub evicted: Option<Ended>,
}

/// A connection that was not taken in; its packet is to be dropped.
#[derive(Debug, Clone, Copy)]
pub struct Refused {
    /// The connection.
    pub conn: Conn,
    /// Why.
    pub why: Refusal,
}

impl<'t> Unconfirmed<'t> {
    pub(crate) fn new(
        conn: Conn,
        hash: u32,
        (now, timeout): (Instant, u32),
        table: &'t mut dyn Confirm,
    ) -> Self {
        Self { conn, hash, timeout, now, table }
    }

    /// The connection as it would be in the table.
    #[must_use]
    pub const fn conn(&self) -> &Conn {
        &self.conn
    }

    /// What its packet is: NEW, or RELATED when another connection has announced this one.
    #[must_use]
    pub fn state(&self) -> CtState {
        self.conn.ct_state(Direction::Original)
    }

    /// The seconds that it would live.
    #[must_use]
    pub const fn timeout(&self) -> u32 {
        self.timeout
    }

    /// Puts the connection into the table: its packet has passed. If it was expected and is refused, it
    /// is expected no more; in Linux it still is.
    ///
    /// A full table hands out what is over, then what has run out as far as a few steps find it,
    /// then asks its policy. Touches two buckets and, for each of at most six connections that end
    /// or are filed anew, its bucket and six neighbours in lists.
    ///
    /// # Errors
    /// [`Refused`] when there is no place; the packet is to be dropped then.
    pub fn confirm(self) -> Result<Confirmed<'t>, Refused> {
        self.table.confirm(self.conn, self.hash, self.now)
    }
}

impl fmt::Debug for Unconfirmed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unconfirmed").field("conn", &self.conn).finish_non_exhaustive()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.why, f)
    }
}

impl core::error::Error for Refused {}

/// The slot of a connection, and who left it for that.
pub(crate) type Placed = (SlotId, Option<Ended>);

/// A table, whatever its memory and its policy.
pub(crate) trait Confirm {
    fn confirm(&mut self, conn: Conn, hash: u32, now: Instant) -> Result<Confirmed<'_>, Refused>;
}

impl<M: Memory, P: OnFull, H: Help> Confirm for Inside<M, P, H> {
    fn confirm(&mut self, conn: Conn, hash: u32, now: Instant) -> Result<Confirmed<'_>, Refused> {
        match self.place(conn, hash, now) {
            Ok((slot, evicted)) => {
                self.begin_listening(slot, hash, Ftp::NEW);
                Ok(Confirmed { conn: self.table.conn(slot), evicted })
            }
            Err(why) => {
                add_one(match why {
                    Refusal::TableFull => &mut self.stats.drop,
                    Refusal::ChainTooLong => &mut self.stats.insert_failed,
                });
                Err(Refused { conn, why })
            }
        }
    }
}

impl<M: Memory, P: OnFull, H: Help> Inside<M, P, H> {
    /// Puts `conn`, of which there is none in the table, into a slot; and says who left for it.
    pub(crate) fn place(
        &mut self,
        mut conn: Conn,
        hash: u32,
        now: Instant,
    ) -> Result<Placed, Refusal> {
        conn.status |= Status::CONFIRMED;
        conn.acct.set_number(self.stats.confirmed);
        if self.table.chain_is_full(hash, now) {
            add_one(&mut self.stats.chaintoolong);
            return Err(Refusal::ChainTooLong);
        }
        let evicted = self.vacate(&conn, now);
        let slot = self.table.insert(conn, now, &self.hash, hash).ok_or(Refusal::TableFull)?;
        add_one(&mut self.stats.confirmed);
        Ok((slot, evicted))
    }

    /// Sees to it that a slot is free, if that can be; and says who had to leave.
    fn vacate(&mut self, newcomer: &Conn, now: Instant) -> Option<Ended> {
        if !self.table.is_full() {
            return None;
        }
        self.hand_out().or_else(|| self.hand_out_soon(now)).or_else(|| {
            let victim = self.policy.victim(newcomer, &self.table)?;
            // A policy may have kept a slot's number for too long.
            let (_, conn) = self.table.live(victim)?;
            let hash = self.hash.of(conn.key());
            self.table.end(victim, hash, Why::DroppedEarly);
            self.hand_out()
        })
    }

    /// What a few steps of the wheel find to have run out.
    fn hand_out_soon(&mut self, now: Instant) -> Option<Ended> {
        for _ in 0..STEPS {
            match self.table.turn(now, &self.hash) {
                Turned::RanOut => return self.hand_out(),
                Turned::Refiled => {}
                Turned::Nothing => return None,
            }
        }
        None
    }
}
