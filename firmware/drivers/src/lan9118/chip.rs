//! A LAN9118 that a test can look into: its registers and FIFOs, as the datasheet has them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use super::Lan9118;
use super::registers::{
    BYTE_TEST, CSR_BUSY, CSR_READ, INT_RSFL, INT_RXE, INT_TXE, MAC_RXEN, MAC_TXEN, MII_BUSY,
    MII_WRITE, READY, Register, SRST, TX_ON,
};
use crate::Registers;

/// Bytes of received frames that the chip has room for, with 5 KB of its memory for those to send.
pub(crate) const RX_ROOM: usize = 10_560;
/// Bytes of frames to send, commands included.
pub(crate) const TX_ROOM: usize = 4_608;
/// Received frames of which it can say something.
const RX_STATUSES: usize = 176;
/// Sent frames of which it can say something.
const TX_STATUSES: usize = 128;
/// How often what takes time is looked at before it is done.
const DELAY: u32 = 3;

/// What a test holds of the chip, beside its driver.
#[derive(Clone)]
pub(crate) struct Handle(pub(crate) Rc<RefCell<Chip>>);

/// The chip.
pub(crate) struct Chip {
    pub(crate) id: u32,
    pub(crate) byte_test: u32,
    /// It does not come out of reset, and its MAC does not answer.
    pub(crate) is_dead: bool,
    /// Whether frames leave it at once, or wait in its FIFO.
    pub(crate) wire: Wire,
    /// What is said of frames that leave, in the lower half.
    pub(crate) tx_status: u32,
    /// What has left it.
    pub(crate) sent: Vec<Vec<u8>>,
    pub(crate) phy: [u32; 6],
    pub(crate) mac: [u32; 13],
    /// How often it was reset.
    pub(crate) reset_count: u32,
    /// Frames that lay in its FIFOs then.
    pub(crate) lost_received: u32,
    pub(crate) lost_to_send: u32,
    rx_words: VecDeque<u32>,
    rx_statuses: VecDeque<u32>,
    rx_drop: u32,
    tx_words: Vec<u32>,
    tx_waiting: Vec<Vec<u8>>,
    tx_statuses: VecDeque<u32>,
    int_sts: u32,
    int_en: u32,
    tx_cfg: u32,
    csr_data: u32,
    csr_delay: u32,
    mii_delay: u32,
    mii_answer: u32,
    reset_delay: u32,
    /// Nanoseconds since something was done that other registers take time to show.
    settled_ns: u32,
}

/// Where frames go that are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Open,
    Stuck,
}

/// A driver that has started its chip, whose resets are counted from here.
pub(crate) fn started() -> (Lan9118<Handle>, Handle) {
    let chip = Handle::new();
    let mut driver = Lan9118::new(chip.clone());
    driver.start().unwrap();
    chip.0.borrow_mut().reset_count = 0;
    (driver, chip)
}

impl Handle {
    pub(crate) fn new() -> Self {
        Self(Rc::new(RefCell::new(Chip {
            id: 0x0118_0001,
            byte_test: BYTE_TEST,
            is_dead: false,
            wire: Wire::Open,
            tx_status: 0,
            sent: Vec::new(),
            phy: [0x3000, 0x7809 | 1 << 2, 7, 0xc0d1, 0x01e1, 0x0f71],
            mac: [0; 13],
            reset_count: 0,
            lost_received: 0,
            lost_to_send: 0,
            rx_words: VecDeque::new(),
            rx_statuses: VecDeque::new(),
            rx_drop: 0,
            tx_words: Vec::new(),
            tx_waiting: Vec::new(),
            tx_statuses: VecDeque::new(),
            int_sts: 0,
            int_en: 0,
            tx_cfg: 0,
            csr_data: 0,
            csr_delay: 0,
            mii_delay: 0,
            mii_answer: 0,
            reset_delay: 0,
            settled_ns: 0,
        })))
    }

    /// A good frame comes in.
    pub(crate) fn receive(&self, frame: &[u8]) {
        self.receive_as(frame, 0);
    }

    /// A frame comes in of which the chip says this in the lower half of its status.
    pub(crate) fn receive_as(&self, frame: &[u8], status: u32) {
        let mut chip = self.0.borrow_mut();
        let mut bytes = frame.to_vec();
        bytes.extend([0xfc; 4]);
        let len = u32::try_from(bytes.len()).unwrap();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        let free = RX_ROOM - 4 * chip.rx_words.len();
        if chip.mac[1] & MAC_RXEN == 0 {
            return;
        }
        if bytes.len() > free || chip.rx_statuses.len() == RX_STATUSES {
            chip.rx_drop += 1;
            return;
        }
        let words = bytes.as_chunks::<4>().0.iter().map(|&word| u32::from_le_bytes(word));
        chip.rx_words.extend(words);
        chip.rx_statuses.push_back(len << 16 | status);
        chip.int_sts |= INT_RSFL;
    }

    /// What is said of the last frame that came in is another length.
    pub(crate) fn mistake_length(&self, len: u32) {
        let mut chip = self.0.borrow_mut();
        if let Some(status) = chip.rx_statuses.back_mut() {
            *status = *status & 0xffff | len << 16;
        }
    }

    /// What waits to be sent leaves.
    pub(crate) fn unstick(&self) {
        let mut chip = self.0.borrow_mut();
        chip.wire = Wire::Open;
        chip.flush();
    }

    /// Somebody else resets it.
    pub(crate) fn reset(&self) {
        self.0.borrow_mut().reset();
    }

    pub(crate) fn interrupts(&self) -> bool {
        let chip = self.0.borrow();
        chip.int_sts & chip.int_en != 0
    }
}

impl Chip {
    fn reset(&mut self) {
        self.reset_count += 1;
        self.lost_received += u32::try_from(self.rx_statuses.len()).unwrap();
        self.lost_to_send += u32::try_from(self.tx_waiting.len()).unwrap();
        self.rx_words.clear();
        self.rx_statuses.clear();
        self.tx_words.clear();
        self.tx_waiting.clear();
        self.tx_statuses.clear();
        (self.rx_drop, self.int_sts, self.int_en, self.tx_cfg) = (0, 0, 0, 0);
        self.mac = [0; 13];
        self.reset_delay = DELAY;
    }

    /// Commands and words to send.
    fn take_tx_word(&mut self, word: u32) {
        if self.tx_free() < 4 {
            self.int_sts |= INT_TXE;
            return;
        }
        self.tx_words.push(word);
        let [command_a, command_b, words @ ..] = &self.tx_words[..] else { return };
        let len = (command_a & 0x7ff) as usize;
        assert_eq!(command_a & 0x3000, 0x3000, "one piece");
        assert_eq!(command_b & 0x7ff, command_a & 0x7ff, "the lengths agree");
        if words.len() * 4 < len {
            return;
        }
        let mut frame: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        frame.truncate(len);
        self.tx_words.clear();
        self.tx_waiting.push(frame);
        self.flush();
    }

    fn flush(&mut self) {
        let runs = self.tx_cfg & TX_ON != 0 && self.mac[1] & MAC_TXEN != 0;
        if !runs || self.wire == Wire::Stuck {
            return;
        }
        for frame in self.tx_waiting.drain(..) {
            assert!(self.tx_statuses.len() < TX_STATUSES, "nobody takes what is said of frames");
            self.tx_statuses.push_back(self.tx_status);
            self.sent.push(frame);
        }
    }

    fn tx_free(&self) -> usize {
        let waiting: usize =
            self.tx_waiting.iter().map(|frame| 8 + frame.len().next_multiple_of(4)).sum();
        TX_ROOM - waiting - 4 * self.tx_words.len()
    }

    fn command_mac(&mut self, word: u32) {
        if word & CSR_BUSY == 0 || self.is_dead {
            return;
        }
        self.csr_delay = DELAY;
        let register = (word & 0xf) as usize;
        if word & CSR_READ != 0 {
            self.csr_data = match register {
                6 => u32::from(self.mii_is_busy()),
                _ => self.mac[register],
            };
            return;
        }
        self.mac[register] = self.csr_data;
        if register == 6 {
            self.command_phy(self.csr_data);
        }
    }

    fn command_phy(&mut self, word: u32) {
        assert_eq!(word >> 11, 1, "the PHY inside");
        assert_eq!(word & MII_BUSY, 1);
        self.mii_delay = DELAY;
        let register = (word >> 6 & 31) as usize;
        if word & MII_WRITE != 0 {
            (self.phy[register], self.mii_answer) = (self.mac[7], self.mac[7]);
        } else {
            (self.mac[7], self.mii_answer) = (0xffff, self.phy[register]);
        }
    }

    fn mii_is_busy(&mut self) -> bool {
        if self.mii_delay == 1 {
            self.mac[7] = self.mii_answer;
        }
        self.mii_delay = self.mii_delay.saturating_sub(1);
        self.mii_delay > 0
    }

    /// What is read too soon is not what the register should show.
    fn check_settled(&mut self, register: Register) {
        let wanted_ns = match register {
            Register::ByteTest => {
                self.settled_ns += 45;
                return;
            }
            Register::RxData | Register::RxStatus | Register::TxStatus | Register::IdRev => 0,
            Register::IntSts => 90,
            Register::RxFifoInf | Register::TxFifoInf => 135,
            Register::RxDrop => 180,
            Register::PmtCtrl => 315,
            _ => 45,
        };
        assert!(self.settled_ns >= wanted_ns, "{register:?} after {} ns", self.settled_ns);
        let disturbs = [Register::RxData, Register::RxStatus, Register::TxStatus, Register::RxDrop];
        if disturbs.contains(&register) {
            self.settled_ns = 0;
        }
    }

    fn read(&mut self, register: Register) -> u32 {
        self.check_settled(register);
        match register {
            Register::RxData => match self.rx_words.pop_front() {
                Some(word) => word,
                None => self.underrun(),
            },
            Register::RxStatus => match self.rx_statuses.pop_front() {
                Some(status) => status,
                None => self.underrun(),
            },
            Register::TxStatus => self.tx_statuses.pop_front().unwrap(),
            Register::IdRev => self.id,
            Register::IntSts => self.int_sts,
            Register::IntEn => self.int_en,
            Register::ByteTest => self.byte_test,
            Register::HwCfg => {
                self.reset_delay = self.reset_delay.saturating_sub(1);
                u32::from(self.reset_delay > 0 || self.is_dead)
            }
            Register::RxFifoInf => levels(self.rx_statuses.len(), self.rx_words.len() * 4),
            Register::TxFifoInf => levels(self.tx_statuses.len(), self.tx_free()),
            Register::PmtCtrl => READY,
            Register::RxDrop => std::mem::take(&mut self.rx_drop),
            Register::MacCsrCmd => {
                self.csr_delay = self.csr_delay.saturating_sub(1);
                if self.csr_delay > 0 || self.is_dead { CSR_BUSY } else { 0 }
            }
            Register::MacCsrData => self.csr_data,
            _ => panic!("nobody reads {register:?}"),
        }
    }

    fn underrun(&mut self) -> u32 {
        self.int_sts |= INT_RXE;
        0
    }

    fn write(&mut self, register: Register, word: u32) {
        self.settled_ns = 0;
        match register {
            Register::TxData => self.take_tx_word(word),
            Register::IntSts => self.int_sts &= !word,
            Register::IntEn => self.int_en = word,
            Register::TxCfg => self.tx_cfg = word,
            Register::HwCfg if word & SRST != 0 => self.reset(),
            Register::MacCsrCmd => self.command_mac(word),
            Register::MacCsrData => self.csr_data = word,
            _ => {}
        }
        if !self.rx_statuses.is_empty() {
            // A level that is still there is told again.
            self.int_sts |= INT_RSFL;
        }
    }
}

/// The register at `offset`.
fn register(offset: usize) -> Register {
    let all = [
        Register::RxData,
        Register::TxData,
        Register::RxStatus,
        Register::TxStatus,
        Register::IdRev,
        Register::IrqCfg,
        Register::IntSts,
        Register::IntEn,
        Register::ByteTest,
        Register::FifoInt,
        Register::RxCfg,
        Register::TxCfg,
        Register::HwCfg,
        Register::RxFifoInf,
        Register::TxFifoInf,
        Register::PmtCtrl,
        Register::RxDrop,
        Register::MacCsrCmd,
        Register::MacCsrData,
    ];
    all.into_iter()
        .find(|register| *register as usize == offset)
        .unwrap_or_else(|| panic!("{offset:#x} is no register that the driver needs"))
}

fn levels(status_count: usize, bytes: usize) -> u32 {
    u32::try_from(status_count << 16 | bytes).unwrap()
}

impl Registers for Handle {
    fn read(&mut self, offset: usize) -> u32 {
        self.0.borrow_mut().read(register(offset))
    }

    fn read_half(&mut self, offset: usize) -> u16 {
        panic!("{offset:#x} is no half of a register")
    }

    fn write(&mut self, offset: usize, value: u32) {
        self.0.borrow_mut().write(register(offset), value);
    }
}
