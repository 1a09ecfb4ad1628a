//! The inside of a tracker: all but the rules and the stage for fragments, which come first.

use crate::config::Config;
use crate::ended::{Ended, Why};
use crate::hash::KeyedHash;
use crate::helper::Help;
use crate::stats::{Stats, add_one};
use crate::storage::{Memory, SlotId};
use crate::table::Table;
use crate::time::Instant;
use crate::tuple::{Key, Tuple, Zone};

/// The table, and whatever decides about it.
#[derive(Debug)]
pub(crate) struct Inside<M, P, H> {
    pub(crate) table: Table<M>,
    pub(crate) hash: KeyedHash,
    pub(crate) policy: P,
    pub(crate) helpers: H,
    pub(crate) stats: Stats,
    pub(crate) config: Config,
    pub(crate) latest: Instant,
}

impl<M: Memory, P, H: Help> Inside<M, P, H> {
    /// `now`, unless a later moment has been seen.
    pub(crate) fn at(&mut self, now: Instant) -> Instant {
        self.latest = self.latest.max(now);
        self.latest
    }

    /// The connection of `key`, unless it has run out: then it is over.
    #[inline(always)] // See `KeyedHash::of`.
    pub(crate) fn find(&mut self, now: Instant, hash: u32, key: &Key) -> Option<SlotId> {
        let slot = self.table.find(hash, key)?;
        if self.table.conn(slot).has_run_out(now) {
            self.table.end(slot, hash, Why::TimedOut);
            return None;
        }
        Some(slot)
    }

    /// Takes the connection of `tuple` out of the table; whether there was one.
    pub(crate) fn flush(&mut self, now: Instant, tuple: &Tuple, zone: Zone) -> bool {
        let Some((key, _)) = Key::of(tuple, zone) else { return false };
        let hash = self.hash.of(&key);
        let Some(slot) = self.find(now, hash, &key) else { return false };
        self.table.end(slot, hash, Why::Flushed);
        true
    }

    /// The next connection that is over.
    pub(crate) fn hand_out(&mut self) -> Option<Ended> {
        let ended = self.table.hand_out()?;
        self.stop_listening(&ended.conn);
        add_one(match ended.why {
            Why::TimedOut => &mut self.stats.timed_out,
            Why::Reset => &mut self.stats.reset,
            Why::Reopened => &mut self.stats.reopened,
            Why::Flushed => &mut self.stats.flushed,
            Why::DroppedEarly => &mut self.stats.early_drop,
        });
        Some(ended)
    }
}
