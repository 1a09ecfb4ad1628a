//! From fields to bytes.

use std::net::IpAddr;

use super::sum::{crc32c, internet};
use super::{About, Body, Chunk, Extension, Gre, Icmp, Ip, More, Part, Rest, Sctp, Tcp, Udp};

/// The bytes behind the IP header, and what it says of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// All are there, and so the header says.
    True,
    /// So many are there, and so the header says.
    Cut(u16),
    /// All are there; the header says so many less.
    Less(u16),
    /// All are there; the header says so many more.
    More(u16),
}

impl Ip {
    /// The packet, its header and check sums included.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let carried = self.carried();
        let stated = match self.length {
            Length::True | Length::Cut(_) => carried.len(),
            // One that says 0 would be taken for one that was left to a network card.
            Length::Less(by) => carried.len().saturating_sub(by.into()).max(1),
            Length::More(by) => carried.len() + usize::from(by),
        };
        let header = match (self.from, self.to) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let header_len = 20 + usize::from(self.options_len);
                let [total_high, total_low] = field(header_len + stated).to_be_bytes();
                let [id_high, id_low] = self.part.map_or(0, |part| part.id).to_be_bytes();
                let [at_high, at_low] = self.part.map_or(0, Part::ipv4_field).to_be_bytes();
                let version = 0x40 | u8::try_from(header_len / 4).unwrap_or(15);
                let mut header = vec![version, 0, total_high, total_low, id_high, id_low];
                header.extend([at_high, at_low, self.hop_limit, self.body.protocol(), 0, 0]);
                header.extend(from.octets().into_iter().chain(to.octets()));
                // Each of them says: no operation.
                header.resize(header_len, 1);
                let sum = internet(&[&header]).to_be_bytes();
                header[10..12].copy_from_slice(&sum);
                header
            }
            (from, to) => {
                let [high, low] = field(stated).to_be_bytes();
                let mut header =
                    vec![0x60, 0, 0, 0, high, low, self.first_header(), self.hop_limit];
                header.extend(octets(from).into_iter().chain(octets(to)));
                header
            }
        };
        [header, carried].concat()
    }

    /// What follows the IP header.
    fn carried(&self) -> Vec<u8> {
        let mut body = self.body.bytes((self.from, self.to));
        if let Some(part) = self.part {
            let begin = usize::from(part.offset) * 8;
            let end = part.len.map_or(body.len(), |len| begin + usize::from(len));
            body = body.get(begin..end.min(body.len())).unwrap_or_default().to_vec();
        }
        if self.from.is_ipv6() {
            let mut following = self.body.protocol();
            if let Some(part) = self.part {
                body = [&part.ipv6_header(following), &body[..]].concat();
                following = FRAGMENT;
            }
            for extension in self.extensions.iter().rev() {
                body = [extension.bytes(following), body].concat();
                following = extension.kind;
            }
        }
        if let Length::Cut(len) = self.length {
            body.truncate(len.into());
        }
        body
    }

    /// What the IPv6 header announces.
    fn first_header(&self) -> u8 {
        let behind = if self.part.is_some() { FRAGMENT } else { self.body.protocol() };
        self.extensions.first().map_or(behind, |extension| extension.kind)
    }
}

/// The number of IPv6's fragment header.
const FRAGMENT: u8 = 44;

impl Part {
    fn ipv4_field(self) -> u16 {
        self.offset & 0x1fff | if self.more == More::Follow { 0x2000 } else { 0 }
    }

    fn ipv6_header(self, following: u8) -> [u8; 8] {
        let [high, low] = (self.offset << 3 | u16::from(self.more == More::Follow)).to_be_bytes();
        let [id_high, id_low] = self.id.to_be_bytes();
        [following, 0, high, low, 0, 0, id_high, id_low]
    }
}

impl Extension {
    const AUTHENTICATION: u8 = 51;

    fn bytes(self, following: u8) -> Vec<u8> {
        if self.kind == Self::AUTHENTICATION {
            let header = [following, self.stated_len.unwrap_or(1), 0, 0];
            return [&header[..], &[0; 8]].concat();
        }
        // An option of four bytes of padding; a routing header of no segments left.
        vec![
            following,
            self.stated_len.unwrap_or(0),
            1,
            if self.kind == 43 { 0 } else { 4 },
            0,
            0,
            0,
            0,
        ]
    }
}

impl Body {
    /// Its protocol number.
    #[must_use]
    pub const fn protocol(&self) -> u8 {
        match self {
            Self::Tcp(_) => 6,
            Self::Udp(udp) => udp.protocol,
            Self::Icmp(icmp) => icmp.protocol,
            Self::Sctp(_) => 132,
            Self::Gre(_) => 47,
            Self::Other(protocol, _) => *protocol,
        }
    }

    fn bytes(&self, addresses: (IpAddr, IpAddr)) -> Vec<u8> {
        match self {
            Self::Tcp(tcp) => tcp.bytes(addresses),
            Self::Udp(udp) => udp.bytes(addresses),
            Self::Icmp(icmp) => icmp.bytes(addresses),
            Self::Sctp(sctp) => sctp.bytes(),
            Self::Gre(gre) => gre.bytes(),
            Self::Other(_, len) => vec![0; usize::from(*len)],
        }
    }
}

impl Tcp {
    fn bytes(&self, addresses: (IpAddr, IpAddr)) -> Vec<u8> {
        let mut segment = ports(self.ports);
        segment.extend([self.seq.to_be_bytes(), self.ack.to_be_bytes()].concat());
        let words = u8::try_from(5 + self.options.len() / 4).unwrap_or(15);
        let [high, low] = self.window.to_be_bytes();
        segment.extend([self.offset.unwrap_or(words) << 4, self.flags, high, low, 0, 0, 0, 0]);
        segment.extend(&self.options);
        segment.resize(segment.len() + usize::from(self.payload_len), 0);
        let right = internet(&[&pseudo_header(addresses, 6, segment.len()), &segment]);
        segment[16..18].copy_from_slice(&self.sum.of(right).to_be_bytes());
        segment
    }
}

impl Udp {
    fn bytes(&self, addresses: (IpAddr, IpAddr)) -> Vec<u8> {
        let len = 8 + usize::from(self.payload_len);
        let mut datagram = ports(self.ports);
        datagram.extend(self.stated_len.unwrap_or(field(len)).to_be_bytes());
        datagram.resize(len, 0);
        let pseudo_header = pseudo_header(addresses, self.protocol, len);
        // Zero says that there is none; all bits set are the same sum.
        let right = match internet(&[&pseudo_header, &datagram]) {
            0 => 0xffff,
            sum => sum,
        };
        datagram[6..8].copy_from_slice(&self.sum.of(right).to_be_bytes());
        datagram
    }
}

impl Icmp {
    fn bytes(&self, (from, to): (IpAddr, IpAddr)) -> Vec<u8> {
        let [high, low] = self.id.to_be_bytes();
        let mut message = vec![self.kind, self.code, 0, 0, high, low, 0, 1];
        match &self.rest {
            Rest::Zeros(len) => message.resize(message.len() + usize::from(*len), 0),
            Rest::About(about) => message.extend(about.bytes()),
            Rest::Redirect(option, words, about) => {
                message.extend([octets(to), octets(from)].concat());
                message.extend([*option, *words, 0, 0, 0, 0, 0, 0]);
                message.extend(about.bytes());
            }
        }
        let right = if self.protocol == 58 {
            internet(&[&pseudo_header((from, to), 58, message.len()), &message])
        } else {
            internet(&[&message])
        };
        message[2..4].copy_from_slice(&self.sum.of(right).to_be_bytes());
        message
    }
}

impl About {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.packet.bytes();
        if let (Some(version), Some(first)) = (self.version, bytes.first_mut()) {
            *first = version;
        }
        bytes.truncate(self.len.into());
        bytes
    }
}

impl Sctp {
    fn bytes(&self) -> Vec<u8> {
        let mut packet = ports(self.ports);
        packet.extend(self.tag.to_be_bytes());
        packet.extend([0; 4]);
        for chunk in &self.chunks {
            packet.extend(chunk.bytes());
        }
        let sum = self.sum.of_crc(crc32c(&packet)).to_le_bytes();
        packet[8..12].copy_from_slice(&sum);
        packet
    }
}

impl Chunk {
    fn bytes(&self) -> Vec<u8> {
        let [high, low] = self.stated_len.unwrap_or(4 + self.value_len).to_be_bytes();
        let mut value = self.tag.to_be_bytes().to_vec();
        value.resize(self.value_len.into(), 0);
        let mut chunk = [vec![self.kind, self.flags, high, low], value].concat();
        chunk.resize(chunk.len().next_multiple_of(4), 0);
        chunk
    }
}

impl Gre {
    fn bytes(self) -> Vec<u8> {
        let words = [self.flags, self.carries, 4, self.call];
        let mut packet: Vec<_> = words.into_iter().flat_map(u16::to_be_bytes).collect();
        packet.resize(self.len.into(), 0);
        packet
    }
}

fn ports((from, to): (u16, u16)) -> Vec<u8> {
    [from.to_be_bytes(), to.to_be_bytes()].concat()
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// What check sums count besides the message.
fn pseudo_header((from, to): (IpAddr, IpAddr), protocol: u8, len: usize) -> Vec<u8> {
    let [high, low] = field(len).to_be_bytes();
    [octets(from), octets(to), vec![0, protocol, high, low]].concat()
}

/// A length in a field of 16 bits, which all packets here have room for.
fn field(len: usize) -> u16 {
    u16::try_from(len).unwrap_or(u16::MAX)
}
