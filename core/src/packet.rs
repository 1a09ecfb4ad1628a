//! What tracking reads of a packet, and where on its way through a host the packet was seen.

use core::fmt;

use crate::tuple::{Protocol, Tuple};

/// What tracking reads of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Where it was seen. [`Packet::parse`] leaves [`Seen::ARRIVES`]; see [`Packet::seen`].
    pub seen: Seen<'a>,
    /// Who speaks to whom, as this packet says it: the outer header's, for an ICMP error.
    pub tuple: Tuple,
    /// What the header above IP says.
    pub transport: Transport,
    /// Length of the IP packet, header included, as its own length field says; what the capture kept
    /// of it, where segmentation offload left that field 0.
    pub len: u32,
    /// From the header above IP to the end of the packet, as far as the capture kept it. Of a part
    /// of a datagram: from the header on that the datagram begins with, or goes on from another
    /// part. Empty where nothing of it can be read.
    pub segment: &'a [u8],
    /// How long that is by the packet's own length field, whatever the capture kept of it.
    pub segment_len: u32,
    /// What its IP header says of the datagram that it is a part of, if it is a fragment.
    pub fragment: Option<Fragment>,
}

impl<'a> Packet<'a> {
    /// The same packet, seen there.
    #[must_use]
    pub const fn seen(mut self, seen: Seen<'a>) -> Self {
        self.seen = seen;
        self
    }
}

/// What the header of a fragment says of its datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Fragment {
    /// What all parts of the datagram bear; 16 bits in IPv4.
    pub id: u32,
    /// Where in the datagram it begins, in bytes: a multiple of 8.
    pub offset: u16,
    /// How many bytes of the datagram it carries.
    pub len: u16,
    /// Whether more of the datagram follows.
    pub more: bool,
    /// The header that the datagram begins with, as this part announces it.
    pub protocol: Protocol,
    /// The two bits of explicit congestion notification (RFC 3168).
    pub ecn: u8,
    /// Time to live, or hop limit.
    pub hop_limit: u8,
}

impl Fragment {
    /// Whether it is all of its datagram: IPv6 has such (atomic fragments, RFC 6946).
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.offset == 0 && !self.more
    }
}

/// The header above IP, as far as tracking reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A TCP segment.
    Tcp(Tcp),
    /// A UDP or UDP-Lite datagram.
    Udp,
    /// An SCTP packet.
    Sctp(Sctp),
    /// A packet of GRE; its keys are in the tuple.
    Gre,
    /// A message of ICMP or ICMPv6 that is no error: a request, a reply, or what is neither and
    /// begins nothing; the tuple says which.
    Query,
    /// An ICMP or ICMPv6 error, and the packet that it speaks of.
    Error(Inner),
    /// ICMPv6 that Linux never tracks: neighbour discovery, multicast listener reports, and multicast
    /// routers that announce themselves or are asked to (RFC 4286).
    Neighbour,
    /// Any other protocol: known by addresses and protocol number.
    Other,
    /// What goes on from the first part of its datagram, which has been tracked, and whose tuple it
    /// bears.
    Continued,
    /// A header which no tracker accepts. Linux calls such a packet INVALID and lets it pass.
    Malformed(Malformed),
}

/// What tracking reads of a TCP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Tcp {
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number; meaningful with [`TcpFlags::ACK`].
    pub ack: u32,
    /// The eight flags.
    pub flags: TcpFlags,
    /// Window as on the wire, unscaled.
    pub window: u16,
    /// Bytes of payload by the packet's own length fields, whatever the capture kept of them.
    pub payload_len: u32,
    /// Bytes of options, by the header's own length.
    pub options_len: u8,
    /// Shift of the window scale option (RFC 7323), at most 14.
    pub window_scale: Option<u8>,
    /// The SACK-permitted option (RFC 2018) was there.
    pub sack_permitted: bool,
    /// The right edge of the blocks of the first SACK option (RFC 2018) that is furthest ahead of
    /// `ack`, by signed difference; `None` when none is ahead.
    pub sack_right_edge: Option<u32>,
}

/// The flags of a TCP header, as on the wire.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Push.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgement field counts.
    pub const ACK: Self = Self(0x10);
    /// The urgent pointer counts.
    pub const URG: Self = Self(0x20);
    /// ECN echo (RFC 3168).
    pub const ECE: Self = Self(0x40);
    /// Congestion window reduced (RFC 3168).
    pub const CWR: Self = Self(0x80);

    /// Whether all flags of `other` are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These flags without those of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl core::ops::BitOr for TcpFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What tracking reads of an SCTP packet besides its chunks: see [`Packet::chunks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Sctp {
    /// Verification tag.
    pub tag: u32,
    /// Initiate tag of an INIT or INIT ACK, 0 without.
    pub init_tag: u32,
}

/// A chunk of SCTP, by what it does to an association (RFC 9260, section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Chunk {
    /// Payload.
    Data,
    /// Opens.
    Init,
    /// Answers INIT.
    InitAck,
    /// Asks whether the other side is there.
    Heartbeat,
    /// Answers HEARTBEAT.
    HeartbeatAck,
    /// Ends at once.
    Abort,
    /// ABORT with the tag of the one it goes to: the sender does not know the association.
    AbortReflected,
    /// Begins to close.
    Shutdown,
    /// Answers SHUTDOWN.
    ShutdownAck,
    /// Reports an error.
    Error,
    /// Answers INIT ACK.
    CookieEcho,
    /// Answers COOKIE ECHO.
    CookieAck,
    /// Answers SHUTDOWN ACK.
    ShutdownComplete,
    /// SHUTDOWN COMPLETE with the tag of the one it goes to.
    ShutdownCompleteReflected,
    /// Any other, such as SACK: changes nothing.
    Other,
}

/// The packet inside an ICMP error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inner {
    /// As the packet was sent that the error speaks of.
    Tuple(Tuple),
    /// Nothing that could be looked up, and why.
    Unreadable(Malformed),
}

/// Why the header above IP is one that no tracker accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Malformed {
    /// The packet ends inside the TCP header, or the data offset is below 5 or past the packet.
    TcpHeader,
    /// The packet ends inside the UDP header, or its length field is below 8 or past the packet; or
    /// that is so of UDP-Lite's coverage, or UDP-Lite has no check sum.
    UdpHeader,
    /// The packet ends inside SCTP's common header, or has no chunk.
    SctpHeader,
    /// An SCTP chunk of no length, or one that must be the first or the only one and is not, or an INIT
    /// or INIT ACK that the packet ends inside of.
    SctpChunk,
    /// GRE of version 1 that carries anything but PPP.
    GreHeader,
    /// The packet ends inside the ICMP header.
    IcmpHeader,
    /// An ICMP type that there is not: above 18.
    IcmpType,
    /// ICMP inside IPv6, or ICMPv6 inside IPv4.
    IcmpFamily,
    /// An ICMP error that carries less than an IP header and four bytes of what follows it.
    IcmpInner,
    /// An ICMPv6 redirect that no router on the link sent, or that carries no packet.
    Redirect,
    /// A fragment that is not the first, or a later fragment inside an ICMP error.
    Fragment,
    /// An IPv6 header chain that ends in nothing, or in the midst of a header, or has too many; a
    /// wrong IP header inside an ICMP error.
    Header,
}

impl Malformed {
    /// The reason in one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TcpHeader => "tcp_header",
            Self::UdpHeader => "udp_header",
            Self::SctpHeader => "sctp_header",
            Self::SctpChunk => "sctp_chunk",
            Self::GreHeader => "gre_header",
            Self::IcmpHeader => "icmp_header",
            Self::IcmpType => "icmp_type",
            Self::IcmpFamily => "icmp_family",
            Self::IcmpInner => "icmp_inner",
            Self::Redirect => "redirect",
            Self::Fragment => "fragment",
            Self::Header => "header",
        }
    }
}

/// Where a packet was seen on its way, and at which interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen<'a> {
    /// Which hooks it crosses.
    pub path: Path,
    /// The interface it came in by, when known.
    pub input: Option<&'a IfName>,
    /// The interface it goes out by, when known.
    pub output: Option<&'a IfName>,
}

impl Seen<'_> {
    /// Arrived at an interface nobody named.
    pub const ARRIVES: Self = Self { path: Path::Arrives, input: None, output: None };
}

/// The raw hooks that a packet crosses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Path {
    /// It came from outside: PREROUTING.
    Arrives,
    /// This host sends it: OUTPUT.
    Local,
    /// This host sends it to itself: OUTPUT, where it is tracked, then PREROUTING, where it
    /// already is.
    Loops,
}

/// The name of an interface: 1 to 15 bytes, as Linux has them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IfName {
    bytes: [u8; IfName::MAX_LEN],
    len: u8,
}

impl IfName {
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 15;

    /// The name, or `None` when it is empty or longer than [`IfName::MAX_LEN`] bytes.
    #[must_use]
    pub fn new(name: &[u8]) -> Option<Self> {
        if name.is_empty() {
            return None;
        }
        let len = u8::try_from(name.len()).ok()?;
        let mut bytes = [0; Self::MAX_LEN];
        bytes.get_mut(..name.len())?.copy_from_slice(name);
        Some(Self { bytes, len })
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&[])
    }
}

impl fmt::Debug for IfName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}
