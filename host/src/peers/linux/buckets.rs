//! The buckets of Linux's table: each entry is in two of them, by its tuple and by the inverse of
//! it.

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
    /// The newest node of each bucket.
    heads: Vec<Option<Node>>,
    /// The nodes of each [`GROUP`] of buckets.
    node_counts: Vec<u32>,
    /// The nodes of each bucket whose entries have run out.
    over_counts: Vec<u32>,
    entries: Vec<Option<Entry>>,
    /// Places in `entries` that are free.
    free: Vec<u32>,
}

/// An entry.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The tuple of its first packet.
    pub(super) id: Id,
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

/// One of the two nodes of an entry: its place, and which tuple it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Node(At, Direction);

/// How many buckets have their nodes counted together, so that a walk passes over empty ones.
const GROUP: usize = 1024;

impl Buckets {
    /// So many, and at least one; `None` when there is not the memory for them.
    pub(super) fn new(bucket_count: usize, hash: TupleHash) -> Option<Self> {
        let bucket_count = bucket_count.max(1);
        let heads = filled(None, bucket_count)?;
        let node_counts = filled(0, bucket_count.div_ceil(GROUP))?;
        let over_counts = filled(0, bucket_count)?;
        let (entries, free) = (Vec::new(), Vec::new());
        Some(Self { hash, heads, node_counts, over_counts, entries, free })
    }

    /// How many buckets there are.
    pub(super) fn count(&self) -> usize {
        self.heads.len()
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
        hash::bucket(hash, self.heads.len())
    }

    /// Puts in the entry of a connection, in front of the others.
    pub(super) fn insert(&mut self, conn: &Conn, hashes: Hashes) {
        let id = (conn.tuple(Direction::Original), conn.zone());
        let place = self.free.pop().or_else(|| {
            self.entries.push(None);
            u32::try_from(self.entries.len() - 1).ok()
        });
        let Some(at) = place.map(At) else { return };
        let mut older = [None; 2];
        for (dir, older) in DIRECTIONS.into_iter().zip(&mut older) {
            let bucket = self.of(hashes[side(dir)]);
            *older = self.heads.get_mut(bucket).and_then(|head| head.replace(Node(at, dir)));
            self.node_counts[bucket / GROUP] += 1;
        }
        if let Some(entry) = self.entries.get_mut(at.0 as usize) {
            *entry = Some(Entry { id, number: conn.number(), is_over: false, hashes, older });
        }
    }

    /// The entry at a place.
    pub(super) fn get(&self, at: At) -> Option<&Entry> {
        self.entries.get(at.0 as usize)?.as_ref()
    }

    /// The entry of a connection.
    pub(super) fn find(&self, conn: &Conn) -> Option<At> {
        let id = (conn.tuple(Direction::Original), conn.zone());
        let is_it = |at: &At| self.get(*at).is_some_and(|entry| entry.number == conn.number());
        self.bucket(self.of(self.hash_of(&id))).map(|Node(at, _)| at).find(is_it)
    }

    /// Takes note that an entry has run out.
    pub(super) fn set_over(&mut self, at: At) {
        let entry = self.entries.get_mut(at.0 as usize).and_then(Option::as_mut);
        let Some(entry) = entry.filter(|entry| !entry.is_over) else { return };
        entry.is_over = true;
        for hash in entry.hashes {
            let bucket = self.of(hash);
            self.over_counts[bucket] += 1;
        }
    }

    /// Whether an entry in the bucket of a hash has run out.
    pub(super) fn has_over(&self, hash: u32) -> bool {
        self.over_counts[self.of(hash)] > 0
    }

    /// Takes an entry out of both its buckets.
    pub(super) fn remove(&mut self, at: At) {
        let Some(&Entry { hashes, is_over, .. }) = self.get(at) else { return };
        for dir in DIRECTIONS {
            let bucket = self.of(hashes[side(dir)]);
            self.unlink(bucket, Node(at, dir));
            self.over_counts[bucket] -= u32::from(is_over);
        }
        if let Some(entry) = self.entries.get_mut(at.0 as usize) {
            *entry = None;
            self.free.push(at.0);
        }
    }

    /// The entries in a bucket, the newest first; one that has both its nodes there comes twice.
    pub(super) fn entries_of(&self, bucket: usize) -> impl Iterator<Item = At> {
        self.bucket(bucket).map(|Node(at, _)| at)
    }

    /// The first bucket from that one on that holds entries.
    pub(super) fn next_occupied(&self, from: usize) -> Option<usize> {
        let mut bucket = if self.len() == 0 { self.count() } else { from };
        while bucket < self.count() {
            let group = bucket / GROUP;
            if self.node_counts[group] == 0 {
                bucket = (group + 1) * GROUP;
            } else if self.heads[bucket].is_some() {
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
        for Node(at, dir) in self.bucket(self.of(hash)) {
            let Some(own) = self.get(at) else { continue };
            if own.is_over {
                over.push(at);
            } else if own.hashes[side(dir)] == hash && turned(own.id, dir) == *id {
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
        let newest = self.heads.get(bucket).copied().flatten();
        std::iter::successors(newest, |Node(at, dir)| self.get(*at)?.older[side(*dir)])
    }

    fn unlink(&mut self, bucket: usize, node: Node) {
        let Node(at, dir) = node;
        let Some(older) = self.get(at).map(|entry| entry.older[side(dir)]) else { return };
        let newer = self.bucket(bucket).take_while(|other| *other != node).last();
        let link = match newer {
            None => self.heads.get_mut(bucket),
            Some(Node(at, dir)) => {
                let entry = self.entries.get_mut(at.0 as usize).and_then(Option::as_mut);
                entry.map(|entry| &mut entry.older[side(dir)])
            }
        };
        if let Some(link) = link {
            *link = older;
            self.node_counts[bucket / GROUP] -= 1;
        }
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
