//! A connection: who speaks to whom, what was seen of it, and when it runs out.

use core::fmt;

use crate::acct::Acct;
use crate::bits::Bits;
use crate::proto::{State, Track};
use crate::raw::{Helper, PolicyId};
use crate::status::{CtState, Status};
use crate::time::{Instant, Stamp};
use crate::tuple::{Direction, Key, Protocol, Side, Tuple, Zone};

/// A connection, as `conntrack -L` lists it.
///
/// In this order, so that whatever is long begins with a word: what does not is copied by a call.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Conn {
    /// In parts, as a [`Stamp`] has them: aligned so that processors can write them, which need
    /// that, and without a gap.
    expiry_low: u32,
    expiry_middle: u16,
    expiry_high: u8,
    pub(crate) status: Status,
    pub(crate) track: Track,
    opened_by: Side,
    timeouts: Option<PolicyId>,
    key: Key,
    pub(crate) acct: Acct,
}

impl Conn {
    /// What an empty slot holds; all zero.
    pub(crate) const EMPTY: Self = Self {
        key: Key::EMPTY,
        expiry_low: 0,
        expiry_middle: 0,
        expiry_high: 0,
        status: Status::NONE,
        opened_by: Side::First,
        timeouts: None,
        track: Track::Generic,
        acct: Acct::EMPTY,
    };

    /// A connection that begins now.
    pub(crate) fn new(key: Key, sender: Side, track: Track, now: Instant) -> Self {
        let (opened_by, acct) = (key.opened_by(sender), Acct::begun(now));
        Self { key, opened_by, track, acct, ..Self::EMPTY }
    }

    /// The same, field by field: a microcontroller copies each by a few loads and stores of several
    /// words, but all at once by a call that loops over words.
    #[inline(always)]
    pub(crate) const fn copied(&self) -> Self {
        Self {
            key: self.key,
            expiry_low: self.expiry_low,
            expiry_middle: self.expiry_middle,
            expiry_high: self.expiry_high,
            status: self.status,
            opened_by: self.opened_by,
            timeouts: self.timeouts,
            track: self.track,
            acct: self.acct,
        }
    }

    /// Copies it to where another one was. Not inlined: only then it is known that the two do not
    /// overlap.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) const fn copy_to(&self, place: &mut Self) {
        *place = self.copied();
    }

    /// The tuple of its packets in that direction.
    #[must_use]
    pub fn tuple(&self, dir: Direction) -> Tuple {
        self.key.tuple(match dir {
            Direction::Original => self.opened_by,
            Direction::Reply => self.opened_by.other(),
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
        self.status.shown()
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

    /// What listens to it, by a rule of the raw table.
    #[must_use]
    pub fn helper(&self) -> Option<Helper> {
        self.status.has(Status::HELPER).then_some(Helper::Ftp)
    }

    /// The policy that it lives by; `None` for the configuration.
    #[must_use]
    pub const fn timeouts(&self) -> Option<PolicyId> {
        self.timeouts
    }

    /// When it runs out if no packet comes.
    #[must_use]
    pub const fn expiry(&self) -> Instant {
        Stamp::of_parts(self.expiry_low, self.expiry_middle, self.expiry_high).instant()
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

    pub(crate) const fn set_timeouts(&mut self, timeouts: Option<PolicyId>) {
        self.timeouts = timeouts;
    }

    pub(crate) const fn key(&self) -> &Key {
        &self.key
    }

    /// The address that its first packet came from, and the family of that.
    pub(crate) const fn source(&self) -> (Bits, u8) {
        self.key.address(self.opened_by)
    }

    pub(crate) const fn protocol(&self) -> Protocol {
        self.key.protocol()
    }

    pub(crate) const fn opened_by(&self) -> Side {
        self.opened_by
    }

    pub(crate) fn direction_from(&self, sender: Side) -> Direction {
        // `Both` is no sender's, so that such a connection has no packets but replies.
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
        let parts = Stamp::from_instant(expiry).parts();
        (self.expiry_low, self.expiry_middle, self.expiry_high) = parts;
    }

    /// Whether it is found and counted; a connection that is over is not, wherever it waits.
    pub(crate) const fn is_live(&self) -> bool {
        self.status.has(Status::LIVE)
    }

    pub(crate) fn set_live(&mut self, live: Live) {
        self.status = match live {
            Live::Yes => self.status | Status::LIVE,
            Live::No => self.status.without(Status::LIVE),
        };
    }

    pub(crate) fn has_run_out(&self, now: Instant) -> bool {
        self.expiry() <= now
    }
}

/// Whether a connection is in the table, to be found and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Live {
    Yes,
    No,
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
            Zone::DEFAULT => {}
            Zone(zone) => write!(f, " zone={zone}")?,
        }
        conn.helper().map_or(Ok(()), |helper| write!(f, " helper={}", helper.name()))
    }
}
