//! How the chip is started: step by step, with time for others in between.

use embedded_hal::digital::OutputPin;
use w5500_ll::{SocketCommand, SocketStatus};

use crate::bus::Bus;
use crate::chip::{Chip, Pointers};
use crate::trouble::{Cure, Trouble};

/// How long RSTn is low: the datasheet wants 500 microseconds.
const RESET_US: u32 = 600;

/// How long the chip is left alone after that: its clock settles within 1,000 microseconds.
const SETTLE_US: u32 = 1_500;

/// How long the chip may take to do as it is told.
pub(crate) const COMMAND_US: u32 = 10_000;

/// A start, and how far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Starter {
    step: Step,
    since_us: u32,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// RSTn goes low.
    PullReset,
    /// It goes high, when it has been low for long enough.
    ReleaseReset,
    /// The registers are reset, too: not every board has wired RSTn.
    Reset,
    /// The chip says who it is.
    Identify,
    Close,
    /// The socket is set up and opened, when it is closed.
    Open,
    /// The FIFOs are empty, and begin somewhere.
    Begin,
}

/// How it went.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Start {
    /// More is to be done at once, or in a moment.
    Goes(Starter),
    /// The chip bridges.
    Ends(Pointers),
}

impl Starter {
    pub(crate) fn new(cure: Cure, now_us: u32) -> Self {
        let step = match cure {
            Cure::Reset => Step::PullReset,
            Cure::Reopen => Step::Close,
        };
        Self { step, since_us: now_us }
    }

    /// The next step, if its time has come.
    pub(crate) fn advance<B: Bus, R: OutputPin>(
        self,
        chip: &mut B,
        reset: &mut R,
        now_us: u32,
    ) -> Result<Start, Trouble> {
        let passed_us = now_us.wrapping_sub(self.since_us);
        let next = match self.step {
            Step::PullReset => {
                // Without the pin the registers' reset has to do.
                let _ = reset.set_low();
                Step::ReleaseReset
            }
            Step::ReleaseReset if passed_us < RESET_US => return Ok(Start::Goes(self)),
            Step::ReleaseReset => {
                let _ = reset.set_high();
                Step::Reset
            }
            Step::Reset if passed_us < SETTLE_US => return Ok(Start::Goes(self)),
            Step::Reset => {
                chip.reset()?;
                Step::Identify
            }
            Step::Identify if !chip.is_ready()? => return self.wait(passed_us),
            Step::Identify => Step::Close,
            Step::Close if chip.look()?.has_command => return self.wait(passed_us),
            Step::Close => {
                chip.order(SocketCommand::Close)?;
                Step::Open
            }
            Step::Open if !is_now(chip, SocketStatus::Closed)? => return self.wait(passed_us),
            Step::Open => {
                chip.set_up()?;
                chip.order(SocketCommand::Open)?;
                Step::Begin
            }
            Step::Begin if !is_now(chip, SocketStatus::Macraw)? => return self.wait(passed_us),
            Step::Begin => return Ok(Start::Ends(chip.pointers()?)),
        };
        Ok(Start::Goes(Self { step: next, since_us: now_us }))
    }

    fn wait(self, passed_us: u32) -> Result<Start, Trouble> {
        if passed_us > COMMAND_US { Err(Trouble::Lost) } else { Ok(Start::Goes(self)) }
    }
}

/// Whether the last command is through, and the socket what it should be then.
fn is_now(chip: &mut impl Bus, status: SocketStatus) -> Result<bool, Trouble> {
    let look = chip.look()?;
    Ok(!look.has_command && look.status == Some(status))
}
