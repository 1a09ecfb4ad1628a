//! Who opened the connections that filled the table: their addresses.

use std::cmp::Reverse;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use keeptrack_core::{Conn, Direction, Instant};

use super::holds::{Held, Holds};

/// Up to how many sources the figures are exact. Of more, half as many are kept. It is what a map
/// of 8,192 places holds, less than half a MiB.
const MAX: usize = 7_000;

/// A host that opens connections: an IPv4 address, or the 64 bits of IPv6 that a network has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Source {
    V4(Ipv4Addr),
    V6([u16; 4]),
}

/// What each source held, in bounded memory.
///
/// When there are too many, those that held least are forgotten, with what they still hold. One
/// that comes again counts anew.
#[derive(Debug, Default)]
pub(super) struct Sources {
    holds: Holds<Source>,
    precision: Precision,
}

/// How exact the figures of sources are.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    /// None was forgotten.
    #[default]
    Exact,
    /// Some were: the figures are lower bounds, close for those that held much.
    AtLeast,
}

impl Sources {
    pub(super) fn enter(&mut self, conn: &Conn, now: Instant) {
        self.holds.enter(Source::of(conn), now);
        if self.holds.len() > MAX {
            self.holds.forget(MAX / 2, now);
            self.precision = Precision::AtLeast;
        }
    }

    pub(super) fn seed(&mut self, conn: &Conn) {
        self.holds.seed(Source::of(conn));
    }

    pub(super) fn begin(&mut self, now: Instant) {
        self.holds.begin(now);
    }

    pub(super) fn leave(&mut self, conn: &Conn, now: Instant) {
        let source = Source::of(conn);
        match self.precision {
            Precision::Exact => self.holds.leave(source, now),
            Precision::AtLeast => self.holds.leave_if_known(source, conn.start(), now),
        }
    }

    pub(super) const fn peaked(&mut self) {
        self.holds.peaked();
    }

    pub(super) fn dropped(&mut self) {
        self.holds.dropped();
    }

    /// What each source held until `now`, those that held most for longest first.
    pub(super) fn held(&self, now: Instant) -> Vec<Held<Source>> {
        let mut held: Vec<_> = self.holds.held(now).collect();
        held.sort_unstable_by_key(|held| (Reverse(held.entry_ms), held.kind));
        held
    }

    /// How exact that is.
    pub(super) const fn precision(&self) -> Precision {
        self.precision
    }
}

impl Source {
    /// Who opened a connection.
    fn of(conn: &Conn) -> Self {
        match conn.tuple(Direction::Original).source {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

/// `192.0.2.1`, `2001:db8::/64`.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(address) => address.fmt(f),
            Self::V6([a, b, c, d]) => {
                write!(f, "{}/64", Ipv6Addr::new(*a, *b, *c, *d, 0, 0, 0, 0))
            }
        }
    }
}
