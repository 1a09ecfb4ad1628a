//! Faults at any moment, in any order: no frame is changed, doubled or out of order, no buffer is
//! lost, and ports go on.

use keeptrack_gateway::Port;
use keeptrack_w5500::Bus;
use keeptrack_w5500_model::{Fault, Link};
use proptest::prelude::*;

use crate::bench::Health;
use crate::gateway::{Gateway, frame, number, with_blocking, with_dma};

/// What happens at a side.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// So many frames of this length come in.
    Frames(u32, usize),
    Fault(Fault),
    Mend,
    Link(Link),
    Bus(Health),
}

/// It, where, and how long nothing happens after it.
type Moment = (Event, usize, u64);

/// Lengths that a frame cannot have, or that end within another: frames have even ones here.
fn length() -> impl Strategy<Value = u16> {
    prop_oneof![0_u16..16, 1525_u16.., (8_u16..758).prop_map(|half| 2 * half + 1)]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::ResetsItself),
        length().prop_map(Fault::LiesAboutLength),
        any::<u16>().prop_map(Fault::LiesAboutSize),
        Just(Fault::FillsFifo),
        Just(Fault::Overflows),
        Just(Fault::TurnsBit),
        (0_u32..20_000_000).prop_map(Fault::DelaysCommand),
        Just(Fault::DelaysCommand(u32::MAX)),
        Just(Fault::ForgetsSent),
        any::<u8>().prop_map(Fault::Unplugged),
        Just(Fault::Hangs),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (prop_oneof![Just(1_u32), 1_u32..12], 30_usize..=757).prop_map(|(count, half)| Event::Frames(count, 2 * half)),
        4 => fault().prop_map(Event::Fault),
        2 => Just(Event::Mend),
        1 => prop_oneof![Just(Link::Up), Just(Link::Down)].prop_map(Event::Link),
        1 => prop_oneof![Just(Health::Well), Just(Health::Fails), Just(Health::Hangs)]
            .prop_map(Event::Bus),
    ]
}

/// Some microseconds, milliseconds, or more than a second.
fn pause() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0_u64..400_000, 4 => 0_u64..5_000_000, 1 => 0_u64..1_500_000_000]
}

fn moments() -> impl Strategy<Value = Vec<Moment>> {
    prop::collection::vec((event(), 0_usize..2, pause()), 1..40)
}

/// Frames that came in at each side, by their numbers, and went out unless they were lost.
fn live<B: Bus>(gateway: &mut Gateway<B>, moments: &[Moment]) -> [Vec<Vec<u8>>; 2] {
    let mut delivered = [const { Vec::new() }; 2];
    for &(event, side, pause_nanos) in moments {
        match event {
            Event::Frames(count, len) => {
                for _ in 0..count {
                    let number = u32::try_from(delivered[side].len()).unwrap_or_default();
                    let frame = frame(number, len);
                    if gateway.deliver(side, &frame) {
                        delivered[side].push(frame);
                    }
                }
            }
            Event::Fault(fault) => gateway.bench.borrow_mut().chips[side].fault(fault),
            Event::Mend => gateway.bench.borrow_mut().chips[side].mend(),
            Event::Link(link) => gateway.bench.borrow_mut().chips[side].set_link(link),
            Event::Bus(health) => gateway.bench.borrow_mut().buses[side] = health,
        }
        gateway.run_for(pause_nanos);
    }
    for side in [0, 1] {
        let mut bench = gateway.bench.borrow_mut();
        bench.chips[side].mend();
        bench.chips[side].set_link(Link::Up);
        bench.buses[side] = Health::Well;
    }
    gateway.run_for(3_000_000_000);
    delivered
}

/// What went out at a side came in at the other, in this order, or is what a fault filled a FIFO
/// with.
fn is_what_came_in(sent: &[Vec<u8>], delivered: &[Vec<u8>]) -> Result<(), TestCaseError> {
    let mut next = 0;
    for frame in sent.iter().filter(|frame| !frame.starts_with(&[0xff; 6])) {
        let number = number(frame).unwrap_or(u32::MAX);
        prop_assert!(number >= next, "{number} after {next}: doubled, or out of order");
        prop_assert_eq!(delivered.get(number as usize), Some(frame), "changed");
        next = number + 1;
    }
    Ok(())
}

fn survives<B: Bus>(mut gateway: Gateway<B>, moments: &[Moment]) -> Result<(), TestCaseError> {
    let delivered = live(&mut gateway, moments);
    for side in [0, 1] {
        is_what_came_in(&gateway.bench.borrow().sent[side], &delivered[1 - side])?;
    }
    gateway.is_well();
    // A chip that forgets what it was told is told things that make no sense to it.
    let forgets = |(event, ..): &Moment| {
        matches!(event, Event::Fault(Fault::ResetsItself | Fault::Unplugged(_) | Fault::Hangs))
    };
    prop_assert!(moments.iter().any(forgets) || gateway.misuse_count() == 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_fault_changes_a_frame_or_stops_a_port(moments in moments()) {
        survives(with_dma(), &moments)?;
    }

    #[test]
    fn nor_with_a_bus_that_waits(moments in moments()) {
        survives(with_blocking(), &moments)?;
    }

    #[test]
    fn no_noise_takes_a_buffer(moments in moments(), seed in any::<u32>(), side in 0_usize..2) {
        let mut gateway = with_dma();
        gateway.bench.borrow_mut().chips[side].fault(Fault::Garbles(seed));
        live(&mut gateway, &moments);
        gateway.is_well();
    }

    #[test]
    fn all_that_comes_in_is_counted_when_chips_are_well(
        frames in prop::collection::vec((14_usize..=1514, 0_usize..2, pause()), 1..200),
    ) {
        let mut gateway = with_dma();
        let mut delivered_count = 0;
        for (at, &(len, side, pause_nanos)) in (0..).zip(&frames) {
            delivered_count += usize::from(gateway.deliver(side, &frame(at, len)));
            gateway.run_for(pause_nanos);
        }
        gateway.run_for(100_000_000);
        let sent_count: usize = gateway.bench.borrow().sent.iter().map(Vec::len).sum();
        prop_assert_eq!(sent_count, delivered_count);
        prop_assert_eq!(gateway.misuse_count(), 0);
        prop_assert!(gateway.ports.iter().all(|port| port.faults().bad == 0));
    }
}
