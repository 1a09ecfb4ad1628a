//! The attackers: what each of them opens connections with, and what it says to an answer.

use std::fmt;
use std::net::Ipv4Addr;

use super::clients::Service;
use super::server::SERVER;
use super::wire::{ACK, Carried, End, FIN, Flow, RST, SYN, Segment, Sent};
use crate::generate::Random;

/// The one source of an attack that has only one.
const ONE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 66);
/// Where nobody answers, as behind a backlog that is full.
const DEAF: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);

/// An attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attack {
    /// SYNs of random sources, which nobody answers.
    SynRandom,
    /// SYNs of one source, which nobody answers.
    SynOne,
    /// Datagrams of one source to random addresses, where nobody answers.
    UdpScan,
    /// Pings of random sources, all of them answered.
    Pings,
    /// SYNs of random sources that the server answers, and nobody completes.
    HalfOpen,
    /// Connections that are opened and reset or closed at once, of a source each.
    Teardown,
    /// Connections that are opened and say nothing more, of a source each.
    HoardMany,
    /// Connections that are opened and say nothing more, all of one source.
    HoardOne,
}

impl Attack {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::SynRandom,
        Self::SynOne,
        Self::UdpScan,
        Self::Pings,
        Self::HalfOpen,
        Self::Teardown,
        Self::HoardMany,
        Self::HoardOne,
    ];

    /// How many packets the attacker sends for two connections, if they come through.
    pub(super) const fn packets_of_two(self) -> u64 {
        match self {
            Self::SynRandom | Self::SynOne | Self::UdpScan | Self::Pings | Self::HalfOpen => 2,
            Self::HoardMany | Self::HoardOne => 4,
            // One is closed, by four, and one reset, by three.
            Self::Teardown => 7,
        }
    }

    /// The first packet of the connection of that number.
    pub(super) fn open(self, number: u64, random: &mut Random) -> Sent {
        let source = match self {
            Self::SynOne | Self::UdpScan | Self::HoardOne => ONE,
            Self::SynRandom | Self::Pings | Self::HalfOpen => spoofed(random),
            Self::Teardown | Self::HoardMany => bot(number),
        };
        let [low, high, ..] = number.to_le_bytes();
        let source_port = u16::from_le_bytes([low, high]);
        let server = match self {
            Self::SynRandom | Self::SynOne => DEAF,
            Self::UdpScan => deaf(random),
            _ => SERVER,
        };
        let (server_port, carried) = match self {
            Self::UdpScan => (Service::Names.port(), Carried::Udp(40)),
            Self::Pings => (0, Carried::Ping),
            _ => (Service::Web.port(), Carried::Tcp(Segment::SYN)),
        };
        let flow = Flow { source, source_port, server, server_port };
        Sent { flow, by: End::Source, carried }
    }

    /// What the sources say to an answer. Those that are spoofed never hear it.
    pub(super) fn hear(self, heard: &Sent) -> Vec<Sent> {
        let Carried::Tcp(segment) = heard.carried else { return Vec::new() };
        let flags: &[u8] = match (self, segment.flags) {
            (Self::HoardMany | Self::HoardOne, flags) if flags & SYN != 0 => &[ACK],
            (Self::Teardown, flags) if flags & FIN != 0 => &[ACK],
            (Self::Teardown, flags) if flags & SYN != 0 => {
                let is_reset = heard.flow.source_port.is_multiple_of(2);
                if is_reset { &[ACK, RST] } else { &[ACK, FIN | ACK] }
            }
            _ => &[],
        };
        let say = |&flags| {
            let carried = Carried::Tcp(segment.answered(flags, 0));
            Sent { flow: heard.flow, by: End::Source, carried }
        };
        flags.iter().map(say).collect()
    }
}

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::SynRandom => "SYN, random sources",
            Self::SynOne => "SYN, one source",
            Self::UdpScan => "UDP scan, one source",
            Self::Pings => "pings, random sources",
            Self::HalfOpen => "half-open, spoofed",
            Self::Teardown => "teardown, many sources",
            Self::HoardMany => "hoarding, many sources",
            Self::HoardOne => "hoarding, one source",
        })
    }
}

/// Any address that no host of the simulation has.
fn spoofed(random: &mut Random) -> Ipv4Addr {
    let [_, b, c, d] = random.word().to_be_bytes();
    Ipv4Addr::new(64 + random.byte() % 64, b, c, d)
}

/// The address of one of a million hosts that the attacker has.
fn bot(number: u64) -> Ipv4Addr {
    let [low, middle, high, ..] = number.to_le_bytes();
    Ipv4Addr::new(172, 16 + high % 16, middle, low)
}

fn deaf(random: &mut Random) -> Ipv4Addr {
    let [.., c, d] = random.word().to_be_bytes();
    Ipv4Addr::new(198, 18, c, d)
}
