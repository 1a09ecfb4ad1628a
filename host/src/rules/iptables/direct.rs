//! Direct rules of firewalld: in front of their chains, in the order of their priorities.

use keeptrack_core::raw::Family;

use super::{Ran, Reader};
use crate::diagnostic::Fault;
use crate::rules::forms::{self, Asks, Direct, DirectRule};
use crate::rules::text::Line;
use crate::rules::words::Word;

/// A direct rule that was added.
#[derive(Debug, Clone)]
pub(in crate::rules) struct Added {
    family: Family,
    rule: DirectRule,
    /// How many rules of its chain it has become.
    count: usize,
}

impl Reader<'_, '_> {
    /// What `words` ask of firewalld.
    pub(super) fn direct(&mut self, line: &Line, words: &[Word]) -> Result<Ran, Fault> {
        let Some(Direct { family, asks }) = forms::direct(words)? else { return Ok(Ran::Done) };
        match asks {
            Asks::Command(words) => self.command(line, (family, words), "filter"),
            Asks::Add(rule) => self.add_direct(line, family, rule),
            Asks::Remove(rule) => {
                self.forget_direct(|added| added.family == family && added.rule.is_like(&rule));
                self.command(line, (family, rule.command("-D", None)), "filter")
            }
            Asks::RemoveAll { table, chain } => {
                let removed = self.forget_direct(|added| {
                    added.family == family && added.rule.is_in(&table, &chain)
                });
                for added in removed {
                    self.command(line, (family, added.rule.command("-D", None)), "filter")?;
                }
                Ok(Ran::Done)
            }
        }
    }

    /// Puts a rule before those of higher priority. One that is there already stays where it is.
    fn add_direct(&mut self, line: &Line, family: Family, rule: DirectRule) -> Result<Ran, Fault> {
        let of_chain =
            self.to.direct.iter().filter(|added| {
                added.family == family && added.rule.is_in(&rule.table, &rule.chain)
            });
        if of_chain.clone().any(|added| added.rule.is_like(&rule)) {
            return Ok(Ran::Done);
        }
        let before = of_chain.filter(|added| added.rule.priority <= rule.priority);
        let place = before.map(|added| added.count).sum::<usize>() + 1;
        let count = self.rule_count(family, &rule);
        let ran = self.command(line, (family, rule.command("-I", Some(place))), "filter")?;
        let count = match (count, self.rule_count(family, &rule)) {
            (Some(before), Some(after)) => after.saturating_sub(before),
            _ => 1,
        };
        self.to.direct.push(Added { family, rule, count });
        Ok(ran)
    }

    /// How many rules its chain has, if that is of a table that is read.
    fn rule_count(&mut self, family: Family, rule: &DirectRule) -> Option<usize> {
        let table = self.to.tables.named(&rule.table.text)?;
        let chains = self.to.tables.chains(table);
        chains.find(family, &rule.chain).ok().map(|chain| chains.len(chain))
    }

    /// Takes rules out of those that were added.
    fn forget_direct(&mut self, is_meant: impl Fn(&Added) -> bool) -> Vec<Added> {
        self.to.direct.extract_if(.., |added| is_meant(added)).collect()
    }
}
