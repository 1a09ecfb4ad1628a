//! Frames through a gateway on a PC, between two ports that are queues.

use std::collections::VecDeque;
use std::vec::Vec;

use keeptrack_core::{Instant, Seed, SourcePlace, Storage};

use super::{BURST, Faults, Gateway, Keys, LinkState, Memory, Port, Reason, STEPS, Side, Wake};

const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

/// A port: what comes in, what went out, and how many frames it has room for.
struct Wire {
    link: LinkState,
    incoming: VecDeque<Vec<u8>>,
    outgoing: Vec<Vec<u8>>,
    leaving: VecDeque<Vec<u8>>,
    room: usize,
    recycled_count: usize,
}

impl Wire {
    fn new() -> Self {
        Self {
            link: LinkState::Up,
            incoming: VecDeque::new(),
            outgoing: Vec::new(),
            leaving: VecDeque::new(),
            room: usize::MAX,
            recycled_count: 0,
        }
    }
}

impl Port for Wire {
    type Frame = Vec<u8>;

    fn link(&mut self) -> LinkState {
        self.link
    }

    fn receive(&mut self) -> Option<Vec<u8>> {
        self.incoming.pop_front()
    }

    fn transmit(&mut self, frame: Vec<u8>) -> Result<(), Vec<u8>> {
        if self.room == 0 {
            return Err(frame);
        }
        self.room -= 1;
        self.outgoing.push(frame.clone());
        self.leaving.push_back(frame);
        Ok(())
    }

    fn reclaim(&mut self) -> Option<Vec<u8>> {
        self.leaving.pop_front()
    }

    fn recycle(&mut self, _frame: Vec<u8>) {
        self.recycled_count += 1;
    }

    fn faults(&self) -> Faults {
        Faults::default()
    }
}

/// A gateway between two wires, at a moment.
struct Scene<'m> {
    gateway: Gateway<'m>,
    wires: [Wire; 2],
    now_ms: u64,
}

impl<'m> Scene<'m> {
    /// One that has not started.
    fn waiting(flash: &'m [u8]) -> Self {
        Self {
            gateway: Gateway::waiting(flash),
            wires: [Wire::new(), Wire::new()],
            now_ms: 1_000_000,
        }
    }

    /// One that tracks, by the configuration in `flash`.
    fn started<const N: usize, const M: usize>(
        flash: &'m [u8],
        (storage, sources): &'m mut (Storage<N>, [SourcePlace; M]),
    ) -> Self {
        let mut scene = Self::waiting(flash);
        let keys = Keys { table: Seed([7; 16]), sources: Seed([8; 16]) };
        scene.gateway.start(Memory { connections: storage.lend(), sources }, keys).unwrap();
        scene
    }

    fn poll(&mut self) -> Wake {
        let [left, right] = &mut self.wires;
        self.gateway.poll(Instant::from_millis(self.now_ms), left, right)
    }

    /// Why a frame that comes in at that port does not go out at the other, if it does not.
    fn carry(&mut self, side: Side, frame: &[u8]) -> Result<(), Reason> {
        let before = *self.gateway.counts().port(side);
        self.now_ms += 1;
        side.of(&mut self.wires).incoming.push_back(frame.to_vec());
        let _ = self.poll();
        let counts = self.gateway.counts().port(side);
        assert_eq!(counts.received, before.received + 1);
        let dropped = |why: &Reason| counts.dropped(*why) > before.dropped(*why);
        match Reason::ALL.into_iter().find(dropped) {
            Some(why) => Err(why),
            None => {
                assert_eq!(counts.forwarded, before.forwarded + 1);
                let sent = side.other().of(&mut self.wires).outgoing.pop().unwrap();
                assert_eq!(sent, frame, "as it came");
                Ok(())
            }
        }
    }

    fn len(&self) -> usize {
        self.gateway.table().unwrap().len()
    }
}

fn memory<const N: usize, const M: usize>() -> (Storage<N>, [SourcePlace; M]) {
    (Storage::new(), [SourcePlace::EMPTY; M])
}

/// A frame from a station at that port, with the type of what follows.
fn ethernet(from: Side, kind: u16, payload: &[u8]) -> Vec<u8> {
    let addresses = match from {
        Side::Left => [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1],
        Side::Right => [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2],
    };
    [&addresses[..], &kind.to_be_bytes(), payload].concat()
}

/// An IPv4 packet between 192.0.2.1, which is at the left port, and 192.0.2.2.
fn ipv4(from: Side, (fragment, protocol): (u16, u8), payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(20 + payload.len()).unwrap();
    let hosts = match from {
        Side::Left => [192, 0, 2, 1, 192, 0, 2, 2],
        Side::Right => [192, 0, 2, 2, 192, 0, 2, 1],
    };
    let [len, fragment] = [len, fragment].map(u16::to_be_bytes);
    let head = [&[0x45, 0], &len[..], &[0, 9], &fragment, &[64, protocol, 0, 0], &hosts].concat();
    ethernet(from, 0x0800, &[&head, payload].concat())
}

/// A segment without payload.
fn tcp(from: Side, (source, destination): (u16, u16), flags: u8) -> Vec<u8> {
    let [source, destination] = [source, destination].map(u16::to_be_bytes);
    let rest =
        [0, 0, 0, 1, 0, 0, 0, u8::from(flags & ACK != 0) * 2, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0];
    ipv4(from, (0x4000, 6), &[&source[..], &destination, &rest].concat())
}

#[test]
fn what_is_no_ip_passes_and_ip_that_cannot_be_read_does_not() {
    let mut memory = memory::<4, 5>();
    let mut scene = Scene::started(&[], &mut memory);
    for side in Side::BOTH {
        let arp = ethernet(side, 0x0806, &[0, 1, 8, 0, 6, 4, 0, 1]);
        assert_eq!(scene.carry(side, &arp), Ok(()));
        let spanning_tree = ethernet(side, 38, &[0x42; 38]);
        assert_eq!(scene.carry(side, &spanning_tree), Ok(()));
        let discovery = ethernet(side, 0x8863, &[0x11, 0x09, 0, 0, 0, 4, 1, 1, 0, 0]);
        assert_eq!(scene.carry(side, &discovery), Ok(()));
        let link_control = ethernet(side, 0x8864, &[0x11, 0, 0, 1, 0, 6, 0xc0, 0x21, 1, 1, 0, 4]);
        assert_eq!(scene.carry(side, &link_control), Ok(()));
        let whole = tcp(side, (1025, 80), SYN);
        for len in 12..14 + 20 {
            assert_eq!(scene.carry(side, &whole[..len]), Err(Reason::Unreadable), "{len} bytes");
        }
        let of_version_five = ethernet(side, 0x0800, &[0x55; 40]);
        assert_eq!(scene.carry(side, &of_version_five), Err(Reason::Unreadable));
    }
    assert_eq!(scene.len(), 0);
}

#[test]
fn inside_opens_and_outside_only_answers() {
    let mut memory = memory::<4, 5>();
    let mut scene = Scene::started(&[], &mut memory);
    assert_eq!(scene.carry(Side::Right, &tcp(Side::Right, (80, 1025), SYN)), Err(Reason::Filter));
    assert_eq!(scene.len(), 0, "what the filter drops costs no slot");
    assert_eq!(scene.carry(Side::Left, &tcp(Side::Left, (1025, 80), SYN)), Ok(()));
    assert_eq!(scene.carry(Side::Right, &tcp(Side::Right, (80, 1025), SYN | ACK)), Ok(()));
    assert_eq!(scene.carry(Side::Left, &tcp(Side::Left, (1025, 80), ACK)), Ok(()));
    assert_eq!(scene.len(), 1);
    let nothing_set = tcp(Side::Left, (1025, 80), 0);
    assert_eq!(scene.carry(Side::Left, &nothing_set), Err(Reason::Filter), "INVALID");
}

#[test]
fn an_icmp_error_about_a_connection_comes_in() {
    let mut memory = memory::<4, 5>();
    let mut scene = Scene::started(&[], &mut memory);
    let syn = tcp(Side::Left, (1025, 80), SYN);
    let too_big = [&[3, 4, 0, 0, 0, 0, 5, 0x78], &syn[14..]].concat();
    let too_big = ipv4(Side::Right, (0, 1), &too_big);
    assert_eq!(scene.carry(Side::Right, &too_big), Err(Reason::Filter), "about none");
    assert_eq!(scene.carry(Side::Left, &syn), Ok(()));
    assert_eq!(scene.carry(Side::Right, &too_big), Ok(()));
}

#[test]
fn neighbour_discovery_passes_both_ways() {
    let mut memory = memory::<4, 5>();
    let mut scene = Scene::started(&[], &mut memory);
    for (side, host) in [(Side::Left, 1), (Side::Right, 2)] {
        for kind in [133, 134, 135, 136, 143] {
            let mut packet = [0; 64];
            packet[..8].copy_from_slice(&[0x60, 0, 0, 0, 0, 24, 58, 255]);
            packet[8..10].copy_from_slice(&[0xfe, 0x80]);
            packet[23] = host;
            packet[24..26].copy_from_slice(&[0xff, 2]);
            packet[40] = kind;
            let frame = ethernet(side, 0x86dd, &packet);
            assert_eq!(scene.carry(side, &frame), Ok(()), "type {kind}");
        }
    }
    assert_eq!(scene.len(), 0);
}

#[test]
fn an_offered_address_comes_in() {
    let mut memory = memory::<4, 5>();
    let mut scene = Scene::started(&[], &mut memory);
    let offer = ipv4(Side::Right, (0, 17), &[0, 67, 0, 68, 0, 8, 0, 0]);
    assert_eq!(scene.carry(Side::Right, &offer), Ok(()));
    let not_quite = ipv4(Side::Right, (0, 17), &[0, 67, 0, 69, 0, 8, 0, 0]);
    assert_eq!(scene.carry(Side::Right, &not_quite), Err(Reason::Filter));
}

#[test]
fn parts_of_a_datagram_go_the_way_of_the_first() {
    let mut memory = memory::<4, 5>();
    let mut scene = Scene::started(&[], &mut memory);
    let first =
        |side| ipv4(side, (0x2000, 17), &[0, 67, 0, 68, 0, 24, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    let last = |side| ipv4(side, (2, 17), &[9; 8]);
    assert_eq!(scene.carry(Side::Right, &last(Side::Right)), Err(Reason::Held), "before the first");
    assert_eq!(scene.carry(Side::Right, &first(Side::Right)), Ok(()));
    assert_eq!(scene.carry(Side::Right, &last(Side::Right)), Ok(()), "by the ports of the first");
}

#[test]
fn before_the_rules_are_read_nothing_passes() {
    let mut scene = Scene::waiting(&[]);
    let arp = ethernet(Side::Left, 0x0806, &[0; 28]);
    assert_eq!(scene.carry(Side::Left, &arp), Err(Reason::Closed));
}

#[test]
fn a_port_without_a_link_or_without_room_is_sent_nothing() {
    let mut memory = memory::<4, 5>();
    let mut scene = Scene::started(&[], &mut memory);
    let arp = ethernet(Side::Left, 0x0806, &[0; 28]);
    scene.wires[1].room = 1;
    assert_eq!(scene.carry(Side::Left, &arp), Ok(()));
    assert_eq!(scene.carry(Side::Left, &arp), Err(Reason::Busy));
    scene.wires[1].link = LinkState::Down;
    scene.now_ms += 1_000;
    assert_eq!(scene.carry(Side::Left, &arp), Err(Reason::NoLink));
    scene.wires[1].link = LinkState::Up;
    scene.wires[1].room = 1;
    scene.now_ms += 1_000;
    assert_eq!(scene.carry(Side::Left, &arp), Ok(()));
    let _ = scene.poll();
    assert_eq!(scene.wires[0].recycled_count, 4, "every buffer is back");
}

#[test]
fn what_goes_round_outside_goes_round_once() {
    let mut memory = memory::<4, 5>();
    let mut scene = Scene::started(&[], &mut memory);
    let arp = ethernet(Side::Left, 0x0806, &[0; 28]);
    assert_eq!(scene.carry(Side::Left, &arp), Ok(()));
    assert_eq!(scene.carry(Side::Right, &arp), Err(Reason::Looped));
    assert_eq!(scene.carry(Side::Left, &arp), Err(Reason::Looped));
    let another = ethernet(Side::Left, 0x0806, &[1; 28]);
    assert_eq!(scene.carry(Side::Left, &another), Ok(()));
}

#[test]
fn each_round_takes_a_burst_of_a_port_at_the_most() {
    let mut memory = memory::<4, 5>();
    let mut scene = Scene::started(&[], &mut memory);
    let arp = ethernet(Side::Left, 0x0806, &[0; 28]);
    scene.wires[0].incoming = vec![arp; BURST + 1].into();
    assert_eq!(scene.poll(), Wake::Now);
    assert_eq!(scene.wires[1].outgoing.len(), BURST);
    assert!(matches!(scene.poll(), Wake::At(_)));
    assert_eq!(scene.wires[1].outgoing.len(), BURST + 1);
}

#[test]
fn what_has_run_out_is_ended_in_bounded_rounds() {
    let mut memory = memory::<64, 65>();
    let mut scene = Scene::started(&[], &mut memory);
    for port in 1025..1025 + 40 {
        assert_eq!(scene.carry(Side::Left, &tcp(Side::Left, (port, 80), SYN)), Ok(()));
    }
    assert_eq!(scene.len(), 40);
    // An unanswered SYN lives for 120 seconds.
    scene.now_ms += 121_000;
    let mut rounds = 1;
    while scene.poll() == Wake::Now {
        rounds += 1;
    }
    assert!(rounds > 40 / STEPS, "{rounds}");
    assert_eq!(scene.len(), 0);
}

#[test]
fn a_full_table_refuses_and_a_reset_makes_room() {
    let mut memory = memory::<4, 5>();
    let mut scene = Scene::started(&[], &mut memory);
    for port in [1025, 1026, 1027] {
        assert_eq!(scene.carry(Side::Left, &tcp(Side::Left, (port, 80), SYN)), Ok(()));
    }
    // Three quarters of the slots are one source's at the most.
    assert_eq!(scene.carry(Side::Left, &tcp(Side::Left, (1028, 80), SYN)), Err(Reason::Refused));
    assert_eq!(scene.carry(Side::Right, &tcp(Side::Right, (80, 1025), RST | ACK)), Ok(()));
    let _ = scene.poll();
    assert_eq!(scene.carry(Side::Left, &tcp(Side::Left, (1028, 80), SYN)), Ok(()));
}
