//! Why a frame holds nothing that tracking would be asked about: one variant, one word, one sentence.

use core::fmt;

use crate::packet::Malformed;

use super::link::{MAX_LABELS, MAX_TAGS};

/// Why a frame holds nothing that tracking would be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ParseError {
    /// The frame ends inside its link header, or inside what stands between that and IP.
    LinkHeader {
        /// Bytes of that header, tag or label which are not there.
        missing_len: u16,
    },
    /// A link header states this length of its own, which is less than it must have.
    LinkHeaderLen(u32),
    /// The link type inside PPI or PKTAP is not read: its number.
    InnerLink(u32),
    /// More than [`MAX_TAGS`] VLAN tags.
    VlanTags,
    /// More than 16 MPLS labels.
    MplsLabels,
    /// Another protocol: its EtherType, or the number that Linux gave it in a cooked capture.
    NotIp(u16),
    /// Another protocol: the service access point that an LLC header is for; 0xaa when the header
    /// goes on with numbers of some organisation's own.
    Llc(u8),
    /// Another protocol: its number in PPP.
    PppProtocol(u16),
    /// Another protocol: its address family, in a loopback header or in a packet filter's log.
    AddressFamily(u32),
    /// Management or control of the link, or a record without a packet.
    NoPacket,
    /// An 802.11 frame that is encrypted.
    Encrypted,
    /// An 802.11 frame that may hold several packets (A-MSDU).
    Aggregate,
    /// An 802.11 frame that continues the one before.
    LinkFragment,
    /// An IP version that is not what the link announced, or neither 4 nor 6.
    IpVersion(u8),
    /// The IP layer refuses it: an IPv4 header length below 20 bytes.
    IpHeaderLen(u8),
    /// The IP layer refuses it: an IPv4 total length below the header length.
    IpTotalLen(u16),
    /// The IP layer refuses it: the packet states more bytes than came over the wire.
    IpShort {
        /// How many more.
        missing_len: u32,
    },
    /// The IP layer refuses it: a hop-by-hop header that goes past the packet, or whose options do
    /// not end where it does.
    HopByHop,
    /// IPv6, in a build with the feature `ipv4-only`.
    NoIpv6,
    /// The capture ends inside a header that tracking must read.
    Cut {
        /// The header.
        header: Header,
        /// Bytes of it which are not there.
        missing_len: u16,
    },
}

impl ParseError {
    /// The reason in one word, which stays as it is from version to version.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinkHeader { .. } => "link_header",
            Self::LinkHeaderLen(_) => "link_header_len",
            Self::InnerLink(_) => "inner_link",
            Self::VlanTags => "vlan_tags",
            Self::MplsLabels => "mpls_labels",
            Self::NotIp(_) => "not_ip",
            Self::Llc(_) => "llc",
            Self::PppProtocol(_) => "ppp_protocol",
            Self::AddressFamily(_) => "address_family",
            Self::NoPacket => "no_packet",
            Self::Encrypted => "encrypted",
            Self::Aggregate => "aggregate",
            Self::LinkFragment => "link_fragment",
            Self::IpVersion(_) => "ip_version",
            Self::IpHeaderLen(_) => "ip_header_len",
            Self::IpTotalLen(_) => "ip_total_len",
            Self::IpShort { .. } => "ip_short",
            Self::HopByHop => "hop_by_hop",
            Self::NoIpv6 => "no_ipv6",
            Self::Cut { header, .. } => header.cut_name(),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LinkHeader { missing_len } => {
                write!(f, "link header: {missing_len} bytes missing")
            }
            Self::LinkHeaderLen(len) => {
                write!(f, "link header states a length of {len} bytes, which is too short")
            }
            Self::InnerLink(dlt) => write!(f, "link type {dlt} inside PPI or PKTAP is not read"),
            Self::VlanTags => write!(f, "more than {MAX_TAGS} VLAN tags"),
            Self::MplsLabels => write!(f, "more than {MAX_LABELS} MPLS labels"),
            Self::NotIp(ether_type) => write!(f, "not IP: EtherType {ether_type:#06x}"),
            Self::Llc(access_point) => {
                write!(f, "not IP: LLC service access point {access_point:#04x}")
            }
            Self::PppProtocol(protocol) => write!(f, "not IP: PPP protocol {protocol:#06x}"),
            Self::AddressFamily(family) => write!(f, "not IP: address family {family}"),
            Self::NoPacket => f.write_str("management or control of the link, without a packet"),
            Self::Encrypted => f.write_str("802.11 frame is encrypted"),
            Self::Aggregate => f.write_str("802.11 frame holds several packets (A-MSDU)"),
            Self::LinkFragment => f.write_str("802.11 frame continues the one before"),
            Self::IpVersion(version) => {
                write!(f, "IP version {version} is not what the link announces")
            }
            Self::IpHeaderLen(len) => write!(f, "IPv4 header length {len} is below 20"),
            Self::IpTotalLen(len) => {
                write!(f, "IPv4 total length {len} is below the header length")
            }
            Self::IpShort { missing_len } => {
                write!(f, "IP packet states {missing_len} bytes more than there are")
            }
            Self::HopByHop => f.write_str("hop-by-hop options do not end where their header does"),
            Self::NoIpv6 => f.write_str("IPv6, and this build has IPv4 only"),
            Self::Cut { header, missing_len } => {
                write!(f, "{header} cut by the capture: {missing_len} bytes missing")
            }
        }
    }
}

impl core::error::Error for ParseError {}

/// A header that tracking must read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Header {
    /// IPv4 without options, or IPv6.
    Ip,
    /// An extension header of IPv6.
    Extension,
    /// TCP without options.
    Tcp,
    /// UDP or UDP-Lite.
    Udp,
    /// SCTP's common header, and what tracking reads of the first chunk.
    Sctp,
    /// GRE, up to the keys of version 1.
    Gre,
    /// ICMP or ICMPv6.
    Icmp,
    /// The packet inside an ICMP error, as far as tracking reads it.
    Inner,
    /// The body of an ICMPv6 redirect up to its first option.
    Redirect,
}

impl Header {
    /// What a packet is whose own length field leaves no room for the header.
    pub(super) const fn malformed(self) -> Malformed {
        match self {
            Self::Ip | Self::Extension => Malformed::Header,
            Self::Tcp => Malformed::TcpHeader,
            Self::Udp => Malformed::UdpHeader,
            Self::Sctp => Malformed::SctpHeader,
            Self::Gre => Malformed::GreHeader,
            Self::Icmp => Malformed::IcmpHeader,
            Self::Inner => Malformed::IcmpInner,
            Self::Redirect => Malformed::Redirect,
        }
    }

    /// The refusal of a frame that has `captured_len` of the header's `len` bytes.
    pub(super) fn cut(self, len: usize, captured_len: usize) -> ParseError {
        ParseError::Cut { header: self, missing_len: missing_len(len, captured_len) }
    }

    const fn cut_name(self) -> &'static str {
        match self {
            Self::Ip => "cut_ip",
            Self::Extension => "cut_extension",
            Self::Tcp => "cut_tcp",
            Self::Udp => "cut_udp",
            Self::Sctp => "cut_sctp",
            Self::Gre => "cut_gre",
            Self::Icmp => "cut_icmp",
            Self::Inner => "cut_inner",
            Self::Redirect => "cut_redirect",
        }
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ip => "IP header",
            Self::Extension => "IPv6 extension header",
            Self::Tcp => "TCP header",
            Self::Udp => "UDP header",
            Self::Sctp => "SCTP header",
            Self::Gre => "GRE header",
            Self::Icmp => "ICMP header",
            Self::Inner => "packet inside an ICMP error",
            Self::Redirect => "ICMPv6 redirect",
        })
    }
}

/// How many of `len` bytes are not among the captured ones; headers are far shorter than 64 KiB.
pub(super) fn missing_len(len: usize, captured_len: usize) -> u16 {
    u16::try_from(len.saturating_sub(captured_len)).unwrap_or(u16::MAX)
}
