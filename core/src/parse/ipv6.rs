//! The IPv6 header and the walk over the extension headers that Linux walks.

use core::net::Ipv6Addr;

use crate::packet::Malformed;
use crate::tuple::Protocol;

use super::body::{Body, Stop, len_of};
use super::{Addresses, Header, Ip, ParseError};

/// Length of the fixed header.
const FIXED_LEN: usize = 40;
/// Most extension headers of a packet; RFC 8200 foresees seven.
const MAX_EXTENSIONS: usize = 16;

/// Reads the headers that begin `frame`; what lies behind the packet is left out.
pub(super) fn outer(frame: &[u8]) -> Result<Ip<'_>, ParseError> {
    let header = frame.first_chunk().ok_or_else(|| Header::Ip.cut(FIXED_LEN, frame.len()))?;
    let whole = match (u16::from_be_bytes([header[4], header[5]]), Protocol(header[6])) {
        // A host that hands segments of 64 KiB to its network card captures them without length.
        (0, Protocol::TCP | Protocol::UDP) => Body::unstated(frame),
        (payload_len, _) => Body::stated(frame, FIXED_LEN.saturating_add(usize::from(payload_len))),
    };
    Ok(ip(header, whole, Header::Extension))
}

/// Reads the headers of the packet inside an ICMPv6 error. Its length field is not looked at:
/// routers send the beginning of a packet only.
pub(super) fn inner(body: Body<'_>) -> Result<Ip<'_>, Stop> {
    let header = body.read(Header::Inner)?;
    if header[0] >> 4 != 6 {
        return Err(Malformed::Header.into());
    }
    Ok(ip(header, body, Header::Inner))
}

fn ip<'a>(header: &'a [u8; FIXED_LEN], whole: Body<'a>, extension: Header) -> Ip<'a> {
    let &[_, _, _, _, _, _, next, hop_limit, ref addresses @ ..] = header;
    let mut chain = Chain { protocol: Protocol(next), is_first_fragment: false };
    let body = chain.walk(whole.skip(FIXED_LEN), extension);
    Ip {
        addresses: Addresses::V6(addresses),
        protocol: chain.protocol,
        hop_limit,
        is_first_fragment: chain.is_first_fragment,
        len: len_of(whole.len()),
        body,
    }
}

/// An address of which the bytes are there.
pub(super) fn address(bytes: &[u8]) -> Ipv6Addr {
    Ipv6Addr::from(bytes.first_chunk().copied().unwrap_or([0; 16]))
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
struct Chain {
    /// What the last of them announces.
    protocol: Protocol,
    is_first_fragment: bool,
}

impl Chain {
    /// Walks to what is no extension header and returns where that begins. Bytes which cannot be
    /// read belong to `header`.
    fn walk<'a>(&mut self, mut body: Body<'a>, header: Header) -> Result<Body<'a>, Stop> {
        for _ in 0..=MAX_EXTENSIONS {
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
                    if u16::from_be_bytes([high, low]) >> 3 != 0 {
                        self.protocol = Protocol(following);
                        return Err(Malformed::Fragment.into());
                    }
                    self.is_first_fragment = low & 1 != 0;
                    (following, 8)
                }
                next::NONE => return Err(Malformed::Header.into()),
                _ => return Ok(body),
            };
            self.protocol = Protocol(following);
            body = body.skip(len);
        }
        Err(Malformed::Header.into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::frames::{ipv6, read, segment, tcp, transport, udp};
    use super::*;
    use crate::packet::Transport;

    /// An options header of eight bytes.
    const PADDING: [u8; 8] = [next::DESTINATION, 0, 1, 4, 0, 0, 0, 0];

    fn behind(first: u8, headers: &[u8]) -> (u8, Transport) {
        let packet = read(&ipv6(first, &[headers, &udp(b"")].concat())).unwrap();
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
    fn the_walk_is_bounded() {
        let mut most = PADDING.repeat(MAX_EXTENSIONS);
        most[8 * (MAX_EXTENSIONS - 1)] = 17;
        assert_eq!(behind(60, &most), (17, Transport::Udp));
        let more = [&PADDING[..], &most].concat();
        assert_eq!(behind(60, &more).1, Transport::Malformed(Malformed::Header));
    }

    #[test]
    fn without_length_the_capture_counts() {
        let mut packet = ipv6(6, &tcp(&[], &[0; 1000]));
        packet[4..6].fill(0);
        assert_eq!((segment(&packet).payload_len, read(&packet).unwrap().len), (1000, 1060));
    }
}
