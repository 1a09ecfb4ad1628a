//! A connection in the words of `conntrack -L`, for the log: put together on the PC that reads it.

use defmt::{Format, Formatter, write};
use keeptrack_core::{Conn, Direction, Ends, Instant, Status, Tuple, Zone};

/// A connection at a moment.
pub(crate) struct Listed<'c>(pub(crate) &'c Conn, pub(crate) Instant);

impl Format for Listed<'_> {
    fn format(&self, f: Formatter<'_>) {
        let Self(conn, now) = *self;
        let original = conn.tuple(Direction::Original);
        write!(
            f,
            "{=str} {=u8} {=u64} ",
            original.protocol.name(),
            original.protocol.0,
            conn.timeout_left(now),
        );
        if let Some(state) = conn.state_name() {
            write!(f, "{=str} ", state);
        }
        tuple(f, &original);
        if !conn.status().has(Status::SEEN_REPLY) {
            write!(f, " [UNREPLIED]");
        }
        write!(f, " ");
        tuple(f, &conn.tuple(Direction::Reply));
        if conn.status().has(Status::ASSURED) {
            write!(f, " [ASSURED]");
        }
        match conn.zone() {
            Zone::DEFAULT => {}
            Zone(zone) => write!(f, " zone={=u16}", zone),
        }
    }
}

fn tuple(f: Formatter<'_>, tuple: &Tuple) {
    write!(f, "src={} dst={}", tuple.source, tuple.destination);
    match tuple.ends {
        Ends::Ports { source, destination } => {
            write!(f, " sport={=u16} dport={=u16}", source, destination);
        }
        Ends::Query { kind, code, id } => {
            write!(f, " type={=u8} code={=u8} id={=u16}", kind, code, id);
        }
        Ends::Keys { source, destination } => {
            write!(f, " srckey={=u16:#x} dstkey={=u16:#x}", source, destination);
        }
        Ends::None => {}
    }
}
