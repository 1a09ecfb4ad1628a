//! Who runs out next: a timer wheel over slot numbers, exact to the millisecond.
//!
//! Five levels of 64 lists. A list of level 0 is one millisecond, one of level 1 is 64 of them, and
//! so on: 64^5 ms are 12.4 days. A connection is filed under the moment at which it would run out;
//! when a packet gives it longer life it stays where it is, and is filed anew when its list comes
//! up. So a packet costs the wheel nothing, and each step looks at one connection.

use crate::list::{self, Emptied, Timers};
use crate::storage::{ENDED, LEVELS, LISTS_A_LEVEL, Memory, SlotId};
use crate::time::Instant;

/// As many bits of a moment as tell the lists of a level apart.
const LEVEL_BITS: u32 = LISTS_A_LEVEL.ilog2();

/// The state of the wheel; its lists are in the table's memory.
#[derive(Debug, Clone)]
pub(crate) struct Wheel {
    /// Nothing is filed under a moment before this one.
    turned_to: u64,
    /// No list that holds anything comes up before this moment.
    quiet_until: u64,
    /// Which lists of each level hold anything.
    occupied: [u64; LEVELS],
}

/// A list of the wheel and the first moment that it stands for: no connection of it runs out before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    list: usize,
    begins: u64,
}

impl Wheel {
    pub(crate) const fn new() -> Self {
        Self { turned_to: 0, quiet_until: u64::MAX, occupied: [0; LEVELS] }
    }

    /// Files `slot`, which is in no list, under `expiry`, or the whole millisecond that follows it.
    /// Touches three slots.
    pub(crate) fn file<M: Memory>(&mut self, memory: &mut M, slot: SlotId, expiry: Instant) {
        let Due { list, begins } = self.place(expiry.as_millis_up());
        self.quiet_until = self.quiet_until.min(begins);
        if let Some(occupied) = self.occupied.get_mut(list / LISTS_A_LEVEL) {
            *occupied |= 1 << (list % LISTS_A_LEVEL);
        }
        list::push::<Timers, M>(memory, list, slot);
    }

    /// Takes `slot` from wherever it is filed. Touches three slots.
    pub(crate) fn unfile<M: Memory>(&mut self, memory: &mut M, slot: SlotId) {
        let Some(Emptied(list)) = list::unlink::<Timers, M>(memory, slot) else { return };
        if let Some(occupied) = self.occupied.get_mut(list / LISTS_A_LEVEL) {
            *occupied &= !(1 << (list % LISTS_A_LEVEL));
        }
    }

    /// Puts `slot`, which is in no list, among those that wait to be handed out.
    pub(crate) fn set_aside<M: Memory>(memory: &mut M, slot: SlotId) {
        list::push::<Timers, M>(memory, ENDED, slot);
    }

    /// The next of those that wait to be handed out.
    pub(crate) fn set_aside_first<M: Memory>(memory: &M) -> Option<SlotId> {
        list::first::<Timers, M>(memory, ENDED)
    }

    /// The earliest list that holds anything, if it has come up by `now`; if none has, turns the
    /// wheel to `now`.
    pub(crate) fn due_by(&mut self, now: Instant) -> Option<Due> {
        if self.quiet_until <= now.as_millis() {
            let next = self.next();
            self.quiet_until = next.map_or(u64::MAX, |due| due.begins);
            if self.quiet_until <= now.as_millis() {
                return next;
            }
        }
        self.rest(now);
        None
    }

    /// No list that holds anything comes up before this moment; perhaps none at it either.
    pub(crate) const fn quiet_until(&self) -> Instant {
        Instant::from_millis(self.quiet_until)
    }

    /// The earliest list that holds anything.
    fn next(&self) -> Option<Due> {
        (0..LEVELS).filter_map(|level| self.next_of(level)).min_by_key(|due| due.begins)
    }

    fn next_of(&self, level: usize) -> Option<Due> {
        let occupied = self.occupied.get(level).copied().filter(|&occupied| occupied != 0)?;
        // A level goes round: the first list ahead, the present one included.
        let ahead = occupied.rotate_right(digit(level, self.turned_to)).trailing_zeros();
        Some(self.ahead(level, ahead))
    }

    /// The list of a level that is so many ahead of the present one.
    fn ahead(&self, level: usize, count: u32) -> Due {
        let millis = count.wrapping_shl(shift(level));
        Due::of(level, self.turned_to.wrapping_add(millis.into()))
    }

    /// When the list comes up that `slot` is filed in.
    pub(crate) fn comes_up<M: Memory>(&self, memory: &M, slot: SlotId) -> Instant {
        let list = list::of::<Timers, M>(memory, slot).unwrap_or(0);
        let level = list / LISTS_A_LEVEL;
        let ahead = low(list as u64).wrapping_sub(digit(level, self.turned_to)) & PLACE;
        Instant::from_millis(self.ahead(level, ahead).begins)
    }

    /// Turns the wheel to a list that has come up, and answers the first connection of it.
    pub(crate) fn turn<M: Memory>(&mut self, memory: &M, due: Due) -> Option<SlotId> {
        self.turned_to = self.turned_to.max(due.begins);
        list::first::<Timers, M>(memory, due.list)
    }

    /// Turns the wheel to `now`, up to which no list holds anything.
    pub(crate) fn rest(&mut self, now: Instant) {
        self.turned_to = self.turned_to.max(now.as_millis());
    }

    /// How far the wheel has turned: who runs out by then is due.
    pub(crate) const fn turned_to(&self) -> Instant {
        Instant::from_millis(self.turned_to)
    }

    /// The list for a moment; moments past are filed under the present.
    ///
    /// Its level is that of the highest digit in which the moment differs from the present, so
    /// that a list of a higher level never comes up before one of a lower level.
    fn place(&self, moment: u64) -> Due {
        let moment = moment.max(self.turned_to);
        let differing = moment ^ self.turned_to;
        if differing >> shift(LEVELS) == 0 {
            return Due::of(level(low(differing)), moment);
        }
        // In another turn of the last level: as far ahead as there is a list, at the most.
        let ahead = (moment >> shift(LAST)).wrapping_sub(self.turned_to >> shift(LAST));
        self.ahead(LAST, low(ahead.min(PLACE.into())))
    }
}

/// The level of the longest lists.
const LAST: usize = LEVELS - 1;
/// The bits of a moment that are a place on a level.
const PLACE: u32 = (1 << LEVEL_BITS) - 1;

// So that a word is enough wherever something is shifted, for what has no longer ones.
const _: () = assert!(shift(LEVELS) <= u32::BITS);

/// The level of the highest bit, of those that all levels have. By steps: to divide by what is no
/// power of two is a call on small processors.
const fn level(bits: u32) -> usize {
    let mut level = LAST;
    while level > 0 && bits >> shift(level) == 0 {
        level = level.wrapping_sub(1);
    }
    level
}

/// The place of a moment on a level.
const fn digit(level: usize, moment: u64) -> u32 {
    low(moment).wrapping_shr(shift(level)) & PLACE
}

/// The lower word.
#[allow(clippy::cast_possible_truncation, reason = "on purpose")]
const fn low(moment: u64) -> u32 {
    moment as u32
}

#[allow(clippy::cast_possible_truncation, reason = "there are five levels")]
const fn shift(level: usize) -> u32 {
    (level as u32).wrapping_mul(LEVEL_BITS)
}

impl Due {
    /// The list of a level that stands for a moment.
    const fn of(level: usize, moment: u64) -> Self {
        let list = level.wrapping_mul(LISTS_A_LEVEL).wrapping_add(digit(level, moment) as usize);
        let within = 1_u32.wrapping_shl(shift(level)).wrapping_sub(1);
        Self { list, begins: moment & !(within as u64) }
    }
}
