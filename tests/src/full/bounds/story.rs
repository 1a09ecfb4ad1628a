//! Random stories at a full table of long chains, in search of a call that costs more than is
//! stated.

use std::sync::LazyLock;

use keeptrack_core::{
    Adaptive, Class, EarlyDrop, OnFull, Ranked, Refuse, SourceCap, SourcePlace, State, Status,
    Step, TcpState,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::attacker::{SEED, chains};
use super::lab::{Lab, Most, Sender};
use super::{STATED, open};
use crate::tcp_table::{CLASSES, flags};

/// As many as two chains and a few others.
const SLOTS: usize = 72;

/// Who is in the stories: two chains of full length and one more of each, and some that may be
/// anywhere.
static NUMBERS: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let mut chains = chains(SLOTS);
    chains.truncate(2);
    chains.push((0..8).collect());
    chains.concat()
});

#[derive(Debug, Clone)]
enum Op {
    Send(usize, Sender, &'static str),
    /// A SYN for which another connection is dropped.
    Instead(usize, usize),
    Restore(usize, u32, (TcpState, Status)),
    Flush(usize),
    DropEarly(usize),
    /// Connections that begin from now on are of this class.
    Classify(usize),
    /// So many milliseconds pass.
    Wait(u64),
    Expire(u8),
    /// All send a SYN, in a circle from one of them on.
    Flood(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let number = || 0..NUMBERS.len();
    let sender = select(&[Sender::Client, Sender::Client, Sender::Server][..]);
    let letters = prop_oneof![Just("S"), select(&CLASSES[..])];
    let known = select(vec![
        (TcpState::SynSent, Status::NONE),
        (TcpState::SynRecv, Status::SEEN_REPLY),
        (TcpState::Established, Status::SEEN_REPLY | Status::ASSURED),
        (TcpState::TimeWait, Status::SEEN_REPLY | Status::ASSURED),
    ]);
    let wait = prop_oneof![1..200_u64, 1_000..150_000_u64];
    prop_oneof![
        14 => (number(), sender, letters).prop_map(|(number, sender, letters)| {
            Op::Send(number, sender, letters)
        }),
        2 => (number(), number()).prop_map(|(number, other)| Op::Instead(number, other)),
        4 => (number(), 0..300_u32, known).prop_map(|(number, timeout_s, known)| {
            Op::Restore(number, timeout_s, known)
        }),
        1 => number().prop_map(Op::Flush),
        1 => number().prop_map(Op::DropEarly),
        1 => (0..4_usize).prop_map(Op::Classify),
        2 => wait.prop_map(Op::Wait),
        2 => (0..6_u8).prop_map(Op::Expire),
        1 => number().prop_map(Op::Flood),
    ]
}

/// What the calls of a story cost at the most.
fn play<P: OnFull>(ops: &[Op], policy: P) -> Most {
    let mut lab = Lab::new((SLOTS, 8), policy);
    for op in ops {
        match *op {
            Op::Send(number, sender, letters) => {
                lab.send(NUMBERS[number], sender, flags(letters));
            }
            Op::Instead(number, other) => _ = lab.send_instead(NUMBERS[number], NUMBERS[other]),
            Op::Restore(number, timeout_s, (state, status)) => {
                let mut open = open(NUMBERS[number], status);
                (open.timeout_s, open.state) = (timeout_s, Some(State::Tcp(state)));
                open.status = status;
                _ = lab.restore(&open);
            }
            Op::Flush(number) => _ = lab.flush(NUMBERS[number]),
            Op::DropEarly(number) => _ = lab.drop_early(NUMBERS[number]),
            Op::Classify(index) => lab.classify(Class::at(index)),
            Op::Wait(millis) => lab.wait(millis),
            Op::Expire(steps) => {
                _ = (0..steps).take_while(|_| !matches!(lab.expire(), Step::Idle)).count();
            }
            Op::Flood(from) => {
                let (before, behind) = NUMBERS.split_at(from);
                for &number in behind.iter().chain(before) {
                    lab.send(number, Sender::Client, flags("S"));
                }
            }
        }
    }
    lab.most
}

fn source_cap() -> SourceCap<Vec<SourcePlace>> {
    SourceCap::new(vec![SourcePlace::EMPTY; SLOTS + 1], SEED, 1)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60,
        max_shrink_iters: 500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_story_costs_more_than_is_stated(ops in vec(op(), 1..250)) {
        let shrinking = Adaptive::new(SLOTS / 2, SLOTS);
        let stories = [
            play(&ops, Refuse),
            play(&ops, EarlyDrop::new(1)),
            play(&ops, Ranked::new(0)),
            play(&ops, (shrinking, EarlyDrop::new(2))),
            play(&ops, (source_cap(), shrinking, Ranked::new(0))),
        ];
        for most in stories {
            prop_assert_eq!(most.or(STATED), STATED);
        }
    }
}
