//! The packets that the rules meet: each has the number of its name in its IP header.

use keeptrack_core::{Protocol, TcpFlags};

/// A packet.
#[derive(Debug, Clone)]
pub struct Packet {
    /// What the cases call it.
    pub name: &'static str,
    /// Where it was seen: 1 is `lo`, 2 is `eth0`, 3 is `eth1`.
    pub interface: u8,
    /// Whether it arrives from outside; else the host sends it.
    pub arrives: bool,
    /// The packet of IPv4.
    pub ip: Vec<u8>,
}

/// The host's address.
pub const HOST: [u8; 4] = [192, 0, 2, 1];
const PEER: [u8; 4] = [10, 0, 0, 9];
const NODE_LOCAL: [u8; 4] = [169, 254, 20, 10];
const LOOPBACK: [u8; 4] = [127, 0, 0, 1];

/// All of them; the first has the identification 1.
#[must_use]
pub fn packets() -> Vec<Packet> {
    let (syn, ack) = (TcpFlags::SYN, TcpFlags::ACK);
    let other = |number| (Protocol(number), PEER, HOST, vec![8, 0, 0xf7, 0xfd, 0, 1, 0, 1]);
    let all = [
        ("dns", 2, true, udp(PEER, HOST, (4000, 53))),
        ("dns-reply", 2, false, udp(HOST, PEER, (53, 4000))),
        ("own-dns", 2, false, udp(HOST, PEER, (4001, 53))),
        ("own-dns-reply", 2, true, udp(PEER, HOST, (53, 4001))),
        ("node-dns", 2, true, udp(PEER, NODE_LOCAL, (4002, 53))),
        ("node-tcp", 2, true, tcp(PEER, NODE_LOCAL, (4002, 53), ack)),
        ("ntp", 2, true, udp(PEER, HOST, (4003, 123))),
        ("ntp-reply", 2, false, udp(HOST, PEER, (123, 4003))),
        ("syn", 2, true, tcp(PEER, HOST, (4004, 443), syn)),
        ("ack", 2, true, tcp(PEER, HOST, (4005, 80), ack)),
        ("https-reply", 2, false, tcp(HOST, PEER, (443, 4006), ack)),
        ("through-syn", 2, true, tcp(PEER, [198, 51, 100, 9], (4007, 22), syn)),
        ("inside", 2, true, udp([10, 1, 0, 1], [10, 2, 0, 2], (4008, 9))),
        ("media", 2, true, udp(PEER, HOST, (4009, 35_000))),
        ("vxlan", 2, true, udp(PEER, HOST, (4010, 4789))),
        ("geneve", 2, true, udp(PEER, HOST, (4011, 6081))),
        ("statsd", 2, true, udp(PEER, HOST, (4012, 8125))),
        ("wireguard", 3, true, udp([10, 90, 0, 20], HOST, (4013, 51_820))),
        ("listed", 2, true, udp([10, 10, 10, 10], HOST, (4014, 5004))),
        ("vrrp", 2, true, other(112)),
        ("gre", 2, true, other(47)),
        ("ping", 2, true, other(1)),
        ("group", 2, true, udp(PEER, [224, 0, 0, 251], (5353, 5353))),
        ("discover", 2, true, udp([0; 4], [255; 4], (68, 67))),
        ("zero-net", 2, true, udp([0, 1, 2, 3], HOST, (4016, 9))),
        ("zero", 2, true, other(0)),
        ("sctp", 2, true, sctp(PEER, HOST, (4000, 9))),
        ("loop", 1, false, udp(LOOPBACK, LOOPBACK, (4015, 7))),
    ];
    let numbered = (1..).zip(all);
    numbered
        .map(|(number, (name, interface, arrives, body))| Packet {
            name,
            interface,
            arrives,
            ip: ip(number, body),
        })
        .collect()
}

type Body = (Protocol, [u8; 4], [u8; 4], Vec<u8>);

/// A datagram without payload, and without a check sum.
fn udp(from: [u8; 4], to: [u8; 4], ports: (u16, u16)) -> Body {
    let body = [ports.0.to_be_bytes(), ports.1.to_be_bytes(), [0, 8], [0, 0]];
    (Protocol::UDP, from, to, body.concat())
}

/// A shutdown that is complete: a chunk without more, and no check sum.
fn sctp(from: [u8; 4], to: [u8; 4], ports: (u16, u16)) -> Body {
    let header = [ports.0.to_be_bytes(), ports.1.to_be_bytes(), [0, 0], [0, 1], [0, 0], [0, 0]];
    (Protocol::SCTP, from, to, [header.concat(), vec![14, 0, 0, 4]].concat())
}

/// A segment without payload.
fn tcp(from: [u8; 4], to: [u8; 4], ports: (u16, u16), flags: TcpFlags) -> Body {
    let mut body = [ports.0.to_be_bytes(), ports.1.to_be_bytes()].concat();
    body.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags.0, 0xff, 0xff, 0, 0, 0, 0]);
    let pseudo = [&from[..], &to[..], &[0, Protocol::TCP.0, 0, 20]].concat();
    let sum = checksum(&[pseudo, body.clone()].concat());
    body.splice(16..18, sum.to_be_bytes());
    (Protocol::TCP, from, to, body)
}

fn ip(number: u16, (protocol, from, to, body): Body) -> Vec<u8> {
    let len = u16::try_from(20 + body.len()).unwrap_or(u16::MAX).to_be_bytes();
    let mut header = vec![0x45, 0];
    header.extend(len);
    header.extend(number.to_be_bytes());
    header.extend([0, 0, 64, protocol.0, 0, 0]);
    header.extend(from);
    header.extend(to);
    let sum = checksum(&header);
    header.splice(10..12, sum.to_be_bytes());
    [header, body].concat()
}

/// The check sum of the Internet (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| match pair {
        [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
        [high, ..] => u32::from(*high) << 8,
        [] => 0,
    });
    let sum: u32 = words.sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = (sum & 0xffff) + (sum >> 16);
    !u16::try_from(sum & 0xffff).unwrap_or_default()
}
