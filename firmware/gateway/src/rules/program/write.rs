//! A program made into words.

use std::vec::Vec;

use keeptrack_core::raw::{Policy, Template};

use super::order::order;
use super::{Chain, MAX_DEPTH, MAX_WALK, Program, ProgramError, ProgramFault, Rule, Start};
use crate::rules::check::{Entry, Table};
use crate::rules::record::{Record, Then, Word, facts};

impl Program {
    /// The words of the program, of the raw table or of another one.
    pub(crate) fn words(&self, table: Table) -> Result<Vec<Word>, ProgramError> {
        let of_program = |why| ProgramError { chain: 0, rule: None, why };
        let order = Order(order(self)?);
        let mut records: Vec<Word> = Vec::new();
        let mut entries = Vec::new();
        for chain in order.chains(self) {
            let written = records_of(chain, table, &order)?;
            let begins = u16::try_from(records.len());
            let begins = begins.map_err(|_| of_program(ProgramFault::TooLarge))?;
            entries.push(Entry { begins, ..Entry::EMPTY });
            records.extend(written);
        }
        let entries = self.measured(&order, entries)?;
        let too_large = |_| of_program(ProgramFault::TooLarge);
        let [low, high] = u16::try_from(entries.len()).map_err(too_large)?.to_le_bytes();
        let len = u32::try_from(records.len()).map_err(too_large)?;
        let [v4, v6] = self.starts.map(|start| order.start(start));
        let head = [[low, high, 0, 0], len.to_le_bytes(), v4, v6];
        let entries = entries.into_iter().flat_map(|entry| {
            let [low, high] = entry.begins.to_le_bytes();
            let [depth, deeper] = entry.depth.to_le_bytes();
            [[low, high, depth, deeper], entry.walk.to_le_bytes()]
        });
        Ok(head.into_iter().chain(entries).chain(records).collect())
    }

    /// The entries of the chains with how long and how deep walks are.
    fn measured(&self, order: &Order, entries: Vec<Entry>) -> Result<Vec<Entry>, ProgramError> {
        let mut measured = entries;
        let chains: Vec<_> = order.chains(self).collect();
        // From the last on: chains lead only into later ones.
        for (place, (number, chain)) in chains.into_iter().enumerate().rev() {
            let targets = chain.rules.iter().map(|rule| rule.target).chain([Then::Return]);
            let empty = measured.get(place).copied().unwrap_or(Entry::EMPTY);
            let entry = targets.fold(empty, |entry, then| {
                let into = then.chain().and_then(|into| order.place(into));
                entry.with(then, into.and_then(|into| measured.get(usize::from(into)).copied()))
            });
            let why = match entry {
                Entry { walk, .. } if walk > MAX_WALK => Some(ProgramFault::Walk),
                Entry { depth, .. } if usize::from(depth) > MAX_DEPTH => Some(ProgramFault::Depth),
                _ => None,
            };
            if let Some(why) = why {
                return Err(ProgramError { chain: number, rule: None, why });
            }
            if let Some(known) = measured.get_mut(place) {
                *known = entry;
            }
        }
        Ok(measured)
    }
}

/// The records of a chain.
fn records_of(
    (number, chain): (usize, &Chain),
    table: Table,
    order: &Order,
) -> Result<Vec<Word>, ProgramError> {
    let mut words = Vec::new();
    for (at, rule) in chain.rules.iter().enumerate() {
        let record = record(rule, table, order);
        let wrong = |why| ProgramError { chain: number, rule: Some(at), why };
        words.extend(record.map_err(wrong)?);
    }
    let ([low, high], (target, argument)) = (facts::ALL.to_le_bytes(), Then::Return.code());
    words.extend([[2, target, low, high], argument]);
    Ok(words)
}

fn record(rule: &Rule, table: Table, order: &Order) -> Result<Vec<Word>, ProgramFault> {
    let chain = |number| order.place(number).ok_or(ProgramFault::NoChain);
    let then = match (rule.target, table) {
        (Then::Jump(into), _) => Then::Jump(chain(into)?),
        (Then::Goto(into), _) => Then::Goto(chain(into)?),
        (Then::NoTrack | Then::Ct(_) | Then::Full(_), Table::Filter) => {
            return Err(ProgramFault::RawOnly);
        }
        (Then::Ct(Template { helper: Some(_), .. }), _) => return Err(ProgramFault::Helper),
        (Then::Ct(Template { timeouts: Some(_), .. }), _) => return Err(ProgramFault::Timeouts),
        (then, _) => then,
    };
    let mut tests = Vec::new();
    for ask in &rule.tests {
        tests.extend(ask.words()?);
    }
    let facts = rule.tests.iter().fold(facts::ALL, |facts, ask| facts & ask.facts());
    let len = Record::LEN.saturating_add(tests.len());
    let len = u8::try_from(len).map_err(|_| ProgramFault::TooMuch)?;
    let ([low, high], (target, argument)) = (facts.to_le_bytes(), then.code());
    Ok([vec![[len, target, low, high], argument], tests].concat())
}

/// The chains' numbers in the order in which they are written.
struct Order(Vec<usize>);

impl Order {
    /// The chains, each with its number in the program.
    fn chains<'p>(&self, program: &'p Program) -> impl Iterator<Item = (usize, &'p Chain)> {
        let chains = self.0.iter().map(|&number| Some((number, program.chains.get(number)?)));
        chains.flatten()
    }

    /// The number that a chain has when it is written.
    fn place(&self, chain: u16) -> Option<u16> {
        let place = self.0.iter().position(|other| *other == usize::from(chain))?;
        u16::try_from(place).ok()
    }

    /// The word for where a family begins.
    fn start(&self, start: Start) -> Word {
        let number = start.chain.and_then(|chain| self.place(chain)?.checked_add(1));
        let [low, high] = number.unwrap_or(0).to_le_bytes();
        let policy = match start.policy {
            Policy::Accept => 0,
            Policy::Drop => 1,
        };
        [low, high, policy, 0]
    }
}
