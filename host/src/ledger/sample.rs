//! Which of the hurt connections are followed when there are more than can be: a reservoir.

use super::followed::Name;
use super::totals::{Aftermath, Class};

/// The seed of the choice. It is fixed, so that a capture has one ledger.
pub(crate) const SEED: u64 = 5;

/// A sample in which each of all that were offered sits with the same probability (Vitter's
/// algorithm R).
#[derive(Debug)]
pub(super) struct Sample {
    size: usize,
    offered: u64,
    seats: Vec<Seat>,
    state: u64,
}

/// Who sits in a seat of the sample.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seat {
    /// One that is followed.
    Followed(Name),
    /// One of which it is known what became.
    Settled(Class, Aftermath),
}

impl Sample {
    /// An empty one.
    pub(super) const fn new(size: usize) -> Self {
        Self { size, offered: 0, seats: Vec::new(), state: SEED }
    }

    /// Takes `name` in or not; if it does, tells its seat and who has to go for it.
    pub(super) fn offer(&mut self, name: Name) -> Option<(usize, Option<Seat>)> {
        self.offered += 1;
        let seat = Seat::Followed(name);
        if self.seats.len() < self.size {
            self.seats.push(seat);
            return Some((self.seats.len() - 1, None));
        }
        let drawn = usize::try_from(self.draw(self.offered)).ok()?;
        let sits = self.seats.get_mut(drawn)?;
        Some((drawn, Some(std::mem::replace(sits, seat))))
    }

    /// It is known what became of who sits there.
    pub(super) fn settle(&mut self, seat: usize, class: Class, aftermath: Aftermath) {
        if let Some(seat) = self.seats.get_mut(seat) {
            *seat = Seat::Settled(class, aftermath);
        }
    }

    /// What became of those of whom it is known.
    pub(super) fn settled(&self) -> impl Iterator<Item = (Class, Aftermath)> {
        self.seats.iter().filter_map(|seat| match *seat {
            Seat::Settled(class, aftermath) => Some((class, aftermath)),
            Seat::Followed(_) => None,
        })
    }

    /// A number below `bound` by SplitMix64, which is biased by less than `bound` in 2^64.
    fn draw(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

#[cfg(test)]
mod tests {
    use super::{Sample, Seat};
    use keeptrack_core::{Ends, Protocol, Tuple, Zone};
    use std::net::{IpAddr, Ipv4Addr};

    /// The zones of those that sit in a sample of `size` when all of them were offered.
    fn chosen(size: usize) -> Vec<u16> {
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let (protocol, ends) = (Protocol::GRE, Ends::None);
        let tuple = Tuple { source: address, destination: address, protocol, ends };
        let mut sample = Sample::new(size);
        for zone in 0..=u16::MAX {
            sample.offer((tuple, Zone(zone)));
        }
        let zone = |seat: &Seat| match seat {
            Seat::Followed((_, Zone(zone))) => *zone,
            Seat::Settled(..) => unreachable!("nobody was settled"),
        };
        sample.seats.iter().map(zone).collect()
    }

    #[test]
    fn each_sits_there_with_the_same_probability() {
        let size = 4096;
        let mut by_quarter = [0_u32; 4];
        for zone in chosen(size) {
            by_quarter[usize::from(zone >> 14)] += 1;
        }
        // 1,024 each, with a deviation of 27.
        assert!(by_quarter.iter().all(|count| (890..1_160).contains(count)), "{by_quarter:?}");
        assert_eq!(chosen(size), chosen(size));
        assert!(chosen(0).is_empty());
    }
}
