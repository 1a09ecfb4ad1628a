//! Timeouts that shrink with the room that is left: by how much, for whom, and how soon.

use std::collections::HashMap;

use keeptrack_core::raw::{PolicyId, Raw, RawVerdict, Template};
use keeptrack_core::{
    Adaptive, Config, Conntrack, Direction, EarlyDrop, Ended, Instant, Memory, OnFull, Packet,
    Protocol, Ranked, Seed, Step, TcpFlags, TimeoutPolicy, Tuple, Why,
};

use proptest::collection::vec;
use proptest::prelude::*;

use super::{FULL, NOW, udp_packet};
use crate::answer::{Answer, Filter, Verdict, left};
use crate::frames::{CLIENT, SERVER, ip, read, tcp};
use crate::memory::Owned;

/// What a UDP connection that nobody answers lives.
const UDP_S: u64 = 30;

fn tracker<P: OnFull>(slot_count: usize, policy: P) -> Conntrack<Owned, P> {
    let seed = Seed([8; 16]);
    Conntrack::new(Owned::new(slot_count), Config::DEFAULT, seed).unwrap().on_full(policy)
}

/// Who leaves the table up to a packet, and with it; and what is said of the packet.
fn offer<M: Memory, P: OnFull, R: Raw>(
    ct: &mut Conntrack<M, P, R>,
    now: Instant,
    packet: &Packet<'_>,
) -> (Answer, Vec<(Tuple, Why)>) {
    let mut leavers = drain(ct, now);
    let answer = Answer::of(ct.track(now, packet), Filter::Accepts);
    leavers.extend(answer.evicted);
    leavers.extend(drain(ct, now));
    (answer, leavers)
}

fn drain<M: Memory, P: OnFull, R: Raw>(
    ct: &mut Conntrack<M, P, R>,
    now: Instant,
) -> Vec<(Tuple, Why)> {
    let mut leavers = Vec::new();
    loop {
        match ct.expire(now) {
            Step::Ended(Ended { conn, why }) => leavers.push(left(&Ended { conn, why })),
            Step::Working => {}
            Step::Idle => return leavers,
        }
    }
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(NOW.as_millis() + ms)
}

#[test]
fn the_table_settles_where_the_line_says() {
    // At r newcomers a second, each of whom lives 30 * (120 - n) / 60 seconds, n are in the table
    // when n = r * 30 * (120 - n) / 60. At 2 a second nothing has to shrink.
    for (a_second, settled) in [(2, 60_usize), (4, 80), (8, 96), (16, 106), (40, 114)] {
        let mut ct = tracker(120, Adaptive::new(60, 120));
        for number in 0..a_second * 120 {
            let now = at(1000 * u64::from(number) / u64::from(a_second));
            let (answer, _) = offer(&mut ct, now, &udp_packet(number));
            assert_eq!(answer.verdict, Verdict::New, "nobody is refused");
            if number > a_second * 60 {
                // What the hand is behind by: a twentieth of the table.
                let [low, high] = [settled - 2, settled + 6];
                assert!((low..=high).contains(&ct.len()), "{a_second}: {}", ct.len());
            }
        }
        assert_eq!(ct.stats().early_drop, 0);
        assert_eq!(ct.stats().shrunk > 0, a_second > 2, "{a_second}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 8,
        max_shrink_iters: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn nobody_leaves_too_early_and_hardly_anybody_stays_for_more_than_a_round(
        waits in vec(0..400_u64, 1_000),
    ) {
        const SLOTS: usize = 160;
        const ROUND: usize = SLOTS / 8;
        let (start, end) = (50, 200);
        let mut ct = tracker(SLOTS, (Adaptive::new(start, end), Ranked::new(0)));
        // When each came, and for how many newcomers it has been overdue.
        let mut since = HashMap::<Tuple, (u64, usize)>::new();
        let (mut now, mut shrunk_count, mut late_count) = (0, 0, 0);
        for (number, wait) in (0..).zip(waits) {
            now += wait;
            for (tuple, _) in drain(&mut ct, at(now)) {
                since.remove(&tuple);
            }
            let live_count = ct.len();
            let is_over = |came: u64| {
                live_count > start && now - came >= 1000 * shrunk_s((start, end), live_count)
            };
            let packet = udp_packet(number);
            let (_, leavers) = offer(&mut ct, at(now), &packet);
            let mut has_shrunk = false;
            for (tuple, why) in leavers {
                let (came, waited) = since.remove(&tuple).unwrap();
                if why == Why::Shrunk {
                    has_shrunk = true;
                    shrunk_count += 1;
                    late_count += usize::from(waited > ROUND);
                    prop_assert!(is_over(came), "{tuple} left too early");
                }
            }
            for (came, waited) in since.values_mut() {
                // Where the hand found somebody it stopped there.
                *waited = if is_over(*came) { *waited + usize::from(!has_shrunk) } else { 0 };
                // Who makes room for a newcomer in its slot may be put behind the hand.
                prop_assert!(*waited <= 3 * ROUND);
            }
            since.insert(packet.tuple, (now, 0));
        }
        prop_assert!(shrunk_count > 100, "{}", shrunk_count);
        prop_assert!(late_count * 50 <= shrunk_count, "{} of {}", late_count, shrunk_count);
    }
}

#[test]
fn when_the_pressure_goes_all_live_as_long_as_before() {
    let mut ct = tracker(100, Adaptive::new(20, 80));
    for number in 0..60 {
        offer(&mut ct, at(10 * u64::from(number)), &udp_packet(number));
    }
    // A third of the timeout is left: nobody has been idle for that long, and no newcomer comes
    // then.
    assert_eq!(ct.len(), 60);
    assert_eq!(drain(&mut ct, at(1000 * UDP_S - 1)), []);
    let leavers = drain(&mut ct, at(1000 * UDP_S + 600));
    assert_eq!(leavers.len(), 60);
    assert!(leavers.iter().all(|(_, why)| *why == Why::TimedOut));
}

#[test]
fn an_open_connection_shrinks_like_any_other() {
    const DAY_MS: u64 = 86_400_000;
    // With eight slots each newcomer has the hand go round.
    let mut ct = tracker(8, (Adaptive::new(3, 9), Ranked::new(0)));
    open(&mut ct, at(0));
    // The last of these finds six in the table, at which half of the five days count.
    let come = |ct: &mut Conntrack<_, _>, ms: u64| {
        let packets = (0..6).map(udp_packet);
        packets.flat_map(|packet| offer(ct, at(ms), &packet).1).collect::<Vec<_>>()
    };
    assert_eq!(come(&mut ct, DAY_MS * 5 / 2 - 60_000), [], "a minute too early");
    let leavers = come(&mut ct, DAY_MS * 5 / 2);
    let opened = tcp_packet(Direction::Original, TcpFlags::SYN, (1, 0)).tuple;
    assert_eq!(leavers.iter().filter(|leaver| **leaver == (opened, Why::Shrunk)).count(), 1);
    assert_eq!(ct.stats().shrunk, 1, "it alone was idle for long enough");
}

#[test]
fn from_the_end_on_no_idle_time_counts_and_before_the_start_all_does() {
    // With eight slots each newcomer has the hand go round.
    let mut ct = tracker(8, Adaptive::new(2, 5));
    for number in 0..50 {
        let (_, leavers) = offer(&mut ct, at(0), &udp_packet(number));
        // One leaves for each that comes, as soon as none may stay.
        assert_eq!(leavers.len(), usize::from(number >= 5), "{number}");
    }
    assert_eq!((ct.len(), ct.stats().shrunk), (5, 45));

    let mut never = tracker(50, Adaptive::new(40, 40));
    for number in 0..50 {
        assert_eq!(offer(&mut never, at(0), &udp_packet(number)).1, []);
    }
    let (answer, leavers) = offer(&mut never, at(1000 * UDP_S - 1), &udp_packet(50));
    assert_eq!((answer.verdict, leavers), (FULL, vec![]), "alone it makes no room");
}

#[test]
fn beside_another_policy_each_does_its_part() {
    let mut ct = tracker(60, (Adaptive::new(30, 120), EarlyDrop::new(5)));
    let mut leavers = HashMap::new();
    for number in 0..600 {
        let (answer, left) = offer(&mut ct, at(20 * u64::from(number)), &udp_packet(number));
        assert_eq!(answer.verdict, Verdict::New);
        for (_, why) in left {
            *leavers.entry(why.name()).or_insert(0) += 1;
        }
    }
    let stats = ct.stats();
    assert_eq!(leavers.get("shrunk"), None, "nobody lived for two thirds of its time");
    assert_eq!(stats.early_drop, 540);
    // Nobody comes for 20 seconds, which are two thirds of the time; then the hand finds many.
    for number in 600..630 {
        offer(&mut ct, at(32_000), &udp_packet(number));
    }
    assert!(ct.stats().shrunk >= 20, "{:?}", ct.stats().shrunk);
}

/// Every connection lives by a policy of these rules.
struct OwnTimeouts;

impl Raw for OwnTimeouts {
    fn classify(&mut self, _packet: &Packet<'_>) -> RawVerdict {
        RawVerdict::Track(Template { timeouts: PolicyId::at(0), ..Template::NONE })
    }

    fn timeouts(&self, _id: PolicyId) -> Option<&TimeoutPolicy> {
        Some(&TimeoutPolicy::LINUX)
    }
}

#[test]
fn who_lives_by_a_rule_is_left_alone() {
    let mut ct = tracker(20, Adaptive::new(1, 2)).with_rules(OwnTimeouts);
    for number in 0..20 {
        let (_, leavers) = offer(&mut ct, at(1000 * u64::from(number)), &udp_packet(number));
        assert_eq!(leavers, []);
    }
    assert_eq!(offer(&mut ct, at(20_000), &udp_packet(20)).0.verdict, FULL);
}

/// A handshake, after which nobody speaks.
fn open<P: OnFull>(ct: &mut Conntrack<Owned, P>, now: Instant) {
    let segments = [
        (Direction::Original, TcpFlags::SYN, (1, 0)),
        (Direction::Reply, TcpFlags(TcpFlags::SYN.0 | TcpFlags::ACK.0), (1, 2)),
        (Direction::Original, TcpFlags::ACK, (2, 2)),
    ];
    for (dir, flags, numbers) in segments {
        let (answer, _) = offer(ct, now, &tcp_packet(dir, flags, numbers));
        assert!(matches!(answer.verdict, Verdict::New | Verdict::Established));
    }
}

fn tcp_packet(dir: Direction, flags: TcpFlags, numbers: (u32, u32)) -> Packet<'static> {
    let (from, to, ports) = match dir {
        Direction::Original => (CLIENT, SERVER, (1000, 80)),
        Direction::Reply => (SERVER, CLIENT, (80, 1000)),
    };
    read(&ip(Protocol::TCP, from, to, &tcp(ports, flags, numbers)))
}

/// The seconds of UDP's timeout that count when so many are in the table.
fn shrunk_s((start, end): (usize, usize), live_count: usize) -> u64 {
    let (span, left) = ((end - start) as u64, end.saturating_sub(live_count) as u64);
    (UDP_S * left.min(span)).div_ceil(span)
}
