//! What is to be done when: the steps of all flows in their order, at another pace.

use std::time::Duration;

use fastrand::Rng;

use super::flow::{Flow, Step};

/// How much faster time passes than in the capture; timeouts are as much shorter.
pub(super) const PACE: u32 = 3;
/// By so much of the capture's time, at the most, a flow begins later than it did there.
const DELAY_NS: u64 = 500_000_000;

/// A step of a flow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    /// Since the beginning.
    pub(super) after: Duration,
    /// The number of the flow.
    pub(super) flow: usize,
    pub(super) step: Step,
}

/// All steps, the first one first; the seed says by how much each flow is late.
pub(super) fn plan(flows: &[Flow], seed: u64) -> Vec<Due> {
    let mut rng = Rng::with_seed(seed);
    let mut plan = Vec::new();
    for (number, flow) in flows.iter().enumerate() {
        let delay_ns = rng.u64(0..DELAY_NS);
        plan.extend(flow.steps.iter().map(|step| Due {
            after: Duration::from_nanos(step.time_ns + delay_ns) / PACE,
            flow: number,
            step: *step,
        }));
    }
    // Steps of one flow at the same moment stay in their order.
    plan.sort_by_key(|due| due.after);
    plan
}

#[cfg(test)]
mod tests {
    use super::super::flow::{Act, Answer, Flow, Kind, Side, Step};
    use super::plan;

    #[test]
    fn steps_of_a_flow_stay_in_their_order_and_seeds_differ() {
        let step = |time_ns, act| Step { time_ns, side: Side::Client, act };
        let end = "192.0.2.1:1".parse().unwrap();
        let flow = Flow {
            kind: Kind::Tcp,
            client: end,
            server: end,
            answer: Answer::Accepts,
            is_early: false,
            steps: [Act::Open, Act::Say(5), Act::Finish].map(|act| step(3_000, act)).into(),
        };
        let flows = vec![flow; 20];
        let planned = plan(&flows, 1);
        for (number, flow) in flows.iter().enumerate() {
            let of_flow = planned.iter().filter(|due| due.flow == number).map(|due| due.step);
            assert_eq!(of_flow.collect::<Vec<_>>(), flow.steps);
        }
        assert!(planned.is_sorted_by_key(|due| due.after));
        let order = |seed| plan(&flows, seed).iter().map(|due| due.flow).collect::<Vec<_>>();
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
    }
}
