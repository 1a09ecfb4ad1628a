//! The IPv4 header: of the packet, where IP layers refuse some, and of the packet inside an error.

use crate::packet::{Fragment, Malformed, Packet};
use crate::tuple::Protocol;

use super::body::{Body, Stop, len_of, part_len_of};
use super::{Addresses, Datagram, Header, Ip, ParseError, tcp_packet, transport};

/// Length of a header without options.
const MIN_LEN: usize = 20;

/// Reads the packet that begins `frame`, which had `frame_len` bytes on the wire; what lies behind
/// the packet is left out.
pub(super) fn read(frame: &[u8], frame_len: usize) -> Result<Packet<'_>, ParseError> {
    let header = frame.first_chunk().ok_or_else(|| Header::Ip.cut(MIN_LEN, frame.len()))?;
    let header_len = header_len(header);
    if header_len < MIN_LEN {
        return Err(ParseError::IpHeaderLen(header[0] << 2 & 0x3c));
    }
    let total_len = u16::from_be_bytes([header[2], header[3]]);
    let len = match usize::from(total_len) {
        // A host that hands segments of 64 KiB to its network card captures them without length.
        0 if frame_len > MIN_LEN => frame_len,
        len => len,
    };
    if len < header_len {
        return Err(ParseError::IpTotalLen(total_len));
    }
    let whole = Body::of(frame, len, frame_len)?;
    let &[_, _, _, _, _, _, high, low, _, protocol, _, _, ref addresses @ ..] = header;
    let body = whole.skip(header_len);
    if Protocol(protocol) == Protocol::TCP
        && (high & 0x3f, low) == (0, 0)
        && let Some((ends, tcp)) = transport::tcp(body)
    {
        let tuple = Addresses::V4(addresses).tuple(Protocol::TCP, ends);
        return Ok(tcp_packet(tuple, tcp, len, body));
    }
    ip(header, whole).read()
}

/// Reads the header of the packet inside an ICMP error. Its length field is not looked at: routers
/// send the beginning of a packet only. Nor is its version, and its header may be shorter than one
/// can be: Linux asks neither.
pub(super) fn inner(body: Body<'_>) -> Result<Ip<'_>, Stop> {
    let header = body.read(Header::Inner)?;
    if !body.holds(header_len(header)) {
        return Err(Malformed::Header.into());
    }
    Ok(ip(header, body))
}

fn header_len(header: &[u8; MIN_LEN]) -> usize {
    usize::from(header[0] & 0x0f) << 2
}

/// Not in line: few packets come here, and those inside errors.
#[inline(never)]
fn ip<'a>(header: &'a [u8; MIN_LEN], whole: Body<'a>) -> Ip<'a> {
    let &[_, _, _, _, _, _, high, low, _, protocol, _, _, ref addresses @ ..] = header;
    let protocol = Protocol(protocol);
    let body = whole.skip(header_len(header));
    let place = u16::from_be_bytes([high, low]) & 0x3fff;
    Ip {
        addresses: Addresses::V4(addresses),
        protocol,
        #[cfg(not(feature = "ipv4-only"))]
        hop_limit: header[8],
        fragment: (place != 0).then(|| fragment(header, place, body.len())),
        len: len_of(whole.len()),
        body: if place << 3 == 0 { Ok(body) } else { Err(Malformed::Fragment.into()) },
        segment: body,
    }
}

/// What the header of a fragment says. Few packets are fragments: nothing of it is read on the way of
/// the others.
#[cold]
fn fragment(header: &[u8; MIN_LEN], place: u16, len: usize) -> Fragment {
    Fragment {
        id: u16::from_be_bytes([header[4], header[5]]).into(),
        offset: place << 3,
        len: part_len_of(len),
        more: place & 0x2000 != 0,
        protocol: Protocol(header[9]),
        ecn: header[1] & 0x03,
        hop_limit: header[8],
    }
}

/// The header of a datagram that was put together.
pub(super) fn datagram<'a>(datagram: &Datagram<'a>) -> Ip<'a> {
    let body = datagram.body();
    Ip {
        addresses: Addresses::V4(datagram.addresses.first_chunk().unwrap_or(&[0; 8])),
        protocol: datagram.protocol,
        #[cfg(not(feature = "ipv4-only"))]
        hop_limit: datagram.hop_limit,
        fragment: None,
        len: datagram.len,
        body: Ok(body),
        segment: body,
    }
}

#[cfg(test)]
mod tests {
    use super::super::LinkType;
    use super::super::frames::{ipv4, read, segment, tcp, transport, udp};
    use super::{Fragment, Malformed, ParseError, Protocol};
    use crate::packet::{Packet, Transport};
    use crate::tuple::Ends;

    #[test]
    fn what_the_ip_layer_refuses_is_named() {
        let whole = ipv4(17, &udp(b""));
        for (at, byte, why) in [
            (0, 0x44, ParseError::IpHeaderLen(16)),
            (3, 19, ParseError::IpTotalLen(19)),
            (0, 0x48, ParseError::IpTotalLen(28)),
        ] {
            let mut packet = whole.clone();
            packet[at] = byte;
            assert_eq!(read(&packet), Err(why));
        }
    }

    #[test]
    fn the_length_field_counts_not_the_capture() {
        let packet = ipv4(6, &tcp(&[], &[0; 100]));
        let padded = [&*packet, &[0; 6]].concat();
        for seen in [&packet[..40], &padded] {
            assert_eq!((segment(seen).payload_len, read(seen).unwrap().len), (100, 140));
        }
    }

    #[test]
    fn without_length_the_wire_counts() {
        let mut packet = ipv4(6, &tcp(&[], &[0; 1000]));
        packet[2..4].fill(0);
        for (kept, cut_len) in [(1040, 0), (140, 900)] {
            let read = Packet::parse_cut(LinkType::Raw, &packet[..kept], cut_len).unwrap();
            assert_eq!((read.len, read.segment_len), (1040, 1020));
        }
    }

    #[test]
    fn a_packet_that_states_more_than_there_is_is_refused() {
        let packet = ipv4(17, &udp(b"1234"));
        let read = |kept, cut_len| Packet::parse_cut(LinkType::Raw, &packet[..kept], cut_len);
        for (kept, cut_len, missing_len) in [(31, 0, 1), (28, 1, 3)] {
            assert_eq!(read(kept, cut_len), Err(ParseError::IpShort { missing_len }));
        }
        assert!(read(28, 4).is_ok_and(|packet| packet.segment_len == 12));
    }

    #[test]
    fn fragments_after_the_first_have_no_ends() {
        let mut packet = ipv4(17, &[0, 1, 0, 2, 0xff, 0, 0, 0]);
        packet[6] = 0x20;
        assert_eq!(transport(&packet), Transport::Udp);
        packet[7] = 1;
        let later = read(&packet[..20]).unwrap();
        assert_eq!(later.transport, Transport::Malformed(Malformed::Fragment));
        assert_eq!(later.tuple.ends, Ends::None);
    }

    #[test]
    fn a_fragment_says_where_it_belongs() {
        let mut packet = ipv4(17, &udp(b"0123456789"));
        packet[0] = 0x46;
        packet[1] = 0xfe;
        packet[4..7].copy_from_slice(&[0x12, 0x34, 0xc0]);
        assert_eq!(read(&packet).unwrap().fragment, None);
        for (field, offset, more) in [(0x1fff, 65_528, false), (0x2000, 0, true), (0x2001, 8, true)]
        {
            packet[6..8].copy_from_slice(&u16::to_be_bytes(field));
            let part = read(&packet[..32]).unwrap();
            let protocol = Protocol::UDP;
            let (id, len, ecn, hop_limit) = (0x1234, 14, 2, 64);
            let said = Fragment { id, offset, len, more, protocol, ecn, hop_limit };
            assert_eq!(part.fragment, Some(said));
            assert_eq!((part.segment, part.segment_len), (&packet[24..32], 14));
        }
    }
}
