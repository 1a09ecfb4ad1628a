//! A source of entropy and its device.

use keeptrack_core::Instant;
use keeptrack_drivers::virtio::{Device, Entropy, EntropyMemory, Kind};
use keeptrack_gateway::Keys;

use super::chip::Bus;
use super::memory;

/// Gives the next request `bytes`.
fn answer(bus: &Bus, bytes: &[u8]) {
    let given = bus.chip().take(0).expect("a request");
    assert!(given.is_to_write && given.len == 32);
    memory::write_bytes(given.address, bytes);
    let written_len = u32::try_from(bytes.len()).expect("a few bytes");
    bus.chip().give_back(0, given.number.into(), written_len);
}

fn open(bus: &Bus) -> Entropy<Bus> {
    let device = Device::find(Kind::Entropy, bus.clone()).expect("the device is there");
    Entropy::open(device, Box::leak(Box::new(EntropyMemory::new())))
}

/// The bytes of the keys, once they are drawn.
fn drawn(source: &mut Entropy<Bus>) -> Option<Vec<u8>> {
    drawn_at(source, 0)
}

/// The same, so many milliseconds after the start.
fn drawn_at(source: &mut Entropy<Bus>, now_ms: u64) -> Option<Vec<u8>> {
    let Keys { table, sources } = source.poll(Instant::from_millis(now_ms))?;
    Some([table.0, sources.0].concat())
}

#[test]
fn keys_are_what_the_device_gave_bit_by_bit() {
    let bus = Bus::new(Kind::Entropy);
    let mut source = open(&bus);
    let bytes: Vec<u8> = (100..).take(32).collect();
    assert_eq!(drawn(&mut source), None);
    for part in [&bytes[..1], &[], &bytes[1..20]] {
        answer(&bus, part);
        assert_eq!(drawn(&mut source), None);
        assert_eq!(drawn(&mut source), None, "a part is not taken twice");
    }
    answer(&bus, &bytes[20..]);
    assert_eq!(drawn(&mut source), Some(bytes));
}

#[test]
fn no_bytes_are_made_up() {
    let bus = Bus::new(Kind::Entropy);
    let mut source = open(&bus);
    for number in [1, u32::MAX] {
        bus.chip().give_back(0, number, 32);
        assert_eq!(drawn(&mut source), None);
    }
    assert_eq!(bus.chip().reset_count, 3, "a source that lies is started anew");
    // More than there was room for is not more than there was room for.
    let given = bus.chip().take(0).unwrap();
    memory::write_bytes(given.address, &[9; 32]);
    bus.chip().give_back(0, given.number.into(), u32::MAX);
    assert_eq!(drawn(&mut source), Some(vec![9; 32]));
}

#[test]
fn source_that_does_not_start_is_tried_again_once_a_second() {
    for make in [
        |bus: &Bus| bus.chip().offers = u64::from(u32::MAX),
        |bus: &Bus| bus.chip().queue_len_max = 0,
        |bus: &Bus| (bus.chip().ignores_reset, bus.chip().status) = (true, 0xf),
    ] {
        let bus = Bus::new(Kind::Entropy);
        make(&bus);
        let mut source = open(&bus);
        assert_eq!(drawn_at(&mut source, 0), None);
        bus.chip().offers = u64::MAX;
        bus.chip().queue_len_max = 1024;
        bus.chip().ignores_reset = false;
        let reset_count = bus.chip().reset_count;
        assert_eq!(drawn_at(&mut source, 999), None);
        assert_eq!(bus.chip().reset_count, reset_count, "before its time");
        assert_eq!(drawn_at(&mut source, 1000), None);
        answer(&bus, &[7; 32]);
        assert_eq!(drawn_at(&mut source, 1000), Some(vec![7; 32]));
    }
}

#[test]
fn source_that_has_given_up_is_started_anew_and_what_it_gave_is_kept() {
    let bus = Bus::new(Kind::Entropy);
    let mut source = open(&bus);
    answer(&bus, &[1; 20]);
    assert_eq!(drawn_at(&mut source, 0), None);
    bus.chip().status |= 0x40;
    assert_eq!(drawn_at(&mut source, 1000), None);
    assert_eq!(bus.chip().reset_count, 2);
    answer(&bus, &[2; 32]);
    assert_eq!(drawn_at(&mut source, 1000), Some([[1; 20].as_slice(), &[2; 12]].concat()));
}
