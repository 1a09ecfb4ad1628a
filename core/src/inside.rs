//! The inside of a tracker: all but the rules and the stage for fragments, which come first.

use crate::config::Config;
use crate::conn::{Conn, Live};
use crate::ended::{Ended, Why};
use crate::full::{Newcomer, OnFull};
use crate::hash::KeyedHash;
use crate::helper::Help;
use crate::stats::{Stats, add_one};
use crate::storage::{Memory, SlotId};
use crate::table::{Table, Turned};
use crate::time::Instant;
use crate::tuple::{Key, Tuple, Zone};

/// The table, and whatever decides about it.
#[derive(Debug, Clone)]
pub(crate) struct Inside<M, P, H> {
    pub(crate) table: Table<M>,
    pub(crate) hash: KeyedHash,
    pub(crate) policy: P,
    pub(crate) helpers: H,
    pub(crate) stats: Stats,
    pub(crate) config: Config,
    pub(crate) latest: Instant,
}

impl<M: Memory, P: OnFull, H: Help> Inside<M, P, H> {
    /// `now`, unless a later moment has been seen.
    pub(crate) fn at(&mut self, now: Instant) -> Instant {
        if now > self.latest {
            self.latest = now;
        }
        self.latest
    }

    /// Tells the policy of whoever is in the table already, and keeps ranks for it or forgets them.
    pub(crate) fn introduce(&mut self) {
        for number in 0..self.table.capacity() {
            if self.table.is_empty() {
                return;
            }
            let Some((slot, conn)) = self.table.live(SlotId(number)) else { continue };
            let hash = self.hash.of(conn.key());
            self.policy.entered(&Newcomer { conn, hash, now: self.latest });
            match P::RANKS {
                true if self.table.is_ranked(slot) => {}
                true => self.table.rank_new(slot),
                false => self.table.unrank(slot),
            }
        }
    }

    /// The connection of `key`, unless it has run out: then it is over.
    #[cfg_attr(not(target_pointer_width = "32"), inline(always))] // See `KeyedHash::of`.
    pub(crate) fn find(&mut self, now: Instant, hash: u32, key: &Key) -> Option<SlotId> {
        let slot = self.table.find(hash, key)?;
        if self.table.conn(slot).has_run_out(now) {
            self.end(slot, hash, Why::TimedOut);
            return None;
        }
        Some(slot)
    }

    /// The connection of `tuple`, unless it has run out by `now`.
    pub(crate) fn of_tuple(&self, now: Instant, tuple: &Tuple, zone: Zone) -> Option<&Conn> {
        let (key, _) = Key::of(tuple, zone)?;
        let slot = self.table.find(self.hash.of(&key), &key)?;
        Some(self.table.conn(slot)).filter(|conn| !conn.has_run_out(now))
    }

    /// Takes the connection of `tuple` out of the table; whether there was one.
    pub(crate) fn take_out(
        &mut self,
        now: Instant,
        (tuple, zone): (&Tuple, Zone),
        why: Why,
    ) -> bool {
        let Some((key, _)) = Key::of(tuple, zone) else { return false };
        let hash = self.hash.of(&key);
        let Some(slot) = self.find(now, hash, &key) else { return false };
        self.end(slot, hash, why);
        true
    }

    /// Ends a connection, whose slot may be another one then.
    pub(crate) fn end(&mut self, slot: SlotId, hash: u32, why: Why) -> SlotId {
        let slot = self.table.end(slot, why);
        let conn = self.table.conn(slot);
        self.policy.left(&Newcomer { conn, hash, now: self.latest }, why);
        slot
    }

    /// One step of the wheel: whoever has run out is ended.
    pub(crate) fn turn(&mut self, now: Instant) -> Turned {
        let turned = self.table.turn(now);
        if let Turned::RanOut(slot) = turned {
            let hash = self.hash.of(self.table.conn(slot).key());
            self.end(slot, hash, Why::TimedOut);
        }
        turned
    }

    /// The next connection that is over.
    pub(crate) fn hand_out(&mut self) -> Option<Ended> {
        let (slot, why) = self.table.hand_out()?;
        let ended = Ended { conn: self.table.conn(slot).copied(), why };
        self.give_up(&ended.conn, why);
        Some(ended)
    }

    /// Ends a connection in favour of a newcomer, to which the slot is left that is returned; and
    /// says in `place` that it has left.
    #[inline(never)]
    pub(crate) fn end_for(&mut self, slot: SlotId, why: Why, place: &mut Option<Ended>) -> SlotId {
        let Ended { conn, .. } = place.insert(Ended { conn: self.table.conn(slot).copied(), why });
        conn.set_live(Live::No);
        let left = self.table.leave_to(slot);
        let hash = self.hash.of(conn.key());
        self.policy.left(&Newcomer { conn, hash, now: self.latest }, why);
        self.give_up(conn, why);
        left
    }

    /// Counts a connection that has left the table, and listens no longer to it.
    fn give_up(&mut self, conn: &Conn, why: Why) {
        self.stop_listening(conn);
        add_one(match why {
            Why::TimedOut => &mut self.stats.timed_out,
            Why::Reset => &mut self.stats.reset,
            Why::Reopened => &mut self.stats.reopened,
            Why::Flushed => &mut self.stats.flushed,
            Why::DroppedEarly => &mut self.stats.early_drop,
            Why::Shrunk => &mut self.stats.shrunk,
        });
    }
}
