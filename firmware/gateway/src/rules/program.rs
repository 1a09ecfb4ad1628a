//! Programs as a PC makes them: chains of rules, written into the form that a gateway reads.

mod ask;
mod order;
mod write;

use std::fmt;
use std::vec::Vec;

use keeptrack_core::raw::Policy;

use super::record::{Record, Then};
use super::{MAX_DEPTH, MAX_WALK, RawRules, Rules, Word};
pub use ask::{Ask, Sides, States};

/// The rules of one hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Numbers in targets and starts are places here.
    pub chains: Vec<Chain>,
    /// Where packets of IPv4 begin, and those of IPv6.
    pub starts: [Start; 2],
}

/// Where the packets of a family begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// In this chain; `None`: there are no rules for them.
    pub chain: Option<u16>,
    /// What happens at the end of that chain, and by RETURN there.
    pub policy: Policy,
}

/// A chain. A RETURN stands at its end that is not among its rules.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Its rules, in their order.
    pub rules: Vec<Rule>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// All that it asks of a packet; nothing takes every packet.
    pub tests: Vec<Ask>,
    /// What happens then.
    pub target: Then,
}

/// Why a program cannot be written, and where it is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgramError {
    /// The chain.
    pub chain: usize,
    /// The rule in it, from 0, where it is one.
    pub rule: Option<usize>,
    /// What is wrong.
    pub why: ProgramFault,
}

/// What is wrong with a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProgramFault {
    /// There is no chain of that number.
    NoChain,
    /// Chains lead in a circle.
    Loop,
    /// A packet could meet more than [`MAX_WALK`] rules.
    Walk,
    /// Jumps lead more than [`MAX_DEPTH`] chains deep.
    Depth,
    /// The rules do not fit into an image.
    TooLarge,
    /// A rule asks for more than a record holds.
    TooMuch,
    /// No ranges of ports, or more than fifteen.
    Ranges,
    /// A network whose mask is of another family.
    Network,
    /// A target of the raw table in another one.
    RawOnly,
    /// A helper: a gateway has none.
    Helper,
    /// A timeout policy: all connections live by the configuration.
    Timeouts,
}

impl fmt::Display for ProgramFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoChain => f.write_str("there is no such chain"),
            Self::Loop => f.write_str("the chains lead in a circle"),
            Self::Walk => write!(f, "a packet could meet more than {MAX_WALK} rules"),
            Self::Depth => write!(f, "more than {MAX_DEPTH} chains lead into each other"),
            Self::TooLarge => f.write_str("the rules are too many for an image"),
            Self::TooMuch => f.write_str("the rule asks for too much at once"),
            Self::Ranges => f.write_str("a rule asks for 1 to 15 ranges of ports"),
            Self::Network => f.write_str("the mask is of another family than the address"),
            Self::RawOnly => f.write_str("the target is of the raw table"),
            Self::Helper => f.write_str("a gateway has no helpers"),
            Self::Timeouts => f.write_str("a gateway has one set of timeouts"),
        }
    }
}

impl Program {
    /// No rules.
    #[must_use]
    pub const fn empty(policy: Policy) -> Self {
        let starts = [Start { chain: None, policy }; 2];
        Self { chains: Vec::new(), starts }
    }

    /// The rules of a checked program. Tests of the same facts are one; chains that cannot be
    /// entered were not written.
    #[must_use]
    pub fn of(rules: &Rules<'_>) -> Self {
        let begins = rules.chains.iter().step_by(2);
        let begins = begins.map(|&[low, high, ..]| usize::from(u16::from_le_bytes([low, high])));
        let begins: Vec<usize> = begins.collect();
        let ends = begins.iter().skip(1).copied().chain([rules.records.len()]);
        let records = begins.iter().zip(ends).filter_map(|(&from, to)| rules.records.get(from..to));
        let chains: Vec<Chain> = records.map(Chain::of).collect();
        let starts = rules.starts.map(|start| {
            // By how much of all records is behind its beginning; no chain is without any.
            let mut begins = begins.iter().map(|begins| rules.records.len().wrapping_sub(*begins));
            let place = begins.position(|len| len == start.records.len());
            Start { chain: place.and_then(|place| u16::try_from(place).ok()), policy: start.policy }
        });
        Self { chains, starts }
    }

    /// The same of PREROUTING.
    #[must_use]
    pub fn of_raw(raw: &RawRules<'_>) -> Self {
        Self::of(&raw.0)
    }
}

impl Chain {
    fn of(mut words: &[Word]) -> Self {
        let mut rules = Vec::new();
        while let Some((record, behind)) = Record::split(words) {
            words = behind;
            let target = record.then().unwrap_or(Then::Continue);
            rules.push(Rule { tests: ask::of_record(&record), target });
        }
        // The RETURN at its end.
        rules.pop();
        Self { rules }
    }
}
