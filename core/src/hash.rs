//! The keyed hash under which a connection is filed: nobody without the key can aim collisions.

use core::fmt;

#[cfg(not(target_pointer_width = "32"))]
use siphasher::sip::SipHasher13;

#[cfg(target_pointer_width = "32")]
use crate::half_sip::HalfSipHash13;
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

/// SipHash-1-3, what Rust's own hash maps use against chosen keys; where registers have 32 bits its
/// half, which needs less than half as many instructions there. Linux makes the same choice for the
/// keys of its hash tables.
#[derive(Clone)]
#[cfg(not(target_pointer_width = "32"))]
pub(crate) struct KeyedHash(SipHasher13);
/// HalfSipHash-1-3, for registers of 32 bits.
#[derive(Clone)]
#[cfg(target_pointer_width = "32")]
pub(crate) struct KeyedHash(HalfSipHash13);

impl KeyedHash {
    /// The hash of a key.
    ///
    /// Where a processor holds back loads and stores, it is inlined, as all is that a key goes
    /// through before its slot is read: a key that was written in halves and is read in words
    /// cannot be forwarded to the reader, which then waits for all memory that the packet before it
    /// is still waiting for.
    #[cfg_attr(not(target_pointer_width = "32"), inline(always))]
    pub(crate) fn of(&self, key: &Key) -> u32 {
        match key.words() {
            Words::V4(words) => self.hash(words),
            #[cfg(not(feature = "ipv4-only"))]
            Words::V6(words) => self.hash(words),
        }
    }

    /// The same of two words that are no key.
    pub(crate) fn of_words(&self, words: [u64; 2]) -> u32 {
        self.hash(words)
    }
}

#[cfg(not(target_pointer_width = "32"))]
impl KeyedHash {
    pub(crate) fn new(seed: Seed) -> Self {
        Self(SipHasher13::new_with_key(&seed.0))
    }

    /// The upper half of the hash: the lower is as good, one word is enough.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "32 bits are what a table needs")]
    fn hash<const WORDS: usize>(&self, words: [u64; WORDS]) -> u32 {
        (self.0.hash(words.map(u64::to_le_bytes).as_flattened()) >> 32) as u32
    }
}

#[cfg(target_pointer_width = "32")]
impl KeyedHash {
    /// Of the seed it takes the first half.
    pub(crate) fn new(seed: Seed) -> Self {
        Self(HalfSipHash13::new(seed.0.first_chunk().unwrap_or(&[0; 8])))
    }

    fn hash<const WORDS: usize>(&self, words: [u64; WORDS]) -> u32 {
        self.0.hash(&words)
    }
}

impl fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedHash(..)")
    }
}
