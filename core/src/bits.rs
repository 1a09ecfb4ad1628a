//! Address bits as the table stores and compares them: words, so that no target copies bytes.

use core::cmp::Ordering;
#[cfg(not(feature = "ipv4-only"))]
use core::net::Ipv6Addr;
use core::net::{IpAddr, Ipv4Addr};

/// How many words an address has; IPv4 uses the first.
#[cfg(not(feature = "ipv4-only"))]
const WORDS: usize = 4;
/// How many words an address has.
#[cfg(feature = "ipv4-only")]
const WORDS: usize = 1;

/// The number of IPv4 among the families.
pub(crate) const INET: u8 = 2;
/// The number of IPv6.
#[cfg(not(feature = "ipv4-only"))]
const INET6: u8 = 10;

/// The bits of an address of either family.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bits(pub(crate) [u32; WORDS]);

impl Bits {
    pub(crate) const NONE: Self = Self([0; WORDS]);

    /// The bits of an address, and its family; `None` for one that this build cannot hold.
    #[cfg(not(feature = "ipv4-only"))]
    #[inline(always)]
    pub(crate) fn of(address: IpAddr) -> Option<(Self, u8)> {
        match address {
            IpAddr::V4(address) => Some((Self([address.to_bits(), 0, 0, 0]), INET)),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h] = address.segments();
                Some((Self([word(a, b), word(c, d), word(e, f), word(g, h)]), INET6))
            }
        }
    }

    /// The bits of an address, and its family; `None` for one that this build cannot hold.
    #[cfg(feature = "ipv4-only")]
    pub(crate) fn of(address: IpAddr) -> Option<(Self, u8)> {
        match address {
            IpAddr::V4(address) => Some((Self([address.to_bits()]), INET)),
            IpAddr::V6(_) => None,
        }
    }

    /// The address of these bits. Both ends of a connection are asked for: where flash is scarce it is
    /// there once.
    #[cfg(not(feature = "ipv4-only"))]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn address(self, family: u8) -> IpAddr {
        let Self([a, b, c, d]) = self;
        if family != INET6 {
            return Ipv4Addr::from_bits(a).into();
        }
        let [[a, b], [c, d], [e, f], [g, h]] = [a, b, c, d].map(halves);
        Ipv6Addr::new(a, b, c, d, e, f, g, h).into()
    }

    /// The address of these bits.
    #[cfg(feature = "ipv4-only")]
    pub(crate) fn address(self, _family: u8) -> IpAddr {
        let Self([bits]) = self;
        Ipv4Addr::from_bits(bits).into()
    }

    /// In which bits two addresses differ, one word over another: none when they are the same.
    ///
    /// Said by hand, for microcontrollers: comparing arrays is a call there, a loop over bytes.
    #[cfg(not(feature = "ipv4-only"))]
    #[inline(always)]
    pub(crate) fn differing(&self, other: &Self) -> u32 {
        let (Self([a, b, c, d]), Self([e, f, g, h])) = (self, other);
        (a ^ e) | (b ^ f) | (c ^ g) | (d ^ h)
    }

    /// In which bits two addresses differ: none when they are the same.
    #[cfg(feature = "ipv4-only")]
    pub(crate) const fn differing(&self, other: &Self) -> u32 {
        let (Self([one]), Self([other])) = (self, other);
        *one ^ *other
    }

    /// Which of two addresses comes first.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

#[cfg(not(feature = "ipv4-only"))]
const fn word(high: u16, low: u16) -> u32 {
    (high as u32) << 16 | low as u32
}

#[cfg(not(feature = "ipv4-only"))]
#[allow(clippy::cast_possible_truncation, reason = "one half each")]
const fn halves(word: u32) -> [u16; 2] {
    [(word >> 16) as u16, word as u16]
}
