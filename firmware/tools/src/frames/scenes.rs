//! A little of everything that goes through a gateway, to be compared frame by frame.

use std::net::IpAddr;

use fastrand::Rng;
use keeptrack_core::TcpFlags;

use super::{Flow, Frame, Host, Kind, Odd, Part, Segment, Speaker, Talk};
use crate::Side;

/// ARP, and a type that is free for experiments.
const ARP: u16 = 0x0806;
const EXPERIMENT: u16 = 0x88b5;

/// The frames, in the order in which they are to be sent.
#[must_use]
pub fn scenes() -> Vec<Frame> {
    let mut frames = Vec::new();
    for (family, number) in [(FOUR, 0), (SIX, 100)] {
        talks(family, &mut frames);
        errors(family.flow(4000 + number), &mut frames);
        datagrams(family.flow(5000 + number), &mut frames);
        odd_ones(family.flow(6000 + number), &mut frames);
    }
    let flow = FOUR.flow(7000);
    frames.push(flow.foreign(Speaker::Opener, ARP, &[0, 1, 8, 0, 6, 4, 0, 1]));
    frames.push(flow.foreign(Speaker::Answerer, EXPERIMENT, &[0x5a; 1500]));
    frames
}

/// Two hosts' addresses in a family.
#[derive(Clone, Copy)]
struct Family([&'static str; 2]);

const FOUR: Family = Family(["192.0.2.9", "198.51.100.9"]);
const SIX: Family = Family(["2001:db8:1::9", "2001:db8:2::9"]);

impl Family {
    /// The inner host speaks to the outer one from this port.
    fn flow(self, port: u16) -> Flow {
        let [inside, outside] = self.0.map(|text| -> IpAddr { text.parse().expect("an address") });
        Flow {
            opener: Host { side: Side::Left, address: inside, port },
            answerer: Host { side: Side::Right, address: outside, port: 443 },
            vlan: None,
        }
    }
}

fn opened_outside(flow: Flow) -> Flow {
    let Flow { opener, answerer, vlan } = flow;
    Flow {
        opener: Host { port: opener.port, ..answerer },
        answerer: Host { port: 22, ..opener },
        vlan,
    }
}

/// Whole conversations: begun inside, begun outside, and in a VLAN.
fn talks(family: Family, frames: &mut Vec<Frame>) {
    for (kind, port) in [(Kind::Tcp, 1), (Kind::TcpReset, 2), (Kind::Udp, 3), (Kind::Ping, 4)] {
        let flow = family.flow(port * 1000);
        for flow in [flow, opened_outside(flow), Flow { vlan: Some(7), ..flow }] {
            frames.extend(Talk::new(flow, kind, [1_000, u32::MAX - 1_000]));
        }
    }
}

/// Errors about a packet of a connection that is there, and of one that is not.
fn errors(flow: Flow, frames: &mut Vec<Frame>) {
    let question = flow.udp(Speaker::Opener, &[1; 1000]);
    frames.push(flow.too_big(Speaker::Answerer, &question));
    frames.push(question.clone());
    frames.push(flow.too_big(Speaker::Answerer, &question));
    // Whoever sends an error about its own packet is wrong.
    frames.push(flow.too_big(Speaker::Opener, &question));
    let stray = Segment { flags: TcpFlags::SYN, seq: 1, ack: 0, payload_len: 0 };
    let unwanted = opened_outside(flow).tcp(Speaker::Opener, stray);
    frames.push(unwanted.clone());
    frames.push(flow.too_big(Speaker::Opener, &unwanted));
}

/// Datagrams in two parts, in order and not, begun inside and outside.
fn datagrams(flow: Flow, frames: &mut Vec<Frame>) {
    for (flow, id) in [(flow, 1), (opened_outside(flow), 2)] {
        let head = [flow.opener.port, flow.answerer.port, 8 + 40, 0].map(u16::to_be_bytes).concat();
        let first = |id| {
            let part = Part { id, offset: 0, is_last: false };
            flow.part(Speaker::Opener, part, &[&head[..], &[0; 24]].concat())
        };
        let last = |id| {
            let part = Part { id, offset: 4, is_last: true };
            flow.part(Speaker::Opener, part, &[0; 16])
        };
        frames.extend([first(id), last(id), last(id + 10), first(id + 10)]);
    }
}

/// Each kind of odd frame, of both hosts, made of frames that would pass otherwise.
fn odd_ones(flow: Flow, frames: &mut Vec<Frame>) {
    let mut random = Rng::with_seed(7);
    let question = flow.udp(Speaker::Opener, &[2; 300]);
    let answer = flow.udp(Speaker::Answerer, &[2; 300]);
    frames.extend([question.clone(), answer.clone()]);
    for odd in Odd::ALL {
        for frame in [&question, &answer] {
            frames.extend((0..4).map(|_| odd.of(frame, &mut random)));
        }
    }
}
