//! The connections that are listened to, each with what it has announced: a fixed table.
//!
//! A slot holds one control connection and the one connection that it may have announced, for as
//! in Linux a newer announcement takes the place of the older. It is found in two ways: by the key of
//! the connection, and by the tuple that is announced.

use super::Help;
use super::command::Said;
use super::ftp::Ftp;
use crate::conn::Conn;
use crate::hash::KeyedHash;
use crate::packet::Tcp;
use crate::stats::{Stats, add_one};
use crate::time::{Instant, Stamp};
use crate::tuple::{Direction, Ends, Key, Protocol, Side, Tuple, Zone};

/// A place for one connection that is listened to.
#[derive(Debug, Clone, Copy)]
pub struct HelperSlot {
    master: Key,
    opened_by: Side,
    ftp: Ftp,
    announced: Announced,
    hashes: [u32; 2],
    /// The first slot of the bucket that this slot's number names, in each [`Index`].
    firsts: [SlotLink; 2],
    /// The next slot of the bucket that this one is in; in [`Index::Masters`] of a slot that holds
    /// nothing, the next of those.
    nexts: [SlotLink; 2],
}

/// The number of a slot counted from 1; 0 for none.
type SlotLink = u16;

/// How a slot is found.
#[derive(Debug, Clone, Copy)]
enum Index {
    Masters,
    Announced,
}

/// What a connection has announced. The representation is fixed so that an empty slot is all zero.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
enum Announced {
    Nothing,
    /// That the side which sends in this direction waits at a port for the other one; until when.
    Port(Direction, u16, Stamp),
}

/// The connections that are listened to, in memory of the caller's: `S` is an array, a slice lent for
/// as long as the tracker lives, or a vector on a host.
///
/// What it costs a tracker: a packet with payload of a connection that has a helper looks up one
/// slot, and each byte of the packet is read three times at the most. A first packet, and an
/// announcement, looks up what is expected. When a look-up finds that something has run out, every
/// slot is touched once.
#[derive(Debug, Clone)]
pub struct Helpers<S> {
    slots: S,
    state: State,
}

/// What a table is besides its slots.
#[derive(Debug, Clone)]
struct State {
    free: SlotLink,
    expect_count: usize,
    expect_max: usize,
    /// No announced connection runs out before.
    earliest: Instant,
}

impl<S: AsRef<[HelperSlot]> + AsMut<[HelperSlot]>> Helpers<S> {
    /// Nothing is listened to yet, whatever the memory held. A slot holds one connection; at most
    /// `expect_max` others are expected at a time (`nf_conntrack_expect_max`, 4096 in Linux).
    ///
    /// Touches every slot. Those past the 65,535th are of no use.
    #[must_use]
    pub fn new(slots: S, expect_max: usize) -> Self {
        let state = State { free: 0, expect_count: 0, expect_max, earliest: Instant::default() };
        let mut helpers = Self { slots, state };
        let slots = helpers.slots.as_mut();
        slots.fill(HelperSlot::EMPTY);
        let count = SlotLink::try_from(slots.len()).unwrap_or(SlotLink::MAX);
        for (slot, link) in slots.iter_mut().zip(2..=count) {
            slot.nexts = [link, 0];
        }
        helpers.state.free = count.min(1);
        helpers
    }
}

impl<S: AsRef<[HelperSlot]> + AsMut<[HelperSlot]>> Help for Helpers<S> {
    fn table(&mut self) -> Option<HelperTable<'_>> {
        Some(HelperTable { slots: self.slots.as_mut(), state: &mut self.state })
    }

    fn slots(&self) -> &[HelperSlot] {
        self.slots.as_ref()
    }
}

impl HelperSlot {
    /// What memory holds before it is used; all zero.
    pub const EMPTY: Self = Self {
        master: Key::EMPTY,
        opened_by: Side::First,
        ftp: Ftp::NEW,
        announced: Announced::Nothing,
        hashes: [0; 2],
        firsts: [0; 2],
        nexts: [0; 2],
    };

    /// The connection that is expected, if any is, and until when.
    pub(crate) fn expected(&self) -> Option<(Tuple, Instant)> {
        let Announced::Port(dir, port, expiry) = self.announced else { return None };
        Some((self.would_expect((dir, port)), expiry.instant()))
    }

    /// What is expected when the side that sends in that direction announces that port: a connection
    /// from the other side, from any port of it.
    fn would_expect(&self, (dir, port): (Direction, u16)) -> Tuple {
        let Tuple { source, destination, .. } = self.master(dir);
        let ends = Ends::Ports { source: 0, destination: port };
        Tuple { source: destination, destination: source, protocol: Protocol::TCP, ends }
    }

    /// The tuple of the connection that is listened to, in that direction.
    pub(crate) fn master(&self, dir: Direction) -> Tuple {
        self.master.tuple(match dir {
            Direction::Original => self.opened_by,
            Direction::Reply => self.opened_by.other(),
        })
    }

    /// The zone of both connections.
    pub(crate) const fn zone(&self) -> Zone {
        self.master.zone()
    }
}

/// The hash by which a connection is filed that is expected.
fn hash_of(expected: &Tuple, zone: Zone, hash: &KeyedHash) -> Option<u32> {
    Key::of(expected, zone).map(|(key, _)| hash.of(&key))
}

/// The table, whatever its memory.
///
/// A look-up touches the slots of one bucket, about one on average and all of them at the most. The
/// hash is keyed.
#[derive(Debug)]
pub struct HelperTable<'t> {
    slots: &'t mut [HelperSlot],
    state: &'t mut State,
}

/// A slot in use, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Listener(usize);

impl HelperTable<'_> {
    /// Listens to `conn`, of whose key there is none here, from now on; `None` when there is no room.
    pub(crate) fn begin(&mut self, conn: &Conn, hash: u32, ftp: Ftp) -> Option<()> {
        let at = place(self.state.free)?;
        let slot = self.slots.get_mut(at)?;
        self.state.free = Index::Masters.of(&slot.nexts);
        (slot.master, slot.opened_by) = (*conn.key(), conn.opened_by());
        (slot.ftp, slot.announced) = (ftp, Announced::Nothing);
        self.enter(Index::Masters, at, hash);
        Some(())
    }

    /// Listens no longer, and expects no longer what was announced.
    pub(crate) fn end(&mut self, listener: Listener, stats: &mut Stats) {
        self.withdraw(listener, stats);
        let Listener(at) = listener;
        self.leave(Index::Masters, at);
        let free = core::mem::replace(&mut self.state.free, link(at));
        if let Some(slot) = self.slots.get_mut(at) {
            slot.nexts = [free, 0];
        }
    }

    /// Where the connection of `key` is listened to.
    pub(crate) fn listener(&self, key: &Key, hash: u32) -> Option<Listener> {
        self.find(Index::Masters, hash, |slot| slot.master == *key)
    }

    /// Where a connection was announced that is expected, by the tuple of its first packet.
    pub(crate) fn announcer(
        &self,
        tuple: &Tuple,
        zone: Zone,
        hash: &KeyedHash,
    ) -> Option<Listener> {
        if self.state.expect_count == 0 {
            return None;
        }
        let Ends::Ports { destination, .. } = tuple.ends else { return None };
        let tuple = Tuple { ends: Ends::Ports { source: 0, destination }, ..*tuple };
        self.find(Index::Announced, hash_of(&tuple, zone, hash)?, |slot| {
            slot.zone() == zone && slot.expected().is_some_and(|(expected, _)| expected == tuple)
        })
    }

    /// The key of the connection that is listened to.
    pub(crate) fn key(&self, listener: Listener) -> &Key {
        const NONE: &Key = &Key::EMPTY;
        self.slots.get(listener.0).map_or(NONE, |slot| &slot.master)
    }

    /// What the side that sends in `dir` announces in a segment whose payload is `text`.
    pub(crate) fn hear(
        &mut self,
        listener: Listener,
        (dir, segment): (Direction, &Tcp),
        text: &[u8],
    ) -> Said {
        let Some(slot) = self.slots.get_mut(listener.0) else { return Said::Nothing };
        let own = slot.master(dir).source;
        slot.ftp.hear(dir, segment, text, own)
    }

    /// The tuple and the zone of what is expected when the side that sends in that direction announces
    /// that port.
    pub(crate) fn would_expect(
        &self,
        listener: Listener,
        announced: (Direction, u16),
    ) -> Option<(Tuple, Zone)> {
        let slot = self.slots.get(listener.0)?;
        Some((slot.would_expect(announced), slot.zone()))
    }

    /// Whether no more connections may be expected.
    pub(crate) fn expects_enough(&self) -> bool {
        self.state.expect_count >= self.state.expect_max
    }

    /// Expects what is announced there, and nowhere else, until `expiry`. Nothing must be expected that
    /// was announced there before: see [`withdraw`](Self::withdraw).
    pub(crate) fn expect(
        &mut self,
        listener: Listener,
        (dir, port): (Direction, u16),
        expiry: Instant,
        hash: &KeyedHash,
    ) -> Option<()> {
        let (tuple, zone) = self.would_expect(listener, (dir, port))?;
        let hash = hash_of(&tuple, zone, hash)?;
        let slot = self.slots.get_mut(listener.0)?;
        slot.announced = Announced::Port(dir, port, Stamp::from_instant(expiry));
        self.enter(Index::Announced, listener.0, hash);
        self.state.earliest = match self.state.expect_count {
            0 => expiry,
            _ => self.state.earliest.min(expiry),
        };
        self.state.expect_count = self.state.expect_count.wrapping_add(1);
        Some(())
    }

    /// Expects no longer what was announced there.
    pub(crate) fn withdraw(&mut self, Listener(at): Listener, stats: &mut Stats) {
        let Some(slot) = self.slots.get_mut(at) else { return };
        if matches!(slot.announced, Announced::Nothing) {
            return;
        }
        slot.announced = Announced::Nothing;
        self.leave(Index::Announced, at);
        self.state.expect_count = self.state.expect_count.wrapping_sub(1);
        add_one(&mut stats.expect_delete);
    }

    /// Expects no longer what has run out. Touches nothing while nothing can have, else every slot.
    pub(crate) fn expire(&mut self, now: Instant, stats: &mut Stats) {
        if self.state.expect_count == 0 || now < self.state.earliest {
            return;
        }
        let mut earliest = None;
        for at in 0..self.slots.len() {
            match self.slots.get(at).and_then(HelperSlot::expected) {
                Some((_, expiry)) if expiry <= now => self.withdraw(Listener(at), stats),
                Some((_, expiry)) => earliest = earliest.min(Some(expiry)).or(Some(expiry)),
                None => {}
            }
        }
        self.state.earliest = earliest.unwrap_or_default();
    }

    /// Puts a slot in front of its bucket.
    fn enter(&mut self, index: Index, at: usize, hash: u32) {
        let home = self.home(hash);
        let Some(home) = self.slots.get_mut(home) else { return };
        let next = core::mem::replace(index.of_mut(&mut home.firsts), link(at));
        if let Some(slot) = self.slots.get_mut(at) {
            *index.of_mut(&mut slot.nexts) = next;
            *index.of_mut(&mut slot.hashes) = hash;
        }
    }

    /// Takes a slot out of its bucket.
    fn leave(&mut self, index: Index, at: usize) {
        let Some(slot) = self.slots.get(at) else { return };
        let (hash, next) = (index.of(&slot.hashes), index.of(&slot.nexts));
        let home = self.home(hash);
        let before = self.bucket(index, hash).find(|&other| self.next(index, other) == Some(at));
        let link = match before {
            Some(before) => self.slots.get_mut(before).map(|slot| index.of_mut(&mut slot.nexts)),
            None => self.slots.get_mut(home).map(|slot| index.of_mut(&mut slot.firsts)),
        };
        if let Some(link) = link {
            *link = next;
        }
    }

    fn find(
        &self,
        index: Index,
        hash: u32,
        is_it: impl Fn(&HelperSlot) -> bool,
    ) -> Option<Listener> {
        self.bucket(index, hash).find(|&at| self.slots.get(at).is_some_and(&is_it)).map(Listener)
    }

    /// The slots of a bucket.
    fn bucket(&self, index: Index, hash: u32) -> impl Iterator<Item = usize> {
        let first = self.slots.get(self.home(hash)).and_then(|slot| place(index.of(&slot.firsts)));
        // As many as there are slots at the most, whatever the links say.
        core::iter::successors(first, move |&at| self.next(index, at)).take(self.slots.len())
    }

    fn next(&self, index: Index, at: usize) -> Option<usize> {
        place(index.of(&self.slots.get(at)?.nexts))
    }

    /// The slot that a hash names.
    #[allow(clippy::cast_possible_truncation, reason = "below the number of slots")]
    fn home(&self, hash: u32) -> usize {
        (u64::from(hash).wrapping_mul(self.slots.len() as u64) >> 32) as usize
    }
}

impl Index {
    /// Its own of a pair.
    fn of<T: Copy>(self, [masters, announced]: &[T; 2]) -> T {
        match self {
            Self::Masters => *masters,
            Self::Announced => *announced,
        }
    }

    fn of_mut<T>(self, [masters, announced]: &mut [T; 2]) -> &mut T {
        match self {
            Self::Masters => masters,
            Self::Announced => announced,
        }
    }
}

/// The link to a slot. There is none to those past the 65,535th, which are never in use.
fn link(at: usize) -> SlotLink {
    SlotLink::try_from(at.wrapping_add(1)).unwrap_or(0)
}

fn place(link: SlotLink) -> Option<usize> {
    usize::from(link).checked_sub(1)
}
