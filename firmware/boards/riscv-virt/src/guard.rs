//! A stack that grows too deep stops the board, which says so, and reaches nothing else.

use core::arch::global_asm;

use riscv::register::{pmpaddr0, pmpcfg0};

/// What lies below the RAM, whose lowest part is the stack: the window of the machine's PCI bus. A
/// write there would go unnoticed. Nothing here has a use for the bus.
const BELOW: usize = 0x4000_0000;
const BELOW_LEN: usize = 0x4000_0000;

/// An entry that holds for this mode too and until the next reset, for a region whose length is a
/// power of two; it permits nothing.
const CLOSED: usize = 1 << 7 | 0b11 << 3;

/// Lets the processor fault where something below the stack is touched.
pub fn start() {
    // In words, with as many ones at the end as tell the length.
    let region = (BELOW | (BELOW_LEN / 2 - 1)) >> 2;
    // SAFETY: nothing that the program owns or runs lies there.
    unsafe {
        pmpaddr0::write(region);
        pmpcfg0::write(CLOSED);
    }
}

// What has faulted may have no stack left to say so on. It does not go on, and no interrupt is taken:
// what handles the fault may have the stack from its top.
global_asm!(
    ".section .trap.start, \"ax\"",
    ".global _pre_default_start_trap",
    "_pre_default_start_trap:",
    "la sp, _stack_start",
    "j _pre_default_start_trap_ret",
);
