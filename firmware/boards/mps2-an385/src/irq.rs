//! Sleep until the Ethernet chip or the alarm has something to say.
//!
//! No handler runs: interrupts stay masked in the processor, and one that is pending all the same
//! ends `wfi`. So nothing races with the loop, and an idle board costs its host nothing.

use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;
use cortex_m::{asm, interrupt};

/// An interrupt line of the board.
#[derive(Debug, Clone, Copy)]
enum Line {
    Timer = 10,
    Ethernet = 13,
}

// SAFETY: these are lines of this board, and a line does not change its number.
unsafe impl InterruptNumber for Line {
    fn number(self) -> u16 {
        self as u16
    }
}

const LINES: [Line; 2] = [Line::Timer, Line::Ethernet];

/// Lets the board's lines end [`sleep`].
pub fn start() {
    interrupt::disable();
    for line in LINES {
        // SAFETY: interrupts are masked, so that this starts no handler.
        unsafe { NVIC::unmask(line) }
    }
}

/// Forgets which lines were pending. Their devices must have been acknowledged before: a line that is
/// still up stays pending.
pub fn acknowledge() {
    LINES.into_iter().for_each(NVIC::unpend);
}

/// Sleeps until a line is pending; not at all when one is already.
pub fn sleep() {
    asm::dsb();
    asm::wfi();
}
