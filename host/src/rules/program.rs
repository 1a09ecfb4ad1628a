//! From the chains of both families to a program of the gateway.

use keeptrack_core::Class;
use keeptrack_core::raw::{Family, Policy, Target, Test, WhenFull};
use keeptrack_gateway::rules::{Ask, Chain, Program, Rule, Start, States, Then};

use super::RuleSource;
use super::chains::{BuiltIn, ChainIndex, Chains, Link, Verdict};
use super::matches::{States as Named, Tests};

/// A program, and where its rules come from.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) program: Program,
    /// Of each chain the sources of its rules.
    pub(crate) sources: Vec<Vec<RuleSource>>,
}

impl Compiled {
    /// Numbers the classes anew, in the order in which the rules of the program name them, and
    /// answers with their old numbers: those that no rule names which a packet comes to are gone.
    pub(super) fn renumber_classes(&mut self) -> Vec<Class> {
        let mut known: Vec<Class> = Vec::new();
        for rule in self.program.chains.iter_mut().flat_map(|chain| &mut chain.rules) {
            let Then::Full(WhenFull { class: Some(class), .. }) = &mut rule.target else {
                continue;
            };
            let number = known.iter().position(|other| other == class);
            let number = number.unwrap_or_else(|| {
                known.push(*class);
                known.len() - 1
            });
            *class = Class::at(number).unwrap_or(*class);
        }
        known
    }
}

/// Makes the program of what is reached from the chain `hook` of both families.
///
/// Rules that do nothing are left out, and so is what no packet comes to.
pub(super) fn program(chains: &Chains, hook: BuiltIn) -> Compiled {
    let begins = [Family::V4, Family::V6].map(|family| Begin::of(chains, hook, family));
    let order = in_order(chains, &begins);
    let number = |chain: ChainIndex| {
        let place = order.iter().position(|known| *known == chain)?;
        u16::try_from(place).ok()
    };
    let starts =
        begins.map(|Begin { chain, policy }| Start { chain: chain.and_then(number), policy });
    let mut program = Program { chains: Vec::new(), starts };
    let mut sources = Vec::new();
    for chain in order.iter().filter_map(|index| chains.all().get(*index)) {
        let acting = chain.rules.iter().filter(|link| !is_idle(link));
        let rules = acting.clone().filter_map(|link| rule(link, number));
        program.chains.push(Chain { rules: rules.collect() });
        sources.push(acting.map(|link| link.source.clone()).collect());
    }
    Compiled { program, sources }
}

/// Where the packets of a family begin.
struct Begin {
    /// Their chain; `None`: it has no rules that do anything.
    chain: Option<ChainIndex>,
    policy: Policy,
}

impl Begin {
    fn of(chains: &Chains, hook: BuiltIn, family: Family) -> Self {
        let mut known = chains.all().iter().enumerate();
        let found =
            known.find(|(_, chain)| chain.family == Some(family) && chain.built_in == Some(hook));
        let policy = match found.and_then(|(_, chain)| chain.drop_policy.as_ref()) {
            Some(_) => Policy::Drop,
            None => Policy::Accept,
        };
        let ruled = found.filter(|(_, chain)| !chain.rules.iter().all(is_idle));
        Self { chain: ruled.map(|(index, _)| index), policy }
    }
}

/// The chains that packets come to, each before those that it leads into, IPv4's first.
fn in_order(chains: &Chains, begins: &[Begin; 2]) -> Vec<ChainIndex> {
    let mut behind = Vec::new();
    for begin in begins.iter().rev().filter_map(|begin| begin.chain) {
        descend(chains, begin, &mut behind);
    }
    behind.reverse();
    behind
}

/// Puts a chain into `behind`, after all that it leads into. Chains do not lead in a circle.
fn descend(chains: &Chains, index: ChainIndex, behind: &mut Vec<ChainIndex>) {
    let Some(chain) = chains.all().get(index).filter(|_| !behind.contains(&index)) else { return };
    for into in chain.rules.iter().rev().filter_map(|link| link.verdict.chain()) {
        descend(chains, into, behind);
    }
    behind.push(index);
}

/// Whether a rule does nothing with a packet: it was there to count or to record.
fn is_idle(link: &Link) -> bool {
    link.verdict == Verdict::BuiltIn(Target::Continue)
}

fn rule(link: &Link, number: impl Fn(ChainIndex) -> Option<u16>) -> Option<Rule> {
    let target = match link.verdict {
        Verdict::Jump(chain) => Then::Jump(number(chain)?),
        Verdict::Goto(chain) => Then::Goto(number(chain)?),
        Verdict::BuiltIn(target) => match target {
            Target::NoTrack => Then::NoTrack,
            Target::Ct(template) => Then::Ct(template),
            Target::Full(full) => Then::Full(full),
            Target::Accept => Then::Accept,
            Target::Drop => Then::Drop,
            Target::Return => Then::Return,
            // The chains of a core table are not those of the text.
            // No rule of a bridge marks a packet, and the chains of a core table are not those of the
            // text.
            Target::Continue
            | Target::Mark { .. }
            | Target::Jump(_)
            | Target::Goto(_)
            | Target::Base(_) => return None,
        },
    };
    let tests = Ask::of(&link.matches).into_iter().chain(besides(&link.tests));
    // A chain is of one family, and only packets of that come to it.
    let tests = tests.filter(|ask| !matches!(ask, Ask::Family(_)));
    Some(Rule { tests: tests.collect(), target })
}

/// What only a rule of the filter asks.
fn besides(tests: &Tests) -> impl Iterator<Item = Ask> {
    let state = match tests.state {
        Test::Any => None,
        Test::Is(states) => Some(Ask::State(mask(states))),
        Test::Not(states) => Some(Ask::State(!mask(states))),
    };
    let icmp = match tests.icmp {
        Test::Any => None,
        Test::Is(types) => Some((false, types)),
        Test::Not(types) => Some((true, types)),
    };
    let icmp = icmp.map(|(not, types)| Ask::Icmp { not, kind: types.kind, codes: types.codes });
    state.into_iter().chain(icmp)
}

/// The states as a program has them.
fn mask(Named(bits): Named) -> States {
    let all =
        [States::NEW, States::ESTABLISHED, States::RELATED, States::INVALID, States::UNTRACKED];
    let named = all.into_iter().enumerate().filter(|(index, _)| bits & (1 << index) != 0);
    named.fold(States::NONE, |states, (_, state)| states | state)
}
