//! A table as a policy sees it on behalf of one newcomer.

use crate::config::Config;
use crate::conn::Conn;
use crate::proto;
use crate::rank::{Class, Rank};
use crate::storage::{Memory, SlotId};
use crate::table::Table;
use crate::time::{Instant, millis};

/// A table as a policy sees it on behalf of one newcomer: what is in slots that are reserved for
/// others than that one is not seen.
pub trait Slots {
    /// How many slots there are.
    fn count(&self) -> usize;

    /// How many connections are in the table.
    fn live_count(&self) -> usize;

    /// The connection in the slot with that number, counted from 0, if it holds a live one.
    fn conn(&self, number: usize) -> Option<(SlotId, &Conn)>;

    /// The connection of a rank that is idle for longest; `None` without
    /// [`RANKS`](super::OnFull::RANKS).
    fn longest_idle(&self, rank: Rank) -> Option<SlotId>;

    /// The same of the first of these ranks that has any.
    fn longest_idle_of(&self, ranks: &[Rank]) -> Option<SlotId> {
        ranks.iter().find_map(|&rank| self.longest_idle(rank))
    }

    /// The connection of a rank that was heard of last, likewise.
    fn heard_last(&self, rank: Rank) -> Option<SlotId>;

    /// Milliseconds since the last packet that renewed the connection in `slot`, at the least: by
    /// [`timeout_s`](Self::timeout_s). `None` when it cannot be told.
    fn idle_ms(&self, slot: SlotId, now: Instant) -> Option<u64>;

    /// Seconds that a connection was given by the last packet that renewed it, as far as can be
    /// told: the fewest that its state may have and that are not fewer than it has left at `now`.
    /// `None` when it lives by the timeout policy of a rule.
    fn timeout_s(&self, conn: &Conn, now: Instant) -> Option<u32>;
}

/// The [`Slots`] of a table.
pub(crate) struct View<'v, M> {
    pub(crate) table: &'v Table<M>,
    pub(crate) config: &'v Config,
    pub(crate) class: Option<Class>,
    pub(crate) now: Instant,
}

impl<M: Memory> View<'_, M> {
    /// What `pick` finds among the slots of the newcomer's class and among everybody's; of two, the
    /// one that `order` puts first by the milliseconds that they are idle.
    fn either(
        &self,
        pick: impl Fn(Option<Class>) -> Option<SlotId>,
        is_first: impl Fn(u64, u64) -> bool,
    ) -> Option<SlotId> {
        let everybodys = pick(None);
        let Some(class) = self.class else { return everybodys };
        let Some(own) = pick(Some(class)) else { return everybodys };
        // Of one that lives by a rule's own timeouts nobody knows: it has waited for long enough.
        let idle_ms = |slot| self.idle_ms(slot, self.now).unwrap_or(u64::MAX);
        match everybodys {
            Some(other) if is_first(idle_ms(other), idle_ms(own)) => Some(other),
            _ => Some(own),
        }
    }
}

/// [`Slots::timeout_s`], where there is a table or not.
pub(crate) fn timeout_s(conn: &Conn, now: Instant, config: &Config) -> Option<u32> {
    if conn.timeouts().is_some() {
        return None;
    }
    let left_ms = conn.expiry().since(now);
    let mut fewest = None;
    for seconds in proto::seconds(&conn.track, conn.protocol(), config) {
        if fewest.is_none_or(|fewest| seconds < fewest) && millis(seconds) >= left_ms {
            fewest = Some(seconds);
        }
    }
    // It was restored with more than that.
    Some(fewest.unwrap_or_else(|| u32::try_from(left_ms).unwrap_or(u32::MAX).div_ceil(1000)))
}

/// [`Slots::idle_ms`], where there is a table or not.
pub(crate) fn idle_ms(conn: &Conn, now: Instant, config: &Config) -> Option<u64> {
    let given_ms = millis(timeout_s(conn, now, config)?);
    Some(given_ms.saturating_sub(conn.expiry().since(now)))
}

impl<M: Memory> Slots for View<'_, M> {
    fn count(&self) -> usize {
        self.table.capacity()
    }

    fn live_count(&self) -> usize {
        self.table.live_count()
    }

    fn conn(&self, number: usize) -> Option<(SlotId, &Conn)> {
        self.table.live(SlotId(number)).filter(|(_, conn)| {
            let share = conn.status.share();
            share.is_none() || share == self.class
        })
    }

    fn longest_idle(&self, rank: Rank) -> Option<SlotId> {
        self.either(|class| self.table.longest_idle(rank, class), |one, other| one > other)
    }

    fn heard_last(&self, rank: Rank) -> Option<SlotId> {
        self.either(|class| self.table.heard_last(rank, class), |one, other| one < other)
    }

    fn idle_ms(&self, slot: SlotId, now: Instant) -> Option<u64> {
        idle_ms(self.table.conn(slot), now, self.config)
    }

    fn timeout_s(&self, conn: &Conn, now: Instant) -> Option<u32> {
        timeout_s(conn, now, self.config)
    }
}
