//! What the tracker answers: of a packet, and when asked who has run out.

use crate::confirm::Unconfirmed;
use crate::conn::Conn;
use crate::ended::{Ended, Why};
use crate::fragment::Held;
use crate::helper::HelperDrop;
use crate::invalid::Invalid;
use crate::proto::State;
use crate::rank::Rank;
use crate::status::{CtState, Status};
use crate::tuple::Direction;

/// What the tracker says of a packet.
#[must_use]
#[derive(Debug)]
pub enum Tracked<'t> {
    /// It may begin a connection: NEW, or RELATED if another connection has announced this one. The
    /// connection is in no table before it is confirmed.
    First(Unconfirmed<'t>),
    /// It is of a connection in the table.
    Known {
        /// NEW again while nobody answered, ESTABLISHED, or RELATED for an expected connection.
        state: CtState,
        /// Its direction.
        dir: Direction,
        /// The connection, as the packet left it.
        conn: &'t Conn,
        /// What the packet changed.
        change: Change,
    },
    /// It is an ICMP error about a packet of a connection in the table, which it leaves as it is.
    Related {
        /// The direction in which the error goes: against the packet that it speaks of.
        dir: Direction,
        /// The connection.
        conn: &'t Conn,
    },
    /// It is INVALID, and passes unless a filter rule drops it.
    Invalid {
        /// Why.
        why: Invalid,
        /// The seconds that its connection lives at the most, where that is fewer than before: both
        /// ends of it seem to have gone on unseen.
        shortened: Option<u32>,
    },
    /// It is a part of a datagram that goes no further: it waits for the others, or is refused.
    Held(Held),
    /// It is UNTRACKED.
    Untracked,
    /// A rule of the raw table drops it.
    Dropped,
}

/// What a packet changed about its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Change {
    /// The seconds that the connection lives from now on; `None` when it lives no longer for it.
    pub timeout: Option<u32>,
    /// Status bits that the packet set.
    pub status: Status,
    /// The state that the connection was in, if it is in another one now.
    pub left: Option<State>,
    /// Why the connection is over, if it is.
    pub ended: Option<Why>,
    /// Why the packet is to be dropped although all this stands, if it is.
    pub dropped: Option<HelperDrop>,
}

impl Change {
    /// Nothing changed.
    pub(crate) const NONE: Self =
        Self { timeout: None, status: Status::NONE, left: None, ended: None, dropped: None };

    /// Whether it is what a connection of that rank waits for: whoever may send a packet may end
    /// one, and tells nothing of how long answers take.
    pub(crate) fn is_answer_to(&self, rank: Rank) -> bool {
        match rank {
            Rank::Unreplied => self.status.has(Status::SEEN_REPLY),
            Rank::Unassured => self.status.has(Status::ASSURED),
            Rank::Finished | Rank::LastAck | Rank::CloseWait | Rank::FinWait => false,
        }
    }

    /// Whether the connection's state or status is another one.
    pub(crate) fn is_of_state(&self) -> bool {
        self.left.is_some() || self.status != Status::NONE
    }
}

/// The answer of [`Conntrack::expire`](crate::Conntrack::expire).
#[must_use]
#[derive(Debug)]
pub enum Step {
    /// This connection has left the table.
    Ended(Ended),
    /// There is more to do; call again.
    Working,
    /// Nothing more has run out.
    Idle,
}
