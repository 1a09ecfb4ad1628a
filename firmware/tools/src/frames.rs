//! Frames to send through a board: what two hosts say to each other, built header by header.

mod churn;
mod odd;
mod scenes;
mod talk;

use std::net::IpAddr;

use etherparse::{
    IpFragOffset, IpHeaders, IpNumber, Ipv4Header, Ipv6Extensions, Ipv6FragmentHeader, Ipv6Header,
    PacketBuilder, PacketBuilderStep, TcpHeader,
};
use keeptrack_core::TcpFlags;

use crate::Side;
use crate::wires::tagged;

pub use churn::Churn;
pub use odd::{LONGEST_PROPER, Odd, SHORTEST_PROPER, is_proper};
pub use scenes::scenes;
pub use talk::{Kind, Talk};

/// A frame, and the port at which it is to come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The board's port.
    pub side: Side,
    /// From the Ethernet header on.
    pub bytes: Vec<u8>,
}

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// Who spoke first.
    Opener,
    /// The other one.
    Answerer,
}

/// A host, and the port from which it speaks.
#[derive(Debug, Clone, Copy)]
pub struct Host {
    /// Behind which port of the board it is.
    pub side: Side,
    /// Its address; the last byte is that of its Ethernet address too.
    pub address: IpAddr,
    /// Its port, or the identifier of its ping.
    pub port: u16,
}

/// Two hosts that speak to each other; both addresses are of one family.
#[derive(Debug, Clone, Copy)]
pub struct Flow {
    /// Who speaks first.
    pub opener: Host,
    /// Whom it speaks to.
    pub answerer: Host,
    /// The VLAN whose tag their frames have.
    pub vlan: Option<u16>,
}

/// Before the IP packet: two addresses and a type.
const ETHERNET_LEN: usize = 14;

/// A TCP segment.
#[derive(Debug, Clone, Copy)]
pub struct Segment {
    /// Its flags.
    pub flags: TcpFlags,
    /// Its sequence number.
    pub seq: u32,
    /// What it acknowledges.
    pub ack: u32,
    /// As many bytes of payload.
    pub payload_len: usize,
}

/// A part of a datagram's body.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Which datagram it is of.
    pub id: u16,
    /// Where it begins, in units of eight bytes.
    pub offset: u16,
    /// Whether others follow.
    pub is_last: bool,
}

impl Host {
    /// Made up, the same on every run, and another for every host of a side.
    fn mac(&self) -> [u8; 6] {
        let side = match self.side {
            Side::Left => 1,
            Side::Right => 2,
        };
        let last = match self.address {
            IpAddr::V4(address) => address.octets()[3],
            IpAddr::V6(address) => address.octets()[15],
        };
        [2, 0, 0, 0, side, last]
    }
}

impl Flow {
    /// A segment, with a right check sum.
    #[must_use]
    pub fn tcp(&self, speaker: Speaker, segment: Segment) -> Frame {
        let (from, to) = self.hosts(speaker);
        let Segment { flags, seq, ack, payload_len } = segment;
        let has = |flag: TcpFlags| flags.0 & flag.0 != 0;
        let header = TcpHeader {
            acknowledgment_number: ack,
            syn: has(TcpFlags::SYN),
            ack: has(TcpFlags::ACK),
            fin: has(TcpFlags::FIN),
            rst: has(TcpFlags::RST),
            psh: has(TcpFlags::PSH),
            ..TcpHeader::new(from.port, to.port, seq, u16::MAX)
        };
        self.frame(speaker, |ip, bytes| {
            ip.tcp_header(header).write_to_vec(bytes, &vec![0x5a; payload_len])
        })
    }

    /// A datagram, with a right check sum.
    #[must_use]
    pub fn udp(&self, speaker: Speaker, payload: &[u8]) -> Frame {
        let (from, to) = self.hosts(speaker);
        self.frame(speaker, |ip, bytes| ip.udp(from.port, to.port).write_to_vec(bytes, payload))
    }

    /// An echo request of the opener, or the answer to it.
    #[must_use]
    pub fn ping(&self, speaker: Speaker, seq: u16) -> Frame {
        let id = self.opener.port;
        let payload = [0x5a; 56];
        self.frame(speaker, |ip, bytes| match (self.is_v4(), speaker) {
            (true, Speaker::Opener) => {
                ip.icmpv4_echo_request(id, seq).write_to_vec(bytes, &payload)
            }
            (true, Speaker::Answerer) => {
                ip.icmpv4_echo_reply(id, seq).write_to_vec(bytes, &payload)
            }
            (false, Speaker::Opener) => {
                ip.icmpv6_echo_request(id, seq).write_to_vec(bytes, &payload)
            }
            (false, Speaker::Answerer) => {
                ip.icmpv6_echo_reply(id, seq).write_to_vec(bytes, &payload)
            }
        })
    }

    /// That a packet of the other one's is too big: fragmentation needed (RFC 1191), or packet too
    /// big (RFC 4443).
    #[must_use]
    pub fn too_big(&self, speaker: Speaker, about: &Frame) -> Frame {
        let packet = about.bytes.get(ETHERNET_LEN..).unwrap_or_default();
        let quoted = packet.get(..packet.len().min(128)).unwrap_or_default();
        let mtu = 1280_u16.to_be_bytes();
        self.frame(speaker, |ip, bytes| {
            if self.is_v4() {
                ip.icmpv4_raw(3, 4, [0, 0, mtu[0], mtu[1]]).write_to_vec(bytes, quoted)
            } else {
                ip.icmpv6_raw(2, 0, [0, 0, mtu[0], mtu[1]]).write_to_vec(bytes, quoted)
            }
        })
    }

    /// A part of a UDP datagram, whose body is `body`: the header and what follows.
    #[must_use]
    pub fn part(&self, speaker: Speaker, part: Part, body: &[u8]) -> Frame {
        let ip = self.ip(speaker, Some(part));
        self.framed(speaker, ip, |ip, bytes| ip.write_to_vec(bytes, IpNumber::UDP, body))
    }

    /// A frame whose type is of nobody: a bridge carries it.
    #[must_use]
    pub fn foreign(&self, speaker: Speaker, ether_type: u16, body: &[u8]) -> Frame {
        let (from, to) = self.hosts(speaker);
        let bytes = [&to.mac()[..], &from.mac(), &ether_type.to_be_bytes(), body].concat();
        Frame { side: from.side, bytes }
    }

    /// Who speaks, and to whom.
    #[must_use]
    pub const fn hosts(&self, speaker: Speaker) -> (Host, Host) {
        match speaker {
            Speaker::Opener => (self.opener, self.answerer),
            Speaker::Answerer => (self.answerer, self.opener),
        }
    }

    const fn is_v4(&self) -> bool {
        self.opener.address.is_ipv4()
    }

    fn frame<E: std::fmt::Debug>(
        &self,
        speaker: Speaker,
        body: impl FnOnce(PacketBuilderStep<IpHeaders>, &mut Vec<u8>) -> Result<(), E>,
    ) -> Frame {
        self.framed(speaker, self.ip(speaker, None), body)
    }

    fn framed<E: std::fmt::Debug>(
        &self,
        speaker: Speaker,
        ip: IpHeaders,
        body: impl FnOnce(PacketBuilderStep<IpHeaders>, &mut Vec<u8>) -> Result<(), E>,
    ) -> Frame {
        let (from, to) = self.hosts(speaker);
        let mut bytes = Vec::new();
        body(PacketBuilder::ethernet2(from.mac(), to.mac()).ip(ip), &mut bytes)
            .expect("what is built here fits its headers");
        let bytes = self.vlan.map_or(bytes.clone(), |vlan| tagged(vlan, &bytes));
        Frame { side: from.side, bytes }
    }

    fn ip(&self, speaker: Speaker, part: Option<Part>) -> IpHeaders {
        let (from, to) = self.hosts(speaker);
        let offset = IpFragOffset::try_new(part.map_or(0, |part| part.offset));
        let offset = offset.expect("an offset has 13 bits");
        let more_fragments = part.is_some_and(|part| !part.is_last);
        match (from.address, to.address) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let header = Ipv4Header {
                    source: source.octets(),
                    destination: destination.octets(),
                    time_to_live: 64,
                    dont_fragment: part.is_none(),
                    identification: part.map_or(0, |part| part.id),
                    fragment_offset: offset,
                    more_fragments,
                    ..Ipv4Header::default()
                };
                IpHeaders::Ipv4(header, Default::default())
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let header = Ipv6Header {
                    source: source.octets(),
                    destination: destination.octets(),
                    hop_limit: 64,
                    ..Ipv6Header::default()
                };
                let fragment = part.map(|Part { id, .. }| {
                    Ipv6FragmentHeader::new(IpNumber::UDP, offset, more_fragments, id.into())
                });
                IpHeaders::Ipv6(header, Ipv6Extensions { fragment, ..Default::default() })
            }
            _ => panic!("{} and {} are of two families", from.address, to.address),
        }
    }
}
