//! HalfSipHash-1-3: SipHash with words of 32 bits, for processors that have no others.
//!
//! Aumasson and Bernstein, who made both, say what it is for: keys of hash tables, not signatures.

/// One round a word, three at the end, by a key of 64 bits.
#[derive(Clone)]
pub(crate) struct HalfSipHash13 {
    key: [u32; 2],
}

impl HalfSipHash13 {
    pub(crate) const fn new(&[a, b, c, d, e, f, g, h]: &[u8; 8]) -> Self {
        Self { key: [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])] }
    }

    /// The hash of the words' bytes, the least significant one first.
    #[allow(clippy::cast_possible_truncation, reason = "one half each, and the length by its end")]
    pub(crate) fn hash<const WORDS: usize>(&self, words: &[u64; WORDS]) -> u32 {
        let [low, high] = self.key;
        let mut state = State([low, high, low ^ 0x6c79_6765, high ^ 0x7465_6462]);
        for word in words {
            state.take(*word as u32);
            state.take((word >> 32) as u32);
        }
        state.take((WORDS as u32).wrapping_shl(3 + 24));
        let State([_, _, third, _]) = &mut state;
        *third ^= 0xff;
        for _ in 0..3 {
            state.round();
        }
        let State([_, second, _, fourth]) = state;
        second ^ fourth
    }
}

struct State([u32; 4]);

impl State {
    fn take(&mut self, word: u32) {
        let Self([.., fourth]) = self;
        *fourth ^= word;
        self.round();
        let Self([first, ..]) = self;
        *first ^= word;
    }

    fn round(&mut self) {
        let Self([a, b, c, d]) = self;
        (*a, *b) = mixed(*a, *b, 5);
        *a = a.rotate_left(16);
        (*c, *d) = mixed(*c, *d, 8);
        (*a, *d) = mixed(*a, *d, 7);
        (*c, *b) = mixed(*c, *b, 13);
        *c = c.rotate_left(16);
    }
}

/// The sum of both, and the second turned by so many bits and mixed with the sum.
const fn mixed(one: u32, other: u32, bits: u32) -> (u32, u32) {
    let sum = one.wrapping_add(other);
    (sum, other.rotate_left(bits) ^ sum)
}

#[cfg(test)]
mod tests {
    use super::HalfSipHash13;

    /// What the authors' reference gives for one round a word and three at the end.
    #[test]
    fn it_is_half_sip_hash_1_3() {
        let hash = HalfSipHash13::new(&[0, 1, 2, 3, 4, 5, 6, 7]);
        let word =
            |first: u8| u64::from_le_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(|byte| first | byte));
        assert_eq!(hash.hash(&[]), 0x5814_c896);
        assert_eq!(hash.hash(&[0, 8].map(word)), 0x8b31_d501);
        assert_eq!(hash.hash(&[0, 8, 16, 24, 32].map(word)), 0x0532_7eb2);
    }
}
