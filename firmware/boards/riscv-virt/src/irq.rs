//! Sleep until a device or the alarm has something to say.
//!
//! No handler runs: interrupts stay disabled in `mstatus`, and one that is pending all the same ends
//! `wfi`. So nothing races with the loop, and an idle board costs its host nothing.

use keeptrack_drivers::Mmio;
use riscv::register::mie;

// SAFETY: QEMU's virt machine has a PLIC there, which touches no memory.
const PLIC: Mmio<0x60_0000> = unsafe { Mmio::at(0x0c00_0000) };

/// Its first context is hart 0 in machine mode.
const ENABLE: usize = 0x2000;
const THRESHOLD: usize = 0x20_0000;
/// Reading claims, writing completes.
const CLAIM: usize = 0x20_0004;

/// An interrupt line of the PLIC, 1 to 31.
#[derive(Debug, Clone, Copy)]
pub struct Line(pub(crate) u32);

/// Lets `line` end [`sleep`].
pub fn enable(line: Line) {
    // Each line has a priority word, in the order of their numbers.
    PLIC.write(4 * line.0 as usize, 1);
    PLIC.write(ENABLE, PLIC.read(ENABLE) | 1 << line.0);
    PLIC.write(THRESHOLD, 0);
    // SAFETY: `mstatus.MIE` stays clear, so this starts no handler.
    unsafe {
        mie::set_mext();
        mie::set_mtimer();
    }
}

/// Sleeps until a line is pending, or the alarm is due; at once when one is already.
pub fn sleep() {
    riscv::asm::wfi();
}

/// Takes the next pending line, until there is none. Its device must be acknowledged before
/// [`complete`]: the line would otherwise be pending again.
#[must_use]
pub fn claim() -> Option<Line> {
    match PLIC.read(CLAIM) {
        0 => None,
        line => Some(Line(line)),
    }
}

/// Lets the line be pending again.
pub fn complete(line: Line) {
    PLIC.write(CLAIM, line.0);
}
