//! Which changes are shown, in which order, and which is the smallest that keeps half the table
//! free.

use std::cmp::Reverse;

use keeptrack_core::Timeout;

use super::change::{Change, Target};
use super::forecast::{Forecast, Severity};
use super::ram::Ram;
use super::sizes::Sizes;

/// The most changes that are shown beside sizes.
const MOST_SHOWN: usize = 7;
/// A table that is more than so many times as large as it is counts as if something had to go with
/// it: of a host's memory, or of a board's.
const LARGE: (usize, usize) = (8, 2);
/// From one part in so many on a change has an effect.
const EFFECT: u64 = 100;
/// The same where nobody knows how much has to be saved.
const WORTH: u64 = 8;

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
    /// The smallest change that keeps half the table free, unless another one was asked for.
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
    /// Nobody knows how large the table is, and no change that breaks nothing saves much.
    NoLimit,
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
        let chosen = match sizes.max {
            Some(_) => smallest((&now, &tried), &sizes, &ram),
            None => without_limit(&now, &tried),
        };
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
            Chosen::Nothing | Chosen::TooMany | Chosen::NoLimit => None,
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

    /// Everything that was tried.
    pub(super) fn tried_count(&self) -> usize {
        self.tried.len() + self.tried_sizes().count()
    }

    /// What was tried and is not shown.
    pub(super) fn hidden_count(&self) -> usize {
        let shown_sizes = self.tried_sizes().filter(|size| self.shown_sizes.contains(size)).count();
        self.tried_count() - self.shown.len() - shown_sizes
    }

    /// The larger sizes that were tried.
    fn tried_sizes(&self) -> impl Iterator<Item = usize> {
        let sizes = self.sizes.peaks.iter().map(|(size, _)| *size);
        sizes.filter(|size| Some(*size) != self.sizes.max)
    }
}

/// What breaks nothing comes before what breaks something; then what takes less memory; then one
/// change before two.
fn smallest((now, tried): (&Forecast, &[Forecast]), sizes: &Sizes, ram: &Ram) -> Chosen {
    let max = sizes.max;
    let numbered = tried.iter().enumerate().map(|(at, forecast)| (Some(at), forecast));
    let all = [(None, now)].into_iter().chain(numbered);
    let plans =
        all.filter(|(_, forecast)| is_of_demand(forecast)).filter_map(|(tried, forecast)| {
            let size = sizes.enough(forecast)?;
            Some(Plan { tried, forecast, size })
        });
    let best = plans.min_by_key(|plan| {
        let change_count = usize::from(plan.tried.is_some()) + usize::from(Some(plan.size) != max);
        let of_size = severity_of_size(plan.size, max, ram.target);
        let severity = plan.forecast.breaks.severity().max(of_size);
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

/// A few times as large is a setting; many times as large is memory that may not be there.
fn severity_of_size(size: usize, max: Option<usize>, target: Target) -> Severity {
    let (of_host, of_board) = LARGE;
    let large = if target == Target::Keeptrack { of_board } else { of_host };
    match max {
        Some(max) if size > max.saturating_mul(large) => Severity::Caution,
        _ => Severity::Nothing,
    }
}

/// How much is enough, nobody can say then: what breaks nothing and saves the most, if that is much.
fn without_limit(now: &Forecast, tried: &[Forecast]) -> Chosen {
    let all = tried.iter().enumerate().filter(|(_, forecast)| is_of_demand(forecast));
    let best = all
        .filter(|(_, forecast)| forecast.breaks.severity() == Severity::Nothing)
        .filter(|(_, forecast)| is_less(forecast.needed(), now.needed(), WORTH))
        .min_by_key(|(_, forecast)| forecast.needed());
    match best {
        Some((at, _)) => Chosen::Change { tried: Some(at), size: None },
        None => Chosen::NoLimit,
    }
}

/// Whether it changes how many entries there are, and not what a full table does.
const fn is_of_demand(forecast: &Forecast) -> bool {
    !matches!(forecast.change, Some(Change::OnFull(_)))
}

/// Whether it is less by one part in so many at least.
const fn is_less(with: u64, without: u64, parts: u64) -> bool {
    with < without && (without - with).saturating_mul(parts) >= without
}

/// Which changes are shown: those with an effect, the best first; of each timeout one value for each
/// way in which it may break something.
fn shown((now, tried): (&Forecast, &[Forecast]), chosen: Chosen) -> Vec<usize> {
    let is_chosen =
        |at: usize| matches!(chosen, Chosen::Change { tried: Some(tried), .. } if tried == at);
    let mut order: Vec<(usize, &Forecast)> = tried
        .iter()
        .enumerate()
        .filter(|(at, forecast)| is_chosen(*at) || has_effect(now, forecast))
        .collect();
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
        (Some(now), Some(with)) => {
            is_less(with.refused, now.refused, EFFECT) || is_less(with.early, now.early, EFFECT)
        }
        _ => false,
    };
    is_fewer || is_less(forecast.needed(), now.needed(), EFFECT)
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
