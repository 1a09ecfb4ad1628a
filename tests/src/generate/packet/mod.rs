//! Packets by their fields: what a sequence is made of, before and after it is made simpler.

mod bytes;
mod simpler;
mod sum;
mod words;

use std::net::IpAddr;

pub use bytes::Length;
pub use sum::Sum;

/// An IP packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ip {
    /// Source, of the family of `to`.
    pub from: IpAddr,
    /// Destination.
    pub to: IpAddr,
    /// TTL or hop limit.
    pub hop_limit: u8,
    /// IPv6 extension headers; whatever they hold, IPv4 has none.
    pub extensions: Vec<Extension>,
    /// Bytes of IPv4 options, a multiple of four.
    pub options_len: u8,
    /// What is carried.
    pub body: Body,
    /// How much of what is carried is there, and what the header says of that.
    pub length: Length,
    /// Which part of what is carried this is; `None`: all of it, and no fragment.
    pub part: Option<Part>,
}

/// A fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Which datagram it is of.
    pub id: u16,
    /// Where it begins, in units of eight bytes.
    pub offset: u16,
    /// How many bytes it holds at most; `None`: all that follow.
    pub len: Option<u16>,
    /// Whether the header says that more follow.
    pub more: More,
}

/// What a fragment says of those behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum More {
    /// More follow.
    Follow,
    /// It is the last.
    Last,
}

/// An IPv6 extension header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension {
    /// Its number: 0, 43, 51, 60, or one that is none.
    pub kind: u8,
    /// Its length field, when it does not tell the truth.
    pub stated_len: Option<u8>,
}

/// What IP carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A TCP segment.
    Tcp(Tcp),
    /// A datagram of UDP or UDP-Lite.
    Udp(Udp),
    /// A message of ICMP or ICMPv6.
    Icmp(Icmp),
    /// An SCTP packet.
    Sctp(Sctp),
    /// A packet of GRE.
    Gre(Gre),
    /// So many bytes of that protocol.
    Other(u8, u16),
}

/// A TCP segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tcp {
    /// Source and destination.
    pub ports: (u16, u16),
    /// The eight flags.
    pub flags: u8,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// Window as on the wire.
    pub window: u16,
    /// Options, a multiple of four bytes and at most 40.
    pub options: Vec<u8>,
    /// The data offset in words, when it does not tell the truth.
    pub offset: Option<u8>,
    /// Bytes of payload, which are zero.
    pub payload_len: u16,
    /// The check sum.
    pub sum: Sum,
}

/// A datagram of UDP or UDP-Lite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Udp {
    /// 17, or 136 for UDP-Lite.
    pub protocol: u8,
    /// Source and destination.
    pub ports: (u16, u16),
    /// The length, or coverage, when it does not tell the truth.
    pub stated_len: Option<u16>,
    /// Bytes of payload, which are zero.
    pub payload_len: u16,
    /// The check sum.
    pub sum: Sum,
}

/// A message of ICMP or ICMPv6.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Icmp {
    /// 1, or 58 for ICMPv6; not always that of the family.
    pub protocol: u8,
    /// Its type.
    pub kind: u8,
    /// Its code.
    pub code: u8,
    /// The identifier of a query; the first half of what else stands there.
    pub id: u16,
    /// What follows the first eight bytes.
    pub rest: Rest,
    /// The check sum.
    pub sum: Sum,
}

/// What follows the first eight bytes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rest {
    /// So many zeros.
    Zeros(u16),
    /// The packet that an error speaks of.
    About(Box<About>),
    /// Two addresses, an option of that type and length, and in it the packet that was redirected.
    Redirect(u8, u8, Box<About>),
}

/// The packet that an error speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The packet as it was sent.
    pub packet: Ip,
    /// How many bytes of it are there.
    pub len: u16,
    /// What its first byte is, when that is not its own.
    pub version: Option<u8>,
}

/// An SCTP packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sctp {
    /// Source and destination.
    pub ports: (u16, u16),
    /// Verification tag.
    pub tag: u32,
    /// Chunks.
    pub chunks: Vec<Chunk>,
    /// The check sum.
    pub sum: Sum,
}

/// A chunk of SCTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its type.
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// The tag that an INIT or an INIT ACK begins with; the first four bytes of any other.
    pub tag: u32,
    /// Bytes behind the four of its header, the tag among them.
    pub value_len: u16,
    /// The length field, when it does not tell the truth.
    pub stated_len: Option<u16>,
}

/// A packet of GRE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gre {
    /// Flags and version.
    pub flags: u16,
    /// What is carried, as an EtherType.
    pub carries: u16,
    /// The call of version 1, and the length before it.
    pub call: u16,
    /// Bytes in all, at least four.
    pub len: u16,
}
