//! What a gateway is told by its configuration.

use keeptrack_core::{Class, Config, Prefix};

use crate::image::ImageError;
use crate::rules::{RawRules, Rules};

/// What a gateway is told, with its rules in one form or another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Configuration<R, F> {
    /// What passes while there are no rules.
    pub fail: Fail,
    /// What is logged.
    pub log: LogLevel,
    /// `nf_conntrack_max`: as many slots are used of those that the board has; `None`: all.
    pub max: Option<u32>,
    /// How to track.
    pub config: Config,
    /// What happens when the table is full.
    pub full: Full,
    /// The slots that are kept for each class, by the class's place.
    pub reserves: [Amount; Class::MAX_COUNT],
    /// The rules of PREROUTING in the raw table.
    pub raw: R,
    /// The rules of FORWARD in the filter table.
    pub filter: F,
}

/// What is read from an image, in which the rules stay.
pub type Settings<'f> = Configuration<RawRules<'f>, Rules<'f>>;

impl<R, F> Configuration<R, F> {
    /// The same, if a board of so many slots can do it. More than it has are not asked for: all are
    /// used then.
    ///
    /// # Errors
    /// [`ImageError::ReservesTooLarge`] when no slot would be left for everybody, and
    /// [`ImageError::AdaptiveOrder`] when timeouts would shrink before they begin to.
    pub fn fit(self, slot_count: usize) -> Result<Self, ImageError> {
        let max = self.max.and_then(|max| usize::try_from(max).ok());
        let slot_count = max.map_or(slot_count, |max| max.min(slot_count));
        let reserves = self.reserves.iter().map(|amount| amount.of(slot_count));
        let reserved = reserves.fold(0, usize::saturating_add);
        if reserved > 0 && reserved >= slot_count {
            return Err(ImageError::ReservesTooLarge);
        }
        match self.full.adaptive {
            Some((start, end)) if start.of(slot_count) >= end.of(slot_count) => {
                Err(ImageError::AdaptiveOrder)
            }
            _ => Ok(self),
        }
    }
}

/// `keeptrack.fail`: what passes from link-up until the rules are read, and what holds when they
/// cannot be read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Fail {
    /// Everything passes untracked, in both cases.
    Open,
    /// Nothing passes, in both cases.
    Closed,
    /// Nothing passes until the rules are read; the built-in ones hold when they cannot be.
    #[default]
    Default,
}

impl Fail {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Closed, Self::Default];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Default => "default",
        }
    }
}

/// `keeptrack.log`: what is logged; each level logs what those before it do.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum LogLevel {
    /// What a full table drops, and how things stand.
    #[default]
    Drops,
    /// A line for each connection that begins or ends.
    Connections,
    /// A line for each frame.
    Packets,
}

impl LogLevel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Drops, Self::Connections, Self::Packets];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Drops => "drops",
            Self::Connections => "connections",
            Self::Packets => "packets",
        }
    }
}

/// `keeptrack.on_full`: what happens when the table is full, and who may fill it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full {
    /// Who leaves.
    pub victim: Victim,
    /// The most connections of one source, and what is one source.
    pub source_cap: Option<(Amount, Prefix)>,
    /// From how many connections on timeouts shrink, and where nothing would be left of them.
    pub adaptive: Option<(Amount, Amount)>,
}

/// Who leaves when no slot is left.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Victim {
    /// Nobody: the newcomer is refused.
    Refuse,
    /// Whoever of a few is not ASSURED.
    EarlyDrop,
    /// Whoever is finished first.
    #[default]
    Ranked,
}

impl Victim {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Refuse, Self::EarlyDrop, Self::Ranked];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::EarlyDrop => "early-drop",
            Self::Ranked => "ranked",
        }
    }
}

/// Some slots of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Amount {
    /// So many; 0 is none.
    Entries(u32),
    /// So many of a hundred, a begun one counts. It may be more than all.
    Percent(u32),
    /// One of so many, but one at least.
    Part(u32),
}

impl Amount {
    /// None at all.
    pub const NONE: Self = Self::Entries(0);

    /// The largest number that an image holds of each.
    pub const MAX: u32 = (1 << 30) - 1;

    /// How many of a table of `slot_count`.
    #[must_use]
    pub fn of(self, slot_count: usize) -> usize {
        let wide = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        match self {
            Self::Entries(count) => wide(count),
            Self::Percent(share) => slot_count.saturating_mul(wide(share)).div_ceil(100),
            Self::Part(parts) => slot_count.checked_div(wide(parts)).unwrap_or(0).max(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Amount;

    #[test]
    fn an_amount_is_a_number_a_share_or_a_part() {
        let of = |amount: Amount| [10, 100, 3333].map(|slots| amount.of(slots));
        assert_eq!(of(Amount::Entries(64)), [64, 64, 64]);
        assert_eq!(of(Amount::Percent(75)), [8, 75, 2500]);
        assert_eq!(of(Amount::Percent(120)), [12, 120, 4000]);
        assert_eq!(of(Amount::Part(32)), [1, 3, 104]);
        assert_eq!(of(Amount::Part(0)), [1, 1, 1], "no image holds it");
    }
}
