//! Is the table a map of connections that each live to the millisecond? Random stories for a small
//! tracker, held against one that is too simple to be wrong.

mod leaves;
mod naive;
mod talks;

use keeptrack_core::raw::{PolicyId, Raw, RawVerdict, Template};
use keeptrack_core::{
    Class, Config, Conntrack, Direction, Instant, Memory, OnFull, Packet, Ranked, Refusal, Refuse,
    Seed, Step, TcpConfig, TimeoutPolicy, Zone,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::answer::{Answer, Filter, Verdict, View, left};
use crate::memory::Owned;
use crate::tcp_table::CLASSES;
use leaves::{CLASSES as CLASS_COUNT, Full};
use naive::{Expected, Naive};
use talks::{End, POOL_LEN, Said, Talk};

/// A step of a story.
#[derive(Debug, Clone)]
enum Op {
    Say(Said, Filter),
    /// An ICMP error about a packet of a talk.
    Report(Said),
    /// The connection of a talk is taken out.
    Flush(Said),
    Wait(u64),
    /// The clock was set back; the tracker's stands still.
    GoBack(u64),
    Expire(u8),
    Drain,
    /// New connections until one is refused.
    Fill,
    /// Into memory of so many slots.
    Move(usize),
}

fn said() -> impl Strategy<Value = Said> {
    let letters = prop_oneof![4 => select(&CLASSES[..4]), 1 => select(&CLASSES[..])];
    // Half of them in one TCP connection, so that it goes far.
    let talk = prop_oneof![Just(0), 0..POOL_LEN];
    (talk, select(&[End::Near, End::Far][..]), letters).prop_map(|(talk, from, letters)| Said {
        talk,
        from,
        letters,
    })
}

fn wait() -> impl Strategy<Value = Op> {
    const DAY: u64 = 86_400_000;
    const EDGES: [u64; 7] = [10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 432_000_000];
    let millis = prop_oneof![
        4 => 0..4_000_u64,
        4 => (select(&EDGES[..]), 0..3_u64).prop_map(|(edge, off)| edge + off - 1),
        2 => 0..DAY,
        1 => 0..400 * DAY,
    ];
    millis.prop_map(Op::Wait)
}

/// Packets and times, of which verdicts are made.
fn event() -> impl Strategy<Value = Op> {
    let filter = prop_oneof![6 => Just(Filter::Accepts), 1 => Just(Filter::Drops)];
    prop_oneof![
        16 => (said(), filter).prop_map(|(said, filter)| Op::Say(said, filter)),
        2 => said().prop_map(Op::Report),
        6 => wait(),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        16 => event(),
        1 => said().prop_map(Op::Flush),
        1 => (0..100_000_u64).prop_map(Op::GoBack),
        3 => (0..4_u8).prop_map(Op::Expire),
        3 => Just(Op::Drain),
        1 => Just(Op::Fill),
        1 => (1..24_usize).prop_map(Op::Move),
    ]
}

fn epoch() -> impl Strategy<Value = u64> {
    select(&[0, 1, 999, 1_795_355_207_534][..])
}

/// The model has no windows and counts no retransmissions.
const CONFIG: Config = Config {
    tcp: TcpConfig { be_liberal: true, max_retrans: u8::MAX, ..TcpConfig::DEFAULT },
    ..Config::DEFAULT
};

fn tracker<M: Memory>(memory: M, seed: u8) -> Conntrack<M, Refuse> {
    Conntrack::new(memory, CONFIG, Seed([seed; 16])).unwrap().on_full(Refuse)
}

/// Rules that tell the classes of the model apart.
struct Classes;

impl Raw for Classes {
    fn classify(&mut self, packet: &Packet<'_>) -> RawVerdict {
        let class = leaves::class_of(packet.tuple.protocol).and_then(Class::at);
        RawVerdict::Track(Template { class, ..Template::NONE })
    }

    fn timeouts(&self, _id: PolicyId) -> Option<&TimeoutPolicy> {
        None
    }
}

/// A tracker and its model, which hear the same.
struct Pair<P> {
    ct: Conntrack<Owned, P, Classes>,
    model: Naive,
    /// As the caller's clock shows it; it may go back.
    clock: u64,
    newcomers: usize,
}

impl<P: OnFull> Pair<P> {
    fn new(
        capacity: usize,
        reserves: [usize; CLASS_COUNT],
        epoch: u64,
        (full, policy): (Full, P),
    ) -> Self {
        let mut ct = Conntrack::new(Owned::new(capacity), CONFIG, Seed([5; 16])).unwrap();
        for (index, slot_count) in reserves.into_iter().enumerate() {
            ct = ct.reserve(Class::at(index).unwrap(), slot_count).unwrap();
        }
        let ct = ct.with_rules(Classes).on_full(policy);
        let model = Naive::new(capacity, reserves, full);
        Self { ct, model, clock: epoch, newcomers: POOL_LEN }
    }

    fn now(&self) -> Instant {
        Instant::from_millis(self.clock)
    }

    fn play(&mut self, op: &Op) {
        match *op {
            Op::Say(said, filter) => {
                self.say(said, filter);
            }
            Op::Report(said) => self.report(said),
            Op::Flush(said) => {
                let tuple = Talk::of(said.talk).tuple(said.from);
                let was_there = self.ct.flush(self.now(), &tuple, Zone::DEFAULT);
                self.model.at(self.clock);
                assert_eq!(was_there, self.model.flushes(said));
            }
            Op::Wait(millis) => self.clock += millis,
            Op::GoBack(millis) => self.clock = self.clock.saturating_sub(millis),
            Op::Expire(steps) => (0..steps).for_each(|_| drop(self.expire())),
            Op::Drain => self.drain(),
            Op::Fill => self.fill(),
            Op::Move(capacity) => {
                let fits = self.ct.move_into(Owned::new(capacity)).is_ok();
                assert_eq!(fits, self.model.move_into(capacity));
            }
        }
        self.agree();
    }

    fn say(&mut self, said: Said, filter: Filter) -> Verdict {
        if self.model.reserved() > 0 {
            // Else whoever runs out in others' slots may leave without being told at once.
            self.drain();
        }
        let packet = Talk::of(said.talk).packet(said.from, said.letters);
        let answer = Answer::of(self.ct.track(self.now(), &packet), filter);
        self.model.at(self.clock);
        match self.model.hear(said) {
            Expected::First(timeout) => {
                if matches!(answer.verdict, Verdict::Refused(_)) {
                    self.model.refuses(said);
                } else {
                    assert_eq!((answer.verdict, answer.dir), (Verdict::New, None));
                    assert_eq!(answer.timeout, Some(timeout));
                }
                if filter == Filter::Accepts && answer.verdict == Verdict::New {
                    self.model.takes(said, timeout, answer.evicted);
                }
            }
            Expected::Known { verdict, dir, timeout, ended } => {
                assert_eq!((answer.verdict, answer.dir), (verdict, Some(dir)));
                assert_eq!((answer.timeout, answer.ended), (timeout, ended));
            }
            Expected::Invalid => assert!(matches!(answer.verdict, Verdict::Invalid(_))),
        }
        answer.verdict
    }

    fn report(&mut self, said: Said) {
        let packet = Talk::of(said.talk).error_about(said.from);
        let answer = Answer::of(self.ct.track(self.now(), &packet), Filter::Accepts);
        self.model.at(self.clock);
        assert_eq!(answer.dir, self.model.spoken_of(said).map(|dir: Direction| !dir));
        assert_eq!(answer.verdict == Verdict::Related, answer.dir.is_some());
    }

    fn expire(&mut self) -> Step {
        let step = self.ct.expire(self.now());
        self.model.at(self.clock);
        match &step {
            Step::Ended(ended) => self.model.leaves(left(ended)),
            Step::Working => {}
            Step::Idle => assert_eq!(self.model.due_count(), 0, "idle, and somebody is due"),
        }
        step
    }

    fn drain(&mut self) {
        // Each connection is looked at once a level, and once for each 12 days that nobody asked.
        let most = 5_000;
        let steps = (0..most).take_while(|_| !matches!(self.expire(), Step::Idle)).count();
        assert!(steps < most, "no end");
    }

    fn fill(&mut self) {
        self.drain();
        let class = leaves::class(Talk::of(self.newcomers + 1).kind);
        while self.model.room_for(class).is_some() {
            assert_eq!(self.newcomer(), Verdict::New, "exactly N fit");
        }
        let none_leaves = self.model.victims(class).is_empty();
        let expected = match none_leaves {
            true => Verdict::Refused(Refusal::TableFull),
            false => Verdict::New,
        };
        assert_eq!(self.newcomer(), expected);
    }

    fn newcomer(&mut self) -> Verdict {
        self.newcomers += 1;
        let said = Said { talk: self.newcomers, from: End::Near, letters: "S" };
        self.say(said, Filter::Accepts)
    }

    /// Both hold the same, and know when to look again.
    fn agree(&self) {
        let expected = self.model.views();
        let held: Vec<View> = self.ct.iter().map(View::from).collect();
        assert_eq!((held.len(), self.ct.len()), (expected.len(), expected.len()));
        for view in &held {
            assert!(expected.contains(view), "{view:?} is none of {expected:?}");
        }
        match (self.ct.next_expiry(), self.model.next_expiry()) {
            (Some(next), Some(first)) => {
                assert!(next.as_millis() <= first, "{next:?} is no lower bound of {first}");
            }
            (next, first) => assert_eq!(first, None, "{next:?}"),
        }
    }

    /// Whoever sleeps until `next_expiry` hands out each connection at its own millisecond.
    fn sleep_to_the_end(&mut self) {
        self.drain();
        let most = 6 * 24 + 1;
        for _ in 0..most {
            let Some(next) = self.ct.next_expiry() else {
                assert!(self.ct.is_empty());
                return;
            };
            self.clock = self.clock.max(next.as_millis());
            self.model.hands_out_at = Some(self.clock);
            self.drain();
            self.agree();
        }
        panic!("asleep for ever");
    }
}

/// When the caller drains what has run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expires {
    /// Before each packet, as he is asked to.
    Always,
    Never,
}

/// What a tracker says to all packets of a story.
fn answers<M: Memory>(
    mut ct: Conntrack<M, Refuse>,
    expires: Expires,
    epoch: u64,
    ops: &[Op],
) -> Vec<Answer> {
    let mut clock = epoch;
    let mut heard = Vec::new();
    for op in ops {
        let now = Instant::from_millis(clock);
        if expires == Expires::Always {
            assert!((0..1_600).any(|_| matches!(ct.expire(now), Step::Idle)), "no end");
        }
        let (packet, filter) = match *op {
            Op::Say(said, filter) => (Talk::of(said.talk).packet(said.from, said.letters), filter),
            Op::Report(said) => (Talk::of(said.talk).error_about(said.from), Filter::Accepts),
            Op::Wait(millis) => {
                clock += millis;
                continue;
            }
            _ => continue,
        };
        let answer = Answer::of(ct.track(now, &packet), filter);
        heard.push(Answer { evicted: None, ..answer });
    }
    heard
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_table_is_a_map(
        capacity in 1..20_usize,
        epoch in epoch(),
        ops in vec(op(), 1..150),
    ) {
        let mut pair = Pair::new(capacity, [0; CLASS_COUNT], epoch, (Full::Refuses, Refuse));
        ops.iter().for_each(|op| pair.play(op));
        pair.sleep_to_the_end();
    }

    #[test]
    fn whoever_is_most_dispensable_leaves(
        capacity in 1..12_usize,
        epoch in epoch(),
        ops in vec(op(), 1..150),
    ) {
        let full = (Full::Ranks, Ranked::new(0));
        let mut pair = Pair::new(capacity, [0; CLASS_COUNT], epoch, full);
        ops.iter().for_each(|op| pair.play(op));
        pair.sleep_to_the_end();
    }

    #[test]
    fn nobody_takes_a_slot_that_is_reserved_for_others(
        everybodys in 1..5_usize,
        reserves in [0..4_usize, 0..4, 0..4],
        ops in vec(op(), 1..150),
    ) {
        let capacity = everybodys + reserves.iter().sum::<usize>();
        let mut pair = Pair::new(capacity, reserves, 1, (Full::Ranks, Ranked::new(0)));
        ops.iter().for_each(|op| pair.play(op));
        pair.sleep_to_the_end();
    }

    #[test]
    fn verdicts_depend_on_packets_and_times_alone(
        epoch in epoch(),
        ops in vec(event(), 1..150),
        seed in any::<u8>(),
    ) {
        let expected = answers(tracker(Owned::<u16>::new(64), 5), Expires::Always, epoch, &ops);
        let another_seed = answers(tracker(Owned::<u16>::new(64), seed), Expires::Always, epoch, &ops);
        prop_assert_eq!(&another_seed, &expected);
        let larger = answers(tracker(Owned::<u16>::new(200), 5), Expires::Always, epoch, &ops);
        prop_assert_eq!(&larger, &expected);
        let wide_links = answers(tracker(Owned::<u32>::new(64), 5), Expires::Always, epoch, &ops);
        prop_assert_eq!(&wide_links, &expected);
        let never_drained = answers(tracker(Owned::<u16>::new(64), 5), Expires::Never, epoch, &ops);
        prop_assert_eq!(&never_drained, &expected);
    }
}
