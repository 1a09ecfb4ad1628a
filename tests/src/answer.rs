//! What a tracker said of a packet, kept so that it can be compared.

use keeptrack_core::{
    Conn, CtState, Direction, Ended, Held, Instant, Invalid, Refusal, State, Status, Tracked,
    Tuple, Why,
};

/// What the filter behind the tracker does with a first packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filter {
    /// It passes: the connection is confirmed.
    Accepts,
    /// It is let go.
    Drops,
}

/// The word for a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    New,
    Established,
    Related,
    Invalid(Invalid),
    Held(Held),
    Untracked,
    Dropped,
    /// NEW, and not taken in.
    Refused(Refusal),
}

/// A connection as it was at that moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) original: Tuple,
    pub(crate) status: Status,
    pub(crate) state: Option<State>,
    pub(crate) expiry: Instant,
}

/// All that the tracker said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    /// The direction within a connection of the table.
    pub(crate) dir: Option<Direction>,
    pub(crate) conn: Option<View>,
    /// The seconds that the packet gave the connection.
    pub(crate) timeout: Option<u32>,
    /// Why the packet ended the connection.
    pub(crate) ended: Option<Why>,
    /// Whose slot a new connection took.
    pub(crate) evicted: Option<(Tuple, Why)>,
}

impl From<&Conn> for View {
    fn from(conn: &Conn) -> Self {
        Self {
            original: conn.tuple(Direction::Original),
            status: conn.status(),
            state: conn.state(),
            expiry: conn.expiry(),
        }
    }
}

impl From<Verdict> for Answer {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, dir: None, conn: None, timeout: None, ended: None, evicted: None }
    }
}

impl Answer {
    /// Hears the tracker out, and does with a first packet what the filter says.
    pub(crate) fn of(tracked: Tracked<'_>, filter: Filter) -> Self {
        match tracked {
            Tracked::First(first) => {
                let timeout = Some(first.timeout());
                let unconfirmed = View::from(first.conn());
                if filter == Filter::Drops {
                    return Self { conn: Some(unconfirmed), timeout, ..Verdict::New.into() };
                }
                match first.confirm() {
                    Ok(made) => Self {
                        conn: Some(made.conn.into()),
                        timeout,
                        evicted: made.evicted.as_ref().map(left),
                        ..Verdict::New.into()
                    },
                    Err(refused) => Verdict::Refused(refused.why).into(),
                }
            }
            Tracked::Known { state, dir, conn, change } => Self {
                verdict: match state {
                    CtState::New => Verdict::New,
                    CtState::Established => Verdict::Established,
                    CtState::Related => Verdict::Related,
                },
                dir: Some(dir),
                conn: Some(conn.into()),
                timeout: change.timeout,
                ended: change.ended,
                evicted: None,
            },
            Tracked::Related { dir, conn } => {
                Self { dir: Some(dir), conn: Some(conn.into()), ..Verdict::Related.into() }
            }
            Tracked::Invalid { why, .. } => Verdict::Invalid(why).into(),
            Tracked::Held(why) => Verdict::Held(why).into(),
            Tracked::Untracked => Verdict::Untracked.into(),
            Tracked::Dropped => Verdict::Dropped.into(),
        }
    }
}

/// Who left the table, and why.
pub(crate) fn left(ended: &Ended) -> (Tuple, Why) {
    (ended.conn.tuple(Direction::Original), ended.why)
}
