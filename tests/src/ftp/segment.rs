//! The segments of a control connection and of those that it announces, as bytes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host and its port.
pub(crate) type End = (IpAddr, u16);

/// IPv4 or IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    V6,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

impl Side {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    pub(crate) fn address(self, family: Family) -> IpAddr {
        let last = match self {
            Self::Client => 1,
            Self::Server => 2,
        };
        match family {
            Family::V4 => Ipv4Addr::new(192, 0, 2, last).into(),
            Family::V6 => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into()).into(),
        }
    }
}

/// What a segment says of its place in the stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    /// The letters of its flags: `SAFRP`.
    pub(crate) flags: &'static str,
}

/// A segment in an IP packet; its check sums are zero.
pub(crate) fn segment((from, to): (End, End), at: At, payload: &[u8]) -> Vec<u8> {
    let flag = |letter| match letter {
        'F' => 0x01,
        'S' => 0x02,
        'R' => 0x04,
        'P' => 0x08,
        _ => 0x10,
    };
    let flags = at.flags.chars().map(flag).fold(0, |flags, flag| flags | flag);
    let mut tcp = [from.1.to_be_bytes(), to.1.to_be_bytes()].concat();
    tcp.extend([at.seq.to_be_bytes(), at.ack.to_be_bytes()].concat());
    tcp.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    tcp.extend(payload);
    let len = |len: usize| u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes();
    let mut packet = match (from.0, to.0) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let [high, low] = len(20 + tcp.len());
            let mut header = vec![0x45, 0, high, low, 0, 0, 0, 0, 64, 6, 0, 0];
            header.extend([from.octets(), to.octets()].concat());
            with_sum(header)
        }
        (from, to) => {
            let [high, low] = len(tcp.len());
            let mut header = vec![0x60, 0, 0, 0, high, low, 6, 64];
            for address in [from, to] {
                if let IpAddr::V6(address) = address {
                    header.extend(address.octets());
                }
            }
            header
        }
    };
    packet.extend(tcp);
    packet
}

/// An IPv4 header with its check sum, without which the kernel refuses it.
fn with_sum(mut header: Vec<u8>) -> Vec<u8> {
    let words = header.chunks_exact(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1]));
    let sum: u32 = words.sum();
    let [_, _, high, low] = (!((sum & 0xffff) + (sum >> 16))).to_be_bytes();
    (header[10], header[11]) = (high, low);
    header
}
