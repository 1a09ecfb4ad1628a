//! The registers of a LAN9118: where they lie, and what their bits mean.
//!
//! Source: SMSC's datasheet of the LAN9118, revision 1.5, chapters 3, 5 and 6.

/// A register that the host sees: its offset in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Register {
    /// The next word of received frames.
    RxData = 0x00,
    /// Where commands and words of frames to send go.
    TxData = 0x20,
    /// What is said of the next received frame.
    RxStatus = 0x40,
    /// What is said of the next frame that was sent.
    TxStatus = 0x48,
    /// Which chip it is, and its revision.
    IdRev = 0x50,
    /// How the interrupt line works.
    IrqCfg = 0x54,
    /// What has happened; writing a one forgets it.
    IntSts = 0x58,
    /// What of it raises the line.
    IntEn = 0x5c,
    /// A word that shows the order of bytes.
    ByteTest = 0x64,
    /// The levels of FIFOs that count as something happening.
    FifoInt = 0x68,
    /// How frames are received.
    RxCfg = 0x6c,
    /// How frames are sent.
    TxCfg = 0x70,
    /// Reset, and how the memory is shared out.
    HwCfg = 0x74,
    /// How full the FIFOs of the receiver are.
    RxFifoInf = 0x7c,
    /// How full those of the transmitter are.
    TxFifoInf = 0x80,
    /// Power; whether the chip is ready.
    PmtCtrl = 0x84,
    /// A counter of the chip's own 25 MHz.
    FreeRun = 0x9c,
    /// Frames for which there was no room; reading forgets them.
    RxDrop = 0xa0,
    /// A command to the MAC's own registers.
    MacCsrCmd = 0xa4,
    /// What goes to or comes from them.
    MacCsrData = 0xa8,
}

impl Register {
    /// How often [`ByteTest`](Self::ByteTest) is read before this register: until then it may not show
    /// what was done before. A reading takes 45 ns at the least.
    ///
    /// The chip's rules for a reading after a write, and after a reading of a FIFO or of `RxDrop`; so
    /// few come to a frame that they are kept whatever was done before.
    #[must_use]
    pub const fn settling_reads(self) -> usize {
        match self {
            Self::PmtCtrl => 7,
            Self::FreeRun | Self::RxDrop => 4,
            Self::IrqCfg | Self::RxFifoInf | Self::TxFifoInf => 3,
            Self::IntSts => 2,
            Self::IntEn | Self::FifoInt | Self::RxCfg | Self::TxCfg | Self::HwCfg => 1,
            Self::MacCsrCmd | Self::MacCsrData => 1,
            Self::RxData | Self::TxData | Self::RxStatus | Self::TxStatus => 0,
            Self::IdRev | Self::ByteTest => 0,
        }
    }
}

/// A register of the MAC, behind [`Register::MacCsrCmd`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum MacRegister {
    /// What it receives and sends.
    Control = 1,
    /// A command to the PHY's registers.
    MiiAccess = 6,
    /// What goes to or comes from them.
    MiiData = 7,
}

/// A register of the PHY, behind [`MacRegister::MiiAccess`]: those that IEEE 802.3, clause 22 gives
/// every PHY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum PhyRegister {
    /// Its mode.
    Control = 0,
    /// Whether there is a link.
    Status = 1,
    /// What it offers to its partner.
    Advertised = 4,
    /// What its partner offers.
    Partner = 5,
}

/// The upper half of [`Register::IdRev`]: a LAN9118, as emulated, and the LAN9220 that MPS2 boards
/// carry, whose registers here are the same.
pub const IDS: [u32; 2] = [0x0118, 0x9220];

/// What [`Register::ByteTest`] reads when words arrive as they should.
pub const BYTE_TEST: u32 = 0x8765_4321;

/// [`Register::IrqCfg`]: the line is driven, and high means an interrupt.
pub const IRQ_PUSH_PULL_HIGH: u32 = 1 << 8 | 1 << 4 | 1;

/// [`Register::IntSts`]: a received frame waits.
pub const INT_RSFL: u32 = 1 << 3;
/// The same: somebody read more than there was to send, or wrote more than there was room for.
pub const INT_TXE: u32 = 1 << 13;
/// The same: somebody read more than was received.
pub const INT_RXE: u32 = 1 << 14;

/// [`Register::TxCfg`]: the transmitter runs.
pub const TX_ON: u32 = 1 << 1;

/// [`Register::HwCfg`]: resets all but the PHY, and reads as one meanwhile.
pub const SRST: u32 = 1;
/// The same: a bit that must be one.
pub const HW_MUST_BE_ONE: u32 = 1 << 20;
/// The same: 5 of the 16 KB of memory are the transmitter's, 4,608 bytes of them for frames.
pub const TX_FIFO_5_KB: u32 = 5 << 16;

/// [`Register::PmtCtrl`]: the chip can be used.
pub const READY: u32 = 1;

/// [`Register::MacCsrCmd`]: under way; starts a command.
pub const CSR_BUSY: u32 = 1 << 31;
/// The same: a read, else a write.
pub const CSR_READ: u32 = 1 << 30;

/// [`MacRegister::Control`]: the receiver runs.
pub const MAC_RXEN: u32 = 1 << 2;
/// The same: the transmitter runs.
pub const MAC_TXEN: u32 = 1 << 3;
/// The same: damaged frames are handed over as well, so that they are counted.
pub const MAC_PASSBAD: u32 = 1 << 16;
/// The same: frames to anybody are received.
pub const MAC_PRMS: u32 = 1 << 18;
/// The same: both directions at once.
pub const MAC_FDPX: u32 = 1 << 20;
/// The same: in half duplex, what is sent is not received.
pub const MAC_RCVOWN: u32 = 1 << 23;

/// [`MacRegister::MiiAccess`]: under way.
pub const MII_BUSY: u32 = 1;
/// The same: a write, else a read.
pub const MII_WRITE: u32 = 1 << 1;
/// The same: the PHY inside the chip.
pub const MII_PHY: u32 = 1 << 11;

/// [`PhyRegister::Control`]: agrees with its partner on a mode, beginning now.
pub const PHY_NEGOTIATE: u32 = 1 << 12 | 1 << 9;
/// The same: the first of these.
pub const PHY_NEGOTIATES: u32 = 1 << 12;
/// [`PhyRegister::Status`]: there is a link; a loss is told once more after the link is back.
pub const PHY_LINK: u32 = 1 << 2;
/// [`PhyRegister::Advertised`] and [`PhyRegister::Partner`]: 100 Mbit/s, both directions at once.
pub const PHY_100_FULL: u32 = 1 << 8;
/// The same, one direction at a time.
pub const PHY_100_HALF: u32 = 1 << 7;
/// The same: 10 Mbit/s, both directions at once.
pub const PHY_10_FULL: u32 = 1 << 6;

/// What is said of a received frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RxStatus(pub u32);

impl RxStatus {
    /// The check sum is wrong, the PHY saw an error, a collision came late, or the frame did not end
    /// in time.
    ///
    /// The bit for a length field that does not fit is none of them: what pads a short frame lets it
    /// fit no more. Nor is that for more than 1,518 bytes, which knows no tags.
    pub const BAD: u32 = 1 << 1 | 1 << 3 | 1 << 4 | 1 << 6;
    /// It ended within the collision window, before 64 bytes.
    pub const RUNT: u32 = 1 << 11;

    /// How many bytes it takes of the FIFO, its check sequence with it.
    #[must_use]
    pub const fn fifo_len(self) -> usize {
        (self.0 >> 16 & 0x3fff) as usize
    }

    /// Whether any of these bits is set.
    #[must_use]
    pub const fn has(self, bits: u32) -> bool {
        self.0 & bits != 0
    }
}

/// [`Register::TxStatus`]: the frame was not sent as it should.
pub const TX_ERROR: u32 = 1 << 15;

/// The first word of a frame to send: it is one piece of this length, which starts with the first
/// byte.
#[must_use]
pub const fn tx_command_a(len: u32) -> u32 {
    const FIRST: u32 = 1 << 13;
    const LAST: u32 = 1 << 12;
    FIRST | LAST | len
}

/// The longest frame that a command can say.
pub const TX_LONGEST: u32 = 0x7ff;

/// Two 16-bit counts of one of the registers of FIFOs: of words of status, and of bytes.
#[derive(Debug, Clone, Copy)]
pub struct Levels(pub u32);

impl Levels {
    /// How many frames have a word of status there.
    #[must_use]
    pub const fn status_count(self) -> u32 {
        self.0 >> 16 & 0xff
    }

    /// Bytes of frames: there, or the room for them.
    #[must_use]
    pub const fn bytes(self) -> usize {
        (self.0 & 0xffff) as usize
    }

    /// Whether there are bytes of no frame of which anything is said.
    #[must_use]
    pub const fn is_frameless(self) -> bool {
        self.status_count() == 0 && self.bytes() > 0
    }
}
