//! Who talks to whom in random stories: conversations that are easily taken for one another.

use std::net::IpAddr;

use keeptrack_core::{Packet, Protocol, Tuple};

use crate::frames::{
    CLIENT, CLIENT6, ROUTER, ROUTER6, SERVER, SERVER6, error, icmp_of, ip, query, read, tcp, udp,
};
use crate::tcp_table::flags;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Tcp,
    Udp,
    UdpLite,
    /// A ping, from the near end to the far one.
    Echo,
    /// Version 0.
    Gre,
    Esp,
}

/// An end of a talk; either may open it, but a ping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Near,
    Far,
}

/// A packet of a talk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    pub(super) talk: usize,
    pub(super) from: End,
    /// The flags, if it is TCP.
    pub(super) letters: &'static str,
}

/// A conversation of two ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Talk {
    pub(super) kind: Kind,
    near: (IpAddr, u16),
    far: (IpAddr, u16),
}

const KINDS: [Kind; 6] = [Kind::Tcp, Kind::Udp, Kind::UdpLite, Kind::Echo, Kind::Gre, Kind::Esp];
const PORTS: (u16, u16) = (1111, 80);

/// How many talks stories choose from. Those of higher numbers are all different.
pub(super) const POOL_LEN: usize = KINDS.len() * 6;

impl Talk {
    /// The talk of that number: each kind, in both families; once more with the ports, or the end
    /// that pings, the other way round; and once more between two ends of one host.
    pub(super) fn of(number: usize) -> Self {
        if let Some(port) = number.checked_sub(POOL_LEN) {
            let port = u16::try_from(port).unwrap();
            return Self { kind: Kind::Udp, near: (ROUTER, port), far: (SERVER, 53) };
        }
        let kind = KINDS[number % KINDS.len()];
        let variant = number / KINDS.len();
        let (near, far) =
            if variant.is_multiple_of(2) { (CLIENT, SERVER) } else { (CLIENT6, SERVER6) };
        let (one, other) = PORTS;
        match (variant / 2, kind) {
            (0, _) => Self { kind, near: (near, one), far: (far, other) },
            (1, Kind::Echo) => Self { kind, near: (far, one), far: (near, other) },
            (1, Kind::Gre | Kind::Esp) => {
                Self { kind, near: (near, one), far: (router_of(far), other) }
            }
            // What has no ports has no ends to tell apart on one host.
            (2, Kind::Gre | Kind::Esp) => {
                Self { kind, near: (router_of(near), one), far: (far, other) }
            }
            (2, _) => Self { kind, near: (near, one), far: (near, other) },
            _ => Self { kind, near: (near, other), far: (far, one) },
        }
    }

    pub(super) fn packet(&self, from: End, letters: &str) -> Packet<'static> {
        read(&self.frame(from, letters))
    }

    /// The tuple of what `from` sends.
    pub(super) fn tuple(&self, from: End) -> Tuple {
        self.packet(from, "-").tuple
    }

    /// What a router says about a packet that `from` has sent.
    pub(super) fn error_about(&self, from: End) -> Packet<'static> {
        let to = match from {
            End::Near => self.near.0,
            End::Far => self.far.0,
        };
        // Unreachable has another number in each family.
        let kind = if to.is_ipv4() { 3 } else { 1 };
        read(&ip(icmp_of(to), router_of(to), to, &error(kind, 0, &self.frame(from, "-"))))
    }

    fn frame(&self, from: End, letters: &str) -> Vec<u8> {
        let (me, other) = match from {
            End::Near => (self.near, self.far),
            End::Far => (self.far, self.near),
        };
        let (protocol, body) = match self.kind {
            Kind::Tcp => (Protocol::TCP, tcp((me.1, other.1), flags(letters), (1, 1))),
            Kind::Udp => (Protocol::UDP, udp(me.1, other.1)),
            Kind::UdpLite => (Protocol::UDPLITE, udp(me.1, other.1)),
            Kind::Echo => (icmp_of(me.0), query(self.echo_type(from), 0, self.near.1)),
            Kind::Gre => (Protocol::GRE, vec![0; 8]),
            Kind::Esp => (Protocol(50), vec![0; 8]),
        };
        ip(protocol, me.0, other.0, &body)
    }

    fn echo_type(&self, from: End) -> u8 {
        match (self.near.0.is_ipv4(), from) {
            (true, End::Near) => 8,
            (true, End::Far) => 0,
            (false, End::Near) => 128,
            (false, End::Far) => 129,
        }
    }
}

const fn router_of(address: IpAddr) -> IpAddr {
    if address.is_ipv4() { ROUTER } else { ROUTER6 }
}
