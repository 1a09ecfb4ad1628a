//! Does each connection leave at its own millisecond, however long it lives and whenever it began?

use keeptrack_core::{
    Config, ConfigError, Conntrack, Instant, MAX_SECONDS, Packet, Protocol, Seed, Step, Timeout,
    TimeoutPolicy,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::answer::{Answer, Filter};
use crate::frames::{CLIENT, SERVER, chunk, icmp_of, ip, query, read, sctp, tcp, udp};
use crate::memory::Owned;
use crate::tcp_table::flags;

/// Four protocols, each with a timeout of its own.
fn packet(kind: usize, number: u16) -> Packet<'static> {
    let (protocol, body) = match kind {
        0 => (Protocol::TCP, tcp((number, 80), flags("S"), (1, 0))),
        1 => (Protocol::UDP, udp(number, 53)),
        2 => (icmp_of(CLIENT), query(8, 0, number)),
        _ => (Protocol::SCTP, sctp((number, 9), 0, &[chunk(1, 0, &[1; 16])])),
    };
    read(&ip(protocol, CLIENT, SERVER, &body))
}

fn timeouts() -> impl Strategy<Value = [u32; 4]> {
    let seconds = prop_oneof![0..600_u32, 0..=MAX_SECONDS, MAX_SECONDS - 2..=MAX_SECONDS];
    [seconds.clone(), seconds.clone(), seconds.clone(), seconds]
}

fn config([tcp_syn_sent, udp, icmp, sctp_closed]: [u32; 4]) -> Config {
    // As long as no window was offered a connection lives no longer than one that retransmits.
    let tcp_max_retrans = tcp_syn_sent;
    let timeouts = TimeoutPolicy {
        tcp_syn_sent,
        tcp_max_retrans,
        udp,
        icmp,
        sctp_closed,
        ..TimeoutPolicy::LINUX
    };
    Config { timeouts, ..Config::DEFAULT }
}

/// Moments when digits of the wheel carry into the next one, and any other.
fn epoch() -> impl Strategy<Value = u64> {
    let carry = (0..42_u32, 0..4_u64).prop_map(|(bit, off)| (1_u64 << bit).saturating_sub(off));
    prop_oneof![carry, 0..1_u64 << 41]
}

fn drain(ct: &mut Conntrack<Owned>, now: u64) -> Vec<u64> {
    let mut expiries = Vec::new();
    for _ in 0..1_000 {
        match ct.expire(Instant::from_millis(now)) {
            Step::Ended(ended) => expiries.push(ended.conn.expiry().as_millis()),
            Step::Working => {}
            Step::Idle => return expiries,
        }
    }
    panic!("no end");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn who_sleeps_until_next_expiry_is_never_late(
        timeouts in timeouts(),
        epoch in epoch(),
        waits in vec((0..4_usize, 0..2_000_000_000_u64, 0..30_u32, any::<bool>()), 1..30),
    ) {
        let mut ct = Conntrack::new(Owned::new(30), config(timeouts), Seed([6; 16])).unwrap();
        let mut now = epoch;
        let mut expected = Vec::new();
        let mut handed_out = Vec::new();
        for (number, (kind, wait, shift, drains)) in (0..).zip(waits) {
            now += wait >> shift;
            if drains {
                handed_out.extend(drain(&mut ct, now));
            }
            let answer = Answer::of(
                ct.track(Instant::from_millis(now), &packet(kind, number)),
                Filter::Accepts,
            );
            prop_assert_eq!(answer.evicted, None);
            expected.push(now + u64::from(timeouts[kind]) * 1000);
        }
        handed_out.extend(drain(&mut ct, now));
        let mut sleeps = 0;
        while let Some(next) = ct.next_expiry() {
            now = now.max(next.as_millis());
            let left = drain(&mut ct, now);
            prop_assert!(left.iter().all(|&expiry| expiry == now), "{:?} at {}", left, now);
            handed_out.extend(left);
            sleeps += 1;
            prop_assert!(sleeps <= 30 * 6, "asleep for ever");
        }
        prop_assert!(handed_out.is_sorted(), "{:?}", handed_out);
        expected.sort_unstable();
        prop_assert_eq!(handed_out, expected);
    }
}

#[test]
fn a_timeout_above_the_longest_is_refused_by_name() {
    let tracker = |config| Conntrack::new(Owned::<u16>::new(1), config, Seed([6; 16])).err();
    assert_eq!(tracker(config([1, 1, MAX_SECONDS, 1])), None);
    let refused = tracker(config([1, 1, MAX_SECONDS + 1, 1]));
    assert_eq!(refused, Some(ConfigError::TimeoutTooLong(Timeout::Icmp)));
}
