//! The gateway's table: which of core's parts it is made of, and how settings make it.

use keeptrack_core::fragment::Follow;
use keeptrack_core::{
    Adaptive, Class, ConfigError, Conntrack, EarlyDrop, GhostOf, Lent, NoHelpers, Ranked, Seed,
    SourceCap, SourcePlace,
};

use crate::rules::RawRules;
use crate::settings::{Settings, Victim};

/// How many datagrams may come in parts at once.
pub const FOLLOWED: usize = 16;

/// How many of those for whom there was no room are followed: with so few the size that would have
/// been enough is a quarter off, where it is not exact, and costs a newcomer an eighth of the work.
const GHOSTS: usize = 16;

/// The table.
pub type Table<'m> = Conntrack<Lent<'m>, Policy<'m>, RawRules<'m>, NoHelpers, Follow<FOLLOWED>>;

/// What happens when it is full: caps, timeouts that shrink, who leaves, and how many slots would
/// have been enough.
pub type Policy<'m> = (
    Option<SourceCap<&'m mut [SourcePlace]>>,
    Option<Adaptive>,
    (Option<Ranked>, Option<EarlyDrop>),
    GhostOf<GHOSTS>,
);

/// The memory that a board gives: what lies in it before does not count.
#[derive(Debug)]
pub struct Memory<'m> {
    /// For the connections.
    pub connections: Lent<'m>,
    /// For their sources: one place more than there are slots.
    pub sources: &'m mut [SourcePlace],
}

/// What a board draws from its entropy source each time that it starts. They never leave it.
#[derive(Debug, Clone, Copy)]
pub struct Keys {
    /// Of the table's hash.
    pub table: Seed,
    /// Of the hash of the sources.
    pub sources: Seed,
}

/// The table that `settings` ask for, empty.
///
/// # Errors
/// When they do not fit the memory: [`Settings::fit`] says so before.
pub(crate) fn table<'m>(
    settings: &Settings<'m>,
    Memory { connections, sources }: Memory<'m>,
    keys: Keys,
) -> Result<Table<'m>, ConfigError> {
    let connections = match settings.max {
        Some(max) => connections.first(usize::try_from(max).unwrap_or(usize::MAX)),
        None => connections,
    };
    let table = Conntrack::new(connections, settings.config, keys.table)?;
    let slot_count = table.capacity();
    let table =
        settings.reserves.iter().zip(0..).try_fold(table, |table, (amount, number)| {
            match (Class::at(number), amount.of(slot_count)) {
                (Some(class), reserved @ 1..) => table.reserve(class, reserved),
                _ => Ok(table),
            }
        })?;
    // What is large comes last: each step copies what was there before.
    let policy = policy(settings, slot_count, (sources, keys.sources));
    Ok(table.with_rules(settings.raw).on_full(policy).with_fragments(Follow::new()))
}

fn policy<'m>(
    settings: &Settings<'m>,
    slot_count: usize,
    (sources, key): (&'m mut [SourcePlace], Seed),
) -> Policy<'m> {
    let full = &settings.full;
    let cap = full.source_cap.map(|(cap, prefix)| {
        let cap = u32::try_from(cap.of(slot_count)).unwrap_or(u32::MAX);
        SourceCap::new(sources, key, cap).prefix(prefix)
    });
    let adaptive =
        full.adaptive.map(|(start, end)| Adaptive::new(start.of(slot_count), end.of(slot_count)));
    let victim = match full.victim {
        Victim::Refuse => (None, None),
        Victim::EarlyDrop => (None, Some(EarlyDrop::new(0))),
        Victim::Ranked => (Some(Ranked::new(0)), None),
    };
    (cap, adaptive, victim, GhostOf::new())
}
