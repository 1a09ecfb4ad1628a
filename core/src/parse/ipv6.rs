//! The IPv6 header and the walk over the extension headers that Linux walks.

use core::net::Ipv6Addr;

use crate::packet::{Fragment, Malformed, Packet};
use crate::tuple::Protocol;

use super::body::{Body, Stop, len_of, part_len_of};
use super::{Addresses, Datagram, Header, Ip, ParseError, tcp_packet, transport};

/// Length of the fixed header.
const FIXED_LEN: usize = 40;
/// Length of a fragment header.
const FRAGMENT_LEN: usize = 8;
/// Most extension headers of a packet; RFC 8200 foresees seven.
const MAX_EXTENSIONS: usize = 16;

/// Reads the packet that begins `frame`, which had `frame_len` bytes on the wire; what lies behind
/// the packet is left out.
pub(super) fn read(frame: &[u8], frame_len: usize) -> Result<Packet<'_>, ParseError> {
    let header: &[u8; FIXED_LEN] =
        frame.first_chunk().ok_or_else(|| Header::Ip.cut(FIXED_LEN, frame.len()))?;
    let len = match (u16::from_be_bytes([header[4], header[5]]), Protocol(header[6])) {
        // A host that hands segments of 64 KiB to its network card captures them without length.
        (0, Protocol::TCP | Protocol::UDP) => frame_len,
        (payload_len, _) => FIXED_LEN.saturating_add(usize::from(payload_len)),
    };
    let whole = Body::of(frame, len, frame_len)?;
    let body = whole.skip(FIXED_LEN);
    let &[_, _, _, _, _, _, following, _, ref addresses @ ..] = header;
    if Protocol(following) == Protocol::TCP
        && let Some((ends, tcp)) = transport::tcp(body)
    {
        let tuple = Addresses::V6(addresses).tuple(Protocol::TCP, ends);
        return Ok(tcp_packet(tuple, tcp, len, body));
    }
    read_other(header, whole)
}

#[inline(never)]
fn read_other<'a>(header: &'a [u8; FIXED_LEN], whole: Body<'a>) -> Result<Packet<'a>, ParseError> {
    let body = whole.skip(FIXED_LEN);
    if header[6] == next::HOP_BY_HOP && body.captured().len() == body.len() {
        check_hop_by_hop(body.captured())?;
    }
    ip(header, whole, Header::Extension).read()
}

/// What every router on the way looks at (RFC 8200, section 4.3) must be whole: an IP layer refuses
/// a header that goes past the packet, and options that do not end where it does.
fn check_hop_by_hop(packet: &[u8]) -> Result<(), ParseError> {
    const PAD1: u8 = 0;
    let &[_, len] = packet.first_chunk().ok_or(ParseError::HopByHop)?;
    let mut options = packet.get(2..usize::from(len).saturating_add(1) << 3);
    loop {
        options = match options {
            Some([]) => return Ok(()),
            Some([PAD1, rest @ ..]) => Some(rest),
            Some([_, len, rest @ ..]) => rest.get(usize::from(*len)..),
            Some([_]) | None => return Err(ParseError::HopByHop),
        }
    }
}

/// Reads the headers of the packet inside an ICMPv6 error. Its length field is not looked at:
/// routers send the beginning of a packet only. Nor is its version, as in Linux.
pub(super) fn inner(body: Body<'_>) -> Result<Ip<'_>, Stop> {
    Ok(ip(body.read(Header::Inner)?, body, Header::Inner))
}

/// Not in line: few packets come here, and those inside errors.
#[inline(never)]
fn ip<'a>(header: &'a [u8; FIXED_LEN], whole: Body<'a>, extension: Header) -> Ip<'a> {
    let &[_, _, _, _, _, _, next, hop_limit, ref addresses @ ..] = header;
    let mut chain = Chain { protocol: Protocol(next), fragment: None, part: Body::NONE };
    let body = chain.walk(whole.skip(FIXED_LEN), extension);
    // Two bits in front of the flow label.
    let ecn = header[1] >> 4 & 0x03;
    Ip {
        addresses: Addresses::V6(addresses),
        protocol: chain.protocol,
        hop_limit,
        fragment: chain.fragment.map(|fragment| Fragment { ecn, hop_limit, ..fragment }),
        len: len_of(whole.len()),
        body,
        segment: chain.segment(body),
    }
}

/// Whether the first part of a datagram, which carries `payload`, ends before the header above IP
/// does, as far as Linux asks. What cannot be walked up to that header does not.
pub(super) fn lacks_header(protocol: Protocol, payload: Body<'_>) -> bool {
    let mut chain = Chain { protocol, fragment: None, part: Body::NONE };
    let Ok(rest) = chain.walk(payload, Header::Extension) else {
        return false;
    };
    !rest.holds(match chain.protocol {
        Protocol::TCP => 20,
        Protocol::UDP | Protocol::ICMPV6 => 8,
        _ => 1,
    })
}

/// The headers that a datagram begins with behind its fragment header.
pub(super) fn datagram<'a>(datagram: &Datagram<'a>) -> Ip<'a> {
    let &Datagram { addresses, protocol, hop_limit, len, .. } = datagram;
    let mut chain = Chain { protocol, fragment: None, part: Body::NONE };
    let body = chain.walk(datagram.body(), Header::Extension);
    let (addresses, protocol) = (Addresses::V6(addresses), chain.protocol);
    let segment = body.unwrap_or(Body::NONE);
    Ip { addresses, protocol, hop_limit, fragment: None, len, body, segment }
}

/// An address of which the bytes are there.
///
/// Byte by byte: of an array of so many, which lies anywhere, some processors' copy is a call.
#[inline(always)]
pub(super) fn address(bytes: &[u8]) -> Ipv6Addr {
    let &[a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = bytes.first_chunk().unwrap_or(&[0; 16]);
    Ipv6Addr::from([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
}

/// Numbers of the headers that Linux walks. It takes Mobility, HIP and Shim6 (135, 139, 140) for
/// protocols like any other.
mod next {
    pub(super) const HOP_BY_HOP: u8 = 0;
    pub(super) const ROUTING: u8 = 43;
    pub(super) const FRAGMENT: u8 = 44;
    pub(super) const AUTHENTICATION: u8 = 51;
    pub(super) const NONE: u8 = 59;
    pub(super) const DESTINATION: u8 = 60;
}

/// What the extension headers walked so far say.
struct Chain<'a> {
    /// What the last of them announces.
    protocol: Protocol,
    /// What the first fragment header says.
    fragment: Option<Fragment>,
    /// What follows that.
    part: Body<'a>,
}

impl<'a> Chain<'a> {
    /// Walks to what is no extension header and returns where that begins. Bytes which cannot be
    /// read belong to `header`.
    #[inline(never)]
    fn walk(&mut self, mut body: Body<'a>, header: Header) -> Result<Body<'a>, Stop> {
        for _ in 0..MAX_EXTENSIONS.saturating_add(1) {
            let (following, len) = match self.protocol.0 {
                next::HOP_BY_HOP | next::ROUTING | next::DESTINATION => {
                    let &[following, len] = body.read(header)?;
                    (following, usize::from(len).saturating_add(1) << 3)
                }
                next::AUTHENTICATION => {
                    let &[following, len] = body.read(header)?;
                    (following, usize::from(len).saturating_add(2) << 2)
                }
                next::FRAGMENT => {
                    let &[following, _, high, low] = body.read(header)?;
                    self.note_fragment(body, header)?;
                    if u16::from_be_bytes([high, low]) >> 3 != 0 {
                        self.protocol = Protocol(following);
                        return Err(Malformed::Fragment.into());
                    }
                    (following, FRAGMENT_LEN)
                }
                next::NONE => return Err(Malformed::Header.into()),
                _ => return Ok(body),
            };
            self.protocol = Protocol(following);
            body = body.skip(len);
        }
        Err(Malformed::Header.into())
    }

    /// The segment of the packet, where `body` follows all headers.
    fn segment(&self, body: Result<Body<'a>, Stop>) -> Body<'a> {
        match (&self.fragment, body) {
            (Some(fragment), _) if !fragment.is_whole() => self.part,
            (_, Ok(body)) => body,
            (_, Err(_)) => self.part,
        }
    }

    /// Keeps what the fragment header says that `body` begins with, if it is the first one and the
    /// packet has all of it (RFC 8200, section 4.5).
    fn note_fragment(&mut self, body: Body<'a>, header: Header) -> Result<(), Stop> {
        if self.fragment.is_none() && body.holds(FRAGMENT_LEN) {
            let &[following, _, high, low, ref id @ ..] = body.read::<FRAGMENT_LEN>(header)?;
            self.part = body.skip(FRAGMENT_LEN);
            self.fragment = Some(Fragment {
                id: u32::from_be_bytes(*id),
                offset: u16::from_be_bytes([high, low & 0xf8]),
                len: part_len_of(self.part.len()),
                more: low & 1 != 0,
                protocol: Protocol(following),
                ecn: 0,
                hop_limit: 0,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::LinkType;
    use super::super::frames::{ipv6, read, tcp, transport, udp};
    use super::{Fragment, Header, MAX_EXTENSIONS, Malformed, ParseError, Protocol, next};
    use crate::packet::{Packet, Transport};

    /// An options header of eight bytes.
    const PADDING: [u8; 8] = [next::DESTINATION, 0, 1, 4, 0, 0, 0, 0];

    fn behind(first: u8, headers: &[u8]) -> (u8, Transport) {
        let packet = ipv6(first, &[headers, &udp(b"")].concat());
        let packet = read(&packet).unwrap();
        (packet.tuple.protocol.0, packet.transport)
    }

    #[test]
    fn the_walk_ends_where_linux_ends_it() {
        let malformed = |why| Transport::Malformed(why);
        for (first, header, protocol, transport) in [
            (0, &[17, 0, 1, 4, 0, 0, 0, 0][..], 17, Transport::Udp),
            (43, &[17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 17, Transport::Udp),
            (51, &[17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 17, Transport::Udp),
            (44, &[17, 0, 0, 0, 0, 0, 0, 9], 17, Transport::Udp),
            (44, &[17, 0, 0, 8, 0, 0, 0, 9], 17, malformed(Malformed::Fragment)),
            (60, &[59, 0, 1, 4, 0, 0, 0, 0], 59, malformed(Malformed::Header)),
            (60, &[253, 200, 1, 4, 0, 0, 0, 0], 253, Transport::Other),
            (60, &[17, 200, 1, 4, 0, 0, 0, 0], 17, malformed(Malformed::UdpHeader)),
            (135, &[59, 0, 0, 0, 0, 0, 0, 0], 135, Transport::Other),
        ] {
            assert_eq!(behind(first, header), (protocol, transport), "{first} {header:?}");
        }
        let half = transport(&ipv6(60, &[17]));
        assert_eq!(half, Transport::Malformed(Malformed::Header));
    }

    #[test]
    fn a_fragment_says_where_it_belongs() {
        let in_front = [next::FRAGMENT, 0, 1, 4, 0, 0, 0, 0];
        let header = [next::DESTINATION, 0, 0, 1, 1, 2, 3, 4];
        let behind = [17, 0, 1, 4, 0, 0, 0, 0];
        let mut packet = ipv6(60, &[&in_front, &header, &behind, &udp(b"")[..]].concat());
        packet[1] = 0x30;
        let protocol = Protocol(next::DESTINATION);
        let (id, len, ecn, hop_limit) = (0x0102_0304, 16, 3, 255);
        let said = Fragment { id, offset: 0, len, more: true, protocol, ecn, hop_limit };
        for (low, said, segment_at) in [
            (1, said, 56),
            (0xf9, Fragment { offset: 0xf8, ..said }, 56),
            (0, Fragment { more: false, ..said }, 64),
        ] {
            packet[51] = low;
            let part = read(&packet).unwrap();
            assert_eq!(part.fragment, Some(said));
            assert_eq!(part.segment, &packet[segment_at..]);
        }
        // A packet that ends inside its fragment header is none.
        packet[5] = 15;
        assert_eq!(read(&packet).unwrap().fragment, None);
        let missing = ParseError::Cut { header: Header::Extension, missing_len: 1 };
        packet[5] = 16;
        assert_eq!(read(&packet[..55]), Err(missing));
    }

    #[test]
    fn the_walk_is_bounded() {
        let mut most = PADDING.repeat(MAX_EXTENSIONS);
        most[8 * (MAX_EXTENSIONS - 1)] = 17;
        assert_eq!(behind(60, &most), (17, Transport::Udp));
        let more = [&PADDING[..], &most].concat();
        assert_eq!(behind(60, &more).1, Transport::Malformed(Malformed::Header));
    }

    #[test]
    fn hop_by_hop_options_end_where_their_header_does() {
        for (header, is_taken) in [
            ([17, 0, 0, 0, 0, 0, 0, 0], true),
            ([17, 0, 5, 2, 0, 0, 1, 0], true),
            ([17, 0, 5, 2, 0, 0, 0, 1], false),
            ([17, 0, 5, 2, 0, 0, 1, 1], false),
            ([17, 0, 5, 5, 0, 0, 0, 0], false),
            ([17, 9, 5, 2, 0, 0, 1, 0], false),
        ] {
            let packet = ipv6(0, &[&header, &udp(b"")[..]].concat());
            let read = Packet::parse(LinkType::Raw, &packet);
            assert_eq!(read.err(), (!is_taken).then_some(ParseError::HopByHop), "{header:?}");
        }
    }

    #[test]
    fn without_length_the_wire_counts() {
        let mut packet = ipv6(6, &tcp(&[], &[0; 1000]));
        packet[4..6].fill(0);
        let offloaded = Packet::parse(LinkType::Raw, &packet).unwrap();
        assert_eq!((offloaded.len, offloaded.segment_len), (1060, 1020));
        // Other protocols are not offloaded, and a length is believed.
        packet[6] = 132;
        assert_eq!(read(&packet).unwrap().len, 40);
        packet[5] = 1;
        let short = Err(ParseError::IpShort { missing_len: 1 });
        assert_eq!(Packet::parse(LinkType::Raw, &packet[..40]), short);
    }
}
