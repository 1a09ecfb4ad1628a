//! The guard between a first packet and its place in the table, which keeps netfilter's order: a
//! connection is made when its packet has passed the filter, not before.

use core::fmt;

use crate::conn::Conn;
use crate::ended::{Ended, Why};
use crate::full::{Newcomer, OnFull, OnRefusal, Refusal, View};
use crate::helper::{Ftp, Help};
use crate::inside::Inside;
use crate::rank::Class;
use crate::stats::add_one;
use crate::status::{CtState, Status};
use crate::storage::{Memory, SlotId};
use crate::table::Turned;
use crate::time::Instant;
use crate::tuple::{Direction, Tuple, Zone};

/// How many steps of the wheel a confirmation makes to find a slot before it asks the policy.
const STEPS: usize = 4;
/// How many leave at the most because a policy thinks their time over: more than come, so that the
/// table can become emptier.
const OVERDUE: usize = 2;

/// A connection that is in no table yet.
///
/// [`confirm`](Self::confirm) puts it there; letting it go is what happens to a packet that a
/// filter drops, and costs no slot.
#[must_use]
pub struct Unconfirmed<'t> {
    conn: &'t Conn,
    hash: u32,
    timeout: u32,
    now: Instant,
    then: OnRefusal,
    table: &'t mut dyn Confirm,
}

/// A connection that is in the table now.
#[derive(Debug)]
pub struct Confirmed<'t> {
    /// The connection.
    pub conn: &'t Conn,
    /// The connection that left for it, or whose slot it took; it is not handed out again.
    pub evicted: Option<Ended>,
}

/// A connection that was not taken in.
#[derive(Debug, Clone, Copy)]
pub struct Refused {
    /// The connection.
    pub conn: Conn,
    /// Why.
    pub why: Refusal,
    /// What its packet gets.
    pub then: OnRefusal,
}

impl<'t> Unconfirmed<'t> {
    pub(crate) const fn new(
        conn: &'t Conn,
        hash: u32,
        (now, timeout): (Instant, u32),
        then: OnRefusal,
        table: &'t mut dyn Confirm,
    ) -> Self {
        Self { conn, hash, timeout, now, then, table }
    }

    /// The connection as it would be in the table.
    #[must_use]
    pub const fn conn(&self) -> &Conn {
        self.conn
    }

    /// What its packet is: NEW, or RELATED when another connection has announced this one.
    #[must_use]
    pub fn state(&self) -> CtState {
        self.conn.ct_state(Direction::Original)
    }

    /// What its packet gets when it is refused, by the rules.
    #[must_use]
    pub const fn then(&self) -> OnRefusal {
        self.then
    }

    /// The seconds that it would live.
    #[must_use]
    pub const fn timeout(&self) -> u32 {
        self.timeout
    }

    /// The connection of `tuple`, which may be that of either direction, unless it has run out.
    ///
    /// Touches what the look-up of a packet touches; for callers that are a policy themselves.
    #[must_use]
    pub fn find(&self, tuple: &Tuple, zone: Zone) -> Option<&Conn> {
        self.table.find(self.now, tuple, zone)
    }

    /// Ends the connection of `tuple` in favour of this one, and answers whether there was one;
    /// [`expire`](crate::Conntrack::expire) hands it out, unless the confirmation takes its slot.
    ///
    /// Touches what [`flush`](crate::Conntrack::flush) touches; for callers that are a policy
    /// themselves.
    pub fn drop_early(&mut self, tuple: &Tuple, zone: Zone) -> bool {
        self.table.drop_early(self.now, tuple, zone)
    }

    /// Puts the connection into the table: its packet has passed. If it was expected and is
    /// refused, it is expected no more; in Linux it still is.
    ///
    /// A full table hands out what is over, then what has run out as far as a few steps find it,
    /// then asks its policy. Touches two buckets and, for each of at most six connections that end
    /// or are filed anew, its bucket and twelve neighbours in lists: at most 520 accesses to slots,
    /// links and heads of lists, the policy's choice included, whatever the table's size and even
    /// if the sender knows the key of the hash.
    ///
    /// # Errors
    /// [`Refused`] when there is no place.
    #[inline]
    pub fn confirm(self) -> Result<Confirmed<'t>, Refused> {
        let mut evicted = None;
        let newcomer = Newcomer { conn: self.conn, hash: self.hash, now: self.now };
        match self.table.confirm(&newcomer, self.then, &mut evicted) {
            Ok(conn) => Ok(Confirmed { conn, evicted }),
            Err(why) => Err(Refused { conn: self.conn.copied(), why, then: self.then }),
        }
    }

    /// Refuses the connection for that reason; its packet gets what `then` says. For callers that
    /// are a policy themselves.
    pub fn refuse(self, why: Refusal, then: OnRefusal) -> Refused {
        let Self { conn, hash, now, table, .. } = self;
        if why == Refusal::ChainTooLong {
            table.count_long_chain();
        }
        table.refuse(Newcomer { conn, hash, now }, why, then);
        Refused { conn: conn.copied(), why, then }
    }
}

impl fmt::Debug for Unconfirmed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unconfirmed").field("conn", self.conn).finish_non_exhaustive()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.why, self.then)
    }
}

impl core::error::Error for Refused {}

/// A table, whatever its memory and its policy.
pub(crate) trait Confirm {
    /// The connection in its slot, and in `evicted` who left for it; or why there is no place.
    fn confirm(
        &mut self,
        newcomer: &Newcomer<'_>,
        then: OnRefusal,
        evicted: &mut Option<Ended>,
    ) -> Result<&Conn, Refusal>;

    fn refuse(&mut self, newcomer: Newcomer<'_>, why: Refusal, then: OnRefusal);

    fn count_long_chain(&mut self);

    fn find(&self, now: Instant, tuple: &Tuple, zone: Zone) -> Option<&Conn>;

    fn drop_early(&mut self, now: Instant, tuple: &Tuple, zone: Zone) -> bool;
}

impl<M: Memory, P: OnFull, H: Help> Confirm for Inside<M, P, H> {
    fn confirm(
        &mut self,
        newcomer: &Newcomer<'_>,
        then: OnRefusal,
        evicted: &mut Option<Ended>,
    ) -> Result<&Conn, Refusal> {
        match self.place(newcomer, evicted) {
            Ok(slot) => {
                self.begin_listening(slot, newcomer.hash, Ftp::NEW);
                Ok(self.table.conn(slot))
            }
            Err(why) => {
                self.refuse(*newcomer, why, then);
                Err(why)
            }
        }
    }

    fn refuse(&mut self, newcomer: Newcomer<'_>, why: Refusal, then: OnRefusal) {
        let stats = &mut self.stats;
        add_one(match (then, why) {
            (OnRefusal::Bypass, _) => &mut stats.bypass,
            (OnRefusal::Drop, Refusal::TableFull) => &mut stats.drop,
            (OnRefusal::Drop, Refusal::ChainTooLong) => &mut stats.insert_failed,
            (OnRefusal::Drop, Refusal::SourceFull) => &mut stats.source_full,
            (OnRefusal::Drop, Refusal::ZoneFull) => &mut stats.zone_full,
        });
        self.policy.refused(&newcomer, why);
    }

    fn count_long_chain(&mut self) {
        add_one(&mut self.stats.chaintoolong);
    }

    fn find(&self, now: Instant, tuple: &Tuple, zone: Zone) -> Option<&Conn> {
        self.of_tuple(now, tuple, zone)
    }

    fn drop_early(&mut self, now: Instant, tuple: &Tuple, zone: Zone) -> bool {
        self.take_out(now, (tuple, zone), Why::DroppedEarly)
    }
}

impl<M: Memory, P: OnFull, H: Help> Inside<M, P, H> {
    /// Puts a newcomer, of which there is none in the table, into a slot; and says in `evicted` who
    /// left for it.
    pub(crate) fn place(
        &mut self,
        newcomer: &Newcomer<'_>,
        evicted: &mut Option<Ended>,
    ) -> Result<SlotId, Refusal> {
        let Newcomer { conn, hash, now } = *newcomer;
        self.policy.admit(newcomer)?;
        self.make_room_in_chain(hash, now)?;
        let left = self.vacate(newcomer, evicted);
        let class = conn.status.share();
        let share = self.table.shares.room_for(class).ok_or(Refusal::TableFull)?;
        let slot = self.table.insert((conn, share), now, hash, left).ok_or(Refusal::TableFull)?;
        if let Some(conn) = self.table.conn_mut(slot) {
            conn.status |= Status::CONFIRMED;
            conn.acct.set_number(self.stats.confirmed);
        }
        if P::RANKS {
            self.table.rank_new(slot);
        }
        self.policy.entered(&Newcomer { conn: self.table.conn(slot), hash, now });
        add_one(&mut self.stats.confirmed);
        Ok(slot)
    }

    /// Sees to it that the bucket of `hash` takes one more.
    fn make_room_in_chain(&mut self, hash: u32, now: Instant) -> Result<(), Refusal> {
        if !self.table.chain_is_full(hash) {
            return Ok(());
        }
        match self.table.run_out_of_chain(hash, now) {
            Some(slot) => {
                self.end(slot, hash, Why::TimedOut);
                Ok(())
            }
            None => {
                add_one(&mut self.stats.chaintoolong);
                Err(Refusal::ChainTooLong)
            }
        }
    }

    /// Sees to it that there is a slot for `newcomer`, if that can be: one that is free, or that
    /// which is returned; and says in `evicted` who left for it, or whose slot it was.
    fn vacate(&mut self, newcomer: &Newcomer<'_>, evicted: &mut Option<Ended>) -> Option<SlotId> {
        let class = newcomer.conn.status.share();
        for _ in 0..OVERDUE {
            let view = View { table: &self.table, config: &self.config, class, now: newcomer.now };
            let Some(overdue) = self.policy.overdue(newcomer, &view) else { break };
            if let Some(why) = self.why_picked((overdue, class), newcomer.now, Why::Shrunk) {
                let hash = self.hash.of(self.table.conn(overdue).key());
                self.end(overdue, hash, why);
            }
        }
        self.end_what_ran_out(newcomer.now, class);
        if self.table.shares.room_for(class).is_none() {
            let view = View { table: &self.table, config: &self.config, class, now: newcomer.now };
            let victim = self.policy.victim(newcomer, &view)?;
            let why = self.why_picked((victim, class), newcomer.now, Why::DroppedEarly)?;
            return Some(self.end_for(victim, why, evicted));
        }
        if self.table.is_full() {
            *evicted = self.hand_out();
        }
        None
    }

    /// Ends what a few steps of the wheel find to have run out, until there is room for `class`.
    fn end_what_ran_out(&mut self, now: Instant, class: Option<Class>) {
        for _ in 0..STEPS {
            let has_room = self.table.shares.room_for(class).is_some();
            if has_room || matches!(self.turn(now), Turned::Nothing) {
                return;
            }
        }
    }

    /// Why the connection ends in a slot that the policy has named for a newcomer of `class`; `None`
    /// if there is none any more, or one whose slot such a newcomer cannot have.
    fn why_picked(
        &self,
        (slot, class): (SlotId, Option<Class>),
        now: Instant,
        why: Why,
    ) -> Option<Why> {
        let (_, conn) = self.table.live(slot)?;
        let share = conn.status.share();
        let is_open = share.is_none() || share == class;
        is_open.then(|| if conn.has_run_out(now) { Why::TimedOut } else { why })
    }
}
