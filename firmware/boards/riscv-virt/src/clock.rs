//! The board's time: the CLINT's counter since reset, and its alarm.

use keeptrack_core::Instant;
use keeptrack_drivers::Mmio;

// SAFETY: QEMU's virt machine has a CLINT there, which touches no memory.
const CLINT: Mmio<0x1_0000> = unsafe { Mmio::at(0x0200_0000) };

/// Hart 0's alarm and the counter, each in two words, the lower one first.
const ALARM: usize = 0x4000;
const COUNTER: usize = 0xbff8;

/// The counter runs at 10 MHz.
const TICKS_PER_US: u64 = 10;
const TICKS_PER_MS: u64 = 1000 * TICKS_PER_US;

/// Now, since reset.
#[must_use]
pub fn now() -> Instant {
    Instant::from_millis(ticks() / TICKS_PER_MS)
}

/// Microseconds since reset: the time of a line in the log.
#[must_use]
pub fn micros() -> u64 {
    ticks() / TICKS_PER_US
}

/// Raises the timer interrupt at `moment`, instead of at the one that was set before.
pub fn set_alarm(moment: Instant) {
    let at = moment.as_millis().saturating_mul(TICKS_PER_MS);
    // A moment of which one half is written must not lie in the past.
    CLINT.write(ALARM + 4, u32::MAX);
    CLINT.write(ALARM, low(at));
    CLINT.write(ALARM + 4, low(at >> 32));
}

fn ticks() -> u64 {
    loop {
        let high = CLINT.read(COUNTER + 4);
        let low = CLINT.read(COUNTER);
        if CLINT.read(COUNTER + 4) == high {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a register takes half of the 64 bits")]
const fn low(word: u64) -> u32 {
    word as u32
}
