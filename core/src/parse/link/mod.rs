//! Link headers: what stands in front of IP, by the link type of the capture.

mod cooked;
mod enclosing;
mod ether_type;
mod family;
mod ppp;
mod ring;
#[cfg(test)]
mod tests;
mod wireless;

use super::ParseError;
use super::error::missing_len;

use ether_type::by_ether_type;

pub(super) use ether_type::MAX_LABELS;
pub use ether_type::MAX_TAGS;

/// How a frame begins.
///
/// VLAN tags, MPLS labels and PPPoE headers are skipped wherever an EtherType may announce them; a
/// connection is the same with and without. Sources: the list of link-layer header types at
/// tcpdump.org and what each entry names there, RFC 1042 (SNAP), RFC 1661 and 1662 (PPP), RFC 2516
/// (PPPoE), RFC 3032 (MPLS), radiotap.org, IEEE 802.11 and 802.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum LinkType {
    /// Ethernet II, or 802.3 with LLC; at most [`MAX_TAGS`] tags of 802.1Q or 802.1ad.
    Ethernet,
    /// Linux cooked capture, version 1.
    Sll,
    /// Linux cooked capture, version 2.
    Sll2,
    /// BSD loopback, address family in the byte order of whoever captured.
    Null,
    /// OpenBSD loopback, address family in network byte order.
    Loop,
    /// No link header: IPv4 or IPv6 by its version.
    Raw,
    /// No link header: IPv4.
    Ipv4,
    /// No link header: IPv6.
    Ipv6,
    /// PPP, with or without the address and control bytes of HDLC.
    Ppp,
    /// PPP behind those two bytes, or Cisco's HDLC.
    PppSerial,
    /// PPP in a session of PPPoE, without Ethernet in front.
    PppEther,
    /// Cisco's HDLC.
    CHdlc,
    /// 802.11: data frames in the clear.
    Ieee80211,
    /// 802.11 behind a radiotap header.
    Radiotap,
    /// 802.11 behind a Prism header of 144 bytes, or behind that of AVS.
    Prism,
    /// 802.11 behind an AVS header.
    Avs,
    /// Any other type, most often 802.11, behind a PPI header.
    Ppi,
    /// Any other type behind Apple's PKTAP header.
    Pktap,
    /// What Linux's netfilter logs.
    Nflog,
    /// What OpenBSD's pf logs.
    Pflog,
    /// FDDI with LLC.
    Fddi,
    /// Token Ring with LLC, source routes included.
    TokenRing,
}

impl LinkType {
    /// The link type that a capture file gives this number.
    ///
    /// Source: the list of link-layer header types at tcpdump.org. Raw IP has three numbers, because
    /// some systems wrote their own into files.
    #[must_use]
    pub const fn from_dlt(dlt: u16) -> Option<Self> {
        Some(match dlt {
            0 => Self::Null,
            1 => Self::Ethernet,
            6 => Self::TokenRing,
            9 => Self::Ppp,
            10 => Self::Fddi,
            12 | 14 | 101 => Self::Raw,
            50 => Self::PppSerial,
            51 => Self::PppEther,
            104 => Self::CHdlc,
            105 => Self::Ieee80211,
            108 => Self::Loop,
            113 => Self::Sll,
            117 => Self::Pflog,
            119 => Self::Prism,
            127 => Self::Radiotap,
            163 => Self::Avs,
            192 => Self::Ppi,
            228 => Self::Ipv4,
            229 => Self::Ipv6,
            239 => Self::Nflog,
            258 => Self::Pktap,
            276 => Self::Sll2,
            _ => return None,
        })
    }

    /// Its name in libpcap, without `DLT_`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ethernet => "EN10MB",
            Self::Sll => "LINUX_SLL",
            Self::Sll2 => "LINUX_SLL2",
            Self::Null => "NULL",
            Self::Loop => "LOOP",
            Self::Raw => "RAW",
            Self::Ipv4 => "IPV4",
            Self::Ipv6 => "IPV6",
            Self::Ppp => "PPP",
            Self::PppSerial => "PPP_SERIAL",
            Self::PppEther => "PPP_ETHER",
            Self::CHdlc => "C_HDLC",
            Self::Ieee80211 => "IEEE802_11",
            Self::Radiotap => "IEEE802_11_RADIO",
            Self::Prism => "PRISM_HEADER",
            Self::Avs => "IEEE802_11_RADIO_AVS",
            Self::Ppi => "PPI",
            Self::Pktap => "PKTAP",
            Self::Nflog => "NFLOG",
            Self::Pflog => "PFLOG",
            Self::Fddi => "FDDI",
            Self::TokenRing => "IEEE802",
        }
    }

    /// The bytes of a frame from its IP header on, to its end.
    ///
    /// # Errors
    /// Those of [`Packet::parse`](crate::Packet::parse) that speak of the link.
    pub fn ip(self, frame: &[u8]) -> Result<&[u8], ParseError> {
        self.strip(frame).map(|(_, packet)| packet)
    }

    /// What the link announces, and the bytes from there on.
    pub(super) fn strip(self, frame: &[u8]) -> Announced<'_> {
        let (link, frame) = match self {
            Self::Ppi => enclosing::ppi(frame)?,
            Self::Pktap => enclosing::pktap(frame)?,
            _ => (self, frame),
        };
        match link {
            Self::Ethernet => ethernet(frame),
            Self::Sll => cooked::version_1(frame),
            Self::Sll2 => cooked::version_2(frame),
            Self::Null => family::native(frame),
            Self::Loop => family::in_network_order(frame),
            Self::Raw => Ok((Network::Any, frame)),
            Self::Ipv4 => Ok((Network::Ipv4, frame)),
            Self::Ipv6 => Ok((Network::Ipv6, frame)),
            Self::Ppp | Self::PppSerial => ppp::framed(frame),
            Self::PppEther => ppp::over_ethernet(frame),
            Self::CHdlc => ppp::cisco(frame),
            Self::Ieee80211 => wireless::ieee80211(frame, wireless::Padding::None),
            Self::Radiotap => wireless::radiotap(frame),
            Self::Prism => wireless::prism(frame),
            Self::Avs => wireless::avs(frame),
            Self::Nflog => family::nflog(frame),
            Self::Pflog => family::pflog(frame),
            Self::Fddi => ring::fddi(frame),
            Self::TokenRing => ring::token_ring(frame),
            // One encloses no other.
            Self::Ppi => Err(ParseError::InnerLink(192)),
            Self::Pktap => Err(ParseError::InnerLink(258)),
        }
    }
}

/// What a link announces, and the bytes from there on.
type Announced<'a> = Result<(Network, &'a [u8]), ParseError>;

/// What a link announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
    /// Either, by its version.
    Any,
}

fn ethernet(frame: &[u8]) -> Announced<'_> {
    let ([.., high, low], rest) = header::<14>(frame)?;
    by_ether_type(u16::from_be_bytes([*high, *low]), rest)
}

/// A header of fixed length, and what follows it.
fn header<const LEN: usize>(frame: &[u8]) -> Result<(&[u8; LEN], &[u8]), ParseError> {
    frame.split_first_chunk().ok_or_else(|| short(LEN, frame))
}

/// What follows the first `len` bytes.
fn skip(frame: &[u8], len: usize) -> Result<&[u8], ParseError> {
    frame.get(len..).ok_or_else(|| short(len, frame))
}

/// What follows a header that states its own length, of which at least `LEAST` bytes are needed.
fn skip_stated<const LEAST: u32>(frame: &[u8], len: u32) -> Result<&[u8], ParseError> {
    if len < LEAST {
        return Err(ParseError::LinkHeaderLen(len));
    }
    skip(frame, usize::try_from(len).unwrap_or(usize::MAX))
}

#[cold]
fn short(len: usize, frame: &[u8]) -> ParseError {
    ParseError::LinkHeader { missing_len: missing_len(len, frame.len()) }
}
