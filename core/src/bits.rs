//! Address bits as the table stores and compares them: words, so that no target copies bytes.

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
pub(crate) const INET6: u8 = 10;

/// The bits of an address of either family.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bits(pub(crate) [u32; WORDS]);

impl Bits {
    pub(crate) const NONE: Self = Self([0; WORDS]);

    /// The bits of an address, and its family; `None` for one that this build cannot hold.
    pub(crate) fn of(address: IpAddr) -> Option<(Self, u8)> {
        match address {
            IpAddr::V4(address) => Some((Self::of_ipv4(address.to_bits()), INET)),
            #[cfg(not(feature = "ipv4-only"))]
            IpAddr::V6(address) => Some((Self::of_ipv6(address), INET6)),
            #[cfg(feature = "ipv4-only")]
            IpAddr::V6(_) => None,
        }
    }

    pub(crate) const fn of_ipv4(address: u32) -> Self {
        let mut bits = Self::NONE;
        let Self([first, ..]) = &mut bits;
        *first = address;
        bits
    }

    #[cfg(not(feature = "ipv4-only"))]
    #[inline(always)]
    pub(crate) fn of_ipv6(address: Ipv6Addr) -> Self {
        let octets = address.octets();
        let (words, _) = octets.as_chunks();
        Self(words.try_into().map_or([0; WORDS], |words: [_; WORDS]| words.map(u32::from_be_bytes)))
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

    /// The first two words that differ: in their order two addresses are.
    #[cfg(not(feature = "ipv4-only"))]
    #[inline(always)]
    pub(crate) const fn ordering_words(&self, other: &Self) -> (u32, u32) {
        let (&Self([a, b, c, d]), &Self([e, f, g, h])) = (self, other);
        if a != e {
            (a, e)
        } else if b != f {
            (b, f)
        } else if c != g {
            (c, g)
        } else {
            (d, h)
        }
    }
}

#[cfg(not(feature = "ipv4-only"))]
#[allow(clippy::cast_possible_truncation, reason = "one half each")]
const fn halves(word: u32) -> [u16; 2] {
    [(word >> 16) as u16, word as u16]
}
