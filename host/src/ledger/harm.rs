//! What a full table does to a connection, and what kind of a connection that is.

use std::fmt;

use keeptrack_core::{Conn, Rank, Why};

use crate::service::Service;

/// What a full table does to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Harm {
    /// It gets no entry.
    Refused,
    /// Its entry is taken for a newcomer.
    Evicted,
    /// Its entry ends before its time, because the table is rather full.
    Shrunk,
}

/// The kind of a connection that was hurt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whom {
    /// One of that service, which nothing is known of but its first packet.
    Newcomer(Service),
    /// One that had that rank among those that may be taken, by its name.
    Ranked(&'static str),
    /// One that was open and ASSURED.
    Open,
    /// None: an INVALID packet, for which an entry was asked before it was looked at.
    Nobody,
}

impl Harm {
    /// What was done to a connection that left for this reason; `None`: nobody hurt it.
    pub(crate) const fn by(why: Why) -> Option<Self> {
        match why {
            Why::DroppedEarly => Some(Self::Evicted),
            Why::Shrunk => Some(Self::Shrunk),
            _ => None,
        }
    }

    /// In one word.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Evicted => "evicted",
            Self::Shrunk => "shrunk",
        }
    }
}

impl Whom {
    /// Whether it is a newcomer of that service.
    pub(crate) fn is_newcomer_of(self, service: Service) -> bool {
        self == Self::Newcomer(service)
    }

    /// One that leaves the table.
    pub(crate) fn leaves(conn: &Conn) -> Self {
        Rank::of(conn).map_or(Self::Open, |rank| Self::Ranked(rank.name()))
    }
}

/// `tcp 25`, `unreplied`, `open`, `invalid`.
impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newcomer(service) => service.fmt(f),
            Self::Ranked(name) => f.write_str(name),
            Self::Open => f.write_str("open"),
            Self::Nobody => f.write_str("invalid"),
        }
    }
}
