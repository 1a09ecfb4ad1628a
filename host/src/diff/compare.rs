//! Two tables, entry by entry.

use std::collections::HashMap;

use keeptrack_core::{Status, Tuple};

use crate::conntrack::Entry;

/// What an entry is found by: the original tuple, and the zone. Replies may have been translated.
pub(super) type Key = (Tuple, u16);

/// An entry of the kernel's table, and the line that it stands in.
pub(super) type Theirs = (u64, Entry);

/// How two tables differ.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// Entries that are the same in both.
    pub(super) same_count: u64,
    /// Entries that one of them has for less than the tolerance: the other one's have run out.
    pub(super) running_out_count: u64,
    /// Entries of which the reply is not the inverse.
    pub(super) translated_count: u64,
    /// Entries that differ.
    pub(super) differing: Vec<Pair>,
    /// Entries that only the kernel has.
    pub(super) only_there: Vec<Theirs>,
    /// Entries that only the replay has.
    pub(super) only_here: Vec<Entry>,
    /// By how many seconds the kernel's timeouts are longer, of entries in the same state.
    pub(super) ahead_s: Vec<i64>,
}

/// An entry that is in both tables, and differs.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) there: Entry,
    pub(super) here: Entry,
    pub(super) fields: Vec<Field>,
}

/// What two entries of the same tuple may differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    State,
    Replied,
    Assured,
    Timeout,
    Counters,
}

pub(super) fn key(entry: &Entry) -> Key {
    (entry.original.tuple, entry.zone.unwrap_or(0))
}

/// Compares the kernel's table with the replay's.
pub(super) fn compare(theirs: Vec<Theirs>, ours: Vec<Entry>, tolerance_s: u64) -> Comparison {
    let mut comparison = Comparison::default();
    let mut ours: HashMap<Key, Entry> =
        ours.into_iter().map(|entry| (key(&entry), entry)).collect();
    for (line, there) in theirs {
        comparison.translated_count += u64::from(there.nat().is_some());
        match ours.remove(&key(&there)) {
            Some(here) => comparison.pair(there, here, tolerance_s),
            None if is_running_out(&there, tolerance_s) => comparison.running_out_count += 1,
            None => comparison.only_there.push((line, there)),
        }
    }
    let (running_out, only_here): (Vec<_>, Vec<_>) =
        ours.into_values().partition(|entry| is_running_out(entry, tolerance_s));
    comparison.running_out_count += running_out.len() as u64;
    comparison.only_here = only_here;
    comparison.only_here.sort_by_key(|entry| entry.original.tuple.to_string());
    comparison
}

impl Comparison {
    /// Whether neither has anything that the other has not.
    pub(super) fn is_same(&self) -> bool {
        self.differing.is_empty() && self.only_there.is_empty() && self.only_here.is_empty()
    }

    fn pair(&mut self, there: Entry, here: Entry, tolerance_s: u64) {
        let fields = differing_fields(&there, &here, tolerance_s);
        if let (false, Some(ahead)) = (fields.contains(&Field::State), ahead_s(&there, &here)) {
            self.ahead_s.push(ahead);
        }
        if fields.is_empty() {
            self.same_count += 1;
        } else {
            self.differing.push(Pair { there, here, fields });
        }
    }
}

fn differing_fields(there: &Entry, here: &Entry, tolerance_s: u64) -> Vec<Field> {
    let differ = |flag| there.status.has(flag) != here.status.has(flag);
    // A fast path has its entries to itself: the kernel tells neither state nor timeout of them.
    let is_offloaded = there.offload.is_some();
    let is_late = ahead_s(there, here).is_some_and(|ahead| ahead.unsigned_abs() > tolerance_s);
    let counters = |entry: &Entry| [entry.original.counters, entry.reply.counters];
    let is_counted = there.original.counters.is_some() && here.original.counters.is_some();
    let found = [
        (Field::State, !is_offloaded && there.state != here.state),
        (Field::Replied, differ(Status::SEEN_REPLY)),
        (Field::Assured, !is_offloaded && differ(Status::ASSURED)),
        (Field::Timeout, is_late),
        (Field::Counters, is_counted && counters(there) != counters(here)),
    ];
    found.into_iter().filter_map(|(field, differs)| differs.then_some(field)).collect()
}

/// By how many seconds the kernel's timeout is longer.
pub(super) fn ahead_s(there: &Entry, here: &Entry) -> Option<i64> {
    let (there, here) = (there.timeout?, here.timeout?);
    Some(i64::try_from(there).ok()? - i64::try_from(here).ok()?)
}

fn is_running_out(entry: &Entry, tolerance_s: u64) -> bool {
    entry.timeout.is_some_and(|left| left < tolerance_s)
}
