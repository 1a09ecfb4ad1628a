//! Why the board has started, said across a reset: what the program notes before it, and what the
//! chip knows.
//!
//! The note lies in the first two of the watchdog's scratch registers, which a reset by it leaves
//! alone; the last four are the boot ROM's.

use cortex_m::asm;
use defmt::Formatter;
use keeptrack_drivers::stack::Stack;
use rp2040_hal::pac::{VREG_AND_CHIP_RESET, WATCHDOG, watchdog};

/// The upper half of a register that holds a note.
const MARK: u32 = 0x6b74_0000;

/// What is there instead while a program runs that the watchdog watches.
const WATCHED: u32 = MARK | 4;

/// What a program notes when it cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// The processor has refused the instruction at this address.
    Fault {
        /// The program counter.
        pc: u32,
    },
    /// The program has panicked.
    Panic {
        /// The line of the source.
        line: u32,
    },
    /// There was nothing to go on with.
    GaveUp,
}

/// Why the board has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It has got power, or too little of it for a moment.
    PowerOn,
    /// By the chip's pin RUN.
    RunPin,
    /// By a debug probe.
    Debugger,
    /// The watchdog was not fed.
    Watchdog,
    /// So it was, and the stack had been as deep as it may be: most likely it was to become deeper.
    Stack,
    /// By the boot ROM, when it has written a program to the flash: by the watchdog, which no program
    /// had started.
    BootRom,
    /// By the program itself.
    Noted(Note),
}

impl Reason {
    /// Why, as long as it has not been asked before, on a stack that was painted at the start.
    ///
    /// What the program has noted holds, for it was noted last. The watchdog's own flags outlive a
    /// reset by a debugger: after a bite that looks like another one.
    #[must_use]
    pub fn take(stack: &Stack) -> Self {
        let watchdog = registers();
        let note = [watchdog.scratch0().read().bits(), watchdog.scratch1().read().bits()];
        watchdog.scratch0().reset();
        let [mark, _] = note;
        if let Some(note) = Note::read(note) {
            return Self::Noted(note);
        }
        if watchdog.reason().read().timer().bit_is_set() {
            return match mark {
                WATCHED if stack.was_full() => Self::Stack,
                WATCHED => Self::Watchdog,
                _ => Self::BootRom,
            };
        }
        // SAFETY: the registers are there at all times, and nothing but flags are read.
        let chip = unsafe { &*VREG_AND_CHIP_RESET::PTR }.chip_reset().read();
        if chip.had_run().bit_is_set() {
            Self::RunPin
        } else if chip.had_psm_restart().bit_is_set() {
            Self::Debugger
        } else {
            Self::PowerOn
        }
    }
}

impl defmt::Format for Reason {
    fn format(&self, to: Formatter<'_>) {
        match self {
            Self::PowerOn => defmt::write!(to, "power on"),
            Self::RunPin => defmt::write!(to, "run pin"),
            Self::Debugger => defmt::write!(to, "debugger"),
            Self::Watchdog => defmt::write!(to, "watchdog"),
            Self::Stack => defmt::write!(to, "watchdog, stack full"),
            Self::BootRom => defmt::write!(to, "boot rom"),
            Self::Noted(Note::Fault { pc }) => defmt::write!(to, "fault at {=u32:#x}", pc),
            Self::Noted(Note::Panic { line }) => defmt::write!(to, "panic in line {=u32}", line),
            Self::Noted(Note::GaveUp) => defmt::write!(to, "gave up"),
        }
    }
}

impl Note {
    /// As two registers hold it.
    const fn written(self) -> [u32; 2] {
        match self {
            Self::Fault { pc } => [MARK | 1, pc],
            Self::Panic { line } => [MARK | 2, line],
            Self::GaveUp => [MARK | 3, 0],
        }
    }

    const fn read([kind, of]: [u32; 2]) -> Option<Self> {
        match kind ^ MARK {
            1 => Some(Self::Fault { pc: of }),
            2 => Some(Self::Panic { line: of }),
            3 => Some(Self::GaveUp),
            _ => None,
        }
    }
}

/// Notes that the watchdog has been started: if nothing else is noted until the next start, it bit.
pub fn watched() {
    write([WATCHED, 0]);
}

/// Notes why the board is about to start anew, by [`restart`] or, should the way there fail, by the
/// watchdog.
pub fn note(note: Note) {
    write(note.written());
}

/// Starts the board anew.
pub fn restart() -> ! {
    asm::dsb();
    rp2040_hal::reset()
}

fn write([kind, of]: [u32; 2]) {
    let watchdog = registers();
    // SAFETY: the registers take any words, and nothing in the chip goes by them.
    watchdog.scratch1().write(|w| unsafe { w.bits(of) });
    // SAFETY: as above.
    watchdog.scratch0().write(|w| unsafe { w.bits(kind) });
}

fn registers() -> &'static watchdog::RegisterBlock {
    // SAFETY: what is written is the note's registers, which nobody else has.
    unsafe { &*WATCHDOG::PTR }
}
