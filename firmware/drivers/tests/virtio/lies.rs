//! Devices that contradict themselves: they are reset, and what they had comes back.

use std::collections::BTreeSet;

use keeptrack_gateway::{Faults, LinkState, Port};
use proptest::prelude::*;

use super::chip::Bus;
use super::network::{LEN, TestPort, frame, pair, relay};

/// The queues of a device.
const RECEIVE: usize = 0;
const SEND: usize = 1;

#[test]
fn wrong_numbers_reset_the_device() {
    for lie in [
        |bus: &Bus| bus.chip().give_back(RECEIVE, 16, 72),
        |bus: &Bus| bus.chip().give_back(RECEIVE, u32::MAX, 72),
        |bus: &Bus| bus.chip().give_back(SEND, 0, 0),
        |bus: &Bus| bus.chip().skip(RECEIVE, 17),
        |bus: &Bus| bus.chip().skip(RECEIVE, u16::MAX),
        |bus: &Bus| bus.chip().status |= 0x40,
    ] {
        let (buses, [mut left, mut right]) = pair();
        lie(&buses[0]);
        assert_eq!(left.link(), LinkState::Up);
        relay(&mut left, &mut right);
        relay(&mut right, &mut left);
        assert_eq!(left.faults(), Faults { bad: 1, ..Faults::default() });
        assert_eq!(buses[0].chip().waiting(), [16, 0]);
        assert_eq!(buses[0].chip().reset_count, 2);
        assert!(buses[0].chip().receive(&frame(5, 60)));
        relay(&mut left, &mut right);
        assert_eq!(buses[1].chip().send(), Some(frame(5, 60)));
    }
}

#[test]
fn buffer_that_was_given_back_twice_is_used_once() {
    let (buses, [mut left, _]) = pair();
    let given = buses[0].chip().take(RECEIVE).unwrap();
    for _ in 0..2 {
        buses[0].chip().give_back(RECEIVE, given.number.into(), 72);
    }
    let kept = left.receive().expect("the first time it is a frame");
    assert!(left.receive().is_none());
    assert_eq!((left.faults().bad, buses[0].chip().waiting()), (1, [15, 0]));
    left.recycle(kept);
    assert_eq!(buses[0].chip().waiting(), [16, 0]);
}

#[test]
fn what_was_to_be_sent_at_a_reset_comes_back() {
    let (buses, [mut left, mut right]) = pair();
    for number in 0..3 {
        assert!(buses[0].chip().receive(&frame(number, 60)));
    }
    relay(&mut left, &mut right);
    assert_eq!(buses[1].chip().send(), Some(frame(0, 60)));
    buses[1].chip().give_back(SEND, 99, 0);
    relay(&mut left, &mut right);
    assert_eq!(right.faults(), Faults { bad: 1, transmit: 2, ..Faults::default() });
    assert_eq!(buses[0].chip().waiting(), [16, 0]);
}

#[test]
fn what_was_sent_before_a_reset_is_no_fault() {
    let (buses, [mut left, mut right]) = pair();
    for number in 0..3 {
        assert!(buses[0].chip().receive(&frame(number, 60)));
    }
    relay(&mut left, &mut right);
    for number in 0..2 {
        assert_eq!(buses[1].chip().send(), Some(frame(number, 60)));
    }
    buses[1].chip().status |= 0x40;
    assert_eq!(right.link(), LinkState::Up);
    assert_eq!(right.faults(), Faults { bad: 1, transmit: 1, ..Faults::default() });
    relay(&mut left, &mut right);
    assert_eq!(buses[0].chip().waiting(), [16, 0]);
}

#[test]
fn what_a_device_had_before_a_reset_it_cannot_give_back() {
    let (buses, [mut left, mut right]) = pair();
    for number in 0..3 {
        assert!(buses[0].chip().receive(&frame(number, 60)));
    }
    relay(&mut left, &mut right);
    buses[1].chip().status |= 0x40;
    assert_eq!(right.link(), LinkState::Up);
    assert!(buses[0].chip().receive(&frame(3, 60)));
    let last = left.receive().expect("a frame");
    assert!(right.transmit(last).is_ok());
    buses[1].chip().give_back(SEND, 1, 0);
    relay(&mut left, &mut right);
    assert_eq!(right.faults(), Faults { bad: 2, transmit: 4, ..Faults::default() });
    assert_eq!(buses[0].chip().waiting(), [16, 0]);
}

#[test]
fn device_that_does_not_reset_keeps_its_buffers_until_it_does() {
    let (buses, [mut left, mut right]) = pair();
    assert!(buses[0].chip().receive(&frame(1, 60)));
    relay(&mut left, &mut right);
    buses[1].chip().ignores_reset = true;
    buses[1].chip().give_back(SEND, 99, 0);
    assert!(right.reclaim().is_none(), "the device may still read it");
    assert_eq!(right.link(), LinkState::Down);
    assert!(buses[0].chip().receive(&frame(2, 60)));
    relay(&mut left, &mut right);
    assert_eq!(buses[0].chip().waiting(), [15, 0]);
    assert_eq!(right.faults(), Faults { bad: 1, ..Faults::default() });
    buses[1].chip().ignores_reset = false;
    assert_eq!(right.link(), LinkState::Up);
    relay(&mut left, &mut right);
    assert_eq!(buses[0].chip().waiting(), [16, 0]);
    assert_eq!(right.faults().transmit, 1);
}

/// What happens to two ports and their devices.
#[derive(Debug, Clone)]
enum Event {
    Arrives { side: usize, len: usize },
    Leaves { side: usize },
    Relayed { from: usize },
    Dropped { side: usize },
    Lies { side: usize, queue: usize, number: u32, written_len: u32 },
    Skips { side: usize, queue: usize, count: u16 },
    Sticks { side: usize, ignores_reset: bool },
    Looked { side: usize },
}

fn event() -> impl Strategy<Value = Event> {
    let (side, queue) = (0..2_usize, 0..2_usize);
    prop_oneof![
        6 => (side.clone(), 0..1600_usize).prop_map(|(side, len)| Event::Arrives { side, len }),
        4 => side.clone().prop_map(|side| Event::Leaves { side }),
        6 => side.clone().prop_map(|from| Event::Relayed { from }),
        2 => side.clone().prop_map(|side| Event::Dropped { side }),
        1 => (side.clone(), queue.clone(), 0..20_u32, 0..1600_u32).prop_map(
            |(side, queue, number, written_len)| Event::Lies { side, queue, number, written_len }
        ),
        1 => (side.clone(), queue, any::<u16>())
            .prop_map(|(side, queue, count)| Event::Skips { side, queue, count }),
        1 => (side.clone(), any::<bool>())
            .prop_map(|(side, ignores_reset)| Event::Sticks { side, ignores_reset }),
        2 => side.prop_map(|side| Event::Looked { side }),
    ]
}

fn happen(event: &Event, buses: &[Bus; 2], [left, right]: &mut [TestPort; 2]) {
    match *event {
        Event::Arrives { side, len } => {
            buses[side].chip().receive(&frame(0, len));
        }
        Event::Leaves { side } => {
            buses[side].chip().send();
        }
        Event::Relayed { from: 0 } => relay(left, right),
        Event::Relayed { .. } => relay(right, left),
        Event::Dropped { side } => {
            let port = if side == 0 { left } else { right };
            if let Some(frame) = port.receive() {
                port.recycle(frame);
            }
        }
        Event::Lies { side, queue, number, written_len } => {
            buses[side].chip().give_back(queue, number, written_len);
        }
        Event::Skips { side, queue, count } => buses[side].chip().skip(queue, count),
        Event::Sticks { side, ignores_reset } => buses[side].chip().ignores_reset = ignores_reset,
        Event::Looked { side } => {
            let port = if side == 0 { left } else { right };
            port.link();
        }
    }
}

proptest! {
    #[test]
    fn no_buffer_is_ever_lost(events in proptest::collection::vec(event(), 1..200)) {
        let (buses, mut ports) = pair();
        for event in &events {
            happen(event, &buses, &mut ports);
        }
        // However they are by now: both devices are reset, and all that waits is dropped.
        for (bus, port) in buses.iter().zip(&mut ports) {
            bus.chip().ignores_reset = false;
            bus.chip().status |= 0x40;
            prop_assert_eq!(port.link(), LinkState::Up);
        }
        let [left, right] = &mut ports;
        relay(left, right);
        relay(right, left);
        for bus in &buses {
            let given: BTreeSet<u64> =
                std::iter::from_fn(|| bus.chip().take(RECEIVE)).map(|given| given.address).collect();
            prop_assert_eq!(given.len(), LEN);
            prop_assert_eq!(bus.chip().waiting(), [0, 0]);
        }
    }
}
