//! The default policy: whoever is finished leaves first, and who is assured and open never does.

use super::draws::Draws;
use super::{Newcomer, OnFull, Slots};
use crate::rank::Rank;
use crate::storage::SlotId;
use crate::time::Instant;

/// The most dispensable connection leaves, of those of one [`Rank`] the one that is idle for
/// longest; one that is ASSURED and open never does. When nobody else is left the newcomer is
/// refused.
///
/// What has run out leaves before all of them, as far as a few steps of the wheel find it: as at
/// any full table. Idle is a connection since the last packet that renewed it or changed its rank.
/// The order is exact, for the table keeps a list of each rank: such a packet puts its connection
/// at the end of it. For a newcomer of a class, who has slots of its own and everybody's to take
/// from, it is the longer idle one of both.
///
/// Whoever has just spoken may be about to be answered. So one that is unreplied or unassured is
/// spared for three times as long as answers take, on average and learned as they come, if somebody
/// of these two ranks waits for longer. If nobody does, more come than the table can hold until
/// they are answered. Were it the oldest that left then, nobody would come to his answer; were it
/// the newest, whole bursts of newcomers would not. So the one that has waited for the larger share
/// of the time that it is spared leaves with the square of that share for its probability, and
/// otherwise the newest one that is unreplied, or unassured if there is none.
///
/// Looks at the ends of twelve lists at the most.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Ranked {
    /// Of those that nobody has answered, until somebody does.
    unreplied: Wait,
    /// Of those that are not assured, until they are.
    unassured: Wait,
    draws: Draws,
}

/// The connection that waits for longest, and for which share of the time for which it is spared,
/// in 1,024th parts; no more than all of it.
type Waiting = (SlotId, usize);

impl Ranked {
    /// How long answers are expected to take before the first has come: a round trip of the
    /// Internet.
    pub const FIRST_GUESS_MS: u32 = 100;

    /// With nothing learned yet; what is left to chance follows from `sampling_seed`, any number,
    /// which may be published.
    #[must_use]
    pub const fn new(sampling_seed: u64) -> Self {
        let (unreplied, unassured) = (Wait::GUESSED, Wait::GUESSED);
        Self { unreplied, unassured, draws: Draws::new(sampling_seed) }
    }

    /// Who leaves of those that wait for an answer.
    fn waiting(&mut self, now: Instant, table: &dyn Slots) -> Option<SlotId> {
        let unreplied = self.unreplied.longest(Rank::Unreplied, now, table);
        if let Some((in_vain, ALL)) = unreplied {
            return Some(in_vain);
        }
        let unassured = self.unassured.longest(Rank::Unassured, now, table);
        let share_of = |waiting: Option<Waiting>| waiting.map_or(0, |(_, share)| share);
        let is_later = share_of(unassured) >= share_of(unreplied);
        let longest = if is_later { unassured.or(unreplied) } else { unreplied };
        let (slot, share) = longest?;
        if share == ALL || self.draws.below(ALL.wrapping_mul(ALL)) < share.wrapping_mul(share) {
            return Some(slot);
        }
        table.heard_last(Rank::Unreplied).or_else(|| table.heard_last(Rank::Unassured))
    }
}

impl Default for Ranked {
    fn default() -> Self {
        Self::new(0)
    }
}

impl OnFull for Ranked {
    const RANKS: bool = true;

    fn victim(&mut self, newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
        const CLOSING: &[Rank] = &[Rank::Finished, Rank::LastAck, Rank::CloseWait, Rank::FinWait];
        table.longest_idle_of(CLOSING).or_else(|| self.waiting(newcomer.now, table))
    }

    fn answered(&mut self, rank: Rank, waited_ms: u64) {
        match rank {
            Rank::Unreplied => self.unreplied.learn(waited_ms),
            Rank::Unassured => self.unassured.learn(waited_ms),
            Rank::Finished | Rank::LastAck | Rank::CloseWait | Rank::FinWait => {}
        }
    }
}

/// All of the time for which somebody is spared, in 1,024th parts.
const ALL: usize = 1024;

/// How long an answer takes on average: of the last ones, each counting for an eighth.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
struct Wait {
    /// In 256th parts of a millisecond, so that short ones count as well.
    average: u32,
}

impl Wait {
    const GUESSED: Self = Self { average: Ranked::FIRST_GUESS_MS << Self::PART_BITS };
    const PART_BITS: u32 = 8;

    /// An answer that took longer says nothing of round trips: somebody had time to think.
    const LONGEST_MS: u64 = 1000;

    #[allow(clippy::cast_possible_truncation, reason = "a second at the most")]
    fn learn(&mut self, waited_ms: u64) {
        let waited = (waited_ms.min(Self::LONGEST_MS) as u32).wrapping_shl(Self::PART_BITS);
        self.average = self.average.wrapping_sub(self.average / 8).wrapping_add(waited / 8);
    }

    /// The longest idle connection of `rank`, and which share it has waited of three times the
    /// average. For how long one has that lives by a rule's own timeouts nobody knows: for all of
    /// it.
    #[allow(clippy::cast_possible_truncation, reason = "no more than `ALL`")]
    fn longest(self, rank: Rank, now: Instant, table: &dyn Slots) -> Option<Waiting> {
        let slot = table.longest_idle(rank)?;
        // Three seconds at the most, in these parts.
        let spared = self.average.wrapping_mul(3);
        let idle = table.idle_ms(slot, now).map(|idle_ms| idle_ms.wrapping_shl(Self::PART_BITS));
        // Whoever has waited for less has waited for less than three seconds, which in these parts
        // and 1,024 times over is less than a word: no target divides more by calling a function.
        let share = idle
            .filter(|idle| *idle < spared.into())
            .and_then(|idle| (idle as u32).wrapping_mul(ALL as u32).checked_div(spared));
        Some((slot, share.map_or(ALL, |share| share as usize)))
    }
}
