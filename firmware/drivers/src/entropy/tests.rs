//! Tests of the pool against sources whose worth is known.

use super::health::Health;
use super::*;

/// How many blocks a source is asked for before it is given up.
const PATIENCE: usize = 1000;

/// A generator that only stands in for noise: xorshift.
struct Noise(u64);

impl Noise {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// What comes of readings, and after how many blocks.
fn outcome(mut reading: impl FnMut() -> u32) -> (usize, Result<Keys, Unhealthy>) {
    let mut entropy = Entropy::new();
    for count in 1..=PATIENCE {
        let readings = core::array::from_fn(|_| reading());
        match entropy.add(&readings) {
            Ok(None) => {}
            Ok(Some(keys)) => return (count, Ok(keys)),
            Err(unhealthy) => return (count, Err(unhealthy)),
        }
    }
    unreachable!("neither keys nor a failure")
}

/// Two clocks, one of which gains on the other by `parts` of 1,024 ticks from reading to reading,
/// with as many parts of jitter.
fn clocks(seed: u64, parts: u64, jitter: u64) -> impl FnMut() -> u32 {
    let (mut noise, mut phase) = (Noise(seed), 0);
    move || {
        phase += parts;
        u32::try_from((phase + noise.below(jitter.max(1))) / 1024).unwrap()
    }
}

#[test]
fn clocks_that_jitter_give_keys_that_differ() {
    let keys = |seed| outcome(clocks(seed, 20, 400)).1.unwrap();
    let (one, other) = (keys(1), keys(2));
    assert_ne!(one.table.0, other.table.0);
    assert_ne!(one.sources.0, other.sources.0);
    assert_ne!(one.table.0, one.sources.0);
    assert_eq!(keys(1).table.0, one.table.0, "nothing but the readings decides");
}

#[test]
fn the_pool_takes_twice_what_it_can_hold() {
    let (blocks, keys) = outcome(clocks(3, 20, 400));
    assert!(keys.is_ok());
    assert_eq!(blocks * SAMPLES / SAMPLES_A_BIT, 256);
}

/// One bit of one reading anywhere.
#[test]
fn every_reading_counts() {
    let keys = |changed: usize| {
        let (mut clocks, mut count) = (clocks(4, 20, 400), 0);
        let reading = || {
            count += 1;
            clocks() ^ u32::from(count == changed) << 31
        };
        outcome(reading).1.unwrap().table.0
    };
    let unchanged = keys(0);
    for changed in [1, 2, 100, 5000, BLOCKS * BLOCK] {
        assert_ne!(keys(changed), unchanged, "reading {changed}");
    }
}

#[test]
fn one_clock_read_twice_gives_none() {
    let (blocks, keys) = outcome(|| 7);
    assert_eq!(keys.unwrap_err(), Unhealthy::Repetition);
    assert!(blocks * SAMPLES < 1024, "within the samples that are tested at the start");
    // An emulator that counts instructions: the readings go round.
    for period in [3, 5, 25, 40, 64] {
        let mut count = 0;
        let (_, keys) = outcome(|| {
            count += 1;
            u32::from(count % period == 0)
        });
        assert_eq!(keys.unwrap_err(), Unhealthy::Period, "{period}");
    }
    let (_, keys) = outcome(clocks(1, 32, 0));
    assert_eq!(keys.unwrap_err(), Unhealthy::Period, "clocks without jitter");
}

/// What a ring oscillator gives: a bit a reading, which is one in so many.
#[test]
fn a_random_bit_gives_keys_and_one_that_is_stuck_or_swings_does_not() {
    let bit = |seed, one_in| {
        let mut noise = Noise(seed);
        outcome(move || u32::from(noise.below(one_in) == 0)).1
    };
    let [even, uneven] = [bit(8, 2), bit(8, 20)].map(|keys| keys.unwrap().table.0);
    assert_ne!(even, uneven);
    assert_ne!(even, bit(9, 2).unwrap().table.0);
    assert_eq!(bit(8, u64::MAX).unwrap_err(), Unhealthy::Repetition, "stuck");
    let mut swing = 0;
    let swings = outcome(|| {
        swing ^= 1;
        swing
    });
    assert_eq!(swings.1.unwrap_err(), Unhealthy::Repetition);
}

/// One sample in so many is another.
fn biased(one_in: u64) -> Result<(), Unhealthy> {
    let (mut noise, mut health) = (Noise(5), Health::new());
    (0..PATIENCE).try_for_each(|_| {
        let bits = (0..SAMPLES).fold(0, |bits, _| bits << 1 | u128::from(noise.below(one_in) == 0));
        health.test(bits)
    })
}

#[test]
fn samples_worth_what_is_claimed_pass_and_those_worth_a_tenth_do_not() {
    // A 32nd of a bit is one other sample in 47.
    assert_eq!(biased(47), Ok(()));
    assert_eq!(biased(2), Ok(()));
    assert!(biased(500).is_err());
}

#[test]
fn a_window_of_nearly_one_sample_fails() {
    let mut health = Health::new();
    // One other sample in 400 breaks every run, and every second or third block is free of it.
    let mut place = 0;
    let failed = (0..PATIENCE).find_map(|_| {
        let bits = (0..SAMPLES).fold(0, |bits, _| {
            place += 1;
            bits << 1 | u128::from(place % 400 == 0)
        });
        health.test(bits).err()
    });
    assert_eq!(failed, Some(Unhealthy::Proportion));
}

#[test]
fn keys_leave_nothing_in_the_pool() {
    let mut entropy = Entropy::new();
    let keys = [(); 2].map(|()| {
        let mut good = clocks(7, 20, 400);
        let mut keys = None;
        for _ in 0..BLOCKS {
            assert!(keys.is_none());
            keys = entropy.add(&core::array::from_fn(|_| good())).unwrap();
        }
        keys.unwrap().table.0
    });
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn a_failure_leaves_nothing_in_the_pool() {
    let mut entropy = Entropy::new();
    let mut good = clocks(6, 20, 400);
    for _ in 0..BLOCKS - 10 {
        assert!(entropy.add(&core::array::from_fn(|_| good())).unwrap().is_none());
    }
    while entropy.add(&[9; BLOCK]).is_ok() {}
    let mut blocks = 1;
    while entropy.add(&core::array::from_fn(|_| good())).unwrap().is_none() {
        blocks += 1;
    }
    assert_eq!(blocks, BLOCKS);
}
