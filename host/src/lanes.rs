//! The tables of a replay, made as they are asked for: one for each policy.

use std::rc::Rc;

use keeptrack_core::fragment::Limits;
use keeptrack_core::{Class, Config, Conntrack, Helpers};

use crate::error::Error;
use crate::firmware_config::Filter;
use crate::front::Front;
use crate::lane::{Lane, Room};
use crate::listing::Listing;
use crate::memory::{Heap, helper_slots};
use crate::on_full::{Built, Policy, Size, Spec};
use crate::options::World;
use crate::path::Places;
use crate::replay::Replay;
use crate::rules::RuleSet;
use crate::sight::Sight;
use crate::stage::Stage;

/// The entries of a table that grows, at first.
const FIRST_ENTRIES: usize = 1 << 16;
/// Connections that may have a helper at a time: as many as a table of helpers can tell apart.
const HELPER_SLOTS: usize = u16::MAX as usize;

/// What every table of a replay has in common.
pub(crate) struct Asked<'w> {
    pub(crate) world: &'w World,
    /// The entries of each; `None`: they grow.
    pub(crate) max: Option<usize>,
    pub(crate) expect_max: usize,
    pub(crate) config: Config,
    pub(crate) rules: RuleSet,
    pub(crate) fragments: Limits,
    /// The filter behind tracking, if it is a gateway that is replayed.
    pub(crate) filter: Option<Filter>,
    pub(crate) listing: Rc<Listing>,
}

impl Asked<'_> {
    /// A replay with a table under each of these policies, or under the usual one.
    ///
    /// # Errors
    /// When a policy does not fit, or there is not the memory.
    pub(crate) fn replay(self, specs: &[Spec]) -> Result<Replay, Error> {
        let Self { world, listing, .. } = &self;
        let places = Places::new(world.iface.clone().unwrap_or_default(), world.local.clone());
        let front = match self.filter {
            None => Front::new(Sight::new(places), world.copies),
            Some(_) => Front::at_gateway(Sight::new(places)),
        };
        let (first, others) = match specs {
            [] => (self.lane(&Spec::ranked())?, Vec::new()),
            [first, others @ ..] => {
                let others = others.iter().map(|spec| self.lane(spec));
                (self.lane(first)?, others.collect::<Result<_, _>>()?)
            }
        };
        Ok(Replay::new(front, (first, others), Rc::clone(listing)))
    }

    /// An empty table under that policy.
    ///
    /// # Errors
    /// When the policy does not fit, or there is not the memory.
    pub(crate) fn lane(&self, spec: &Spec) -> Result<Lane, Error> {
        let classes: Vec<String> = self.rules.classes().map(|(name, _)| name.to_owned()).collect();
        let zones = self.rules.zones();
        let key = self.world.hash_seed.seed();
        let size = |max| Size { max, key, classes: &classes, zones: &zones };
        let built = match self.max {
            Some(max) => spec.build(size(max)).map_err(Error::OnFull)?,
            None => Built::unused(),
        };
        let Built { policy, peer, reserves } = built;
        let room = if self.max.is_some() { Room::Fixed } else { Room::Growing };
        let entries = self.max.unwrap_or(FIRST_ENTRIES);
        let entries = peer.as_ref().map_or(entries, |peer| peer.slots());
        let memory = Heap::new(entries).ok_or(Error::NoMemory(entries))?;
        let listens = self.rules.has_helper() || !self.world.seed_table.is_empty();
        let slot_count = if listens { entries.min(HELPER_SLOTS) } else { 0 };
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
        let lane = Lane::new((ct, room), peer, Rc::clone(&self.listing));
        Ok(lane.with_filter(self.filter))
    }
}
