//! What two rules ask of one property of a packet: whether all that the one means is what the other
//! means, whether nothing is both, and what both mean.

use std::net::IpAddr;

use keeptrack_core::Protocol;
use keeptrack_core::raw::{
    Bits, EarlyState, IcmpTypes, IfPattern, Network, PacketKind, Ports, Test,
};

/// A property of a packet that rules test.
pub(super) trait Property: Clone + PartialEq {
    /// Whether all that is `other` is this.
    fn includes(&self, other: &Self) -> bool {
        self == other
    }

    /// Whether nothing is both.
    fn excludes(&self, other: &Self) -> bool {
        self != other
    }

    /// What is both, or somewhat more.
    fn meet(&self, other: &Self) -> Overlap<Self> {
        if self.includes(other) {
            return Overlap::Exactly(other.clone());
        }
        match other.includes(self) {
            true => Overlap::Exactly(self.clone()),
            false => Overlap::Within(self.clone()),
        }
    }
}

/// What two have in common, or what they have it in.
pub(super) enum Overlap<T> {
    Exactly(T),
    Within(T),
}

impl<T> Overlap<T> {
    /// The same of something made of it.
    pub(super) fn map<U>(self, made: impl FnOnce(T) -> U) -> Overlap<U> {
        match self {
            Self::Exactly(one) => Overlap::Exactly(made(one)),
            Self::Within(one) => Overlap::Within(made(one)),
        }
    }
}

impl Property for Protocol {}
impl Property for PacketKind {}
impl Property for EarlyState {}

impl Property for IfPattern {
    fn includes(&self, other: &Self) -> bool {
        if other.prefix && !self.prefix {
            return false;
        }
        self.holds(Some(&other.name))
    }

    fn excludes(&self, other: &Self) -> bool {
        !self.includes(other) && !other.includes(self)
    }
}

impl Property for Network {
    fn includes(&self, other: &Self) -> bool {
        let (mine, its) = (bits(self.mask), bits(other.mask));
        mine & its == mine && !self.excludes(other)
    }

    fn excludes(&self, other: &Self) -> bool {
        let both = bits(self.mask) & bits(other.mask);
        self.address.is_ipv4() != other.address.is_ipv4()
            || (bits(self.address) ^ bits(other.address)) & both != 0
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl Property for Ports {
    fn includes(&self, other: &Self) -> bool {
        rest(other.to_vec(), self).is_empty()
    }

    fn excludes(&self, other: &Self) -> bool {
        shared(self, other).next().is_none()
    }

    fn meet(&self, other: &Self) -> Overlap<Self> {
        let mut both = Self::new();
        match shared(self, other).try_for_each(|range| both.push(range)) {
            Ok(()) => Overlap::Exactly(both),
            Err(_) => Overlap::Within(self.clone()),
        }
    }
}

/// The ranges of ports that are of both.
fn shared<'p>(a: &'p Ports, b: &'p Ports) -> impl Iterator<Item = (u16, u16)> + 'p {
    let pairs = a.iter().flat_map(|a| b.iter().map(move |b| (a, b)));
    let shared = pairs.map(|(a, b)| (a.0.max(b.0), a.1.min(b.1)));
    shared.filter(|(low, high)| low <= high)
}

/// The ranges without what is in `taken`.
pub(super) fn rest(ranges: Vec<(u16, u16)>, taken: &Ports) -> Vec<(u16, u16)> {
    taken.iter().fold(ranges, |ranges, &(from, to)| {
        let cut = |(low, high): (u16, u16)| {
            let before = from.checked_sub(1).map(|end| (low, high.min(end)));
            let behind = to.checked_add(1).map(|start| (low.max(start), high));
            before.into_iter().chain(behind).filter(|(low, high)| low <= high)
        };
        ranges.into_iter().flat_map(cut).collect()
    })
}

impl Property for Bits {
    fn includes(&self, other: &Self) -> bool {
        self.mask & other.mask == self.mask && other.value & self.mask == self.value
    }

    fn excludes(&self, other: &Self) -> bool {
        (self.value ^ other.value) & self.mask & other.mask != 0
    }
}

impl Property for IcmpTypes {
    fn includes(&self, other: &Self) -> bool {
        self.kind == other.kind
            && (self.codes.0..=self.codes.1).contains(&other.codes.0)
            && other.codes.1 <= self.codes.1
    }

    fn excludes(&self, other: &Self) -> bool {
        self.kind != other.kind || self.codes.1 < other.codes.0 || other.codes.1 < self.codes.0
    }
}

impl Property for (u16, u16) {
    fn includes(&self, other: &Self) -> bool {
        self.0 <= other.0 && other.1 <= self.1
    }

    fn excludes(&self, other: &Self) -> bool {
        self.1 < other.0 || other.1 < self.0
    }
}

pub(super) fn test_includes<T: Property>(wide: &Test<T>, narrow: &Test<T>) -> bool {
    match (wide, narrow) {
        (Test::Any, _) => true,
        (Test::Is(wide), Test::Is(narrow)) => wide.includes(narrow),
        (Test::Not(out), Test::Is(narrow)) => out.excludes(narrow),
        (Test::Not(out), Test::Not(more)) => more.includes(out),
        (_, _) => false,
    }
}

/// What passes both tests, or somewhat more; `None`: nothing does.
pub(super) fn test_meet<T: Property>(a: &Test<T>, b: &Test<T>) -> Option<Overlap<Test<T>>> {
    Some(match (a, b) {
        (Test::Any, one) | (one, Test::Any) => Overlap::Exactly(one.clone()),
        (Test::Is(a), Test::Is(b)) if a.excludes(b) => return None,
        (Test::Is(a), Test::Is(b)) => a.meet(b).map(Test::Is),
        (Test::Is(is), Test::Not(out)) | (Test::Not(out), Test::Is(is)) => {
            if out.includes(is) {
                return None;
            }
            let is_whole = out.excludes(is);
            if is_whole { Overlap::Exactly(is.clone()) } else { Overlap::Within(is.clone()) }
                .map(Test::Is)
        }
        (Test::Not(a), Test::Not(b)) if b.includes(a) => Overlap::Exactly(Test::Not(b.clone())),
        (Test::Not(a), Test::Not(b)) if a.includes(b) => Overlap::Exactly(Test::Not(a.clone())),
        (Test::Not(a), Test::Not(_)) => Overlap::Within(Test::Not(a.clone())),
    })
}
