//! Sets of values of several fields of a packet: the sets of nft, however large.

use std::collections::HashSet;
use std::net::IpAddr;
use std::ops::{Range, RangeInclusive};

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

/// The most fields of a set: the kernel has room for so many, of four bytes each.
pub(in crate::rules) const MAX_FIELDS: usize = 16;

/// A set of elements, each with values for every field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rules) struct FieldSet {
    fields: Vec<Field>,
    /// Of one field alone: its values, in order and apart from each other.
    ranges: Vec<Values>,
    /// Of several: the elements with one value of each.
    points: HashSet<Vec<u128>>,
    /// The other elements.
    boxes: Boxes,
}

impl FieldSet {
    /// The set of those elements, each of which has values for every one of `fields`, which are
    /// [`MAX_FIELDS`] at the most.
    pub(in crate::rules) fn new(fields: Vec<Field>, elements: Vec<Vec<Values>>) -> Self {
        let (mut ranges, mut points, mut boxes) = (Vec::new(), HashSet::new(), Vec::new());
        if fields.len() == 1 {
            ranges = apart(elements.into_iter().flatten().collect());
        } else {
            for element in elements {
                if element.iter().all(|values| values.start() == values.end()) {
                    points.insert(element.iter().map(|values| *values.start()).collect());
                } else {
                    boxes.push(element);
                }
            }
        }
        let boxes = Boxes::new(boxes, fields.len());
        Self { fields, ranges, points, boxes }
    }

    /// Whether a packet has all fields, with the values of an element.
    pub(super) fn holds(&self, packet: &Packet<'_>) -> bool {
        let mut values = [0; MAX_FIELDS];
        for (value, field) in values.iter_mut().zip(&self.fields) {
            let Some(of_packet) = field.of(packet) else { return false };
            *value = of_packet;
        }
        let values = values.get(..self.fields.len()).unwrap_or_default();
        if let [value] = values {
            let behind = self.ranges.partition_point(|range| range.start() <= value);
            let nearest = behind.checked_sub(1).and_then(|at| self.ranges.get(at));
            return nearest.is_some_and(|range| range.contains(value));
        }
        self.points.contains(values) || self.boxes.hold(values)
    }
}

/// Elements with a range of values for some field: a tree of intervals over the field in which they
/// differ most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Boxes {
    /// The field that the elements are ordered by.
    field: usize,
    /// The elements, in the order of the first value of that field.
    elements: Vec<Vec<Values>>,
    /// For the middle element of each part that is halved to be searched, the last value of the
    /// field in that part.
    ends: Vec<u128>,
}

impl Boxes {
    fn new(mut elements: Vec<Vec<Values>>, field_count: usize) -> Self {
        let starts = |field: usize| -> HashSet<u128> {
            elements.iter().filter_map(|element| Some(*element.get(field)?.start())).collect()
        };
        let field = (0..field_count).max_by_key(|field| starts(*field).len()).unwrap_or(0);
        elements.sort_by_key(|element| element.get(field).map_or(0, |values| *values.start()));
        let mut boxes = Self { field, ends: vec![0; elements.len()], elements };
        boxes.find_ends(0..boxes.elements.len());
        boxes
    }

    /// The values of the field that an element is ordered by.
    fn key(&self, at: usize) -> Values {
        let values = self.elements.get(at).and_then(|element| element.get(self.field));
        values.cloned().unwrap_or(0..=0)
    }

    /// Fills in the ends of a part, and answers with its own.
    fn find_ends(&mut self, part: Range<usize>) -> u128 {
        if part.is_empty() {
            return 0;
        }
        let middle = part.start.midpoint(part.end);
        let sides = self.find_ends(part.start..middle).max(self.find_ends(middle + 1..part.end));
        let end = sides.max(*self.key(middle).end());
        if let Some(known) = self.ends.get_mut(middle) {
            *known = end;
        }
        end
    }

    /// Whether an element has all those values.
    fn hold(&self, values: &[u128]) -> bool {
        let value = values.get(self.field).copied().unwrap_or_default();
        self.part_holds(0..self.elements.len(), value, values)
    }

    fn part_holds(&self, part: Range<usize>, value: u128, values: &[u128]) -> bool {
        let middle = part.start.midpoint(part.end);
        if part.is_empty() || self.ends.get(middle).is_none_or(|end| *end < value) {
            return false;
        }
        let has_all = |element: &Vec<Values>| {
            element.iter().zip(values).all(|(side, value)| side.contains(value))
        };
        self.part_holds(part.start..middle, value, values)
            // Those behind the middle begin no earlier than it does.
            || *self.key(middle).start() <= value
                && (self.elements.get(middle).is_some_and(has_all)
                    || self.part_holds(middle + 1..part.end, value, values))
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

    #[test]
    fn boxes_hold_what_one_of_them_holds() {
        // Pseudo-random, so that boxes overlap and nest.
        let number = |seed: u128| (seed * 7_919 + 13) % 101;
        let sides = |seed: u128| {
            let (start, len) = (number(seed), number(seed + 57) % 20);
            start..=start + len
        };
        let elements: Vec<Vec<Values>> =
            (0..40).map(|seed| vec![0..=9, sides(seed), sides(seed * 3 + 1)]).collect();
        let boxes = Boxes::new(elements.clone(), 3);
        for x in 0..130 {
            for y in 0..130 {
                let values = [5, x, y];
                let has_all = |element: &Vec<Values>| {
                    element.iter().zip(&values).all(|(side, value)| side.contains(value))
                };
                assert_eq!(boxes.hold(&values), elements.iter().any(has_all), "{values:?}");
            }
        }
    }
}
