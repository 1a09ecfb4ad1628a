//! The source of the keys: the ring oscillator's bit, taken by the crystal's clock.
//!
//! The processor runs by the crystal, as `clocks.rs` has it, and reads in which half of its swing the
//! ring is. The datasheet promises no quality for the bit, and it differs from chip to chip; so no
//! more than a 32nd of a bit of entropy is claimed for a sample, as for two crystals, and what is not
//! worth that much gives no keys.

use core::array;

use cortex_m::asm;
use keeptrack_drivers::entropy::BLOCK;
use rp2040_hal::pac::ROSC;

/// Cycles of the processor from one reading to the next, 4 microseconds: the ring swings 8 to 48
/// times meanwhile.
const SPACING: u32 = 500;

/// What `asm::delay` takes of them a round.
const ROUND: u32 = 3;

/// The bit, again and again. Takes half a millisecond.
#[must_use]
pub fn readings() -> [u32; BLOCK] {
    // SAFETY: nothing but a bit is read.
    let ring = unsafe { &*ROSC::PTR };
    array::from_fn(|_| {
        asm::delay(SPACING / ROUND);
        ring.randombit().read().bits()
    })
}
