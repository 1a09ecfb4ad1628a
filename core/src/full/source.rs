//! Who a cap counts for: an address, or a network, in a zone.

use core::net::IpAddr;

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

    /// Who is counted for a connection that comes from `address`.
    pub(super) fn source(self, address: IpAddr, zone: Zone) -> Source {
        let (bits, family) = self.network(address);
        Source { bits, zone, family }
    }

    /// The network that `address` is in.
    fn network(self, address: IpAddr) -> (Bits, Family) {
        match address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32_u32.saturating_sub(self.v4_len.into()));
                v4(address.to_bits() & mask.unwrap_or(0))
            }
            IpAddr::V6(address) => {
                let mask = u64::MAX.checked_shl(64_u32.saturating_sub(self.v6_len.into()));
                v6((address.to_bits() >> 64) as u64 & mask.unwrap_or(0))
            }
        }
    }
}

/// The bits of a network, in halves of words so that a place has no gaps.
#[cfg(not(feature = "ipv4-only"))]
type Bits = [u16; 4];
/// The bits of a network, in halves of words so that a place has no gaps.
#[cfg(feature = "ipv4-only")]
type Bits = [u16; 2];

/// It takes no byte when there is only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    #[cfg(not(feature = "ipv4-only"))]
    V6,
}

/// Who is counted: the connections of one network in one zone, for the same address in two zones is
/// two hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Source {
    bits: Bits,
    zone: Zone,
    family: Family,
}

impl Source {
    /// All zero.
    pub(super) const EMPTY: Self =
        Self { bits: [0; size_of::<Bits>() / 2], zone: Zone::DEFAULT, family: Family::V4 };

    /// What is hashed.
    pub(super) fn words(&self) -> [u64; 2] {
        let bits = self.bits.iter().fold(0, |bits, &half| bits << 16 | u64::from(half));
        [bits, u64::from(self.zone.0) | (self.family as u64) << 16]
    }
}

#[cfg(not(feature = "ipv4-only"))]
fn v4(bits: u32) -> (Bits, Family) {
    (halves(bits.into()), Family::V4)
}

#[cfg(feature = "ipv4-only")]
#[allow(clippy::cast_possible_truncation, reason = "one half each")]
fn v4(bits: u32) -> (Bits, Family) {
    ([(bits >> 16) as u16, bits as u16], Family::V4)
}

#[cfg(not(feature = "ipv4-only"))]
fn v6(bits: u64) -> (Bits, Family) {
    (halves(bits), Family::V6)
}

/// No connection of this build has such an address.
#[cfg(feature = "ipv4-only")]
fn v6(_bits: u64) -> (Bits, Family) {
    v4(0)
}

#[cfg(not(feature = "ipv4-only"))]
#[allow(clippy::cast_possible_truncation, reason = "one half each")]
fn halves(bits: u64) -> Bits {
    [(bits >> 48) as u16, (bits >> 32) as u16, (bits >> 16) as u16, bits as u16]
}
