//! Timeouts that shrink as the table fills: pf's adaptive timeouts, without a timeout rewritten.

use super::{Newcomer, OnFull, Slots};
use crate::conn::Conn;
use crate::storage::SlotId;
use crate::time::Instant;

/// As many slots are looked at each time that it is asked.
const STRIDE: usize = 8;

/// Above so many connections every timeout counts for less, the less the fuller the table is.
///
/// This is pf's `adaptive.start` and `adaptive.end`: with more than `start` connections in the
/// table a timeout counts as timeout * (end - live) / (end - start), rounded up to whole seconds;
/// from `end` on it counts as nothing. pf's own values are 60 % and 120 % of the table, with which
/// timeouts are a third at the brim.
///
/// No timeout is rewritten. For each newcomer that comes while the table is above `start`, a hand
/// moves on over eight slots, until it meets somebody who has been idle for as long as its shrunk
/// timeout; who then leaves as [`Why::Shrunk`](crate::Why::Shrunk), and the hand moves over eight
/// more. So:
///
/// - when the pressure goes, everybody lives as long as before;
/// - somebody whose shrunk time is over stays for a round of the hand: for an eighth as many
///   newcomers as there are slots, not counting those for whom somebody leaves. (Another round, if it was
///   moved to behind the hand: a bucket's later ones make room in the slots that they lie in.)
///   Under a steady pressure the table settles a few hundredths above the line. Without newcomers, who
///   are what the room is for, nobody leaves;
/// - how long somebody has been idle is known [at the least](Slots::timeout_s): it follows from what is
///   left of the timeout, and from the shortest one that this can be the rest of. So nobody
///   leaves too early, and some leave late;
/// - the hand goes by slots, and which connection lies in a slot depends on the key of the table's
///   hash: so it depends on the key who of several that are overdue leaves first;
/// - who lives by a rule's own timeouts is left alone, and so are those in slots reserved for
///   others than the newcomer.
///
/// It refuses nobody and evicts nobody else: at a full table the policy beside it decides, for
/// instance `(Adaptive, Ranked)`; alone it refuses whom it finds no room for. A newcomer costs at
/// most sixteen slots to look at, and no memory.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Adaptive {
    start: usize,
    end: usize,
    /// The slot that is looked at next.
    hand: usize,
}

impl Adaptive {
    /// Timeouts shrink above `start` connections, to nothing at `end`, which may be more than the
    /// table holds. As in pf they never shrink when `start` is not below `end`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end, hand: 0 }
    }

    /// The slot under the hand, which moves on.
    fn step(&mut self, slot_count: usize) -> usize {
        let number = if self.hand < slot_count { self.hand } else { 0 };
        self.hand = number.wrapping_add(1);
        number
    }

    /// What of `timeout_s` counts when so many are in the table; in seconds.
    ///
    /// Multiplied and divided in one go, bit by bit from the highest: a microcontroller would need
    /// a kilobyte of flash to divide 64 bits.
    fn shrunk(&self, timeout_s: u32, live_count: usize) -> u32 {
        // Nothing when there is no span; then nobody asks.
        let span = self.end.saturating_sub(self.start);
        let left = self.end.saturating_sub(live_count).min(span);
        let (mut shrunk, mut rest) = (0_u32, 0_usize);
        for bit in (0..u32::BITS).rev() {
            shrunk = shrunk.wrapping_shl(1);
            let more = if timeout_s >> bit & 1 == 0 { 0 } else { left };
            for part in [rest, more] {
                (shrunk, rest) = carried(shrunk, rest, part, span);
            }
        }
        shrunk.wrapping_add(u32::from(rest > 0))
    }

    /// Whether `conn` has been idle for as long as its timeout counts.
    fn is_overdue(&self, conn: &Conn, now: Instant, table: &dyn Slots) -> bool {
        table.timeout_s(conn, now).is_some_and(|timeout_s| {
            let spared_s = timeout_s.saturating_sub(self.shrunk(timeout_s, table.live_count()));
            conn.expiry() <= now.after(spared_s)
        })
    }
}

/// `whole` and a part of a whole that is `span`, with `more` of such a part.
fn carried(whole: u32, part: usize, more: usize, span: usize) -> (u32, usize) {
    match part.checked_sub(span.wrapping_sub(more)) {
        // Without a span there are no parts.
        Some(rest) if span > 0 => (whole.wrapping_add(1), rest),
        _ => (whole, part.wrapping_add(more)),
    }
}

impl OnFull for Adaptive {
    fn overdue(&mut self, newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
        if table.live_count() <= self.start || self.end <= self.start {
            return None;
        }
        (0..STRIDE).find_map(|_| {
            let (slot, conn) = table.conn(self.step(table.count()))?;
            self.is_overdue(conn, newcomer.now, table).then_some(slot)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Adaptive;

    #[test]
    fn timeouts_shrink_in_a_straight_line() {
        let adaptive = Adaptive::new(60, 120);
        let shrunk = [60, 61, 75, 90, 100, 119, 120, 500].map(|live| adaptive.shrunk(120, live));
        assert_eq!(shrunk, [120, 118, 90, 60, 40, 2, 0, 0]);
        assert_eq!(adaptive.shrunk(7, 100), 3, "a third of it, rounded up");
        let days = Adaptive::new(0, i32::MAX as usize);
        assert_eq!(days.shrunk(1_036_800, 1 << 30), 518_400);
    }

    #[test]
    fn the_hand_goes_round_and_stays_inside_when_the_table_shrinks() {
        let mut adaptive = Adaptive::new(0, 1);
        let round: [usize; 7] = core::array::from_fn(|_| adaptive.step(3));
        assert_eq!(round, [0, 1, 2, 0, 1, 2, 0]);
        assert_eq!([adaptive.step(9), adaptive.step(9), adaptive.step(2)], [1, 2, 0]);
    }
}
