//! Draws from a seed: the same on every machine.

use fastrand::Rng;

/// Draws, all of which follow from the seed.
#[derive(Debug, Clone)]
pub struct Random(Rng);

impl Random {
    /// The draws of that seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        self.0.u32(..bound)
    }

    /// Whether this is the one of so many cases.
    pub fn one_in(&mut self, cases: u32) -> bool {
        self.below(cases) == 0
    }

    /// Any 32 bits.
    pub fn word(&mut self) -> u32 {
        self.0.u32(..)
    }

    /// Any 16 bits.
    pub fn short(&mut self) -> u16 {
        self.0.u16(..)
    }

    /// Any byte.
    pub fn byte(&mut self) -> u8 {
        self.0.u8(..)
    }

    /// One of them, of which there is one at least.
    ///
    /// # Panics
    /// When there is none.
    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.index(all.len())]
    }

    /// A place among `len` of them, which are not 0.
    pub fn index(&mut self, len: usize) -> usize {
        // Not drawn as a usize: that takes another number of draws where it has 32 bits.
        let bound = u32::try_from(len).unwrap_or(u32::MAX);
        usize::try_from(self.below(bound)).unwrap_or(0)
    }

    /// One of them, each as often as its weight says.
    ///
    /// # Panics
    /// When there is none.
    pub fn weighted<T: Copy>(&mut self, all: &[(u32, T)]) -> T {
        let mut left = self.below(all.iter().map(|(weight, _)| weight).sum());
        for &(weight, one) in all {
            if left < weight {
                return one;
            }
            left -= weight;
        }
        unreachable!("what was drawn is below the sum of weights")
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn draws_are_the_same_everywhere() {
        let mut random = Random::new(7);
        let drawn: Vec<_> = (0..4).map(|_| random.below(1000)).collect();
        assert_eq!(drawn, [439, 269, 402, 658]);
    }
}
