//! Linux's nf_conntrack at a full table, exactly: whoever is not ASSURED in the newcomer's own
//! bucket or one of the seven behind it goes, and otherwise the newcomer.
//!
//! An entry is asked for when a packet is of none, before its protocol judges it and before the
//! filter does; so one that turns out to be INVALID takes others with it, too. Entries that have
//! run out count until a look-up, a newcomer or the collector meets them.
//!
//! What decides beside the maximum: how many buckets there are, the seed of their hash, how many
//! jiffies a second has, and when the collector came by first, which of a running system nobody
//! knows: it is drawn from the seed.

mod buckets;
mod collector;
mod hash;
mod standing;
mod timer;

use std::collections::HashSet;

use keeptrack_core::{
    Conn, Direction, Ended, Instant, Invalid, Packet, Tuple, Unconfirmed, Why, Zone,
};

use self::buckets::{At, Buckets, Hashes, Id};
use self::collector::Collector;
use self::hash::TupleHash;
use self::standing::{Living, Now, Worth};
use super::{Admission, Checked, Keys, Known, Peer};
use crate::options::MAX_ENTRIES;
use crate::replay::Tracker;

pub(super) const PEER: Known = Known {
    name: "linux",
    does: "who is not ASSURED near the newcomer's bucket goes; if there is nobody, the newcomer",
    keys: &[
        ("buckets", "how many buckets there are; as many as entries by itself"),
        ("seed", "a number that stands for the key of the buckets' hash; 0 by itself"),
        ("hz", "jiffies a second of the kernel (CONFIG_HZ); 250 by itself"),
        ("gc", "seconds from the first packet to the first run of the collector; drawn by itself"),
    ],
    checked: Checked::Measured,
    build: |keys: &Keys, max| Ok(Box::new(Linux::new(max, &Params::of(keys, max)?)?)),
};

/// How many buckets are looked at for whom to drop, from the newcomer's own on.
const PROBED: usize = 8;
/// Nodes from which on a bucket may be too long, and how many more it may have by chance.
const LONG_CHAIN: (usize, u64) = (50, 30);
/// The most jiffies that a second may have.
const MAX_HZ: usize = 10_000;
/// Seconds within which the collector comes by first if nobody says when.
const FIRST_RUN_S: u64 = 60;

/// Why an entry that lived was dropped for a newcomer.
const PROBE_RULE: &str = "in the newcomer's buckets";
/// Why the collector took an entry that lived.
const COLLECTOR_RULE: &str = "collector, nearly full";
/// Why a newcomer was refused.
const NOBODY_RULE: &str = "all ASSURED in its buckets";

/// What can be set of Linux besides the maximum.
#[derive(Debug, Clone, Copy)]
struct Params {
    buckets: usize,
    seed: u64,
    hz: u64,
    /// Milliseconds from the first packet to the collector's first run.
    first_run_ms: Option<u64>,
}

/// Linux's table.
#[derive(Debug, Clone)]
struct Linux {
    max: usize,
    buckets: Buckets,
    hash: TupleHash,
    hz: u64,
    first_run_ms: u64,
    /// The collector, which runs from the first packet on.
    collector: Option<Collector>,
    /// The tuple of the packet that is being tracked.
    looked_up: Option<Tuple>,
    /// The newcomer that was asked for last, and its hashes.
    newcomer: Option<(Id, Hashes)>,
    /// Connections that the collector took and that have not been handed out yet.
    collected: HashSet<u64>,
    /// How often a chain's length was asked for.
    chain_count: u64,
}

impl Params {
    fn of(keys: &Keys, max: usize) -> Result<Self, String> {
        let buckets = keys.number_in("buckets", max, 1..=MAX_ENTRIES)?;
        let hz = keys.number_in("hz", 250, 1..=MAX_HZ)? as u64;
        let seed = keys.number("seed", 0)? as u64;
        let first_run_ms = keys.value("gc").map(|seconds| match seconds.parse::<f64>() {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
            Ok(seconds) if (0.0..1e9).contains(&seconds) => Ok((seconds * 1000.0) as u64),
            _ => Err(format!("`gc={seconds}`: `{seconds}` is no number of seconds")),
        });
        Ok(Self { buckets, seed, hz, first_run_ms: first_run_ms.transpose()? })
    }
}

impl Linux {
    fn new(max: usize, params: &Params) -> Result<Self, String> {
        let hash = TupleHash::new(params.seed);
        let drawn = || 1 + hash.drawn() % (FIRST_RUN_S * 1000);
        let count = params.buckets;
        let buckets = Buckets::new(count, hash)
            .ok_or_else(|| format!("`buckets={count}`: there is not the memory for so many"))?;
        Ok(Self {
            max,
            buckets,
            hash,
            hz: params.hz,
            first_run_ms: params.first_run_ms.unwrap_or_else(drawn),
            collector: None,
            looked_up: None,
            newcomer: None,
            collected: HashSet::new(),
            chain_count: 0,
        })
    }

    /// Has the collector wait for its first run, if this is the first packet.
    fn begin(&mut self, now: Instant) {
        let (hz, first_run_ms) = (self.hz, self.first_run_ms);
        let first_run = || Instant::from_millis(now.as_millis() + first_run_ms);
        self.collector.get_or_insert_with(|| Collector::new(hz, first_run()));
    }

    /// Looks a tuple up, takes out what has run out on the way, and answers the entry of that
    /// tuple.
    fn look_up(&mut self, id: &Id, hash: u32) -> Option<At> {
        let (over, found) = self.buckets.walk(id, hash);
        self.reap(&over);
        found
    }

    /// The hashes of a newcomer, which are asked for several times.
    fn hashes(&mut self, id: Id) -> Hashes {
        match self.newcomer {
            Some((known, hashes)) if known == id => hashes,
            _ => {
                let hashes = self.buckets.hashes(id);
                self.newcomer = Some((id, hashes));
                hashes
            }
        }
    }

    /// Takes out those of the entries that have run out.
    fn reap(&mut self, places: &[At]) {
        for &place in places {
            if self.buckets.get(place).is_some_and(|entry| entry.is_over) {
                self.buckets.remove(place);
            }
        }
    }

    /// Asks for one more entry, for a packet whose tuple has that hash; answers why there is none to be had.
    fn ask(&mut self, hash: u32, living: &mut dyn Living) -> Admission {
        if self.buckets.len() < self.max || self.probe(hash, living) {
            return Admission::Take;
        }
        if let Some(collector) = &mut self.collector {
            collector.press();
        }
        Admission::Refuse(NOBODY_RULE)
    }

    /// Drops all that may go of the first bucket that has any, of those near the bucket of a hash;
    /// answers whether there were any.
    fn probe(&mut self, hash: u32, living: &mut dyn Living) -> bool {
        let own = self.buckets.of(hash);
        for near in 0..PROBED {
            let bucket = (own + near) % self.buckets.count();
            let places: Vec<At> = self.buckets.entries_of(bucket).collect();
            self.reap(&places);
            let dropped = places.iter().filter(|&&place| self.drop_unassured(place, living));
            if dropped.count() > 0 {
                return true;
            }
        }
        false
    }

    /// Drops an entry if it may go, and answers whether it did.
    fn drop_unassured(&mut self, place: At, living: &mut dyn Living) -> bool {
        if self.buckets.get(place).is_none() {
            return false;
        }
        let id = self.buckets.id(place);
        let may_go = living.standing(&id).is_some_and(|own| own.worth == Worth::Unassured);
        if may_go {
            living.drop_early(&id);
            self.buckets.remove(place);
        }
        may_go
    }

    /// Whether a bucket of a new entry is longer than this time it may be.
    fn is_chain_too_long(&mut self, hashes: Hashes) -> bool {
        let (length, spread) = LONG_CHAIN;
        let longest = self.buckets.longest_chain(hashes);
        if longest <= length {
            return false;
        }
        self.chain_count += 1;
        let by_chance = TupleHash::new(self.hash.drawn() ^ self.chain_count).drawn() % spread;
        longest as u64 > length as u64 + by_chance
    }
}

impl Peer for Linux {
    fn slots(&self) -> usize {
        self.max
    }

    fn limit(&mut self, max: usize) {
        self.max = max;
    }

    fn pass_time(&mut self, now: Instant, ct: &mut Tracker) {
        let Some(collector) = &mut self.collector else { return };
        let mut living = Now(now, ct);
        while let Some(taken) = collector.run((now, self.max), &mut self.buckets, &mut living) {
            self.collected.extend(taken);
            if self.buckets.len() == 0 {
                collector.rest_until(now);
            }
        }
    }

    fn next_event(&self) -> Option<Instant> {
        // Without entries it does not matter when it comes.
        let collector = self.collector.as_ref().filter(|_| self.buckets.len() > 0);
        collector.map(Collector::due)
    }

    fn packet(&mut self, now: Instant, packet: &Packet<'_>, _ct: &mut Tracker) {
        self.begin(now);
        self.looked_up = Some(packet.tuple);
    }

    fn admit(&mut self, now: Instant, first: &mut Unconfirmed<'_>) -> Admission {
        self.begin(now);
        let id = (first.conn().tuple(Direction::Original), first.conn().zone());
        let hashes @ [hash, _] = self.hashes(id);
        if let Some(reopened) = self.look_up(&id, hash) {
            self.buckets.remove(reopened);
        }
        match self.ask(hash, first) {
            Admission::Take if self.is_chain_too_long(hashes) => Admission::TooLong,
            admission => admission,
        }
    }

    fn entered(&mut self, now: Instant, conn: &Conn) {
        self.begin(now);
        let hashes = self.hashes((conn.tuple(Direction::Original), conn.zone()));
        self.buckets.insert(conn, hashes);
    }

    fn known(&mut self, _now: Instant, conn: &Conn) {
        // A look-up does nothing but take out what has run out.
        if let Some(tuple) = self.looked_up.filter(|_| self.buckets.has_any_over()) {
            let id = (tuple, conn.zone());
            let hash = self.buckets.hash_of(&id);
            if self.buckets.has_over(hash) {
                self.look_up(&id, hash);
            }
        }
    }

    fn invalid(
        &mut self,
        now: Instant,
        (packet, why): (&Packet<'_>, Invalid),
        ct: &mut Tracker,
    ) -> Admission {
        let id = (packet.tuple, Zone::DEFAULT);
        let hash = self.buckets.hash_of(&id);
        match self.look_up(&id, hash) {
            None if is_first(why) => self.ask(hash, &mut Now(now, ct)),
            _ => Admission::Take,
        }
    }

    fn ended(&mut self, _now: Instant, ended: &Ended) {
        if !self.collected.is_empty() {
            self.collected.remove(&ended.conn.number());
        }
        let Some(place) = self.buckets.find(&ended.conn) else { return };
        match ended.why {
            Why::TimedOut => self.buckets.set_over(place),
            _ => self.buckets.remove(place),
        }
    }

    fn rule(&self, ended: &Ended) -> &'static str {
        match self.collected.contains(&ended.conn.number()) {
            true => COLLECTOR_RULE,
            false => PROBE_RULE,
        }
    }

    fn count(&self) -> Option<usize> {
        Some(self.buckets.len())
    }
}

/// Whether a packet that is INVALID for that had an entry asked for, if it is of none.
const fn is_first(why: Invalid) -> bool {
    matches!(why, Invalid::TcpFlags | Invalid::TcpFirst | Invalid::SctpFirst | Invalid::QueryFirst)
}
