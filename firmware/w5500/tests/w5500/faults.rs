//! Whatever a chip or a bus does wrong is counted, and over when it is over.

use std::slice;

use keeptrack_gateway::{Faults, LinkState};
use keeptrack_w5500::Bus;
use keeptrack_w5500_model::{Fault, Level};

use crate::bench::{Health, Line};
use crate::bus::Dma;
use crate::gateway::{BUFFERS, Gateway, farewell, frame, with_blocking, with_dma};

/// What a chip's fault does to a gateway under load, and what it counts.
fn suffer(fault: Fault) -> Faults {
    let mut gateway = with_dma();
    let before = frame(1, 300);
    let hit = [frame(2, 60), frame(3, 1514), frame(4, 200)];
    gateway.carry([slice::from_ref(&before); 2]);
    gateway.bench.borrow_mut().chips[0].fault(fault);
    for frame in &hit {
        gateway.deliver(0, frame);
        gateway.deliver(1, frame);
    }
    gateway.run_for(1_500_000_000);
    gateway.bench.borrow_mut().chips[0].mend();
    gateway.is_well();
    assert_eq!(gateway.faults(1), Faults::default(), "the other port is well");
    let known = |sent: &[u8]| hit.iter().any(|frame| *frame == sent);
    for side in [0, 1] {
        let bench = gateway.bench.borrow();
        let odd = |sent: &&Vec<u8>| sent.len() != 300 && sent[..2] != [0xff; 2] && !known(sent);
        let after = farewell();
        assert!(bench.sent[side].iter().filter(odd).all(|sent| after.contains(sent)));
    }
    assert!(
        matches!(fault, Fault::Unplugged(_) | Fault::Garbles(_)) || gateway.misuse_count() == 0
    );
    gateway.faults(0)
}

#[test]
fn a_chip_that_resets_itself_is_started_anew() {
    let faults = suffer(Fault::ResetsItself);
    assert!(faults.bad == 1 && faults.runt == 0 && faults.giant == 0, "{faults:?}");
}

#[test]
fn a_length_that_cannot_be_is_counted_as_what_it_is() {
    for length in [0, 1, 2, 15] {
        assert_eq!(suffer(Fault::LiesAboutLength(length)).runt, 1, "{length}");
    }
    for length in [1525, 0x8000, u16::MAX] {
        assert_eq!(suffer(Fault::LiesAboutLength(length)).giant, 1, "{length}");
    }
}

#[test]
fn a_length_that_ends_within_another_frame_is_not_believed() {
    for length in [17, 63, 1001, 1515] {
        let faults = suffer(Fault::LiesAboutLength(length));
        assert_eq!(faults.bad + faults.giant, 1, "{length}: {faults:?}");
    }
}

#[test]
fn a_length_beyond_what_there_is_is_not_believed() {
    for length in [63, 64, 1001, 1516] {
        let mut gateway = with_dma();
        gateway.bench.borrow_mut().chips[0].fault(Fault::LiesAboutLength(length));
        assert!(gateway.deliver(0, &frame(1, 60)));
        gateway.run_for(100_000_000);
        assert_eq!(gateway.bench.borrow().sent[1].len(), 0, "{length}");
        assert_eq!(gateway.faults(0), Faults { bad: 1, ..Faults::default() });
        gateway.is_well();
    }
}

/// What becomes of a frame on its way each way, when a chip suffers this at any moment of it.
fn suffer_at_any_moment(fault: Fault) {
    let came_in = [frame(1, 900), frame(2, 902)];
    let mut through_count = 0;
    for after in 0..80 {
        let mut gateway = with_dma();
        assert!([0, 1].iter().all(|&side| gateway.deliver(side, &came_in[side])));
        gateway.run_for(after * 10_000);
        gateway.bench.borrow_mut().chips[1].fault(fault);
        gateway.run_for(10_000);
        gateway.bench.borrow_mut().chips[1].mend();
        gateway.run_for(1_500_000_000);
        for side in [0, 1] {
            let bench = gateway.bench.borrow();
            let is_whole = |sent: &[Vec<u8>]| sent.iter().all(|sent| *sent == came_in[1 - side]);
            assert!(bench.sent[side].len() <= 1 && is_whole(&bench.sent[side]), "after {after}");
            through_count += bench.sent[side].len();
        }
        gateway.is_well();
    }
    assert!((20..150).contains(&through_count), "some were lost, some not: {through_count}");
}

#[test]
fn a_frame_comes_through_whole_or_not_at_all_when_its_chip_resets_itself() {
    suffer_at_any_moment(Fault::ResetsItself);
}

#[test]
fn a_frame_comes_through_whole_or_not_at_all_when_its_chip_is_unplugged() {
    suffer_at_any_moment(Fault::Unplugged(0xff));
    suffer_at_any_moment(Fault::Unplugged(0x00));
}

#[test]
fn a_fill_that_the_pointers_contradict_is_not_believed() {
    for size in [61, 5_000, 16 << 10, (16 << 10) + 1, u16::MAX] {
        assert_eq!(suffer(Fault::LiesAboutSize(size)).bad, 1, "{size}");
    }
}

#[test]
fn a_full_fifo_is_emptied_and_counted() {
    let faults = suffer(Fault::FillsFifo);
    assert!(faults.overrun > 0);
    assert_eq!(Faults { overrun: 0, ..faults }, Faults::default());
}

#[test]
fn half_a_frame_at_the_end_of_a_full_fifo_is_not_believed() {
    let faults = suffer(Fault::Overflows);
    assert_eq!((faults.bad, faults.runt, faults.giant), (1, 0, 0));
}

#[test]
fn one_wrong_bit_is_no_reason_to_lose_the_link() {
    assert_eq!(suffer(Fault::TurnsBit), Faults::default());
}

#[test]
fn no_command_is_given_before_the_last_is_through() {
    for after in 0..150 {
        let mut gateway = with_dma();
        for number in 0..8 {
            gateway.deliver(1, &frame(number, 60));
            gateway.deliver(0, &frame(number, 60));
        }
        gateway.bench.borrow_mut().chips[0].fault(Fault::LiesAboutLength(1));
        gateway.deliver(0, &frame(9, 60));
        gateway.run_for(after * 2_000);
        gateway.bench.borrow_mut().chips[0].fault(Fault::DelaysCommand(500_000));
        gateway.run_for(2_000_000);
        assert_eq!((gateway.faults(0).runt, gateway.misuse_count()), (1, 0), "after {after}");
    }
}

#[test]
fn no_frame_is_lost_in_a_chip_whose_link_is_not_back_yet() {
    let mut gateway = with_dma();
    // The next look at the link is a while off: frames find the reset first.
    gateway.run_for(300_000_000);
    gateway.bench.borrow_mut().chips[1].set_negotiation(2_500_000_000);
    gateway.bench.borrow_mut().chips[1].fault(Fault::ResetsItself);
    for number in 0..500 {
        assert!(gateway.deliver(0, &frame(number, 60)));
        gateway.run_for(10_000_000);
    }
    let faults = gateway.faults(1);
    // What has been written to it, sent, or waits for that in all the buffers of the other port.
    assert!(faults.bad == 1 && faults.transmit as usize <= BUFFERS + 2, "no more: {faults:?}");
    let through_count = gateway.bench.borrow().sent[1].len();
    assert!(through_count > 100 && gateway.refused_count > 200);
    assert_eq!(through_count + gateway.refused_count + faults.transmit as usize, 500);
    gateway.is_well();
    assert_eq!(gateway.misuse_count(), 0);
}

#[test]
fn a_command_that_takes_its_time_is_waited_for() {
    assert_eq!(suffer(Fault::DelaysCommand(5_000_000)), Faults::default());
    let mut gateway = with_dma();
    gateway.bench.borrow_mut().chips[0].fault(Fault::DelaysCommand(5_000_000));
    assert!(gateway.deliver(0, &frame(1, 60)));
    // It has come through, and is being freed.
    gateway.run_for(2_000_000);
    assert!(gateway.deliver(0, &frame(2, 60)));
    // Soon, and not when the link is looked at.
    gateway.run_for(10_000_000);
    assert_eq!(gateway.bench.borrow().sent[1].len(), 2);
}

#[test]
fn a_command_that_does_not_end_is_ended() {
    assert_eq!(suffer(Fault::DelaysCommand(u32::MAX)).bad, 1);
}

#[test]
fn a_chip_that_hangs_is_reset_by_its_pin() {
    assert!(suffer(Fault::Hangs).bad > 0);
}

#[test]
fn a_board_without_rstn_resets_registers() {
    let mut gateway = with_dma();
    gateway.bench.borrow_mut().resets = [Line::Stuck(Level::High); 2];
    gateway.bench.borrow_mut().chips[0].fault(Fault::DelaysCommand(u32::MAX));
    assert!(gateway.deliver(0, &frame(1, 60)));
    gateway.run_for(1_500_000_000);
    gateway.is_well();
    assert_eq!((gateway.faults(0).bad, gateway.misuse_count()), (1, 0));
}

#[test]
fn traffic_does_not_wait_for_a_look_at_the_link_when_a_frame_does_not_go_out() {
    let mut gateway = with_dma();
    // The next look is almost a second off.
    gateway.run_for(10_000_000);
    gateway.bench.borrow_mut().chips[1].fault(Fault::ForgetsSent);
    for number in 0..60 {
        assert!(gateway.deliver(0, &frame(number, 60)));
        gateway.run_for(10_000_000);
    }
    assert!(gateway.faults(1).transmit > 0);
    let last = gateway.bench.borrow().sent[1].last().cloned();
    assert_eq!(last, Some(frame(59, 60)));
}

#[test]
fn a_frame_of_which_nothing_is_heard_holds_nobody_up() {
    let faults = suffer(Fault::ForgetsSent);
    assert!(faults.transmit > 0);
    assert_eq!(Faults { transmit: 0, ..faults }, Faults::default());
}

#[test]
fn a_chip_that_is_unplugged_is_found_when_it_is_back() {
    for level in [0x00, 0xff, 0x42, 0x04] {
        assert!(suffer(Fault::Unplugged(level)).bad > 0, "{level}");
    }
}

#[test]
fn a_chip_that_garbles_is_no_reason_to_stop() {
    for seed in 1..6 {
        let mut gateway = with_dma();
        gateway.bench.borrow_mut().chips[0].fault(Fault::Garbles(seed));
        for number in 0..20 {
            gateway.deliver(0, &frame(number, 60 + 70 * number as usize));
            gateway.deliver(1, &frame(number, 60 + 70 * number as usize));
            gateway.run_for(10_000_000);
        }
        gateway.bench.borrow_mut().chips[0].mend();
        gateway.is_well();
    }
}

#[test]
fn a_port_without_a_chip_is_a_port_without_a_link() {
    for level in [0x00, 0xff] {
        let mut gateway = Gateway::new(Dma::new);
        gateway.bench.borrow_mut().chips[1].fault(Fault::Unplugged(level));
        gateway.run_for(5_000_000_000);
        assert_eq!(gateway.links, [LinkState::Up, LinkState::Down]);
        assert_eq!(gateway.faults(1).bad, 1, "once, however often it is tried");
        gateway.bench.borrow_mut().chips[1].mend();
        gateway.is_well();
    }
}

/// What a bus does wrong.
fn suffer_bus<B: Bus>(mut gateway: Gateway<B>, health: Health) -> [Faults; 2] {
    let frames: Vec<_> = (0..10).map(|number| frame(number, 1000)).collect();
    for round in 0..10 {
        for frame in &frames {
            gateway.deliver(0, frame);
            gateway.deliver(1, frame);
        }
        gateway.run_for(round * 300_000);
        gateway.bench.borrow_mut().buses[0] = health;
        gateway.run_for(1_500_000_000);
        gateway.bench.borrow_mut().buses[0] = Health::Well;
        gateway.run_for(2_500_000_000);
    }
    gateway.is_well();
    assert_eq!(gateway.misuse_count(), 0);
    [0, 1].map(|side| gateway.faults(side))
}

#[test]
fn a_bus_that_fails_is_tried_again() {
    let faults =
        [suffer_bus(with_dma(), Health::Fails), suffer_bus(with_blocking(), Health::Fails)];
    assert!(faults.iter().all(|[broken, other]| broken.bad >= 10 && *other == Faults::default()));
}

#[test]
fn a_transfer_that_does_not_end_is_ended() {
    let [broken, other] = suffer_bus(with_dma(), Health::Hangs);
    assert!(broken.bad >= 10 && other == Faults::default());
}
