//! Sessions without states: UDP, UDP-Lite, GRE, and protocols that nobody knows.

use super::{Ends, Session, Side, of_side};
use crate::generate::packet::{Body, Gre, Ip, Sum, Udp};
use crate::generate::random::Random;

const UDP: u8 = 17;
const UDPLITE: u8 = 136;

pub(super) struct UdpSession {
    ends: Ends,
    protocol: u8,
}

impl UdpSession {
    pub(super) fn new(ends: Ends, random: &mut Random) -> Self {
        Self { ends, protocol: random.of(&[UDP, UDP, UDPLITE]) }
    }
}

impl Session for UdpSession {
    fn next(&mut self, random: &mut Random, _sent: &[Ip]) -> Ip {
        let side = Side::drawn(random);
        let payload_len = random.of(&[0, 1, 40]);
        let len = 8 + payload_len;
        let stated_len =
            random.one_in(15).then(|| random.of(&[0, 1, 7, 8, len, len - 1, len + 1, u16::MAX]));
        let ports = of_side(side, self.ends.ports);
        let udp = Udp { protocol: self.protocol, ports, stated_len, payload_len, sum: Sum::Right };
        self.ends.packet(side, Body::Udp(udp)).bent(random)
    }
}

pub(super) struct GreSession {
    ends: Ends,
    version: u16,
}

impl GreSession {
    const PPP: u16 = 0x880b;

    pub(super) fn new(ends: Ends, random: &mut Random) -> Self {
        Self { ends, version: random.of(&[0, 1, 1, 2]) }
    }
}

impl Session for GreSession {
    fn next(&mut self, random: &mut Random, _sent: &[Ip]) -> Ip {
        let side = Side::drawn(random);
        let usual = if self.version == 1 { Self::PPP } else { 0x0800 };
        let gre = Gre {
            flags: random.of(&[0, 0x2000, 0x3001, 0x3081]) & !7 | self.version,
            carries: if random.one_in(8) { random.of(&[Self::PPP, 0x0800, 0]) } else { usual },
            call: random.of(&[0, 7, 7, 8]),
            len: if random.one_in(8) { random.of(&[0, 1, 2, 3, 4, 6, 7, 8, 11, 12]) } else { 16 },
        };
        self.ends.packet(side, Body::Gre(gre)).bent(random)
    }
}

pub(super) struct OtherSession {
    ends: Ends,
    protocol: u8,
}

impl OtherSession {
    pub(super) fn new(ends: Ends, random: &mut Random) -> Self {
        // ESP, IP in IP, DCCP, the other family's ICMP, and what IPv6 takes for extension headers.
        Self { ends, protocol: random.of(&[50, 4, 41, 33, 1, 58, 253, 0, 43, 44, 51, 59, 60, 135]) }
    }
}

impl Session for OtherSession {
    fn next(&mut self, random: &mut Random, _sent: &[Ip]) -> Ip {
        // As a fragment header it would be one of IPv6.
        let walked = self.ends.is_ipv6() && matches!(self.protocol, 0 | 43 | 44 | 51 | 59 | 60);
        let protocol = if walked { 50 } else { self.protocol };
        let len = random.of(&[0, 4, 8, 20]);
        self.ends.packet(Side::drawn(random), Body::Other(protocol, len)).bent(random)
    }
}
