//! Whom a policy may name: nobody leaves whose slot the newcomer cannot have, and nobody is lost.

use std::cell::Cell;

use keeptrack_core::{
    Adaptive, Direction, Instant, Newcomer, OnFull, SlotId, Slots, Step, Tuple, Why, Zone,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::reserve::{self, Tracker, taken};
use super::{FULL, NOW, drain, offer, tracker, udp_packet};
use crate::answer::{Verdict, left};

/// When a policy names somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Never,
    Overdue,
    Victim,
}

/// Whom a policy names, of all slots that it has ever seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whom {
    Anybody,
    /// Slots where it sees nobody now.
    Nobody,
}

/// Names slots without a look at what is there.
#[derive(Debug)]
struct Reckless {
    when: Cell<When>,
    whom: Cell<Whom>,
    pick: Cell<usize>,
    known: Vec<SlotId>,
    seen: Vec<(SlotId, Tuple)>,
    gone: Vec<(Tuple, Why)>,
}

impl Reckless {
    /// Names nobody yet.
    fn new() -> Self {
        let (when, whom, pick) = (When::Never.into(), Whom::Anybody.into(), Cell::default());
        Self { when, whom, pick, known: Vec::new(), seen: Vec::new(), gone: Vec::new() }
    }

    fn names(&self, (when, whom): (When, Whom), pick: usize) {
        self.when.set(when);
        self.whom.set(whom);
        self.pick.set(pick);
    }

    fn look(&mut self, table: &dyn Slots) {
        let all = (0..table.count()).filter_map(|number| table.conn(number));
        self.seen = all.map(|(slot, conn)| (slot, conn.tuple(Direction::Original))).collect();
        let new = self.seen.iter().map(|(slot, _)| *slot);
        let new: Vec<SlotId> = new.filter(|slot| !self.known.contains(slot)).collect();
        self.known.extend(new);
    }

    fn named(&self) -> Option<SlotId> {
        let is_seen = |slot: &SlotId| self.seen.iter().any(|(seen, _)| seen == slot);
        let candidates = self.known.iter().copied();
        let candidates =
            candidates.filter(|slot| self.whom.get() == Whom::Anybody || !is_seen(slot));
        let candidates: Vec<SlotId> = candidates.collect();
        Some(candidates[self.pick.get().checked_rem(candidates.len())?])
    }
}

impl OnFull for Reckless {
    fn overdue(&mut self, _newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
        self.look(table);
        (self.when.get() == When::Overdue).then(|| self.named())?
    }

    fn victim(&mut self, _newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
        self.look(table);
        (self.when.get() == When::Victim).then(|| self.named())?
    }

    fn left(&mut self, leaver: &Newcomer<'_>, why: Why) {
        let tuple = leaver.conn.tuple(Direction::Original);
        if matches!(why, Why::DroppedEarly | Why::Shrunk) {
            assert!(self.seen.iter().any(|(_, seen)| *seen == tuple), "{tuple} has another's slot");
        }
        self.gone.push((tuple, why));
    }
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(NOW.as_millis() + ms)
}

/// All that `expire` tells.
fn told(ct: &mut Tracker<Reckless>, now: Instant) -> Vec<(Tuple, Why)> {
    let mut told = Vec::new();
    loop {
        match ct.expire(now) {
            Step::Ended(ended) => told.push(left(&ended)),
            Step::Working => {}
            Step::Idle => return told,
        }
    }
}

/// What becomes of those in slots of a class before a policy names these for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stays,
    Waits,
    Leaves,
}

#[test]
fn whoever_is_named_in_a_slot_of_others_stays_and_what_waits_there_is_told_once() {
    let reserved = [1000, 1001, 1002, 2000, 2001];
    for when in [When::Overdue, When::Victim] {
        for fate in [Fate::Stays, Fate::Waits, Fate::Leaves] {
            let mut ct = reserve::tracker(Reckless::new());
            assert_eq!(taken(&mut ct, 1000..1003) + taken(&mut ct, 2000..2002), 5);
            assert_eq!(taken(&mut ct, 0..5), 5);
            // It sees all slots of either class.
            assert_eq!(taken(&mut ct, 1003..1004) + taken(&mut ct, 2002..2003), 0);
            assert_eq!(ct.policy().known.len(), 10);
            if fate != Fate::Stays {
                let flush = |port| assert!(ct.flush(NOW, &udp_packet(port).tuple, Zone::DEFAULT));
                reserved.into_iter().for_each(flush);
            }
            if fate == Fate::Leaves {
                assert_eq!(told(&mut ct, NOW).len(), 5);
            }
            for (pick, newcomer) in (0..).zip(100..120) {
                ct.policy().names((when, Whom::Nobody), pick);
                let answer = offer(&mut ct, NOW, &udp_packet(newcomer));
                assert_eq!(answer.verdict, FULL, "{when:?}, {fate:?}");
            }
            let waited = told(&mut ct, NOW);
            if fate == Fate::Waits {
                let all = reserved.map(|port| (udp_packet(port).tuple, Why::Flushed));
                assert_eq!(waited, all, "{when:?}");
            } else {
                assert_eq!(waited, [], "{when:?}, {fate:?}");
            }
            assert_eq!(ct.len(), if fate == Fate::Stays { 10 } else { 5 });
        }
    }
}

#[derive(Debug, Clone)]
enum Op {
    /// One of that class comes, and so does a policy's choice.
    Come(u16, (When, Whom), usize),
    /// One that has come is flushed.
    Flush(Index),
    Wait(u64),
    Expire(u8),
}

fn op() -> impl Strategy<Value = Op> {
    let when = select(&[When::Overdue, When::Victim][..]);
    let whom = select(&[Whom::Anybody, Whom::Nobody][..]);
    prop_oneof![
        8 => (0..3_u16, (when, whom), 0..10_usize)
            .prop_map(|(class, choice, pick)| Op::Come(class, choice, pick)),
        2 => any::<Index>().prop_map(Op::Flush),
        1 => (0..8_000_u64).prop_map(Op::Wait),
        1 => (0..3_u8).prop_map(Op::Expire),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whoever_came_is_told_of_once_whatever_a_policy_names(ops in vec(op(), 1..200)) {
        let mut ct = reserve::tracker(Reckless::new());
        let (mut came, mut all_told, mut ms) = (Vec::new(), Vec::new(), 0);
        for (number, op) in (0..).zip(ops) {
            match op {
                Op::Come(class, choice, pick) => {
                    ct.policy().names(choice, pick);
                    let packet = udp_packet(1000 * class + number);
                    let answer = offer(&mut ct, at(ms), &packet);
                    all_told.extend(answer.evicted);
                    match answer.verdict {
                        Verdict::New => came.push(packet.tuple),
                        refused => prop_assert_eq!((refused, answer.evicted), (FULL, None)),
                    }
                }
                Op::Flush(_) if came.is_empty() => {}
                Op::Flush(index) => _ = ct.flush(at(ms), index.get(&came), Zone::DEFAULT),
                Op::Wait(wait_ms) => ms += wait_ms,
                Op::Expire(steps) => {
                    let steps = (0..steps).map(|_| ct.expire(at(ms)));
                    let ended = steps.filter_map(|step| match step {
                        Step::Ended(ended) => Some(left(&ended)),
                        Step::Working | Step::Idle => None,
                    });
                    all_told.extend(ended);
                }
            }
            prop_assert_eq!(ct.len() + ct.policy().gone.len(), came.len());
        }
        all_told.extend(told(&mut ct, at(ms + 30_000)));
        prop_assert!(ct.is_empty());
        let mut tuples: Vec<Tuple> = all_told.iter().map(|(tuple, _)| *tuple).collect();
        tuples.sort_unstable_by_key(Tuple::to_string);
        came.sort_unstable_by_key(Tuple::to_string);
        prop_assert_eq!(tuples, came);
        let by_name = |one: &(Tuple, Why)| (one.0.to_string(), one.1.name());
        all_told.sort_unstable_by_key(by_name);
        let mut gone = ct.policy().gone.clone();
        gone.sort_unstable_by_key(by_name);
        prop_assert_eq!(all_told, gone);
    }
}

#[test]
fn whoever_has_run_out_has_timed_out_even_where_a_policy_finds_him_first() {
    let mut ct = tracker(8).on_full(Adaptive::new(1, 9));
    for port in 0..5 {
        offer(&mut ct, NOW, &udp_packet(port));
    }
    let now = NOW.after(31);
    let newcomer = offer(&mut ct, now, &udp_packet(5));
    assert_eq!((newcomer.verdict, newcomer.evicted), (Verdict::New, None));
    drain(&mut ct, now);
    assert_eq!((ct.len(), ct.stats().timed_out, ct.stats().shrunk), (1, 5, 0));
}
