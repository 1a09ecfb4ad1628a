//! A connection: who speaks to whom, what was seen of it, and when it runs out.

use core::fmt;

use crate::acct::Acct;
use crate::proto::{State, Track};
use crate::status::{CtState, Status};
use crate::time::{Instant, Stamp};
use crate::tuple::{Direction, Key, Side, Tuple, Zone};

/// A connection, as `conntrack -L` lists it.
#[derive(Debug, Clone, Copy)]
pub struct Conn {
    key: Key,
    expiry: Stamp,
    pub(crate) status: Status,
    opened_by: Side,
    pub(crate) track: Track,
    pub(crate) acct: Acct,
}

impl Conn {
    /// What an empty slot holds; all zero.
    pub(crate) const EMPTY: Self = Self {
        key: Key::EMPTY,
        expiry: Stamp::ZERO,
        status: Status::NONE,
        opened_by: Side::First,
        track: Track::Generic,
        acct: Acct::EMPTY,
    };

    /// A connection that begins now.
    pub(crate) const fn new(key: Key, opened_by: Side, track: Track, now: Instant) -> Self {
        let acct = Acct::begun(now);
        Self { key, expiry: Stamp::ZERO, status: Status::NONE, opened_by, track, acct }
    }

    /// The tuple of its packets in that direction.
    #[must_use]
    pub fn tuple(&self, dir: Direction) -> Tuple {
        let other = match self.opened_by {
            Side::First => Side::Second,
            Side::Second => Side::First,
        };
        self.key.tuple(match dir {
            Direction::Original => self.opened_by,
            Direction::Reply => other,
        })
    }

    /// The zone that it is in.
    #[must_use]
    pub const fn zone(&self) -> Zone {
        self.key.zone()
    }

    /// What was seen of it.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Its state; `None` for protocols without states.
    #[must_use]
    pub const fn state(&self) -> Option<State> {
        self.track.state()
    }

    /// The name of its state as conntrack prints it; `None` for protocols without states.
    #[must_use]
    pub fn state_name(&self) -> Option<&'static str> {
        self.state().map(State::name)
    }

    /// When it runs out if no packet comes.
    #[must_use]
    pub const fn expiry(&self) -> Instant {
        self.expiry.instant()
    }

    /// Seconds left to live, rounded down; 0 when it has run out.
    #[must_use]
    pub fn timeout_left(&self, now: Instant) -> u64 {
        self.expiry().since(now) / 1000
    }

    /// The line of `conntrack -L` for this connection, without the fields that are not the
    /// connection's own (`mark=`, `use=`).
    #[must_use]
    pub const fn list(&self, now: Instant) -> Listed<'_> {
        Listed { conn: self, now }
    }

    pub(crate) const fn key(&self) -> &Key {
        &self.key
    }

    pub(crate) fn direction_from(&self, sender: Side) -> Direction {
        if sender == self.opened_by { Direction::Original } else { Direction::Reply }
    }

    /// What a packet in that direction is to a filter rule.
    pub(crate) fn ct_state(&self, dir: Direction) -> CtState {
        // The direction last: nobody can foretell it, and a wrong guess costs more than the rest.
        if self.status.has(Status::SEEN_REPLY) || dir == Direction::Reply {
            CtState::Established
        } else if self.status.has(Status::EXPECTED) {
            CtState::Related
        } else {
            CtState::New
        }
    }

    pub(crate) fn set_expiry(&mut self, expiry: Instant) {
        self.expiry = Stamp::from_instant(expiry);
    }

    pub(crate) fn has_run_out(&self, now: Instant) -> bool {
        self.expiry() <= now
    }
}

/// A connection at a moment, to be printed.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'c> {
    conn: &'c Conn,
    now: Instant,
}

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { conn, now } = *self;
        let protocol = conn.key.protocol();
        write!(f, "{:<8} {} {} ", protocol.name(), protocol.0, conn.timeout_left(now))?;
        if let Some(state) = conn.state_name() {
            write!(f, "{state} ")?;
        }
        write!(f, "{}", conn.tuple(Direction::Original))?;
        if !conn.status.has(Status::SEEN_REPLY) {
            write!(f, " [UNREPLIED]")?;
        }
        write!(f, " {}", conn.tuple(Direction::Reply))?;
        if conn.status.has(Status::ASSURED) {
            write!(f, " [ASSURED]")?;
        }
        match conn.zone() {
            Zone::DEFAULT => Ok(()),
            Zone(zone) => write!(f, " zone={zone}"),
        }
    }
}
