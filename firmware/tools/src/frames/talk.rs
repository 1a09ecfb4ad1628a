//! What two hosts say to each other from the first frame to the last, frame by frame.

use keeptrack_core::TcpFlags;

use super::{Flow, Frame, Segment, Speaker};

const SYN: TcpFlags = TcpFlags::SYN;
const ACK: TcpFlags = TcpFlags::ACK;
const SYN_ACK: TcpFlags = TcpFlags(SYN.0 | ACK.0);
const DATA: TcpFlags = TcpFlags(TcpFlags::PSH.0 | ACK.0);
const FIN_ACK: TcpFlags = TcpFlags(TcpFlags::FIN.0 | ACK.0);
const RST: TcpFlags = TcpFlags::RST;

/// The longest payload of a TCP segment that a frame holds, whichever the family.
const FULL: usize = 1440;

/// By which protocol hosts speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A handshake, a question, a long answer, and an end by both.
    Tcp,
    /// A handshake, a question, and a reset.
    TcpReset,
    /// Three questions and answers.
    Udp,
    /// Three requests and answers.
    Ping,
}

/// A conversation: its frames in order.
#[derive(Debug, Clone)]
pub struct Talk {
    flow: Flow,
    kind: Kind,
    step: u8,
    /// The opener's next sequence number, and the answerer's.
    seqs: [u32; 2],
}

impl Talk {
    /// One that begins; TCP counts from `seqs` on.
    #[must_use]
    pub const fn new(flow: Flow, kind: Kind, seqs: [u32; 2]) -> Self {
        Self { flow, kind, step: 0, seqs }
    }

    fn tcp(&mut self, (speaker, flags, payload_len): (Speaker, TcpFlags, usize)) -> Frame {
        let [opener, answerer] = &mut self.seqs;
        let (own, other) = match speaker {
            Speaker::Opener => (opener, answerer),
            Speaker::Answerer => (answerer, opener),
        };
        let ack = if flags.0 & ACK.0 == 0 { 0 } else { *other };
        let segment = Segment { flags, seq: *own, ack, payload_len };
        // SYN and FIN count as a byte each.
        let counted = u32::from(flags.0 & (SYN.0 | TcpFlags::FIN.0) != 0);
        *own = own.wrapping_add(counted).wrapping_add(u32::try_from(payload_len).unwrap_or(0));
        self.flow.tcp(speaker, segment)
    }
}

impl Iterator for Talk {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        use Speaker::{Answerer, Opener};
        let step = self.step;
        self.step = step.saturating_add(1);
        let by_turns = if step.is_multiple_of(2) { Opener } else { Answerer };
        match self.kind {
            Kind::Tcp => {
                let said = match step {
                    0 => (Opener, SYN, 0),
                    1 => (Answerer, SYN_ACK, 0),
                    2 => (Opener, ACK, 0),
                    3 => (Opener, DATA, 77),
                    4 | 5 => (Answerer, DATA, FULL),
                    6 => (Opener, ACK, 0),
                    7 => (Answerer, FIN_ACK, 0),
                    8 => (Opener, FIN_ACK, 0),
                    9 => (Answerer, ACK, 0),
                    _ => return None,
                };
                Some(self.tcp(said))
            }
            Kind::TcpReset => {
                let said = match step {
                    0 => (Opener, SYN, 0),
                    1 => (Answerer, SYN_ACK, 0),
                    2 => (Opener, DATA, 300),
                    3 => (Answerer, RST, 0),
                    _ => return None,
                };
                Some(self.tcp(said))
            }
            Kind::Udp => (step < 6).then(|| self.flow.udp(by_turns, &[step; 48])),
            Kind::Ping => (step < 6).then(|| self.flow.ping(by_turns, u16::from(step / 2))),
        }
    }
}

#[cfg(test)]
mod tests {
    use keeptrack_core::{
        Config, Conntrack, CtState, Instant, LinkType, Packet, Seed, Storage, Tracked,
    };

    use super::*;
    use crate::Side;
    use crate::frames::{Host, is_proper};

    /// Whether a frame is the first of its connection, of the one that it should be, or neither.
    fn tracked(talk: Talk) -> Vec<Option<CtState>> {
        let mut storage = Storage::<4>::new();
        let mut ct = Conntrack::new(storage.lend(), Config::DEFAULT, Seed([1; 16])).unwrap();
        let states = talk.map(|frame| {
            assert!(is_proper(&frame.bytes));
            let packet = Packet::parse(LinkType::Ethernet, &frame.bytes).unwrap();
            match ct.track(Instant::from_millis(1), &packet) {
                Tracked::First(first) => first.confirm().ok().map(|_| CtState::New),
                Tracked::Known { state, .. } => Some(state),
                _ => None,
            }
        });
        states.collect()
    }

    #[test]
    fn a_conversation_is_one_connection_whose_check_sums_are_right() {
        for addresses in [["192.0.2.1", "198.51.100.1"], ["2001:db8:1::1", "2001:db8:2::1"]] {
            let [inside, outside] = addresses.map(|address| address.parse().unwrap());
            let opener = Host { side: Side::Left, address: inside, port: 1025 };
            let answerer = Host { side: Side::Right, address: outside, port: 80 };
            for vlan in [None, Some(7)] {
                let flow = Flow { opener, answerer, vlan };
                for kind in [Kind::Tcp, Kind::TcpReset, Kind::Udp, Kind::Ping] {
                    let states = tracked(Talk::new(flow, kind, [7, u32::MAX - 7]));
                    let (first, rest) = states.split_first().unwrap();
                    assert_eq!(*first, Some(CtState::New), "{kind:?}");
                    let is_known = |state: &Option<CtState>| *state == Some(CtState::Established);
                    assert!(rest.len() >= 3 && rest.iter().all(is_known), "{kind:?}: {states:?}");
                }
            }
        }
    }
}
