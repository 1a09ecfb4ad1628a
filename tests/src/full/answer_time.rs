//! What `Ranked` learns of how long answers take, and how often it spares somebody for as long.

use keeptrack_core::{
    Conntrack, Direction, Instant, Packet, Protocol, Rank, Ranked, Step, TcpFlags, Why, Zone,
};

use super::{NOW, offer, tcp_packet, tracker};
use crate::answer::{Answer, Verdict};
use crate::frames::{CLIENT, SERVER, ip, read, tcp};
use crate::memory::Owned;
use crate::tcp_table::flags;

const SLOTS: u16 = 5;
/// The port of all connections that teach something.
const TEACHER: u16 = 900;
/// Answers after which hardly anything is left of what was known before: (7/8)^150.
const LESSONS: u32 = 150;

/// A tracker, and its clock.
struct Scene {
    ct: Conntrack<Owned, Ranked>,
    ms: u64,
}

impl Scene {
    fn new(policy: Ranked) -> Self {
        let ct = tracker(SLOTS.into()).on_full(policy);
        Self { ct, ms: NOW.as_millis() }
    }

    fn segment(&mut self, port: u16, dir: Direction, letters: &str) -> Answer {
        offer(&mut self.ct, Instant::from_millis(self.ms), &segment(port, dir, letters))
    }

    /// Begins a connection that waits for what whoever is of that rank waits for.
    fn begin(&mut self, rank: Rank, port: u16) {
        assert_eq!(self.segment(port, Direction::Original, "S").verdict, Verdict::New);
        if rank == Rank::Unassured {
            self.segment(port, Direction::Reply, "SA");
        }
        assert_eq!(self.rank(port), Some(rank));
    }

    fn rank(&self, port: u16) -> Option<Rank> {
        Rank::of(self.ct.find(&segment(port, Direction::Original, "S").tuple, Zone::DEFAULT)?)
    }

    /// The teacher leaves.
    fn forget(&mut self) {
        let now = Instant::from_millis(self.ms);
        self.ct.flush(now, &segment(TEACHER, Direction::Original, "S").tuple, Zone::DEFAULT);
        while !matches!(self.ct.expire(now), Step::Idle) {}
        assert!(self.ct.is_empty());
    }

    /// Answers of that kind take so long from now on.
    fn learn(&mut self, rank: Rank, answer_ms: u64) {
        for _ in 0..LESSONS {
            self.begin(rank, TEACHER);
            self.ms += answer_ms;
            match rank {
                Rank::Unreplied => self.segment(TEACHER, Direction::Reply, "SA"),
                _ => self.segment(TEACHER, Direction::Original, "A"),
            };
            assert_ne!(self.rank(TEACHER), Some(rank), "it is answered");
            self.forget();
        }
    }

    /// Whether the oldest of a full table leaves, who has waited for so long when the others come;
    /// if not, the newest does.
    fn is_oldest_to_leave(&mut self, rank: Rank, waited_ms: u64) -> bool {
        self.begin(rank, 0);
        self.ms += waited_ms;
        (1..SLOTS).for_each(|port| self.begin(rank, port));
        let newcomer = self.segment(SLOTS, Direction::Original, "S");
        let left = |port| Some((tcp_packet(port, TcpFlags::SYN).tuple, Why::DroppedEarly));
        let is_oldest = newcomer.evicted == left(0);
        assert!(is_oldest || newcomer.evicted == left(SLOTS - 1), "{newcomer:?}");
        is_oldest
    }
}

fn segment(port: u16, dir: Direction, letters: &str) -> Packet<'static> {
    let (from, to, ports) = match dir {
        Direction::Original => (CLIENT, SERVER, (port, 80)),
        Direction::Reply => (SERVER, CLIENT, (80, port)),
    };
    let seq = if letters.starts_with('S') { 1 } else { 2 };
    read(&ip(Protocol::TCP, from, to, &tcp(ports, flags(letters), (seq, 2))))
}

/// Something that befalls a connection of a rank, after so many milliseconds, and is no answer.
type NoAnswer = (Rank, fn(&mut Scene, u64));

const NO_ANSWERS: [NoAnswer; 3] = [
    (Rank::Unreplied, |scene, wait_ms| {
        scene.begin(Rank::Unreplied, TEACHER);
        scene.ms += wait_ms;
        let answer = scene.segment(TEACHER, Direction::Original, "R");
        assert_eq!(answer.ended, Some(Why::Reset));
    }),
    (Rank::Unreplied, |scene, wait_ms| {
        scene.segment(TEACHER, Direction::Original, "A");
        assert_eq!(scene.rank(TEACHER), Some(Rank::Unreplied), "it is picked up");
        scene.ms += wait_ms;
        scene.segment(TEACHER, Direction::Original, "FA");
        assert_eq!(scene.rank(TEACHER), Some(Rank::FinWait));
    }),
    (Rank::Unassured, |scene, wait_ms| {
        scene.begin(Rank::Unassured, TEACHER);
        scene.ms += wait_ms;
        scene.segment(TEACHER, Direction::Original, "R");
        assert_eq!(scene.rank(TEACHER), Some(Rank::Finished));
    }),
];

/// Whether the oldest leaves, in table after table of one policy.
fn leavings(mut policy: Ranked, rank: Rank, waited_ms: u64, count: usize) -> Vec<bool> {
    let mut next = || {
        let mut scene = Scene::new(policy);
        let is_oldest = scene.is_oldest_to_leave(rank, waited_ms);
        policy = *scene.ct.policy();
        is_oldest
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn what_is_no_answer_teaches_nothing() {
    const COUNT: usize = 50;
    // Half of the time for which somebody is spared as long as nothing is known.
    let waited_ms = u64::from(Ranked::FIRST_GUESS_MS) * 3 / 2;
    for (rank, befall) in NO_ANSWERS {
        let untaught = leavings(Ranked::new(5), rank, waited_ms, COUNT);
        let oldest = untaught.iter().filter(|is_oldest| **is_oldest).count();
        assert!((1..COUNT / 2).contains(&oldest), "{oldest} of {COUNT} are not spared");
        for wait_ms in [0, 1000] {
            let mut scene = Scene::new(Ranked::new(5));
            for _ in 0..LESSONS {
                befall(&mut scene, wait_ms);
                scene.forget();
            }
            let taught = leavings(*scene.ct.policy(), rank, waited_ms, COUNT);
            assert_eq!(taught, untaught, "{rank:?} after {wait_ms} ms");
        }
    }
}

#[test]
fn whoever_has_waited_for_half_of_the_time_leaves_in_a_quarter_of_the_cases() {
    for rank in [Rank::Unreplied, Rank::Unassured] {
        for answer_ms in [20, 40, 300] {
            let taught = (0..20).map(|sampling_seed| {
                let mut scene = Scene::new(Ranked::new(sampling_seed));
                scene.learn(rank, answer_ms);
                *scene.ct.policy()
            });
            let taught: Vec<Ranked> = taught.collect();
            let after = |waited_ms| {
                let all = taught.iter().flat_map(|&policy| leavings(policy, rank, waited_ms, 20));
                all.filter(|is_oldest| *is_oldest).count()
            };
            // 100 of 400 are expected, with a standard deviation of 8.7.
            let oldest = after(answer_ms * 3 / 2);
            assert!((65..=135).contains(&oldest), "{rank:?}, {answer_ms} ms: {oldest}");
            assert_eq!(after(0), 0, "{rank:?}, {answer_ms} ms");
            // What was known before is not forgotten to the last bit.
            for waited_ms in [3 * answer_ms + 1, 10 * answer_ms] {
                assert_eq!(after(waited_ms), 400, "{rank:?}, {answer_ms} ms");
            }
        }
    }
}
