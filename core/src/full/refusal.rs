//! Why a newcomer was not taken in, and what its packet gets.

use core::fmt;

/// Why a first packet's connection was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Refusal {
    /// Nobody had to leave for it.
    TableFull,
    /// Its bucket holds [`MAX_CHAIN`](crate::MAX_CHAIN) connections: someone knows the hash key.
    ChainTooLong,
    /// Its source has as many connections as a source may.
    SourceFull,
    /// Its zone has as many connections as it may.
    ZoneFull,
}

impl Refusal {
    /// The reason in one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TableFull => "table_full",
            Self::ChainTooLong => "chain_too_long",
            Self::SourceFull => "source_full",
            Self::ZoneFull => "zone_full",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TableFull => "table full",
            Self::ChainTooLong => "chain too long",
            Self::SourceFull => "too many connections of one source",
            Self::ZoneFull => "too many connections in the zone",
        })
    }
}

/// What the packet gets whose connection is refused; a rule may say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum OnRefusal {
    /// It is dropped.
    #[default]
    Drop,
    /// It passes untracked: the gateway fails open for it.
    Bypass,
}

impl fmt::Display for OnRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Drop => "dropping packet",
            Self::Bypass => "passing packet untracked",
        })
    }
}
