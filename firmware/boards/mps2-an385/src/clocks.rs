//! The source of the keys: the processor's clock and the Ethernet chip's, which has a crystal of its
//! own.
//!
//! In QEMU both are its host's clock, and what differs is how long the host takes from one counter to
//! the other. Where QEMU counts instructions instead (`-icount`) nothing differs: there are no keys,
//! and no table.

use core::array;

use keeptrack_drivers::entropy::BLOCK;
use keeptrack_drivers::lan9118::registers::Register;

use crate::clock;
use crate::ethernet::CHIP;

/// Ticks from one reading to the next, 5 microseconds: longer than what the jitter of one says about
/// the next, and a block is over before the chip's memory is full of frames.
const SPACING: u32 = 128;

/// How far the clocks are apart, again and again.
#[must_use]
pub fn readings() -> [u32; BLOCK] {
    array::from_fn(|_| {
        let began = clock::counter();
        while began.wrapping_sub(clock::counter()) < SPACING {}
        // One runs up, the other down. The chip's may be read 180 ns after a write: long ago.
        CHIP.read(Register::FreeRun as usize).wrapping_add(clock::counter())
    })
}
