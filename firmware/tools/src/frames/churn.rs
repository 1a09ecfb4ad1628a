//! Traffic without an end, of far more connections than any board has slots, with odd frames in it.

use std::net::{Ipv4Addr, Ipv6Addr};

use fastrand::Rng;

use super::{Flow, Frame, Host, Kind, Odd, Talk};
use crate::Side;

/// As many conversations are under way at once; one more ends another, unfinished.
const OPEN: usize = 4096;

/// Of a hundred frames, so many begin a conversation, and so many are odd.
const BEGIN: u8 = 40;
const ODD: u8 = 8;

/// Of a hundred conversations, so many are begun by those outside.
const FROM_OUTSIDE: u8 = 10;

/// The traffic; the same seed makes the same frames.
#[derive(Debug)]
pub struct Churn {
    random: Rng,
    talks: Vec<Talk>,
}

#[derive(Clone, Copy)]
enum Family {
    Four,
    Six,
}

impl Churn {
    /// From its first frame on.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { random: Rng::with_seed(seed), talks: Vec::with_capacity(OPEN) }
    }

    fn begin(&mut self) -> Frame {
        let flow = self.flow();
        let kind = *self
            .random
            .choice(&[Kind::Tcp, Kind::Tcp, Kind::TcpReset, Kind::Udp, Kind::Ping])
            .unwrap_or(&Kind::Tcp);
        let mut talk = Talk::new(flow, kind, [self.random.u32(..), self.random.u32(..)]);
        let first = talk.next();
        if self.talks.len() == OPEN {
            let left = self.random.usize(..OPEN);
            self.talks.swap_remove(left);
        }
        self.talks.push(talk);
        first.expect("a conversation has a first frame")
    }

    /// What comes next in one of the conversations, if there is any.
    fn go_on(&mut self) -> Option<Frame> {
        if self.talks.is_empty() {
            return None;
        }
        let at = self.random.usize(..self.talks.len());
        let frame = self.talks[at].next();
        if frame.is_none() {
            self.talks.swap_remove(at);
        }
        frame
    }

    fn flow(&mut self) -> Flow {
        let family = if self.random.bool() { Family::Four } else { Family::Six };
        let inside = self.host(Side::Left, family);
        let outside = self.host(Side::Right, family);
        let (opener, answerer) = match self.random.u8(..100) {
            ..FROM_OUTSIDE => (outside, inside),
            _ => (inside, outside),
        };
        let port = *self.random.choice(&[22, 25, 53, 80, 443]).unwrap_or(&80);
        Flow { opener, answerer: Host { port, ..answerer }, vlan: None }
    }

    fn host(&mut self, side: Side, family: Family) -> Host {
        let number = self.random.u8(1..=254);
        let address = match (family, side) {
            (Family::Four, Side::Left) => Ipv4Addr::new(192, 0, 2, number).into(),
            (Family::Four, Side::Right) => Ipv4Addr::new(198, 51, 100, number).into(),
            (Family::Six, side) => {
                let net = if side == Side::Left { 1 } else { 2 };
                Ipv6Addr::new(0x2001, 0xdb8, net, 0, 0, 0, 0, number.into()).into()
            }
        };
        Host { side, address, port: self.random.u16(1024..) }
    }
}

impl Iterator for Churn {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        let frame = match self.random.u8(..100) {
            ..BEGIN => self.begin(),
            _ => match self.go_on() {
                Some(frame) => frame,
                None => self.begin(),
            },
        };
        if self.random.u8(..100) >= ODD {
            return Some(frame);
        }
        let odd = Odd::ALL[self.random.usize(..Odd::ALL.len())];
        Some(odd.of(&frame, &mut self.random))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_frames_of_both_sides() {
        let frames: Vec<_> = Churn::new(5).take(1_000).collect();
        assert!(Churn::new(5).take(1_000).eq(frames.iter().cloned()));
        assert!(Side::BOTH.iter().all(|side| frames.iter().any(|frame| frame.side == *side)));
    }
}
