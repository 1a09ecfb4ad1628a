//! Who a cap counts for: an address, or a network, in a zone.

use crate::bits::{Bits, INET};
use crate::tuple::Zone;

/// How much of an address is one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Prefix {
    v4_len: u8,
    v6_len: u8,
}

impl Prefix {
    /// Each address of IPv4, and each network of 64 bits of IPv6, in which a host takes as many
    /// addresses as it likes.
    pub const ADDRESS: Self = Self { v4_len: 32, v6_len: 64 };

    /// The networks of so many bits; `None` when `v4_len` is above 32 or `v6_len` above 64.
    #[must_use]
    pub const fn new(v4_len: u8, v6_len: u8) -> Option<Self> {
        if v4_len <= 32 && v6_len <= 64 { Some(Self { v4_len, v6_len }) } else { None }
    }

    /// How many leading bits of an address of IPv4 make a source.
    #[must_use]
    pub const fn v4_len(self) -> u8 {
        self.v4_len
    }

    /// The same of IPv6.
    #[must_use]
    pub const fn v6_len(self) -> u8 {
        self.v6_len
    }

    /// Who is counted for a connection that comes from an address of that family.
    pub(super) fn source(self, (address, family): (Bits, u8), zone: Zone) -> Source {
        let (family, lens) = match family {
            INET => (Family::V4, [self.v4_len, 0]),
            _ => (Family::OTHER, [self.v6_len, self.v6_len.saturating_sub(32)]),
        };
        let mut network = Source::EMPTY.network;
        for (part, (word, len)) in network.iter_mut().zip(address.0.into_iter().zip(lens)) {
            *part = halves(word & mask(len));
        }
        Source { network, zone, family }
    }
}

/// The first `len` bits of a word; all of it, for 32 and more.
fn mask(len: u8) -> u32 {
    !u32::MAX.checked_shr(len.into()).unwrap_or(0)
}

/// How many words a network has.
#[cfg(not(feature = "ipv4-only"))]
const WORDS: usize = 2;
/// How many words a network has.
#[cfg(feature = "ipv4-only")]
const WORDS: usize = 1;

/// It takes no byte when there is only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    #[cfg(not(feature = "ipv4-only"))]
    V6,
}

impl Family {
    #[cfg(not(feature = "ipv4-only"))]
    const OTHER: Self = Self::V6;
    #[cfg(feature = "ipv4-only")]
    const OTHER: Self = Self::V4;
}

/// Who is counted: the connections of one network in one zone, for the same address in two zones is
/// two hosts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    /// The words of a network, in halves so that a place has no gaps.
    network: [[u16; 2]; WORDS],
    zone: Zone,
    family: Family,
}

impl Source {
    /// All zero.
    pub(super) const EMPTY: Self =
        Self { network: [[0; 2]; WORDS], zone: Zone::DEFAULT, family: Family::V4 };

    /// What is hashed.
    pub(super) fn words(&self) -> [u64; 2] {
        let network = self.network.iter().map(|&part| word(part));
        let bits = network.fold(0, |bits, word| bits << 32 | u64::from(word));
        [bits, u64::from(self.kind())]
    }

    fn kind(&self) -> u32 {
        u32::from(self.zone.0) | (self.family as u32) << 16
    }
}

/// By words: comparing arrays is a call on a microcontroller.
impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        let pairs = self.network.iter().zip(&other.network);
        let differing = pairs.fold(0, |bits, (&one, &other)| bits | (word(one) ^ word(other)));
        differing | (self.kind() ^ other.kind()) == 0
    }
}

impl Eq for Source {}

fn word([high, low]: [u16; 2]) -> u32 {
    u32::from(high) << 16 | u32::from(low)
}

#[allow(clippy::cast_possible_truncation, reason = "one half each")]
fn halves(word: u32) -> [u16; 2] {
    [(word >> 16) as u16, word as u16]
}
