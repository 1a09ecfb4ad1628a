//! The board's time: the two halves of a CMSDK dual timer, one that runs for ever and one for the
//! alarm.

use core::cell::Cell;

use cortex_m::interrupt::{self, Mutex};
use keeptrack_core::Instant;
use keeptrack_drivers::Mmio;
use keeptrack_drivers::ticks::Ticks;

// SAFETY: the board has a dual timer there, which touches no memory.
const TIMER: Mmio<0x1000> = unsafe { Mmio::at(0x4000_2000) };

/// The registers of the half that runs for ever, and those of the alarm.
const VALUE: usize = 0x04;
const CONTROL: usize = 0x08;
const ALARM_LOAD: usize = 0x20;
const ALARM_CONTROL: usize = 0x28;
const ALARM_CLEAR: usize = 0x2c;

/// What the control registers say.
const ONE_SHOT: u32 = 1;
const WIDE: u32 = 1 << 1;
const INTERRUPTS: u32 = 1 << 5;
const FROM_LOAD: u32 = 1 << 6;
const ENABLED: u32 = 1 << 7;

/// The timer runs at 25 MHz.
const TICKS_PER_MS: u32 = 25_000;

/// The alarm rings after this at the latest, in milliseconds: the counter wraps after 171 seconds,
/// and must be looked at before.
const LONGEST_SLEEP: u64 = 60_000;

/// After a reset the counter begins with all ones.
static TICKS: Mutex<Cell<Ticks<TICKS_PER_MS>>> =
    Mutex::new(Cell::new(Ticks::starting_at(u32::MAX)));

/// Starts the clock.
pub fn start() {
    TIMER.write(CONTROL, ENABLED | WIDE);
    TIMER.write(ALARM_CONTROL, ENABLED | FROM_LOAD | INTERRUPTS | WIDE | ONE_SHOT);
}

/// Now, since the start.
#[must_use]
pub fn now() -> Instant {
    Instant::from_millis(look(Ticks::millis))
}

/// Microseconds since the start: the time of a line in the log.
#[must_use]
pub fn micros() -> u64 {
    look(Ticks::micros)
}

/// The counter, which runs down.
#[must_use]
pub fn counter() -> u32 {
    TIMER.read(VALUE)
}

/// Raises the timer's interrupt at `moment`, instead of at the one that was set before; earlier, if
/// that is far away.
pub fn set_alarm(moment: Instant) {
    let millis = moment.since(now()).min(LONGEST_SLEEP);
    let ticks = u32::try_from(millis).unwrap_or(0).wrapping_mul(TICKS_PER_MS);
    TIMER.write(ALARM_LOAD, ticks.max(1));
}

/// Forgets that the alarm has rung.
pub fn acknowledge() {
    TIMER.write(ALARM_CLEAR, 0);
}

fn look(at: impl FnOnce(&mut Ticks<TICKS_PER_MS>, u32) -> u64) -> u64 {
    interrupt::free(|section| {
        let shared = TICKS.borrow(section);
        let mut ticks = shared.get();
        let passed = at(&mut ticks, counter());
        shared.set(ticks);
        passed
    })
}
