//! Trials that are one until a table is full: tables that differ by nothing but their size do the
//! same to each packet for as long as the smaller one has room, and no source its share of that. So
//! only the largest of them runs, and each of the others begins, as a copy of it, when it is full
//! itself.
//!
//! Not every policy is so: by some, timeouts or the choice between slots follow from the size from
//! the start.

use std::cmp::Reverse;

use keeptrack_core::{Config, Prefix, Seed};

use super::trial::Trial;
use crate::on_full::Spec;
use crate::rules::RuleSource;

/// A trial, or whose it is until it is full.
pub(super) enum Place {
    /// It runs.
    Runs(Box<Trial>),
    /// It has been what that one is.
    As(usize),
}

/// What trials have to have in common to be one, and what tells them apart.
#[derive(Clone)]
pub(super) struct Kin {
    pub(super) config: Config,
    /// The rules, by where each comes from.
    pub(super) sources: Vec<RuleSource>,
    pub(super) spec: Spec,
    /// The key of the hash.
    pub(super) key: Seed,
    /// Which trial it was forked from.
    pub(super) origin: Option<usize>,
    /// The entries; [`usize::MAX`]: it grows.
    pub(super) max: usize,
}

/// One that begins when a table has so many entries, or a source of them.
#[derive(Clone, Copy)]
pub(super) struct Waiting {
    pub(super) max: usize,
    pub(super) source_cap: Option<(Prefix, u32)>,
    pub(super) id: usize,
}

impl Place {
    /// The trial, if it runs.
    pub(super) fn running(&mut self) -> Option<&mut Trial> {
        match self {
            Self::Runs(trial) => Some(trial),
            Self::As(_) => None,
        }
    }
}

impl Kin {
    /// Whether `self`, which is the larger one, is what `other` is as long as that has room.
    fn stands_for(&self, other: &Self) -> bool {
        self.origin == other.origin
            && self.config == other.config
            && self.spec == other.spec
            && self.sources == other.sources
    }
}

/// Has each trial from `fresh` on, none of which has passed a packet, wait for a larger one of its
/// kin, if there is one.
pub(super) fn share(places: &mut [Place], fresh: usize) {
    let kin = |place: &Place| match place {
        Place::Runs(trial) => trial.kin.clone(),
        Place::As(_) => None,
    };
    let known = places.iter().enumerate().skip(fresh);
    let mut kin: Vec<(usize, Kin)> =
        known.filter_map(|(id, place)| Some((id, kin(place)?))).collect();
    kin.sort_by_key(|(_, kin)| Reverse(kin.max));
    let mut leaders: Vec<(usize, Kin)> = Vec::new();
    for (id, kin) in kin {
        let leader = leaders.iter().find(|(_, leader)| leader.stands_for(&kin));
        let has_led = leader.is_some_and(|&(leader, _)| {
            let Some(Place::Runs(trial)) = places.get_mut(leader) else { return false };
            let source_cap = kin.spec.source_cap(kin.max);
            trial.is_led(Waiting { max: kin.max, source_cap, id })
        });
        match (leader, has_led) {
            (Some(&(leader, _)), true) => places[id] = Place::As(leader),
            _ => leaders.push((id, kin)),
        }
    }
}
