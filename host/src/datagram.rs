//! What a packet takes with it from interface to interface, in few bytes.

use std::hash::Hasher;

use keeptrack_core::{LinkType, Protocol, TcpFlags};

use crate::capture::Record;

/// How much of a packet's payload is compared.
const MAX_PAYLOAD_LEN: usize = 64;
/// From which length on a payload alone tells a packet from others.
const TELLING_PAYLOAD_LEN: usize = 16;

/// What a packet takes with it from interface to interface.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Datagram {
    /// Of all of it.
    pub(crate) fingerprint: u64,
    /// Of what NAT leaves as it is; `None` when that would not tell it from other packets.
    pub(crate) behind_nat: Option<u64>,
    pub(crate) ends: Ends,
    pub(crate) hop_limit: u8,
    pub(crate) turn: Turn,
}

/// Who speaks to whom, with ports: what NAT changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) source: End,
    pub(crate) destination: End,
}

/// An address, that of IPv4 in its first four bytes, and a port, 0 without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) address: [u8; 16],
    pub(crate) port: u16,
}

/// Whose turn it is when a packet like this is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It begins something: a SYN, an echo request.
    Opens,
    /// It answers that.
    Answers,
    /// It does not tell.
    Unknown,
}

impl Datagram {
    /// Of the IP packet in a frame.
    pub(crate) fn of(record: &Record<'_>) -> Option<Self> {
        let packet = LinkType::from_dlt(record.link)?.ip(record.data).ok()?;
        match packet.first()? >> 4 {
            4 => Self::v4(packet),
            6 => Self::v6(packet),
            _ => None,
        }
    }

    fn v4(packet: &[u8]) -> Option<Self> {
        // [version and length, service, length, id, fragment, hops, protocol, check sum, addresses]
        let (header, _) = packet.split_first_chunk::<20>()?;
        let body = packet.get(usize::from(header[0] & 15) * 4..)?;
        let is_later_fragment = u16::from_be_bytes([header[6], header[7]]) & 0x1fff != 0;
        let mut hasher = hasher();
        hasher.write(&header[2..8]);
        hasher.write(&header[9..10]);
        let network = Network {
            addresses: [&header[12..16], &header[16..20]],
            protocol: if is_later_fragment { None } else { Some(Protocol(header[9])) },
            hop_limit: header[8],
            has_id: header[4..6] != [0; 2],
        };
        Some(network.datagram(hasher, body))
    }

    fn v6(packet: &[u8]) -> Option<Self> {
        // [version, class and flow label, length, next header, hops, addresses]
        let (header, body) = packet.split_first_chunk::<40>()?;
        let mut hasher = hasher();
        hasher.write(&[header[1] & 15]);
        hasher.write(&header[2..7]);
        let network = Network {
            addresses: [&header[8..24], &header[24..40]],
            protocol: Some(Protocol(header[6])),
            hop_limit: header[7],
            has_id: false,
        };
        Some(network.datagram(hasher, body))
    }
}

/// What an IP header says.
struct Network<'p> {
    addresses: [&'p [u8]; 2],
    /// `None` for a later fragment.
    protocol: Option<Protocol>,
    hop_limit: u8,
    /// Whether a number tells it from other packets of its sender.
    has_id: bool,
}

impl Network<'_> {
    /// The whole packet, `hasher` having seen the header but for its addresses. Left out is what a
    /// gateway changes, or what offloading leaves unfinished until a packet is sent: check sums, and
    /// TCP options (a clamped MSS).
    fn datagram(&self, mut hasher: impl Hasher, body: &[u8]) -> Datagram {
        let above = Above::of(self.protocol, body);
        hasher.write(above.fixed);
        hasher.write(above.payload);
        let behind_nat = match (above.tells, self.has_id) {
            (Tells::Enough, _) | (Tells::WithId, true) => Some(hasher.finish()),
            (Tells::WithId, false) | (Tells::Nothing, _) => None,
        };
        let [source, destination] = self.addresses;
        for part in [source, destination, above.ports, above.id] {
            hasher.write(part);
        }
        let ends = Ends {
            source: End { address: padded(source), port: number(above.ports, 0) },
            destination: End { address: padded(destination), port: number(above.ports, 2) },
        };
        let (fingerprint, hop_limit, turn) = (hasher.finish(), self.hop_limit, above.turn);
        Datagram { fingerprint, behind_nat, ends, hop_limit, turn }
    }
}

/// What a header above IP says, and what stands behind it.
struct Above<'p> {
    /// Both of them, or nothing.
    ports: &'p [u8],
    /// What NAT changes as it does ports: the identifier of ICMP.
    id: &'p [u8],
    /// What nobody changes.
    fixed: &'p [u8],
    payload: &'p [u8],
    turn: Turn,
    tells: Tells,
}

/// Whether a packet can be told from others without addresses and ports.
#[derive(Clone, Copy)]
enum Tells {
    Nothing,
    /// With the number that IPv4 gives it.
    WithId,
    Enough,
}

impl<'p> Above<'p> {
    fn of(protocol: Option<Protocol>, body: &'p [u8]) -> Self {
        let part = |from: usize, to: usize| body.get(from..to).unwrap_or_default();
        let behind = |from: usize| {
            let rest = body.get(from..).unwrap_or_default();
            rest.get(..MAX_PAYLOAD_LEN).unwrap_or(rest)
        };
        match protocol {
            Some(Protocol::TCP) => {
                let header_len = body.get(12).map_or(0, |offset| usize::from(offset >> 4) * 4);
                let (turn, tells) =
                    body.get(13).map_or((Turn::Unknown, Tells::Nothing), |&flags| {
                        // Sequence and acknowledgement numbers are there.
                        (Turn::of_tcp(TcpFlags(flags)), Tells::Enough)
                    });
                let (ports, fixed, payload) = (part(0, 4), part(4, 16), behind(header_len.max(20)));
                Self { ports, id: &[], fixed, payload, turn, tells }
            }
            Some(Protocol::UDP | Protocol::UDPLITE) => {
                let payload = behind(8);
                let (ports, fixed, tells) = (part(0, 4), part(4, 6), Tells::of_payload(payload));
                Self { ports, id: &[], fixed, payload, turn: Turn::Unknown, tells }
            }
            Some(Protocol::ICMP | Protocol::ICMPV6) => {
                let payload = behind(6);
                let (turn, tells) = match body.first() {
                    Some(8 | 128) => (Turn::Opens, Tells::of_payload(payload)),
                    Some(0 | 129) => (Turn::Answers, Tells::of_payload(payload)),
                    _ => (Turn::Unknown, Tells::Nothing),
                };
                Self { ports: &[], id: part(4, 6), fixed: part(0, 2), payload, turn, tells }
            }
            _ => {
                let (turn, tells) = (Turn::Unknown, Tells::Nothing);
                Self { ports: &[], id: &[], fixed: &[], payload: behind(0), turn, tells }
            }
        }
    }
}

impl Turn {
    fn of_tcp(flags: TcpFlags) -> Self {
        match (flags.has(TcpFlags::SYN), flags.has(TcpFlags::ACK)) {
            (true, false) => Self::Opens,
            (true, true) => Self::Answers,
            (false, _) => Self::Unknown,
        }
    }
}

impl Tells {
    fn of_payload(payload: &[u8]) -> Self {
        match payload.len() {
            0 => Self::Nothing,
            1..TELLING_PAYLOAD_LEN => Self::WithId,
            _ => Self::Enough,
        }
    }
}

/// An address of either family in as many bytes.
fn padded(address: &[u8]) -> [u8; 16] {
    let mut padded = [0; 16];
    for (to, from) in padded.iter_mut().zip(address) {
        *to = *from;
    }
    padded
}

fn number(ports: &[u8], at: usize) -> u16 {
    match ports.get(at..at + 2) {
        Some(&[high, low]) => u16::from_be_bytes([high, low]),
        _ => 0,
    }
}

/// Keyed with zeros: the same capture gives the same answers.
fn hasher() -> impl Hasher {
    std::hash::DefaultHasher::new()
}
