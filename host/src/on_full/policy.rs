//! What is typed made into the policy of a table of a given size.

use keeptrack_core::{
    Adaptive, EarlyDrop, Ended, Ghost, Newcomer, OnFull, Prefix, Rank, Ranked, Refuse, Seed,
    SlotId, Slots, SourceCap, SourcePlace, Why, Zone, ZoneCap, ZoneCaps,
};

use super::common::Common;
use super::{Does, Own, Spec, With};
use crate::peers::{self, Peer};
use crate::verdict::Rule;

/// The policy of a replay's table: who may be in it at all, whose time is cut short, who leaves for
/// whom, and what would have been needed.
pub type Policy = ((Option<SourceCaps>, Option<OfZones>), Option<Adaptive>, Choice, Ghost);

/// A cap on each source.
pub type SourceCaps = SourceCap<Vec<SourcePlace<u32>>, u32>;
/// A cap on each zone.
pub type OfZones = ZoneCaps<Vec<ZoneCap>>;

/// What decides who leaves when no slot is left.
#[derive(Debug, Clone)]
pub enum Choice {
    /// Nobody leaves.
    Refuse(Refuse),
    /// Whoever of a few is not ASSURED.
    EarlyDrop(EarlyDrop),
    /// Whoever is finished first.
    Ranked(Ranked),
}

impl Choice {
    const fn of(own: Own) -> Self {
        match own {
            Own::Refuse | Own::Adaptive { with: With::Refuse, .. } => Self::Refuse(Refuse),
            Own::EarlyDrop { seed } | Own::Adaptive { with: With::EarlyDrop { seed }, .. } => {
                Self::EarlyDrop(EarlyDrop::new(seed))
            }
            Own::Ranked { seed } | Own::Adaptive { with: With::Ranked { seed }, .. } => {
                Self::Ranked(Ranked::new(seed))
            }
        }
    }
}

/// The table that a policy is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size<'c> {
    /// Its entries.
    pub(crate) max: usize,
    /// The key of its hash.
    pub(crate) key: Seed,
    /// The classes that rules give, in the order of their numbers.
    pub(crate) classes: &'c [String],
    /// The zones that rules give, and that of everybody else.
    pub(crate) zones: &'c [Zone],
}

/// A policy ready for its table.
pub(crate) struct Built {
    pub(crate) policy: Policy,
    pub(crate) peer: Option<Box<dyn Peer>>,
    /// The slots that are kept for each class, in the order of their numbers.
    pub(crate) reserves: Vec<usize>,
}

impl Built {
    /// Whether nothing but the number of entries decides, so that the slots of a table need not be
    /// there before they are used.
    pub(crate) fn ignores_slots(&self) -> bool {
        let ((sources, zones), adaptive, choice, _) = &self.policy;
        let is_plain = sources.is_none() && zones.is_none() && adaptive.is_none();
        let draws_slots = matches!(choice, Choice::EarlyDrop(_));
        self.peer.is_some() || is_plain && !draws_slots && self.reserves.is_empty()
    }
}

impl Spec {
    /// The policy for a table of that size.
    ///
    /// # Errors
    /// What of it does not fit that table or its rules.
    pub(crate) fn build(&self, size: Size<'_>) -> Result<Built, String> {
        let said = |wrong: String| format!("{}: {wrong}", self.name);
        let (own, common) = match &self.does {
            Does::Own(own, common) => (*own, common),
            Does::Peers => {
                let mut keys = self.keys.clone();
                keys.remove("seeds");
                let peer = peers::build(self.name, &keys, size.max).transpose().map_err(said)?;
                return Ok(Built { peer, ..self.build_unlimited() });
            }
        };
        let reserves = common.reserve.slots(size.classes, size.max).map_err(said)?;
        let reserved: usize = reserves.iter().sum();
        if reserved >= size.max && reserved > 0 {
            return Err(said(format!(
                "`reserve` keeps {reserved} of {} slots, and leaves none for others",
                size.max
            )));
        }
        let sources = sources(common, size).map_err(said)?;
        let adaptive = adaptive(own, size.max).map_err(said)?;
        let caps = (sources, of_zones(common, size));
        let policy = (caps, adaptive, Choice::of(own), Ghost::new());
        Ok(Built { policy, peer: None, reserves })
    }

    /// For a table that grows: nothing of it has an effect there, but it learns what it would need
    /// if the table became full.
    pub(crate) fn build_unlimited(&self) -> Built {
        let choice = match &self.does {
            Does::Own(own, _) => Choice::of(*own),
            Does::Peers => Choice::Refuse(Refuse),
        };
        Built {
            policy: ((None, None), None, choice, Ghost::new()),
            peer: None,
            reserves: Vec::new(),
        }
    }

    /// What a table does by it that is full after all, as which `unlimited` did not know how large
    /// it may be.
    ///
    /// # Errors
    /// When there is not the memory.
    pub(crate) fn limit(
        &self,
        (_, _, choice, _): &Policy,
        (max, key): (usize, Seed),
    ) -> Result<Policy, String> {
        let built = self.build(Size { max, key, classes: &[], zones: &[] })?;
        let (caps, adaptive, _, ghost) = built.policy;
        Ok((caps, adaptive, choice.clone(), ghost))
    }

    /// Whether it does nothing, under rules that give so many classes, until a table is full or a
    /// source has as many connections as [`source_cap`](Self::source_cap) says.
    pub(crate) fn waits_until_full(&self, class_count: usize) -> bool {
        match &self.does {
            Does::Peers => self.buckets().is_some(),
            Does::Own(Own::Refuse | Own::Ranked { .. }, common) => {
                common.zone.is_none() && class_count == 0
            }
            Does::Own(Own::EarlyDrop { .. } | Own::Adaptive { .. }, _) => false,
        }
    }

    /// The most connections of one source in a table of that size, and what a source is; `None`: as
    /// many as there are.
    pub(crate) fn source_cap(&self, max: usize) -> Option<(Prefix, u32)> {
        match &self.does {
            Does::Own(_, common) => source_cap(common, max),
            Does::Peers => None,
        }
    }
}

fn source_cap(common: &Common, max: usize) -> Option<(Prefix, u32)> {
    let cap = u32::try_from(common.source?.of(max)).unwrap_or(u32::MAX);
    Some((Prefix::new(common.v4_len, common.v6_len)?, cap))
}

/// The cap on each source.
fn sources(common: &Common, Size { max, key, .. }: Size<'_>) -> Result<Option<SourceCaps>, String> {
    let Some((prefix, cap)) = source_cap(common, max) else { return Ok(None) };
    // One more than slots: a newcomer is asked for its source before anybody leaves for it.
    let mut places = Vec::new();
    let no_memory = |_| format!("there is not the memory to count the sources of {max} entries");
    places.try_reserve_exact(max + 1).map_err(no_memory)?;
    places.resize(max + 1, SourcePlace::EMPTY);
    Ok(Some(SourceCap::new(places, key, cap).prefix(prefix)))
}

/// The cap on each zone.
fn of_zones(common: &Common, Size { max, zones, .. }: Size<'_>) -> Option<OfZones> {
    let cap = u32::try_from(common.zone?.of(max)).unwrap_or(u32::MAX);
    Some(ZoneCaps::new(zones.iter().map(|&zone| ZoneCap::new(zone, cap)).collect()))
}

/// What shortens timeouts, if anything does.
fn adaptive(own: Own, max: usize) -> Result<Option<Adaptive>, String> {
    let Own::Adaptive { start, end, .. } = own else { return Ok(None) };
    let (from, to) = (start.of(max), end.of(max));
    if from >= to {
        return Err(format!("`start={start}` has to come before `end={end}`"));
    }
    Ok(Some(Adaptive::new(from, to)))
}

/// Why a connection has left that had to, in a few words; of another one, how it left.
pub(crate) fn rule((_, _, choice, _): &Policy, ended: &Ended) -> Rule {
    match (ended.why, choice) {
        (Why::DroppedEarly, Choice::Ranked(_)) => Rank::of(&ended.conn).map_or("", Rank::name),
        (Why::DroppedEarly, _) => "sampled",
        (Why::Shrunk, _) => "adaptive",
        (why, _) => why.name(),
    }
}

/// The entries that would have hurt nobody, as the table's own ghost estimates it, and how far
/// that may be off.
pub(crate) fn would_need((.., ghost): &Policy) -> (usize, usize) {
    (ghost.would_need(), ghost.deviation())
}

/// None of them is asked whom it admits, or cuts timeouts short.
impl OnFull for Choice {
    const RANKS: bool = true;

    fn victim(&mut self, newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
        match self {
            Self::Refuse(policy) => policy.victim(newcomer, table),
            Self::EarlyDrop(policy) => policy.victim(newcomer, table),
            Self::Ranked(policy) => policy.victim(newcomer, table),
        }
    }

    fn answered(&mut self, rank: Rank, waited_ms: u64) {
        if let Self::Ranked(policy) = self {
            policy.answered(rank, waited_ms);
        }
    }
}
