//! Why a part of a datagram goes no further: one name a reason.

use core::fmt;

/// Why a part of a datagram goes no further. It waits, or it is refused; but for what waits, the
/// reasons are those for which Linux counts a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Held {
    /// Until the others of its datagram are there.
    Waits,
    /// It brings nothing that is not there.
    Duplicate,
    /// It covers what another part brought, and more; the datagram is given up with it.
    Overlap,
    /// It says that the datagram ends elsewhere than another part said.
    End,
    /// It carries nothing.
    Empty,
    /// The datagram would be longer than 65,535 bytes.
    TooLong,
    /// Of the parts, some say that they are of an ECN-capable transport (RFC 3168), others not; the
    /// datagram is given up.
    Ecn,
    /// There is no room for it.
    Full,
    /// The first part of its datagram has not come, was forgotten, or did not pass.
    Unled,
    /// It completes a datagram of whose headers the capture cut some off, or which has more of them
    /// than are kept ([`HEAD_LEN`](super::HEAD_LEN)).
    Cut,
}

impl Held {
    /// All reasons.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Waits,
        Self::Duplicate,
        Self::Overlap,
        Self::End,
        Self::Empty,
        Self::TooLong,
        Self::Ecn,
        Self::Full,
        Self::Unled,
        Self::Cut,
    ];

    /// How many reasons there are.
    pub const COUNT: usize = 10;

    /// The reason in one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Duplicate => "duplicate",
            Self::Overlap => "overlap",
            Self::End => "end",
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Ecn => "ecn",
            Self::Full => "full",
            Self::Unled => "unled",
            Self::Cut => "cut",
        }
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
