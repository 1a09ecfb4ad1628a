//! The walk of a packet through a program.

use heapless::Vec;
use keeptrack_core::raw::{Policy, PolicyId, Raw, RawVerdict, Said, Target, Template};
use keeptrack_core::{CtState, IfName, Packet, TimeoutPolicy};

use super::record::{Record, Then, Word, facts};
use super::test::Test;
use super::{Begin, FilterVerdict, MAX_DEPTH, MAX_WALK, RawRules, Rules};
use crate::action::Standing;
use crate::port::Side;

impl<'f> Rules<'f> {
    /// What FORWARD says of a packet that came in at `input`, of which tracking has said so.
    ///
    /// Meets at most [`MAX_WALK`] rules.
    pub fn filter(&self, packet: &Packet<'_>, standing: Standing, input: Side) -> FilterVerdict {
        let side = match input {
            Side::Left => facts::LEFT,
            Side::Right => facts::RIGHT,
        };
        match self.walk(of_standing(standing) | side, packet, &mut |_| {}) {
            Policy::Accept => FilterVerdict::Accept,
            Policy::Drop => FilterVerdict::Drop,
        }
    }

    /// Where a packet begins, and the fact of its family.
    fn start(&self, packet: &Packet<'_>) -> (Begin<'f>, u16) {
        let [v4, v6] = self.starts;
        if packet.tuple.source.is_ipv4() { (v4, facts::V4) } else { (v6, facts::V6) }
    }

    /// Walks a packet of some state that came in somewhere, and tells `hear` of the targets that it
    /// meets and that do not end the walk.
    ///
    /// What meets a rule without tests first that ends the walk, as most packets do, is through
    /// with no more than that.
    #[inline]
    fn walk(&self, facts: u16, packet: &Packet<'_>, hear: &mut dyn FnMut(Then)) -> Policy {
        let (start, family) = self.start(packet);
        let facts = facts | family;
        let mut next = start.records;
        while let Some((record, following)) = Record::split(next) {
            if record.facts & facts == facts {
                return match record.ends() {
                    Some(policy) if record.tests.is_empty() => policy,
                    _ => self.wander(Begin { records: next, ..start }, facts, packet, hear),
                };
            }
            next = following;
        }
        start.policy
    }

    /// The rest of a walk, from some record on.
    #[inline(never)]
    fn wander(
        &self,
        from: Begin<'f>,
        facts: u16,
        packet: &Packet<'_>,
        hear: &mut dyn FnMut(Then),
    ) -> Policy {
        let mut behind: Vec<&'f [Word], { MAX_DEPTH - 1 }> = Vec::new();
        let mut next = from.records;
        // As many as a checked program has at the most.
        for _ in 0..MAX_WALK {
            let Some((record, following)) = Record::split(next) else { break };
            next = following;
            if record.facts & facts != facts || !passes(record.tests, packet) {
                continue;
            }
            if let Some(policy) = record.ends() {
                return policy;
            }
            match record.then() {
                Some(Then::Return) => match behind.pop() {
                    Some(back) => next = back,
                    None => break,
                },
                Some(Then::Goto(chain)) => next = self.chain(chain),
                Some(Then::Jump(chain)) => {
                    // There is room, by the depth of a checked program.
                    let _ = behind.push(following);
                    next = self.chain(chain);
                }
                Some(then) => hear(then),
                None => {}
            }
        }
        from.policy
    }

    /// The records from the beginning of that chain on.
    fn chain(&self, number: u16) -> &'f [Word] {
        let entry = self.chains.get(usize::from(number).wrapping_mul(2));
        let begins = entry.map_or(0, |[low, high, ..]| u16::from_le_bytes([*low, *high]));
        self.records.get(usize::from(begins)..).unwrap_or(&[])
    }
}

/// Rules that say nothing.
const NOTHING: Begin<'static> = Begin { records: &[], policy: Policy::Accept };

/// Meets at most [`MAX_WALK`] rules.
impl Raw for RawRules<'_> {
    fn classify(&mut self, packet: &Packet<'_>) -> RawVerdict {
        if self.0.start(packet).0 == NOTHING {
            return RawVerdict::Track(Template::NONE);
        }
        let mut said = Said::new();
        let facts = facts::STATELESS | of_input(packet);
        let policy = self.0.walk(facts, packet, &mut |then| match then {
            Then::NoTrack => said.meet(Target::NoTrack),
            Then::Ct(template) => said.meet(Target::Ct(template)),
            Then::Full(full) => said.meet(Target::Full(full)),
            _ => {}
        });
        match policy {
            Policy::Accept => said.verdict(),
            Policy::Drop => RawVerdict::Drop,
        }
    }

    /// There are none: all connections live by the configuration.
    fn timeouts(&self, _id: PolicyId) -> Option<&TimeoutPolicy> {
        None
    }
}

/// Whether a packet passes all tests.
#[inline]
fn passes(mut tests: &[Word], packet: &Packet<'_>) -> bool {
    while !tests.is_empty() {
        match Test::split(tests) {
            Some((test, following)) if test.passes(packet) => tests = following,
            _ => return false,
        }
    }
    true
}

fn of_standing(standing: Standing) -> u16 {
    match standing {
        Standing::Tracked(CtState::New) => 1,
        Standing::Tracked(CtState::Established) => 1 << 1,
        Standing::Tracked(CtState::Related) => 1 << 2,
        Standing::Invalid => 1 << 3,
        Standing::Untracked => 1 << 4,
        Standing::Unasked => facts::STATELESS,
    }
}

/// The side of the name that the packet came in by.
fn of_input(packet: &Packet<'_>) -> u16 {
    let name = packet.seen.input.map(IfName::as_bytes);
    if name == Some(Side::Left.name().as_bytes()) {
        facts::LEFT
    } else if name == Some(Side::Right.name().as_bytes()) {
        facts::RIGHT
    } else {
        facts::ELSEWHERE
    }
}
