//! How a connection leaves the table.

use core::fmt;

use crate::conn::Conn;

/// Why a connection left the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
#[non_exhaustive]
pub enum Why {
    /// No packet came for as long as its timeout.
    TimedOut,
    /// It was reset before anybody had answered.
    Reset,
    /// A first packet with its own tuple came after it was over.
    Reopened,
    /// The caller took it out: [`Conntrack::flush`](crate::Conntrack::flush).
    Flushed,
    /// It made room for a newer one in a full table.
    DroppedEarly,
    /// Its timeout had shrunk because the table was filling: [`Adaptive`](crate::Adaptive).
    Shrunk,
}

impl Why {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::TimedOut,
        Self::Reset,
        Self::Reopened,
        Self::Flushed,
        Self::DroppedEarly,
        Self::Shrunk,
    ];

    /// The reason in one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TimedOut => "timed_out",
            Self::Reset => "reset",
            Self::Reopened => "reopened",
            Self::Flushed => "flushed",
            Self::DroppedEarly => "dropped_early",
            Self::Shrunk => "shrunk",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A connection that has left the table, as it was.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// The connection.
    pub conn: Conn,
    /// Why it left.
    pub why: Why,
}
