//! How large the table would have had to be: a sampled shadow of those for whom it had no room.

use heapless::Vec;

use super::{Newcomer, OnFull, Refusal};
use crate::ended::Why;
use crate::time::Instant;

/// [`GhostOf`] as many as fit into a kilobyte.
pub type Ghost = GhostOf<124>;

/// Estimates how many slots the table would have had to have for nobody to be refused or to leave
/// early, by following `ROOM` of those for whom there was no room, at most 255.
///
/// Beside the connections in the table there are those that it had no room for: refused for
/// [`Refusal::TableFull`], or gone before their time ([`Why::DroppedEarly`], [`Why::Shrunk`]).
/// A shadow keeps their hashes until they would have run out; what is needed at a moment is what
/// lives plus what the shadow holds. A refused one that tries again lives anew; one that gets in
/// leaves the shadow. What a cap refuses no size would have let in: it is not counted.
///
/// **The error.** As long as those in the shadow are all, the figure is exact to within a tick of
/// 1/16 s. When there are more, those of the lowest ranks are followed, a rank being the hash
/// read backwards, and each counts for as many as the share of ranks that are followed makes
/// likely; until the shadow is empty again. The figure's [deviation](Self::deviation) is then that
/// of a sample, 1 / sqrt(ROOM), of the part that had no room (what lives is counted): 9 % of 124
/// and 25 % of 16. As the peak of many such figures it is above the truth on average, as measured
/// of 124 by 3 % to 10 % of that part. Who is followed depends on the key of the hash, which nobody
/// outside knows: nobody can hide from it.
///
/// **What it cannot know.** Of somebody who is refused all packets are first packets. So it is
/// taken to live for as long as these give, the few minutes of one that is picked up in its middle:
/// too short when it would be open and silent for days, too long when it has closed. With the mail
/// relay's capture of this project and half the slots of its peak that is 14 % too many when all
/// who come are refused, and less than 5 % off under the policies that refuse hardly anybody.
///
/// It decides nothing and stands beside any policy, as in `(Ranked::new(0), Ghost::new())`. Whoever
/// comes, leaves or is refused costs at most six passes over the shadow, and hardly more than a
/// comparison while nobody is followed. A microcontroller takes a small one.
#[derive(Debug, Clone)]
pub struct GhostOf<const ROOM: usize> {
    /// By rank, the lowest first.
    shadows: Vec<Shadow, ROOM, u8>,
    /// No shadow has run out before.
    earliest: Tick,
    live_count: u32,
    /// The highest rank that is followed.
    highest: u32,
    peak: Need,
}

/// Somebody for whom there was no room.
#[derive(Debug, Clone, Copy)]
struct Shadow {
    rank: u32,
    expiry: Tick,
}

/// A moment in steps of 64 ms, which are told apart within four years.
#[derive(Debug, Default, Clone, Copy)]
struct Tick(u32);

/// For how many somebody counts, in 256ths.
#[derive(Debug, Clone, Copy)]
struct Weight(u32);

/// What was needed at a moment.
#[derive(Debug, Clone, Copy)]
struct Need {
    live_count: u32,
    highest: u32,
    shadow_count: u8,
}

const _: () = assert!(size_of::<Ghost>() <= 1024);

impl<const ROOM: usize> GhostOf<ROOM> {
    /// For a table that is empty.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(ROOM > 0 && ROOM <= 255, "1 to 255 can be followed") };
        let (live_count, highest) = (0, u32::MAX);
        let peak = Need { live_count, highest, shadow_count: 0 };
        Self { shadows: Vec::new(), earliest: Tick(0), live_count, highest, peak }
    }

    /// The slots that would have been enough so far; while all had room, the most connections that
    /// there were at a time.
    #[must_use]
    pub fn would_need(&self) -> usize {
        usize::try_from(self.peak.total()).unwrap_or(usize::MAX)
    }

    /// One standard deviation of [`would_need`](Self::would_need), in slots; 0 while all are
    /// followed.
    #[must_use]
    pub fn deviation(&self) -> usize {
        usize::try_from(self.peak.variance().isqrt()).unwrap_or(usize::MAX)
    }

    /// Keeps somebody in mind for whom there was no room.
    fn follow(&mut self, gone: &Newcomer<'_>) {
        self.forget_run_out(gone.now);
        let rank = rank(gone.hash);
        if rank > self.highest || gone.conn.has_run_out(gone.now) {
            return;
        }
        let expiry = Tick::not_before(gone.conn.expiry());
        match self.find(rank) {
            Ok(number) => {
                if let Some(shadow) = self.shadows.get_mut(number) {
                    shadow.expiry = expiry;
                }
            }
            Err(number) => self.add(number, Shadow { rank, expiry }),
        }
        if self.shadows.len() == 1 || expiry.is_before(self.earliest) {
            self.earliest = expiry;
        }
    }

    /// The place of a rank; `Err` with the place that it would have.
    fn find(&self, rank: u32) -> Result<usize, usize> {
        self.shadows.binary_search_by_key(&rank, |shadow| shadow.rank)
    }

    /// Adds one in its place. When there is no room, the highest rank is followed no longer.
    fn add(&mut self, number: usize, mut shadow: Shadow) {
        for place in self.shadows.iter_mut().skip(number) {
            core::mem::swap(place, &mut shadow);
        }
        if let Err(last) = self.shadows.push(shadow) {
            self.highest = last.rank.saturating_sub(1);
        }
    }

    /// Takes out the one in that place.
    fn take(&mut self, number: usize) {
        let Some(mut shadow) = self.shadows.pop() else { return };
        for place in self.shadows.iter_mut().skip(number).rev() {
            core::mem::swap(place, &mut shadow);
        }
        self.begin_anew_if_empty();
    }

    /// Forgets those that would have run out. Touches none while none can have.
    fn forget_run_out(&mut self, now: Instant) {
        let now = Tick::not_after(now);
        if self.shadows.is_empty() || now.is_before(self.earliest) {
            return;
        }
        self.shadows.retain(|shadow| now.is_before(shadow.expiry));
        self.begin_anew_if_empty();
        let expiries = self.shadows.iter().map(|shadow| shadow.expiry);
        let earlier = |one: Tick, other: Tick| if other.is_before(one) { other } else { one };
        self.earliest = expiries.reduce(earlier).unwrap_or_default();
    }

    fn begin_anew_if_empty(&mut self) {
        if self.shadows.is_empty() {
            self.highest = u32::MAX;
        }
    }

    /// Keeps the most that was needed.
    fn reckon(&mut self, now: Instant) {
        if !self.need().is_more_than(self.peak) {
            return;
        }
        self.forget_run_out(now);
        let need = self.need();
        if need.is_more_than(self.peak) {
            self.peak = need;
        }
    }

    /// What is needed now, whoever has run out included.
    fn need(&self) -> Need {
        let shadow_count = self.shadows.len().try_into().unwrap_or(u8::MAX);
        Need { live_count: self.live_count, highest: self.highest, shadow_count }
    }
}

impl<const ROOM: usize> Default for GhostOf<ROOM> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const ROOM: usize> OnFull for GhostOf<ROOM> {
    fn entered(&mut self, conn: &Newcomer<'_>) {
        self.live_count = self.live_count.saturating_add(1);
        let rank = rank(conn.hash);
        if rank <= self.highest
            && let Ok(number) = self.find(rank)
        {
            self.take(number);
        }
        self.reckon(conn.now);
    }

    fn left(&mut self, conn: &Newcomer<'_>, why: Why) {
        self.live_count = self.live_count.saturating_sub(1);
        if matches!(why, Why::DroppedEarly | Why::Shrunk) {
            self.follow(conn);
        }
    }

    fn refused(&mut self, newcomer: &Newcomer<'_>, why: Refusal) {
        if why == Refusal::TableFull {
            self.follow(newcomer);
            self.reckon(newcomer.now);
        }
    }
}

/// Where a hash stands among those that may be followed: by the end that the table does not file
/// by.
const fn rank(hash: u32) -> u32 {
    hash.reverse_bits()
}

impl Weight {
    const ONE: Self = Self(1 << Self::PART_BITS);
    const PART_BITS: u32 = 8;

    /// Of one of those whose rank is at most `highest`: all ranks over those. What does not fit is
    /// too much for any table.
    ///
    /// Divided by hand, a dozen digits as a rule: 64 bits over 64 are a long call where registers
    /// have 32.
    const fn of(highest: u32) -> Self {
        let Some(followed) = highest.checked_add(1) else { return Self::ONE };
        if followed <= Self::ONE.0 {
            return Self(u32::MAX);
        }
        // Both moved up until the divisor begins with a one, and the first digit taken.
        let zeros = followed.leading_zeros();
        let divisor = followed.wrapping_shl(zeros);
        let is_power = divisor == 1 << 31;
        let (mut weight, mut rest) = (is_power as u32, if is_power { 0 } else { 1_u32 << 31 });
        let mut digits = zeros.wrapping_add(Self::PART_BITS + 1);
        while digits > 0 {
            weight = weight.wrapping_shl(1);
            // Twice the rest may need more than a word.
            let missing = divisor.wrapping_sub(rest);
            if rest >= missing {
                (weight, rest) = (weight | 1, rest.wrapping_sub(missing));
            } else {
                rest = rest.wrapping_shl(1);
            }
            digits = digits.wrapping_sub(1);
        }
        Self(weight)
    }
}

impl Need {
    /// As far as it can be counted.
    fn total(self) -> u32 {
        let (count, Weight(weight)) = (u32::from(self.shadow_count), Weight::of(self.highest));
        let parts = count.wrapping_mul(weight & (Weight::ONE.0 - 1)) >> Weight::PART_BITS;
        let shadows = count.wrapping_mul(weight >> Weight::PART_BITS).wrapping_add(parts);
        shadows.saturating_add(self.live_count)
    }

    /// Whether more slots are needed. A weight takes a division: as a rule it can be told without.
    fn is_more_than(self, other: Self) -> bool {
        if self.is_nowhere_above(other) {
            return false;
        }
        if other.is_nowhere_above(self) {
            return true;
        }
        self.total() > other.total()
    }

    fn is_nowhere_above(self, other: Self) -> bool {
        self.live_count <= other.live_count
            && self.shadow_count <= other.shadow_count
            && self.highest >= other.highest
    }

    /// Of the slots, when each of those without room was followed with a chance of one to its
    /// weight.
    const fn variance(self) -> u64 {
        let weight = Weight::of(self.highest).0 as u64;
        let more = weight.saturating_sub(Weight::ONE.0 as u64);
        let squares = weight.saturating_mul(more) >> (2 * Weight::PART_BITS);
        squares.saturating_mul(self.shadow_count as u64)
    }
}

impl Tick {
    /// The last that is not after `at`.
    #[allow(clippy::cast_possible_truncation, reason = "they are told apart within years")]
    const fn not_after(at: Instant) -> Self {
        Self((at.as_millis() >> 6) as u32)
    }

    /// The first that is not before `at`.
    #[allow(clippy::cast_possible_truncation, reason = "they are told apart within years")]
    const fn not_before(at: Instant) -> Self {
        Self(at.as_millis_up().div_ceil(64) as u32)
    }

    const fn is_before(self, other: Self) -> bool {
        other.0.wrapping_sub(self.0).cast_signed() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::Weight;

    #[test]
    fn a_weight_is_the_share_of_ranks_that_is_followed() {
        for highest in [u32::MAX, u32::MAX - 1, 1 << 31, (1 << 31) - 1, 123_456_789, 255, 254, 0] {
            let exact = (1_u64 << 40) / (u64::from(highest) + 1);
            assert_eq!(u64::from(Weight::of(highest).0), exact.min(u32::MAX.into()), "{highest}");
        }
    }
}
