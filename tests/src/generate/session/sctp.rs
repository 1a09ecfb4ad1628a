//! SCTP associations: their life, tags and chunks, and what does not belong there.

use super::{Ends, Session, Side, of_side};
use crate::generate::packet::{Body, Chunk, Ip, Sctp, Sum};
use crate::generate::random::Random;

const DATA: u8 = 0;
const INIT: u8 = 1;
const INIT_ACK: u8 = 2;
const SACK: u8 = 3;
const HEARTBEAT: u8 = 4;
const HEARTBEAT_ACK: u8 = 5;
const ABORT: u8 = 6;
const SHUTDOWN: u8 = 7;
const SHUTDOWN_ACK: u8 = 8;
const ERROR: u8 = 9;
const COOKIE_ECHO: u8 = 10;
const COOKIE_ACK: u8 = 11;
const SHUTDOWN_COMPLETE: u8 = 14;

/// The chunks that a tracker knows, and one that it does not.
const KINDS: [u8; 14] = [
    DATA,
    INIT,
    INIT_ACK,
    SACK,
    HEARTBEAT,
    HEARTBEAT_ACK,
    ABORT,
    SHUTDOWN,
    SHUTDOWN_ACK,
    ERROR,
    COOKIE_ECHO,
    COOKIE_ACK,
    SHUTDOWN_COMPLETE,
    0xc0,
];

/// An association from its beginning to its end.
const LIFE: [(Side, u8); 12] = [
    (Side::Client, INIT),
    (Side::Server, INIT_ACK),
    (Side::Client, COOKIE_ECHO),
    (Side::Server, COOKIE_ACK),
    (Side::Client, DATA),
    (Side::Server, SACK),
    (Side::Server, HEARTBEAT),
    (Side::Client, HEARTBEAT_ACK),
    (Side::Server, DATA),
    (Side::Client, SHUTDOWN),
    (Side::Server, SHUTDOWN_ACK),
    (Side::Client, SHUTDOWN_COMPLETE),
];

/// One of two hosts that both may open, and both may close.
pub(super) struct SctpSession {
    ends: Ends,
    /// The tags that client and server ask for.
    tags: (u32, u32),
    /// The place in the life of an association.
    place: usize,
}

impl SctpSession {
    pub(super) fn new(ends: Ends, random: &mut Random) -> Self {
        let mut session = Self { ends, tags: (0, 0), place: 0 };
        session.begin(random);
        session.place = if random.one_in(5) { random.index(LIFE.len()) } else { 0 };
        session
    }

    /// Another association between the same two, whose tags may be those of the last.
    fn begin(&mut self, random: &mut Random) {
        self.place = 0;
        if random.one_in(4) {
            return;
        }
        self.tags = (tag(random), tag(random));
    }

    /// What a host sends that keeps to the standard.
    fn due(&mut self, random: &mut Random) -> (Side, Vec<u8>) {
        if random.one_in(8) {
            // Who speaks again says what it said; who has lost something skips it.
            self.place = random.index(LIFE.len());
        }
        let Some(&(side, kind)) = LIFE.get(self.place) else {
            self.begin(random);
            return (Side::Client, vec![INIT]);
        };
        self.place += 1;
        // Both may open at once, and either may close.
        let side = if random.one_in(12) { side.other() } else { side };
        let bundled = match kind {
            COOKIE_ECHO | COOKIE_ACK if random.one_in(3) => vec![kind, DATA],
            DATA | SACK if random.one_in(3) => vec![SACK, DATA],
            DATA if random.one_in(3) => vec![HEARTBEAT],
            SHUTDOWN if random.one_in(3) => vec![SACK, SHUTDOWN],
            SHUTDOWN if random.one_in(6) => vec![ABORT],
            INIT_ACK if random.one_in(8) => vec![ABORT],
            COOKIE_ACK if random.one_in(8) => vec![ERROR],
            _ => vec![kind],
        };
        (side, bundled)
    }

    /// Anything that can be said in chunks.
    fn undue(random: &mut Random) -> (Side, Vec<u8>) {
        let count = random.weighted(&[(6, 1), (3, 2), (2, 3), (1, 5), (1, 16), (1, 18)]);
        (Side::drawn(random), (0..count).map(|_| random.of(&KINDS)).collect())
    }

    /// The tag of a packet from that side: that which the other one asked for.
    fn tag_of(&self, side: Side, kinds: &[u8], random: &mut Random) -> u32 {
        let (own, others) = of_side(side, self.tags);
        if random.one_in(12) {
            return random.of(&[0, own, others, others.wrapping_add(1), 1]);
        }
        if kinds.contains(&INIT) { 0 } else { others }
    }

    fn chunk(&self, side: Side, kind: u8, random: &mut Random) -> Chunk {
        let (own, others) = of_side(side, self.tags);
        let tag =
            if random.one_in(12) { random.of(&[0, others, own.wrapping_add(1)]) } else { own };
        let flags = match kind {
            ABORT | SHUTDOWN_COMPLETE => random.of(&[0, 0, 1, 3]),
            DATA => 3,
            _ => 0,
        };
        let usual_len = match kind {
            INIT | INIT_ACK => 16,
            DATA => 12 + u16::try_from(random.below(5)).unwrap_or(0),
            COOKIE_ECHO | SHUTDOWN | HEARTBEAT => 4,
            _ => 0,
        };
        let value_len =
            if random.one_in(40) { random.of(&[0, 1, 4, 15, 12, 17, 20]) } else { usual_len };
        let stated_len =
            random.one_in(40).then(|| random.of(&[0, 1, 2, 3, 4, 5, 8, 19, 20, 40, u16::MAX]));
        Chunk { kind, flags, tag, value_len, stated_len }
    }
}

impl Session for SctpSession {
    fn next(&mut self, random: &mut Random, _sent: &[Ip]) -> Ip {
        let (side, kinds) = if random.one_in(5) { Self::undue(random) } else { self.due(random) };
        let tag = self.tag_of(side, &kinds, random);
        let chunks = kinds.iter().map(|&kind| self.chunk(side, kind, random)).collect();
        let ports = of_side(side, self.ends.ports);
        let sctp = Sctp { ports, tag, chunks, sum: Sum::Right };
        self.ends.packet(side, Body::Sctp(sctp)).bent(random)
    }
}

/// A tag that a host asks for; one in a few is none.
fn tag(random: &mut Random) -> u32 {
    random.of(&[0x1111, 0x2222, 0x3333, 0x4444_4444, 0xffff_ffff, 0x1111, 0x2222, 0])
}
