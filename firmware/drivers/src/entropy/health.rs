//! Whether samples are as random as is claimed: the tests that NIST SP 800-90B, section 4.4 asks for,
//! and one of our own. Each is passed by what is claimed but for one time in 2^20.

use super::{SAMPLES, SAMPLES_A_BIT};

/// So many equal samples in a row fail: 1 + 20 / H of section 4.4.1, for H of a sample.
const REPEATED: usize = 1 + 20 * SAMPLES_A_BIT;

/// How many samples are a window of section 4.4.2, where a sample is a bit.
const WINDOW: usize = 1024;

/// So many of a window that equal its first fail: section 4.4.2 with a probability of 2^-H of the
/// likeliest sample, H being a 32nd.
const IN_PROPORTION: usize = 1021;

/// So many blocks in a row fail each of which repeats itself: where samples have what is claimed, one
/// in sixteen is all zeros.
const PERIODIC: usize = 6;

/// The health test that samples have failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Unhealthy {
    /// The repetition count test.
    Repetition,
    /// The adaptive proportion test.
    Proportion,
    /// The samples repeat after half a block or less, as those of clocks that are one.
    Period,
}

/// The tests, and where they are.
#[derive(Debug, Clone)]
pub(super) struct Health {
    last: u8,
    repeated: usize,
    first: u8,
    window_len: usize,
    equal: usize,
    periodic: usize,
}

impl Health {
    pub(super) const fn new() -> Self {
        Self { last: 0, repeated: 0, first: 0, window_len: 0, equal: 0, periodic: 0 }
    }

    /// Tests the samples of a block, the first in the highest bit.
    pub(super) fn test(&mut self, samples: u128) -> Result<(), Unhealthy> {
        (0..SAMPLES).rev().try_for_each(|place| {
            let sample = u8::from(samples >> place & 1 == 1);
            self.repetition(sample)?;
            self.proportion(sample)
        })?;
        self.periodic = if repeats_itself(samples) { self.periodic.wrapping_add(1) } else { 0 };
        if self.periodic >= PERIODIC { Err(Unhealthy::Period) } else { Ok(()) }
    }

    fn repetition(&mut self, sample: u8) -> Result<(), Unhealthy> {
        self.repeated = if sample == self.last { self.repeated.wrapping_add(1) } else { 1 };
        self.last = sample;
        if self.repeated >= REPEATED { Err(Unhealthy::Repetition) } else { Ok(()) }
    }

    fn proportion(&mut self, sample: u8) -> Result<(), Unhealthy> {
        if self.window_len == 0 {
            (self.first, self.equal) = (sample, 0);
        }
        self.equal = self.equal.wrapping_add(usize::from(sample == self.first));
        self.window_len = self.window_len.wrapping_add(1) % WINDOW;
        if self.equal >= IN_PROPORTION { Err(Unhealthy::Proportion) } else { Ok(()) }
    }
}

/// Whether samples are those before them again, up to half a block before.
fn repeats_itself(samples: u128) -> bool {
    (1..=SAMPLES / 2).any(|period| (samples ^ samples >> period) << period == 0)
}
