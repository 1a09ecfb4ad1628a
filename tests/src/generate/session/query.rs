//! Queries of ICMP and ICMPv6 and their replies, and what neighbours tell each other.

use super::{Ends, Session, Side, link_local, v6};
use crate::generate::packet::{Body, Icmp, Ip, Rest, Sum};
use crate::generate::random::Random;

/// Requests and their replies.
const PAIRS_V4: [(u8, u8); 4] = [(8, 0), (13, 14), (15, 16), (17, 18)];
const PAIRS_V6: [(u8, u8); 2] = [(128, 129), (139, 140)];

pub(super) struct QuerySession {
    ends: Ends,
    pair: (u8, u8),
    code: u8,
}

impl QuerySession {
    pub(super) fn new(ends: Ends, random: &mut Random) -> Self {
        let pair = if ends.is_ipv6() { random.of(&PAIRS_V6) } else { random.of(&PAIRS_V4) };
        Self { ends, pair, code: random.of(&[0, 0, 0, 1]) }
    }

    /// Neighbour discovery, multicast listeners, or a type that means nothing.
    fn neighbour(&self, random: &mut Random) -> Ip {
        let kind =
            random.of(&[130, 131, 132, 133, 134, 135, 136, 137, 138, 141, 142, 143, 200, 255]);
        let mut packet = self.message(Side::Client, (kind, 0), random);
        packet.from = random.of(&[link_local(1), v6(1)]);
        packet.to = random.of(&[link_local(3), v6(3)]);
        packet.hop_limit = random.of(&[255, 64]);
        packet
    }

    fn message(&self, side: Side, (kind, code): (u8, u8), random: &mut Random) -> Ip {
        let protocol = match (self.ends.is_ipv6(), random.one_in(60)) {
            (false, false) | (true, true) => 1,
            _ => 58,
        };
        let rest = Rest::Zeros(random.of(&[0, 0, 4, 20, 40]));
        let id = random.of(&[0, 7, 7, 8]);
        self.ends.packet(side, Body::Icmp(Icmp { protocol, kind, code, id, rest, sum: Sum::Right }))
    }
}

impl Session for QuerySession {
    fn next(&mut self, random: &mut Random, _sent: &[Ip]) -> Ip {
        if self.ends.is_ipv6() && random.one_in(8) {
            return self.neighbour(random).bent(random);
        }
        let (request, reply) = self.pair;
        let (side, kind) = random.weighted(&[
            (8, (Side::Client, request)),
            (8, (Side::Server, reply)),
            (1, (Side::Server, request)),
            (1, (Side::Client, reply)),
        ]);
        let kind = if random.one_in(12) { random.byte() } else { kind };
        let code = if random.one_in(15) { random.of(&[0, 1, 255]) } else { self.code };
        self.message(side, (kind, code), random).bent(random)
    }
}
