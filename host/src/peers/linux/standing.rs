//! What a connection is worth to Linux when the table is full, and who knows the connections.

use keeptrack_core::{Conn, Instant, SctpState, State, Status, TcpState, Unconfirmed};

use super::buckets::Id;
use crate::replay::Tracker;

/// What a connection is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worth {
    /// Not ASSURED: it may go for any newcomer.
    Unassured,
    /// ASSURED, but its protocol says that it is closing: the collector may take it.
    Closing,
    /// ASSURED and open: it stays.
    Open,
}

/// What there is to know of a live connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub(super) worth: Worth,
    pub(super) expiry: Instant,
}

/// Whoever knows the connections that live, and can take one out.
pub(super) trait Living {
    /// A connection; `None` when it lives no more.
    fn standing(&self, id: &Id) -> Option<Standing>;

    /// Takes a connection out.
    fn drop_early(&mut self, id: &Id);
}

impl Living for Unconfirmed<'_> {
    fn standing(&self, (tuple, zone): &Id) -> Option<Standing> {
        self.find(tuple, *zone).map(Standing::of)
    }

    fn drop_early(&mut self, (tuple, zone): &Id) {
        Unconfirmed::drop_early(self, tuple, *zone);
    }
}

/// A table at a moment.
pub(super) struct Now<'t>(pub(super) Instant, pub(super) &'t mut Tracker);

impl Living for Now<'_> {
    fn standing(&self, (tuple, zone): &Id) -> Option<Standing> {
        self.1.find(tuple, *zone).map(Standing::of)
    }

    fn drop_early(&mut self, (tuple, zone): &Id) {
        self.1.drop_early(self.0, tuple, *zone);
    }
}

impl Standing {
    fn of(conn: &Conn) -> Self {
        Self { worth: Worth::of(conn), expiry: conn.expiry() }
    }
}

impl Worth {
    fn of(conn: &Conn) -> Self {
        match conn.status().has(Status::ASSURED) {
            false => Self::Unassured,
            true if conn.state().is_some_and(is_closing) => Self::Closing,
            true => Self::Open,
        }
    }
}

const fn is_closing(state: State) -> bool {
    use {SctpState as S, TcpState as T};
    match state {
        State::Tcp(state) => {
            matches!(state, T::FinWait | T::CloseWait | T::LastAck | T::TimeWait | T::Close)
        }
        State::Sctp(state) => {
            matches!(state, S::ShutdownSent | S::ShutdownRecd | S::ShutdownAckSent)
        }
        _ => false,
    }
}
