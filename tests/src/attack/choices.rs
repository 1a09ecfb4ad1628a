//! The policies that are held against each other, each with its name.

use keeptrack_core::{
    Adaptive, Config, EarlyDrop, OnFull, Ranked, Refuse, Seed, SourceCap, SourcePlace, Timeout,
};

use super::plan::{Defence, Outcome, Plan};
use super::policies::{AnyOne, LeastRecent};
use super::run::run;
use crate::generate::Random;

/// A policy with its parameters.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Simulates a plan under it.
    pub run: fn(&Plan) -> Outcome,
}

/// All of them.
pub const CHOICES: [Choice; 9] = [
    Choice { name: "refuse", what: "Refuse", run: |plan| bare(plan, Refuse) },
    Choice { name: "early", what: "EarlyDrop", run: |plan| bare(plan, EarlyDrop::new(plan.seed)) },
    RANKED,
    Choice {
        name: "alone",
        what: "Ranked without cap and reserve",
        run: |plan| bare(plan, Ranked::new(plan.seed)),
    },
    Choice {
        name: "adapt",
        what: "Adaptive from 60 % to 120 % of the slots, then Refuse",
        run: |plan| bare(plan, adaptive(plan, 120)),
    },
    Choice {
        name: "adapt+r",
        what: "the same, then Ranked with its cap and reserve",
        run: |plan| guarded(plan, (adaptive(plan, 120), Ranked::new(plan.seed)), Config::DEFAULT),
    },
    HOARDED,
    Choice {
        name: "LRU",
        what: "the longest idle of all leaves, assured or not",
        run: |plan| bare(plan, LeastRecent::default()),
    },
    Choice {
        name: "random",
        what: "any leaves, assured or not",
        run: |plan| bare(plan, AnyOne(Random::new(plan.seed))),
    },
];

/// The default, with its default cap and reserve.
pub const RANKED: Choice = Choice {
    name: "ranked",
    what: "Ranked, at most 3/4 of the slots a source, 1/32 of them reserved for the administrator",
    run: |plan| guarded(plan, Ranked::new(plan.seed), Config::DEFAULT),
};

/// What answers hoarding: an idle connection lives for ten minutes, and for less in a table that
/// fills.
pub const HOARDED: Choice = Choice {
    name: "hoard",
    what: "ranked behind Adaptive from 60 % to 95 %, with tcp_timeout_established=600",
    run: |plan| {
        let timeouts = Config::DEFAULT.timeouts.with(Timeout::TcpEstablished, 600);
        let config = Config { timeouts, ..Config::DEFAULT };
        guarded(plan, (adaptive(plan, 95), Ranked::new(plan.seed)), config)
    },
};

fn bare<P: OnFull>(plan: &Plan, policy: P) -> Outcome {
    run(plan, Defence { policy, reserve_count: 0, config: Config::DEFAULT })
}

/// A policy with the cap and the reserve that go with it by default.
fn guarded<P: OnFull>(plan: &Plan, policy: P, config: Config) -> Outcome {
    let places = vec![SourcePlace::<u32>::EMPTY; plan.slot_count + 1];
    let most = u32::try_from(plan.slot_count * 3 / 4).unwrap_or(u32::MAX);
    let policy = (SourceCap::new(places, Seed([9; 16]), most), policy);
    run(plan, Defence { policy, reserve_count: plan.slot_count / 32, config })
}

fn adaptive(plan: &Plan, end_percent: usize) -> Adaptive {
    Adaptive::new(plan.slot_count * 60 / 100, plan.slot_count * end_percent / 100)
}
