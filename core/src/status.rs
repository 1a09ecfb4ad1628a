//! What was seen of a connection, and what that makes of its packets to a filter.

use core::fmt;
use core::ops::{BitOr, BitOrAssign};

use crate::rank::Class;

/// What was seen of a connection: the bits that netfilter calls IPS.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Status(u8);

impl Status {
    /// Nothing yet.
    pub const NONE: Self = Self(0);
    /// It was announced by another connection.
    pub const EXPECTED: Self = Self(1 << 0);
    /// Packets were seen both ways.
    pub const SEEN_REPLY: Self = Self(1 << 1);
    /// Worth keeping when the table is full; never cleared once set.
    pub const ASSURED: Self = Self(1 << 2);
    /// It is in the table.
    pub const CONFIRMED: Self = Self(1 << 3);
    /// A rule has given it a [helper](crate::raw::Helper).
    pub const HELPER: Self = Self(1 << 4);
    /// It is found and counted: the table's own bit.
    pub(crate) const LIVE: Self = Self(1 << 7);

    /// Where the class is whose slot it has, or is to have if it can.
    const SHARE: u32 = 5;
    const SHARE_MASK: u8 = 3 << Self::SHARE;

    /// The class of a newcomer; of a connection in the table, that whose slot it has.
    pub(crate) fn share(self) -> Option<Class> {
        Class::of_number((self.0 & Self::SHARE_MASK).wrapping_shr(Self::SHARE))
    }

    pub(crate) fn set_share(&mut self, class: Option<Class>) {
        let number = class.map_or(0, Class::number);
        self.0 =
            (self.0 & !Self::SHARE_MASK) | (number.wrapping_shl(Self::SHARE) & Self::SHARE_MASK);
    }

    /// The bits that have names outside.
    pub(crate) const fn shown(self) -> Self {
        Self(self.0 & !(Self::SHARE_MASK | Self::LIVE.0))
    }

    /// Whether all bits of `other` are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl BitOr for Status {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Status {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (Self::EXPECTED, "EXPECTED"),
            (Self::SEEN_REPLY, "SEEN_REPLY"),
            (Self::ASSURED, "ASSURED"),
            (Self::CONFIRMED, "CONFIRMED"),
            (Self::HELPER, "HELPER"),
        ];
        f.debug_set().entries(names.iter().filter(|(bit, _)| self.has(*bit)).map(|n| n.1)).finish()
    }
}

/// The state of a packet of a known connection, as a filter rule asks for it (`ct state`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum CtState {
    /// Nobody answered yet.
    New,
    /// Packets were seen both ways.
    Established,
    /// Nobody answered yet, and another connection announced this one.
    Related,
}
