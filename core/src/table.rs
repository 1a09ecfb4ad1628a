//! The table: exactly as many connections as it has slots, both directions found by one look-up.
//!
//! A bucket is a chain of slots. There are as many buckets as slots, so that a chain holds one
//! connection on average, and no removal leaves anything behind. What is over stays in its slot,
//! no longer found nor counted, until it is handed out.

use crate::conn::Conn;
use crate::ended::{Ended, Why};
use crate::expiry::Wheel;
use crate::full::Slots;
use crate::hash::KeyedHash;
use crate::storage::{Holds, Link, Memory, Slot, SlotId};
use crate::time::Instant;
use crate::tuple::Key;

/// The longest chain of a bucket.
///
/// With a keyed hash and no more connections than buckets one of 16 is a matter of one in 10^14;
/// only someone who knows the key can build one of 32, and gets no further.
pub const MAX_CHAIN: usize = 32;

#[derive(Debug)]
pub(crate) struct Table<M> {
    memory: M,
    wheel: Wheel,
    /// Slots from here on were never used.
    unused_from: usize,
    /// Slots that were used and are free again, through their `chain`.
    free: Option<SlotId>,
    live_count: usize,
}

/// What one step of the wheel came to.
pub(crate) enum Turned {
    /// This one has run out, and waits to be handed out.
    RanOut,
    /// One was looked at that lives longer.
    Refiled,
    /// Nothing is due.
    Nothing,
}

impl<M: Memory> Table<M> {
    /// An empty table, whatever the memory held.
    pub(crate) fn new(mut memory: M) -> Self {
        memory.heads_mut().fill(M::Link::NIL);
        memory.lists_mut().fill(M::Link::NIL);
        Self { memory, wheel: Wheel::new(), unused_from: 0, free: None, live_count: 0 }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.memory.slots().len()
    }

    pub(crate) fn live_count(&self) -> usize {
        self.live_count
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Conn> {
        self.used_slots().filter(|slot| slot.holds == Holds::Live).map(|slot| &slot.conn)
    }

    /// The connection in a slot. Slot numbers come from this table, so that the other branch is
    /// never taken; but it is no panic.
    pub(crate) fn conn(&self, slot: SlotId) -> &Conn {
        const NONE: &Conn = &Conn::EMPTY;
        self.memory.slots().get(slot.0).map_or(NONE, |slot| &slot.conn)
    }

    /// The connection in a slot that may hold none.
    pub(crate) fn live(&self, slot: SlotId) -> Option<(SlotId, &Conn)> {
        let held = self.memory.slots().get(slot.0).filter(|held| held.holds == Holds::Live)?;
        Some((slot, &held.conn))
    }

    pub(crate) fn conn_mut(&mut self, slot: SlotId) -> Option<&mut Conn> {
        self.memory.slots_mut().get_mut(slot.0).map(|slot| &mut slot.conn)
    }

    /// The connection of `key`. Touches at most [`MAX_CHAIN`] slots, 1.5 on average when full.
    pub(crate) fn find(&self, hash: u32, key: &Key) -> Option<SlotId> {
        self.chain(hash).find(|(_, slot)| slot.conn.key() == key).map(|(id, _)| id)
    }

    /// Whether the bucket takes no more, when those of it that have run out by `now` are ended.
    pub(crate) fn chain_is_full(&mut self, hash: u32, now: Instant) -> bool {
        if self.chain(hash).count() < MAX_CHAIN {
            return false;
        }
        while let Some(slot) = self.run_out_in_chain(hash, now) {
            self.end(slot, hash, Why::TimedOut);
        }
        self.chain(hash).count() >= MAX_CHAIN
    }

    fn run_out_in_chain(&self, hash: u32, now: Instant) -> Option<SlotId> {
        self.chain(hash).find(|(_, slot)| slot.conn.has_run_out(now)).map(|(id, _)| id)
    }

    /// A slot that holds nothing, taken from the free ones.
    pub(crate) fn take_free(&mut self) -> Option<SlotId> {
        if let Some(slot) = self.free {
            self.free = self.memory.slots().get(slot.0).and_then(|slot| slot.chain.slot());
            return Some(slot);
        }
        let slot = SlotId(self.unused_from);
        (slot.0 < self.capacity()).then(|| {
            self.unused_from = self.unused_from.wrapping_add(1);
            slot
        })
    }

    /// Puts a connection into a slot that [`Table::take_free`] gave, to run out at its expiry.
    pub(crate) fn insert(&mut self, slot: SlotId, hash: u32, conn: Conn, now: Instant) {
        let bucket = self.bucket(hash);
        let Some(head) = self.memory.heads_mut().get_mut(bucket) else { return };
        let next = core::mem::replace(head, M::Link::to(slot));
        let expiry = conn.expiry();
        if let Some(slot) = self.memory.slots_mut().get_mut(slot.0) {
            slot.conn = conn;
            slot.chain = next;
            slot.holds = Holds::Live;
        }
        self.live_count = self.live_count.wrapping_add(1);
        if self.wheel.is_empty() {
            // Whatever the epoch, the first connection is filed near the present.
            self.wheel.rest(now);
        }
        self.wheel.file(&mut self.memory, slot, expiry);
    }

    /// Gives a connection another moment to run out at. It stays where it is filed, to be filed
    /// anew when its list comes up, unless that would be too late.
    pub(crate) fn renew(&mut self, slot: SlotId, expiry: Instant) {
        let Some(conn) = self.conn_mut(slot) else { return };
        let is_earlier = expiry < conn.expiry();
        conn.set_expiry(expiry);
        if is_earlier && expiry < self.wheel.comes_up(&self.memory, slot) {
            self.wheel.unfile(&mut self.memory, slot);
            self.wheel.file(&mut self.memory, slot, expiry);
        }
    }

    /// Ends a connection: it is no longer found nor counted, and waits to be handed out.
    pub(crate) fn end(&mut self, slot: SlotId, hash: u32, why: Why) {
        self.unchain(slot, hash);
        if let Some(slot) = self.memory.slots_mut().get_mut(slot.0) {
            slot.holds = Holds::Ended(why);
        }
        self.live_count = self.live_count.wrapping_sub(1);
        self.wheel.unfile(&mut self.memory, slot);
        Wheel::set_aside(&mut self.memory, slot);
    }

    /// Hands out the next connection that is over; its slot is free then.
    pub(crate) fn hand_out(&mut self) -> Option<Ended> {
        let id = Wheel::set_aside_first(&self.memory)?;
        self.wheel.unfile(&mut self.memory, id);
        let free = self.free.map_or(M::Link::NIL, M::Link::to);
        let slot = self.memory.slots_mut().get_mut(id.0)?;
        let holds = core::mem::replace(&mut slot.holds, Holds::Nothing);
        slot.chain = free;
        self.free = Some(id);
        match holds {
            Holds::Ended(why) => Some(Ended { conn: slot.conn, why }),
            Holds::Nothing | Holds::Live => None,
        }
    }

    /// Looks at the next connection that may have run out by `now`.
    pub(crate) fn turn(&mut self, now: Instant, hash: &KeyedHash) -> Turned {
        let Some(due) = self.wheel.next().filter(|due| due.begins() <= now) else {
            self.wheel.rest(now);
            return Turned::Nothing;
        };
        let Some(slot) = self.wheel.turn(&self.memory, due) else { return Turned::Nothing };
        let conn = self.conn(slot);
        let expiry = conn.expiry();
        // Not `now`: who ran out first is handed out first.
        if conn.has_run_out(self.wheel.turned_to()) {
            let hash = hash.of(conn.key());
            self.end(slot, hash, Why::TimedOut);
            return Turned::RanOut;
        }
        self.wheel.unfile(&mut self.memory, slot);
        self.wheel.file(&mut self.memory, slot, expiry);
        Turned::Refiled
    }

    /// A moment before which nothing has to be handed out.
    pub(crate) fn next_expiry(&self, now: Instant) -> Option<Instant> {
        if Wheel::set_aside_first(&self.memory).is_some() {
            return Some(now);
        }
        self.wheel.next().map(|due| due.begins())
    }

    /// The same table in other memory, and the memory that it lay in; `Err` when what is held does
    /// not fit. Touches every slot: for hosts.
    pub(crate) fn move_into(&mut self, memory: M, hash: &KeyedHash) -> Result<M, M> {
        let held = self.used_slots().filter(|slot| slot.holds != Holds::Nothing).count();
        if memory.slots().len() < held || memory.heads().is_empty() {
            return Err(memory);
        }
        let mut moved = Self::new(memory);
        let now = self.wheel.turned_to();
        for slot in self.used_slots().filter(|slot| slot.holds == Holds::Live) {
            let hash = hash.of(slot.conn.key());
            match moved.take_free() {
                Some(to) if moved.chain(hash).count() < MAX_CHAIN => {
                    moved.insert(to, hash, slot.conn, now);
                }
                _ => return Err(moved.memory),
            }
        }
        // From the front, so that they wait in the order in which they were over.
        while let Some(Ended { conn, why }) = self.hand_out() {
            let Some(to) = moved.take_free() else { break };
            let hash = hash.of(conn.key());
            moved.insert(to, hash, conn, now);
            moved.end(to, hash, why);
        }
        core::mem::swap(self, &mut moved);
        Ok(moved.memory)
    }

    fn used_slots(&self) -> impl Iterator<Item = &Slot<M::Link>> {
        self.memory.slots().iter().take(self.unused_from)
    }

    /// The slots of a bucket, at most [`MAX_CHAIN`].
    fn chain(&self, hash: u32) -> impl Iterator<Item = (SlotId, &Slot<M::Link>)> {
        let slots = self.memory.slots();
        let at = move |link: M::Link| {
            let id = link.slot()?;
            slots.get(id.0).map(|slot| (id, slot))
        };
        let head = self.memory.heads().get(self.bucket(hash)).and_then(|&head| at(head));
        core::iter::successors(head, move |(_, slot)| at(slot.chain)).take(MAX_CHAIN)
    }

    /// Takes `slot` out of its bucket's chain.
    fn unchain(&mut self, slot: SlotId, hash: u32) {
        let link = M::Link::to(slot);
        let Some(next) = self.memory.slots().get(slot.0).map(|slot| slot.chain) else { return };
        let before = self.chain(hash).find(|(_, before)| before.chain == link).map(|(id, _)| id);
        let bucket = self.bucket(hash);
        let place = match before {
            Some(before) => self.memory.slots_mut().get_mut(before.0).map(|slot| &mut slot.chain),
            None => self.memory.heads_mut().get_mut(bucket),
        };
        if let Some(place) = place {
            *place = next;
        }
    }

    /// The bucket of a hash: multiply and shift, so that any number of buckets will do.
    #[allow(clippy::cast_possible_truncation, reason = "below the number of buckets")]
    fn bucket(&self, hash: u32) -> usize {
        (u64::from(hash).wrapping_mul(self.memory.heads().len() as u64) >> 32) as usize
    }
}

impl<M: Memory> Slots for Table<M> {
    fn count(&self) -> usize {
        self.capacity()
    }

    fn conn(&self, number: usize) -> Option<(SlotId, &Conn)> {
        self.live(SlotId(number))
    }
}
