//! The board's time: the CLINT's counter since reset, and its alarm.

use keeptrack_core::Instant;

use crate::mmio::Register;

const BASE: usize = 0x0200_0000;
// SAFETY: QEMU's virt machine has a CLINT at `BASE`; these are hart 0's alarm and the counter.
const ALARM_LOW: Register = unsafe { Register::at(BASE + 0x4000) };
// SAFETY: as above.
const ALARM_HIGH: Register = unsafe { Register::at(BASE + 0x4004) };
// SAFETY: as above.
const COUNTER_LOW: Register = unsafe { Register::at(BASE + 0xbff8) };
// SAFETY: as above.
const COUNTER_HIGH: Register = unsafe { Register::at(BASE + 0xbffc) };

/// The counter runs at 10 MHz.
const TICKS_PER_MS: u64 = 10_000;

/// Now, since reset.
pub(crate) fn now() -> Instant {
    Instant::from_millis(ticks() / TICKS_PER_MS)
}

/// Raises the timer interrupt at `moment`, instead of at the one that was set before.
pub(crate) fn set_alarm(moment: Instant) {
    let at = moment.as_millis().saturating_mul(TICKS_PER_MS);
    // A moment of which one half is written must not lie in the past.
    ALARM_HIGH.write(u32::MAX);
    ALARM_LOW.write(low(at));
    ALARM_HIGH.write(low(at >> 32));
}

fn ticks() -> u64 {
    loop {
        let high = COUNTER_HIGH.read();
        let low = COUNTER_LOW.read();
        if COUNTER_HIGH.read() == high {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a register takes half of the 64 bits")]
const fn low(word: u64) -> u32 {
    word as u32
}
