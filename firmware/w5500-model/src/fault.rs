//! What the chip can be made to do wrong.

/// A fault of the chip, or of what it hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It begins anew by itself, as when its supply dips.
    ResetsItself,
    /// It says this length of the next frame that comes in, the two bytes that say it included.
    LiesAboutLength(u16),
    /// It says, until its socket is opened anew, that its receive FIFO holds this many bytes.
    LiesAboutSize(u16),
    /// Frames of no protocol come in until no other fits.
    FillsFifo,
    /// So they do, and of one more its length and what of it fits: real chips are said to do so.
    Overflows,
    /// The next command takes this many nanoseconds; [`u32::MAX`] is for ever.
    DelaysCommand(u32),
    /// It does not say that the next frame is sent.
    ForgetsSent,
    /// The next state of the socket that is read has one bit that is wrong.
    TurnsBit,
    /// It is unplugged, until [`mend`](crate::Chip::mend): every byte that is read is this one, what
    /// is written goes nowhere, and all state is lost.
    Unplugged(u8),
    /// Bits that it answers flip, until [`mend`](crate::Chip::mend), by this seed.
    Garbles(u32),
    /// It does nothing any more, and answers zeros, until RSTn resets it.
    Hangs,
}

/// What is on the chip's way out, until it is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    Whole,
    /// Nobody drives the line.
    Constant(u8),
    /// Some bits are others; the state of what says which.
    Garbled(u32),
}

impl Answers {
    /// What arrives of `byte`.
    pub(crate) fn pass(&mut self, byte: u8) -> u8 {
        match self {
            Self::Whole => byte,
            Self::Constant(constant) => *constant,
            Self::Garbled(state) => {
                // Marsaglia's xorshift: any state but 0 comes round after all others.
                *state ^= *state << 13;
                *state ^= *state >> 17;
                *state ^= *state << 5;
                let [flips, mask, ..] = state.to_le_bytes();
                byte ^ (flips & mask)
            }
        }
    }
}
