//! What commands take away or change again: rules, chains, names.

use keeptrack_core::raw::Family;

use super::{BuiltIn, Chain, ChainIndex, Chains, Link};
use crate::diagnostic::Fault;
use crate::rules::matches::Rule;
use crate::rules::names::{OTHER_TARGETS, TARGETS, lists};
use crate::rules::words::Word;

impl Chain {
    /// Whether it was taken away. No chain has an empty name, so nothing finds it.
    pub(super) fn is_dropped(&self) -> bool {
        self.name.is_empty()
    }

    fn is_of_iptables(&self, family: Family) -> bool {
        self.family == Some(family) && !matches!(self.built_in, Some(BuiltIn::Base(_)))
    }
}

impl Chains {
    /// Whether there is a chain of that name.
    pub(in crate::rules) fn has(&self, family: Family, name: &Word) -> bool {
        self.position(family, &name.text).is_some()
    }

    /// Takes away the rules of all chains of iptables.
    pub(in crate::rules) fn flush(&mut self, family: Family) {
        for index in 0..self.chains.len() {
            self.empty(index, family);
        }
    }

    /// Takes away the rules of a chain.
    pub(in crate::rules) fn flush_chain(&mut self, family: Family, name: &Word) {
        if let Some(index) = self.position(family, &name.text) {
            self.empty(index, family);
        }
    }

    fn empty(&mut self, index: ChainIndex, family: Family) {
        let chain = self.chains.get_mut(index).filter(|chain| chain.is_of_iptables(family));
        let Some(chain) = chain else { return };
        self.rule_count = self.rule_count.saturating_sub(chain.rules.len());
        chain.rules.clear();
        chain.faults.clear();
    }

    /// Takes away a rule.
    pub(in crate::rules) fn remove(&mut self, (chain, at): (ChainIndex, usize)) {
        let chain = self.chains.get_mut(chain).filter(|chain| at < chain.rules.len());
        if let Some(chain) = chain {
            chain.rules.remove(at);
            self.rule_count = self.rule_count.saturating_sub(1);
        }
    }

    /// The places of the rules that iptables makes of `rule` and that the chain has, the last one
    /// first; none when it lacks one of them.
    pub(in crate::rules) fn alike(
        &self,
        chain: ChainIndex,
        rule: &Rule,
    ) -> Vec<(ChainIndex, usize)> {
        let links = self.chains.get(chain).map(|chain| chain.rules.as_slice()).unwrap_or_default();
        let Ok(verdict) = self.resolve(chain, &rule.target) else { return Vec::new() };
        if rule.count() > links.len() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for matches in rule.expanded() {
            let is_alike = |(at, link): &(usize, &Link)| {
                !found.contains(&(chain, *at))
                    && link.matches == matches
                    && link.tests == rule.tests
                    && link.verdict == verdict
                    && link.remarks == rule.remarks
            };
            match links.iter().enumerate().find(is_alike) {
                Some((at, _)) => found.push((chain, at)),
                None => return Vec::new(),
            }
        }
        found.sort_unstable_by(|one, other| other.cmp(one));
        found
    }

    /// Takes away a chain, or all that iptables does not have by itself. Returns whether it could:
    /// a chain with rules stays, and one that a rule leads into, and then all of them.
    pub(in crate::rules) fn drop_chains(&mut self, family: Family, name: Option<&Word>) -> bool {
        let is_meant = |chain: &Chain| {
            chain.is_of_iptables(family)
                && chain.built_in.is_none()
                && !chain.is_dropped()
                && name.is_none_or(|name| chain.name == name.text)
        };
        let chains = self.chains.iter().enumerate();
        let meant: Vec<ChainIndex> =
            chains.filter(|(_, chain)| is_meant(chain)).map(|(at, _)| at).collect();
        let leads_there = |chain: &Chain| {
            let mut into = chain.rules.iter().filter_map(|link| link.verdict.chain());
            into.any(|into| meant.contains(&into))
        };
        let has_rules =
            |at: &ChainIndex| self.chains.get(*at).is_some_and(|chain| !chain.rules.is_empty());
        let is_missing = name.is_some() && meant.is_empty();
        if is_missing || meant.iter().any(has_rules) || self.chains.iter().any(leads_there) {
            return false;
        }
        for at in meant {
            if let Some(chain) = self.chains.get_mut(at) {
                chain.name.clear();
                chain.faults.clear();
            }
        }
        true
    }

    /// Gives a chain another name.
    ///
    /// # Errors
    /// A chain that is not there or built in, or a name that it cannot have.
    pub(in crate::rules) fn rename(
        &mut self,
        family: Family,
        (from, to): (&Word, &Word),
    ) -> Result<(), Fault> {
        let chain = self.find(family, from)?;
        if self.built_in(chain).is_some() {
            return Err(Fault::new(from.span.clone(), format!("`{}` keeps its name", from.text))
                .label("a built-in chain"));
        }
        self.check_name(family, to)?;
        if let Some(chain) = self.chains.get_mut(chain) {
            chain.name.clone_from(&to.text);
        }
        Ok(())
    }

    /// That a chain can have that name.
    pub(super) fn check_name(&self, family: Family, name: &Word) -> Result<(), Fault> {
        let fault = |title: String| Err(Fault::new(name.span.clone(), title));
        if self.has(family, name) {
            return fault(format!("the chain `{}` is there already", name.text));
        }
        if TARGETS.contains(&name.text.as_str()) || lists(OTHER_TARGETS, &name.text) {
            return fault(format!("`{}` is the name of a target", name.text));
        }
        if name.text.is_empty() || name.text.contains(char::is_whitespace) {
            return fault(format!("`{}` is not a name of a chain", name.text));
        }
        Ok(())
    }
}
