//! What bends any packet: its IP header, its end, its check sum.

use crate::generate::packet::{Body, Extension, Ip, Length, Sum};
use crate::generate::random::Random;

/// Numbers of extension headers that are walked, and of some that are not or end the walk.
const EXTENSIONS: [u8; 9] = [0, 43, 51, 60, 0, 60, 59, 135, 139];

impl Ip {
    /// Bends a packet in rare cases.
    pub(super) fn bent(mut self, random: &mut Random) -> Self {
        if self.from.is_ipv6() && random.one_in(20) {
            for _ in 0..=random.below(3) {
                let stated_len = random.one_in(10).then(|| random.of(&[0, 1, 2, 200]));
                self.extensions.push(Extension { kind: random.of(&EXTENSIONS), stated_len });
            }
        }
        if self.from.is_ipv4() && random.one_in(40) {
            self.options_len = random.of(&[4, 8, 40]);
        }
        // Bridges look at hop-by-hop options before they cut off what lies behind the packet, hosts
        // do afterwards.
        let has_hop_by_hop = self.extensions.first().is_some_and(|extension| extension.kind == 0);
        if random.one_in(60) && !has_hop_by_hop {
            self.length = match random.below(3) {
                0 => Length::Cut(u16::try_from(random.below(44)).unwrap_or(0)),
                1 => Length::Less(random.of(&[1, 4, 8, 12, 20])),
                _ => Length::More(random.of(&[1, 4, 1000])),
            };
        }
        if random.one_in(25) {
            self.body.set_sum(random.of(&[Sum::Wrong, Sum::Zero]));
        }
        self
    }
}

impl Body {
    fn set_sum(&mut self, sum: Sum) {
        match self {
            Self::Tcp(tcp) => tcp.sum = sum,
            Self::Udp(udp) => udp.sum = sum,
            Self::Icmp(icmp) => icmp.sum = sum,
            Self::Sctp(sctp) => sctp.sum = sum,
            Self::Gre(_) | Self::Other(..) => {}
        }
    }
}
