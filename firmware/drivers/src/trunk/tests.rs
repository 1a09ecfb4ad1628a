//! The trunk over the model of a LAN9118: frames go to the port of their VLAN and out at the other.

use proptest::prelude::*;

use super::*;
use crate::lan9118::Lan9118;
use crate::lan9118::chip::{Handle, Wire, started};
use crate::mac::LONGEST;

const LEFT: u16 = 10;
const RIGHT: u16 = 20;
const BUFFERS: usize = 4;

fn vlans() -> [VlanId; 2] {
    [LEFT, RIGHT].map(|number| VlanId::new(number).unwrap())
}

/// A frame of a trunk, whose bytes depend on `number`.
fn tagged(tci: u16, len: usize, number: usize) -> Vec<u8> {
    let mut frame: Vec<u8> = (0..len).map(|place| (place * 5 + number).to_le_bytes()[0]).collect();
    frame[12..14].copy_from_slice(&[0x81, 0]);
    frame[14..16].copy_from_slice(&tci.to_be_bytes());
    frame
}

/// The same without its tag.
fn untagged(tci: u16, len: usize, number: usize) -> Vec<u8> {
    let mut frame = tagged(tci, len, number);
    frame.drain(12..16);
    frame
}

/// What a gateway does that lets everything pass: up to `burst` frames each way.
fn bridge<const N: usize>(
    trunk: &Trunk<'_, Lan9118<Handle>, N>,
    burst: usize,
) -> Vec<(Side, Vec<u8>)> {
    let [mut left, mut right] = trunk.ports();
    trunk.acknowledge();
    let mut busy = Vec::new();
    for (side, from, to) in [(Side::Left, 0, 1), (Side::Right, 1, 0)] {
        let ports = [&mut left, &mut right];
        for _ in 0..burst {
            let Some(frame) = ports[from].receive() else { break };
            if let Err(frame) = ports[to].transmit(frame) {
                busy.push((side, frame.as_ref().to_vec()));
                ports[from].recycle(frame);
            }
        }
        assert!(ports[to].reclaim().is_none());
    }
    busy
}

#[test]
fn a_port_has_frames_without_tag_and_the_other_port_sends_them_in_its_vlan() {
    let (driver, chip) = started();
    let mut buffers = [Buffer::EMPTY; 1];
    let trunk = Trunk::new(driver, vlans(), &mut buffers);
    let [mut left, mut right] = trunk.ports();
    // Priority and the bit beside it stay.
    for (len, beside) in [(18, 0), (64, 0xe000), (1518, 0x1000), (LONGEST, 0xf000)] {
        chip.receive(&tagged(beside | LEFT, len, 3));
        let frame = left.receive().unwrap();
        assert_eq!(frame.as_ref(), untagged(beside | LEFT, len, 3));
        assert!(right.transmit(frame).is_ok());
        chip.receive(&tagged(beside | RIGHT, len, 4));
        let frame = right.receive().unwrap();
        assert_eq!(frame.as_ref(), untagged(beside | RIGHT, len, 4));
        assert!(left.transmit(frame).is_ok());
        let sent = std::mem::take(&mut chip.0.borrow_mut().sent);
        assert_eq!(sent, [tagged(beside | RIGHT, len, 3), tagged(beside | LEFT, len, 4)]);
    }
    assert_eq!(left.faults(), Faults::default());
}

#[test]
fn an_inner_tag_is_payload() {
    let (driver, chip) = started();
    let mut buffers = [Buffer::EMPTY; 1];
    let trunk = Trunk::new(driver, vlans(), &mut buffers);
    let [mut left, mut right] = trunk.ports();
    let mut twice = tagged(LEFT, 100, 1);
    twice[16..20].copy_from_slice(&[0x81, 0, 0, 20]);
    chip.receive(&twice);
    let frame = left.receive().unwrap();
    assert_eq!(frame.as_ref()[12..16], [0x81, 0, 0, 20]);
    assert!(right.transmit(frame).is_ok());
    twice[15] = 20;
    assert_eq!(chip.0.borrow().sent, [twice]);
}

#[test]
fn frames_of_no_port_are_counted_and_dropped() {
    let (driver, chip) = started();
    let mut buffers = [Buffer::EMPTY; BUFFERS];
    let trunk = Trunk::new(driver, vlans(), &mut buffers);
    let [mut left, mut right] = trunk.ports();
    let untagged = untagged(LEFT, 64, 0);
    let by_priority = tagged(0xe000, 64, 0);
    let other = tagged(30, 64, 0);
    let mut of_provider = tagged(LEFT, 64, 0);
    of_provider[12..14].copy_from_slice(&[0x88, 0xa8]);
    for frame in [&untagged[..], &by_priority, &other, &of_provider, &untagged[..14]] {
        chip.receive(frame);
    }
    for len in 14..18 {
        chip.receive(&tagged(LEFT, 18, 0)[..len]);
    }
    chip.receive(&tagged(RIGHT, 64, 9));
    assert!(left.receive().is_none() && right.receive().is_some());
    assert_eq!(left.faults(), Faults { foreign: 5, runt: 4, ..Faults::default() });
    assert_eq!(right.faults(), Faults::default());
}

#[test]
fn a_frame_without_room_comes_back_as_it_was() {
    let (driver, chip) = started();
    let mut buffers = [Buffer::EMPTY; 1];
    let trunk = Trunk::new(driver, vlans(), &mut buffers);
    chip.0.borrow_mut().wire = Wire::Stuck;
    let busy = (0..10).find_map(|_| {
        chip.receive(&tagged(LEFT, 1518, 5));
        bridge(&trunk, 1).pop()
    });
    assert_eq!(busy, Some((Side::Left, untagged(LEFT, 1518, 5))));
    chip.unstick();
    chip.receive(&tagged(LEFT, 60, 6));
    assert!(bridge(&trunk, 1).is_empty());
    assert_eq!(chip.0.borrow().sent.last(), Some(&tagged(RIGHT, 60, 6)));
}

#[test]
fn what_waits_for_the_other_port_is_said_to_wait() {
    let (driver, chip) = started();
    let mut buffers = [Buffer::EMPTY; BUFFERS];
    let trunk = Trunk::new(driver, vlans(), &mut buffers);
    let [mut left, mut right] = trunk.ports();
    assert!(!trunk.has_frame());
    for number in 0..6 {
        chip.receive(&tagged(RIGHT, 64, number));
    }
    assert!(left.receive().is_none(), "all buffers are the other's");
    for number in 0..6 {
        assert!(trunk.has_frame());
        let frame = right.receive().unwrap();
        assert_eq!(frame.as_ref(), untagged(RIGHT, 64, number));
        right.recycle(frame);
    }
    assert!(!trunk.has_frame());
}

#[test]
fn only_numbers_of_vlans_are_vlans() {
    assert!(VlanId::new(0).is_none() && VlanId::new(4095).is_none() && VlanId::new(4096).is_none());
    assert!(VlanId::new(1).is_some() && VlanId::new(4094).is_some());
}

/// Something that happens to the trunk.
#[derive(Debug, Clone)]
enum Event {
    /// A frame of this VLAN and length comes in.
    Frame(u16, usize),
    /// A frame without a tag, or damaged as the chip says here.
    Untagged,
    Damaged(u32),
    /// One too long, or too short for its tag.
    Giant,
    Runt,
    /// So many frames at once.
    Flood(usize),
    /// Frames to send wait, or leave again.
    Stick,
    Unstick,
    /// The gateway asks for the link.
    Link,
    /// A round of the gateway, with this burst.
    Round(usize),
    /// A frame of which another length is said.
    WrongLength(u32),
    /// The chip was reset by somebody else.
    Reset,
}

/// What a network and a gateway do.
fn ordinary() -> impl Strategy<Value = Event> {
    let vlan = prop_oneof![4 => Just(LEFT), 4 => Just(RIGHT), 1 => 0..4096_u16];
    prop_oneof![
        12 => (vlan, 18..=LONGEST).prop_map(|(vlan, len)| Event::Frame(vlan, len)),
        1 => prop_oneof![Just(1 << 1), Just(1 << 3), Just(1 << 6)].prop_map(Event::Damaged),
        1 => Just(Event::Untagged),
        1 => Just(Event::Giant),
        1 => Just(Event::Runt),
        1 => (1..300_usize).prop_map(Event::Flood),
        1 => Just(Event::Stick),
        2 => Just(Event::Unstick),
        2 => Just(Event::Link),
        10 => (0..20_usize).prop_map(Event::Round),
    ]
}

/// And what a chip does that is at fault.
fn any() -> impl Strategy<Value = Event> {
    prop_oneof![
        10 => ordinary(),
        2 => (0..16_384_u32).prop_map(Event::WrongLength),
        1 => Just(Event::Reset),
    ]
}

/// The trunk, and what came in.
struct Bench<'t, 'b> {
    trunk: &'t Trunk<'b, Lan9118<Handle>, BUFFERS>,
    chip: Handle,
    came: Vec<Vec<u8>>,
    busy_count: usize,
}

impl Bench<'_, '_> {
    fn receive(&mut self, frame: Vec<u8>, status: u32) {
        self.chip.receive_as(&frame, status);
        self.came.push(frame);
    }

    fn take(&mut self, event: &Event) {
        let number = self.came.len();
        match *event {
            Event::Frame(vlan, len) => self.receive(tagged(vlan, len, number), 0),
            Event::Untagged => self.receive(untagged(LEFT, 64, number), 0),
            Event::Damaged(status) => self.receive(tagged(LEFT, 64, number), status),
            Event::Giant => self.receive(tagged(LEFT, LONGEST + 1, number), 0),
            Event::Runt => self.receive(tagged(LEFT, 18, number)[..16].to_vec(), 0),
            Event::Flood(count) => {
                (0..count).for_each(|place| self.receive(tagged(LEFT, 64, number + place), 0));
            }
            Event::Stick => self.chip.0.borrow_mut().wire = Wire::Stuck,
            Event::Unstick => self.chip.unstick(),
            Event::Link => {
                let [mut left, _] = self.trunk.ports();
                left.link();
            }
            Event::Round(burst) => self.busy_count += bridge(self.trunk, burst).len(),
            Event::WrongLength(len) => {
                self.receive(tagged(LEFT, 700, number), 0);
                self.chip.mistake_length(len);
            }
            Event::Reset => self.chip.reset(),
        }
    }

    /// Lets what is on its way arrive; the gateway looks after the link, as it does each second.
    fn settle(&mut self) {
        self.take(&Event::Unstick);
        for _ in 0..1000 {
            self.take(&Event::Round(16));
            if !self.trunk.has_frame() {
                break;
            }
        }
        assert!(!self.trunk.has_frame(), "stalled");
        self.take(&Event::Link);
    }

    fn check_buffers(&self) {
        let shared = self.trunk.shared.borrow();
        assert_eq!((shared.free.len(), shared.parked.len()), (BUFFERS, 0));
    }

    /// Every frame that came was sent, or counted once; what was sent is right and in order.
    fn check_counts(&self) {
        let [left, _] = self.trunk.ports();
        let faults = left.faults();
        let chip = self.chip.0.borrow();
        for (to, from) in [(LEFT, RIGHT), (RIGHT, LEFT)] {
            let of = |vlan| move |frame: &&Vec<u8>| frame[14..16] == u16::to_be_bytes(vlan);
            let mut came = self.came.iter().filter(of(from));
            for sent in chip.sent.iter().filter(of(to)) {
                let as_it_came =
                    |frame: &Vec<u8>| frame[..14] == sent[..14] && frame[16..] == sent[16..];
                assert!(came.any(as_it_came), "sent without having come, or out of order");
            }
        }
        let counted = faults.runt + faults.giant + faults.bad + faults.overrun + faults.foreign;
        // A reset is counted as well, and loses what was to be sent.
        let counted = counted - chip.reset_count + chip.lost_to_send;
        let accounted = chip.sent.len() + self.busy_count + counted as usize;
        assert_eq!(accounted, self.came.len(), "{faults:?}");
    }
}

fn with_bench(test: impl FnOnce(&mut Bench<'_, '_>)) {
    let (driver, chip) = started();
    let mut buffers = [Buffer::EMPTY; BUFFERS];
    let trunk = Trunk::new(driver, vlans(), &mut buffers);
    test(&mut Bench { trunk: &trunk, chip, came: Vec::new(), busy_count: 0 });
}

proptest! {
    #[test]
    fn every_frame_goes_out_right_or_is_counted(
        events in prop::collection::vec(ordinary(), 0..100),
    ) {
        with_bench(|bench| {
            events.iter().for_each(|event| bench.take(event));
            bench.settle();
            bench.check_buffers();
            bench.check_counts();
        });
    }

    #[test]
    fn whatever_the_chip_does_frames_pass_afterwards(
        events in prop::collection::vec(any(), 0..100),
    ) {
        with_bench(|bench| {
            events.iter().for_each(|event| bench.take(event));
            bench.settle();
            bench.check_buffers();
            bench.chip.0.borrow_mut().sent.clear();
            bench.receive(tagged(LEFT, 1518, 1), 0);
            bench.receive(tagged(RIGHT, 64, 2), 0);
            bench.settle();
            let sent = bench.chip.0.borrow().sent.clone();
            assert_eq!(sent, [tagged(RIGHT, 1518, 1), tagged(LEFT, 64, 2)]);
        });
    }
}
