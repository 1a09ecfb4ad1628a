//! Does whoever is most dispensable leave, the longest idle first and to the millisecond, and
//! nobody who is assured and open?

use std::collections::VecDeque;

use keeptrack_core::{
    Config, Conntrack, Direction, Ends, Instant, Protocol, Rank, Restored, SctpState, Seed, State,
    Status, TcpState, Tuple, Why, Zone,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::answer::{Answer, Filter, Verdict};
use crate::frames::{CLIENT, ROUTER, SERVER, ip, read, tcp, udp};
use crate::memory::Owned;
use crate::tcp_table::flags;

/// What a connection is, how long it lives, and its rank by the words of the policy.
#[derive(Debug, Clone, Copy)]
struct Kind {
    protocol: Protocol,
    state: Option<State>,
    status: Status,
    timeout_s: u32,
    rank: Option<Rank>,
}

const REPLIED: Status = Status::SEEN_REPLY;

fn kinds() -> Vec<Kind> {
    use {SctpState as C, TcpState as S};
    let assured = Status::SEEN_REPLY | Status::ASSURED;
    let tcp = |state, status, timeout_s, rank| Kind {
        protocol: Protocol::TCP,
        state: Some(State::Tcp(state)),
        status,
        timeout_s,
        rank,
    };
    let sctp = |state, status, rank| Kind {
        protocol: Protocol::SCTP,
        state: Some(State::Sctp(state)),
        ..tcp(S::None, status, 100, rank)
    };
    let udp = |status, rank| Kind {
        protocol: Protocol::UDP,
        state: None,
        ..tcp(S::None, status, 30, rank)
    };
    vec![
        tcp(S::TimeWait, assured, 120, Some(Rank::Finished)),
        tcp(S::Close, REPLIED, 100, Some(Rank::Finished)),
        tcp(S::LastAck, assured, 30, Some(Rank::LastAck)),
        sctp(C::ShutdownAckSent, assured, Some(Rank::LastAck)),
        tcp(S::CloseWait, assured, 60, Some(Rank::CloseWait)),
        tcp(S::FinWait, assured, 120, Some(Rank::FinWait)),
        tcp(S::FinWait, REPLIED, 120, Some(Rank::FinWait)),
        sctp(C::ShutdownSent, assured, Some(Rank::FinWait)),
        tcp(S::SynSent, Status::NONE, 120, Some(Rank::Unreplied)),
        tcp(S::Established, Status::NONE, 300, Some(Rank::Unreplied)),
        udp(Status::NONE, Some(Rank::Unreplied)),
        tcp(S::SynRecv, REPLIED, 60, Some(Rank::Unassured)),
        udp(REPLIED, Some(Rank::Unassured)),
        tcp(S::Established, assured, 432_000, None),
        sctp(C::Established, assured, None),
        udp(assured, None),
    ]
}

fn kinds_where(is_wanted: fn(&Option<Rank>) -> bool) -> Vec<Kind> {
    kinds().into_iter().filter(|kind| is_wanted(&kind.rank)).collect()
}

/// Seconds after which nobody is spared any longer because he may be answered.
const UNSPARED_S: u32 = 3;

fn tracker(slot_count: usize) -> Conntrack<Owned> {
    Conntrack::new(Owned::new(slot_count), Config::DEFAULT, Seed([8; 16])).unwrap()
}

fn tuple(protocol: Protocol, number: u16) -> Tuple {
    let ends = Ends::Ports { source: 1000 + number, destination: 80 };
    Tuple { source: CLIENT, destination: SERVER, protocol, ends }
}

fn restore(ct: &mut Conntrack<Owned>, now: Instant, number: u16, kind: Kind) -> Tuple {
    let mut open = Restored::new(tuple(kind.protocol, number), kind.timeout_s);
    (open.state, open.status) = (kind.state, kind.status);
    let made = ct.restore(now, &open).unwrap();
    assert_eq!(Rank::of(made.conn), kind.rank, "{kind:?}");
    assert!(made.evicted.is_none());
    open.tuple
}

/// A segment between a client of that number and its server.
fn segment(
    ct: &mut Conntrack<Owned>,
    now: Instant,
    (number, dir): (u16, Direction),
    letters: &str,
) -> Answer {
    let (ends, ports) = match dir {
        Direction::Original => ((ROUTER, SERVER), (number, 443)),
        Direction::Reply => ((SERVER, ROUTER), (443, number)),
    };
    let body = tcp(ports, flags(letters), (1, 1));
    let packet = read(&ip(Protocol::TCP, ends.0, ends.1, &body));
    Answer::of(ct.track(now, &packet), Filter::Accepts)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_leave_in_the_order_of_rank_and_idle_time(
        held in vec((select(kinds()), 0..4_u64), 1..60),
        renewed in vec((any::<Index>(), 0..4_u64), 0..30),
    ) {
        let mut ct = tracker(held.len());
        let mut clock = 1_000_000;
        let mut expected = Vec::new();
        for (number, (kind, wait)) in (0..).zip(&held) {
            clock += wait;
            let tuple = restore(&mut ct, Instant::from_millis(clock), number, *kind);
            expected.push((kind.rank, expected.len(), tuple));
        }
        for (turn, (at, wait)) in renewed.into_iter().enumerate() {
            clock += wait;
            let number = at.index(held.len());
            let Kind { protocol: Protocol::UDP, status: Status::NONE, .. } = held[number].0 else { continue };
            let port = 1000 + u16::try_from(number).unwrap();
            let again = read(&ip(Protocol::UDP, CLIENT, SERVER, &udp(port, 80)));
            let answer = Answer::of(ct.track(Instant::from_millis(clock), &again), Filter::Accepts);
            prop_assert_eq!(answer.timeout, Some(30));
            expected[number].1 = held.len() + turn;
        }
        expected.retain(|(rank, ..)| rank.is_some());
        expected.sort_unstable_by_key(|&(rank, heard, _)| (rank, heard));
        let now = Instant::from_millis(clock).after(UNSPARED_S);
        for (newcomer, (_, _, tuple)) in (1..).zip(&expected) {
            let answer = segment(&mut ct, now, (newcomer, Direction::Original), "S");
            prop_assert_eq!(answer.evicted, Some((*tuple, Why::DroppedEarly)));
        }
        // Now newcomers make room for newcomers, and where there are none nobody gets in.
        for newcomer in 100..110 {
            let answer = segment(&mut ct, now, (newcomer, Direction::Original), "S");
            prop_assert_eq!(answer.verdict == Verdict::New, !expected.is_empty());
        }
        let open = ct.iter().filter(|conn| Rank::of(conn).is_none()).count();
        prop_assert_eq!(open, held.iter().filter(|(kind, _)| kind.rank.is_none()).count());
    }

    #[test]
    fn nine_tenths_that_nobody_needs_keep_no_client_out_and_no_open_connection_leaves(
        junk in vec((select(kinds_where(Option::is_some)), 0..40_u64), 180),
        kept in vec(select(kinds_where(Option::is_none)), 20),
        clients in vec((0..20_u64, 1..80_usize), 600),
    ) {
        let mut ct = tracker(junk.len() + kept.len());
        let mut clock = 1_000_000;
        let mut open = Vec::new();
        for (number, (kind, wait)) in (0..).zip(&junk) {
            clock += wait;
            restore(&mut ct, Instant::from_millis(clock), number, *kind);
        }
        for (number, kind) in (500..).zip(&kept) {
            let kind = Kind { timeout_s: 10_000, ..*kind };
            open.push(restore(&mut ct, Instant::from_millis(clock), number, kind));
        }
        let mut talking = VecDeque::new();
        for (port, (wait, at_once)) in (1..).zip(clients) {
            clock += wait;
            let now = Instant::from_millis(clock);
            prop_assert!(opens(&mut ct, now, port), "client {} at {}", port, clock);
            talking.push_back(port);
            while talking.len() > at_once {
                prop_assert!(closes(&mut ct, now, talking.pop_front().unwrap()));
            }
        }
        let stats = ct.stats();
        prop_assert_eq!((stats.drop, stats.insert_failed, stats.bypass), (0, 0, 0));
        for tuple in open {
            prop_assert!(ct.find(&tuple, Zone::DEFAULT).is_some(), "{} has left", tuple);
        }
        for port in talking {
            let now = Instant::from_millis(clock);
            let answer = segment(&mut ct, now, (port, Direction::Reply), "A");
            prop_assert_eq!(answer.verdict, Verdict::Established);
        }
    }
}

/// Whether a client gets an assured connection: its server answers at once.
fn opens(ct: &mut Conntrack<Owned>, now: Instant, port: u16) -> bool {
    let first = segment(ct, now, (port, Direction::Original), "S");
    let second = segment(ct, now, (port, Direction::Reply), "SA");
    let third = segment(ct, now, (port, Direction::Original), "A");
    let verdicts = [first.verdict, second.verdict, third.verdict];
    let is_assured = third.conn.is_some_and(|conn| conn.status.has(Status::ASSURED));
    verdicts == [Verdict::New, Verdict::Established, Verdict::Established] && is_assured
}

/// Whether a client's connection is still known when both of its ends close it.
fn closes(ct: &mut Conntrack<Owned>, now: Instant, port: u16) -> bool {
    [(Direction::Original, "FA"), (Direction::Reply, "FA"), (Direction::Original, "A")]
        .into_iter()
        .all(|(dir, letters)| {
            segment(ct, now, (port, dir), letters).verdict == Verdict::Established
        })
}
