//! What a packet costs in keeptrack-core, and in the hash maps that a Rust program would use.
//!
//! Every tracker gets the same frames in the same order, one at a time, and parses each of them
//! with the same parser. Rounds are interleaved, so that what else the machine does meets all of
//! them. The frames of a phase lie one behind the other and are read once a round. Tables are
//! full at the end of the first phase, and all of their memory has been touched before it.

mod full;
mod ours;
mod rival;
mod traffic;

use std::hash::RandomState;
use std::hint::black_box;

use hashbrown::DefaultHashBuilder;
use keeptrack_core::{Conn, Instant, Ranked, Slot, bytes_an_entry};
use rustix::time::{ClockId, clock_gettime};

use ours::{Heap, Ours};
use rival::{Map, Rival};
use traffic::{Flow, Frame, Random, Sender};

/// How many connections, and rounds of each tracker after the first, which only warms it up.
const SIZES: [(usize, usize); 2] = [(1 << 16, 15), (1 << 20, 7)];
/// Packets of open connections a round.
const ESTABLISHED_COUNT: usize = 1 << 20;
/// The clock goes on by a millisecond after so many packets: a million a second.
const PACKETS_A_MS: usize = 1000;

/// Something that tracks connections.
trait Tracker {
    /// Ends what has run out; called when the clock has moved.
    fn turn(&mut self, now: Instant);

    /// Parses a frame and tracks it; a first packet passes the filter.
    fn packet(&mut self, now: Instant, frame: &[u8]) -> Answer;
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// A connection was made for it.
    Made,
    /// It is of a known connection, which lives longer for it.
    Refreshed,
    /// Anything else.
    Other,
}

/// All frames that are timed, at one size.
struct Trace {
    first: Vec<Frame>,
    established: Vec<Frame>,
}

impl Trace {
    fn new(flow_count: usize) -> Self {
        let mut random = Random(1);
        let mut established = || {
            let flow = Flow::new(random.below(flow_count as u64));
            flow.next(if random.below(2) == 0 { Sender::Client } else { Sender::Server })
        };
        Self {
            first: (0..flow_count as u64).map(|number| Flow::new(number).first()).collect(),
            established: (0..ESTABLISHED_COUNT).map(|_| established()).collect(),
        }
    }

    /// Plays it to an empty tracker: nanoseconds a packet of each phase.
    fn play(&self, tracker: &mut impl Tracker) -> [f64; 2] {
        let start = Instant::from_millis(1_000_000);
        let new = all_timed(tracker, start, &self.first, Answer::Made);

        let open = start.after(10);
        tracker.turn(open);
        for number in 0..self.first.len() as u64 {
            for frame in Flow::new(number).handshake() {
                assert_eq!(tracker.packet(open, &frame), Answer::Refreshed, "handshake");
            }
        }

        let established = all_timed(tracker, open.after(3), &self.established, Answer::Refreshed);
        [established, new]
    }
}

/// Nanoseconds a packet, all of which must be answered like that.
fn all_timed(tracker: &mut impl Tracker, start: Instant, frames: &[Frame], answer: Answer) -> f64 {
    let (taken_ns, answer_count) = timed(tracker, start, frames, answer);
    assert_eq!(answer_count, frames.len(), "packets answered by {answer:?}");
    taken_ns
}

/// Nanoseconds a packet, and how many were answered like that.
fn timed(
    tracker: &mut impl Tracker,
    start: Instant,
    frames: &[Frame],
    answer: Answer,
) -> (f64, usize) {
    tracker.turn(start);
    let begun_ns = thread_time_ns();
    let mut answer_count = 0;
    for (ms, frames) in (0..).zip(frames.chunks(PACKETS_A_MS)) {
        let now = Instant::from_millis(start.as_millis() + ms);
        tracker.turn(now);
        for frame in frames {
            answer_count += usize::from(tracker.packet(now, black_box(frame)) == answer);
        }
    }
    let taken_ns = thread_time_ns() - begun_ns;
    (taken_ns / frames.len() as f64, answer_count)
}

/// What this thread has used of a processor.
fn thread_time_ns() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

const TRACKERS: usize = 3;

fn measure(flow_count: usize, round_count: usize) -> [[Spread; TRACKERS]; 2] {
    let trace = Trace::new(flow_count);
    let mut heap = Heap::new(flow_count);
    let mut sip = Map::with_capacity_and_hasher(flow_count, RandomState::new());
    let mut fold = Map::with_capacity_and_hasher(flow_count, DefaultHashBuilder::default());
    let rounds: Vec<[[f64; 2]; TRACKERS]> = (0..=round_count)
        .map(|_| {
            [
                trace.play(&mut Ours::new(&mut heap, Ranked::new(1))),
                trace.play(&mut Rival::new(&mut sip)),
                trace.play(&mut Rival::new(&mut fold)),
            ]
        })
        .skip(1)
        .collect();
    [0, 1].map(|phase| {
        [0, 1, 2].map(|tracker| Spread::of(rounds.iter().map(|round| round[tracker][phase])))
    })
}

/// Nanoseconds a packet over all rounds.
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(rounds: impl Iterator<Item = f64>) -> Self {
        let mut rounds: Vec<f64> = rounds.collect();
        rounds.sort_by(f64::total_cmp);
        let (least, most) = (rounds[0], rounds[rounds.len() - 1]);
        Self { least, median: rounds[rounds.len() / 2], most }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { least, median, most } = self;
        f.pad(&format!("{median:.1} [{least:.1}-{most:.1}]"))
    }
}

fn main() {
    assert!(rival::is_as_large(), "core was built with another crate's features; bench it alone");
    println!(
        "keeptrack-core, {}: Conn {} bytes, Slot {}; an entry {} with u16 links, {} with u32",
        if cfg!(feature = "ipv4-only") { "IPv4 only" } else { "dual stack" },
        size_of::<Conn>(),
        size_of::<Slot>(),
        bytes_an_entry::<u16>(),
        bytes_an_entry::<u32>(),
    );
    println!("ns a packet of thread CPU time, median [least-most] of interleaved rounds");
    println!("the maps have no expiry structure: a program that uses one pays for its own\n");
    println!(
        "{:<12} {:>11}  {:<22} {:<22} {:<22} {:>9}",
        "packet",
        "connections",
        "keeptrack",
        "hashbrown, SipHash-1-3",
        "hashbrown, foldhash",
        "kt/sip"
    );
    for (flow_count, round_count) in SIZES {
        let [established, new] = measure(flow_count, round_count);
        for (packet, [ours, sip, fold]) in [("established", established), ("new", new)] {
            let ratio = ours.median / sip.median;
            println!("{packet:<12} {flow_count:>11}  {ours:<22} {sip:<22} {fold:<22} {ratio:>9.2}");
        }
    }
    full::report(SIZES[0].0);
}
