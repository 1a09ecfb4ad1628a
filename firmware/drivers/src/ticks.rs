//! Time from a counter of 32 bits that runs down and wraps, `PER_MS` ticks a millisecond: 1,000 or
//! more.

/// What has passed since the start, as of the last look.
///
/// Someone must look at least once in the time that the counter takes to wrap. Nothing is divided
/// but words: a microcontroller divides no 64 bits at once.
#[derive(Debug, Clone, Copy)]
pub struct Ticks<const PER_MS: u32> {
    millis: u64,
    /// What the counter read when this millisecond began.
    began: u32,
}

impl<const PER_MS: u32> Ticks<PER_MS> {
    /// Starts when the counter reads `counter`.
    #[must_use]
    pub const fn starting_at(counter: u32) -> Self {
        const { assert!(PER_MS >= 1000, "a tick is a microsecond at most") }
        Self { millis: 0, began: counter }
    }

    /// Milliseconds since the start, when the counter reads `counter`.
    pub const fn millis(&mut self, counter: u32) -> u64 {
        let passed = self.began.wrapping_sub(counter);
        // Mostly it is the same millisecond, and small processors take long to divide.
        if passed < PER_MS {
            return self.millis;
        }
        let whole = passed / PER_MS;
        self.began = self.began.wrapping_sub(whole.wrapping_mul(PER_MS));
        self.millis = self.millis.wrapping_add(whole as u64);
        self.millis
    }

    /// Microseconds since the start, when the counter reads `counter`.
    pub const fn micros(&mut self, counter: u32) -> u64 {
        let millis = self.millis(counter);
        let part = self.began.wrapping_sub(counter) / (PER_MS / 1000);
        millis.wrapping_mul(1000).wrapping_add(part as u64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However the looks lie, nothing is lost between them, and no wrap.
        #[test]
        fn time_is_what_the_counter_has_counted(
            start: u32,
            steps in prop::collection::vec(0..=u32::MAX, 1..50),
        ) {
            let mut ticks = Ticks::<25_000>::starting_at(start);
            let mut passed = 0_u64;
            for step in steps {
                passed += u64::from(step);
                let counter = start.wrapping_sub(u32::try_from(passed % (1 << 32)).unwrap());
                prop_assert_eq!(ticks.micros(counter), passed / 25);
                prop_assert_eq!(ticks.millis(counter), passed / 25_000);
            }
        }
    }
}
