//! Who may leave a full table before whom: the rank of a connection, and whose slots are reserved.

use core::num::NonZeroU8;

use crate::conn::Conn;
use crate::proto::{SctpState, State, TcpState};
use crate::status::Status;

/// How dispensable a connection is, the most dispensable first.
///
/// A connection that is ASSURED and not closing has no rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Rank {
    /// Closed from both sides, or reset: TIME_WAIT, CLOSE; CLOSED, if it was answered before.
    Finished,
    /// Both sides have said that they are done: LAST_ACK, SHUTDOWN_ACK_SENT.
    LastAck,
    /// One side is done, and the other knows: CLOSE_WAIT.
    CloseWait,
    /// One side is done: FIN_WAIT, SHUTDOWN_SENT, SHUTDOWN_RECD.
    FinWait,
    /// Nobody has answered.
    Unreplied,
    /// Answered, but not yet worth keeping: not ASSURED.
    Unassured,
}

impl Rank {
    /// All of them, the most dispensable first.
    pub const ALL: [Self; 6] = [
        Self::Finished,
        Self::LastAck,
        Self::CloseWait,
        Self::FinWait,
        Self::Unreplied,
        Self::Unassured,
    ];

    /// The rank of a connection as it is; `None` for one that is ASSURED and open.
    #[must_use]
    pub fn of(conn: &Conn) -> Option<Self> {
        let closing = match conn.state() {
            Some(State::Tcp(state)) => Self::of_tcp(state),
            // In CLOSED an association also begins.
            Some(State::Sctp(SctpState::Closed)) if !conn.status.has(Status::SEEN_REPLY) => None,
            Some(State::Sctp(state)) => Self::of_sctp(state),
            None => None,
        };
        closing.or_else(|| {
            if !conn.status.has(Status::SEEN_REPLY) {
                Some(Self::Unreplied)
            } else if !conn.status.has(Status::ASSURED) {
                Some(Self::Unassured)
            } else {
                None
            }
        })
    }

    /// The rank in one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::LastAck => "last_ack",
            Self::CloseWait => "close_wait",
            Self::FinWait => "fin_wait",
            Self::Unreplied => "unreplied",
            Self::Unassured => "unassured",
        }
    }

    const fn of_tcp(state: TcpState) -> Option<Self> {
        match state {
            TcpState::TimeWait | TcpState::Close => Some(Self::Finished),
            TcpState::LastAck => Some(Self::LastAck),
            TcpState::CloseWait => Some(Self::CloseWait),
            TcpState::FinWait => Some(Self::FinWait),
            _ => None,
        }
    }

    const fn of_sctp(state: SctpState) -> Option<Self> {
        match state {
            SctpState::Closed => Some(Self::Finished),
            SctpState::ShutdownAckSent => Some(Self::LastAck),
            SctpState::ShutdownSent | SctpState::ShutdownRecd => Some(Self::FinWait),
            _ => None,
        }
    }
}

/// A class of connections for which slots can be [reserved](crate::Conntrack::reserve); rules say
/// who is of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Class(NonZeroU8);

impl Class {
    /// How many there are.
    pub const MAX_COUNT: usize = 3;

    /// The class in that place, counted from 0; `None` past [`Class::MAX_COUNT`] of them.
    #[must_use]
    pub fn at(index: usize) -> Option<Self> {
        let number = u8::try_from(index.checked_add(1)?).ok()?;
        NonZeroU8::new(number).filter(|_| index < Self::MAX_COUNT).map(Self)
    }

    /// Its place, counted from 0.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0.get()).wrapping_sub(1)
    }

    pub(crate) const fn number(self) -> u8 {
        self.0.get()
    }

    pub(crate) fn of_number(number: u8) -> Option<Self> {
        NonZeroU8::new(number).map(Self)
    }
}

/// Whose slots: 0 those of everybody, then those of each class.
pub(crate) const SHARES: usize = Class::MAX_COUNT + 1;

/// How many lists the ranks are: of each share its own.
pub(crate) const RANK_LISTS: usize = Rank::ALL.len() * SHARES;

/// The list of a rank among the slots of a class, or those of everybody.
pub(crate) fn list_of(rank: Rank, class: Option<Class>) -> usize {
    let share = class.map_or(0, |class| usize::from(class.number()));
    share.wrapping_mul(Rank::ALL.len()).wrapping_add(rank as usize)
}

/// How many slots everybody and each class may take, and has taken.
#[derive(Debug, Clone)]
pub(crate) struct Shares([Share; SHARES]);

#[derive(Debug, Clone, Copy, Default)]
struct Share {
    slot_count: usize,
    live_count: usize,
}

impl Shares {
    /// All slots are everybody's.
    pub(crate) fn new(slot_count: usize) -> Self {
        let mut shares = [Share::default(); SHARES];
        if let Some(all) = shares.first_mut() {
            all.slot_count = slot_count;
        }
        Self(shares)
    }

    /// Sets slots of everybody's aside for `class`, in addition to what it has; whether there are
    /// as many and one is left for everybody.
    pub(crate) fn reserve(&mut self, class: Class, slot_count: usize) -> bool {
        let [all, of_classes @ ..] = &mut self.0;
        let Some(share) = of_classes.get_mut(class.index()) else { return false };
        if slot_count >= all.slot_count {
            return false;
        }
        all.slot_count = all.slot_count.wrapping_sub(slot_count);
        share.slot_count = share.slot_count.wrapping_add(slot_count);
        true
    }

    /// The same reserves of so many slots, none taken; `None` when nothing would be left for
    /// everybody, or less than is taken now.
    pub(crate) fn of(&self, slot_count: usize) -> Option<Self> {
        let mut shares = Self::new(slot_count);
        for index in 0..Class::MAX_COUNT {
            let class = Class::at(index)?;
            let reserved = self.0.get(usize::from(class.number()))?.slot_count;
            if reserved > 0 && !shares.reserve(class, reserved) {
                return None;
            }
        }
        let mut taken = self.0.iter().zip(&shares.0);
        let fits = taken.all(|(now, then)| now.live_count <= then.slot_count);
        fits.then_some(shares)
    }

    /// Whose slot a newcomer of `class` would take: one of its class first, then one of
    /// everybody's; `None` when both have none.
    pub(crate) fn room_for(&self, class: Option<Class>) -> Option<Option<Class>> {
        let own = class.filter(|_| self.has_room(class));
        match own {
            Some(class) => Some(Some(class)),
            None => self.has_room(None).then_some(None),
        }
    }

    pub(crate) fn enter(&mut self, class: Option<Class>) {
        if let Some(share) = self.share_mut(class) {
            share.live_count = share.live_count.wrapping_add(1);
        }
    }

    pub(crate) fn leave(&mut self, class: Option<Class>) {
        if let Some(share) = self.share_mut(class) {
            share.live_count = share.live_count.wrapping_sub(1);
        }
    }

    fn has_room(&self, class: Option<Class>) -> bool {
        let number = class.map_or(0, Class::number);
        self.0.get(usize::from(number)).is_some_and(|share| share.live_count < share.slot_count)
    }

    fn share_mut(&mut self, class: Option<Class>) -> Option<&mut Share> {
        self.0.get_mut(usize::from(class.map_or(0, Class::number)))
    }
}
