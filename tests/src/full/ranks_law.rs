//! The law of the ranks: in whatever way connections come, change and go, the table shows each of
//! them at the rank that it has, and nobody who is assured and open at any.

use std::cell::RefCell;
use std::collections::BTreeSet;

use keeptrack_core::{
    Adaptive, Class, Config, Conn, Conntrack, Direction, Ended, Ends, Instant, Newcomer, OnFull,
    Packet, Protocol, Rank, Ranked, Refuse, Restored, SctpState, Seed, SlotId, Slots, State,
    Status, Step, TcpState, Tuple, Why, Zone,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;

use super::reserve::ByPort;
use super::sctp_ranks::{TAG, hear};
use super::{NOW, offer};
use crate::answer::{Answer, Verdict};
use crate::frames::{CLIENT, ROUTER, SERVER, ip, read, tcp, udp};
use crate::memory::Owned;
use crate::tcp_table::{CLASSES, flags};

const SLOTS: usize = 24;
/// How many clients there are, in four classes: with slots of their own, without, and none.
const CLIENTS: u16 = 48;
/// The classes of newcomers, the one of none first.
const CLASS_COUNT: u16 = 4;

/// A policy that looks at the table before another one is asked.
#[derive(Debug)]
struct Walk<P> {
    then: P,
    /// The ranks that were there.
    met: BTreeSet<Rank>,
}

impl Walk<(Adaptive, Ranked)> {
    fn new() -> Self {
        Self { then: (Adaptive::new(10, 30), Ranked::new(0)), met: BTreeSet::new() }
    }
}

impl<P> Walk<P> {
    fn look(&mut self, table: &dyn Slots) {
        let shown: Vec<(SlotId, &Conn)> =
            (0..table.count()).filter_map(|number| table.conn(number)).collect();
        for rank in Rank::ALL {
            let of_rank = shown.iter().filter(|(_, conn)| Rank::of(conn) == Some(rank));
            let of_rank: Vec<SlotId> = of_rank.map(|(slot, _)| *slot).collect();
            for end in [table.longest_idle(rank), table.heard_last(rank)] {
                let is_right = match end {
                    Some(slot) => of_rank.contains(&slot),
                    None => of_rank.is_empty(),
                };
                assert!(is_right, "{rank:?}: {end:?} of {of_rank:?}");
            }
            if !of_rank.is_empty() {
                self.met.insert(rank);
            }
        }
    }
}

/// Newcomers that come only so that a policy is asked make nobody leave.
fn is_probe(newcomer: &Newcomer<'_>) -> bool {
    newcomer.conn.tuple(Direction::Original).source == ROUTER
}

impl<P: OnFull> OnFull for Walk<P> {
    const RANKS: bool = true;

    fn overdue(&mut self, newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
        self.look(table);
        (!is_probe(newcomer)).then(|| self.then.overdue(newcomer, table))?
    }

    fn victim(&mut self, newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
        self.look(table);
        (!is_probe(newcomer)).then(|| self.then.victim(newcomer, table))?
    }

    fn answered(&mut self, rank: Rank, waited_ms: u64) {
        self.then.answered(rank, waited_ms);
    }
}

/// What a packet is.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Tcp(&'static str),
    Udp,
    /// With that tag.
    Sctp(u32, &'static str),
}

type Said = (u16, Direction, Kind);

#[derive(Debug, Clone)]
enum Op {
    /// One after another.
    Say(Vec<Said>),
    /// Somebody else has tracked it.
    Restore(u16, u32, (State, Status)),
    Flush(u16),
    DropEarly(u16),
    Wait(u64),
    Expire(u8),
    /// These are said while a policy without ranks is set.
    Unranked(Vec<Said>),
    /// The table moves into other memory.
    Move,
}

/// The ways of connections from their beginning to their end; on the last one packets are INVALID
/// from some point on.
const WAYS: [[(Direction, Kind); 6]; 3] = {
    use Direction::{Original, Reply};
    use Kind::{Sctp, Tcp};
    [
        [
            (Original, Tcp("S")),
            (Reply, Tcp("SA")),
            (Original, Tcp("A")),
            (Original, Tcp("FA")),
            (Reply, Tcp("FA")),
            (Original, Tcp("A")),
        ],
        [
            (Original, Sctp(0, "INIT")),
            (Reply, Sctp(TAG, "INIT-ACK")),
            (Original, Sctp(TAG, "COOKIE-ECHO")),
            (Reply, Sctp(TAG, "COOKIE-ACK")),
            (Original, Sctp(TAG, "SHUTDOWN")),
            (Reply, Sctp(TAG, "SHUTDOWN-ACK")),
        ],
        [
            (Original, Sctp(0, "INIT")),
            (Reply, Sctp(TAG, "INIT-ACK")),
            (Original, Sctp(TAG, "COOKIE-ECHO")),
            (Reply, Sctp(TAG + 1, "COOKIE-ACK+ABORT")),
            (Original, Sctp(TAG + 1, "SHUTDOWN+ABORT")),
            (Reply, Sctp(TAG + 1, "SHUTDOWN-ACK+ABORT")),
        ],
    ]
};

/// A client goes some part of a way.
fn way() -> impl Strategy<Value = Vec<Said>> {
    (number(), select(&WAYS[..]), 1..=6_usize).prop_map(|(number, way, len)| {
        way[..len].iter().map(|&(dir, kind)| (number, dir, kind)).collect()
    })
}

fn said() -> impl Strategy<Value = Said> {
    let words = select(vec![
        "INIT-ACK",
        "COOKIE-ECHO",
        "COOKIE-ACK",
        "COOKIE-ACK+ABORT",
        "SHUTDOWN",
        "SHUTDOWN+ABORT",
        "SHUTDOWN-ACK",
        "SHUTDOWN-COMPLETE",
        "ABORT",
        "HEARTBEAT",
        "COOKIE-ACK+HEARTBEAT",
        "HEARTBEAT-ACK",
        "DATA",
    ]);
    let tag = prop_oneof![4 => Just(TAG), 1 => Just(TAG + 1)];
    let kind = prop_oneof![
        2 => Just(Kind::Tcp("S")),
        4 => select(&CLASSES[..]).prop_map(Kind::Tcp),
        2 => Just(Kind::Udp),
        1 => Just(Kind::Sctp(0, "INIT")),
        4 => (tag, words).prop_map(|(tag, words)| Kind::Sctp(tag, words)),
    ];
    let dir = select(&[Direction::Original, Direction::Reply][..]);
    (number(), dir, kind)
}

/// Some clients speak more often than the others, and so come further.
fn number() -> impl Strategy<Value = u16> {
    prop_oneof![0..6_u16, 0..CLIENTS]
}

fn op() -> impl Strategy<Value = Op> {
    let assured = Status::SEEN_REPLY | Status::ASSURED;
    let states = select(vec![
        (State::Tcp(TcpState::SynSent), Status::NONE),
        (State::Tcp(TcpState::SynRecv), Status::SEEN_REPLY),
        (State::Tcp(TcpState::Established), assured),
        (State::Tcp(TcpState::LastAck), assured),
        (State::Tcp(TcpState::TimeWait), assured),
        (State::Sctp(SctpState::Closed), Status::NONE),
        (State::Sctp(SctpState::CookieEchoed), Status::SEEN_REPLY),
        (State::Sctp(SctpState::Established), assured),
    ]);
    let wait = prop_oneof![3 => 1..500_u64, 1 => 1_000..100_000_u64];
    prop_oneof![
        26 => said().prop_map(|said| Op::Say(vec![said])),
        4 => way().prop_map(Op::Say),
        3 => (number(), 0..300_u32, states)
            .prop_map(|(number, timeout_s, state)| Op::Restore(number, timeout_s, state)),
        1 => number().prop_map(Op::Flush),
        1 => number().prop_map(Op::DropEarly),
        3 => wait.prop_map(Op::Wait),
        2 => (0..6_u8).prop_map(Op::Expire),
        1 => vec(said(), 1..12).prop_map(Op::Unranked),
        1 => Just(Op::Move),
    ]
}

/// The port of a client, by which it is of a class.
fn port(number: u16) -> u16 {
    number % CLASS_COUNT * 1000 + number
}

fn say<P: OnFull>(
    ct: &mut Conntrack<Owned, P, ByPort>,
    now: Instant,
    (number, dir, kind): Said,
) -> Answer {
    let port = port(number);
    let (from, to, ports) = match dir {
        Direction::Original => (CLIENT, SERVER, (port, 80)),
        Direction::Reply => (SERVER, CLIENT, (80, port)),
    };
    let frame = match kind {
        Kind::Tcp(letters) => ip(Protocol::TCP, from, to, &tcp(ports, flags(letters), (1, 1))),
        Kind::Udp => ip(Protocol::UDP, from, to, &udp(ports.0, ports.1)),
        Kind::Sctp(tag, words) => return hear(ct, now, (port, dir, tag), words),
    };
    offer(ct, now, &read(&frame))
}

fn probe(class: u16) -> Packet<'static> {
    read(&ip(Protocol::UDP, ROUTER, SERVER, &udp(1000 * class + 999, 9)))
}

/// A story, and what has happened in it.
struct Scene {
    ct: Conntrack<Owned, Walk<(Adaptive, Ranked)>, ByPort>,
    ms: u64,
    left: BTreeSet<&'static str>,
    met: BTreeSet<Rank>,
}

impl Scene {
    fn new() -> Self {
        let ct = Conntrack::new(Owned::new(SLOTS), Config::DEFAULT, Seed([9; 16])).unwrap();
        let ct = ct.reserve(Class::at(0).unwrap(), 4).unwrap();
        let ct = ct.reserve(Class::at(1).unwrap(), 3).unwrap();
        let ct = ct.with_rules(ByPort).on_full(Walk::new());
        Self { ct, ms: NOW.as_millis(), left: BTreeSet::new(), met: BTreeSet::new() }
    }

    fn now(&self) -> Instant {
        Instant::from_millis(self.ms)
    }

    fn has_left(&mut self, why: Option<Why>) {
        self.left.extend(why.map(Why::name));
    }

    fn play(mut self, op: &Op) -> Self {
        let now = self.now();
        match *op {
            Op::Say(ref all) => {
                for &said in all {
                    let evicted = say(&mut self.ct, now, said).evicted;
                    self.has_left(evicted.map(|(_, why)| why));
                }
            }
            Op::Restore(number, timeout_s, (state, status)) => {
                let mut open = Restored::new(tuple(number, protocol_of(state)), timeout_s);
                (open.state, open.status) = (Some(state), status);
                let made = self.ct.restore(now, &open);
                let why = made.ok().and_then(|made| made.evicted).map(|Ended { why, .. }| why);
                self.has_left(why);
            }
            Op::Flush(number) => {
                _ = self.ct.flush(now, &tuple(number, Protocol::TCP), Zone::DEFAULT);
            }
            Op::DropEarly(number) => {
                _ = self.ct.drop_early(now, &tuple(number, Protocol::UDP), Zone::DEFAULT);
            }
            Op::Wait(wait_ms) => self.ms += wait_ms,
            Op::Expire(steps) => {
                for _ in 0..steps {
                    match self.ct.expire(now) {
                        Step::Ended(ended) => self.has_left(Some(ended.why)),
                        Step::Working => {}
                        Step::Idle => break,
                    }
                }
            }
            Op::Unranked(ref all) => {
                self.met.extend(&self.ct.policy().met);
                let mut ct = self.ct.on_full(Refuse);
                for &said in all {
                    say(&mut ct, now, said);
                }
                self.ct = ct.on_full(Walk::new());
            }
            Op::Move => assert!(self.ct.move_into(Owned::new(SLOTS)).is_ok()),
        }
        self
    }

    /// Has the policy look at the table on behalf of every class.
    fn look(&mut self) {
        let now = self.now();
        for class in 0..CLASS_COUNT {
            let probe = probe(class);
            let answer = offer(&mut self.ct, now, &probe);
            self.has_left(answer.evicted.map(|(_, why)| why));
            if answer.verdict == Verdict::New {
                assert!(self.ct.flush(now, &probe.tuple, Zone::DEFAULT));
            }
        }
    }
}

fn tuple(number: u16, protocol: Protocol) -> Tuple {
    let destination = if protocol == Protocol::SCTP { 2905 } else { 80 };
    let ends = Ends::Ports { source: port(number), destination };
    Tuple { source: CLIENT, destination: SERVER, protocol, ends }
}

fn protocol_of(state: State) -> Protocol {
    if matches!(state, State::Sctp(_)) { Protocol::SCTP } else { Protocol::TCP }
}

#[test]
fn everybody_is_shown_at_the_rank_that_he_has() {
    let config = ProptestConfig { cases: 150, failure_persistence: None, ..Default::default() };
    let happened = RefCell::new((BTreeSet::new(), BTreeSet::new()));
    let stories = TestRunner::new(config).run(&vec(op(), 1..250), |ops| {
        let mut scene = Scene::new();
        for op in &ops {
            scene = scene.play(op);
            scene.look();
        }
        let (left, met) = &mut *happened.borrow_mut();
        left.extend(scene.left);
        met.extend(scene.met);
        met.extend(&scene.ct.policy().met);
        Ok(())
    });
    stories.unwrap();
    let (left, met) = happened.into_inner();
    assert_eq!(left, Why::ALL.map(Why::name).into());
    assert_eq!(met, Rank::ALL.into());
}
