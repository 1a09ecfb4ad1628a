//! Cilium: whoever has not been looked up for long leaves, open or not, up to 128 at once.
//!
//! Two maps for each family of addresses, one of TCP and one of the rest, each with the kernel's
//! own LRU as it works when one processor takes all packets. What has run out stays in its map
//! until it leaves like any other, or until the agent has collected it; a connection with its tuple
//! takes its node over. Connections live by the timeouts of the replay. The entries that Cilium
//! keeps besides, for ICMP errors and for services, are not there.

use std::collections::{BTreeSet, HashMap};

use keeptrack_core::{Conn, Ended, Instant, Packet, Protocol, Unconfirmed, Why};

use super::entries::{Id, id};
use super::lru::Lru;
use super::{Admission, Checked, Keys, Known, Peer};
use crate::replay::Tracker;

pub(super) const PEER: Known = Known {
    name: "cilium",
    does: "whoever has not been looked up for long leaves, open or not, up to 128 at once",
    keys: &[
        ("tcp", "the entries of the map of TCP, for each family of addresses; 100% by itself"),
        ("any", "the entries of the map of the rest, for each family; 50% by itself"),
        (
            "cpus",
            "the processors that the machine may have, which share small maps out; 1 by itself",
        ),
    ],
    checked: Checked::Source("Cilium 1.11; the kernel's LRU was measured, in Linux 6.18"),
    build: |keys: &Keys, max| {
        let tcp = keys.some_entries("tcp", max, 100)?;
        let any = keys.some_entries("any", max, 50)?;
        let cpu_count = keys.number_in("cpus", 1, 1..=MAX_CPUS)?;
        Ok(Box::new(Cilium::new(Params { tcp, any, cpu_count })))
    },
};

/// The most processors that a kernel is built for.
const MAX_CPUS: usize = 8_192;
/// Seconds until the agent collects for the first time; at the least, and at the most, after that.
const FIRST_GC_S: u32 = 5 * 60;
const MIN_GC_S: u64 = 10;
const MAX_GC_S: u64 = 12 * 60 * 60;

/// What can be set of Cilium.
#[derive(Debug, Clone, Copy)]
pub(super) struct Params {
    /// The entries of a map of TCP.
    pub(super) tcp: usize,
    /// The entries of a map of the rest.
    pub(super) any: usize,
    /// The processors that the machine may have.
    pub(super) cpu_count: usize,
}

/// Cilium's maps.
#[derive(Debug, Clone)]
pub(super) struct Cilium {
    params: Params,
    maps: [Map; 4],
    /// When the agent collects next, and how long it waited for that.
    gc: Option<(Instant, u64)>,
    /// The node that a newcomer was promised, and the map that it is of.
    promised: Option<(usize, usize)>,
    /// Who left for one that was restored, and is in core's table yet.
    expelled: Vec<Id>,
}

/// One map.
#[derive(Debug, Clone)]
struct Map {
    lru: Lru,
    nodes: HashMap<Id, usize>,
    /// What each node holds, of those that have held something.
    held: Vec<Option<Held>>,
    /// The nodes of what has run out, by when.
    over: BTreeSet<(Instant, usize)>,
}

/// What a node holds.
#[derive(Debug, Clone, Copy)]
struct Held {
    id: Id,
    number: u64,
    /// When it ran out.
    over: Option<Instant>,
}

impl Cilium {
    pub(super) fn new(params: Params) -> Self {
        let Params { tcp, any, cpu_count } = params;
        let maps = [tcp, any, tcp, any].map(|entries| Map::new(entries, cpu_count));
        Self { params, maps, gc: None, promised: None, expelled: Vec::new() }
    }

    fn map(&mut self, id: &Id) -> &mut Map {
        &mut self.maps[map_of(id)]
    }

    /// When the first ran out of those that have and are there.
    fn first_over(&self) -> Option<Instant> {
        self.maps.iter().filter_map(|map| map.over.first()).map(|(since, _)| *since).min()
    }

    /// Frees the node of a newcomer that did not come.
    fn free_promised(&mut self) {
        if let Some((map, node)) = self.promised.take() {
            self.maps[map].lru.free(node);
        }
    }

    /// One collection of the agent, and when it comes next.
    fn collect(&mut self, at: Instant, waited_s: u64) {
        let mut most = 0.0_f64;
        for map in &mut self.maps {
            most = most.max(map.collect(at));
        }
        let waits_s = gc_interval_s(waited_s, most);
        let after = at.as_millis() + waits_s * 1000;
        self.gc = Some((Instant::from_millis(after), waits_s));
    }
}

/// The map that a connection is in.
fn map_of((tuple, _): &Id) -> usize {
    let family = if tuple.source.is_ipv4() { 0 } else { 2 };
    family + usize::from(tuple.protocol != Protocol::TCP)
}

/// How long the agent waits after it has deleted that share of a map.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "of a positive number")]
fn gc_interval_s(waited_s: u64, deleted: f64) -> u64 {
    if deleted > 0.25 {
        let shorter = waited_s as f64 * (1.0 - deleted.min(0.9));
        return (shorter.round() as u64).max(MIN_GC_S);
    }
    match deleted > 0.0 && deleted < 0.05 {
        true => ((waited_s as f64 * 1.5).round() as u64).min(MAX_GC_S),
        false => waited_s,
    }
}

impl Map {
    fn new(capacity: usize, cpu_count: usize) -> Self {
        Self {
            lru: Lru::new(capacity, cpu_count),
            nodes: HashMap::new(),
            held: Vec::new(),
            over: BTreeSet::new(),
        }
    }

    /// The node of a tuple, in either direction.
    fn find(&self, (tuple, zone): &Id) -> Option<usize> {
        let node = |id: &Id| self.nodes.get(id).copied();
        node(&(*tuple, *zone)).or_else(|| node(&(tuple.invert(), *zone)))
    }

    /// Gets a node; who leaves is told to `leaves`, if it lives.
    fn take(&mut self, leaves: &mut dyn FnMut(&Id)) -> Option<usize> {
        let mut taken_out = Vec::new();
        let node = self.lru.take(&mut taken_out)?;
        for held in taken_out.into_iter().filter_map(|node| self.forget(node)) {
            if held.over.is_none() {
                leaves(&held.id);
            }
        }
        Some(node)
    }

    fn hold(&mut self, node: usize, held: Held) {
        self.forget(node);
        self.nodes.insert(held.id, node);
        if self.held.len() <= node {
            self.held.resize(node + 1, None);
        }
        self.held[node] = Some(held);
    }

    fn forget(&mut self, node: usize) -> Option<Held> {
        let held = self.held.get_mut(node)?.take()?;
        self.nodes.remove(&held.id);
        if let Some(since) = held.over {
            self.over.remove(&(since, node));
        }
        Some(held)
    }

    /// Deletes what had run out by `at`; returned is the share of the map that it was.
    fn collect(&mut self, at: Instant) -> f64 {
        let mut count = 0;
        while let Some(&(_, node)) = self.over.first().filter(|(since, _)| *since <= at) {
            self.forget(node);
            self.lru.free(node);
            count += 1;
        }
        f64::from(count) / self.lru.capacity() as f64
    }
}

impl Peer for Cilium {
    fn slots(&self) -> usize {
        2 * (self.params.tcp + self.params.any)
    }

    fn pass_time(&mut self, now: Instant, _ct: &mut Tracker) {
        while let Some((at, waited_s)) = self.gc.filter(|(at, _)| *at <= now) {
            // Where nothing is found the agent comes again as soon.
            let waited_ms = waited_s * 1000;
            let until = self.first_over().unwrap_or(now).min(now);
            let skipped_ms = until.since(at) / waited_ms * waited_ms;
            self.collect(Instant::from_millis(at.as_millis() + skipped_ms), waited_s);
        }
    }

    fn next_event(&self) -> Option<Instant> {
        self.first_over()?;
        self.gc.map(|(at, _)| at)
    }

    fn packet(&mut self, now: Instant, _packet: &Packet<'_>, ct: &mut Tracker) {
        self.gc.get_or_insert((now.after(FIRST_GC_S), FIRST_GC_S.into()));
        for (tuple, zone) in self.expelled.drain(..) {
            ct.drop_early(now, &tuple, zone);
        }
    }

    fn admit(&mut self, _now: Instant, first: &mut Unconfirmed<'_>) -> Admission {
        let id = id(first.conn());
        self.free_promised();
        let map = self.map(&id);
        if let Some(node) = map.find(&id) {
            map.lru.mark(node);
            return Admission::Take;
        }
        let node = map.take(&mut |(tuple, zone)| {
            first.drop_early(tuple, *zone);
        });
        self.promised = node.map(|node| (map_of(&id), node));
        if node.is_some() { Admission::Take } else { Admission::Refuse("map full") }
    }

    fn entered(&mut self, _now: Instant, conn: &Conn) {
        let held = Held { id: id(conn), number: conn.number(), over: None };
        let promised = self.promised.take();
        let mut expelled = Vec::new();
        let map = self.map(&held.id);
        let node = map.find(&held.id).or(promised.map(|(_, node)| node));
        if let Some(node) = node.or_else(|| map.take(&mut |id| expelled.push(*id))) {
            map.hold(node, held);
        }
        self.expelled.extend(expelled);
    }

    fn known(&mut self, _now: Instant, conn: &Conn) {
        let id = id(conn);
        let map = self.map(&id);
        if let Some(&node) = map.nodes.get(&id) {
            map.lru.mark(node);
        }
    }

    fn ended(&mut self, now: Instant, ended: &Ended) {
        let id = id(&ended.conn);
        let map = self.map(&id);
        let Some(&node) = map.nodes.get(&id) else { return };
        if let Some(held) = map.held[node].as_mut().filter(|h| h.number == ended.conn.number()) {
            let since = match ended.why {
                Why::TimedOut => ended.conn.expiry().min(now),
                _ => now,
            };
            held.over = Some(since);
            map.over.insert((since, node));
        }
    }

    fn rule(&self, _ended: &Ended) -> &'static str {
        "not looked up"
    }

    fn count(&self) -> Option<usize> {
        Some(self.maps.iter().map(|map| map.nodes.len()).sum())
    }
}
