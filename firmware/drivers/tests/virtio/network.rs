//! A network port and its device, which is honest for the most part.

use keeptrack_drivers::virtio::{Device, FRAME_LEN, Kind, Network, NetworkMemory};
use keeptrack_gateway::{Faults, LinkState, Port};

use super::chip::Bus;

/// Places of a queue.
pub(crate) const LEN: usize = 16;

/// A port over a model.
pub(crate) type TestPort = Network<Bus, LEN>;

/// A port over the device of `bus`.
pub(crate) fn open(bus: &Bus) -> TestPort {
    let device = Device::find(Kind::Network, bus.clone()).expect("the device is there");
    Network::open(device, Box::leak(Box::new(NetworkMemory::new())))
}

/// Two ports and their devices.
pub(crate) fn pair() -> ([Bus; 2], [TestPort; 2]) {
    let buses = [Bus::new(Kind::Network), Bus::new(Kind::Network)];
    let ports = [open(&buses[0]), open(&buses[1])];
    (buses, ports)
}

/// Carries all that came in at `from`, as the gateway does.
pub(crate) fn relay(from: &mut TestPort, to: &mut TestPort) {
    while let Some(frame) = to.reclaim() {
        from.recycle(frame);
    }
    while let Some(frame) = from.receive() {
        if let Err(frame) = to.transmit(frame) {
            from.recycle(frame);
        }
    }
}

/// A frame of `len` bytes, unlike others.
pub(crate) fn frame(number: u32, len: usize) -> Vec<u8> {
    number.to_le_bytes().into_iter().cycle().take(len).collect()
}

#[test]
fn opened_port_has_given_all_its_buffers() {
    let bus = Bus::new(Kind::Network);
    let mut port = open(&bus);
    assert_eq!(bus.chip().status, 0xf);
    assert_eq!(bus.chip().waiting(), [16, 0]);
    assert_eq!(bus.chip().notices, [0]);
    assert_eq!((port.link(), port.faults()), (LinkState::Up, Faults::default()));
    assert!(port.receive().is_none() && port.reclaim().is_none());
}

#[test]
fn frames_cross_unchanged_and_in_order() {
    let (buses, [mut left, mut right]) = pair();
    // So many that all indexes of 16 bits wrap.
    for number in 0..70_000_u32 {
        let len = if number < 2_000 { 14 + number as usize % (FRAME_LEN - 13) } else { 60 };
        assert!(buses[0].chip().receive(&frame(number, len)), "no buffer for {number}");
        relay(&mut left, &mut right);
        assert_eq!(buses[1].chip().notices.pop(), Some(1), "{number} was not told of");
        assert_eq!(buses[1].chip().send(), Some(frame(number, len)));
        assert_eq!(buses[1].chip().sent_header, [0; 12], "the device is asked for something");
    }
    relay(&mut left, &mut right);
    assert_eq!(buses[0].chip().waiting(), [16, 0]);
    assert_eq!([left.faults(), right.faults()], [Faults::default(); 2]);
}

#[test]
fn short_and_long_frames_are_counted_and_their_buffers_used_again() {
    let bus = Bus::new(Kind::Network);
    let mut port = open(&bus);
    for len in [0, 13, FRAME_LEN + 1, 9000] {
        assert!(bus.chip().receive(&vec![7; len]));
        assert!(port.receive().is_none());
    }
    // What a device says that it wrote may be less than its own header, or more than there is.
    for written_len in [0, 11, u32::MAX] {
        let given = bus.chip().take(0).unwrap();
        bus.chip().give_back(0, given.number.into(), written_len);
        assert!(port.receive().is_none());
    }
    assert_eq!(port.faults(), Faults { runt: 4, giant: 3, ..Faults::default() });
    assert_eq!(bus.chip().waiting(), [16, 0]);
    for len in [14, FRAME_LEN] {
        assert!(bus.chip().receive(&vec![7; len]));
        assert_eq!(port.receive().unwrap().as_ref(), vec![7; len]);
    }
    assert_eq!(bus.chip().reset_count, 1);
}

#[test]
fn device_that_only_sends_runts_keeps_nobody() {
    let bus = Bus::new(Kind::Network);
    let mut port = open(&bus);
    for _ in 0..LEN {
        assert!(bus.chip().receive(&[]));
    }
    assert!(!bus.chip().receive(&[]), "a device has as many buffers as it was given");
    assert!(port.receive().is_none());
    assert_eq!((port.faults().runt, bus.chip().waiting()), (16, [16, 0]));
}

#[test]
fn full_queue_gives_the_frame_back() {
    let (buses, [mut left, mut right]) = pair();
    let (other_bus, mut taken) = (Bus::new(Kind::Network), 0);
    let mut other = open(&other_bus);
    // Frames of two ports, so that there are more than places.
    for (bus, from) in [(&buses[0], &mut left), (&other_bus, &mut other)] {
        for number in 0..16 {
            assert!(bus.chip().receive(&frame(number, 60)));
            match right.transmit(from.receive().unwrap()) {
                Ok(()) => taken += 1,
                Err(frame) => from.recycle(frame),
            }
        }
    }
    assert_eq!((taken, buses[1].chip().waiting()), (16, [16, 16]));
    assert_eq!(other_bus.chip().waiting(), [16, 0]);
}

#[test]
fn busy_device_is_not_told() {
    let (buses, [mut left, mut right]) = pair();
    buses[1].chip().set_quiet(1, 1);
    for (number, notices) in [(0, [0].as_slice()), (1, [0, 1].as_slice())] {
        assert!(buses[0].chip().receive(&frame(number, 60)));
        relay(&mut left, &mut right);
        assert_eq!(buses[1].chip().notices, notices);
        buses[1].chip().set_quiet(1, 0);
    }
}

#[test]
fn interrupts_come_only_to_a_sleeper_who_has_seen_all() {
    let bus = Bus::new(Kind::Network);
    let mut port = open(&bus);
    port.awake();
    assert!(bus.chip().receive(&frame(1, 60)));
    assert_eq!(bus.chip().interrupt, 0);
    assert!(!port.may_sleep(), "there is a frame");
    let first = port.receive().unwrap();
    assert!(port.may_sleep());
    assert!(bus.chip().receive(&frame(2, 60)));
    assert_eq!(bus.chip().interrupt, 1);
    port.awake();
    port.acknowledge();
    assert_eq!(bus.chip().interrupt, 0);
    port.recycle(first);
}

#[test]
fn link_is_what_the_device_says_of_it() {
    let bus = Bus::new(Kind::Network);
    let mut port = open(&bus);
    for (said, link) in [(0, LinkState::Down), (2, LinkState::Down), (3, LinkState::Up)] {
        bus.chip().link = said;
        assert_eq!(port.link(), link);
    }
    // The feature that lets a device say it.
    let bus = Bus::new(Kind::Network);
    (bus.chip().offers, bus.chip().link) = (!(1 << 16), 0);
    assert_eq!(open(&bus).link(), LinkState::Up);
}

#[test]
fn unusable_device_is_down_until_it_is_usable() {
    for make in [
        |bus: &Bus| bus.chip().offers = u64::from(u32::MAX),
        |bus: &Bus| bus.chip().queue_len_max = 8,
        |bus: &Bus| (bus.chip().ignores_reset, bus.chip().status) = (true, 0xf),
    ] {
        let bus = Bus::new(Kind::Network);
        make(&bus);
        let mut port = open(&bus);
        assert_eq!(port.link(), LinkState::Down);
        assert!(port.receive().is_none() && port.may_sleep());
        bus.chip().offers = u64::MAX;
        bus.chip().queue_len_max = 16;
        bus.chip().ignores_reset = false;
        assert_eq!(port.link(), LinkState::Up);
        assert!(bus.chip().receive(&frame(1, 60)));
        assert_eq!(port.receive().unwrap().as_ref(), frame(1, 60));
    }
}

#[test]
fn other_kinds_are_not_found() {
    assert!(Device::find(Kind::Entropy, Bus::new(Kind::Network)).is_none());
    assert!(Device::find(Kind::Entropy, Bus::new(Kind::Entropy)).is_some());
}
