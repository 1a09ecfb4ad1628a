//! The hash under which Linux files the tuples of an entry: keyed, so that a seed stands for a
//! boot.

use std::net::IpAddr;

use keeptrack_core::{Ends, Tuple, Zone};
use siphasher::sip::SipHasher24;

/// Bytes of a tuple of IPv6 and its zone.
const MOST_BYTES: usize = 2 * 16 + 8;

/// SipHash-2-4 under a key of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct TupleHash {
    seed: u64,
}

impl TupleHash {
    pub(super) const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The hash of a tuple in a zone; that of its inverse is another one.
    pub(super) fn of(self, tuple: &Tuple, zone: Zone) -> u32 {
        let mut bytes = [0; MOST_BYTES];
        let mut len = 0;
        let mut add = |part: &[u8]| {
            if let Some(place) = bytes.get_mut(len..len + part.len()) {
                place.copy_from_slice(part);
            }
            len += part.len();
        };
        for address in [tuple.source, tuple.destination] {
            match address {
                IpAddr::V4(address) => add(&address.octets()),
                IpAddr::V6(address) => add(&address.octets()),
            }
        }
        let (one, other) = ends(tuple.ends);
        [one, other, zone.0].map(u16::to_be_bytes).iter().for_each(|part| add(part));
        add(&[0, tuple.protocol.0]);
        upper(self.hasher().hash(bytes.get(..len).unwrap_or(&bytes)))
    }

    /// A number that nothing but the seed decides, for what is not a tuple's.
    pub(super) fn drawn(self) -> u64 {
        self.hasher().hash(b"drawn")
    }

    fn hasher(self) -> SipHasher24 {
        SipHasher24::new_with_keys(self.seed, !self.seed)
    }
}

/// The bucket of a hash among so many.
pub(super) fn bucket(hash: u32, bucket_count: usize) -> usize {
    let scaled = (u128::from(hash) * bucket_count as u128) >> u32::BITS;
    usize::try_from(scaled).unwrap_or(usize::MAX)
}

/// The protocol's own part of a tuple, in two words.
const fn ends(ends: Ends) -> (u16, u16) {
    match ends {
        Ends::Ports { source, destination } | Ends::Keys { source, destination } => {
            (source, destination)
        }
        Ends::Query { kind, code, id } => (id, u16::from_be_bytes([kind, code])),
        Ends::None => (0, 0),
    }
}

#[allow(clippy::cast_possible_truncation, reason = "32 bits are what Linux takes")]
const fn upper(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use keeptrack_core::Protocol;

    use super::*;

    #[test]
    fn hashes_are_sip_hashes_of_the_bytes_of_a_tuple() {
        let of = |source: &str, destination: &str| {
            let tuple = Tuple {
                source: source.parse().unwrap(),
                destination: destination.parse().unwrap(),
                protocol: Protocol::TCP,
                ends: Ends::Ports { source: 4000, destination: 25 },
            };
            TupleHash::new(7).of(&tuple, Zone(3))
        };
        let hashes = [of("192.0.2.1", "198.51.100.2"), of("2001:db8::1", "2001:db8::2")];
        assert_eq!(hashes, [0x2bf6_b782, 0x6d42_8762]);
        assert_eq!(TupleHash::new(7).drawn(), 0xd833_1b30_388b_7750);
    }

    #[test]
    fn buckets_are_evenly_used_whatever_their_number_and_differ_by_seed() {
        for bucket_count in [1000, 1024, 3000] {
            let mut loads = [vec![0_u32; bucket_count], vec![0; bucket_count]];
            for port in 0..30_000 {
                let tuple = Tuple {
                    source: IpAddr::from([192, 0, 2, 1]),
                    destination: IpAddr::from([192, 0, 2, 2]),
                    protocol: Protocol::UDP,
                    ends: Ends::Ports { source: port, destination: 53 },
                };
                for (seed, loads) in (0..).zip(&mut loads) {
                    let hash = TupleHash::new(seed).of(&tuple, Zone::DEFAULT);
                    loads[bucket(hash, bucket_count)] += 1;
                }
            }
            let most = 30_000 / u32::try_from(bucket_count).unwrap() * 4;
            assert!(loads.iter().flatten().all(|&load| load < most), "{bucket_count}");
            assert_ne!(loads[0], loads[1]);
        }
        assert_eq!([0, u32::MAX].map(|hash| bucket(hash, 7)), [0, 6]);
    }
}
