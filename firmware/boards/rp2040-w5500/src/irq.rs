//! Sleep until a transfer, a W5500 or the alarm has something to say.
//!
//! No handler runs: interrupts stay masked in the processor, and one that is pending all the same
//! ends `wfi`. So nothing races with the loop.

use cortex_m::peripheral::NVIC;
use cortex_m::{asm, interrupt};
use rp2040_hal::pac::{IO_BANK0, Interrupt, io_bank0};

const LINES: [Interrupt; 3] =
    [Interrupt::TIMER_IRQ_0, Interrupt::DMA_IRQ_0, Interrupt::IO_IRQ_BANK0];

/// That GP21 fell, `eth0`'s INTn, in the register of GP16 to GP23: four bits a pin, of which this is
/// the third.
const LEFT_FELL: u32 = 0b0100 << (4 * 5);

/// That GP15 fell, `eth1`'s, in the register of GP8 to GP15.
const RIGHT_FELL: u32 = 0b0100 << (4 * 7);

/// Lets the board's lines end [`sleep`]. The pins have been given their functions before.
pub fn start() {
    interrupt::disable();
    // SAFETY: that a pin falls is noted by the chip, and interrupts nobody while interrupts are masked.
    unsafe {
        pins().proc0_inte(2).write(|w| w.bits(LEFT_FELL));
        pins().proc0_inte(1).write(|w| w.bits(RIGHT_FELL));
    }
    for line in LINES {
        // SAFETY: interrupts are masked, so that this starts no handler.
        unsafe { NVIC::unmask(line) }
    }
}

/// Forgets that pins fell, before the W5500 are looked at: one that falls later interrupts again.
pub fn acknowledge() {
    // SAFETY: the notes of other pins are written as zeros, which changes nothing.
    unsafe {
        pins().intr(2).write(|w| w.bits(LEFT_FELL));
        pins().intr(1).write(|w| w.bits(RIGHT_FELL));
    }
}

/// Sleeps until a line is up; not at all when one is already.
pub fn sleep() {
    // A line that was up meanwhile, but is no more, is of no interest; one that is up stays pending.
    LINES.into_iter().for_each(NVIC::unpend);
    asm::dsb();
    asm::wfi();
}

fn pins() -> &'static io_bank0::RegisterBlock {
    // SAFETY: what is written here is about interrupts, which nobody else has to do with.
    unsafe { &*IO_BANK0::PTR }
}
