//! What a full table costs by its policy: a newcomer that finds no slot free beside one that does,
//! and what the lists of ranks cost every other packet.

use keeptrack_core::{EarlyDrop, Instant, OnFull, Ranked, Refuse};

use crate::ours::{Heap, Ours};
use crate::traffic::{Flow, Frame, Random};
use crate::{Answer, ESTABLISHED_COUNT, Spread, Trace, Tracker, timed};

/// Rounds after the first.
const ROUND_COUNT: usize = 11;

const POLICY_COUNT: usize = 3;
const PACKETS: [&str; 4] =
    ["established, assured", "unanswered, again", "new, a slot is free", "new, the table is full"];

/// The frames of packets that are timed here only.
struct Brim {
    /// Datagrams of connections that nobody answers, each of which gives its connection life.
    again: Vec<Frame>,
    /// First packets for which no slot is left.
    late: Vec<Frame>,
}

impl Brim {
    fn new(flow_count: usize) -> Self {
        let flow_count = flow_count as u64;
        let mut random = Random(2);
        // Odd ones: see below.
        let flows = std::iter::repeat_with(|| Flow::new(random.below(flow_count / 2) * 2 + 1));
        let datagrams = flows.filter(|flow| !flow.is_tcp()).map(|flow| flow.first());
        Self {
            again: datagrams.take(ESTABLISHED_COUNT / 4).collect(),
            late: (flow_count..flow_count + flow_count / 4)
                .map(|number| Flow::new(number).first())
                .collect(),
        }
    }

    /// A table in which even connections are answered and odd ones are not: nanoseconds for a
    /// packet of these, and for a newcomer.
    fn play(&self, trace: &Trace, tracker: &mut impl Tracker, newcomers: Answer) -> [f64; 2] {
        let start = Instant::from_millis(1_000_000);
        tracker.turn(start);
        for frame in &trace.first {
            assert_eq!(tracker.packet(start, frame), Answer::Made);
        }
        let open = start.after(10);
        tracker.turn(open);
        for number in (0..trace.first.len() as u64).step_by(2) {
            for frame in Flow::new(number).handshake() {
                assert_eq!(tracker.packet(open, &frame), Answer::Refreshed, "handshake");
            }
        }
        let (again, count) = timed(tracker, open.after(1), &self.again, Answer::Refreshed);
        assert_eq!(count, self.again.len(), "unanswered datagrams");
        let (late, count) = timed(tracker, open.after(5), &self.late, newcomers);
        // A sample may find nobody who may leave.
        assert!(count * 50 > self.late.len() * 49, "{count} newcomers {newcomers:?}");
        [again, late]
    }
}

/// Prints what each packet costs under each policy, all in interleaved rounds.
pub(crate) fn report(flow_count: usize) {
    let (trace, brim) = (Trace::new(flow_count), Brim::new(flow_count));
    let mut heap = Heap::new(flow_count);
    let rounds: Vec<[[f64; 4]; POLICY_COUNT]> = (0..=ROUND_COUNT)
        .map(|_| {
            [
                round(&mut heap, (&trace, &brim), Refuse, Answer::Other),
                round(&mut heap, (&trace, &brim), EarlyDrop::new(1), Answer::Made),
                round(&mut heap, (&trace, &brim), Ranked::new(1), Answer::Made),
            ]
        })
        .skip(1)
        .collect();
    println!("\nkeeptrack by the policy of a full table of {flow_count}; refuse keeps no ranks");
    println!(
        "{:<23} {:<22} {:<22} {:<22} {:>13}",
        "packet", "refuse", "early-drop", "ranked", "ranked/refuse"
    );
    for (at, packet) in PACKETS.into_iter().enumerate() {
        let [refuse, early_drop, ranked] = [0, 1, 2]
            .map(|policy| Spread::of(rounds.iter().map(|round: &[[f64; 4]; 3]| round[policy][at])));
        let ratio = ranked.median / refuse.median;
        println!("{packet:<23} {refuse:<22} {early_drop:<22} {ranked:<22} {ratio:>13.2}");
    }
}

fn round<P: OnFull + Copy>(
    heap: &mut Heap,
    (trace, brim): (&Trace, &Brim),
    policy: P,
    newcomers: Answer,
) -> [f64; 4] {
    let [established, new] = trace.play(&mut Ours::new(heap, policy));
    let [again, late] = brim.play(trace, &mut Ours::new(heap, policy), newcomers);
    [established, again, new, late]
}
