//! The tables of a replay, made as they are asked for: one for each policy.

use std::sync::Arc;

use keeptrack_core::fragment::Limits;
use keeptrack_core::{Class, Config, Conntrack, Helpers, Seed};

use crate::error::Error;
use crate::firmware_config::Filter;
use crate::front::Front;
use crate::lane::{Lane, Room};
use crate::listing::Listing;
use crate::memory::{Heap, helper_slots};
use crate::on_full::{Built, Policy, Size, Spec};
use crate::options::{MAX_ENTRIES, World};
use crate::path::Places;
use crate::replay::Replay;
use crate::rules::RuleSet;
use crate::sight::Sight;
use crate::stage::Stage;

/// The entries of a table that grows, at first; of one among many, of which most stay small.
const FIRST_ENTRIES: (usize, usize) = (1 << 16, 1 << 12);
/// Connections that may have a helper at a time: as many as a table of helpers can tell apart.
const HELPER_SLOTS: usize = u16::MAX as usize;

/// What every table of a replay has in common.
#[derive(Clone)]
pub(crate) struct Asked {
    /// The key of their hash.
    pub(crate) key: Seed,
    /// Whether connections are open at the start, which may have helpers.
    pub(crate) begins_open: bool,
    /// The entries of each; `None`: they grow.
    pub(crate) max: Option<usize>,
    pub(crate) run: Run,
    pub(crate) expect_max: usize,
    pub(crate) config: Config,
    pub(crate) rules: RuleSet,
    pub(crate) fragments: Limits,
    /// The filter behind tracking, if it is a gateway that is replayed.
    pub(crate) filter: Option<Filter>,
}

/// What tables are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// A replay, of whose table everything is told.
    Replay,
    /// A trial among many: its memory comes as it is needed, and one that grows counts entries as
    /// Linux does if it is to forecast Linux.
    Trial,
}

impl Asked {
    /// A replay with a table under each of these policies, or under the usual one.
    ///
    /// # Errors
    /// When a policy does not fit, or there is not the memory.
    pub(crate) fn replay(
        &self,
        world: &World,
        specs: &[Spec],
        listing: &Arc<Listing>,
    ) -> Result<Replay, Error> {
        let places = Places::new(world.iface.clone().unwrap_or_default(), world.local.clone());
        let front = match self.filter {
            None => Front::new(Sight::new(places), world.copies),
            Some(_) => Front::at_gateway(Sight::new(places)),
        };
        let lane = |spec: &Spec| self.lane(spec, Some(Arc::clone(listing)));
        let (first, others) = match specs {
            [] => (lane(&Spec::ranked())?, Vec::new()),
            [first, others @ ..] => {
                let others = others.iter().map(lane);
                (lane(first)?, others.collect::<Result<_, _>>()?)
            }
        };
        Ok(Replay::new(front, (first, others), Arc::clone(listing)))
    }

    /// An empty table under that policy, and where what was read of its connections is kept, if
    /// somebody tells of them.
    ///
    /// # Errors
    /// When the policy does not fit, or there is not the memory.
    pub(crate) fn lane(&self, spec: &Spec, listing: Option<Arc<Listing>>) -> Result<Lane, Error> {
        let classes: Vec<String> = self.rules.classes().map(|(name, _)| name.to_owned()).collect();
        let zones = self.rules.zones();
        let key = self.key;
        let size = |max| Size { max, key, classes: &classes, zones: &zones };
        let counts_as_linux = self.run == Run::Trial && spec.buckets().is_some();
        let built = match self.max.or(counts_as_linux.then_some(MAX_ENTRIES)) {
            Some(max) => spec.build(size(max)).map_err(Error::OnFull)?,
            None => spec.build_unlimited(),
        };
        let (entries, room) = self.room(&built);
        let Built { policy, peer, reserves } = built;
        let memory = Heap::new(entries).ok_or(Error::NoMemory(entries))?;
        let listens = self.rules.has_helper() || self.begins_open;
        let most = match room {
            Room::Fixed => entries,
            Room::UpTo(most) => most,
            Room::Growing => HELPER_SLOTS,
        };
        let slot_count = if listens { most.min(HELPER_SLOTS) } else { 0 };
        let slots = helper_slots(slot_count).ok_or(Error::NoMemory(entries))?;
        let mut ct = Conntrack::new(memory, self.config, key)?
            .with_helpers(Helpers::new(slots, self.expect_max))
            .on_full::<Policy>(policy);
        for (index, slot_count) in reserves.into_iter().enumerate() {
            let Some(class) = Class::at(index) else { break };
            ct = ct.reserve(class, slot_count)?;
        }
        let stage = match self.filter {
            None => Stage::as_linux(self.fragments),
            Some(_) => Stage::of_gateway(),
        };
        let ct = ct.with_rules(self.rules.clone()).with_fragments(stage);
        let lane = Lane::new((ct, room), peer, listing);
        Ok(lane.with_filter(self.filter))
    }

    /// How many entries a table has at first, and how it gets more.
    fn room(&self, built: &Built) -> (usize, Room) {
        let slots = built.peer.as_ref().map(|peer| peer.slots()).or(self.max);
        let (of_replay, of_trial) = FIRST_ENTRIES;
        match (slots, self.run) {
            (Some(slots), Run::Trial) if built.ignores_slots() => {
                (slots.min(of_trial), Room::UpTo(slots))
            }
            (Some(slots), _) => (slots, Room::Fixed),
            (None, Run::Trial) => (of_trial, Room::Growing),
            (None, Run::Replay) => (of_replay, Room::Growing),
        }
    }
}
