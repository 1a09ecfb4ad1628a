//! Frames come through as they are, and nothing is slept over.

use keeptrack_gateway::{Faults, LinkState};
use keeptrack_w5500_model::{Level, Link, Longest};

use crate::bench::{BYTE_NANOS, Flood, Line};
use crate::gateway::{frame, with_blocking, with_dma};

/// A shortest frame on the wire, one behind the other.
const SHORTEST_NANOS: u64 = 6_720;

#[test]
fn frames_of_all_lengths_come_through() {
    let frames: Vec<_> = (14..=1514).map(|len| frame(len, len as usize)).collect();
    let mut gateway = with_dma();
    gateway.carry([&frames, &[]]);
    gateway.carry([&[], &frames]);
    assert_eq!(gateway.misuse_count(), 0);
    gateway.is_well();
}

#[test]
fn both_ways_at_once_come_through_while_pointers_wrap() {
    // Pointers of 16 bits wrap five times, FIFOs twenty.
    let frames: Vec<_> = (0..220).map(|number| frame(number, 1514)).collect();
    let small: Vec<_> = (0..5_000).map(|number| frame(number, 60)).collect();
    let mut gateway = with_dma();
    gateway.carry([&frames, &small]);
    assert_eq!(gateway.misuse_count(), 0);
    assert_eq!(gateway.refused_count, 0);
}

#[test]
fn a_bus_that_waits_will_do() {
    let frames: Vec<_> = (0..300).map(|number| frame(number, 60 + number as usize * 4)).collect();
    let mut gateway = with_blocking();
    gateway.carry([&frames, &frames]);
    assert_eq!(gateway.misuse_count(), 0);
    gateway.is_well();
}

#[test]
fn room_is_made_while_a_full_fifo_is_read() {
    let mut gateway = with_dma();
    let long = frame(1, 1514);
    let count = (0..20).take_while(|_| gateway.deliver(0, &long)).count();
    assert_eq!(count, 10);
    // Four have been read, and are freed.
    while gateway.bench.borrow().sent[1].len() < 4 {
        gateway.run_for(10_000);
    }
    assert!(gateway.deliver(0, &long) && gateway.deliver(0, &long));
}

/// What comes in one behind the other, at a rate of bytes on the bus that meets it anywhere.
fn flood(byte_nanos: u64, offset_nanos: u64) {
    const COUNT: usize = 600;
    let mut gateway = with_dma();
    let now_nanos = {
        let mut bench = gateway.bench.borrow_mut();
        bench.byte_nanos = byte_nanos;
        let next_nanos = bench.now_nanos + offset_nanos;
        let frame = frame(1, 60);
        let flood =
            Flood { frame, period_nanos: SHORTEST_NANOS, next_nanos, left: COUNT, taken_count: 0 };
        bench.floods[0] = Some(flood);
        bench.now_nanos
    };
    while gateway.bench.borrow().floods[0].as_ref().is_some_and(|flood| flood.left > 0) {
        gateway.run_for(1_000_000);
        assert!(gateway.bench.borrow().now_nanos < now_nanos + 1_000_000_000);
    }
    gateway.run_for(2_000_000_000);
    let bench = gateway.bench.borrow();
    let taken_count = bench.floods[0].as_ref().map(|flood| flood.taken_count);
    assert_eq!(Some(bench.sent[1].len() + gateway.refused_count), taken_count);
    let faults = gateway.faults(0);
    assert_eq!(Faults { overrun: 0, ..faults }, Faults::default(), "{byte_nanos}, {offset_nanos}");
}

#[test]
fn frames_that_come_in_while_registers_are_read_are_no_fault() {
    for offset_nanos in (0..SHORTEST_NANOS).step_by(700) {
        flood(BYTE_NANOS, offset_nanos);
        flood(1_000, offset_nanos);
        flood(8_000, offset_nanos);
    }
}

#[test]
fn a_frame_that_is_too_long_to_go_out_is_stepped_over() {
    for count in 1..4 {
        let mut gateway = with_dma();
        gateway.bench.borrow_mut().chips[0].set_longest(Longest::Tagged);
        let tagged = [1515, 1518, 1522].map(|len| frame(9, len));
        let small = [frame(1, 60), frame(2, 61)];
        assert!(gateway.deliver(0, &small[0]));
        assert!(tagged.iter().cycle().take(count).all(|frame| gateway.deliver(0, frame)));
        assert!(gateway.deliver(0, &small[1]));
        gateway.run_for(10_000_000);
        assert_eq!(gateway.bench.borrow().sent[1], small);
        let giant = u32::try_from(count).unwrap_or_default();
        assert_eq!(gateway.faults(0), Faults { giant, ..Faults::default() });
        // A FIFO full of them, too, is emptied.
        while gateway.deliver(0, &tagged[2]) {}
        gateway.run_for(10_000_000);
        assert!(gateway.deliver(0, &small[0]));
        gateway.is_well();
        assert_eq!((gateway.faults(0).bad, gateway.misuse_count()), (0, 0));
    }
}

#[test]
fn a_gateway_that_was_busy_finds_all_well() {
    let frames: Vec<_> = (0..4).map(|number| frame(number, 1000)).collect();
    for after in 0..60 {
        let mut gateway = with_dma();
        for frame in &frames {
            assert!([0, 1].iter().all(|&side| gateway.deliver(side, frame)));
        }
        gateway.run_for(after * 20_000);
        gateway.bench.borrow_mut().elapse(1_500_000_000);
        gateway.run_for(100_000_000);
        assert!([0, 1].iter().all(|&side| gateway.bench.borrow().sent[side] == frames));
        assert_eq!([0, 1].map(|side| gateway.faults(side)), [Faults::default(); 2]);
    }
}

#[test]
fn one_frame_after_the_other_wakes_who_sleeps() {
    let mut gateway = with_dma();
    for number in 0..200 {
        let frames = [frame(number, 60 + number as usize % 1455)];
        gateway.carry([&frames, &[]]);
        gateway.run_for(u64::from(number) * 977);
        gateway.carry([&[], &frames]);
    }
    assert_eq!([0, 1].map(|side| gateway.faults(side)), [Faults::default(); 2]);
}

#[test]
fn without_intn_frames_come_through() {
    let frames: Vec<_> = (0..50).map(|number| frame(number, 200)).collect();
    let mut gateway = with_dma();
    gateway.bench.borrow_mut().interrupts = [Line::Stuck(Level::Low); 2];
    gateway.carry([&frames, &frames]);
    assert_eq!(gateway.misuse_count(), 0);
}

#[test]
fn an_intn_that_never_falls_makes_it_slow_and_no_more() {
    let mut gateway = with_dma();
    gateway.bench.borrow_mut().interrupts = [Line::Stuck(Level::High); 2];
    for number in 0..3 {
        assert!(gateway.deliver(0, &frame(number, 60)));
        gateway.run_for(2_500_000_000);
        assert_eq!(gateway.bench.borrow().sent[1].len(), number as usize + 1);
    }
    gateway.bench.borrow_mut().interrupts = [Line::Wired; 2];
    gateway.is_well();
}

#[test]
fn the_link_is_seen() {
    let mut gateway = with_dma();
    gateway.bench.borrow_mut().chips[1].set_link(Link::Down);
    gateway.run_for(1_500_000_000);
    assert_eq!(gateway.links, [LinkState::Up, LinkState::Down]);
    gateway.bench.borrow_mut().chips[1].set_link(Link::Up);
    gateway.run_for(1_500_000_000);
    assert_eq!(gateway.links, [LinkState::Up; 2]);
    assert_eq!([0, 1].map(|side| gateway.faults(side)), [Faults::default(); 2]);
}

#[test]
fn what_cannot_go_out_comes_back() {
    let mut gateway = with_dma();
    // Nobody looks at the link before the frames come.
    gateway.run_for(100_000_000);
    gateway.bench.borrow_mut().chips[1].set_link(Link::Down);
    for number in 0..10 {
        assert!(gateway.deliver(0, &frame(number, 1000)));
    }
    gateway.run_for(3_000_000_000);
    let lost_count = gateway.faults(1).transmit as usize;
    assert!(lost_count > 0);
    assert_eq!(lost_count + gateway.refused_count, 10, "each is counted once");
    gateway.bench.borrow_mut().chips[1].set_link(Link::Up);
    gateway.is_well();
    assert_eq!(gateway.misuse_count(), 0);
}
