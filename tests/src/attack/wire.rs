//! What is on the wire: a packet as the simulation knows it, and the bytes that it is.

use std::net::Ipv4Addr;

use keeptrack_core::TcpFlags;

use crate::generate::packet::{Body, Icmp, Ip, Length, Rest, Sum, Tcp, Udp};

/// Flags of a segment that opens, answers or goes on.
pub(super) const SYN: u8 = TcpFlags::SYN.0;
pub(super) const ACK: u8 = TcpFlags::ACK.0;
pub(super) const FIN: u8 = TcpFlags::FIN.0;
pub(super) const RST: u8 = TcpFlags::RST.0;

/// Who speaks to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) source: Ipv4Addr,
    /// Its port; of a ping the identifier.
    pub(super) source_port: u16,
    pub(super) server: Ipv4Addr,
    pub(super) server_port: u16,
}

/// An end of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Who opens.
    Source,
    /// Who is asked.
    Server,
}

/// What a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carried {
    Tcp(Segment),
    /// A datagram of so many bytes.
    Udp(u16),
    /// A ping, or the answer to one.
    Ping,
}

/// A segment of TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) flags: u8,
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) len: u16,
}

/// A packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) flow: Flow,
    pub(super) by: End,
    pub(super) carried: Carried,
}

impl Segment {
    /// The first of a connection.
    pub(super) const SYN: Self = Self { flags: SYN, seq: 1000, ack: 0, len: 0 };

    /// The sequence number that follows it.
    pub(super) fn end(&self) -> u32 {
        let counted = u32::from(self.flags & (SYN | FIN) != 0);
        self.seq.wrapping_add(u32::from(self.len)).wrapping_add(counted)
    }

    /// What the other end says to it: `flags` and so many bytes.
    pub(super) fn answered(&self, flags: u8, len: u16) -> Self {
        Self { flags, seq: self.ack, ack: self.end(), len }
    }
}

impl Sent {
    /// The IP packet.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let Flow { source, source_port, server, server_port } = self.flow;
        let (from, to, ports) = match self.by {
            End::Source => (source, server, (source_port, server_port)),
            End::Server => (server, source, (server_port, source_port)),
        };
        let sum = Sum::Right;
        let body = match self.carried {
            Carried::Tcp(Segment { flags, seq, ack, len: payload_len }) => {
                let (options, offset, window) = (Vec::new(), None, u16::MAX);
                Body::Tcp(Tcp { ports, flags, seq, ack, window, options, offset, payload_len, sum })
            }
            Carried::Udp(payload_len) => {
                Body::Udp(Udp { protocol: 17, ports, stated_len: None, payload_len, sum })
            }
            Carried::Ping => {
                let kind = if self.by == End::Source { 8 } else { 0 };
                let rest = Rest::Zeros(0);
                Body::Icmp(Icmp { protocol: 1, kind, code: 0, id: source_port, rest, sum })
            }
        };
        let (from, to) = (from.into(), to.into());
        let (extensions, length) = (Vec::new(), Length::True);
        Ip { from, to, hop_limit: 64, extensions, options_len: 0, body, length, part: None }.bytes()
    }
}
