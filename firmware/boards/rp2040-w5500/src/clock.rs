//! The board's time: a timer that counts microseconds, and its first alarm.

use core::cell::Cell;

use cortex_m::interrupt::{self, Mutex};
use keeptrack_core::Instant;
use keeptrack_drivers::ticks::Ticks;
use rp2040_hal::pac::{RESETS, TIMER, timer};

/// A tick is a microsecond.
const TICKS_PER_MS: u32 = 1000;

/// The alarm rings after this at the latest, in milliseconds: the counter wraps after 71 minutes, and
/// must be looked at before.
const LONGEST_SLEEP: u64 = 60_000;

/// The alarm rings after this at the earliest, in ticks: one for a moment that has passed would ring
/// after the wrap.
const SHORTEST_SLEEP: u32 = 20;

/// The first of four alarms.
const ALARM: u32 = 1 << 0;

/// A reset leaves the counter at zero.
static TICKS: Mutex<Cell<Ticks<TICKS_PER_MS>>> =
    Mutex::new(Cell::new(Ticks::starting_at(u32::MAX)));

/// For when the alarm is set, until it has rung.
static ALARM_AT: Mutex<Cell<Option<Instant>>> = Mutex::new(Cell::new(None));

/// Starts it, once there are microseconds to count, and lets the alarm interrupt.
pub fn start(timer: &TIMER, resets: &mut RESETS) {
    resets.reset().modify(|_, w| w.timer().set_bit());
    resets.reset().modify(|_, w| w.timer().clear_bit());
    while resets.reset_done().read().timer().bit_is_clear() {}
    // SAFETY: interrupts are masked, so that the alarm starts no handler.
    timer.inte().write(|w| unsafe { w.bits(ALARM) });
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

/// The lower half of the counter, which runs up.
#[must_use]
pub fn counter() -> u32 {
    registers().timerawl().read().bits()
}

/// Raises the timer's interrupt at `moment`, instead of at the one that was set before; earlier, if
/// that is far away.
pub fn set_alarm(moment: Instant) {
    interrupt::free(|section| {
        let set = ALARM_AT.borrow(section);
        if set.replace(Some(moment)) == Some(moment) {
            return;
        }
        let millis = moment.since(now()).min(LONGEST_SLEEP);
        let ticks = u32::try_from(millis).unwrap_or(0).wrapping_mul(TICKS_PER_MS);
        let target = counter().wrapping_add(ticks.max(SHORTEST_SLEEP));
        // SAFETY: the register takes any time.
        registers().alarm0().write(|w| unsafe { w.bits(target) });
    });
}

/// Forgets that the alarm has rung, if it has.
pub fn acknowledge() {
    if registers().intr().read().bits() & ALARM != 0 {
        // SAFETY: the bits of other alarms are written as zeros, which changes nothing.
        registers().intr().write(|w| unsafe { w.bits(ALARM) });
        interrupt::free(|section| ALARM_AT.borrow(section).set(None));
    }
}

fn look(at: impl FnOnce(&mut Ticks<TICKS_PER_MS>, u32) -> u64) -> u64 {
    interrupt::free(|section| {
        let shared = TICKS.borrow(section);
        let mut ticks = shared.get();
        let passed = at(&mut ticks, !counter());
        shared.set(ticks);
        passed
    })
}

fn registers() -> &'static timer::RegisterBlock {
    // SAFETY: nobody else has the timer once it is started, and it is written a register at a time.
    unsafe { &*TIMER::PTR }
}
