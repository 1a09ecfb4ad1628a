//! Connections that were open before this tracker began, as somebody else's table tells them.

use core::fmt;

#[cfg(feature = "acct")]
use crate::acct::{Acct, Counters};
use crate::confirm::{Confirmed, Refused};
use crate::conn::Conn;
use crate::ended::Ended;
use crate::full::{Newcomer, OnFull, OnRefusal};
use crate::helper::{Ftp, Help};
use crate::inside::Inside;
use crate::proto::{self, State};
use crate::stats::add_one;
use crate::status::Status;
use crate::storage::{Memory, SlotId};
use crate::time::Instant;
use crate::timeout::MAX_SECONDS;
use crate::tuple::{Key, Protocol, Tuple, Zone};

/// A connection of somebody else's table, such as a line of `conntrack -L`.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Restored {
    /// The tuple of its first packet; of a query, that which asks.
    pub tuple: Tuple,
    /// The zone that it is in.
    pub zone: Zone,
    /// What was seen of it. CONFIRMED is set in any case.
    pub status: Status,
    /// The state of its protocol; NONE when a connection of TCP or SCTP comes without.
    pub state: Option<State>,
    /// Seconds left to live, of which [`MAX_SECONDS`] count.
    pub timeout_s: u32,
    /// What went in each direction, by [`Direction::index`](crate::Direction::index).
    #[cfg(feature = "acct")]
    pub counters: [Counters; 2],
    /// The moment of its first packet; when it is not known, that at which it is restored.
    #[cfg(feature = "acct")]
    pub start: Option<Instant>,
}

impl Restored {
    /// A connection of the default zone of which nothing but this is known.
    #[must_use]
    pub const fn new(tuple: Tuple, timeout_s: u32) -> Self {
        Self {
            tuple,
            zone: Zone::DEFAULT,
            status: Status::NONE,
            state: None,
            timeout_s,
            #[cfg(feature = "acct")]
            counters: [Counters { packets: 0, bytes: 0 }; 2],
            #[cfg(feature = "acct")]
            start: None,
        }
    }
}

/// Why a connection was not restored.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum RestoreError {
    /// No first packet has such a tuple: addresses of two families or of one that this build does
    /// not hold, ends that are not of its protocol, a query that asks nothing.
    Tuple,
    /// A state of another protocol.
    State,
    /// A connection of that tuple, in one direction or the other, is in the table.
    Exists,
    /// The table did not take it in.
    Refused(Refused),
}

impl RestoreError {
    /// The reason in one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tuple => "tuple",
            Self::State => "state",
            Self::Exists => "exists",
            Self::Refused(refused) => refused.why.name(),
        }
    }
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tuple => "no connection begins with such a tuple",
            Self::State => "the state is that of another protocol",
            Self::Exists => "a connection with this tuple is in the table",
            Self::Refused(refused) => return fmt::Display::fmt(&refused.why, f),
        })
    }
}

impl core::error::Error for RestoreError {}

impl<M: Memory, P: OnFull, H: Help> Inside<M, P, H> {
    pub(crate) fn restore(
        &mut self,
        now: Instant,
        open: &Restored,
    ) -> Result<Confirmed<'_>, RestoreError> {
        let mut evicted = None;
        match self.put_back(now, open, &mut evicted) {
            Ok(slot) => {
                add_one(&mut self.stats.insert);
                Ok(Confirmed { conn: self.table.conn(slot), evicted })
            }
            Err(why) => {
                add_one(&mut self.stats.insert_failed);
                Err(why)
            }
        }
    }

    fn put_back(
        &mut self,
        now: Instant,
        open: &Restored,
        evicted: &mut Option<Ended>,
    ) -> Result<SlotId, RestoreError> {
        let (key, sender) = Key::of(&open.tuple, open.zone).ok_or(RestoreError::Tuple)?;
        // A key keeps nothing but what is of its protocol.
        if key.tuple(sender) != open.tuple {
            return Err(RestoreError::Tuple);
        }
        let track = proto::restored(&open.tuple, open.state)?;
        let hash = self.hash.of(&key);
        if self.find(now, hash, &key).is_some() {
            return Err(RestoreError::Exists);
        }
        let mut conn = Conn::new(key, sender, track, now);
        conn.status = match open.tuple.protocol {
            Protocol::TCP => open.status,
            _ => open.status.without(Status::HELPER),
        };
        conn.set_expiry(now.after(open.timeout_s.min(MAX_SECONDS)));
        #[cfg(feature = "acct")]
        {
            conn.acct = Acct::restored(open.counters, (open.start.unwrap_or(now), now));
        }
        let slot = self
            .place(&Newcomer { conn: &conn, hash, now }, evicted)
            .map_err(|why| RestoreError::Refused(Refused { conn, why, then: OnRefusal::Drop }))?;
        self.begin_listening(slot, hash, Ftp::PICKED_UP);
        Ok(slot)
    }
}
