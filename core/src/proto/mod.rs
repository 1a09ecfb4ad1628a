//! What each protocol makes of a packet: the only place that tells protocols apart.

mod icmp;
mod tcp;
mod udp;

pub use tcp::TcpState;

use crate::config::Config;
use crate::invalid::Invalid;
use crate::packet::{Packet, Transport};
use crate::status::Status;
use crate::time::Instant;
use crate::timeout::Timeout;
use crate::tuple::Direction;

/// What a protocol remembers of a connection.
///
/// The representation is fixed so that an empty slot, which holds the first variant, is all zero.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(crate) enum Track {
    /// Nothing.
    Generic,
    Icmp,
    Udp(udp::UdpTrack),
    Tcp(tcp::TcpTrack),
}

/// What became of a packet of a connection in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Accepted; the connection lives for so many seconds from now on.
    Refresh(u32),
    /// Accepted; the connection lives no longer for it.
    Keep,
    /// Accepted, and the connection is over.
    End,
    /// The connection is over, and the packet may begin a new one.
    Reopen,
    /// Not accepted; nothing changed.
    Invalid(Invalid),
}

/// What a first packet leaves behind, and the seconds that its connection lives; or why it cannot
/// begin one.
pub(crate) fn first(
    packet: &Packet<'_>,
    now: Instant,
    config: &Config,
) -> Result<(Track, u32), Invalid> {
    match &packet.transport {
        Transport::Tcp(segment) => tcp::first(segment, config),
        Transport::Udp => Ok(udp::first(packet.tuple.protocol, now, config)),
        Transport::Query => icmp::first(&packet.tuple, config),
        Transport::Malformed(why) => Err(Invalid::Malformed(*why)),
        Transport::Error(_) | Transport::Neighbour | Transport::Other => {
            Ok((Track::Generic, config.timeouts.seconds(Timeout::Generic)))
        }
    }
}

/// What a packet changes about its connection, and what becomes of it.
///
/// `status` is as it was before the packet: whoever calls sets SEEN_REPLY afterwards, so that the
/// first answer is still judged as one to an unanswered connection, as in Linux. ASSURED is set
/// here.
pub(crate) fn packet(
    track: &mut Track,
    status: &mut Status,
    dir: Direction,
    (packet, now): (&Packet<'_>, Instant),
    config: &Config,
) -> Outcome {
    match (track, &packet.transport) {
        (Track::Tcp(track), Transport::Tcp(segment)) => {
            tcp::packet(track, status, dir, segment, config)
        }
        (Track::Udp(track), _) => Outcome::Refresh(udp::packet(track, status, now, config)),
        (Track::Icmp, _) => Outcome::Refresh(icmp::seconds(packet.tuple.protocol, config)),
        _ => Outcome::Refresh(config.timeouts.seconds(Timeout::Generic)),
    }
}
