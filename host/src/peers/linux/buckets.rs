//! The buckets of Linux's table: each entry is in two of them, by its tuple and by the inverse of
//! it.

use std::num::NonZeroU32;

use keeptrack_core::{Conn, Direction, Tuple, Zone};

use super::hash::{self, TupleHash};

/// Who an entry is.
pub(super) type Id = (Tuple, Zone);

/// The hashes of a tuple and of the inverse of it.
pub(super) type Hashes = [u32; 2];

/// Entries, those that have run out and were not met since included.
#[derive(Debug, Clone)]
pub(super) struct Buckets {
    hash: TupleHash,
    buckets: Vec<Bucket>,
    /// The nodes of each [`GROUP`] of buckets.
    node_counts: Vec<u32>,
    /// The entries that have run out.
    over_count: usize,
    entries: Vec<Option<Entry>>,
    /// Who the entries are, which is asked for less often than the rest of them.
    ids: Vec<Id>,
    /// Places in `entries` that are free.
    free: Vec<u32>,
}

/// A bucket.
#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    newest: Option<Node>,
    /// The nodes whose entries have run out.
    over_count: u32,
}

/// An entry.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The number of its connection.
    pub(super) number: u64,
    /// Whether it has run out.
    pub(super) is_over: bool,
    hashes: Hashes,
    /// The nodes that are older, in the bucket of its tuple and in that of the inverse.
    older: [Option<Node>; 2],
}

/// The place of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At(u32);

/// One of the two nodes of an entry: its place, counted from 1, and in the lowest bit which tuple it
/// is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Node(NonZeroU32);

/// How many buckets have their nodes counted together, so that a walk passes over empty ones.
const GROUP: usize = 1024;

impl Buckets {
    /// So many, and at least one; `None` when there is not the memory for them.
    pub(super) fn new(bucket_count: usize, hash: TupleHash) -> Option<Self> {
        let bucket_count = bucket_count.max(1);
        let buckets = filled(Bucket::default(), bucket_count)?;
        let node_counts = filled(0, bucket_count.div_ceil(GROUP))?;
        let (entries, ids, free) = (Vec::new(), Vec::new(), Vec::new());
        Some(Self { hash, buckets, node_counts, over_count: 0, entries, ids, free })
    }

    /// How many buckets there are.
    pub(super) fn count(&self) -> usize {
        self.buckets.len()
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// The hashes of a tuple and of its inverse.
    pub(super) fn hashes(&self, id: Id) -> Hashes {
        DIRECTIONS.map(|dir| self.hash_of(&turned(id, dir)))
    }

    /// The hash of a tuple.
    pub(super) fn hash_of(&self, (tuple, zone): &Id) -> u32 {
        self.hash.of(tuple, *zone)
    }

    /// The bucket of a hash.
    pub(super) fn of(&self, hash: u32) -> usize {
        hash::bucket(hash, self.buckets.len())
    }

    /// Puts in the entry of a connection, in front of the others.
    pub(super) fn insert(&mut self, conn: &Conn, hashes: Hashes) {
        let id = (conn.tuple(Direction::Original), conn.zone());
        let place = self.free.pop().or_else(|| u32::try_from(self.entries.len()).ok());
        let nodes = place.map(|place| DIRECTIONS.map(|dir| Node::new(At(place), dir)));
        let Some((place, [Some(node), Some(inverse)])) = place.zip(nodes) else { return };
        let mut older = [None; 2];
        for ((hash, node), older) in hashes.into_iter().zip([node, inverse]).zip(&mut older) {
            let bucket = self.of(hash);
            *older = self.buckets[bucket].newest.replace(node);
            self.node_counts[bucket / GROUP] += 1;
        }
        let entry = Some(Entry { number: conn.number(), is_over: false, hashes, older });
        match self.entries.get_mut(place as usize).zip(self.ids.get_mut(place as usize)) {
            Some(free) => (*free.0, *free.1) = (entry, id),
            None => {
                self.entries.push(entry);
                self.ids.push(id);
            }
        }
    }

    /// The entry at a place.
    pub(super) fn get(&self, at: At) -> Option<&Entry> {
        self.entries.get(at.0 as usize)?.as_ref()
    }

    /// Who the entry at a place is, if there is one.
    pub(super) fn id(&self, at: At) -> Id {
        self.ids[at.0 as usize]
    }

    /// The entry of a connection.
    pub(super) fn find(&self, conn: &Conn) -> Option<At> {
        let id = (conn.tuple(Direction::Original), conn.zone());
        let is_it = |at: &At| self.get(*at).is_some_and(|entry| entry.number == conn.number());
        self.bucket(self.of(self.hash_of(&id))).map(Node::at).find(is_it)
    }

    /// Takes note that an entry has run out.
    pub(super) fn set_over(&mut self, at: At) {
        let entry = self.entries.get_mut(at.0 as usize).and_then(Option::as_mut);
        let Some(entry) = entry.filter(|entry| !entry.is_over) else { return };
        entry.is_over = true;
        self.over_count += 1;
        for hash in entry.hashes {
            let bucket = self.of(hash);
            self.buckets[bucket].over_count += 1;
        }
    }

    /// Whether any entry has run out.
    pub(super) const fn has_any_over(&self) -> bool {
        self.over_count > 0
    }

    /// Whether an entry in the bucket of a hash has run out.
    pub(super) fn has_over(&self, hash: u32) -> bool {
        self.buckets[self.of(hash)].over_count > 0
    }

    /// Takes an entry out of both its buckets.
    pub(super) fn remove(&mut self, at: At) {
        let Some(&Entry { hashes, is_over, .. }) = self.get(at) else { return };
        self.over_count -= usize::from(is_over);
        for dir in DIRECTIONS {
            let bucket = self.of(hashes[side(dir)]);
            self.unlink(bucket, at, dir);
            self.buckets[bucket].over_count -= u32::from(is_over);
        }
        if let Some(entry) = self.entries.get_mut(at.0 as usize) {
            *entry = None;
            self.free.push(at.0);
        }
    }

    /// The entries in a bucket, the newest first; one that has both its nodes there comes twice.
    pub(super) fn entries_of(&self, bucket: usize) -> impl Iterator<Item = At> {
        self.bucket(bucket).map(Node::at)
    }

    /// The first bucket from that one on that holds entries.
    pub(super) fn next_occupied(&self, from: usize) -> Option<usize> {
        let mut bucket = if self.len() == 0 { self.count() } else { from };
        while bucket < self.count() {
            let group = bucket / GROUP;
            if self.node_counts[group] == 0 {
                bucket = (group + 1) * GROUP;
            } else if self.buckets[bucket].newest.is_some() {
                return Some(bucket);
            } else {
                bucket += 1;
            }
        }
        None
    }

    /// Of what a look-up of a packet's tuple walks over before it finds the entry of that tuple,
    /// those that have run out; and that entry.
    pub(super) fn walk(&self, id: &Id, hash: u32) -> (Vec<At>, Option<At>) {
        let mut over = Vec::new();
        for node in self.bucket(self.of(hash)) {
            let at = node.at();
            let Some(own) = self.get(at) else { continue };
            if own.is_over {
                over.push(at);
            } else if own.hashes[node.side()] == hash && turned(self.id(at), node.dir()) == *id {
                return (over, Some(at));
            }
        }
        (over, None)
    }

    /// How many nodes the fuller one of the two buckets of an entry has.
    pub(super) fn longest_chain(&self, hashes: Hashes) -> usize {
        let lengths = hashes.map(|hash| self.bucket(self.of(hash)).count());
        lengths.into_iter().max().unwrap_or(0)
    }

    fn bucket(&self, bucket: usize) -> impl Iterator<Item = Node> {
        let newest = self.buckets.get(bucket).and_then(|bucket| bucket.newest);
        std::iter::successors(newest, |node| self.get(node.at())?.older[node.side()])
    }

    fn unlink(&mut self, bucket: usize, at: At, dir: Direction) {
        let Some(older) = self.get(at).map(|entry| entry.older[side(dir)]) else { return };
        let own = Node::new(at, dir);
        let newer = self.bucket(bucket).take_while(|other| Some(*other) != own).last();
        let link = match newer {
            None => self.buckets.get_mut(bucket).map(|bucket| &mut bucket.newest),
            Some(newer) => {
                let entry = self.entries.get_mut(newer.at().0 as usize).and_then(Option::as_mut);
                entry.map(|entry| &mut entry.older[newer.side()])
            }
        };
        if let Some(link) = link {
            *link = older;
            self.node_counts[bucket / GROUP] -= 1;
        }
    }
}

impl Node {
    /// `None` where a place is too large, as none of a table is.
    fn new(At(place): At, dir: Direction) -> Option<Self> {
        let place = place.checked_add(1)?.checked_mul(2)?;
        NonZeroU32::new(place | u32::from(dir == Direction::Reply)).map(Self)
    }

    const fn at(self) -> At {
        At(self.0.get() / 2 - 1)
    }

    const fn side(self) -> usize {
        (self.0.get() % 2) as usize
    }

    const fn dir(self) -> Direction {
        DIRECTIONS[self.side()]
    }
}

/// So many of a value; `None` when there is not the memory for them.
fn filled<T: Clone>(value: T, count: usize) -> Option<Vec<T>> {
    let mut values = Vec::new();
    values.try_reserve_exact(count).ok()?;
    values.resize(count, value);
    Some(values)
}

const DIRECTIONS: [Direction; 2] = [Direction::Original, Direction::Reply];

const fn side(dir: Direction) -> usize {
    match dir {
        Direction::Original => 0,
        Direction::Reply => 1,
    }
}

/// The tuple of packets of that direction.
const fn turned((tuple, zone): Id, dir: Direction) -> Id {
    match dir {
        Direction::Original => (tuple, zone),
        Direction::Reply => (tuple.invert(), zone),
    }
}

#[cfg(test)]
mod tests {
    use keeptrack_core::{Config, Conntrack, LinkType, Packet, Refuse, Seed, Storage, Tracked};

    use super::*;

    /// Connections of UDP from so many ports.
    fn conns(count: u8) -> Vec<Conn> {
        let mut storage = Storage::<64>::new();
        let ct = Conntrack::new(storage.lend(), Config::DEFAULT, Seed([7; 16])).unwrap();
        let mut ct = ct.on_full(Refuse);
        let conn = |port| {
            let ip = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
            let bytes = [&ip[..], &[4, port, 0, 53, 0, 8, 0, 0]].concat();
            let packet = Packet::parse(LinkType::Raw, &bytes).unwrap();
            let Tracked::First(first) = ct.track(Default::default(), &packet) else { panic!() };
            *first.confirm().unwrap().conn
        };
        (0..count).map(conn).collect()
    }

    fn insert(buckets: &mut Buckets, conn: &Conn) {
        let hashes = buckets.hashes((conn.tuple(Direction::Original), conn.zone()));
        buckets.insert(conn, hashes);
    }

    fn walk(buckets: &Buckets, id: Id) -> Option<At> {
        buckets.walk(&id, buckets.hash_of(&id)).1
    }

    #[test]
    fn an_entry_is_met_by_both_its_tuples_until_it_is_taken_out() {
        for bucket_count in [1, 3, 64, 1000, 100_000] {
            let mut buckets = Buckets::new(bucket_count, TupleHash::new(1)).unwrap();
            let conns = conns(60);
            conns.iter().for_each(|conn| insert(&mut buckets, conn));
            for conn in conns.iter().step_by(2) {
                buckets.remove(buckets.find(conn).unwrap());
            }
            let node_count: usize =
                (0..bucket_count).map(|at| buckets.entries_of(at).count()).sum();
            assert_eq!((buckets.len(), node_count), (30, 60));
            let first = buckets.next_occupied(0);
            let met = std::iter::successors(first, |at| buckets.next_occupied(at + 1));
            let is_occupied = |bucket: &usize| buckets.entries_of(*bucket).next().is_some();
            assert!(met.eq((0..bucket_count).filter(is_occupied)), "{bucket_count}");
            for (at, conn) in conns.iter().enumerate() {
                let found = DIRECTIONS.map(|dir| walk(&buckets, (conn.tuple(dir), conn.zone())));
                let should = buckets.find(conn).filter(|_| at % 2 == 1);
                assert_eq!(found, [should; 2], "{bucket_count}");
            }
        }
    }
}
