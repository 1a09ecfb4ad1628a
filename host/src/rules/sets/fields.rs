//! Sets of values of several fields of a packet: the sets of nft, however large.

use std::collections::HashSet;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use keeptrack_core::raw::Family;
use keeptrack_core::{Ends, Packet};

use super::Side;

/// Something of a packet that a set is asked for, as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules) enum Field {
    Address(Side, Family),
    Protocol,
    Port(Side),
    Length,
}

impl Field {
    /// Its value; `None` when the packet does not have it.
    fn of(self, packet: &Packet<'_>) -> Option<u128> {
        match (self, packet.tuple.ends) {
            (Self::Address(side, family), _) => {
                let address = side.address(packet);
                let is_own = address.is_ipv4() == (family == Family::V4);
                is_own.then(|| number(address))
            }
            (Self::Protocol, _) => Some(packet.tuple.protocol.0.into()),
            (Self::Port(Side::Source), Ends::Ports { source, .. }) => Some(source.into()),
            (Self::Port(Side::Destination), Ends::Ports { destination, .. }) => {
                Some(destination.into())
            }
            (Self::Port(_), _) => None,
            (Self::Length, _) => Some(packet.len.into()),
        }
    }
}

/// An address as a number.
pub(in crate::rules) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The values of one field that an element holds.
pub(in crate::rules) type Values = RangeInclusive<u128>;

/// A set of elements, each with values for every field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rules) struct FieldSet {
    fields: Vec<Field>,
    /// Of one field alone: its values, in order and apart from each other.
    ranges: Vec<Values>,
    /// Of several: the elements with one value of each.
    points: HashSet<Vec<u128>>,
    /// The other elements.
    boxes: Vec<Vec<Values>>,
}

impl FieldSet {
    /// The set of those elements, each of which has values for every one of `fields`.
    pub(in crate::rules) fn new(fields: Vec<Field>, elements: Vec<Vec<Values>>) -> Self {
        let mut set =
            Self { fields, ranges: Vec::new(), points: HashSet::new(), boxes: Vec::new() };
        if set.fields.len() == 1 {
            set.ranges = apart(elements.into_iter().flatten().collect());
            return set;
        }
        for element in elements {
            if element.iter().all(|values| values.start() == values.end()) {
                set.points.insert(element.iter().map(|values| *values.start()).collect());
            } else {
                set.boxes.push(element);
            }
        }
        set
    }

    /// Whether a packet has all fields, with the values of an element.
    pub(super) fn holds(&self, packet: &Packet<'_>) -> bool {
        let values: Option<Vec<u128>> = self.fields.iter().map(|field| field.of(packet)).collect();
        let Some(values) = values else { return false };
        if let [value] = values.as_slice() {
            let behind = self.ranges.partition_point(|range| range.start() <= value);
            let nearest = behind.checked_sub(1).and_then(|at| self.ranges.get(at));
            return nearest.is_some_and(|range| range.contains(value));
        }
        self.points.contains(&values)
            || self
                .boxes
                .iter()
                .any(|sides| sides.iter().zip(&values).all(|(side, value)| side.contains(value)))
    }
}

/// The same values in order, those that meet put together.
fn apart(mut ranges: Vec<Values>) -> Vec<Values> {
    ranges.sort_unstable_by_key(|range| *range.start());
    let mut apart: Vec<Values> = Vec::new();
    for range in ranges {
        match apart.last_mut().filter(|last| last.end() >= range.start()) {
            Some(last) => *last = *last.start()..=*last.end().max(range.end()),
            None => apart.push(range),
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_meet_become_one() {
        assert_eq!(apart(vec![5..=9, 1..=2, 7..=20, 2..=3]), [1..=3, 5..=20]);
    }
}
