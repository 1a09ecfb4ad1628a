//! Helpers: what listens to a connection to foretell others, and the memory that this takes.
//!
//! As in Linux since 6.0 a connection is listened to only if a rule of the raw table says so
//! (`CT --helper ftp`) when it begins. What it announces is [expected](crate::Expectation) for
//! [`EXPECT_S`] seconds: one connection, whose first packet is RELATED.

mod command;
mod ftp;
mod ipv6;
mod table;

use core::fmt;

pub use table::{HelperSlot, HelperTable, Helpers};

pub(crate) use command::Said;
pub(crate) use ftp::Ftp;
pub(crate) use table::Listener;

/// How long an announced connection is expected, in seconds.
pub(crate) const EXPECT_S: u32 = 300;

/// Whether connections are listened to, and where that is remembered. [`NoHelpers`] is the default,
/// [`Helpers`] the other.
pub trait Help {
    /// The table of the connections that are listened to; `None` when none ever is.
    fn table(&mut self) -> Option<HelperTable<'_>>;

    /// Its slots.
    fn slots(&self) -> &[HelperSlot];
}

/// No connection is listened to, whatever a rule says.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHelpers;

impl Help for NoHelpers {
    fn table(&mut self) -> Option<HelperTable<'_>> {
        None
    }

    fn slots(&self) -> &[HelperSlot] {
        &[]
    }
}

/// Why a helper wants a packet dropped, although it is of a known connection.
///
/// As in Linux: what it could not read may be an announcement, and what it announces would not be
/// RELATED.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum HelperDrop {
    /// It begins like an announcement, and cannot be read as one.
    Partial,
    /// Another connection has announced the same.
    Clash,
    /// No more connections may be expected.
    ExpectFull,
}

impl HelperDrop {
    /// All reasons.
    pub const ALL: [Self; 3] = [Self::Partial, Self::Clash, Self::ExpectFull];

    /// The reason in one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Partial => "helper_partial",
            Self::Clash => "expect_clash",
            Self::ExpectFull => "expect_full",
        }
    }
}

impl fmt::Display for HelperDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
