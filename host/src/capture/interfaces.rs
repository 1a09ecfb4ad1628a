//! The interfaces of several captures, each with one number.

use std::collections::HashMap;

use super::{Interface, MAX_INTERFACES};

/// The interfaces of all parts of a capture.
#[derive(Default)]
pub(super) struct Interfaces {
    all: Vec<Interface>,
    /// Whether the interface of that number is told of.
    is_listed: Vec<bool>,
    /// By name and link type: which part described it first, and its number.
    named: HashMap<(String, u16), (usize, usize)>,
    /// How many there are without those that may come in turn, of which a part has at most one.
    bounded_count: usize,
    turns: Turns,
}

/// Whether the parts whose only interface has no name have come in turn so far.
#[derive(Default, Clone, Copy)]
enum Turns {
    /// There was none.
    #[default]
    None,
    /// They have, and the interface of that number stands for all.
    InTurn(usize),
    /// They overlap.
    Overlap,
}

impl Interfaces {
    /// The number of an interface that a part describes; `None`: there are too many.
    pub(super) fn add(&mut self, interface: &Interface, part: usize) -> Option<usize> {
        let new = self.all.len();
        if let Some(name) = &interface.name {
            let named = self.named.entry((name.clone(), interface.link));
            let (first_part, number) = *named.or_insert((part, new));
            if first_part != part {
                return Some(number);
            }
        }
        self.all.push(Interface { index: new, ..interface.clone() });
        self.is_listed.push(false);
        let may_be_in_turn = interface.name.is_none() && interface.index == 0;
        self.bounded_count += usize::from(!may_be_in_turn);
        (self.bounded_count <= MAX_INTERFACES).then_some(new)
    }

    /// The number of a part's only interface when the part begins while so many are under way:
    /// without a name, and after nothing but such parts in turn, it is their interface.
    pub(super) fn in_turn(&mut self, number: usize, under_way_count: usize) -> usize {
        let link_of = |number| self.at(number).map(|interface| interface.link);
        if self.at(number).is_none_or(|interface| interface.name.is_some()) {
            return number;
        }
        match self.turns {
            Turns::None => self.turns = Turns::InTurn(number),
            Turns::InTurn(first) if under_way_count == 0 && link_of(first) == link_of(number) => {
                return first;
            }
            Turns::InTurn(_) | Turns::Overlap => self.turns = Turns::Overlap,
        }
        number
    }

    /// Tells of the interface of that number from now on.
    pub(super) fn list(&mut self, number: usize) {
        if let Some(is_listed) = self.is_listed.get_mut(number) {
            *is_listed = true;
        }
    }

    /// Those that are told of, by their numbers.
    pub(super) fn listed(&self) -> impl Iterator<Item = &Interface> {
        let all = self.all.iter().zip(&self.is_listed);
        all.filter(|(_, is_listed)| **is_listed).map(|(interface, _)| interface)
    }

    /// The interface of that number.
    pub(super) fn at(&self, number: usize) -> Option<&Interface> {
        self.all.get(number)
    }
}

#[cfg(test)]
mod tests {
    use super::{Interface, Interfaces, MAX_INTERFACES};

    #[test]
    fn those_that_come_in_turn_are_without_limit_and_others_are_not() {
        let mut interfaces = Interfaces::default();
        let nameless = |index| Interface { index, link: 1, name: None };
        for part in 0..=MAX_INTERFACES {
            let number = interfaces.add(&nameless(0), part).unwrap();
            assert_eq!(interfaces.in_turn(number, 0), 0);
        }
        for index in 1..=MAX_INTERFACES {
            assert!(interfaces.add(&nameless(index), 0).is_some());
        }
        assert_eq!(interfaces.add(&nameless(1), 1), None);
    }
}
