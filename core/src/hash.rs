//! The keyed hash under which a connection is filed: nobody without the key can aim collisions.

use core::fmt;

#[cfg(not(target_pointer_width = "32"))]
use siphasher::sip::SipHasher13;

#[cfg(target_pointer_width = "32")]
use crate::half_sip::HalfSipHash13;
use crate::tuple::Key;

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
        #[cfg(not(feature = "ipv4-only"))]
        if !key.is_ipv4() {
            return self.of_ipv6(key);
        }
        self.of_ipv4(key)
    }

    /// The same of two words that are no key: of the second, the lower seven bytes.
    pub(crate) fn of_words(&self, words: [u64; 2]) -> u32 {
        self.of(&Key::of_words(words))
    }
}

#[cfg(not(target_pointer_width = "32"))]
impl KeyedHash {
    pub(crate) fn new(seed: Seed) -> Self {
        Self(SipHasher13::new_with_key(&seed.0))
    }

    #[inline(always)]
    fn of_ipv4(&self, key: &Key) -> u32 {
        self.hash(key.words_of_ipv4())
    }

    #[cfg(not(feature = "ipv4-only"))]
    #[inline(always)]
    fn of_ipv6(&self, key: &Key) -> u32 {
        self.hash(key.words_of_ipv6())
    }

    /// The upper half of the hash: the lower is as good, one word is enough.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "32 bits are what a table needs")]
    fn hash<const WORDS: usize>(&self, words: [u32; WORDS]) -> u32 {
        (self.0.hash(words.map(u32::to_le_bytes).as_flattened()) >> 32) as u32
    }
}

/// The highest byte of `kind`, the family, gives way to the length, which tells it as well.
#[cfg(target_pointer_width = "32")]
impl KeyedHash {
    /// Of the seed it takes the first half.
    pub(crate) fn new(seed: Seed) -> Self {
        Self(HalfSipHash13::new(seed.0.first_chunk().unwrap_or(&[0; 8])))
    }

    #[inline(always)]
    fn of_ipv4(&self, key: &Key) -> u32 {
        let [ends, kind, first, second] = key.words_of_ipv4();
        let mut hash = self.0.begin();
        hash.take([ends, first, second]);
        hash.end(kind, 15)
    }

    /// Not in line: it needs more registers than the one above, which is asked for more often.
    #[cfg(not(feature = "ipv4-only"))]
    #[inline(never)]
    fn of_ipv6(&self, key: &Key) -> u32 {
        let [ends, kind, a, b, c, d, e, f, g, h] = key.words_of_ipv6();
        let mut hash = self.0.begin();
        hash.take([ends]);
        hash.take([a, b, c, d]);
        hash.take([e, f, g, h]);
        hash.end(kind, 39)
    }
}

impl fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedHash(..)")
    }
}
