//! What a connection is for, as far as its first packet tells.

use std::fmt;

use keeptrack_core::{Conn, Direction, Ends, Protocol};

/// Where Linux begins to choose ports for callers.
pub(crate) const FIRST_EPHEMERAL: u16 = 32_768;

/// What a connection is for, as far as its first packet tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Service {
    protocol: u8,
    /// The port that was called, or the ICMP type.
    called: u16,
    /// The host talks to itself.
    pub(crate) is_loopback: bool,
}

impl Service {
    /// That of a connection.
    pub(crate) fn of(conn: &Conn) -> Self {
        let tuple = conn.tuple(Direction::Original);
        let called = match tuple.ends {
            // Seen from the wrong side, by an answer: the caller's port is none that is called.
            Ends::Ports { source, destination }
                if destination >= FIRST_EPHEMERAL && source < FIRST_EPHEMERAL =>
            {
                source
            }
            Ends::Ports { destination, .. } => destination,
            Ends::Query { kind, .. } => kind.into(),
            Ends::Keys { .. } | Ends::None => 0,
        };
        let is_loopback = tuple.destination.is_loopback() || tuple.source == tuple.destination;
        Self { protocol: tuple.protocol.0, called, is_loopback }
    }

    /// The port that was called, or the ICMP type; 0 without either.
    pub(crate) const fn called(self) -> u16 {
        self.called
    }
}

/// `tcp 25`, `udp 53 loopback`, `icmp echo`, `gre`, `protocol 50`.
impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = Protocol(self.protocol);
        match (protocol, self.called) {
            (Protocol::ICMP, 8) | (Protocol::ICMPV6, 128) => write!(f, "{} echo", protocol.name())?,
            (Protocol::ICMP | Protocol::ICMPV6, kind) => {
                write!(f, "{} type {kind}", protocol.name())?;
            }
            (Protocol::TCP | Protocol::UDP | Protocol::SCTP | Protocol::UDPLITE, port) => {
                write!(f, "{} {port}", protocol.name())?;
            }
            (Protocol::GRE, _) => f.write_str(protocol.name())?,
            (protocol, _) => write!(f, "protocol {}", protocol.0)?,
        }
        f.write_str(if self.is_loopback { " loopback" } else { "" })
    }
}
