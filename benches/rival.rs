//! What a Rust program would use instead: a hash map under the same key, each entry of as many
//! bytes, and the same steps. It has no list of who runs out when, so that nothing ever leaves.

use std::hash::BuildHasher;
use std::net::IpAddr;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use keeptrack_core::{Conn, Ends, Instant, LinkType, Packet, Tcp, TcpFlags, Transport, Tuple};

use crate::{Answer, Tracker};

#[cfg(not(feature = "ipv4-only"))]
type Bits = [u64; 2];
#[cfg(feature = "ipv4-only")]
type Bits = u32;

/// The same for both directions, of the bytes that keeptrack's own key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    first: Bits,
    second: Bits,
    first_port: u16,
    second_port: u16,
    zone: u16,
    protocol: u8,
    family: u8,
}

/// Which endpoint of a key sent a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    First,
    Second,
}

/// What is kept of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct State {
    expiry_ms: u64,
    stream_after_ms: u32,
    /// The sequence number behind what each side has sent.
    sent_to: [u32; 2],
    is_unacknowledged: [bool; 2],
    opened_by: Side,
    seen_reply: bool,
    assured: bool,
    tcp: u8,
}

/// Whether the entries of a map are as large as ours: nobody wins by a smaller one.
pub(crate) const fn is_as_large() -> bool {
    size_of::<(Key, State)>() == size_of::<Conn>()
}

/// A map that one round after another uses; `S` hashes.
pub(crate) type Map<S> = HashMap<Key, State, S>;

/// A tracker over such a map.
pub(crate) struct Rival<'m, S>(&'m mut Map<S>);

impl<'m, S: BuildHasher> Rival<'m, S> {
    /// An empty one.
    pub(crate) fn new(map: &'m mut Map<S>) -> Self {
        map.clear();
        Self(map)
    }
}

impl<S: BuildHasher> Tracker for Rival<'_, S> {
    fn turn(&mut self, _now: Instant) {}

    fn packet(&mut self, now: Instant, frame: &[u8]) -> Answer {
        let Ok(packet) = Packet::parse(LinkType::Ethernet, frame) else { return Answer::Other };
        let Some((key, sender)) = Key::of(&packet.tuple) else { return Answer::Other };
        // One hash a packet, whether its connection is known or not.
        match self.0.entry(key) {
            Entry::Occupied(mut known) if known.get().expiry_ms > now.as_millis() => {
                known.get_mut().packet(now, sender, &packet.transport)
            }
            entry => match State::first(now, sender, &packet.transport) {
                Some(state) => {
                    entry.insert(state);
                    Answer::Made
                }
                None => Answer::Other,
            },
        }
    }
}

impl Key {
    /// The key, and who of the two sent the packet.
    fn of(tuple: &Tuple) -> Option<(Self, Side)> {
        let Ends::Ports { source: source_port, destination: destination_port } = tuple.ends else {
            return None;
        };
        let (source, family) = bits(tuple.source);
        let (destination, _) = bits(tuple.destination);
        let is_first = (source, source_port) <= (destination, destination_port);
        let (first, second, first_port, second_port, sender) = if is_first {
            (source, destination, source_port, destination_port, Side::First)
        } else {
            (destination, source, destination_port, source_port, Side::Second)
        };
        let protocol = tuple.protocol.0;
        let key = Self { first, second, first_port, second_port, zone: 0, protocol, family };
        Some((key, sender))
    }
}

#[cfg(not(feature = "ipv4-only"))]
fn bits(address: IpAddr) -> (Bits, u8) {
    match address {
        IpAddr::V4(address) => ([u64::from(address.to_bits()), 0], 2),
        IpAddr::V6(address) => {
            let [a, b, c, d, e, f, g, h, rest @ ..] = address.octets();
            ([u64::from_be_bytes([a, b, c, d, e, f, g, h]), u64::from_be_bytes(rest)], 10)
        }
    }
}

#[cfg(feature = "ipv4-only")]
fn bits(address: IpAddr) -> (Bits, u8) {
    match address {
        IpAddr::V4(address) => (address.to_bits(), 2),
        IpAddr::V6(_) => (0, 10),
    }
}

const SYN_SENT: u8 = 0;
const SYN_RECV: u8 = 1;
const ESTABLISHED: u8 = 2;
const FIN_WAIT: u8 = 3;
const CLOSE: u8 = 4;
const INVALID: u8 = 5;

/// Seconds by state.
const TCP_TIMEOUT: [u32; 5] = [120, 60, 432_000, 120, 10];

/// The next state by direction, strongest flag (SYN, SYN-ACK, FIN, ACK, RST) and state.
const NEXT: [[[u8; 5]; 5]; 2] = {
    use {CLOSE as CL, ESTABLISHED as ES, FIN_WAIT as FW, INVALID as IV};
    use {SYN_RECV as SR, SYN_SENT as SS};
    let fin = [IV, FW, FW, FW, CL];
    let reset = [CL; 5];
    [
        [[SS; 5], [IV; 5], fin, [IV, ES, ES, FW, CL], reset],
        [[IV; 5], [SR, SR, ES, FW, CL], fin, [SS, SR, ES, FW, CL], reset],
    ]
};

impl State {
    /// What a first packet leaves behind, if it may begin a connection.
    fn first(now: Instant, sender: Side, transport: &Transport) -> Option<Self> {
        let (tcp, seconds) = match transport {
            Transport::Tcp(tcp) => match class(tcp.flags)? {
                0 => (SYN_SENT, TCP_TIMEOUT[usize::from(SYN_SENT)]),
                _ => return None,
            },
            Transport::Udp => (INVALID, 30),
            _ => return None,
        };
        Some(Self {
            expiry_ms: now.after(seconds).as_millis(),
            stream_after_ms: u32::try_from(now.after(2).as_millis()).ok()?,
            sent_to: [0; 2],
            is_unacknowledged: [false; 2],
            opened_by: sender,
            seen_reply: false,
            assured: false,
            tcp,
        })
    }

    /// One packet more.
    fn packet(&mut self, now: Instant, sender: Side, transport: &Transport) -> Answer {
        let is_reply = sender != self.opened_by;
        let seconds = match transport {
            Transport::Tcp(tcp) => {
                let Some(class) = class(tcp.flags) else { return Answer::Other };
                let next = NEXT[usize::from(is_reply)][class][usize::from(self.tcp)];
                if next == INVALID {
                    return Answer::Other;
                }
                self.assured |= self.seen_reply && next == ESTABLISHED;
                self.tcp = next;
                self.advance(usize::from(is_reply), tcp);
                let seconds = TCP_TIMEOUT[usize::from(next)];
                if self.is_unacknowledged == [false; 2] { seconds } else { seconds.min(300) }
            }
            _ if self.seen_reply && now.as_millis() > u64::from(self.stream_after_ms) => {
                self.assured = true;
                120
            }
            _ => 30,
        };
        self.seen_reply |= is_reply;
        self.expiry_ms = now.after(seconds).as_millis();
        Answer::Refreshed
    }
}

impl State {
    /// What was sent in direction `dir`, and what that acknowledges.
    fn advance(&mut self, dir: usize, tcp: &Tcp) {
        let takes_one = tcp.flags.has(TcpFlags::SYN) || tcp.flags.has(TcpFlags::FIN);
        let end = tcp.seq.wrapping_add(tcp.payload_len).wrapping_add(u32::from(takes_one));
        if end.wrapping_sub(self.sent_to[dir]).cast_signed() > 0 {
            self.sent_to[dir] = end;
            self.is_unacknowledged[dir] = true;
        }
        if tcp.flags.has(TcpFlags::ACK) && tcp.ack == self.sent_to[1 - dir] {
            self.is_unacknowledged[1 - dir] = false;
        }
    }
}

fn class(flags: TcpFlags) -> Option<usize> {
    use TcpFlags as F;
    match flags.without(F::PSH | F::ECE | F::CWR | F::URG) {
        F::SYN => Some(0),
        f if f == F::SYN | F::ACK => Some(1),
        f if f == F::FIN | F::ACK => Some(2),
        F::ACK => Some(3),
        f if f.has(F::RST) => Some(4),
        _ => None,
    }
}
