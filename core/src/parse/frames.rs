//! The packets that the parser's tests are made of.

use std::vec::Vec;

use super::{LinkType, ParseError};
use crate::packet::{Packet, Tcp, Transport};

/// An IPv4 packet from 192.0.2.1 to 198.51.100.2.
pub(super) fn ipv4(protocol: u8, body: &[u8]) -> Vec<u8> {
    let header = [0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2];
    let mut packet = [&header, body].concat();
    let len = u16::try_from(packet.len()).unwrap();
    packet[2..4].copy_from_slice(&len.to_be_bytes());
    packet
}

/// An IPv6 packet from fe80::1 to fe80::2, with the hop limit that only a neighbour can send.
pub(super) fn ipv6(next: u8, body: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(body.len()).unwrap().to_be_bytes();
    let mut header = [0; 40];
    header[..8].copy_from_slice(&[0x60, 0, 0, 0, high, low, next, 255]);
    (header[8], header[9], header[23]) = (0xfe, 0x80, 1);
    (header[24], header[25], header[39]) = (0xfe, 0x80, 2);
    [&header, body].concat()
}

/// A TCP segment from port 1111 to port 80: seq 1000, ack 2000, flags ACK, window 512.
pub(super) fn tcp(options: &[u8], payload: &[u8]) -> Vec<u8> {
    let fixed = [4, 0x57, 0, 80, 0, 0, 3, 0xe8, 0, 0, 7, 0xd0, 0, 0x10, 2, 0, 0, 0, 0, 0];
    let mut segment = [&fixed, options].concat();
    segment[12] = u8::try_from(segment.len() << 2).unwrap();
    segment.extend(payload);
    segment
}

/// A UDP datagram from port 1111 to port 53.
pub(super) fn udp(payload: &[u8]) -> Vec<u8> {
    let mut datagram = [&[4, 0x57, 0, 53, 0, 0, 0, 0], payload].concat();
    datagram[5] = u8::try_from(datagram.len()).unwrap();
    datagram
}

/// Reads a UDP datagram in IPv4 behind `header`, of the link type with that number.
///
/// When that can be read, it must be so with a check sequence behind it, too, and every beginning of
/// it must say what is missing of the header where it ends.
pub(super) fn behind(dlt: u16, header: &[u8]) -> Result<(), ParseError> {
    let link = LinkType::from_dlt(dlt).unwrap();
    let packet = ipv4(17, &udp(b""));
    let frame = [header, &packet].concat();
    let whole = Packet::parse(link, &frame);
    for len in 0..frame.len() {
        let is_named = match Packet::parse_cut(link, &frame[..len], CUT_LEN) {
            Err(ParseError::LinkHeader { missing_len }) => {
                header.get(len..).is_some_and(|rest| usize::from(missing_len) <= rest.len())
            }
            Err(ParseError::Cut { .. }) => len >= header.len(),
            _ => false,
        };
        assert!(whole.is_err() || is_named, "{header:x?} cut after {len} bytes");
    }
    assert!(whole.is_err() || link.ip(&frame).is_ok_and(|ip| ip == packet));
    let checked = [&frame[..], &[0xee; 4]].concat();
    assert_eq!(Packet::parse(link, &checked), whole);
    whole.map(|whole| assert_eq!(Ok(whole), read(&packet)))
}

/// As much as a capture may have cut off any of these packets.
const CUT_LEN: u32 = 1000;

/// Reads a packet that may have been cut.
pub(super) fn read(packet: &[u8]) -> Result<Packet<'_>, ParseError> {
    Packet::parse_cut(LinkType::Raw, packet, CUT_LEN)
}

pub(super) fn transport(packet: &[u8]) -> Transport {
    read(packet).unwrap().transport
}

pub(super) fn segment(packet: &[u8]) -> Tcp {
    let Transport::Tcp(tcp) = transport(packet) else { unreachable!("{packet:x?}") };
    tcp
}
