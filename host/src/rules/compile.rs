//! From the chains of both families to core's one raw table.

use keeptrack_core::raw::{ChainId, Family, Hook, MAX_WALK, Matches, RawError, Target};

use super::chains::{BuiltIn, Chain, Chains, Link, Verdict};
use super::policies::Policies;
use super::{HostRawTable, Origin, RuleSource};
use crate::diagnostic::Diagnostic;

/// Makes the table, and the source of each of its rules in the same order.
///
/// Rules of a built-in chain go into core's chain of that hook, for each tests its family. A chain
/// with the policy DROP becomes a chain of its own, entered by one rule and followed by one that
/// drops what comes back: so the policy holds for its family only, and what it drops is counted.
/// Where nftables has a chain at the hook beside another one, each is a chain of its own, for an
/// ACCEPT ends only the chain in which it stands.
///
/// # Errors
/// The rule that did not fit, or a walk that is too long.
pub(super) fn compile(
    chains: Chains,
    policies: &Policies,
) -> Result<(Box<HostRawTable>, Vec<RuleSource>), Diagnostic> {
    let hooks = hooks_by_chain(&chains);
    let chains = chains.into_all();
    let mut output = Output { table: Box::default(), sources: Vec::new() };
    for timeouts in policies.timeouts() {
        output.table.add_timeouts(timeouts).map_err(|error| refused(error, None))?;
    }
    let mut ids = Vec::with_capacity(chains.len());
    let shared: Vec<Hook> =
        Hook::ALL.into_iter().filter(|hook| is_shared(&chains, *hook)).collect();
    for chain in &chains {
        ids.push(output.chain_id(chain, &shared)?);
    }
    let entries = chains.iter().zip(&ids).filter_map(|(chain, id)| Entry::of(chain, *id, &shared));
    let mut entries: Vec<Entry> = entries.collect();
    entries.sort_by_key(|entry| entry.priority);
    for ((chain, hooks), id) in chains.into_iter().zip(hooks).zip(&ids) {
        for link in chain.rules {
            output.rule(*id, link, &hooks, &ids)?;
        }
    }
    for entry in entries {
        output.entry(&entry)?;
    }
    output.table.check().map_err(|error| refused(error, None))?;
    Ok((output.table, output.sources))
}

/// For each chain, the hooks from which a packet can come there.
fn hooks_by_chain(chains: &Chains) -> Vec<Vec<Hook>> {
    let mut hooks = vec![Vec::new(); chains.all().len()];
    for (index, chain) in chains.all().iter().enumerate() {
        let Some(hook) = chain.hook() else { continue };
        for reached in chains.reached_from(index) {
            if let Some(hooks) = hooks.get_mut(reached).filter(|hooks| !hooks.contains(&hook)) {
                hooks.push(hook);
            }
        }
    }
    hooks
}

/// Whether chains of one hook are walked one behind the other.
fn is_shared(chains: &[Chain], hook: Hook) -> bool {
    let mut at_hook =
        chains.iter().filter(|chain| chain.hook() == Some(hook) && !chain.does_nothing());
    let is_base = |chain: &Chain| matches!(chain.built_in, Some(BuiltIn::Base(_)));
    at_hook.clone().any(is_base) && at_hook.nth(1).is_some()
}

/// The way into a chain of a hook that is a chain of its own.
struct Entry {
    priority: i32,
    family: Option<Family>,
    hook: Hook,
    chain: ChainId,
    /// Whether other chains of the hook are walked before or behind it.
    is_shared: bool,
    drop_policy: Option<RuleSource>,
    source: RuleSource,
}

impl Entry {
    /// That of `chain`, if it has one and there is something in it.
    fn of(chain: &Chain, id: ChainId, shared: &[Hook]) -> Option<Self> {
        let (built_in, hook) = chain.built_in.zip(chain.hook())?;
        let first = chain.rules.first().map(|link| &link.source);
        Some(Self {
            priority: built_in.priority(),
            family: chain.family,
            hook,
            chain: id,
            is_shared: shared.contains(&hook),
            drop_policy: chain.drop_policy.clone(),
            source: chain
                .drop_policy
                .as_ref()
                .or(first)
                .filter(|_| id != ChainId::of(hook))?
                .clone(),
        })
    }

    fn matches(&self) -> Matches {
        Matches { family: self.family, ..Matches::default() }
    }

    /// A source of one of its own rules, which test no interface.
    fn source_of(&self, source: &RuleSource) -> RuleSource {
        RuleSource { hooks: vec![self.hook], interfaces: Vec::new(), ..source.clone() }
    }
}

struct Output {
    table: Box<HostRawTable>,
    sources: Vec<RuleSource>,
}

impl Output {
    fn chain_id(&mut self, chain: &Chain, shared: &[Hook]) -> Result<ChainId, Diagnostic> {
        let is_own = |hook| chain.drop_policy.is_some() || shared.contains(&hook);
        match chain.hook() {
            Some(hook) if chain.does_nothing() || !is_own(hook) => Ok(ChainId::of(hook)),
            _ => self.table.add_chain().map_err(|error| refused(error, None)),
        }
    }

    fn rule(
        &mut self,
        chain: ChainId,
        link: Link,
        hooks: &[Hook],
        ids: &[ChainId],
    ) -> Result<(), Diagnostic> {
        let id = |index: usize| ids.get(index).copied();
        let target = match link.verdict {
            Verdict::BuiltIn(target) => Some(target),
            Verdict::Jump(into) => id(into).map(Target::Jump),
            Verdict::Goto(into) => id(into).map(Target::Goto),
        };
        let source = RuleSource { hooks: hooks.to_vec(), ..link.source };
        self.append(chain, link.matches, target.unwrap_or(Target::Continue), source)
    }

    /// Enters a chain from that of its hook, and drops what comes back if its policy is to.
    ///
    /// Where chains are walked one behind the other, chain and policy are two rules of a base chain
    /// of their own: an ACCEPT passes over both.
    fn entry(&mut self, entry: &Entry) -> Result<(), Diagnostic> {
        let at_hook = ChainId::of(entry.hook);
        let Some(policy) = &entry.drop_policy else {
            return self.enter(at_hook, Target::Base(entry.chain), entry);
        };
        let mut chain = at_hook;
        if entry.is_shared {
            chain = self.table.add_chain().map_err(|error| refused(error, None))?;
            self.enter(at_hook, Target::Base(chain), entry)?;
        }
        self.enter(chain, Target::Jump(entry.chain), entry)?;
        let source = RuleSource { origin: Origin::Policy, ..entry.source_of(policy) };
        self.append(chain, entry.matches(), Target::Drop, source)
    }

    fn enter(&mut self, from: ChainId, target: Target, entry: &Entry) -> Result<(), Diagnostic> {
        let source = RuleSource { origin: Origin::Entry, ..entry.source_of(&entry.source) };
        self.append(from, entry.matches(), target, source)
    }

    fn append(
        &mut self,
        chain: ChainId,
        matches: Matches,
        target: Target,
        source: RuleSource,
    ) -> Result<(), Diagnostic> {
        let appended = self.table.append(chain, matches, target);
        appended.map_err(|error| refused(error, Some(&source)))?;
        self.sources.push(source);
        Ok(())
    }
}

fn refused(error: RawError, source: Option<&RuleSource>) -> Diagnostic {
    let what = match error {
        RawError::TooManyRules => "there are too many rules".to_owned(),
        RawError::TooManyChains => "there are too many chains".to_owned(),
        RawError::Loop => "the chains jump in a circle".to_owned(),
        RawError::TooLong => format!("a packet could meet more than {MAX_WALK} rules at one hook"),
        _ => "the rules do not fit".to_owned(),
    };
    let place = source.map(|source| format!("{}:{}: ", source.file, source.line));
    Diagnostic::without_place(&format!("{}{what}", place.unwrap_or_default()), None)
}
