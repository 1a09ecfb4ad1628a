//! The driver against a chip that a test can look into.

use super::chip::{Handle, RX_ROOM, TX_ROOM, Wire, started};
use super::registers::{MAC_FDPX, MAC_RCVOWN};
use super::*;

fn frame(len: usize) -> Vec<u8> {
    (0..len).map(|place| (place * 7 + len).to_le_bytes()[0]).collect()
}

fn received(driver: &mut Lan9118<Handle>) -> Option<Vec<u8>> {
    let mut buffer = [0; LONGEST.next_multiple_of(4)];
    driver.receive(&mut buffer).map(|len| buffer[..len].to_vec())
}

#[test]
fn frames_of_every_length_come_in_and_go_out_as_they_are() {
    let (mut driver, chip) = started();
    for len in HEADER_LEN..=LONGEST {
        chip.receive(&frame(len));
        assert!(chip.interrupts());
        driver.acknowledge();
        assert_eq!(received(&mut driver), Some(frame(len)));
        driver.acknowledge();
        assert!(!chip.interrupts() && received(&mut driver).is_none());
        assert_eq!(driver.transmit(&frame(len)), Ok(()));
        assert_eq!(chip.0.borrow_mut().sent.pop(), Some(frame(len)));
    }
    assert_eq!(driver.faults(), Faults::default());
}

#[test]
fn a_chip_that_does_not_start_is_named_and_tried_again() {
    let chip = Handle::new();
    let mut driver = Lan9118::new(chip.clone());
    chip.0.borrow_mut().byte_test = 0x2143_6587;
    assert_eq!(driver.start(), Err(StartError::ByteOrder(0x2143_6587)));
    chip.0.borrow_mut().byte_test = BYTE_TEST;
    chip.0.borrow_mut().id = 0x1234_0000;
    assert_eq!(driver.start(), Err(StartError::Id(0x1234)));
    chip.0.borrow_mut().id = 0x0118_0001;
    chip.0.borrow_mut().is_dead = true;
    assert_eq!(driver.start(), Err(StartError::Timeout));
    assert_eq!(driver.link(), LinkState::Down);
    assert_eq!(driver.transmit(&frame(60)), Err(NoRoom));
    assert!(received(&mut driver).is_none() && !driver.has_frame());
    chip.0.borrow_mut().is_dead = false;
    assert_eq!(driver.link(), LinkState::Up);
    chip.receive(&frame(60));
    assert_eq!(received(&mut driver), Some(frame(60)));
}

#[test]
fn frames_with_faults_are_counted_and_those_behind_them_are_whole() {
    let (mut driver, chip) = started();
    let crc_error = (1 << 1 | 1 << 15, 100);
    let mii_error = (1 << 3, 100);
    let late_collision = (1 << 6 | 1 << 15, 100);
    let watchdog = (1 << 4, 1000);
    let runt = (1 << 11 | 1 << 15, 40);
    let no_header = (0, 13);
    let nothing = (1 << 11, 0);
    let giant = (1 << 7 | 1 << 15, LONGEST + 1);
    let giants_fcs = (0, LONGEST + 3);
    let largest = (0, 8000);
    for (status, len) in [
        crc_error,
        mii_error,
        late_collision,
        watchdog,
        runt,
        no_header,
        nothing,
        giant,
        giants_fcs,
        largest,
    ] {
        chip.receive_as(&frame(len), status);
        chip.receive(&frame(61));
        assert_eq!(received(&mut driver), Some(frame(61)), "after {status:#x}, {len} bytes");
    }
    let counted = Faults { bad: 4, runt: 3, giant: 3, ..Faults::default() };
    assert_eq!(driver.faults(), counted);
    assert_eq!(chip.0.borrow().reset_count, 0);
}

/// Neither is wrong in itself: a tag makes a full frame longer, a pad makes a short one so.
#[test]
fn long_for_a_frame_without_tags_and_padded_ones_are_good() {
    let (mut driver, chip) = started();
    for status in [1 << 7 | 1 << 15, 1 << 12] {
        chip.receive_as(&frame(LONGEST), status);
        assert_eq!(received(&mut driver), Some(frame(LONGEST)));
    }
    assert_eq!(driver.faults(), Faults::default());
}

#[test]
fn what_comes_too_fast_is_counted() {
    let (mut driver, chip) = started();
    let fit = RX_ROOM / 1004;
    for _ in 0..fit + 5 {
        chip.receive(&frame(1000));
    }
    driver.acknowledge();
    for _ in 0..fit {
        assert_eq!(received(&mut driver), Some(frame(1000)));
    }
    assert!(received(&mut driver).is_none());
    assert_eq!(driver.faults(), Faults { overrun: 5, ..Faults::default() });
}

#[test]
fn a_length_that_is_not_there_resets_the_chip_and_what_it_held_is_counted() {
    let (mut driver, chip) = started();
    chip.receive(&frame(100));
    chip.mistake_length(105);
    assert!(received(&mut driver).is_none(), "a word is missing");
    assert_eq!((chip.0.borrow().reset_count, driver.faults().bad), (1, 1));

    let (mut driver, chip) = started();
    chip.receive(&frame(100));
    chip.mistake_length(200);
    chip.receive(&frame(0));
    chip.receive(&frame(0));
    assert!(received(&mut driver).is_none());
    assert_eq!(chip.0.borrow().reset_count, 1);
    assert_eq!(driver.faults().bad, 1 + 2);
    chip.receive(&frame(100));
    assert_eq!(received(&mut driver), Some(frame(100)));
}

/// Its words would be taken for those of the next frame, and so on for ever.
#[test]
fn words_that_a_short_length_leaves_over_reset_the_chip() {
    let (mut driver, chip) = started();
    chip.receive(&frame(1000));
    chip.mistake_length(200);
    assert!(received(&mut driver).is_some());
    assert!(received(&mut driver).is_none());
    assert_eq!(driver.link(), LinkState::Up);
    assert_eq!((chip.0.borrow().reset_count, driver.faults().bad), (1, 1));
    chip.receive(&frame(100));
    assert_eq!(received(&mut driver), Some(frame(100)));
}

#[test]
fn the_transmitter_refuses_what_it_has_no_room_for() {
    let (mut driver, chip) = started();
    chip.0.borrow_mut().wire = Wire::Stuck;
    let fit = TX_ROOM / 1508;
    for _ in 0..fit {
        assert_eq!(driver.transmit(&frame(1499)), Ok(()));
    }
    assert_eq!(driver.transmit(&frame(1499)), Err(NoRoom));
    assert_eq!(driver.transmit(&frame(2048)), Err(NoRoom), "longer than a command can say");
    assert_eq!(driver.transmit(&frame(60)), Ok(()), "there is a little room");
    chip.unstick();
    assert_eq!(driver.transmit(&frame(1499)), Ok(()));
    assert_eq!(chip.0.borrow().sent.len(), fit + 2);
    driver.link();
    assert_eq!((chip.0.borrow().reset_count, driver.faults()), (0, Faults::default()));
}

#[test]
fn a_transmitter_that_is_stuck_is_started_anew() {
    let (mut driver, chip) = started();
    chip.0.borrow_mut().wire = Wire::Stuck;
    while driver.transmit(&frame(1000)).is_ok() {}
    driver.link();
    assert_eq!((chip.0.borrow().reset_count, driver.faults().bad), (1, 1));
    chip.0.borrow_mut().wire = Wire::Open;
    assert_eq!(driver.transmit(&frame(1000)), Ok(()));
    assert_eq!(chip.0.borrow().sent, [frame(1000)]);
}

#[test]
fn a_transmitter_that_is_only_slow_is_left_alone() {
    let (mut driver, chip) = started();
    assert_eq!(driver.transmit(&frame(1000)), Ok(()));
    chip.0.borrow_mut().wire = Wire::Stuck;
    while driver.transmit(&frame(1000)).is_ok() {}
    driver.link();
    assert_eq!(chip.0.borrow().reset_count, 0, "it has sent one since the last look");
    assert_eq!(driver.transmit(&frame(1000)), Err(NoRoom));
    driver.link();
    assert_eq!(chip.0.borrow().reset_count, 1);
}

#[test]
fn what_was_not_sent_as_it_should_is_counted() {
    let (mut driver, chip) = started();
    chip.0.borrow_mut().tx_status = TX_ERROR | 1 << 9;
    for _ in 0..300 {
        assert_eq!(driver.transmit(&frame(60)), Ok(()));
    }
    driver.link();
    assert_eq!(driver.faults(), Faults { transmit: 300, ..Faults::default() });
}

#[test]
fn errors_of_the_host_reset_the_chip() {
    let (mut driver, mut chip) = started();
    chip.read(Register::RxData as usize);
    assert!(chip.interrupts());
    driver.acknowledge();
    assert_eq!((chip.0.borrow().reset_count, driver.faults().bad), (1, 1));
    assert!(!chip.interrupts());
    chip.receive(&frame(60));
    assert_eq!(received(&mut driver), Some(frame(60)));
}

#[test]
fn a_chip_that_somebody_else_has_reset_is_started_anew() {
    let (mut driver, chip) = started();
    chip.receive(&frame(60));
    chip.reset();
    assert!(received(&mut driver).is_none());
    assert_eq!(driver.link(), LinkState::Up);
    assert_eq!(chip.0.borrow().reset_count, 2);
    chip.receive(&frame(60));
    assert_eq!(received(&mut driver), Some(frame(60)));
}

#[test]
fn the_link_and_its_duplex_mode_are_the_phys() {
    let (mut driver, chip) = started();
    assert_eq!(driver.link(), LinkState::Up);
    for (partner, duplex) in [
        (0x0f71, MAC_FDPX),
        (PHY_100_HALF | PHY_10_FULL, MAC_RCVOWN),
        (PHY_10_FULL, MAC_FDPX),
        (0, MAC_RCVOWN),
    ] {
        chip.0.borrow_mut().phy[PhyRegister::Partner as usize] = partner;
        assert_eq!(driver.link(), LinkState::Up);
        assert_eq!(chip.0.borrow().mac[1] & (MAC_FDPX | MAC_RCVOWN), duplex, "{partner:#x}");
    }
    chip.0.borrow_mut().phy[PhyRegister::Status as usize] &= !PHY_LINK;
    assert_eq!(driver.link(), LinkState::Down);
    assert_eq!(chip.0.borrow().reset_count, 0);
}

#[test]
fn a_phy_that_does_not_negotiate_is_told_to() {
    let chip = Handle::new();
    chip.0.borrow_mut().phy[PhyRegister::Control as usize] = 0x2000;
    Lan9118::new(chip.clone()).start().unwrap();
    assert_eq!(chip.0.borrow().phy[PhyRegister::Control as usize], PHY_NEGOTIATE);
}
