//! From the bytes of a frame to what tracking reads of them, in one pass: link, IP, what IP carries.
//!
//! Header lengths are compared with the packet's own length fields, never with what was captured. A
//! packet that contradicts itself is [`Malformed`], as Linux sees it; one whose headers the capture
//! did not keep is [`ParseError::Cut`]; what never comes as far as tracking has its own
//! [`ParseError`]. The IPv4 header checksum is not looked at: a host's own capture often has none.

mod body;
mod datagram;
mod error;
#[cfg(test)]
mod frames;
mod gre;
mod icmp;
mod ipv4;
#[cfg(not(feature = "ipv4-only"))]
mod ipv6;
mod link;
mod sctp;
mod transport;

use core::net::Ipv4Addr;

use crate::packet::{Fragment, Malformed, Packet, Seen, Tcp, Transport};
use crate::tuple::{Ends, Protocol, Tuple};

use body::{Body, Stop, len_of};
use link::Network;

pub(crate) use datagram::Datagram;
pub use error::{Header, ParseError};
pub use link::{LinkType, MAX_TAGS};

impl<'a> Packet<'a> {
    /// Reads a frame that is all there. See [`Packet::parse_cut`].
    ///
    /// # Errors
    /// When there is nothing to ask tracking about: not IP, or what an IP layer refuses.
    pub fn parse(link: LinkType, frame: &'a [u8]) -> Result<Self, ParseError> {
        Self::parse_cut(link, frame, 0)
    }

    /// Reads a frame, the last `cut_len` bytes of which a capture left out.
    ///
    /// What comes after the IP packet (the padding of a short Ethernet frame) is not looked at.
    /// Work is bounded by [`MAX_TAGS`], 16 MPLS labels, 40 bytes of TCP options, the chunks of SCTP,
    /// and 16 IPv6 extension headers, of the packet and once more of the packet inside an ICMP error; on links
    /// that only captures have, by the length of the header that the capture put in front, too.
    ///
    /// # Errors
    /// When there is nothing to ask tracking about: not IP, what an IP layer refuses, or headers
    /// which the capture did not keep. A header above IP that is wrong is no error but
    /// [`Transport::Malformed`].
    pub fn parse_cut(link: LinkType, frame: &'a [u8], cut_len: u32) -> Result<Self, ParseError> {
        let (network, packet) = link.strip(frame)?;
        let frame_len = packet.len().saturating_add(usize::try_from(cut_len).unwrap_or(usize::MAX));
        match (network, packet.first().map(|first| first >> 4)) {
            (Network::Ipv4 | Network::Any, Some(4) | None) => ipv4::read(packet, frame_len),
            #[cfg(not(feature = "ipv4-only"))]
            (Network::Ipv6 | Network::Any, Some(6) | None) => ipv6::read(packet, frame_len),
            #[cfg(feature = "ipv4-only")]
            (Network::Ipv6 | Network::Any, Some(6) | None) => Err(ParseError::NoIpv6),
            (_, Some(version)) => Err(ParseError::IpVersion(version)),
        }
    }
}

/// What an IP header says, that of the packet or that of the packet inside an ICMP error.
struct Ip<'a> {
    addresses: Addresses<'a>,
    /// Of what the last header walked announces.
    protocol: Protocol,
    #[cfg(not(feature = "ipv4-only"))]
    hop_limit: u8,
    fragment: Option<Fragment>,
    /// Length of the packet with its header.
    len: u32,
    /// What follows the headers, or why nothing of it can be read.
    body: Result<Body<'a>, Stop>,
    /// What follows the headers, or what a part of a datagram carries.
    segment: Body<'a>,
}

/// The two addresses as they lie in the header, so that a packet is put together once, at the end.
#[derive(Clone, Copy)]
enum Addresses<'a> {
    V4(&'a [u8; 8]),
    #[cfg(not(feature = "ipv4-only"))]
    V6(&'a [u8; 32]),
}

impl Addresses<'_> {
    #[inline(always)]
    fn tuple(self, protocol: Protocol, ends: Ends) -> Tuple {
        match self {
            Self::V4(&[a, b, c, d, e, f, g, h]) => Tuple {
                source: Ipv4Addr::new(a, b, c, d).into(),
                destination: Ipv4Addr::new(e, f, g, h).into(),
                protocol,
                ends,
            },
            #[cfg(not(feature = "ipv4-only"))]
            Self::V6(addresses) => {
                let (source, destination) = addresses.split_at(16);
                Tuple {
                    source: ipv6::address(source).into(),
                    destination: ipv6::address(destination).into(),
                    protocol,
                    ends,
                }
            }
        }
    }

    /// The same, not in line: for whatever is no [`tcp_packet`].
    #[inline(never)]
    fn rare_tuple(self, protocol: Protocol, ends: Ends) -> Tuple {
        self.tuple(protocol, ends)
    }
}

/// A packet as most are: no fragment, and a segment of TCP follows its IP header.
#[inline(always)]
fn tcp_packet<'a>(tuple: Tuple, tcp: Tcp, len: usize, body: Body<'a>) -> Packet<'a> {
    Packet {
        seen: Seen::ARRIVES,
        tuple,
        transport: Transport::Tcp(tcp),
        len: len_of(len),
        segment: body.captured(),
        segment_len: len_of(body.len()),
        fragment: None,
    }
}

impl<'a> Ip<'a> {
    /// The packet whose IP header this is, of whatever kind: most often UDP.
    ///
    /// Not in line: most packets are a [`tcp_packet`], which leaves no need for all that stands here.
    #[inline(never)]
    fn read(&self) -> Result<Packet<'a>, ParseError> {
        if self.protocol == Protocol::UDP
            && let Ok(body) = self.body
            && let Some(ends) = transport::udp(self, body)
        {
            return Ok(self.packet(ends, Transport::Udp));
        }
        self.read_rare()
    }

    /// What remains. The packet is made first and filled in where it lies, which takes less flash
    /// than to carry what is read of it in registers.
    #[cold]
    #[inline(never)]
    fn read_rare(&self) -> Result<Packet<'a>, ParseError> {
        let mut packet = self.packet(Ends::None, Transport::Other);
        match transport::read(self, &mut packet) {
            Ok(()) => {}
            Err(Stop::Malformed(why)) => {
                packet.transport = Transport::Malformed(why);
                packet.tuple.ends = Ends::None;
            }
            Err(Stop::Cut { header, missing_len }) => {
                return Err(ParseError::Cut { header, missing_len });
            }
        }
        Ok(packet)
    }

    #[inline(always)]
    fn packet(&self, ends: Ends, transport: Transport) -> Packet<'a> {
        Packet {
            seen: Seen::ARRIVES,
            tuple: self.addresses.rare_tuple(self.protocol, ends),
            transport,
            len: self.len,
            segment: self.segment.captured(),
            segment_len: len_of(self.segment.len()),
            fragment: self.fragment,
        }
    }

    /// Whether more of the datagram lies elsewhere, so that lengths above IP may go past its end.
    fn is_part(&self) -> bool {
        self.fragment.is_some_and(|fragment| !fragment.is_whole())
    }

    /// Whether it carries the ICMP of its own family, that of the other, or neither.
    const fn icmp(&self) -> Option<Result<(), Malformed>> {
        match (self.protocol, matches!(self.addresses, Addresses::V4(_))) {
            (Protocol::ICMP, true) | (Protocol::ICMPV6, false) => Some(Ok(())),
            (Protocol::ICMP, false) | (Protocol::ICMPV6, true) => Some(Err(Malformed::IcmpFamily)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::frames::{ipv4, ipv6, read, tcp, udp};
    use super::{LinkType, Packet, ParseError};

    fn samples() -> std::vec::Vec<std::vec::Vec<u8>> {
        let syn = tcp(&[2, 4, 5, 180, 4, 2, 3, 3, 7, 0, 0, 0], &[]);
        let error = [&[3, 1, 0, 0, 0, 0, 0, 0], &*ipv4(17, &udp(b"query"))].concat();
        let mut offloaded = ipv4(6, &tcp(&[], &[0; 100]));
        offloaded[2..4].fill(0);
        std::vec![
            ipv4(6, &syn),
            ipv4(17, &udp(b"query")),
            ipv4(1, &[8, 0, 0, 0, 0, 77, 0, 1]),
            ipv4(1, &error),
            ipv4(47, &[0; 4]),
            ipv4(132, &[0; 16]),
            offloaded,
            ipv6(6, &syn),
            ipv6(
                0,
                &[&[60, 0, 1, 4, 0, 0, 0, 0][..], &[17, 0, 1, 4, 0, 0, 0, 0], &*udp(b"")].concat(),
            ),
            ipv6(58, &[&[1; 8], &*ipv6(6, &syn)].concat()),
        ]
    }

    /// Wherever a capture cuts a packet: what is still read of it is what the whole packet says.
    #[test]
    fn a_cut_never_changes_a_tuple() {
        for sample in samples() {
            let whole = match read(&sample) {
                Err(ParseError::NoIpv6) => continue,
                whole => whole.unwrap(),
            };
            for len in 0..sample.len() {
                match read(&sample[..len]) {
                    Ok(cut) => assert_eq!((cut.tuple, len), (whole.tuple, len)),
                    // The one length field that says nothing, with nothing behind it.
                    Err(ParseError::IpTotalLen(0)) => assert_eq!(len, 20),
                    Err(why) => assert!(why.name().starts_with("cut_"), "{why} at {len}"),
                }
            }
        }
    }

    #[test]
    fn the_ip_version_is_what_the_link_announces() {
        let packet = ipv4(17, &udp(b""));
        let refused = Err(ParseError::IpVersion(4));
        assert_eq!(Packet::parse(LinkType::Ipv6, &packet), refused);
        assert!(Packet::parse(LinkType::Ipv4, &packet).is_ok());
        assert_eq!(read(&[0x50; 40]), Err(ParseError::IpVersion(5)));
    }

    #[test]
    #[cfg(feature = "ipv4-only")]
    fn ipv6_is_refused_by_name() {
        assert_eq!(read(&ipv6(17, &udp(b""))), Err(ParseError::NoIpv6));
    }
}
