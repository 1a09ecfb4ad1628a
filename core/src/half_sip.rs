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

    /// The hash of nothing yet.
    #[inline(always)]
    pub(crate) const fn begin(&self) -> HalfSip {
        let [low, high] = self.key;
        HalfSip([low, high, low ^ 0x6c79_6765, high ^ 0x7465_6462])
    }
}

/// A hash on its way.
pub(crate) struct HalfSip([u32; 4]);

impl HalfSip {
    /// Takes in the words' bytes, the least significant one first. Few at a time: then no loop is
    /// made of it, which would keep the words in memory.
    #[inline(always)]
    pub(crate) fn take<const WORDS: usize>(&mut self, words: [u32; WORDS]) {
        for word in words {
            let Self([.., fourth]) = self;
            *fourth ^= word;
            self.round();
            let Self([first, ..]) = self;
            *first ^= word;
        }
    }

    /// The hash of all that, and of three bytes more: those of `last` but the highest. The message
    /// has `len` bytes, which is three more than a multiple of four.
    #[inline(always)]
    pub(crate) fn end(mut self, last: u32, len: u8) -> u32 {
        let [low, middle, high, _] = last.to_le_bytes();
        self.take([u32::from_le_bytes([low, middle, high, len])]);
        let Self([_, _, third, _]) = &mut self;
        *third ^= 0xff;
        for _ in 0..3 {
            self.round();
        }
        let Self([_, second, _, fourth]) = self;
        second ^ fourth
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
        let word = |number: u8| u32::from_le_bytes([0, 1, 2, 3].map(|byte| number << 2 | byte));
        let (none, mut few, mut many) = (hash.begin(), hash.begin(), hash.begin());
        few.take([0, 1, 2].map(word));
        many.take([0, 1, 2, 3, 4, 5, 6, 7, 8].map(word));
        assert_eq!(none.end(word(0), 3), 0x0153_9939);
        assert_eq!(few.end(word(3), 15), 0xd025_7b04);
        assert_eq!(many.end(word(9), 39), 0xfcc9_aa1b);
    }
}
