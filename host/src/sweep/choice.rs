//! Which of the settings that were tried are the cheapest that will do.

use std::cmp::Ordering;

use super::axis::{Key, Value};
use super::grid::{Grid, Tried};

/// The most of a table that may be in use where it is said to be free enough, in percent.
const MOST_IN_USE: usize = 60;

/// The cheapest settings under one policy, each by its place among all that were tried.
pub(super) struct Choice {
    /// The policy, if several were tried: what is cheap under one says nothing of another.
    pub(super) policy: Option<Value>,
    /// That lose nothing.
    pub(super) no_loss: Option<usize>,
    /// That lose nothing, and under which no timeout cuts a connection that lives on, either.
    pub(super) no_cut: Option<usize>,
    /// That lose nothing, and have two fifths of the table free.
    pub(super) free: Option<usize>,
}

/// What a setting costs: bytes in Linux, then how many settings change, then how far.
type Cost = (u64, usize, f64);

impl Choice {
    /// Of all that were tried, under each policy; nothing is chosen among tables without a limit, nor
    /// where nothing but policies was tried.
    pub(super) fn each(grid: &Grid, tried: &[Tried<'_>]) -> Vec<Self> {
        let costs: Vec<_> = tried.iter().map(|tried| cost(grid, tried)).collect();
        let has_choice = grid.axes.iter().any(|axis| axis.key != Key::OnFull);
        if !has_choice || costs.iter().all(Option::is_none) {
            return Vec::new();
        }
        let axis = grid.axes.iter().position(|axis| axis.key == Key::OnFull);
        let Some(axis) = axis else {
            return vec![Self::of((tried, &costs), None, |_| true)];
        };
        let values = grid.axes.get(axis).map_or(&[][..], |axis| &axis.values);
        let policies = values.iter().enumerate().map(|(at, value)| {
            let is_of = |tried: &Tried<'_>| tried.point.get(axis) == Some(&at);
            Self::of((tried, &costs), Some(value.clone()), is_of)
        });
        policies.collect()
    }

    fn of(
        (tried, costs): (&[Tried<'_>], &[Option<Cost>]),
        policy: Option<Value>,
        is_of: impl Fn(&Tried<'_>) -> bool,
    ) -> Self {
        let cheapest = |will_do: fn(&Tried<'_>) -> bool| {
            let those = tried.iter().zip(costs).enumerate().filter_map(|(at, (tried, cost))| {
                let does = is_of(tried) && tried.lost() == 0 && will_do(tried);
                Some((at, (*cost)?)).filter(|_| does)
            });
            those.min_by(|(_, left), (_, right)| cheaper(left, right)).map(|(at, _)| at)
        };
        Self {
            no_loss: cheapest(|_| true),
            no_cut: cheapest(|tried| tried.outcome.harmed == 0),
            free: cheapest(|tried| tried.percent().is_some_and(|share| share <= MOST_IN_USE)),
            policy,
        }
    }
}

fn cost(grid: &Grid, tried: &Tried<'_>) -> Option<Cost> {
    let (mut changes, mut how_far) = (0, 0.0);
    for (axis, &at) in grid.axes.iter().zip(tried.point) {
        let (value, now) = (axis.values.get(at), grid.value_now(axis.key));
        if value != now.as_ref() {
            changes += 1;
            how_far += value.zip(now).map_or(0.0, |(value, now)| distance(value, &now));
        }
    }
    Some((tried.linux_bytes()?, changes, how_far))
}

fn cheaper(left: &Cost, right: &Cost) -> Ordering {
    let whole = (left.0, left.1).cmp(&(right.0, right.1));
    whole.then(left.2.total_cmp(&right.2))
}

/// How far a timeout is from another: a half is as far as the double.
fn distance(value: &Value, now: &Value) -> f64 {
    match (value, now) {
        (Value::Timeout(_, value), Value::Timeout(_, now)) => {
            let log = |seconds: u32| (f64::from(seconds) + 1.0).ln();
            (log(*value) - log(*now)).abs()
        }
        // Entries and buckets are paid for in memory, and policies are no further than others.
        _ => 0.0,
    }
}
