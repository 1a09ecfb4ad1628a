//! What a board's `memory.x` and its runtime's linker script say: where the configuration is, and the
//! stack.

use core::ptr::{slice_from_raw_parts, with_exposed_provenance, with_exposed_provenance_mut};

use crate::stack::Stack;

// SAFETY: the linker scripts define these symbols; only their addresses are looked at.
unsafe extern "C" {
    safe static _config_start: u8;
    safe static _config_end: u8;
    safe static _stack_end: u8;
    safe static _stack_start: u8;
}

/// The configuration's place in flash, whatever lies there.
#[must_use]
pub fn config() -> &'static [u8] {
    let (start, end) = ((&raw const _config_start).addr(), (&raw const _config_end).addr());
    let bytes = slice_from_raw_parts(with_exposed_provenance(start), end.saturating_sub(start));
    // SAFETY: flash that nothing writes while the board runs, from one symbol to the other.
    unsafe { &*bytes }
}

/// Paints the stack, which the board's `memory.x` puts below the variables, at the end of the RAM.
#[must_use]
pub fn stack() -> Stack {
    let (lowest, top) = ((&raw const _stack_end).addr(), (&raw const _stack_start).addr());
    // SAFETY: this is a region of its own, and the stack that this runs on.
    unsafe { Stack::paint(with_exposed_provenance_mut(lowest), with_exposed_provenance(top)) }
}
