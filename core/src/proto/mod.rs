//! What each protocol makes of a packet: the only place that tells protocols apart.

mod gre;
mod icmp;
mod sctp;
mod state;
mod tcp;
mod udp;

use sctp::Said;
pub use sctp::SctpState;
pub use state::State;
pub use tcp::TcpState;

use crate::config::Config;
use crate::invalid::Invalid;
use crate::packet::{Packet, Transport};
use crate::restore::RestoreError;
use crate::status::Status;
use crate::time::Instant;
use crate::timeout::Timeout;
use crate::tuple::{Direction, Protocol, Tuple};

/// What a protocol remembers of a connection.
///
/// The representation is fixed so that an empty slot, which holds the first variant, is all zero.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(crate) enum Track {
    /// Nothing.
    Generic,
    Icmp,
    Gre,
    Udp(udp::UdpTrack),
    Sctp(sctp::SctpTrack),
    Tcp(tcp::TcpTrack),
}

impl Track {
    pub(crate) const fn state(&self) -> Option<State> {
        match self {
            Self::Tcp(track) => Some(State::Tcp(track.state())),
            Self::Sctp(track) => Some(State::Sctp(track.state())),
            _ => None,
        }
    }
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
    /// Not accepted; the connection lives as long as before.
    Invalid(Invalid),
    /// Not accepted; and the connection, if it has two minutes left, lives for so many seconds at
    /// the most.
    Doubt(Invalid, u32),
}

/// What a first packet leaves behind in `track`, and the seconds that its connection lives; or why
/// it cannot begin one.
pub(crate) fn first(
    (packet, now): (&Packet<'_>, Instant),
    config: &Config,
    track: &mut Track,
) -> Result<u32, Invalid> {
    match &packet.transport {
        Transport::Tcp(segment) => return tcp::first(segment, config, track),
        Transport::Udp => *track = udp::first(packet.tuple.protocol, now),
        Transport::Sctp(sctp) => return sctp::first(&Said::of(packet, sctp), config, track),
        Transport::Gre => *track = Track::Gre,
        Transport::Query => *track = icmp::first(&packet.tuple)?,
        Transport::Malformed(why) => return Err(Invalid::Malformed(*why)),
        Transport::Error(_) | Transport::Neighbour | Transport::Continued | Transport::Other => {
            *track = Track::Generic;
        }
    }
    let [seconds, ..] = seconds(track, packet.tuple.protocol, config);
    Ok(seconds)
}

/// What there is to know of a connection that somebody else has tracked up to `state`.
pub(crate) fn restored(tuple: &Tuple, state: Option<State>) -> Result<Track, RestoreError> {
    match (tuple.protocol, state) {
        (Protocol::TCP, None) => Ok(tcp::restored(TcpState::None)),
        (Protocol::TCP, Some(State::Tcp(state))) => Ok(tcp::restored(state)),
        (Protocol::SCTP, None) => Ok(sctp::restored(SctpState::None)),
        (Protocol::SCTP, Some(State::Sctp(state))) => Ok(sctp::restored(state)),
        (_, Some(_)) => Err(RestoreError::State),
        (Protocol::UDP | Protocol::UDPLITE, None) => Ok(udp::restored()),
        (Protocol::ICMP | Protocol::ICMPV6, None) if icmp::asks(tuple) => Ok(Track::Icmp),
        (Protocol::ICMP | Protocol::ICMPV6, None) => Err(RestoreError::Tuple),
        (Protocol::GRE, None) => Ok(Track::Gre),
        (_, None) => Ok(Track::Generic),
    }
}

/// The seconds that a connection may have been given when it was last renewed.
pub(crate) fn seconds(track: &Track, protocol: Protocol, config: &Config) -> [u32; 4] {
    let timeouts = &config.timeouts;
    match track {
        Track::Generic => [timeouts.generic; 4],
        Track::Icmp => [icmp::seconds(protocol, config); 4],
        Track::Gre => [timeouts.gre, timeouts.gre, timeouts.gre_stream, timeouts.gre_stream],
        Track::Udp(_) => [timeouts.udp, timeouts.udp, timeouts.udp_stream, timeouts.udp_stream],
        Track::Sctp(track) => [timeouts.seconds(track.state().timeout()); 4],
        Track::Tcp(track) => track.all_seconds(timeouts),
    }
}

/// What a packet changes about its connection, and what becomes of it.
///
/// `status` is as it was before the packet: whoever calls sets SEEN_REPLY afterwards, so that the
/// first answer is still judged as one to an unanswered connection, as in Linux. ASSURED is set
/// here.
#[inline]
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
        (Track::Sctp(track), Transport::Sctp(sctp)) => {
            sctp::packet(track, status, dir, &Said::of(packet, sctp), config)
        }
        (Track::Gre, _) => Outcome::Refresh(gre::packet(status, config)),
        (Track::Udp(track), _) => Outcome::Refresh(udp::packet(track, status, now, config)),
        (Track::Icmp, _) => Outcome::Refresh(icmp::seconds(packet.tuple.protocol, config)),
        _ => Outcome::Refresh(config.timeouts.seconds(Timeout::Generic)),
    }
}
