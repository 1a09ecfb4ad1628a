//! The tables of the report: who was served, and what it takes to hold a table full.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::attacks::Attack;
use super::choices::Choice;
use super::plan::{Outcome, Plan, Share, Times};
use super::run::RTT_MS;

/// When what happens in the report on who is served.
pub const SERVED_TIMES: Times =
    Times { fill_s: 20, attack_s: 32, count_from_s: 40, count_to_s: 80, end_s: 110 };

/// The same in that on what it takes: longer than all timeouts of what does not stay open, so that
/// what the attacker began with is gone.
pub const HELD_TIMES: Times =
    Times { fill_s: 20, attack_s: 32, count_from_s: 160, count_to_s: 200, end_s: 230 };

/// The three rates of an attack, in packets a second.
///
/// With the first a table fills within half a minute, faster than timeouts empty it. With the
/// second it is turned over each second: before a client sends its SYN again. With the third twice
/// in a round-trip time: before a client can have completed its handshake.
#[must_use]
pub const fn rates(slot_count: usize) -> [u64; 3] {
    let slots = slot_count as u64;
    [slots / 30, slots, 2 * slots * 1000 / RTT_MS]
}

/// Who was served, by attack, rate and choice.
#[derive(Debug)]
pub struct Served<'c> {
    choices: &'c [Choice],
    rows: Vec<((Attack, u64), Vec<Outcome>)>,
}

impl<'c> Served<'c> {
    /// Simulates all attacks at all rates under all choices.
    #[must_use]
    pub fn measure(plan: &Plan, choices: &'c [Choice]) -> Self {
        let rates = rates(plan.slot_count);
        let attacks = Attack::ALL.iter().flat_map(|&attack| rates.map(|rate| (attack, rate)));
        let attacks: Vec<_> = attacks.collect();
        let cells: Vec<_> = attacks
            .iter()
            .flat_map(|&attack| choices.iter().map(move |choice| (attack, choice)))
            .collect();
        let told = in_parallel(&cells, |&(attack, choice)| {
            (choice.run)(&Plan { attack: Some(attack), ..*plan })
        });
        let told = told.chunks(choices.len()).map(<[Outcome]>::to_vec);
        Self { choices, rows: attacks.into_iter().zip(told).collect() }
    }

    /// The outcomes under the choices, of each attack and rate.
    pub fn rows(&self) -> impl Iterator<Item = ((Attack, u64), &[Outcome])> {
        self.rows.iter().map(|(attack, told)| (*attack, &told[..]))
    }

    fn write(
        &self,
        f: &mut fmt::Formatter<'_>,
        title: &str,
        cell: fn(&Outcome) -> String,
    ) -> fmt::Result {
        head(f, title, "pps", self.choices)?;
        for ((attack, rate), told) in &self.rows {
            write!(f, "{attack:<23} {rate:>7}")?;
            told.iter().try_for_each(|outcome| write!(f, "{:>8}", cell(outcome)))?;
            writeln!(f)?;
        }
        writeln!(f)
    }
}

impl fmt::Display for Served<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "connections served, %", |told| percent(told.connections))?;
        self.write(f, "requests answered, %", |told| percent(told.requests))?;
        self.write(f, "administrator served, %", |told| percent(told.admin))?;
        self.write(f, "open ones thrown out", |told| told.open_evicted_count.to_string())
    }
}

/// The rates that are tried to find what it takes.
const TRIED_PPS: [u64; 13] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

/// The fewest packets a second of those tried that do it; `None` when none does.
type Needed = Option<u64>;

/// What it takes, by attack and choice: to hold the table full, and to leave clients unserved.
#[derive(Debug)]
pub struct Held<'c> {
    choices: &'c [Choice],
    rows: Vec<(Attack, Vec<(Needed, Needed)>)>,
}

impl<'c> Held<'c> {
    /// Simulates all attacks under all choices, at as many rates as it takes to find the fewest
    /// packets.
    #[must_use]
    pub fn measure(plan: &Plan, choices: &'c [Choice]) -> Self {
        let cells: Vec<_> = Attack::ALL
            .iter()
            .flat_map(|&attack| choices.iter().map(move |choice| (attack, choice)))
            .collect();
        let told = in_parallel(&cells, |&(attack, choice)| {
            let run = |pps| (choice.run)(&Plan { attack: Some((attack, pps)), ..*plan });
            let full = fewest(|pps| run(pps).full.is_at_least(90));
            (full, fewest(|pps| !run(pps).connections.is_at_least(90)))
        });
        let told = told.chunks(choices.len()).map(<[_]>::to_vec);
        Self { choices, rows: Attack::ALL.into_iter().zip(told).collect() }
    }

    fn write(
        &self,
        f: &mut fmt::Formatter<'_>,
        title: &str,
        cell: fn(&(Needed, Needed)) -> Needed,
    ) -> fmt::Result {
        head(f, title, "", self.choices)?;
        for (attack, told) in &self.rows {
            write!(f, "{attack:<31}")?;
            told.iter().try_for_each(|needed| write!(f, "{:>8}", pps(cell(needed))))?;
            writeln!(f)?;
        }
        writeln!(f)
    }
}

impl fmt::Display for Held<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "pps to hold it full", |told| told.0)?;
        self.write(f, "pps to serve below 90 %", |told| told.1)
    }
}

fn head(f: &mut fmt::Formatter<'_>, title: &str, unit: &str, choices: &[Choice]) -> fmt::Result {
    write!(f, "{title:<23} {unit:>7}")?;
    choices.iter().try_for_each(|choice| write!(f, "{:>8}", choice.name))?;
    writeln!(f)
}

/// Whole hundredths, rounded down: 100 is all.
fn percent(share: Share) -> String {
    (share.part * 100).checked_div(share.whole).map_or_else(|| "-".into(), |all| all.to_string())
}

fn pps(needed: Needed) -> String {
    match needed {
        Some(1) => "<=1".into(),
        Some(pps) => pps.to_string(),
        None => ">10000".into(),
    }
}

/// The lowest of the tried rates that does it, if more do what fewer do.
fn fewest(does: impl Fn(u64) -> bool) -> Needed {
    let place = TRIED_PPS.partition_point(|&pps| !does(pps));
    TRIED_PPS.get(place).copied()
}

/// What becomes of each, in their order, by as many threads as there are processors.
fn in_parallel<T: Sync, U: Send + Sync>(all: &[T], work: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let next = AtomicUsize::new(0);
    let turns = || {
        let mut done = Vec::new();
        while let place = next.fetch_add(1, Ordering::Relaxed)
            && let Some(one) = all.get(place)
        {
            done.push((place, work(one)));
        }
        done
    };
    let thread_count = thread::available_parallelism().map_or(1, usize::from);
    let mut done: Vec<(usize, U)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..thread_count).map(|_| scope.spawn(turns)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, told)| told).collect()
}
