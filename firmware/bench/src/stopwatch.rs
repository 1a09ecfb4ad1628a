//! Ticks of the system timer that a call takes.

use core::arch::asm;
use core::hint::black_box;

use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{Peripherals, SYST};

use crate::report::say;

/// The timer counts down from here, and anew: a call must take fewer ticks.
const TOP: u32 = 0x00ff_ffff;

/// Counts what calls take, without what the counting takes.
#[derive(Debug)]
pub struct Stopwatch {
    own_ticks: u32,
}

impl Stopwatch {
    /// Starts the timer, and says how many ticks a thousand instructions take: the figure
    /// `thousand`. To be called once.
    #[must_use]
    pub fn start() -> Self {
        if let Some(Peripherals { mut SYST, .. }) = Peripherals::take() {
            SYST.set_clock_source(SystClkSource::Core);
            SYST.set_reload(TOP);
            SYST.clear_current();
            SYST.enable_counter();
        }
        let idle = Self { own_ticks: 0 };
        let watch = Self { own_ticks: idle.ticks(|| ()).1 };
        say("thousand", watch.ticks(thousand).1);
        watch
    }

    /// What `call` gives, and what it takes.
    pub fn ticks<T>(&self, call: impl FnOnce() -> T) -> (T, u32) {
        let start = SYST::get_current();
        let answer = black_box(call());
        let end = SYST::get_current();
        let passed = start.wrapping_sub(end) & TOP;
        (answer, passed.saturating_sub(self.own_ticks))
    }
}

/// A thousand instructions, which the assembler counts.
#[inline(never)]
fn thousand() {
    // SAFETY: it does nothing.
    unsafe { asm!(".rept 1000", "nop", ".endr", options(nomem, nostack, preserves_flags)) }
}
