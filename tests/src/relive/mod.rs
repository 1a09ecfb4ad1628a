//! Advice that is taken: the flows of a capture, re-opened under the running kernel with the lines
//! that the host program prints and without, beside what it forecasts.
//!
//! Both ends of every flow are sockets, on the loopback and on a veth pair between two network
//! namespaces. tcpdump captures a run at the relay's side, and that is all that a forecast knows of
//! it: neither the plan nor how late a busy machine was.
//!
//! # Limits
//!
//! - An entry that has run out counts in the kernel until its collector comes by, every second to every
//!   minute, for all namespaces at once, and when, no capture tells. So the tables are listed five
//!   times a second, which takes out what has run out. A count that nobody disturbs was forecast to
//!   0.5 % when told when the collector came (`--on-full linux:gc=`), and to 17 % when not.
//! - Time passes faster than in the capture, and the timeouts of tracking are as much shorter; those of
//!   TCP itself are not.
//! - A connection that is older than the capture and of which one end alone is left is left out: no
//!   socket begins there.
#![allow(clippy::disallowed_methods, reason = "a running kernel has a clock of its own")]

mod advice;
mod compare;
mod doors;
mod flow;
mod forecast;
mod pair;
mod plan;
mod player;
mod recorder;
mod run;
mod sampler;

use std::path::Path;
use std::thread;

use advice::{Advice, Tool};
use flow::Flows;
use run::{Ran, Scene};

use crate::tablefull::Finding;

/// What lines are pasted in each of the runs.
const RUNS: [Option<Tool>; 3] = [None, Some(Tool::Iptables), Some(Tool::Nft)];

/// What was re-opened, and what came of it.
#[derive(Debug)]
pub struct Relived {
    /// How many flows were re-opened in each run.
    pub flow_count: usize,
    /// How many of the capture were left out.
    pub left_out: usize,
    /// What the kernel held beside what was forecast.
    pub findings: Vec<Finding>,
}

/// Takes the advice for a capture: re-opens its flows without lines, with those for iptables and with
/// those for nft, at once. The seed says how late each flow begins.
///
/// # Errors
/// When this process may not, or something is missing; with what.
pub fn against_kernel(capture: &Path, seed: u64) -> Result<Relived, String> {
    let Flows { flows, left_out } = Flows::read(capture)?;
    let advice = Advice::of(capture, &[])?;
    let plan = plan::plan(&flows, seed);
    let scene = Scene { flows: &flows, plan: &plan, advice: &advice };
    let runs = thread::scope(|scope| {
        let runs = RUNS.map(|tool| scope.spawn(move || run::relive(scene, tool)));
        let ran = runs.map(|run| run.join().unwrap_or_else(|_| Err("a run died".into())));
        ran.into_iter().collect::<Result<Vec<Ran>, String>>()
    })?;
    let mut findings = Vec::new();
    for (ran, tool) in runs.iter().zip(RUNS) {
        findings.push(compare::run(ran, tool, plan.len())?);
    }
    if let Some(unchanged) = runs.first() {
        let settings = unchanged.settings.to_string_lossy();
        let of_run = Advice::of(&unchanged.capture, &["--config", &settings])?;
        findings.push(compare::advised(&advice, &of_run));
        let foretold = runs.iter().zip(RUNS);
        findings.extend(foretold.map(|(ran, tool)| compare::foretold(&of_run, ran, tool)));
    }
    Ok(Relived { flow_count: flows.len(), left_out, findings })
}
