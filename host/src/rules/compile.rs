//! From the chains of both families to core's one raw table.

use keeptrack_core::raw::{ChainId, Family, Hook, MAX_WALK, Matches, RawError, Target};

use super::chains::{Chain, Chains, Link, Verdict};
use super::policies::Policies;
use super::{HostRawTable, Origin, RuleSource};
use crate::diagnostic::Diagnostic;

/// Makes the table, and the source of each of its rules in the same order.
///
/// Rules of a built-in chain go into core's chain of that hook, for each tests its family. A chain
/// with the policy DROP becomes a chain of its own, entered by one rule and followed by one that
/// drops what comes back: so the policy holds for its family only, and what it drops is counted.
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
    for chain in &chains {
        ids.push(output.chain_id(chain)?);
    }
    for ((chain, hooks), id) in chains.into_iter().zip(hooks).zip(&ids) {
        let entry = chain.hook().zip(chain.drop_policy);
        for link in chain.rules {
            output.rule(*id, link, &hooks, &ids)?;
        }
        if let Some((hook, source)) = entry {
            output.policy(chain.family, hook, *id, &source)?;
        }
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
            if let Some(hooks) = hooks.get_mut(reached) {
                hooks.push(hook);
            }
        }
    }
    hooks
}

struct Output {
    table: Box<HostRawTable>,
    sources: Vec<RuleSource>,
}

impl Output {
    fn chain_id(&mut self, chain: &Chain) -> Result<ChainId, Diagnostic> {
        match chain.hook() {
            Some(hook) if chain.drop_policy.is_none() => Ok(ChainId::of(hook)),
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

    /// Enters `chain` from the chain of `hook`, and drops what comes back.
    fn policy(
        &mut self,
        family: Family,
        hook: Hook,
        chain: ChainId,
        source: &RuleSource,
    ) -> Result<(), Diagnostic> {
        for (target, origin) in
            [(Target::Jump(chain), Origin::Entry), (Target::Drop, Origin::Policy)]
        {
            let matches = Matches { family: Some(family), ..Matches::default() };
            let source = RuleSource { hooks: vec![hook], origin, ..source.clone() };
            self.append(ChainId::of(hook), matches, target, source)?;
        }
        Ok(())
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
