//! Addresses and bits of the chip's registers, as the datasheet has them.

/// How many registers there are for all sockets, and for each.
pub(crate) const COMMON_COUNT: usize = 0x3a;
pub(crate) const SOCKET_COUNT: usize = 0x30;

pub(crate) mod common {
    pub(crate) const MR: u16 = 0x00;
    pub(crate) const SHAR: usize = 0x09;
    pub(crate) const IR: u16 = 0x15;
    pub(crate) const IMR: usize = 0x16;
    pub(crate) const SIR: u16 = 0x17;
    pub(crate) const SIMR: usize = 0x18;
    pub(crate) const PHYCFGR: u16 = 0x2e;
    pub(crate) const VERSIONR: u16 = 0x39;

    /// What is not zero after a reset.
    pub(crate) const RESET: [(usize, u8); 5] =
        [(0x19, 0x07), (0x1a, 0xd0), (0x1b, 0x08), (0x1c, 0x28), (0x39, 0x04)];

    /// Of MR: all registers begin anew.
    pub(crate) const MR_RST: u8 = 1 << 7;

    /// Of PHYCFGR: no reset, and the modes that the pins say, which are all; full duplex, 100 Mbit/s.
    pub(crate) const PHY_IDLE: u8 = 0b1011_1000;
    pub(crate) const PHY_FAST: u8 = 0b0000_0110;
    pub(crate) const PHY_LINK: u8 = 1;
}

pub(crate) mod socket {
    pub(crate) const MR: usize = 0x00;
    pub(crate) const CR: u16 = 0x01;
    pub(crate) const IR: u16 = 0x02;
    pub(crate) const SR: u16 = 0x03;
    pub(crate) const RXBUF_SIZE: u16 = 0x1e;
    pub(crate) const TXBUF_SIZE: u16 = 0x1f;
    pub(crate) const TX_FSR: u16 = 0x20;
    pub(crate) const TX_RD: u16 = 0x22;
    pub(crate) const TX_WR: u16 = 0x24;
    pub(crate) const RX_RSR: u16 = 0x26;
    pub(crate) const RX_RD: u16 = 0x28;
    pub(crate) const RX_WR: u16 = 0x2a;
    pub(crate) const IMR: u16 = 0x2c;

    /// What is not zero after a reset.
    pub(crate) const RESET: [(usize, u8); 11] = [
        (0x06, 0xff),
        (0x07, 0xff),
        (0x08, 0xff),
        (0x09, 0xff),
        (0x0a, 0xff),
        (0x0b, 0xff),
        (0x16, 0x80),
        (0x1e, 0x02),
        (0x1f, 0x02),
        (0x2c, 0xff),
        (0x2d, 0x40),
    ];

    /// Of MR: the protocol, which is MACRAW here, and the filter for frames to others.
    pub(crate) const MR_PROTOCOL: u8 = 0x0f;
    pub(crate) const MR_MACRAW: u8 = 0x04;
    pub(crate) const MR_FILTER: u8 = 1 << 7;

    /// Of CR.
    pub(crate) const OPEN: u8 = 0x01;
    pub(crate) const CLOSE: u8 = 0x10;
    pub(crate) const SEND: u8 = 0x20;
    pub(crate) const RECV: u8 = 0x40;

    /// Of SR.
    pub(crate) const CLOSED: u8 = 0x00;
    pub(crate) const OPEN_MACRAW: u8 = 0x42;

    /// Of IR.
    pub(crate) const IR_RECV: u8 = 1 << 2;
    pub(crate) const IR_SENDOK: u8 = 1 << 4;
}
