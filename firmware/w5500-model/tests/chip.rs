//! The model is asked by another driver, `w5500-ll`'s own: what it does is what that expects of a
//! chip, and what the datasheet says.

use std::cell::RefCell;
use std::convert::Infallible;
use std::net::Ipv4Addr;

use embedded_hal::spi::{ErrorType, Operation, SpiDevice};
use keeptrack_w5500_model::{BOOT_NANOS, Chip, FIFO_LEN, Fault, LONGEST, Level, Link, RESET_NANOS};
use w5500_ll::eh1::vdm::W5500;
use w5500_ll::net::Eui48Addr;
use w5500_ll::{
    BufferSize, LinkStatus, Mode, Protocol, Registers, SOCKETS, Sn, SocketCommand,
    SocketInterruptMask, SocketMode, SocketStatus, VERSION,
};

/// More than a command takes.
const COMMAND_NANOS: u32 = 1_000;

/// What a frame of 60 bytes takes at 100 Mbit/s, with all that is around it.
const SHORTEST_NANOS: u32 = 84 * 80;

struct Device<'c>(&'c RefCell<Chip>);

impl ErrorType for Device<'_> {
    type Error = Infallible;
}

impl SpiDevice for Device<'_> {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Infallible> {
        let mut chip = self.0.borrow_mut();
        chip.select();
        for operation in operations {
            match operation {
                Operation::Read(bytes) => chip.exchange_in_place(bytes),
                Operation::Write(bytes) => chip.exchange_in_place(&mut bytes.to_vec()),
                _ => panic!("w5500-ll asks for no other"),
            }
        }
        chip.deselect();
        Ok(())
    }
}

fn driver(chip: &RefCell<Chip>) -> W5500<Device<'_>> {
    W5500::new(Device(chip))
}

/// A chip whose first socket has all the memory, and is open in MACRAW mode.
fn open(mode: SocketMode) -> RefCell<Chip> {
    let chip = RefCell::new(Chip::new());
    let mut driver = driver(&chip);
    for socket in SOCKETS {
        let size = if socket == Sn::Sn0 { BufferSize::KB16 } else { BufferSize::KB0 };
        driver.set_sn_rxbuf_size(socket, size).unwrap();
        driver.set_sn_txbuf_size(socket, size).unwrap();
    }
    driver.set_sn_mr(Sn::Sn0, mode).unwrap();
    order(&chip, SocketCommand::Open);
    assert_eq!(driver.sn_sr(Sn::Sn0).unwrap(), Ok(SocketStatus::Macraw));
    chip
}

const MACRAW: SocketMode = SocketMode::DEFAULT.set_protocol(Protocol::Macraw);

fn order(chip: &RefCell<Chip>, command: SocketCommand) {
    driver(chip).set_sn_cr(Sn::Sn0, command).unwrap();
    assert_eq!(driver(chip).sn_cr(Sn::Sn0).unwrap(), command.into());
    chip.borrow_mut().elapse(COMMAND_NANOS);
    assert_eq!(driver(chip).sn_cr(Sn::Sn0).unwrap(), 0);
}

fn frame(byte: u8, len: usize) -> Vec<u8> {
    vec![byte; len]
}

/// Reads the frame that is next, as a driver should.
fn fetch(chip: &RefCell<Chip>) -> Vec<u8> {
    let mut driver = driver(chip);
    let from = driver.sn_rx_rd(Sn::Sn0).unwrap();
    let mut length = [0; 2];
    driver.sn_rx_buf(Sn::Sn0, from, &mut length).unwrap();
    let length = u16::from_be_bytes(length);
    let mut bytes = vec![0; usize::from(length) - 2];
    driver.sn_rx_buf(Sn::Sn0, from.wrapping_add(2), &mut bytes).unwrap();
    driver.set_sn_rx_rd(Sn::Sn0, from.wrapping_add(length)).unwrap();
    order(chip, SocketCommand::Recv);
    bytes
}

/// Sends a frame, but for the time that it takes.
fn begin_to_send(chip: &RefCell<Chip>, frame: &[u8]) {
    let mut driver = driver(chip);
    let at = driver.sn_tx_wr(Sn::Sn0).unwrap();
    driver.set_sn_tx_buf(Sn::Sn0, at, frame).unwrap();
    let len = u16::try_from(frame.len()).unwrap_or(u16::MAX);
    driver.set_sn_tx_wr(Sn::Sn0, at.wrapping_add(len)).unwrap();
    order(chip, SocketCommand::Send);
}

#[test]
fn it_says_who_it_is() {
    let chip = RefCell::new(Chip::new());
    let mut driver = driver(&chip);
    assert_eq!(driver.version().unwrap(), VERSION);
    assert_eq!(driver.mr().unwrap(), Mode::DEFAULT);
    assert_eq!(driver.rcr().unwrap(), 8);
    assert_eq!(driver.sn_rxbuf_size(Sn::Sn7).unwrap(), Ok(BufferSize::KB2));
    assert_eq!(driver.sn_imr(Sn::Sn0).unwrap(), SocketInterruptMask::DEFAULT);
    driver.set_sipr(&Ipv4Addr::new(10, 0, 0, 1)).unwrap();
    assert_eq!(driver.sipr().unwrap(), Ipv4Addr::new(10, 0, 0, 1));
    driver.set_mr(Mode::DEFAULT.rst()).unwrap();
    assert_eq!(driver.sipr().unwrap(), Ipv4Addr::UNSPECIFIED);
}

#[test]
fn its_link_is_what_the_wire_has() {
    let chip = RefCell::new(Chip::new());
    assert_eq!(driver(&chip).phycfgr().unwrap().lnk(), LinkStatus::Up);
    chip.borrow_mut().set_link(Link::Down);
    assert_eq!(driver(&chip).phycfgr().unwrap().lnk(), LinkStatus::Down);
    assert!(!chip.borrow_mut().deliver(&frame(1, 60)));
}

#[test]
fn frames_come_in_with_their_length_in_front_while_pointers_wrap() {
    let chip = open(MACRAW);
    for round in 0..200 {
        let frames = [frame(round, 60), frame(round, LONGEST), frame(round, 333)];
        let mut len = 0;
        for frame in &frames {
            assert!(chip.borrow_mut().deliver(frame));
            len += frame.len() + 2;
        }
        assert_eq!(usize::from(driver(&chip).sn_rx_rsr(Sn::Sn0).unwrap()), len);
        assert!(frames.iter().all(|frame| fetch(&chip) == *frame));
        assert_eq!(driver(&chip).sn_rx_rsr(Sn::Sn0).unwrap(), 0);
    }
    assert_eq!(chip.borrow().misuse_count(), 0);
}

#[test]
fn a_full_fifo_takes_no_more() {
    let chip = open(MACRAW);
    chip.borrow_mut().fault(Fault::FillsFifo);
    let len = usize::from(driver(&chip).sn_rx_rsr(Sn::Sn0).unwrap());
    assert!(len > FIFO_LEN - 62 && len <= FIFO_LEN);
    assert!(!chip.borrow_mut().deliver(&frame(1, 60)));
    fetch(&chip);
    assert!(chip.borrow_mut().deliver(&frame(1, 60)));
}

#[test]
fn what_is_no_frame_does_not_come_in() {
    let chip = open(MACRAW);
    let mut chip = chip.borrow_mut();
    assert_eq!([13, LONGEST + 1].map(|len| chip.deliver(&frame(1, len))), [false; 2]);
    assert_eq!([14, LONGEST].map(|len| chip.deliver(&frame(1, len))), [true; 2]);
    assert!(!Chip::new().deliver(&frame(1, 60)), "the socket is closed");
}

#[test]
fn the_filter_keeps_others_frames_out() {
    let chip = open(MACRAW.enable_mfen());
    driver(&chip).set_shar(&Eui48Addr::new(2, 2, 2, 2, 2, 2)).unwrap();
    let came_in = [1, 2, 0xff].map(|byte| chip.borrow_mut().deliver(&frame(byte, 60)));
    assert_eq!(came_in, [false, true, true]);
}

#[test]
fn a_frame_goes_out_in_the_time_that_its_bits_take() {
    let chip = open(MACRAW);
    for round in 0..200 {
        for (len, nanos) in [(60, SHORTEST_NANOS), (LONGEST, 1538 * 80)] {
            begin_to_send(&chip, &frame(round, len));
            assert!(chip.borrow().is_sending());
            chip.borrow_mut().elapse(nanos - COMMAND_NANOS);
            assert_eq!(chip.borrow_mut().take_sent(), None);
            assert!(!driver(&chip).sn_ir(Sn::Sn0).unwrap().sendok_raised());
            chip.borrow_mut().elapse(COMMAND_NANOS);
            assert_eq!(chip.borrow_mut().take_sent(), Some(frame(round, len).as_slice()));
            let raised = driver(&chip).sn_ir(Sn::Sn0).unwrap();
            assert!(raised.sendok_raised());
            driver(&chip).set_sn_ir(Sn::Sn0, raised).unwrap();
            assert_eq!(usize::from(driver(&chip).sn_tx_fsr(Sn::Sn0).unwrap()), FIFO_LEN);
        }
    }
    assert_eq!(chip.borrow().misuse_count(), 0);
}

#[test]
fn nothing_goes_out_while_nobody_takes_it_or_there_is_no_link() {
    let chip = open(MACRAW);
    begin_to_send(&chip, &frame(1, 60));
    chip.borrow_mut().set_link(Link::Down);
    chip.borrow_mut().elapse(10 * SHORTEST_NANOS);
    assert_eq!(chip.borrow().next_event(), None);
    chip.borrow_mut().set_link(Link::Up);
    chip.borrow_mut().elapse(SHORTEST_NANOS);
    begin_to_send(&chip, &frame(2, 60));
    chip.borrow_mut().elapse(10 * SHORTEST_NANOS);
    assert!(chip.borrow().is_sending());
    assert_eq!(chip.borrow_mut().take_sent(), Some(frame(1, 60).as_slice()));
    chip.borrow_mut().elapse(1);
    assert_eq!(chip.borrow_mut().take_sent(), Some(frame(2, 60).as_slice()));
}

#[test]
fn intn_is_low_while_something_is_raised_that_is_not_masked() {
    let chip = open(MACRAW);
    let mask = SocketInterruptMask::ALL_MASKED.unmask_recv();
    driver(&chip).set_sn_imr(Sn::Sn0, mask).unwrap();
    chip.borrow_mut().deliver(&frame(1, 60));
    assert!(!chip.borrow().is_interrupting());
    driver(&chip).set_simr(Sn::Sn0.bitmask()).unwrap();
    assert!(chip.borrow().is_interrupting());
    assert_eq!(driver(&chip).sir().unwrap(), Sn::Sn0.bitmask());
    let raised = driver(&chip).sn_ir(Sn::Sn0).unwrap();
    driver(&chip).set_sn_ir(Sn::Sn0, raised).unwrap();
    assert!(!chip.borrow().is_interrupting());
    begin_to_send(&chip, &frame(1, 60));
    chip.borrow_mut().elapse(SHORTEST_NANOS);
    assert!(!chip.borrow().is_interrupting(), "SENDOK is masked");
}

#[test]
fn a_reset_takes_its_time() {
    let chip = open(MACRAW);
    chip.borrow_mut().set_reset(Level::Low);
    chip.borrow_mut().elapse(RESET_NANOS);
    chip.borrow_mut().set_reset(Level::High);
    chip.borrow_mut().elapse(BOOT_NANOS - 1);
    assert_eq!(chip.borrow().misuse_count(), 0);
    assert_eq!(driver(&chip).version().unwrap(), 0);
    assert_eq!(chip.borrow().misuse_count(), 1, "it is too early");
    chip.borrow_mut().elapse(1);
    assert_eq!(driver(&chip).version().unwrap(), VERSION);
    assert_eq!(driver(&chip).sn_sr(Sn::Sn0).unwrap(), Ok(SocketStatus::Closed));
    assert_eq!(chip.borrow().misuse_count(), 1);
    chip.borrow_mut().set_reset(Level::Low);
    chip.borrow_mut().elapse(RESET_NANOS - 1);
    chip.borrow_mut().set_reset(Level::High);
    assert_eq!(chip.borrow().misuse_count(), 2, "it was too short");
}

#[test]
fn what_the_datasheet_forbids_is_counted() {
    let misuses: [fn(&RefCell<Chip>); 5] = [
        |chip| (0..2).for_each(|_| driver(chip).set_sn_cr(Sn::Sn0, SocketCommand::Recv).unwrap()),
        |chip| (0..2).for_each(|_| begin_to_send(chip, &frame(1, 60))),
        |chip| begin_to_send(chip, &frame(1, LONGEST + 1)),
        |chip| {
            driver(chip).set_sn_rx_rd(Sn::Sn0, 1).unwrap();
            order(chip, SocketCommand::Recv);
        },
        |chip| {
            driver(chip).set_sn_rxbuf_size(Sn::Sn1, BufferSize::KB1).unwrap();
            order(chip, SocketCommand::Open);
        },
    ];
    for (at, misuse) in misuses.into_iter().enumerate() {
        let chip = open(MACRAW);
        misuse(&chip);
        assert_eq!(chip.borrow().misuse_count(), 1, "{at}");
    }
}

#[test]
fn faults_are_what_they_are_called() {
    let chip = open(MACRAW);
    let mut driver = driver(&chip);
    let fault = |fault| chip.borrow_mut().fault(fault);
    fault(Fault::LiesAboutLength(7));
    chip.borrow_mut().deliver(&frame(1, 60));
    let mut length = [0; 2];
    driver.sn_rx_buf(Sn::Sn0, 0, &mut length).unwrap();
    assert_eq!((length, driver.sn_rx_rsr(Sn::Sn0).unwrap()), ([0, 7], 62));
    fault(Fault::LiesAboutSize(9));
    assert_eq!(driver.sn_rx_rsr(Sn::Sn0).unwrap(), 9);
    fault(Fault::DelaysCommand(5 * COMMAND_NANOS));
    driver.set_sn_cr(Sn::Sn0, SocketCommand::Recv).unwrap();
    chip.borrow_mut().elapse(4 * COMMAND_NANOS);
    assert_ne!(driver.sn_cr(Sn::Sn0).unwrap(), 0);
    chip.borrow_mut().elapse(COMMAND_NANOS);
    assert_eq!(driver.sn_cr(Sn::Sn0).unwrap(), 0);
    fault(Fault::ForgetsSent);
    begin_to_send(&chip, &frame(3, 60));
    chip.borrow_mut().elapse(SHORTEST_NANOS);
    assert_eq!(chip.borrow_mut().take_sent(), Some(frame(3, 60).as_slice()));
    assert!(!driver.sn_ir(Sn::Sn0).unwrap().sendok_raised());
    fault(Fault::Garbles(1));
    assert!((0..100).any(|_| driver.version().unwrap() != VERSION));
    fault(Fault::Unplugged(0xff));
    assert_eq!(driver.version().unwrap(), 0xff);
    driver.set_sipr(&Ipv4Addr::BROADCAST).unwrap();
    chip.borrow_mut().mend();
    assert_eq!(
        (driver.version().unwrap(), driver.sipr().unwrap()),
        (VERSION, Ipv4Addr::UNSPECIFIED)
    );
    fault(Fault::ResetsItself);
    assert_eq!(driver.sn_sr(Sn::Sn0).unwrap(), Ok(SocketStatus::Closed));
    fault(Fault::Hangs);
    driver.set_mr(Mode::DEFAULT.rst()).unwrap();
    assert_eq!(driver.version().unwrap(), 0);
    chip.borrow_mut().set_reset(Level::Low);
    chip.borrow_mut().elapse(RESET_NANOS);
    chip.borrow_mut().set_reset(Level::High);
    chip.borrow_mut().elapse(BOOT_NANOS);
    assert_eq!(driver.version().unwrap(), VERSION);
}
