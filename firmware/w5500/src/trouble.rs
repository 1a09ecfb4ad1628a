//! What a chip does wrong, and what becomes of it.

use keeptrack_gateway::Faults;

/// Why the chip cannot go on as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The bus failed, or did not end a transfer.
    Bus,
    /// It is no W5500, has forgotten how it was set up, or does not end a command.
    Lost,
    /// What it says of its receive FIFO contradicts itself.
    OutOfStep,
    /// It says that a frame came in which is shorter than an Ethernet header.
    Runt,
    /// It says that a longer one came in than there can be.
    Giant,
    /// It does not say that a frame has gone out.
    Unsent,
}

/// What helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cure {
    /// To open its socket anew, by which its FIFOs are empty. The link stays.
    Reopen,
    /// To reset all of it, by which it negotiates its link anew.
    Reset,
}

impl Trouble {
    pub(crate) const fn cure(self) -> Cure {
        match self {
            Self::Bus | Self::Lost => Cure::Reset,
            Self::OutOfStep | Self::Runt | Self::Giant | Self::Unsent => Cure::Reopen,
        }
    }

    /// Counts it, unless it is counted as a frame that was not sent.
    pub(crate) fn count(self, faults: &mut Faults) {
        let count = match self {
            Self::Runt => &mut faults.runt,
            Self::Giant => &mut faults.giant,
            Self::Bus | Self::Lost | Self::OutOfStep => &mut faults.bad,
            Self::Unsent => return,
        };
        *count = count.wrapping_add(1);
    }
}
