//! A table of both families as the commands build it: chains, their rules and policies.

mod built_in;
mod change;

use std::ops::Range;

use keeptrack_core::raw::{Family, Hook, Matches, Policy, Target};

pub(super) use self::built_in::{Base, BuiltIn};
use super::matches::{Rule, RuleTarget, Tests};
use super::names::{FULL, TARGETS};
use super::words::Word;
use super::{MAX_CHAINS, MAX_RULES, RuleSource};
use crate::diagnostic::{Diagnostic, Fault};
use crate::source::Source;

/// The most chains that can be made. The compiled table has two that are built in, and makes one
/// for each DROP policy: two hooks of two families.
const MAX_USER_CHAINS: usize = MAX_CHAINS - 6;

/// The most faults that are kept of a chain, of which one alone makes the rules useless.
const MAX_FAULTS: usize = 20;

/// A table that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// Before tracking.
    Raw,
    /// Behind it.
    Filter,
}

impl Table {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Filter => "filter",
        }
    }

    /// The chains that it has by itself.
    fn built_in(self) -> &'static [BuiltIn] {
        match self {
            Self::Raw => &[BuiltIn::Hook(Hook::Prerouting), BuiltIn::Hook(Hook::Output)],
            Self::Filter => &[BuiltIn::Forward, BuiltIn::Host("INPUT"), BuiltIn::Host("OUTPUT")],
        }
    }
}

/// A chain by its place in [`Chains`].
pub(super) type ChainIndex = usize;

/// What a rule does, chains found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    BuiltIn(Target),
    Jump(ChainIndex),
    Goto(ChainIndex),
}

impl Verdict {
    /// The chain that it leads to.
    pub(super) fn chain(self) -> Option<ChainIndex> {
        match self {
            Self::BuiltIn(_) => None,
            Self::Jump(chain) | Self::Goto(chain) => Some(chain),
        }
    }
}

/// A rule in its chain.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) matches: Matches,
    /// What it asks besides, which only a filter can.
    pub(super) tests: Tests,
    pub(super) verdict: Verdict,
    pub(super) source: RuleSource,
    /// What the rule has besides that decides nothing.
    pub(super) remarks: Vec<String>,
}

/// A chain.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    /// Its family; a chain of nftables may be of both.
    pub(super) family: Option<Family>,
    pub(super) name: String,
    pub(super) built_in: Option<BuiltIn>,
    pub(super) rules: Vec<Link>,
    /// What gave the chain the policy DROP.
    pub(super) drop_policy: Option<RuleSource>,
    /// What is wrong with rules of a chain that perhaps nobody comes to.
    faults: Vec<Diagnostic>,
}

impl Chain {
    pub(super) fn hook(&self) -> Option<Hook> {
        self.built_in?.hook()
    }

    /// Whether it has no rules, and lets pass what comes to its end.
    pub(super) fn does_nothing(&self) -> bool {
        self.rules.is_empty() && self.drop_policy.is_none()
    }
}

/// All chains.
#[derive(Debug, Clone)]
pub(super) struct Chains {
    table: Table,
    chains: Vec<Chain>,
    rule_count: usize,
}

impl Chains {
    /// The built-in ones, empty.
    pub(super) fn new(table: Table) -> Self {
        let built_in = [Family::V4, Family::V6].into_iter().flat_map(|family| {
            table.built_in().iter().map(move |&built_in| Chain {
                family: Some(family),
                name: built_in.name().to_owned(),
                built_in: Some(built_in),
                rules: Vec::new(),
                drop_policy: None,
                faults: Vec::new(),
            })
        });
        Self { table, chains: built_in.collect(), rule_count: 0 }
    }

    pub(super) fn all(&self) -> &[Chain] {
        &self.chains
    }

    pub(super) fn into_all(self) -> Vec<Chain> {
        self.chains
    }

    /// The chain called `name`.
    pub(super) fn find(&self, family: Family, name: &Word) -> Result<ChainIndex, Fault> {
        self.position(family, &name.text).ok_or_else(|| {
            let table = self.table.name();
            let title = format!("the {table} table has no chain `{}`", name.text);
            let fault = Fault::new(name.span.clone(), title);
            match (self.table, name.text.as_str()) {
                (Table::Raw, "INPUT" | "FORWARD" | "POSTROUTING") => {
                    fault.label("the raw table has PREROUTING and OUTPUT")
                }
                (Table::Filter, "PREROUTING" | "POSTROUTING") => {
                    fault.label("the filter table has INPUT, FORWARD and OUTPUT")
                }
                _ => fault
                    .label("not made before this line")
                    .did_you_mean(&name.text, self.names(family)),
            }
        })
    }

    /// Which of the built-in ones a chain is.
    pub(super) fn built_in(&self, chain: ChainIndex) -> Option<BuiltIn> {
        self.chains.get(chain)?.built_in
    }

    /// Keeps what is wrong with a rule of `chain`, in case that a packet can come to it.
    pub(super) fn keep_fault(&mut self, chain: ChainIndex, fault: Fault, file: &Source) {
        let chain = self.chains.get_mut(chain);
        if let Some(chain) = chain.filter(|chain| chain.faults.len() < MAX_FAULTS) {
            chain.faults.push(Diagnostic::new(fault, file));
        }
    }

    /// What is wrong with the rules that a packet can come to from one of those chains.
    pub(super) fn take_faults(&mut self, from: impl Fn(BuiltIn) -> bool) -> Vec<Diagnostic> {
        let starts =
            self.chains.iter().enumerate().filter(|(_, chain)| chain.built_in.is_some_and(&from));
        let starts: Vec<ChainIndex> = starts.map(|(index, _)| index).collect();
        let mut reached: Vec<_> =
            starts.iter().flat_map(|start| self.reached_from(*start)).collect();
        reached.sort_unstable();
        reached.dedup();
        let mut faults = Vec::new();
        for chain in reached {
            faults
                .extend(self.chains.get_mut(chain).map(|chain| std::mem::take(&mut chain.faults)));
        }
        faults.into_iter().flatten().collect()
    }

    fn position(&self, family: Family, name: &str) -> Option<ChainIndex> {
        self.chains.iter().position(|chain| chain.family == Some(family) && chain.name == name)
    }

    fn names(&self, family: Family) -> impl Iterator<Item = &str> {
        let chains = self.chains.iter().filter(move |chain| chain.family == Some(family));
        chains.map(|chain| chain.name.as_str())
    }

    /// Makes a chain.
    pub(super) fn make(&mut self, family: Family, name: &Word) -> Result<(), Fault> {
        self.check_name(family, name)?;
        let made = self.add((Some(family), name.text.clone()), None);
        made.map(drop).ok_or_else(|| Fault::new(name.span.clone(), too_many_chains()))
    }

    /// Makes a chain of nftables, whose jumps are found by their places. `name` is that of its
    /// table and its own, which no chain of iptables has.
    pub(super) fn make_nft(
        &mut self,
        (family, name): (Option<Family>, String),
        base: Option<Base>,
        place: Range<usize>,
    ) -> Result<ChainIndex, Fault> {
        // Entering it takes two rules at the most, and its policy one.
        self.rule_count = self.rule_count.saturating_add(base.map_or(0, |_| 3));
        let made = self.add((family, name), base.map(BuiltIn::Base));
        made.ok_or_else(|| Fault::new(place, too_many_chains()))
    }

    fn add(
        &mut self,
        (family, name): (Option<Family>, String),
        built_in: Option<BuiltIn>,
    ) -> Option<ChainIndex> {
        let is_made = |chain: &&Chain| {
            matches!(chain.built_in, None | Some(BuiltIn::Base(_))) && !chain.is_dropped()
        };
        if self.chains.iter().filter(is_made).count() >= MAX_USER_CHAINS {
            return None;
        }
        let (rules, faults) = (Vec::new(), Vec::new());
        let chain = Chain { family, name, built_in, rules, drop_policy: None, faults };
        match self.chains.iter_mut().enumerate().find(|(_, chain)| chain.is_dropped()) {
            Some((free, dropped)) => {
                *dropped = chain;
                Some(free)
            }
            None => {
                self.chains.push(chain);
                Some(self.chains.len() - 1)
            }
        }
    }

    /// Sets the policy of a built-in chain.
    pub(super) fn set_policy(&mut self, chain: ChainIndex, policy: Policy, source: RuleSource) {
        if let Some(chain) = self.chains.get_mut(chain) {
            chain.drop_policy = (policy == Policy::Drop).then_some(source);
        }
    }

    /// The number of rules in a chain.
    pub(super) fn len(&self, chain: ChainIndex) -> usize {
        self.chains.get(chain).map_or(0, |chain| chain.rules.len())
    }

    /// Puts a rule in front of the rule `at` of `chain`, counted from 0.
    pub(super) fn insert(
        &mut self,
        (chain, at): (ChainIndex, usize),
        rule: &Rule,
        source: &RuleSource,
        place: Range<usize>,
    ) -> Result<(), Fault> {
        let verdict = self.resolve(chain, &rule.target)?;
        if !self.has_room(rule.count(), place)? {
            return Ok(());
        }
        if let Some(chain) = self.chains.get_mut(chain) {
            let links = rule.expanded().map(|matches| Link {
                matches,
                tests: rule.tests.clone(),
                verdict,
                source: source.clone(),
                remarks: rule.remarks.clone(),
            });
            let at = at.min(chain.rules.len());
            chain.rules.splice(at..at, links);
        }
        Ok(())
    }

    /// Whether so many more rules fit.
    ///
    /// # Errors
    /// That they do not, said once: what comes behind does not fit either.
    fn has_room(&mut self, count: usize, place: Range<usize>) -> Result<bool, Fault> {
        let had_room = self.rule_count <= MAX_RULES;
        self.rule_count = self.rule_count.saturating_add(count);
        if self.rule_count <= MAX_RULES {
            return Ok(true);
        }
        let fault = || Err(Fault::new(place, format!("more than {MAX_RULES} rules")));
        if had_room { fault() } else { Ok(false) }
    }

    /// Whether there are more rules than fit, which was said.
    pub(super) fn is_full(&self) -> bool {
        self.rule_count > MAX_RULES
    }

    /// Puts a rule of nftables at the end of `chain`.
    pub(super) fn append(
        &mut self,
        chain: ChainIndex,
        link: Link,
        place: Range<usize>,
    ) -> Result<(), Fault> {
        let has_room = self.has_room(1, place)?;
        if let Some(chain) = self.chains.get_mut(chain).filter(|_| has_room) {
            chain.rules.push(link);
        }
        Ok(())
    }

    fn resolve(&self, from: ChainIndex, target: &RuleTarget) -> Result<Verdict, Fault> {
        let (name, verdict): (&Word, fn(ChainIndex) -> Verdict) = match target {
            RuleTarget::BuiltIn(target) => return Ok(Verdict::BuiltIn(*target)),
            RuleTarget::Jump(name) => (name, Verdict::Jump),
            RuleTarget::Goto(name) => (name, Verdict::Goto),
        };
        let family = self.chains.get(from).and_then(|chain| chain.family);
        let family = family.unwrap_or(Family::V4);
        let Some(into) = self.position(family, &name.text) else {
            return Err(self.unknown_target(family, name));
        };
        let fault = |title: String| Err(Fault::new(name.span.clone(), title));
        if self.built_in(into).is_some() {
            return fault(format!("`{}` is a built-in chain: no rule jumps there", name.text));
        }
        if self.reaches(into, from) {
            return fault(format!("the chains jump in a circle through `{}`", name.text))
                .map_err(|fault| fault.label("this jump closes it"));
        }
        Ok(verdict(into))
    }

    fn unknown_target(&self, family: Family, name: &Word) -> Fault {
        if name.text == FULL {
            return Fault::new(name.span.clone(), format!("`-j {FULL}` asks for nothing"))
                .label("not a chain made before this line")
                .help("say `--class NAME` or `--bypass` or both");
        }
        let title = format!("no chain or target is called `{}`", name.text);
        Fault::new(name.span.clone(), title)
            .label("not a target, and not a chain made before this line")
            .did_you_mean(&name.text, TARGETS.iter().copied().chain(self.names(family)))
    }

    pub(super) fn reaches(&self, from: ChainIndex, to: ChainIndex) -> bool {
        self.reached_from(from).contains(&to)
    }

    /// The chains that a walk of `start` can enter, itself first.
    pub(super) fn reached_from(&self, start: ChainIndex) -> Vec<ChainIndex> {
        let mut reached = vec![start];
        let mut next = 0;
        while let Some(chain) = reached.get(next).and_then(|chain| self.chains.get(*chain)) {
            for into in chain.rules.iter().filter_map(|rule| rule.verdict.chain()) {
                if !reached.contains(&into) {
                    reached.push(into);
                }
            }
            next += 1;
        }
        reached
    }
}

fn too_many_chains() -> String {
    format!("more than {MAX_USER_CHAINS} chains beside the built-in")
}
