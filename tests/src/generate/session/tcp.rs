//! TCP connections: what two hosts say, of which this remembers just enough to come near the
//! edges of windows, and what neither would say.

use super::options::{self, Offer};
use super::{Ends, Session, Side, of_side};
use crate::generate::packet::{Body, Ip, Sum, Tcp};
use crate::generate::random::Random;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// How far behind a window is never too old.
const OLD: u32 = 66_000;

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Opening,
    Answered,
    Open,
    Closing,
    Over,
}

/// What one side has said.
#[derive(Debug, Clone, Copy)]
struct Sender {
    /// Its next sequence number.
    next: u32,
    /// The highest sequence number that the other one let it send.
    limit: u32,
    /// The largest window that it offered.
    largest_window: u32,
    /// What its SYN offers.
    offer: Offer,
}

pub(super) struct TcpSession {
    ends: Ends,
    phase: Phase,
    client: Sender,
    server: Sender,
    last: Option<(Side, Tcp)>,
    /// How often the last segment is to come again.
    repeat_count: u32,
}

impl Sender {
    fn drawn(random: &mut Random) -> Self {
        let next = random.of(&[0, 1, 1000, 5000, 0x7fff_ff00, 0x8000_0000, 0xffff_fff0, 100_000]);
        Self { next, limit: next, largest_window: 1, offer: Offer::drawn(random) }
    }

    /// A segment of it, of which the sequence number is the next one.
    fn segment(&self, flags: u8, ack: u32, random: &mut Random) -> Tcp {
        let window = random.weighted(&[(4, 0xffff), (4, 1000), (1, 0), (1, 1), (1, 10), (1, 100)]);
        let payload_len =
            if flags & PSH != 0 { random.of(&[1, 10, 100, 999, 1000, 1400]) } else { 0 };
        Tcp {
            ports: (0, 0),
            flags,
            seq: self.next,
            ack,
            window,
            options: Vec::new(),
            offset: None,
            payload_len,
            sum: Sum::Right,
        }
    }
}

impl TcpSession {
    pub(super) fn new(ends: Ends, random: &mut Random) -> Self {
        let phase = if random.one_in(6) { Phase::Open } else { Phase::Opening };
        Self {
            ends,
            phase,
            client: Sender::drawn(random),
            server: Sender::drawn(random),
            last: None,
            repeat_count: 0,
        }
    }

    const fn sender(&mut self, side: Side) -> &mut Sender {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// What a host would send now.
    fn due(&mut self, random: &mut Random) -> (Side, Tcp) {
        use Side::{Client, Server};
        let (side, flags) = match self.phase {
            Phase::Opening => random.weighted(&[
                (6, (Client, SYN)),
                (6, (Server, SYN | ACK)),
                (1, (Server, RST | ACK)),
                (1, (Server, ACK)),
                (1, (Server, SYN)),
                (1, (Client, RST)),
            ]),
            Phase::Answered => random.weighted(&[
                (8, (Client, ACK)),
                (2, (Server, SYN | ACK)),
                (1, (Client, SYN)),
                (1, (Client, ACK | PSH)),
                (1, (Server, ACK | PSH)),
                (1, (Client, ACK | FIN)),
                (1, (Client, RST)),
                (1, (Server, RST)),
                (1, (Server, ACK)),
            ]),
            Phase::Open => {
                let side = Side::drawn(random);
                let flags = random.weighted(&[
                    (8, ACK | PSH),
                    (6, ACK),
                    (1, ACK | FIN),
                    (1, RST),
                    (1, RST | ACK),
                    (1, SYN),
                ]);
                (side, flags)
            }
            Phase::Closing => random.weighted(&[
                (4, (Client, ACK | FIN)),
                (4, (Server, ACK | FIN)),
                (5, (Client, ACK)),
                (5, (Server, ACK)),
                (1, (Client, RST)),
                (1, (Client, SYN)),
            ]),
            Phase::Over => random.weighted(&[
                (4, (Client, SYN)),
                (3, (Server, SYN | ACK)),
                (2, (Server, SYN)),
                (1, (Client, ACK)),
                (1, (Server, ACK)),
                (1, (Client, RST)),
                (1, (Server, RST | ACK)),
            ]),
        };
        (side, self.segment(side, flags, random))
    }

    fn segment(&mut self, side: Side, flags: u8, random: &mut Random) -> Tcp {
        let others_next = self.sender(side.other()).next;
        let ack = if flags & ACK == 0 { random.of(&[0, 0, others_next]) } else { others_next };
        let sender = *self.sender(side);
        let mut segment = sender.segment(flags, ack, random);
        if flags & RST != 0 {
            let next = segment.seq;
            let beside =
                [next, next, 0, next.wrapping_sub(1), next.wrapping_add(1), next.wrapping_add(50)];
            segment.seq = random.of(&beside);
            segment.ack = random.of(&[segment.ack, segment.ack, 0, others_next.wrapping_add(1)]);
        }
        if flags & SYN != 0 {
            segment.options = sender.offer.options(random);
            if random.one_in(15) {
                segment.payload_len = 10;
            }
        } else {
            segment.options = options::of_segment((ack, others_next), random);
        }
        segment
    }

    /// Changes a segment into one that is late, early, forged, or cannot be.
    fn bend(&mut self, side: Side, mut segment: Tcp, random: &mut Random) -> Tcp {
        let (sender, receiver) = (*self.sender(side), *self.sender(side.other()));
        let anywhere = random.word();
        let near = |random: &mut Random, places: &[u32]| {
            random.of(places).wrapping_add(random.of(&[
                0,
                0,
                1,
                u32::MAX,
                2,
                50,
                0u32.wrapping_sub(50),
            ]))
        };
        match random.below(13) {
            0..=3 => {
                let len = u32::from(segment.payload_len);
                segment.seq = near(
                    random,
                    &[
                        sender.limit,
                        sender.limit.wrapping_sub(len),
                        sender.limit.wrapping_add(receiver.largest_window),
                        sender.next.wrapping_sub(receiver.largest_window),
                        sender.next.wrapping_sub(receiver.largest_window).wrapping_sub(len),
                        sender.next,
                        sender.next.wrapping_sub(len),
                        0,
                        anywhere,
                    ],
                );
            }
            4..=6 => {
                segment.ack = near(
                    random,
                    &[
                        receiver.next,
                        receiver.next.wrapping_sub(OLD),
                        receiver.next.wrapping_sub(sender.largest_window),
                        receiver.next.wrapping_add(sender.largest_window),
                        0,
                        anywhere,
                    ],
                );
            }
            7 => segment.flags = random.byte(),
            8 => segment.flags ^= random.of(&[FIN, SYN, RST, PSH, ACK, 0x20, 0x40, 0x80]),
            9 => segment.window = random.of(&[0, 1, 2, 100, 0xffff]),
            10 => segment.options = options::malformed(random),
            11 => segment.offset = Some(u8::try_from(random.below(16)).unwrap_or(0)),
            _ => segment.payload_len = random.of(&[0, 1, 10, 1000, 5000]),
        }
        segment
    }

    /// Keeps in mind what a segment says.
    fn remember(&mut self, side: Side, segment: &Tcp, random: &mut Random) {
        let flags = segment.flags;
        let controls = u32::from(flags & SYN != 0) + u32::from(flags & FIN != 0);
        let end = segment.seq.wrapping_add(segment.payload_len.into()).wrapping_add(controls);
        let sender = self.sender(side);
        if flags & SYN != 0 || end.wrapping_sub(sender.next) < 1 << 20 {
            sender.next = end;
        }
        let shift = if flags & SYN == 0 { sender.offer.shift.unwrap_or(0).min(14) } else { 0 };
        let window = u32::from(segment.window) << shift;
        sender.largest_window = sender.largest_window.max(window);
        if flags & ACK != 0 {
            self.sender(side.other()).limit = segment.ack.wrapping_add(window);
        }
        self.phase = match (self.phase, flags & (SYN | ACK | FIN | RST)) {
            (phase, f) if f & RST != 0 => random.of(&[Phase::Over, Phase::Over, phase]),
            (Phase::Open | Phase::Answered, f) if f & FIN != 0 => Phase::Closing,
            (Phase::Closing, f) if f & FIN != 0 => random.of(&[Phase::Closing, Phase::Over]),
            (Phase::Over, SYN) => Phase::Opening,
            (Phase::Opening, f) if f == SYN | ACK => Phase::Answered,
            (Phase::Answered, ACK) if side == Side::Client => Phase::Open,
            (phase, _) => phase,
        };
    }

    /// Opens once more, with other numbers.
    fn reopen(&mut self, random: &mut Random) {
        let (client, server) = (self.client.next, self.server.next);
        (self.client, self.server) = (Sender::drawn(random), Sender::drawn(random));
        if random.one_in(2) {
            // Close behind the old numbers.
            self.client.next =
                client.wrapping_add(random.of(&[0, 1, 1000, 0u32.wrapping_sub(1000)]));
            self.server.next = server.wrapping_add(random.of(&[0, 1, 100_000]));
        }
    }
}

impl Session for TcpSession {
    fn next(&mut self, random: &mut Random, _sent: &[Ip]) -> Ip {
        if self.repeat_count > 0 {
            self.repeat_count -= 1;
        } else {
            if self.phase == Phase::Over && random.one_in(3) {
                self.reopen(random);
            }
            let (mut side, mut segment) = self.due(random);
            let is_bent = random.one_in(4);
            if is_bent {
                segment = self.bend(side, segment, random);
                if random.one_in(8) {
                    side = side.other();
                }
            }
            segment.ports = of_side(side, self.ends.ports);
            if !is_bent || random.one_in(3) {
                self.remember(side, &segment, random);
            }
            if random.one_in(12) {
                self.repeat_count = random.of(&[1, 2, 3, 4, 5]);
            }
            self.last = Some((side, segment));
        }
        let Some((side, segment)) = self.last.clone() else {
            unreachable!("a segment was made before it is repeated");
        };
        self.ends.packet(side, Body::Tcp(segment)).bent(random)
    }
}
