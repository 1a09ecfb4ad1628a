//! The sampled early drop: how often it finds somebody, whom it never takes, and that it is blind
//! to age.

use keeptrack_core::{Config, Conntrack, EarlyDrop, Instant, Packet, Protocol, Seed, Status, Why};

use super::{FULL, NOW, offer, udp_packet};
use crate::answer::Verdict;
use crate::frames::{CLIENT, SERVER, ip, read, udp};
use crate::memory::Owned;

const SLOTS: u16 = 1000;

fn tracker(hash_seed: u8, sampling_seed: u64) -> Conntrack<Owned, EarlyDrop> {
    Conntrack::new(Owned::new(SLOTS.into()), Config::DEFAULT, Seed([hash_seed; 16]))
        .unwrap()
        .on_full(EarlyDrop::new(sampling_seed))
}

/// The answer to the first packet of the UDP connection of that number.
fn udp_answer(number: u16) -> Packet<'static> {
    read(&ip(Protocol::UDP, SERVER, CLIENT, &udp(53, number)))
}

/// Fills a table, in which so many connections are assured then; and says when.
fn fill(ct: &mut Conntrack<Owned, EarlyDrop>, assured: u16) -> Instant {
    for number in 0..assured {
        offer(ct, NOW, &udp_packet(number));
        offer(ct, NOW, &udp_answer(number));
    }
    let now = NOW.after(3);
    for number in 0..assured {
        offer(ct, now, &udp_packet(number));
    }
    for number in assured..SLOTS {
        offer(ct, now, &udp_packet(number));
    }
    assert_eq!((ct.len(), assured_count(ct)), (SLOTS.into(), assured.into()));
    now
}

fn assured_count(ct: &Conntrack<Owned, EarlyDrop>) -> usize {
    ct.iter().filter(|conn| conn.status().has(Status::ASSURED)).count()
}

#[test]
fn a_newcomer_gets_in_as_often_as_is_said() {
    const NEWCOMERS: u16 = 8_000;
    for (seed, assured) in (1..).zip([1000, 990, 950, 900, 700, 500, 0]) {
        let mut ct = tracker(seed, seed.into());
        let now = fill(&mut ct, assured);
        let mut taken_in = 0_u16;
        for newcomer in 0..NEWCOMERS {
            // Whoever gets in is as unassured as who left: the share stays.
            match offer(&mut ct, now, &udp_packet(2 * SLOTS + newcomer)).verdict {
                Verdict::New => taken_in += 1,
                refused => assert_eq!(refused, FULL),
            }
        }
        let share = f64::from(SLOTS - assured) / f64::from(SLOTS);
        let chance = 1.0 - (1.0 - share).powi(8);
        let expected = chance * f64::from(NEWCOMERS);
        let deviation = (expected * (1.0 - chance)).sqrt();
        assert!((f64::from(taken_in) - expected).abs() <= 4.0 * deviation, "{assured}: {taken_in}");
        let stats = ct.stats();
        assert_eq!(
            (stats.early_drop, stats.drop),
            (taken_in.into(), (NEWCOMERS - taken_in).into())
        );
        assert_eq!(assured_count(&ct), usize::from(assured), "an assured one never leaves");
    }
}

#[test]
fn it_is_blind_to_age() {
    let mut counts = [0_u32; 10];
    for seed in 0..20 {
        let mut ct = tracker(seed, 1000 + u64::from(seed));
        // Each is younger than the one before it, and none runs out meanwhile.
        for number in 0..SLOTS {
            offer(&mut ct, Instant::from_millis(20 * u64::from(number)), &udp_packet(number));
        }
        for newcomer in SLOTS..SLOTS + 200 {
            let now = Instant::from_millis(20 * u64::from(SLOTS));
            let (victim, why) = offer(&mut ct, now, &udp_packet(newcomer)).evicted.unwrap();
            assert_eq!(why, Why::DroppedEarly);
            if let Some(number) = (0..SLOTS).find(|&number| udp_packet(number).tuple == victim) {
                counts[usize::from(number / (SLOTS / 10))] += 1;
            }
        }
    }
    let expected = f64::from(counts.iter().sum::<u32>()) / 10.0;
    let squares = counts.map(|count| (f64::from(count) - expected).powi(2) / expected);
    let chi_square = squares.iter().sum::<f64>();
    assert!(expected > 330.0 && chi_square < 27.9, "{counts:?}: less likely than 1 in 1000");
}

#[test]
fn one_seed_draws_the_same_numbers_again_and_another_seed_others() {
    let victims = |sampling_seed| {
        let mut ct = tracker(9, sampling_seed);
        let now = fill(&mut ct, 0);
        let newcomers = (2 * SLOTS..2 * SLOTS + 50).map(udp_packet);
        newcomers.map(|packet| offer(&mut ct, now, &packet).evicted).collect::<Vec<_>>()
    };
    assert_eq!(victims(1), victims(1));
    assert_ne!(victims(1), victims(2));
}
