//! Link headers: what stands in front of IP, by the link type of the capture.

use super::ParseError;
use super::error::missing_len;

/// Most VLAN tags of a frame. Linux looks behind as many.
pub const MAX_TAGS: usize = 8;

/// How a frame begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum LinkType {
    /// Ethernet II, with at most [`MAX_TAGS`] tags of 802.1Q or 802.1ad, and PPPoE behind them.
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
}

impl LinkType {
    /// The link type that a capture file gives this number.
    ///
    /// Source: the list of link-layer header types at tcpdump.org. Raw IP has three numbers, because
    /// some systems wrote their own into files.
    #[must_use]
    pub const fn from_dlt(dlt: u16) -> Option<Self> {
        match dlt {
            0 => Some(Self::Null),
            1 => Some(Self::Ethernet),
            12 | 14 | 101 => Some(Self::Raw),
            108 => Some(Self::Loop),
            113 => Some(Self::Sll),
            228 => Some(Self::Ipv4),
            229 => Some(Self::Ipv6),
            276 => Some(Self::Sll2),
            _ => None,
        }
    }

    /// Its name in libpcap.
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
        }
    }

    /// What the link announces, and the bytes from there on.
    pub(super) fn strip(self, frame: &[u8]) -> Result<(Network, &[u8]), ParseError> {
        match self {
            Self::Ethernet => {
                let ([.., high, low], rest) = header::<14>(frame)?;
                by_ether_type(u16::from_be_bytes([*high, *low]), rest)
            }
            Self::Sll => {
                let ([.., high, low], rest) = header::<16>(frame)?;
                by_ether_type(u16::from_be_bytes([*high, *low]), rest)
            }
            Self::Sll2 => {
                let ([high, low, ..], rest) = header::<20>(frame)?;
                by_ether_type(u16::from_be_bytes([*high, *low]), rest)
            }
            Self::Null => {
                let (family, rest) = header(frame)?;
                // A family fits a byte, so that only one of the two orders can name one.
                let native = by_family(u32::from_le_bytes(*family), rest);
                native.or_else(|_| by_family(u32::from_be_bytes(*family), rest))
            }
            Self::Loop => {
                let (family, rest) = header(frame)?;
                by_family(u32::from_be_bytes(*family), rest)
            }
            Self::Raw => Ok((Network::Any, frame)),
            Self::Ipv4 => Ok((Network::Ipv4, frame)),
            Self::Ipv6 => Ok((Network::Ipv6, frame)),
        }
    }
}

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

/// What an EtherType stands for. Whatever else may carry IP behind one has its arm here.
fn by_ether_type(mut ether_type: u16, frame: &[u8]) -> Result<(Network, &[u8]), ParseError> {
    let mut rest = frame;
    for _ in 0..=MAX_TAGS {
        match ether_type {
            0x0800 => return Ok((Network::Ipv4, rest)),
            0x86dd => return Ok((Network::Ipv6, rest)),
            // 802.1Q, 802.1ad, and the two numbers that were used for outer tags before that.
            0x8100 | 0x88a8 | 0x9100 | 0x9200 => {
                let ([_, _, high, low], behind) = header::<4>(rest)?;
                (ether_type, rest) = (u16::from_be_bytes([*high, *low]), behind);
            }
            // A PPPoE session (RFC 2516): six bytes of its own, then PPP's protocol.
            0x8864 => {
                let ([_, _, _, _, _, _, high, low], behind) = header::<8>(rest)?;
                return match u16::from_be_bytes([*high, *low]) {
                    0x0021 => Ok((Network::Ipv4, behind)),
                    0x0057 => Ok((Network::Ipv6, behind)),
                    _ => Err(ParseError::NotIp(ether_type)),
                };
            }
            other => return Err(ParseError::NotIp(other)),
        }
    }
    Err(ParseError::VlanTags)
}

/// What an address family stands for: BSDs do not agree on the number of IPv6.
const fn by_family(family: u32, rest: &[u8]) -> Result<(Network, &[u8]), ParseError> {
    match family {
        2 => Ok((Network::Ipv4, rest)),
        10 | 24 | 28 | 30 => Ok((Network::Ipv6, rest)),
        other => Err(ParseError::AddressFamily(other)),
    }
}

fn header<const LEN: usize>(frame: &[u8]) -> Result<(&[u8; LEN], &[u8]), ParseError> {
    frame
        .split_first_chunk()
        .ok_or(ParseError::LinkHeader { missing_len: missing_len(LEN, frame.len()) })
}

#[cfg(test)]
mod tests {
    use super::super::frames::{ipv4, udp};
    use super::*;
    use crate::packet::Packet;

    /// Parses an IPv4 packet behind a header that is zero but for `bytes` at their offset.
    fn behind(dlt: u16, len: usize, at: usize, bytes: &[u8]) -> Result<(), ParseError> {
        let mut frame = std::vec![0; at];
        frame.extend(bytes);
        frame.resize(len, 0);
        frame.extend(ipv4(17, &udp(b"")));
        let link = LinkType::from_dlt(dlt).unwrap();
        Packet::parse(link, &frame).map(|packet| assert_eq!(packet.len, 28))
    }

    #[test]
    fn links_announce_ip() {
        for (dlt, len, at, bytes) in [
            (1, 14, 12, &[8, 0][..]),
            (1, 18, 12, &[0x81, 0, 0, 5, 8, 0]),
            (1, 22, 12, &[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0]),
            (1, 22, 12, &[0x91, 0, 0, 5, 0x92, 0, 0, 6, 8, 0]),
            (1, 22, 12, &[0x88, 0x64, 0x11, 0, 0, 1, 0, 30, 0, 0x21]),
            (113, 16, 14, &[8, 0]),
            (113, 20, 14, &[0x81, 0, 0, 5, 8, 0]),
            (276, 20, 0, &[8, 0]),
            (0, 4, 0, &[2, 0, 0, 0]),
            (0, 4, 0, &[0, 0, 0, 2]),
            (108, 4, 0, &[0, 0, 0, 2]),
            (12, 0, 0, &[]),
            (14, 0, 0, &[]),
            (101, 0, 0, &[]),
            (228, 0, 0, &[]),
        ] {
            assert_eq!(behind(dlt, len, at, bytes), Ok(()), "{dlt} {bytes:x?}");
        }
        assert_eq!(LinkType::from_dlt(147), None);
    }

    #[test]
    fn what_is_no_ip_is_named() {
        let tags = [0x81, 0, 0, 1].repeat(MAX_TAGS);
        let most = [&*tags, &[8, 0]].concat();
        assert_eq!(behind(1, 12 + most.len(), 12, &most), Ok(()));
        let too_many = [&*tags, &[0x81, 0, 0, 1, 8, 0]].concat();
        for (dlt, len, at, bytes, why) in [
            (1, 14, 12, &[8, 6][..], ParseError::NotIp(0x806)),
            (1, 22, 12, &[0x88, 0x64, 0x11, 0, 0, 1, 0, 6, 0xc0, 0x21], ParseError::NotIp(0x8864)),
            (1, 12 + too_many.len(), 12, &too_many, ParseError::VlanTags),
            (1, 14, 12, &[0x86, 0xdd], ParseError::IpVersion(4)),
            (0, 4, 0, &[7, 0, 0, 0], ParseError::AddressFamily(0x0700_0000)),
            (108, 4, 0, &[2, 0, 0, 0], ParseError::AddressFamily(0x0200_0000)),
            (229, 0, 0, &[], ParseError::IpVersion(4)),
        ] {
            assert_eq!(behind(dlt, len, at, bytes), Err(why));
        }
        let short = |frame: &[u8]| Packet::parse(LinkType::Ethernet, frame).unwrap_err();
        assert_eq!(short(&[0; 13]), ParseError::LinkHeader { missing_len: 1 });
        let half_a_tag = [&[0; 12][..], &[0x81, 0, 0]].concat();
        assert_eq!(short(&half_a_tag), ParseError::LinkHeader { missing_len: 3 });
    }
}
