//! The filter's say between tracking and the table: the same at the gateway and in a replay.

use keeptrack_core::{
    Conn, CtState, Direction, Ends, Packet, ParseError, Protocol, Tracked, Tuple,
};

use crate::action::Standing;
use crate::counts::Reason;
use crate::port::Side;
use crate::rules::{FilterVerdict, Rules};

/// Whether a frame that cannot be read as a packet does not even claim to be IP: it passes, as
/// through a wire, the negotiations of PPPoE among it. What claims to be IP is dropped, as an IP
/// layer would.
#[must_use]
pub const fn is_no_ip(why: ParseError) -> bool {
    matches!(
        why,
        ParseError::NotIp(_)
            | ParseError::Llc(_)
            | ParseError::PppProtocol(_)
            | ParseError::NoPacket
    )
}

/// What `packet`, which came in at `side`, is by what tracking says of it; and whether it may go on.
///
/// # Errors
/// Why it may not.
pub fn judge(
    filter: &Rules<'_>,
    side: Side,
    packet: &Packet<'_>,
    tracked: &Tracked<'_>,
) -> Result<Standing, (Standing, Reason)> {
    let (standing, conn) = match tracked {
        Tracked::First(first) => {
            (Standing::Tracked(first.state()), Some((first.conn(), Direction::Original)))
        }
        Tracked::Known { state, dir, conn, .. } => (Standing::Tracked(*state), Some((*conn, *dir))),
        Tracked::Related { .. } => (Standing::Tracked(CtState::Related), None),
        Tracked::Invalid { .. } => (Standing::Invalid, None),
        Tracked::Untracked => (Standing::Untracked, None),
        Tracked::Held(_) => return Err((Standing::Unasked, Reason::Held)),
        Tracked::Dropped => return Err((Standing::Unasked, Reason::Rule)),
    };
    match verdict(filter, (packet, side), standing, conn) {
        FilterVerdict::Accept => Ok(standing),
        FilterVerdict::Drop => Err((standing, Reason::Filter)),
    }
}

/// What the filter says. A part of a datagram is shown to it with the ports of its connection.
fn verdict(
    filter: &Rules<'_>,
    (packet, side): (&Packet<'_>, Side),
    standing: Standing,
    conn: Option<(&Conn, Direction)>,
) -> FilterVerdict {
    match (packet.fragment, conn) {
        (Some(_), Some((conn, dir))) => {
            // The addresses are its own.
            let Tuple { protocol, ends, .. } = conn.tuple(dir);
            filter.filter(&whole(packet, protocol, ends), standing, side)
        }
        _ => filter.filter(packet, standing, side),
    }
}

/// The packet with that protocol and those ports. Not in line: then it is copied as a whole, not in
/// pieces.
#[inline(never)]
fn whole<'p>(packet: &Packet<'p>, protocol: Protocol, ends: Ends) -> Packet<'p> {
    let mut whole = *packet;
    (whole.tuple.protocol, whole.tuple.ends) = (protocol, ends);
    whole
}
