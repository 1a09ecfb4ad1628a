//! Which changes are shown, in which order, and which is the smallest that keeps half the table
//! free.

use std::cmp::Reverse;

use keeptrack_core::Timeout;

use super::change::Change;
use super::forecast::{Forecast, Severity};
use super::ram::Ram;
use super::sizes::Sizes;

/// The most changes that are shown beside sizes.
const MOST_SHOWN: usize = 7;

/// What is advised.
#[derive(Debug)]
pub(super) struct Advice {
    pub(super) now: Forecast,
    /// Every change that was tried, in the order in which they were.
    pub(super) tried: Vec<Forecast>,
    /// Of those, the ones that are shown, the best first.
    pub(super) shown: Vec<usize>,
    /// The sizes that are shown, the smallest first.
    pub(super) shown_sizes: Vec<usize>,
    /// The smallest change that keeps half the table free.
    pub(super) chosen: Chosen,
    pub(super) sizes: Sizes,
    pub(super) ram: Ram,
}

/// The smallest change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chosen {
    /// None is needed.
    Nothing,
    /// That one of those that were tried, if it is not the size alone, with that size, if it is
    /// another one.
    Change { tried: Option<usize>, size: Option<usize> },
    /// There is none: the largest table is too small.
    TooMany,
}

/// A change and a size together.
struct Plan<'a> {
    tried: Option<usize>,
    forecast: &'a Forecast,
    size: usize,
}

impl Advice {
    /// Of what was tried.
    pub(super) fn of((now, tried): (Forecast, Vec<Forecast>), sizes: Sizes, ram: Ram) -> Self {
        let chosen = chosen((&now, &tried), &sizes, &ram);
        let shown = shown((&now, &tried), chosen);
        let shown_sizes = shown_sizes(&now, &sizes, chosen);
        Self { now, tried, shown, shown_sizes, chosen, sizes, ram }
    }

    /// The entries of the table as it is; `None`: nobody said.
    pub(super) const fn max(&self) -> Option<usize> {
        self.sizes.max
    }

    /// What was tried and chosen.
    pub(super) fn chosen_forecast(&self) -> Option<&Forecast> {
        match self.chosen {
            Chosen::Change { tried: Some(tried), .. } => self.tried.get(tried),
            Chosen::Change { tried: None, .. } => Some(&self.now),
            Chosen::Nothing | Chosen::TooMany => None,
        }
    }

    /// The changes that are chosen.
    pub(super) fn chosen_changes(&self) -> Vec<Change> {
        let Chosen::Change { tried, size } = self.chosen else { return Vec::new() };
        let change = tried.and_then(|tried| self.tried.get(tried)?.change.clone());
        let size = size.map(|max| self.size(max));
        change.into_iter().chain(size).collect()
    }

    /// The change to that size, with as many buckets.
    pub(super) fn size(&self, max: usize) -> Change {
        Change::Size { max, buckets: self.ram.buckets(max) }
    }

    /// How many changes of a kind were tried.
    pub(super) fn tried_of(&self, kind: fn(&Change) -> bool) -> usize {
        let changes = self.tried.iter().filter_map(|forecast| forecast.change.as_ref());
        changes.filter(|change| kind(change)).count()
    }

    /// What was tried and is not shown.
    pub(super) fn hidden_count(&self) -> usize {
        self.tried.len() - self.shown.len()
    }
}

/// What breaks nothing comes before what breaks something; then what takes less memory; then one
/// change before two.
fn chosen((now, tried): (&Forecast, &[Forecast]), sizes: &Sizes, ram: &Ram) -> Chosen {
    let max = sizes.max;
    let is_of_size = |forecast: &Forecast| !matches!(forecast.change, Some(Change::OnFull(_)));
    let numbered = tried.iter().enumerate().map(|(at, forecast)| (Some(at), forecast));
    let all = [(None, now)].into_iter().chain(numbered);
    let plans = all.filter(|(_, forecast)| is_of_size(forecast)).filter_map(|(tried, forecast)| {
        let size = sizes.enough(forecast)?;
        Some(Plan { tried, forecast, size })
    });
    let best = plans.min_by_key(|plan| {
        let change_count = usize::from(plan.tried.is_some()) + usize::from(Some(plan.size) != max);
        let severity = plan.forecast.breaks.severity();
        (severity, ram.bytes(plan.size), change_count, plan.forecast.needed())
    });
    match best {
        None => Chosen::TooMany,
        Some(Plan { tried, size, .. }) => match (tried, Some(size).filter(|_| Some(size) != max)) {
            (None, None) => Chosen::Nothing,
            (tried, size) => Chosen::Change { tried, size },
        },
    }
}

/// Which changes are shown: those with an effect, the best first; of each timeout one value for each
/// way in which it may break something.
fn shown((now, tried): (&Forecast, &[Forecast]), chosen: Chosen) -> Vec<usize> {
    let is_chosen =
        |at: usize| matches!(chosen, Chosen::Change { tried: Some(tried), .. } if tried == at);
    let mut order: Vec<(usize, &Forecast)> =
        tried.iter().enumerate().filter(|(_, forecast)| has_effect(now, forecast)).collect();
    order.sort_by_key(|(at, forecast)| {
        let of_policy = matches!(forecast.change, Some(Change::OnFull(_)));
        let severity = forecast.breaks.severity();
        (Reverse(is_chosen(*at)), of_policy, severity, forecast.needed(), *at)
    });
    let mut timeouts: Vec<(Timeout, Severity)> = Vec::new();
    order.retain(|(at, forecast)| match forecast.change {
        Some(Change::Timeout { timeout, .. }) => {
            let kind = (timeout, forecast.breaks.severity());
            let is_first = !timeouts.contains(&kind);
            timeouts.push(kind);
            is_first || is_chosen(*at)
        }
        _ => true,
    });
    order.into_iter().map(|(at, _)| at).take(MOST_SHOWN).collect()
}

/// Whether a change is any good.
fn has_effect(now: &Forecast, forecast: &Forecast) -> bool {
    let is_fewer = match (now.limited, forecast.limited) {
        (Some(now), Some(with)) => with.refused < now.refused || with.early < now.early,
        _ => false,
    };
    is_fewer || forecast.needed() < now.needed()
}

/// The sizes that are shown: the first that drops nothing, the first that is enough, and the chosen
/// one.
fn shown_sizes(now: &Forecast, sizes: &Sizes, chosen: Chosen) -> Vec<usize> {
    if chosen == Chosen::Nothing {
        return Vec::new();
    }
    let (has_room, is_enough) = (sizes.large_enough(now), sizes.enough(now));
    let of_chosen = match chosen {
        Chosen::Change { size, .. } => size,
        _ => None,
    };
    let all = [has_room, is_enough, of_chosen].into_iter().flatten();
    let mut shown: Vec<usize> = all.filter(|size| Some(*size) != sizes.max).collect();
    shown.sort_unstable();
    shown.dedup();
    shown
}
