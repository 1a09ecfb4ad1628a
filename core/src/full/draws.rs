//! Numbers drawn from a seed that may be published: what a policy leaves to chance.

/// SplitMix64, the generator of Steele, Lea and Flood (2014): good enough to pick slots by, and
/// eight bytes small.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Draws {
    state: u64,
}

impl Draws {
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A number below `count`, all as likely as each other to within `count` in 2^32.
    #[allow(clippy::cast_possible_truncation, reason = "below `count`")]
    pub(super) fn below(&mut self, count: usize) -> usize {
        ((self.bits() >> 32).wrapping_mul(count as u64) >> 32) as usize
    }

    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    }
}

#[cfg(test)]
mod tests {
    use super::Draws;

    #[test]
    fn it_is_splitmix64() {
        let mut draws = Draws::new(1_234_567);
        // The first numbers of the generator's published test.
        let known =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(known.map(|_| draws.bits()), known);
    }

    #[test]
    fn every_number_below_the_count_is_drawn_and_no_other() {
        let mut draws = Draws::new(0);
        let mut counts = [0_u32; 7];
        for _ in 0..7_000 {
            counts[draws.below(7)] += 1;
        }
        assert!(counts.iter().all(|count| (880..1120).contains(count)), "{counts:?}");
    }
}
