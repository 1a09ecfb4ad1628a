//! A record of a program: which packets may meet its target, and what that is.

use keeptrack_core::raw::{Policy, Template, WhenFull};
use keeptrack_core::{Class, OnRefusal, Zone};

/// A word of an image, little-endian.
pub(crate) type Word = [u8; 4];

/// The facts of a packet that a record asks for by its bits.
pub(super) mod facts {
    /// The state of packets that have none.
    pub(in crate::rules) const STATELESS: u16 = 1 << 5;
    /// The states, NEW in the lowest bit.
    pub(in crate::rules) const STATES: u16 = 0x3f;
    /// The first of the sides, `eth0`.
    pub(in crate::rules) const LEFT: u16 = 1 << 6;
    /// `eth1`
    pub(in crate::rules) const RIGHT: u16 = 1 << 7;
    /// Neither of them.
    pub(in crate::rules) const ELSEWHERE: u16 = 1 << 8;
    /// All sides.
    pub(in crate::rules) const SIDES: u16 = LEFT | RIGHT | ELSEWHERE;
    /// IPv4
    pub(in crate::rules) const V4: u16 = 1 << 9;
    /// IPv6
    pub(in crate::rules) const V6: u16 = 1 << 10;
    /// Both families.
    pub(in crate::rules) const FAMILIES: u16 = V4 | V6;
    /// What a record has that takes every packet.
    pub(in crate::rules) const ALL: u16 = STATES | SIDES | FAMILIES;
}

/// A record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'f> {
    pub(super) facts: u16,
    pub(super) tests: &'f [Word],
    target: u8,
    argument: Word,
}

impl<'f> Record<'f> {
    /// The words of a record without tests.
    pub(super) const LEN: usize = 2;

    /// The record that `words` begin with, and what is behind it; `None` when they do not hold it.
    #[inline]
    pub(super) fn split(words: &'f [Word]) -> Option<(Self, &'f [Word])> {
        let [[len, target, low, high], argument, behind @ ..] = words else { return None };
        let tests_len = usize::from(*len).checked_sub(Self::LEN)?;
        let (tests, behind) = behind.split_at_checked(tests_len)?;
        let facts = u16::from_le_bytes([*low, *high]);
        Some((Self { facts, tests, target: *target, argument: *argument }, behind))
    }

    /// Whether every packet meets its target.
    pub(super) fn takes_all(&self) -> bool {
        self.facts == facts::ALL && self.tests.is_empty()
    }

    /// What becomes of a packet that meets it, if that ends the walk at once.
    #[inline]
    pub(super) const fn ends(&self) -> Option<Policy> {
        match self.target {
            Then::ACCEPT => Some(Policy::Accept),
            Then::DROP => Some(Policy::Drop),
            _ => None,
        }
    }

    /// What happens to a packet that meets it; `None` when it says nothing that there is.
    pub(super) fn then(&self) -> Option<Then> {
        Then::read(self.target, self.argument)
    }
}

/// What happens to a packet that a rule takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Back behind the last jump; the policy decides when there was none.
    Return,
    /// The walk ends, the packet passes.
    Accept,
    /// The walk ends, the packet is dropped.
    Drop,
    /// Into the chain of that number, and back behind this rule.
    Jump(u16),
    /// Into the chain of that number, and back behind the last jump.
    Goto(u16),
    /// Nothing.
    Continue,
    /// Raw only: no tracking; the walk goes on.
    NoTrack,
    /// Raw only: tracking as the template says; the walk goes on. There are no helpers, and no timeouts but
    /// those of the configuration.
    Ct(Template),
    /// Raw only: what a full table does with it; the walk goes on.
    Full(WhenFull),
}

impl Then {
    const ACCEPT: u8 = 1;
    const DROP: u8 = 2;

    fn read(code: u8, argument: Word) -> Option<Self> {
        let nothing = argument == [0; 4];
        Some(match (code, argument) {
            (0, _) if nothing => Self::Return,
            (Self::ACCEPT, _) if nothing => Self::Accept,
            (Self::DROP, _) if nothing => Self::Drop,
            (3, [low, high, 0, 0]) => Self::Jump(u16::from_le_bytes([low, high])),
            (4, [low, high, 0, 0]) => Self::Goto(u16::from_le_bytes([low, high])),
            (5, _) if nothing => Self::Continue,
            (6, _) if nothing => Self::NoTrack,
            (7, [low, high, number, refused]) => {
                let zone = Zone(u16::from_le_bytes([low, high]));
                let (class, refused) = (class(number)?, refusal(refused)??);
                Self::Ct(Template { zone, class, refused, ..Template::NONE })
            }
            (8, [0, 0, number, refused]) => {
                Self::Full(WhenFull { class: class(number)?, refused: refusal(refused)? })
            }
            _ => return None,
        })
    }

    /// The number of the target, and its argument. Helpers and timeouts cannot be said.
    #[cfg(feature = "write")]
    pub(super) fn code(self) -> (u8, Word) {
        let chain = |number: u16| {
            let [low, high] = number.to_le_bytes();
            [low, high, 0, 0]
        };
        match self {
            Self::Return => (0, [0; 4]),
            Self::Accept => (Self::ACCEPT, [0; 4]),
            Self::Drop => (Self::DROP, [0; 4]),
            Self::Jump(number) => (3, chain(number)),
            Self::Goto(number) => (4, chain(number)),
            Self::Continue => (5, [0; 4]),
            Self::NoTrack => (6, [0; 4]),
            Self::Ct(Template { zone: Zone(zone), class, refused, .. }) => {
                let [low, high] = zone.to_le_bytes();
                (7, [low, high, class_number(class), refusal_code(Some(refused))])
            }
            Self::Full(WhenFull { class, refused }) => {
                (8, [0, 0, class_number(class), refusal_code(refused)])
            }
        }
    }
}

/// The class of that number, counted from 1; 0 is none.
fn class(number: u8) -> Option<Option<Class>> {
    match number {
        0 => Some(None),
        _ => Class::at(usize::from(number).wrapping_sub(1)).map(Some),
    }
}

/// What a refused packet gets, if that is said.
fn refusal(code: u8) -> Option<Option<OnRefusal>> {
    match code {
        0 => Some(None),
        1 => Some(Some(OnRefusal::Drop)),
        2 => Some(Some(OnRefusal::Bypass)),
        _ => None,
    }
}

#[cfg(feature = "write")]
fn refusal_code(refused: Option<OnRefusal>) -> u8 {
    match refused {
        None => 0,
        Some(OnRefusal::Drop) => 1,
        Some(OnRefusal::Bypass) => 2,
    }
}

#[cfg(feature = "write")]
fn class_number(class: Option<Class>) -> u8 {
    let place = class.and_then(|class| u8::try_from(class.index()).ok());
    place.map_or(0, |place| place.saturating_add(1))
}
