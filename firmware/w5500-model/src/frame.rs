//! What an SPI frame is about: the address and the control byte in front of its bytes.

/// How far the frame is on its way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The chip is not selected.
    Idle,
    AddressHigh,
    AddressLow,
    Control,
    Bytes(Target),
}

/// Where its bytes come from or go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) block: Block,
    pub(crate) access: Access,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block {
    Common,
    Socket(u8),
    Transmit,
    Receive,
    /// The FIFO of another socket than the first, or none.
    Elsewhere,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

impl Target {
    /// None for a frame that says its length itself, for chips that are always selected.
    pub(crate) fn of(control: u8) -> Option<Self> {
        const LENGTH_MODE: u8 = 0b11;
        const WRITES: u8 = 0b100;
        if control & LENGTH_MODE != 0 {
            return None;
        }
        let access = if control & WRITES == 0 { Access::Read } else { Access::Write };
        let block = match control >> 3 {
            0 => Block::Common,
            2 => Block::Transmit,
            3 => Block::Receive,
            bits if bits & 0b11 == 1 => Block::Socket(bits >> 2),
            _ => Block::Elsewhere,
        };
        Some(Self { block, access })
    }
}
