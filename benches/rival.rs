//! What a Rust program would use instead: a hash map under the same key, each entry of as many
//! bytes, and the same steps. It has no list of who runs out when, so that nothing ever leaves.

use std::hash::BuildHasher;
use std::net::IpAddr;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use keeptrack_core::{Ends, Instant, LinkType, Packet, Slot, Tcp, TcpFlags, Transport, Tuple};

use crate::{Answer, Tracker};

#[cfg(not(feature = "ipv4-only"))]
type Bits = [u32; 4];
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
    expiry_ms: u32,
    stream_after_ms: u32,
    /// By who opened, and who answered.
    sent: [Sent; 2],
    /// Sequence number, acknowledgement, end and window of the last segment.
    last: [u32; 4],
    opened_by: Side,
    seen_reply: bool,
    assured: bool,
    tcp: u8,
}

/// What one side has sent, and what the other takes.
#[derive(Debug, Default, Clone, Copy)]
struct Sent {
    end: u32,
    max_end: u32,
    max_window: u32,
    max_ack: u32,
    scale: u8,
    is_unacknowledged: bool,
    repeated: u8,
}

/// Whether the entries of a map are as large as our slots: nobody wins by a smaller one.
pub(crate) const fn is_as_large() -> bool {
    size_of::<(Key, State)>() == size_of::<Slot>()
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
            Entry::Occupied(mut known) if known.get().expiry_ms > millis(now) => {
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
        IpAddr::V4(address) => ([address.to_bits(), 0, 0, 0], 2),
        IpAddr::V6(address) => {
            let [a, b, c, d, e, f, g, h] = address.segments();
            let word = |high, low| u32::from(high) << 16 | u32::from(low);
            ([word(a, b), word(c, d), word(e, f), word(g, h)], 10)
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
            expiry_ms: millis(now.after(seconds)),
            stream_after_ms: millis(now.after(2)),
            sent: [Sent::default(); 2],
            last: [0; 4],
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
                if !self.advance(usize::from(is_reply), tcp) {
                    return Answer::Other;
                }
                self.assured |= self.seen_reply && next == ESTABLISHED;
                self.tcp = next;
                let seconds = TCP_TIMEOUT[usize::from(next)];
                let is_open =
                    self.sent.iter().any(|sent| sent.is_unacknowledged || sent.repeated > 2);
                if is_open || tcp.window == 0 { seconds.min(300) } else { seconds }
            }
            _ if self.seen_reply && millis(now) > self.stream_after_ms => {
                self.assured = true;
                120
            }
            _ => 30,
        };
        self.seen_reply |= is_reply;
        self.expiry_ms = millis(now.after(seconds));
        Answer::Refreshed
    }
}

impl State {
    /// Whether a segment in direction `dir` lies within the windows; notes what it says if so.
    fn advance(&mut self, dir: usize, tcp: &Tcp) -> bool {
        let is_syn = tcp.flags.has(TcpFlags::SYN);
        let takes_one = is_syn || tcp.flags.has(TcpFlags::FIN);
        let end = tcp.seq.wrapping_add(tcp.payload_len).wrapping_add(u32::from(takes_one));
        let [one, other] = &mut self.sent;
        let (sender, receiver) = if dir == 0 { (one, other) } else { (other, one) };
        let scale = if is_syn { 0 } else { sender.scale };
        let window = u32::from(tcp.window) << scale;
        let ack = if tcp.flags.has(TcpFlags::ACK) { tcp.ack } else { receiver.end };
        if sender.max_window == 0 {
            (sender.end, sender.max_end) = (end, end);
            sender.scale = tcp.window_scale.unwrap_or(0);
        }
        let is_heard = receiver.max_window != 0;
        if is_heard && (is_after(tcp.seq, sender.max_end) || is_after(ack, receiver.end)) {
            return false;
        }
        let late = receiver.end.wrapping_sub(sender.max_window.max(66_000));
        if is_heard && is_after(late, ack) {
            return false;
        }
        sender.max_window = sender.max_window.max(window);
        if is_after(end, sender.end) {
            sender.end = end;
            sender.is_unacknowledged = true;
        }
        sender.max_ack = ack;
        receiver.max_end = ack.wrapping_add(window);
        receiver.is_unacknowledged &= ack != receiver.end;
        let last = [tcp.seq, ack, end, window];
        sender.repeated = if self.last == last { sender.repeated.wrapping_add(1) } else { 0 };
        self.last = last;
        true
    }
}

/// A round lasts for less than 49 days.
fn millis(at: Instant) -> u32 {
    u32::try_from(at.as_millis()).unwrap_or(u32::MAX)
}

/// Whether sequence number `a` lies behind `b`.
const fn is_after(a: u32, b: u32) -> bool {
    b.wrapping_sub(a).cast_signed() < 0
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
