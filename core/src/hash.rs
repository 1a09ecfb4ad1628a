//! The keyed hash under which a connection is filed: nobody without the key can aim collisions.

use core::fmt;

use siphasher::sip::SipHasher13;

use crate::tuple::{Key, Words};

/// The 128-bit key of the hash, from the caller's entropy. Verdicts do not depend on it.
///
/// It is drawn once, never printed (its `Debug` hides it) and never leaves the device.
#[derive(Clone, Copy)]
pub struct Seed(pub [u8; 16]);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// SipHash-1-3, what Rust's own hash maps use against chosen keys.
#[derive(Clone)]
pub(crate) struct KeyedHash(SipHasher13);

impl KeyedHash {
    pub(crate) fn new(seed: Seed) -> Self {
        Self(SipHasher13::new_with_key(&seed.0))
    }

    /// The upper half of the hash: the lower is as good, one word is enough.
    ///
    /// Inlined, as all is that a key goes through before its slot is read: a key that was written
    /// in halves and is read in words cannot be forwarded to the reader, which then waits for all
    /// memory that the packet before it is still waiting for.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "32 bits are what a table needs")]
    pub(crate) fn of(&self, key: &Key) -> u32 {
        let hash = match key.words() {
            Words::V4(words) => self.0.hash(&bytes::<2, 16>(words)),
            #[cfg(not(feature = "ipv4-only"))]
            Words::V6(words) => self.0.hash(&bytes::<5, 40>(words)),
        };
        (hash >> 32) as u32
    }

    /// The same of two words that are no key.
    #[allow(clippy::cast_possible_truncation, reason = "32 bits are what a table needs")]
    pub(crate) fn of_words(&self, words: [u64; 2]) -> u32 {
        (self.0.hash(&bytes::<2, 16>(words)) >> 32) as u32
    }
}

impl fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedHash(..)")
    }
}

fn bytes<const WORDS: usize, const BYTES: usize>(words: [u64; WORDS]) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    for (chunk, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
        *chunk = word.to_le_bytes();
    }
    bytes
}
