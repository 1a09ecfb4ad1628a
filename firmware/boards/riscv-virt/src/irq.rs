//! Sleep until a device or the alarm has something to say.
//!
//! No handler runs: interrupts stay disabled in `mstatus`, and one that is pending all the same ends
//! `wfi`. So nothing races with the loop, and an idle board costs its host nothing.

use riscv::register::mie;

use crate::mmio::Register;

const BASE: usize = 0x0c00_0000;
// SAFETY: QEMU's virt machine has a PLIC at `BASE`; its first context is hart 0 in machine mode.
const ENABLE: Register = unsafe { Register::at(BASE + 0x2000) };
// SAFETY: as above.
const THRESHOLD: Register = unsafe { Register::at(BASE + 0x20_0000) };
// SAFETY: as above. Reading claims, writing completes.
const CLAIM: Register = unsafe { Register::at(BASE + 0x20_0004) };

/// An interrupt line of the PLIC, 1 to 31.
#[derive(Clone, Copy)]
pub(crate) struct Line(pub(crate) u32);

/// Lets `line` end [`sleep`].
pub(crate) fn enable(line: Line) {
    // SAFETY: each line has a priority word at `BASE`, in the order of their numbers.
    let priority = unsafe { Register::at(BASE + 4 * line.0 as usize) };
    priority.write(1);
    ENABLE.write(ENABLE.read() | 1 << line.0);
    THRESHOLD.write(0);
    // SAFETY: `mstatus.MIE` stays clear, so this starts no handler.
    unsafe {
        mie::set_mext();
        mie::set_mtimer();
    }
}

/// Sleeps until a line is pending, or the alarm is due; at once when one is already.
pub(crate) fn sleep() {
    riscv::asm::wfi();
}

/// Takes the next pending line, until there is none. Its device must be acknowledged before
/// [`complete`]: the line would otherwise be pending again.
pub(crate) fn claim() -> Option<Line> {
    match CLAIM.read() {
        0 => None,
        line => Some(Line(line)),
    }
}

/// Lets the line be pending again.
pub(crate) fn complete(line: Line) {
    CLAIM.write(line.0);
}
