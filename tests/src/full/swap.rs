//! A policy that is set on a table with connections: whom it knows, in which order, and whom not.

use keeptrack_core::{
    Conntrack, Direction, EarlyDrop, Instant, Newcomer, OnFull, Packet, Protocol, Rank, Ranked,
    Refuse, SlotId, Slots, Status, Tuple, Why, Zone,
};

use super::{FULL, NOW, offer, tracker};
use crate::answer::Verdict;
use crate::frames::{CLIENT, SERVER, ip, read, tcp};
use crate::memory::Owned;
use crate::tcp_table::flags;

/// Seconds after which nobody is spared any longer because he may be answered.
const UNSPARED_S: u32 = 4;

fn at(ms: u64) -> Instant {
    Instant::from_millis(NOW.as_millis() + ms)
}

fn segment(port: u16, dir: Direction, letters: &str) -> Packet<'static> {
    let (from, to, ports) = match dir {
        Direction::Original => (CLIENT, SERVER, (port, 80)),
        Direction::Reply => (SERVER, CLIENT, (80, port)),
    };
    read(&ip(Protocol::TCP, from, to, &tcp(ports, flags(letters), (1, 1))))
}

/// Hears segments of a client's port: `>` the client's, `<` the server's.
fn tell<P: OnFull>(ct: &mut Conntrack<Owned, P>, now: Instant, port: u16, story: &str) {
    let words: Vec<&str> = story.split(' ').collect();
    for step in words.chunks(2) {
        let dir = if step[0] == ">" { Direction::Original } else { Direction::Reply };
        let verdict = offer(ct, now, &segment(port, dir, step[1])).verdict;
        assert!(matches!(verdict, Verdict::New | Verdict::Established), "{story}: {verdict:?}");
    }
}

fn tuple(port: u16) -> Tuple {
    segment(port, Direction::Original, "S").tuple
}

#[test]
fn another_policy_with_ranks_finds_them_in_the_order_of_idle_time() {
    const SLOTS: u16 = 60;
    let mut ct = tracker(SLOTS.into()).on_full(Ranked::new(0));
    for port in 0..SLOTS {
        tell(&mut ct, at(port.into()), port, "> S");
    }
    // All are heard of again, in an order that is none of slots: 17 and 60 have no common factor.
    let order: Vec<u16> = (0..SLOTS).map(|turn| turn * 17 % SLOTS).collect();
    for (turn, &port) in (0..).zip(&order) {
        tell(&mut ct, at(100 + turn), port, "< SA");
    }
    let mut ct = ct.on_full((EarlyDrop::new(0), Ranked::new(0))).on_full(Ranked::new(1));
    let now = NOW.after(UNSPARED_S);
    for (newcomer, &port) in (1000..).zip(&order) {
        let answer = offer(&mut ct, now, &segment(newcomer, Direction::Original, "S"));
        assert_eq!(answer.evicted, Some((tuple(port), Why::DroppedEarly)));
    }
}

/// What four clients do under a policy without ranks does not escape the one with ranks that comes
/// after it.
fn comes_and_goes<P: OnFull>(policy: P) {
    let mut ct = tracker(4).on_full(Ranked::new(0));
    tell(&mut ct, at(0), 0, "> S");
    tell(&mut ct, at(1), 1, "> S < SA");
    tell(&mut ct, at(2), 2, "> S < SA > A");
    tell(&mut ct, at(3), 3, "> S");
    let mut ct = ct.on_full(policy);
    tell(&mut ct, at(10), 0, "< SA > A");
    tell(&mut ct, at(10), 1, "> A");
    tell(&mut ct, at(10), 2, "> FA < FA");
    let mut ct = ct.on_full(Ranked::new(0));
    let now = NOW.after(UNSPARED_S);
    for (newcomer, leaver) in [(10, 2), (11, 3)] {
        let answer = offer(&mut ct, now, &segment(newcomer, Direction::Original, "S"));
        assert_eq!(answer.evicted, Some((tuple(leaver), Why::DroppedEarly)));
    }
    for newcomer in 12..200 {
        let later = now.after(UNSPARED_S * u32::from(newcomer % 9));
        offer(&mut ct, later, &segment(newcomer, Direction::Original, "S"));
        for port in [0, 1] {
            let open = ct.find(&tuple(port), Zone::DEFAULT).expect("it is assured and open");
            assert!(open.status().has(Status::ASSURED) && Rank::of(open).is_none());
        }
    }
}

#[test]
fn what_happens_under_a_policy_without_ranks_counts_under_the_next_one_with_them() {
    comes_and_goes(Refuse);
    comes_and_goes(EarlyDrop::new(3));
    comes_and_goes(Some(Refuse));
}

/// Is told of no ranks.
struct Unranked;

impl OnFull for Unranked {
    fn victim(&mut self, _newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
        for rank in Rank::ALL {
            assert_eq!((table.longest_idle(rank), table.heard_last(rank)), (None, None));
        }
        None
    }
}

#[test]
fn a_policy_without_ranks_is_shown_none_whatever_was_before() {
    let mut ct = tracker(4).on_full(Ranked::new(0));
    tell(&mut ct, at(0), 0, "> S");
    tell(&mut ct, at(0), 1, "> S < SA");
    tell(&mut ct, at(0), 2, "> S < SA > A > FA");
    tell(&mut ct, at(0), 3, "> S < SA > A < R");
    let mut ct = ct.on_full(Unranked);
    assert_eq!(offer(&mut ct, at(1), &segment(4, Direction::Original, "S")).verdict, FULL);
    tell(&mut ct, at(2), 0, "< SA > A");
    assert_eq!(offer(&mut ct, at(3), &segment(4, Direction::Original, "S")).verdict, FULL);
}
