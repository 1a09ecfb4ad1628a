//! The IPv4 header: of the packet, where IP layers refuse some, and of the packet inside an error.

use crate::packet::Malformed;
use crate::tuple::Protocol;

use super::body::{Body, Stop, len_of};
use super::{Addresses, Header, Ip, ParseError};

/// Length of a header without options.
const MIN_LEN: usize = 20;

/// Reads the header that begins `frame`; what lies behind the packet is left out.
pub(super) fn outer(frame: &[u8]) -> Result<Ip<'_>, ParseError> {
    let header = frame.first_chunk().ok_or_else(|| Header::Ip.cut(MIN_LEN, frame.len()))?;
    let header_len = header_len(header);
    if header_len < MIN_LEN {
        return Err(ParseError::IpHeaderLen(header[0] << 2 & 0x3c));
    }
    let total_len = u16::from_be_bytes([header[2], header[3]]);
    let whole = match usize::from(total_len) {
        // A host that hands segments of 64 KiB to its network card captures them without length.
        0 if frame.len() > MIN_LEN => Body::unstated(frame),
        len if len < header_len => return Err(ParseError::IpTotalLen(total_len)),
        len => Body::stated(frame, len),
    };
    Ok(ip(header, whole))
}

/// Reads the header of the packet inside an ICMP error. Its length field is not looked at: routers
/// send the beginning of a packet only.
pub(super) fn inner(body: Body<'_>) -> Result<Ip<'_>, Stop> {
    let header = body.read(Header::Inner)?;
    let header_len = header_len(header);
    if header[0] >> 4 != 4 || header_len < MIN_LEN || !body.holds(header_len) {
        return Err(Malformed::Header.into());
    }
    Ok(ip(header, body))
}

fn header_len(header: &[u8; MIN_LEN]) -> usize {
    usize::from(header[0] & 0x0f) << 2
}

fn ip<'a>(header: &'a [u8; MIN_LEN], whole: Body<'a>) -> Ip<'a> {
    let &[_, _, _, _, _, _, high, low, _, protocol, _, _, ref addresses @ ..] = header;
    let fragment = u16::from_be_bytes([high, low]);
    let (more, offset) = (fragment & 0x2000 != 0, fragment & 0x1fff);
    Ip {
        addresses: Addresses::V4(addresses),
        protocol: Protocol(protocol),
        #[cfg(not(feature = "ipv4-only"))]
        hop_limit: header[8],
        is_first_fragment: more && offset == 0,
        len: len_of(whole.len()),
        body: if offset == 0 {
            Ok(whole.skip(header_len(header)))
        } else {
            Err(Malformed::Fragment.into())
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::frames::{ipv4, read, segment, tcp, transport, udp};
    use super::*;
    use crate::packet::Transport;
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
    fn without_length_the_capture_counts() {
        let mut packet = ipv4(6, &tcp(&[], &[0; 1000]));
        packet[2..4].fill(0);
        assert_eq!((segment(&packet).payload_len, read(&packet).unwrap().len), (1000, 1040));
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
}
