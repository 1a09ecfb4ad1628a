//! Keys from two clocks: where a chip has no source of randomness, how two oscillators run apart is
//! one.
//!
//! A reading is what one of them says when the other asks: the difference of two counters, each
//! driven by a crystal of its own, read one right after the other; or the state of a ring oscillator,
//! read by a crystal's time. Their edges meet at moments that the jitter of both decides. What is
//! known of a sample is little, so little is claimed: a 32nd of a bit. A sample is the lowest bit of
//! the change from one reading to the next; all bits of all readings go into the pool, a SipHash-2-4
//! of 128 bits, keyed by what came before. That is no conditioner that SP 800-90B has vetted, so the
//! pool takes twice what it can hold.
//!
//! While the samples fail a [health test](Unhealthy) there are no keys, and nothing is kept. The
//! tests notice clocks that are one clock, an oscillator that stands still or only goes to and fro,
//! and an emulator that counts instructions instead of running by its host's time. They do not prove
//! that the claim holds for a board: whoever builds one measures its own samples.

mod health;

use keeptrack_core::Seed;
use keeptrack_gateway::Keys;
use siphasher::sip128::SipHasher24;

use health::Health;
pub use health::Unhealthy;

/// How many readings are taken in a row, and given together.
pub const BLOCK: usize = SAMPLES + 1;

/// How many samples they are.
const SAMPLES: usize = 128;

/// Samples that are at least one bit of entropy together.
pub const SAMPLES_A_BIT: usize = 32;

/// What the pool holds, in bits.
const POOL_BITS: usize = 128;

/// How many blocks the pool takes.
const BLOCKS: usize = 2 * POOL_BITS * SAMPLES_A_BIT / SAMPLES;

/// A pool of readings that becomes two keys.
#[derive(Clone)]
pub struct Entropy {
    pool: [u8; 16],
    block_count: usize,
    health: Health,
}

impl Entropy {
    /// An empty pool.
    #[must_use]
    pub const fn new() -> Self {
        Self { pool: [0; 16], block_count: 0, health: Health::new() }
    }

    /// Adds readings; the keys, once there are enough. A pool gives keys once, and is empty then.
    ///
    /// The readings are to be taken in a loop that does nothing else, all in the same way.
    ///
    /// # Errors
    /// The health test that they fail. The pool is empty again.
    pub fn add(&mut self, readings: &[u32; BLOCK]) -> Result<Option<Keys>, Unhealthy> {
        if let Err(unhealthy) = self.health.test(samples(readings)) {
            *self = Self::new();
            return Err(unhealthy);
        }
        let mut bytes = [[0; 4]; BLOCK];
        for (bytes, reading) in bytes.iter_mut().zip(readings) {
            *bytes = reading.to_le_bytes();
        }
        self.pool = hash(&self.pool, bytes.as_flattened());
        self.block_count = self.block_count.wrapping_add(1);
        if self.block_count < BLOCKS {
            return Ok(None);
        }
        let pool = core::mem::take(self).pool;
        let [table, sources] = [b"table", b"srces"].map(|name| Seed(hash(&pool, name)));
        Ok(Some(Keys { table, sources }))
    }
}

impl Default for Entropy {
    fn default() -> Self {
        Self::new()
    }
}

/// The samples of a block, the first in the highest bit.
fn samples(readings: &[u32; BLOCK]) -> u128 {
    let pairs = readings.iter().zip(readings.iter().skip(1));
    pairs.fold(0, |samples, (before, after)| samples << 1 | u128::from((before ^ after) & 1))
}

fn hash(key: &[u8; 16], bytes: &[u8]) -> [u8; 16] {
    SipHasher24::new_with_key(key).hash(bytes).as_bytes()
}

#[cfg(test)]
mod tests;
