//! The order in which chains are written: none leads into an earlier one.

use std::collections::BTreeSet;
use std::vec::Vec;

use super::{Program, ProgramError, ProgramFault};

/// The places of the chains that can be entered, each behind all that lead into it; otherwise as
/// they are in the program.
pub(super) fn order(program: &Program) -> Result<Vec<usize>, ProgramError> {
    let mut waiting = entered(program)?;
    let mut order = Vec::new();
    while let Some(&first) = waiting.first() {
        let led: BTreeSet<usize> = waiting.iter().flat_map(|&chain| ways(program, chain)).collect();
        let next = waiting.difference(&led).next().copied();
        let why = ProgramFault::Loop;
        let next = next.ok_or(ProgramError { chain: first, rule: None, why })?;
        waiting.remove(&next);
        order.push(next);
    }
    Ok(order)
}

/// The chains that packets come to.
fn entered(program: &Program) -> Result<BTreeSet<usize>, ProgramError> {
    let mut entered = BTreeSet::new();
    let starts = program.starts.iter().filter_map(|start| start.chain).map(usize::from);
    let mut ways: Vec<_> = starts.map(|chain| (chain, None, chain)).collect();
    while let Some((chain, rule, into)) = ways.pop() {
        let why = ProgramFault::NoChain;
        let known = program.chains.get(into).ok_or(ProgramError { chain, rule, why })?;
        if entered.insert(into) {
            let rules = known.rules.iter().enumerate();
            let leading = rules.filter_map(|(at, rule)| Some((at, rule.target.chain()?)));
            ways.extend(leading.map(|(at, further)| (into, Some(at), usize::from(further))));
        }
    }
    Ok(entered)
}

/// The chains that one leads into at once.
fn ways(program: &Program, chain: usize) -> impl Iterator<Item = usize> {
    let rules = program.chains.get(chain).into_iter().flat_map(|chain| &chain.rules);
    rules.filter_map(|rule| rule.target.chain()).map(usize::from)
}
