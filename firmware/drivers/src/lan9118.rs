//! A driver for SMSC's LAN9118 Ethernet chip: frames go through its FIFOs word by word.
//!
//! The receiver takes frames to anybody, damaged ones too, so that they are counted. A frame that is
//! not wanted is read away: the chip's own fast forward wants four words left of it, and a dump of
//! its FIFO a receiver that stands still. When what the chip says of a frame does not fit what lies
//! in its FIFO, or it reports an error of the host, it is reset: both sides are in step again then,
//! and what it held is lost and counted.

mod csr;
pub mod registers;

use keeptrack_gateway::{Faults, LinkState};

use crate::Registers;
use crate::mac::{LONGEST, Mac, NoRoom};
use registers::{
    BYTE_TEST, HW_MUST_BE_ONE, IDS, INT_RSFL, INT_RXE, INT_TXE, IRQ_PUSH_PULL_HIGH, Levels,
    MAC_FDPX, MAC_PASSBAD, MAC_PRMS, MAC_RCVOWN, MAC_RXEN, MAC_TXEN, MacRegister, PHY_10_FULL,
    PHY_100_FULL, PHY_100_HALF, PHY_LINK, PHY_NEGOTIATE, PHY_NEGOTIATES, PhyRegister, READY,
    Register, RxStatus, SRST, TX_ERROR, TX_FIFO_5_KB, TX_LONGEST, TX_ON, tx_command_a,
};

/// The check sequence behind a frame.
const FCS_LEN: usize = 4;

/// An Ethernet header.
const HEADER_LEN: usize = 14;

/// What interrupts: a frame, and errors of the host.
const INTERRUPTS: u32 = INT_RSFL | INT_RXE | INT_TXE;

/// How often a bit is looked at that the chip changes within 100 microseconds.
const PATIENCE: usize = 10_000;

/// How many unwanted frames one call reads away before others have their turn.
const UNWANTED: usize = 16;

/// The chip, and what it has done wrong.
#[derive(Debug)]
pub struct Lan9118<R> {
    registers: R,
    state: State,
    /// What the MAC was told last.
    mac_control: u32,
    transmitter: Transmitter,
    faults: Faults,
}

/// Whether the chip does what it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Runs,
    /// It did not start: it is tried again when somebody asks for the link.
    Stands,
}

/// What the transmitter has done since the link was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transmitter {
    Idle,
    /// It has sent a frame.
    Sends,
    /// It had no room for one, and has sent none.
    Full,
}

/// Why the chip does not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum StartError {
    /// It is not ready, or does not come out of its reset.
    Timeout,
    /// Words arrive in another order: this is what [`BYTE_TEST`] reads.
    ByteOrder(u32),
    /// It is another chip: this is its id.
    Id(u32),
    /// Its MAC does not answer.
    Mac,
}

impl<R: Registers> Lan9118<R> {
    /// The chip behind these registers, which stands still.
    pub fn new(registers: R) -> Self {
        Self {
            registers,
            state: State::Stands,
            mac_control: 0,
            transmitter: Transmitter::Idle,
            faults: Faults::default(),
        }
    }

    /// Resets the chip, and lets it run.
    ///
    /// # Errors
    /// When it is not there, or does not do as it is told. Asking for the [link](Mac::link) tries
    /// again.
    pub fn start(&mut self) -> Result<(), StartError> {
        self.state = State::Stands;
        self.identify()?;
        self.write(Register::HwCfg, SRST);
        self.wait_for(Register::HwCfg, SRST, 0)?;
        self.write(Register::HwCfg, HW_MUST_BE_ONE | TX_FIFO_5_KB);
        self.write(Register::IntEn, 0);
        self.write(Register::IntSts, u32::MAX);
        self.write(Register::IrqCfg, IRQ_PUSH_PULL_HIGH);
        // One frame is enough to interrupt.
        self.write(Register::FifoInt, 0);
        // A frame starts with the first byte of a word, and the next begins in the next word.
        self.write(Register::RxCfg, 0);
        self.write(Register::TxCfg, TX_ON);
        // What is agreed on is known when there is a link.
        self.run_mac(MAC_FDPX).ok_or(StartError::Mac)?;
        self.negotiate().ok_or(StartError::Mac)?;
        self.write(Register::IntEn, INTERRUPTS);
        (self.state, self.transmitter) = (State::Runs, Transmitter::Idle);
        Ok(())
    }

    /// Whether it is the chip, and ready.
    fn identify(&mut self) -> Result<(), StartError> {
        let byte_test = self.read(Register::ByteTest);
        if byte_test != BYTE_TEST {
            return Err(StartError::ByteOrder(byte_test));
        }
        self.wait_for(Register::PmtCtrl, READY, READY)?;
        let id = self.read(Register::IdRev) >> 16;
        if IDS.contains(&id) { Ok(()) } else { Err(StartError::Id(id)) }
    }

    fn wait_for(&mut self, register: Register, bit: u32, wanted: u32) -> Result<(), StartError> {
        let mut looks = 0..PATIENCE;
        let came = looks.any(|_| self.read(register) & bit == wanted);
        if came { Ok(()) } else { Err(StartError::Timeout) }
    }

    /// Lets the MAC run with the bits of this duplex mode; nothing when it does not answer.
    fn run_mac(&mut self, duplex: u32) -> Option<()> {
        let control = MAC_PRMS | MAC_PASSBAD | MAC_TXEN | MAC_RXEN | duplex;
        if control != self.mac_control || self.state == State::Stands {
            self.write_mac(MacRegister::Control, control)?;
            self.mac_control = control;
        }
        Some(())
    }

    /// Has the PHY agree with its partner, unless it does already: a link that is there stays.
    fn negotiate(&mut self) -> Option<()> {
        match self.read_phy(PhyRegister::Control)? & PHY_NEGOTIATES {
            0 => self.write_phy(PhyRegister::Control, PHY_NEGOTIATE),
            _ => Some(()),
        }
    }

    /// Whether the PHY has a link; if so the MAC works in the mode that was agreed on.
    fn look_at_phy(&mut self) -> Option<LinkState> {
        // The first reading may tell of a loss that is over.
        self.read_phy(PhyRegister::Status)?;
        if self.read_phy(PhyRegister::Status)? & PHY_LINK == 0 {
            return Some(LinkState::Down);
        }
        let offered = self.read_phy(PhyRegister::Advertised)?;
        let common = offered & self.read_phy(PhyRegister::Partner)?;
        // The best of what both can do counts: 100 Mbit/s before 10, full duplex before half.
        let is_full = match common {
            _ if common & PHY_100_FULL != 0 => true,
            _ if common & PHY_100_HALF != 0 => false,
            _ => common & PHY_10_FULL != 0,
        };
        self.run_mac(if is_full { MAC_FDPX } else { MAC_RCVOWN })?;
        Some(LinkState::Up)
    }

    /// Starts anew what does not go on.
    fn restart(&mut self) {
        self.take_dropped();
        let lost = Levels(self.read(Register::RxFifoInf)).status_count();
        self.faults.bad = self.faults.bad.wrapping_add(lost).wrapping_add(1);
        // It stands still when that fails, until the link is asked for.
        let _ = self.start();
    }

    /// What waits to be fetched.
    fn received(&mut self) -> Levels {
        match self.state {
            State::Runs => Levels(self.read(Register::RxFifoInf)),
            State::Stands => Levels(0),
        }
    }

    /// Reads the frame out of the FIFO, of which `bytes` are there.
    fn fetch(&mut self, status: RxStatus, bytes: usize, buffer: &mut [u8]) -> Fetched {
        let word_count = status.fifo_len().div_ceil(4);
        if word_count.saturating_mul(4) > bytes {
            return Fetched::OutOfStep;
        }
        let judged = self.judge(status, buffer.len().min(LONGEST));
        let kept = judged.unwrap_or(0).div_ceil(4);
        let (words, _) = buffer.as_chunks_mut::<4>();
        for word in words.iter_mut().take(kept) {
            *word = self.read(Register::RxData).to_le_bytes();
        }
        for _ in kept..word_count {
            self.read(Register::RxData);
        }
        judged.map_or(Fetched::Unwanted, Fetched::Frame)
    }

    /// The length of a frame that is wanted, without its check sequence; others are counted.
    fn judge(&mut self, status: RxStatus, room: usize) -> Option<usize> {
        let frame_len = status.fifo_len().saturating_sub(FCS_LEN);
        let count = match status {
            _ if status.has(RxStatus::RUNT) || frame_len < HEADER_LEN => &mut self.faults.runt,
            _ if frame_len > room => &mut self.faults.giant,
            _ if status.has(RxStatus::BAD) => &mut self.faults.bad,
            _ => return Some(frame_len),
        };
        *count = count.wrapping_add(1);
        None
    }

    /// Takes what is said of frames that were sent, so that there is always room to say it.
    fn take_tx_status(&mut self, levels: Levels) {
        for _ in 0..levels.status_count() {
            self.transmitter = Transmitter::Sends;
            if self.read(Register::TxStatus) & TX_ERROR != 0 {
                self.faults.transmit = self.faults.transmit.wrapping_add(1);
            }
        }
    }

    /// Takes how many frames there was no room for.
    fn take_dropped(&mut self) {
        let dropped = self.read(Register::RxDrop);
        self.faults.overrun = self.faults.overrun.wrapping_add(dropped);
    }

    #[inline(always)] // Words of frames need no settling: of that nothing is left then.
    fn read(&mut self, register: Register) -> u32 {
        self.settle(register);
        self.registers.read(register as usize)
    }

    /// Lets as much time pass as the chip wants before `register` is read.
    #[inline(always)] // As above.
    fn settle(&mut self, register: Register) {
        for _ in 0..register.settling_reads() {
            self.registers.read(Register::ByteTest as usize);
        }
    }

    fn write(&mut self, register: Register, word: u32) {
        self.registers.write(register as usize, word);
    }
}

/// What came out of the FIFO.
enum Fetched {
    /// A frame of this length.
    Frame(usize),
    /// One that was counted and read away.
    Unwanted,
    /// Nothing: there is less than the frame's status says.
    OutOfStep,
}

impl<R: Registers> Mac for Lan9118<R> {
    fn link(&mut self) -> LinkState {
        if self.state == State::Stands && self.start().is_err() {
            return LinkState::Down;
        }
        let sent = Levels(self.read(Register::TxFifoInf));
        self.take_tx_status(sent);
        let received = self.read(Register::RxFifoInf);
        let link = self.look_at_phy();
        // Words of no frame, and not of one that is still coming in: more of it would be there now.
        let is_out_of_step =
            Levels(received).is_frameless() && self.read(Register::RxFifoInf) == received;
        let is_stuck = self.transmitter == Transmitter::Full;
        // Something else than this driver has reset it.
        let is_reset = self.read(Register::IntEn) != INTERRUPTS;
        if is_out_of_step || is_stuck || is_reset {
            self.restart();
        }
        self.transmitter = Transmitter::Idle;
        link.unwrap_or(LinkState::Down)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Option<usize> {
        for _ in 0..UNWANTED {
            let levels = self.received();
            if levels.status_count() == 0 {
                return None;
            }
            let status = RxStatus(self.read(Register::RxStatus));
            match self.fetch(status, levels.bytes(), buffer) {
                Fetched::Frame(len) => return Some(len),
                Fetched::Unwanted => {}
                Fetched::OutOfStep => self.restart(),
            }
        }
        None
    }

    fn transmit(&mut self, frame: &[u8]) -> Result<(), NoRoom> {
        const COMMANDS_LEN: usize = 8;
        let len = match u32::try_from(frame.len()) {
            Ok(len @ 0..=TX_LONGEST) if self.state == State::Runs => len,
            _ => return Err(NoRoom),
        };
        let levels = Levels(self.read(Register::TxFifoInf));
        self.take_tx_status(levels);
        if frame.len().next_multiple_of(4).saturating_add(COMMANDS_LEN) > levels.bytes() {
            if self.transmitter == Transmitter::Idle {
                self.transmitter = Transmitter::Full;
            }
            return Err(NoRoom);
        }
        self.write(Register::TxData, tx_command_a(len));
        self.write(Register::TxData, len);
        let (words, rest) = frame.as_chunks::<4>();
        for word in words {
            self.write(Register::TxData, u32::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let word = rest.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
            self.write(Register::TxData, word);
        }
        Ok(())
    }

    fn acknowledge(&mut self) {
        let happened = self.read(Register::IntSts);
        if happened == 0 || self.state == State::Stands {
            return;
        }
        self.write(Register::IntSts, happened);
        self.take_dropped();
        if happened & (INT_RXE | INT_TXE) != 0 {
            self.restart();
        }
    }

    fn has_frame(&mut self) -> bool {
        self.received().status_count() > 0
    }

    fn faults(&self) -> Faults {
        self.faults
    }
}

#[cfg(test)]
pub(crate) mod chip;
#[cfg(test)]
mod tests;
