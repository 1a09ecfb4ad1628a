//! The table: exactly as many connections as it has slots, both directions found by one look-up.
//!
//! The hash of a connection names a slot, where its bucket begins. The first of a bucket lies in
//! that very slot, the later ones in any that are free, chained to it; whatever lies there as a
//! later one of another bucket makes room. So a chain holds the connections of one bucket only, and
//! no removal leaves anything behind. The last of several leads back to the first: who precedes a
//! slot is found from there, without a hash. Chains lie apart from the slots, and their links are
//! [tagged](Tags): a look-up reads the slot that it looks for, and hardly ever another one. What is
//! over keeps a slot, no longer found nor counted, until it is handed out.

use crate::conn::{Conn, Live};
use crate::ended::Why;
use crate::expiry::Wheel;
use crate::hash::KeyedHash;
use crate::list::{self, Ranks, Timers};
use crate::mark::{Holds, Mark};
use crate::rank::{self, Class, RANK_LISTS, Rank, Shares};
use crate::storage::{FREE, Link, Memory, Node, Slot, SlotId};
use crate::tags::Tags;
use crate::time::Instant;
use crate::tuple::Key;

/// The longest chain of a bucket.
///
/// With a keyed hash and no more connections than buckets one of 16 is a matter of one in 10^14;
/// only someone who knows the key can build one of 32, and gets no further.
pub const MAX_CHAIN: usize = 32;

#[derive(Debug, Clone)]
pub(crate) struct Table<M> {
    memory: M,
    wheel: Wheel,
    tags: Tags,
    pub(crate) shares: Shares,
    live_count: usize,
}

/// What one step of the wheel came to.
pub(crate) enum Turned {
    /// This one has run out.
    RanOut(SlotId),
    /// One was looked at that lives longer.
    Refiled,
    /// Nothing is due.
    Nothing,
}

impl<M: Memory> Table<M> {
    /// An empty table, whatever the memory held. Touches every slot.
    pub(crate) fn new(mut memory: M) -> Self {
        memory.lists_mut().fill(M::Link::NIL);
        memory.chains_mut().fill(M::Link::NIL);
        for slot in 0..memory.slots().len() {
            if let Some(slot) = memory.slots_mut().get_mut(slot) {
                *slot = Slot::EMPTY;
            }
            if let Some(node) = memory.nodes_mut().get_mut(slot) {
                *node = Node::EMPTY;
            }
            list::push::<Timers, M>(&mut memory, FREE, SlotId(slot));
        }
        let slot_count = memory.slots().len();
        let (tags, shares) = (Tags::new(slot_count), Shares::new(slot_count));
        Self { memory, wheel: Wheel::new(), tags, shares, live_count: 0 }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.memory.slots().len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.live_count == 0
    }

    pub(crate) fn live_count(&self) -> usize {
        self.live_count
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Conn> {
        self.memory.slots().iter().map(|slot| &slot.conn).filter(|conn| conn.is_live())
    }

    /// The connection in a slot. Slot numbers come from this table, so that the other branch is
    /// never taken; but it is no panic.
    pub(crate) fn conn(&self, slot: SlotId) -> &Conn {
        const NONE: &Conn = &Conn::EMPTY;
        self.memory.slots().get(slot.0).map_or(NONE, |slot| &slot.conn)
    }

    pub(crate) fn conn_mut(&mut self, slot: SlotId) -> Option<&mut Conn> {
        self.memory.slots_mut().get_mut(slot.0).map(|slot| &mut slot.conn)
    }

    /// The connection in a slot that may hold none.
    pub(crate) fn live(&self, slot: SlotId) -> Option<(SlotId, &Conn)> {
        let conn = &self.memory.slots().get(slot.0)?.conn;
        conn.is_live().then_some((slot, conn))
    }

    /// The connection of `key`. Touches at most [`MAX_CHAIN`] links and as many slots, about one of
    /// each on average.
    #[inline(always)] // See `KeyedHash::of`.
    pub(crate) fn find(&self, hash: u32, key: &Key) -> Option<SlotId> {
        let home = self.home(hash);
        if cfg!(target_pointer_width = "32") {
            // It is the first of its bucket more often than not.
            return self.first_of(home, key).or_else(|| self.later_of(home, hash, key));
        }
        // The first of the bucket comes last: its place is known, so that a processor fetches it
        // while the links are read.
        self.later_of(home, hash, key).or_else(|| self.first_of(home, key))
    }

    /// The first of the bucket that begins at `home`, if that is the connection of `key`.
    #[inline(always)]
    fn first_of(&self, home: SlotId, key: &Key) -> Option<SlotId> {
        let first = &self.memory.slots().get(home.0)?.conn;
        // The key's own bucket begins here: whatever is live and has the key is the first of that.
        (first.is_live() && first.key() == key).then_some(home)
    }

    /// A later one of that bucket.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    #[cfg_attr(not(target_pointer_width = "32"), inline(always))]
    fn later_of(&self, home: SlotId, hash: u32, key: &Key) -> Option<SlotId> {
        let mut before = home;
        for _ in 1..MAX_CHAIN {
            let link = self.link(before);
            let slot = self.tags.slot(link).filter(|&slot| slot != home)?;
            if self.tags.may_hold(link, hash) && self.conn(slot).key() == key {
                return Some(slot);
            }
            before = slot;
        }
        None
    }

    /// Whether the bucket takes no more.
    #[inline(never)]
    pub(crate) fn chain_is_full(&self, hash: u32) -> bool {
        self.chain(hash).count() >= MAX_CHAIN
    }

    /// One of the bucket that has run out by `now`.
    pub(crate) fn run_out_of_chain(&self, hash: u32, now: Instant) -> Option<SlotId> {
        self.chain(hash).find(|&slot| self.conn(slot).has_run_out(now))
    }

    /// Whether no slot is free.
    pub(crate) fn is_full(&self) -> bool {
        list::first::<Timers, M>(&self.memory, FREE).is_none()
    }

    /// The connection that is idle for longest of a rank, in the slots of a class or everybody's.
    pub(crate) fn longest_idle(&self, rank: Rank, class: Option<Class>) -> Option<SlotId> {
        list::first::<Ranks, M>(&self.memory, rank::list_of(rank, class))
    }

    /// The one that was heard of last, likewise.
    pub(crate) fn heard_last(&self, rank: Rank, class: Option<Class>) -> Option<SlotId> {
        list::last::<Ranks, M>(&self.memory, rank::list_of(rank, class))
    }

    /// Whether a connection has a place among those of a rank.
    pub(crate) fn is_ranked(&self, slot: SlotId) -> bool {
        list::of::<Ranks, M>(&self.memory, slot).is_some()
    }

    /// Takes a connection from among those of its rank.
    pub(crate) fn unrank(&mut self, slot: SlotId) {
        list::unlink::<Ranks, M>(&mut self.memory, slot);
    }

    /// The list for a connection as it is; `None` for one without rank.
    fn rank_list(&self, slot: SlotId) -> Option<usize> {
        let conn = self.conn(slot);
        Rank::of(conn).map(|rank| rank::list_of(rank, conn.status.share()))
    }

    /// Puts a connection that has no place yet behind all others of its rank.
    pub(crate) fn rank_new(&mut self, slot: SlotId) {
        if let Some(list) = self.rank_list(slot) {
            list::push::<Ranks, M>(&mut self.memory, list, slot);
        }
    }

    /// Puts a connection behind all others of its rank: it is the one that was heard of last.
    ///
    /// Touches six slots at the most; one, for a connection without rank.
    pub(crate) fn rank(&mut self, slot: SlotId) {
        let list = self.rank_list(slot);
        let is_there = match list {
            Some(list) => list::is_last::<Ranks, M>(&self.memory, list, slot),
            None => !self.is_ranked(slot),
        };
        if is_there {
            return;
        }
        self.unrank(slot);
        if let Some(list) = list {
            list::push::<Ranks, M>(&mut self.memory, list, slot);
        }
    }

    /// Puts a connection into the table, to run out at its expiry, in a slot that is free or, where
    /// there is none, in that which somebody [left](Self::leave_to); `None` when there is neither.
    ///
    /// Touches the slots of two buckets and six others.
    pub(crate) fn insert(
        &mut self,
        (conn, share): (&Conn, Option<Class>),
        now: Instant,
        hash: u32,
        left: Option<SlotId>,
    ) -> Option<SlotId> {
        let home = self.home(hash);
        let free = list::first::<Timers, M>(&self.memory, FREE).or(left)?;
        let held = self.mark(home).holds();
        let taken = if held == Holds::Nothing { home } else { free };
        list::unlink::<Timers, M>(&mut self.memory, taken);
        let (slot, holds, chain) = match held {
            Holds::Nothing => (home, Holds::First, M::Link::NIL),
            Holds::First => (free, Holds::Later, self.put_behind(home, free, hash)),
            Holds::Later | Holds::Ended(_) => {
                self.make_room(home, free, held);
                (home, Holds::First, M::Link::NIL)
            }
        };
        self.set_link(slot, chain);
        self.shares.enter(share);
        if let Some(slot) = self.conn_mut(slot) {
            conn.copy_to(slot);
            slot.status.set_share(share);
            slot.set_live(Live::Yes);
        }
        self.set_holds(slot, holds);
        if self.live_count == 0 {
            // Whatever the epoch, the first connection is filed near the present.
            self.wheel.rest(now);
        }
        self.live_count = self.live_count.wrapping_add(1);
        self.wheel.file(&mut self.memory, slot, conn.expiry());
        Some(slot)
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

    /// Ends a connection: it is no longer found nor counted, and waits to be handed out in the slot
    /// that is returned.
    pub(crate) fn end(&mut self, slot: SlotId, why: Why) -> SlotId {
        let ended = self.conn(slot).copied();
        let id = self.take_out(slot);
        self.set_aside(id, &ended, why);
        id
    }

    /// Lets a connection that is over wait to be handed out, in a slot that is in no list.
    fn set_aside(&mut self, slot: SlotId, ended: &Conn, why: Why) {
        if let Some(place) = self.conn_mut(slot) {
            ended.copy_to(place);
            place.set_live(Live::No);
        }
        self.set_holds(slot, Holds::Ended(why));
        Wheel::set_aside(&mut self.memory, slot);
    }

    /// Takes a connection out of the table in favour of a newcomer, to which its slot, or another one
    /// that is no longer needed, is left.
    pub(crate) fn leave_to(&mut self, slot: SlotId) -> SlotId {
        let id = self.take_out(slot);
        if !self.is_full() {
            list::push::<Timers, M>(&mut self.memory, FREE, id);
        }
        id
    }

    /// Takes a connection out of its lists and its bucket. The slot that is returned is no longer
    /// needed; that in which the connection was may be, for another one.
    fn take_out(&mut self, slot: SlotId) -> SlotId {
        self.wheel.unfile(&mut self.memory, slot);
        self.unrank(slot);
        self.shares.leave(self.conn(slot).status.share());
        self.live_count = self.live_count.wrapping_sub(1);
        let id = self.unchain(slot);
        self.set_link(id, M::Link::NIL);
        if let Some(node) = self.memory.nodes_mut().get_mut(id.0) {
            node.mark = Mark::EMPTY;
        }
        if let Some(conn) = self.conn_mut(id) {
            conn.set_live(Live::No);
        }
        id
    }

    /// Hands out the next connection that is over. Its slot is free then, and holds it for as long
    /// as nothing else is put there.
    pub(crate) fn hand_out(&mut self) -> Option<(SlotId, Why)> {
        let id = Wheel::set_aside_first(&self.memory)?;
        list::unlink::<Timers, M>(&mut self.memory, id);
        list::push::<Timers, M>(&mut self.memory, FREE, id);
        let holds = self.mark(id).holds();
        self.set_holds(id, Holds::Nothing);
        match holds {
            Holds::Ended(why) => Some((id, why)),
            Holds::Nothing | Holds::First | Holds::Later => None,
        }
    }

    /// Whether nothing waits to be handed out or can have run out by `now`, to which the wheel turns
    /// then: what most calls come to, at once.
    #[inline]
    pub(crate) fn rests(&mut self, now: Instant) -> bool {
        let is_quiet =
            self.wheel.quiet_until() > now && Wheel::set_aside_first(&self.memory).is_none();
        if is_quiet {
            self.wheel.rest(now);
        }
        is_quiet
    }

    /// Looks at the next connection that may have run out by `now`.
    pub(crate) fn turn(&mut self, now: Instant) -> Turned {
        let Some(due) = self.wheel.due_by(now) else { return Turned::Nothing };
        let Some(slot) = self.wheel.turn(&self.memory, due) else { return Turned::Nothing };
        let conn = self.conn(slot);
        let expiry = conn.expiry();
        // Not `now`: who ran out first is handed out first.
        if conn.has_run_out(self.wheel.turned_to()) {
            return Turned::RanOut(slot);
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
        (self.live_count > 0).then(|| self.wheel.quiet_until())
    }

    /// The same table in other memory, and the memory that it lay in; `Err` when what is held does
    /// not fit. Touches every slot: for hosts.
    pub(crate) fn move_into(&mut self, memory: M, hash: &KeyedHash) -> Result<M, M> {
        let held = self.memory.nodes().iter().filter(|node| node.mark.holds() != Holds::Nothing);
        if memory.slots().len() < held.count() {
            return Err(memory);
        }
        let Some(shares) = self.shares.of(memory.slots().len()) else { return Err(memory) };
        let mut moved = Self::new(memory);
        moved.shares = shares;
        let now = self.wheel.turned_to();
        // By rank and idle time first, so that they stay in this order.
        let ranked = (0..RANK_LISTS).flat_map(|list| list::iter::<Ranks, M>(&self.memory, list));
        let unranked = (0..self.capacity())
            .map(SlotId)
            .filter(|&slot| self.live(slot).is_some() && !self.is_ranked(slot));
        for slot in ranked.chain(unranked) {
            let conn = self.conn(slot);
            let of_conn = hash.of(conn.key());
            if moved.chain_is_full(of_conn) {
                return Err(moved.memory);
            }
            let place = moved.insert((conn, conn.status.share()), now, of_conn, None);
            if let Some(place) = place.filter(|_| self.is_ranked(slot)) {
                moved.rank_new(place);
            }
        }
        // From the front, so that they wait in the order in which they were over.
        while let Some((slot, why)) = self.hand_out() {
            let Some(free) = list::first::<Timers, M>(&moved.memory, FREE) else { break };
            list::unlink::<Timers, M>(&mut moved.memory, free);
            moved.set_aside(free, self.conn(slot), why);
        }
        core::mem::swap(self, &mut moved);
        Ok(moved.memory)
    }

    fn mark(&self, slot: SlotId) -> Mark {
        self.memory.nodes().get(slot.0).map_or(Mark::EMPTY, |node| node.mark)
    }

    fn set_holds(&mut self, slot: SlotId, holds: Holds) {
        if let Some(node) = self.memory.nodes_mut().get_mut(slot.0) {
            node.mark.set_holds(holds);
        }
    }

    /// The link to whatever follows `slot` in its bucket.
    fn link(&self, slot: SlotId) -> M::Link {
        self.memory.chains().get(slot.0).copied().unwrap_or(M::Link::NIL)
    }

    fn set_link(&mut self, slot: SlotId, link: M::Link) {
        if let Some(chain) = self.memory.chains_mut().get_mut(slot.0) {
            *chain = link;
        }
    }

    /// The slots of a bucket, at most [`MAX_CHAIN`].
    fn chain(&self, hash: u32) -> impl Iterator<Item = SlotId> {
        let home = self.home(hash);
        let first = (self.mark(home).holds() == Holds::First).then_some(home);
        let next = move |&id: &SlotId| self.next(id).filter(|&next| next != home);
        core::iter::successors(first, next).take(MAX_CHAIN)
    }

    /// The slot that follows in a bucket: behind the last one that is the first; none, behind one
    /// that is alone.
    fn next(&self, slot: SlotId) -> Option<SlotId> {
        self.tags.slot(self.link(slot))
    }

    /// The slot that `slot` follows in its bucket, itself if it is alone.
    fn before(&self, slot: SlotId) -> SlotId {
        let mut before = slot;
        for _ in 1..MAX_CHAIN {
            match self.next(before).filter(|&next| next != slot) {
                Some(next) => before = next,
                None => break,
            }
        }
        before
    }

    /// Chains `slot` behind the first of the bucket of `hash`; answers its link to what follows.
    fn put_behind(&mut self, first: SlotId, slot: SlotId, hash: u32) -> M::Link {
        let next = self.link(first);
        self.set_link(first, self.tags.link(slot, hash));
        if next == M::Link::NIL { M::Link::to(first) } else { next }
    }

    /// Moves what `slot` holds, which is the first of no bucket, into `free`.
    fn make_room(&mut self, slot: SlotId, free: SlotId, holds: Holds) {
        if holds == Holds::Later {
            let before = self.before(slot);
            self.set_link(before, self.tags.moved(self.link(before), free));
            self.set_link(free, self.link(slot));
        }
        self.relocate(slot, free);
    }

    /// Takes what `slot` holds, which is in no list, out of its bucket. The slot that is no longer
    /// needed is returned: where that was the first of several, the second takes its place.
    fn unchain(&mut self, slot: SlotId) -> SlotId {
        let Some(next) = self.next(slot) else { return slot };
        if self.mark(slot).holds() == Holds::Later {
            let before = self.before(slot);
            let link = if next == before { M::Link::NIL } else { self.link(slot) };
            self.set_link(before, link);
            return slot;
        }
        let link = self.link(next);
        let is_last = self.tags.slot(link) == Some(slot);
        self.set_link(slot, if is_last { M::Link::NIL } else { link });
        self.relocate(next, slot);
        self.set_holds(slot, Holds::First);
        next
    }

    /// Moves what lies in one slot into another one, which is in no list, with its places in lists.
    fn relocate(&mut self, from: SlotId, to: SlotId) {
        let (low, high) = (from.0.min(to.0), from.0.max(to.0));
        if let Some((before, others)) = self.memory.slots_mut().split_at_mut_checked(high)
            && let (Some(low), Some(high)) = (before.get_mut(low), others.first_mut())
        {
            match from.0 < to.0 {
                true => low.conn.copy_to(&mut high.conn),
                false => high.conn.copy_to(&mut low.conn),
            }
        }
        list::replace::<M>(&mut self.memory, from, to);
    }

    /// The slot that a hash names.
    fn home(&self, hash: u32) -> SlotId {
        M::Link::home(hash, self.capacity())
    }
}
