//! UDP and UDP-Lite: a connection is a stream once it is answered and, for UDP, two seconds old.

use super::Track;
use crate::config::Config;
use crate::status::Status;
use crate::time::{Instant, Stamp};
use crate::timeout::Timeout;
use crate::tuple::Protocol;

/// A UDP connection counts as a stream when it is older than this (Linux since 5.0).
const STREAM_AGE_S: u32 = 2;

/// From when on the connection is a stream if it is answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UdpTrack {
    stream_from: Stamp,
}

pub(super) fn first(protocol: Protocol, now: Instant) -> Track {
    // UDP-Lite has no such age: its first answer makes a stream of it.
    let stream_from = match protocol {
        Protocol::UDPLITE => Stamp::ZERO,
        _ => Stamp::from_instant(now.past(STREAM_AGE_S)),
    };
    Track::Udp(UdpTrack { stream_from })
}

/// A connection of unknown age, which is a stream once it is answered: as Linux has one that ctnetlink
/// put into its table.
pub(super) const fn restored() -> Track {
    Track::Udp(UdpTrack { stream_from: Stamp::ZERO })
}

/// The seconds that the connection lives from this packet on.
pub(super) fn packet(track: &UdpTrack, status: &mut Status, now: Instant, config: &Config) -> u32 {
    if !status.has(Status::SEEN_REPLY) || now < track.stream_from.instant() {
        return config.timeouts.seconds(Timeout::Udp);
    }
    *status |= Status::ASSURED;
    config.timeouts.seconds(Timeout::UdpStream)
}
