//! The ghost: how near its figure comes to the table that would have been large enough.

use std::net::Ipv4Addr;

use keeptrack_core::{
    Adaptive, Config, Conntrack, EarlyDrop, Ghost, Instant, OnFull, Packet, Protocol, Ranked,
    Refuse, Seed, SourceCap, SourcePlace, Step, Zone, ZoneCap, ZoneCaps,
};

use crate::answer::{Answer, Filter};
use crate::frames::{SERVER, ip, read, udp};
use crate::memory::Owned;

/// The steps of the ghost's clock, so that its moments are the table's.
const TICK_MS: u64 = 64;

/// When a datagram comes, and what is read of it.
type Event = (Instant, Packet<'static>);

/// Connections of one to four datagrams that nobody answers, which begin at random; more of them in
/// the middle third.
fn traffic(seed: u64, count: u32, span_s: u64) -> Vec<Event> {
    let mut random = fastrand::Rng::with_seed(seed);
    let span = span_s * 1000 / TICK_MS;
    let mut events = Vec::new();
    for number in 0..count {
        let mut tick = match number % 2 {
            0 => random.u64(0..span),
            _ => random.u64(span / 3..span * 2 / 3),
        };
        for _ in 0..random.u32(1..=4) {
            events.push((tick * TICK_MS, number));
            tick += random.u64(1..20_000 / TICK_MS);
        }
    }
    events.sort_unstable();
    let read = |(ms, number)| (Instant::from_millis(ms), packet(number));
    events.into_iter().map(read).collect()
}

fn packet(number: u32) -> Packet<'static> {
    let source = Ipv4Addr::from_bits(0x0a00_0000 + number).into();
    read(&ip(Protocol::UDP, source, SERVER, &udp(1000, 53)))
}

/// Plays traffic to a table of so many slots, and answers the most connections that were in it.
fn play<P: OnFull>(
    slot_count: usize,
    policy: P,
    hash_seed: u8,
    events: &[Event],
) -> (usize, Conntrack<Owned, P>) {
    let mut ct = Conntrack::new(Owned::new(slot_count), Config::DEFAULT, Seed([hash_seed; 16]))
        .unwrap()
        .on_full(policy);
    let mut most = 0;
    for (now, packet) in events {
        while !matches!(ct.expire(*now), Step::Idle) {}
        Answer::of(ct.track(*now, packet), Filter::Accepts);
        most = most.max(ct.len());
    }
    (most, ct)
}

/// The slots with which nobody has to be refused.
fn enough(events: &[Event]) -> usize {
    let (most, ct) = play(usize::from(u16::MAX), Refuse, 0, events);
    assert_eq!(ct.stats().drop, 0);
    most
}

#[test]
fn while_all_are_followed_the_figure_is_exact() {
    for seed in 0..4 {
        let events = traffic(seed, 2_000, 200);
        let enough = enough(&events);
        let hash_seed = u8::try_from(seed).unwrap();
        for slot_count in [enough + 10, enough, enough - 1, enough - 50, enough - 100] {
            let needs = [
                need(play(slot_count, (Refuse, Ghost::new()), hash_seed, &events)),
                need(play(slot_count, (Ranked::new(0), Ghost::new()), hash_seed, &events)),
                need(play(slot_count, (EarlyDrop::new(seed), Ghost::new()), hash_seed, &events)),
            ];
            assert_eq!(needs, [(enough, 0); 3], "{slot_count} slots");
        }
        // Those whose time is cut short are missed, too.
        let adaptive = Adaptive::new(enough - 50, enough + 50);
        let (most, ct) =
            play(enough, ((adaptive, Ranked::new(0)), Ghost::new()), hash_seed, &events);
        assert!(ct.stats().shrunk > 0 && most < enough);
        assert_eq!(need((most, ct)), (enough, 0));
    }
}

fn need<P: OnFull>((_, ct): (usize, Conntrack<Owned, (P, Ghost)>)) -> (usize, usize) {
    let (_, ghost) = ct.policy();
    (ghost.would_need(), ghost.deviation())
}

#[test]
fn when_only_some_are_followed_the_error_is_that_of_a_sample() {
    const SEEDS: u8 = 12;
    let events = traffic(7, 12_000, 200);
    let enough = enough(&events);
    // Half of the slots, and a sixteenth: thousands have no room.
    for slot_count in [enough / 2, enough / 16] {
        let missing = (enough - slot_count) as f64;
        let errors: Vec<f64> = (0..SEEDS)
            .map(|hash_seed| {
                let played = play(slot_count, (Refuse, Ghost::new()), hash_seed, &events);
                let (need, deviation) = need(played);
                let error = need as f64 - enough as f64;
                assert!(error.abs() < 4.0 * deviation as f64, "{need} for {enough}");
                error / missing
            })
            .collect();
        let mean = errors.iter().sum::<f64>() / f64::from(SEEDS);
        let squares = errors.iter().map(|error| error * error).sum::<f64>();
        let error = (squares / f64::from(SEEDS)).sqrt();
        println!(
            "REPORT ghost: {slot_count} slots for {enough}: mean {mean:+.3}, error {error:.3}"
        );
        assert!((-0.05..0.15).contains(&mean) && error < 0.2, "{errors:?}");
    }
}

#[test]
fn what_a_cap_refuses_is_no_want_of_slots() {
    let one_a_source = SourceCap::new(vec![SourcePlace::<u16>::EMPTY; 9], Seed([1; 16]), 1);
    let six = ZoneCaps::new([ZoneCap::new(Zone::DEFAULT, 6)]);
    let twice = |number: u32| {
        let again = read(&ip(Protocol::UDP, packet(number).tuple.source, SERVER, &udp(2000, 53)));
        [packet(number), again]
    };
    let events: Vec<Event> =
        (0..8).flat_map(twice).map(|packet| (Instant::from_millis(0), packet)).collect();
    let (_, ct) = play(8, ((one_a_source, six), Ghost::new()), 1, &events);
    let stats = ct.stats();
    assert_eq!((ct.len(), stats.source_full, stats.zone_full), (6, 6, 4));
    assert_eq!(need((6, ct)), (6, 0));
}

#[test]
fn it_counts_who_was_there_before_it() {
    let events: Vec<Event> =
        (0..30).map(|number| (Instant::from_millis(0), packet(number))).collect();
    let (before, after) = events.split_at(20);
    let (_, ct) = play(20, Refuse, 1, before);
    let mut ct = ct.on_full((Refuse, Ghost::new()));
    for (now, packet) in after {
        Answer::of(ct.track(*now, packet), Filter::Accepts);
    }
    assert_eq!(need((20, ct)), (30, 0));
}
