//! Simpler packets than a given one, each in one way: what a difference is shrunk by.

use super::{About, Body, Icmp, Ip, Length, Rest, Sctp, Sum, Tcp, Udp};

impl Ip {
    /// Packets that are this one but for one thing that is as most packets have it. Whoever takes one
    /// of them after the other comes to an end.
    #[must_use]
    pub fn simpler(&self) -> Vec<Self> {
        let mut all = Vec::new();
        let mut offer = |packet: Self| {
            if packet != *self {
                all.push(packet);
            }
        };
        offer(Self { part: None, ..self.clone() });
        offer(Self { extensions: Vec::new(), ..self.clone() });
        for place in 0..self.extensions.len() {
            let mut fewer = self.clone();
            fewer.extensions.remove(place);
            offer(fewer);
        }
        offer(Self { options_len: 0, ..self.clone() });
        offer(Self { length: Length::True, ..self.clone() });
        offer(Self { hop_limit: 64, ..self.clone() });
        for body in self.body.simpler() {
            offer(Self { body, ..self.clone() });
        }
        all
    }
}

impl Body {
    fn simpler(&self) -> Vec<Self> {
        match self {
            Self::Tcp(tcp) => tcp.simpler().into_iter().map(Self::Tcp).collect(),
            Self::Udp(udp) => udp.simpler().into_iter().map(Self::Udp).collect(),
            Self::Icmp(icmp) => icmp.simpler().into_iter().map(Self::Icmp).collect(),
            Self::Sctp(sctp) => sctp.simpler().into_iter().map(Self::Sctp).collect(),
            Self::Gre(_) => Vec::new(),
            Self::Other(protocol, _) => vec![Self::Other(*protocol, 0)],
        }
    }
}

impl Tcp {
    fn simpler(&self) -> Vec<Self> {
        let mut all = vec![
            Self { sum: Sum::Right, ..self.clone() },
            Self { options: Vec::new(), ..self.clone() },
            Self { offset: None, ..self.clone() },
            Self { payload_len: 0, ..self.clone() },
            Self { payload_len: self.payload_len.min(1), ..self.clone() },
            // 1000 when that is not to be; but never back, for that would have no end.
            Self { window: 0xffff, ..self.clone() },
            Self { window: if self.window == 0xffff { 0xffff } else { 1000 }, ..self.clone() },
            Self { seq: 0, ..self.clone() },
            Self { ack: 0, ..self.clone() },
        ];
        // PSH, ECE, CWR and URG seldom matter.
        for bit in [3, 6, 7, 5, 0, 4] {
            all.push(Self { flags: self.flags & !(1 << bit), ..self.clone() });
        }
        all
    }
}

impl Udp {
    fn simpler(&self) -> Vec<Self> {
        vec![
            Self { sum: Sum::Right, ..self.clone() },
            Self { stated_len: None, ..self.clone() },
            Self { payload_len: 0, ..self.clone() },
        ]
    }
}

impl Icmp {
    fn simpler(&self) -> Vec<Self> {
        let mut all = vec![Self { sum: Sum::Right, ..self.clone() }];
        match &self.rest {
            Rest::Zeros(_) => all.push(Self { rest: Rest::Zeros(0), ..self.clone() }),
            Rest::About(about) => all.extend(about.simpler().map(|about| {
                let rest = Rest::About(Box::new(about));
                Self { rest, ..self.clone() }
            })),
            Rest::Redirect(option, words, about) => all.extend(about.simpler().map(|about| {
                let rest = Rest::Redirect(*option, *words, Box::new(about));
                Self { rest, ..self.clone() }
            })),
        }
        all
    }
}

impl About {
    fn simpler(&self) -> impl Iterator<Item = Self> {
        let whole = [Self { version: None, ..self.clone() }, Self { len: 1000, ..self.clone() }];
        let packets = self.packet.simpler();
        whole.into_iter().chain(packets.into_iter().map(|packet| Self { packet, ..self.clone() }))
    }
}

impl Sctp {
    fn simpler(&self) -> Vec<Self> {
        let mut all = vec![Self { sum: Sum::Right, ..self.clone() }];
        for place in 0..self.chunks.len() {
            let mut fewer = self.clone();
            fewer.chunks.remove(place);
            all.push(fewer);
            let mut plain = self.clone();
            let chunk = &mut plain.chunks[place];
            chunk.stated_len = None;
            all.push(plain.clone());
            let chunk = &mut plain.chunks[place];
            chunk.flags = 0;
            all.push(plain);
        }
        all
    }
}
