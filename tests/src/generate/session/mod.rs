//! Who speaks: sessions of each protocol, mostly as hosts would, and now and then bent.

mod bend;
mod datagram;
mod error;
mod options;
mod query;
mod sctp;
mod tcp;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::packet::{Body, Ip, Length};
use super::random::Random;

/// One or two hosts that speak a protocol.
pub(super) trait Session {
    /// The next packet, after those of all sessions.
    fn next(&mut self, random: &mut Random, sent: &[Ip]) -> Ip;
}

/// What a sequence is to be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// TCP.
    Tcp,
    /// UDP and UDP-Lite.
    Udp,
    /// Queries of ICMP and ICMPv6.
    Query,
    /// Errors about what other sessions sent.
    Error,
    /// SCTP.
    Sctp,
    /// GRE.
    Gre,
    /// Any other protocol.
    Other,
}

impl Topic {
    /// All of them, by name.
    pub const ALL: [(&str, Self); 7] = [
        ("tcp", Self::Tcp),
        ("udp", Self::Udp),
        ("query", Self::Query),
        ("error", Self::Error),
        ("sctp", Self::Sctp),
        ("gre", Self::Gre),
        ("other", Self::Other),
    ];

    /// A session of it.
    pub(super) fn session(self, random: &mut Random) -> Box<dyn Session> {
        let ends = Ends::drawn(random);
        match self {
            Self::Tcp => Box::new(tcp::TcpSession::new(ends, random)),
            Self::Udp => Box::new(datagram::UdpSession::new(ends, random)),
            Self::Query => Box::new(query::QuerySession::new(ends, random)),
            Self::Error => Box::new(error::ErrorSession),
            Self::Sctp => Box::new(sctp::SctpSession::new(ends, random)),
            Self::Gre => Box::new(datagram::GreSession::new(ends, random)),
            Self::Other => Box::new(datagram::OtherSession::new(ends, random)),
        }
    }
}

/// One of the two sides of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Who opens.
    Client,
    /// Who answers.
    Server,
}

impl Side {
    const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    fn drawn(random: &mut Random) -> Self {
        random.of(&[Self::Client, Self::Server])
    }
}

/// The two ends of a session: of few addresses and few ports, so that sessions meet.
#[derive(Debug, Clone, Copy)]
struct Ends {
    hosts: (IpAddr, IpAddr),
    ports: (u16, u16),
}

impl Ends {
    fn drawn(random: &mut Random) -> Self {
        let client = u8::from(random.one_in(4)) + 1;
        let server = if random.one_in(20) { client } else { 3 };
        let hosts =
            if random.one_in(3) { (v6(client), v6(server)) } else { (v4(client), v4(server)) };
        let ports = (random.of(&[1000, 1000, 1001, 0]), random.of(&[80, 80, 1000]));
        Self { hosts, ports }
    }

    /// A packet from that side.
    fn packet(&self, side: Side, body: Body) -> Ip {
        let (from, to) = of_side(side, self.hosts);
        Ip {
            from,
            to,
            hop_limit: 64,
            extensions: Vec::new(),
            options_len: 0,
            body,
            length: Length::True,
            part: None,
        }
    }

    const fn is_ipv6(&self) -> bool {
        self.hosts.0.is_ipv6()
    }
}

/// A pair as seen from a side: its own first.
const fn of_side<T: Copy>(side: Side, (client, server): (T, T)) -> (T, T) {
    match side {
        Side::Client => (client, server),
        Side::Server => (server, client),
    }
}

const fn v4(host: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, host))
}

fn v6(host: u8) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, host.into()))
}

fn link_local(host: u8) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, host.into()))
}
