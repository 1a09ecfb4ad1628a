//! Someone who knows the hash key: which connections share a bucket, and the bits by which the
//! links of a chain tell them apart.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::OnceLock;

use keeptrack_core::{
    Config, Conntrack, Ends, Instant, MAX_CHAIN, Newcomer, OnFull, Protocol, Refusal, Restored,
    Seed, Tuple,
};

use crate::frames::SERVER;
use crate::memory::Owned;

/// The key of all tables here.
pub(super) const SEED: Seed = Seed([4; 16]);

/// So many connections are enough for chains of full length in tables of any size.
pub(super) const TRIED: u32 = 1_100_000;

/// Hears the hash of a connection that it then refuses.
struct Listening(u32);

impl OnFull for Listening {
    fn admit(&mut self, newcomer: &Newcomer<'_>) -> Result<(), Refusal> {
        self.0 = newcomer.hash;
        Err(Refusal::TableFull)
    }
}

/// The tuple of connection `number`, which a SYN opens.
pub(super) fn tuple(number: u32) -> Tuple {
    Tuple {
        source: IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number)),
        destination: SERVER,
        protocol: Protocol::TCP,
        ends: Ends::Ports { source: 1000, destination: 80 },
    }
}

fn hashes() -> &'static [u32] {
    static HASHES: OnceLock<Vec<u32>> = OnceLock::new();
    HASHES.get_or_init(|| {
        let ct = Conntrack::new(Owned::<u16>::new(1), Config::DEFAULT, SEED).unwrap();
        let mut ct = ct.on_full(Listening(0));
        let mut hash = |number| {
            let refused = ct.restore(Instant::default(), &Restored::new(tuple(number), 1));
            assert!(refused.is_err());
            ct.policy().0
        };
        (0..TRIED).map(&mut hash).collect()
    })
}

/// Connections that share a bucket, [`MAX_CHAIN`] and one more, for as many buckets as there are
/// such, in a table of so many slots with links of 16 bits. Those links tell nothing of them apart:
/// whoever looks for one reads each slot of the chain.
pub(super) fn chains(slot_count: usize) -> Vec<Vec<u32>> {
    let slot_bits = usize::BITS - slot_count.leading_zeros();
    let mut alike: HashMap<(u64, u32), Vec<u32>> = HashMap::new();
    for (number, &hash) in (0..).zip(hashes()) {
        let bucket = (u64::from(hash) * slot_count as u64) >> 32;
        let tag = (hash << slot_bits) & 0xffff;
        alike.entry((bucket, tag)).or_default().push(number);
    }
    let long = alike.into_iter().filter(|(_, numbers)| numbers.len() > MAX_CHAIN);
    let mut by_bucket = BTreeMap::new();
    for ((bucket, _), mut numbers) in long {
        numbers.truncate(MAX_CHAIN + 1);
        let chain: &mut Vec<u32> = by_bucket.entry(bucket).or_default();
        // The same ones in every run, although the map has no order.
        if chain.is_empty() || numbers < *chain {
            *chain = numbers;
        }
    }
    by_bucket.into_values().collect()
}
