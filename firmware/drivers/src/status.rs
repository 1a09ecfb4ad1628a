//! What a board's log says of the board itself, every ten seconds: how deep its stack was.

use keeptrack_core::Instant;

use crate::stack::Stack;

/// Seconds from one line to the next.
const INTERVAL: u32 = 10;

/// A stack, and when the log speaks of it next.
#[derive(Debug)]
pub struct Status {
    stack: Stack,
    next: Instant,
}

impl Status {
    /// Speaks of `stack` at once, and then every ten seconds.
    #[must_use]
    pub fn new(stack: Stack) -> Self {
        Self { stack, next: Instant::default() }
    }

    /// The line, if it is time for it.
    pub fn log(&mut self, now: Instant) {
        if now >= self.next {
            let (deepest, size) = (self.stack.high_water(), self.stack.size());
            defmt::info!("stack: {=usize} of {=usize} bytes", deepest, size);
            self.next = now.after(INTERVAL);
        }
    }

    /// When it is time for the next.
    #[must_use]
    pub const fn next(&self) -> Instant {
        self.next
    }
}
