//! The rules as packets come to them, hook by hook.

use keeptrack_core::raw::{Matches, PacketKind, SetId, Test};

use crate::rules::{Action, AnyHook as Hook, Base, Chain, Outline, Packets, Rule};

use super::packets::{self, Meeting};
use super::without_effect;

/// The priority from which on a chain comes behind connection tracking.
pub(super) const CONNTRACK: i32 = -200;
/// The most rules that are walked from one base chain: jumps may multiply them.
const MAX_STEPS: usize = 10_000;
/// The most alternatives that are told apart on a path.
const MAX_ALTERNATIVES: usize = 256;
/// All states.
const ALL_STATES: u8 = 0x1f;
/// The state UNTRACKED.
const UNTRACKED: u8 = 1 << 4;

/// All rules as packets come to them.
pub(super) struct Scene<'o> {
    pub(super) outline: &'o Outline,
    /// By base chain, in the order in which packets come to them.
    pub(super) met: Vec<Met<'o>>,
}

/// A rule as the packets of a base chain come to it.
#[derive(Clone)]
pub(super) struct Met<'o> {
    pub(super) base: &'o Base,
    /// The base chain.
    pub(super) entry: &'o Chain,
    /// The chain that it stands in, by its place.
    pub(super) chain: usize,
    pub(super) rule: &'o Rule,
    /// What comes to it and what it matches.
    pub(super) any_of: Vec<Matches>,
    /// In which states.
    states: u8,
    pub(super) is_exact: bool,
    pub(super) is_local: bool,
}

impl Met<'_> {
    /// Whether packets meet it before they are tracked.
    pub(super) fn is_before_tracking(&self) -> bool {
        let at_hook = matches!(self.base.hook, Hook::Prerouting | Hook::Output);
        at_hook && self.base.priority < CONNTRACK && !self.base.is_nat
    }

    /// Whether it asks for the state UNTRACKED, beside others or alone.
    pub(super) const fn asks_untracked(&self) -> bool {
        self.states & UNTRACKED != 0 && self.states != ALL_STATES
    }

    pub(super) const fn may_be_untracked(&self) -> bool {
        self.states & UNTRACKED != 0
    }
}

impl<'o> Scene<'o> {
    pub(super) fn new(outline: &'o Outline) -> Self {
        let bases = outline.chains.iter().enumerate();
        let bases = bases.filter_map(|(at, chain)| Some((at, chain, chain.base.as_ref()?)));
        let met = bases.flat_map(|(at, entry, base)| {
            let mut walk = Walk { outline, entry, base, steps: 0, met: Vec::new() };
            let all = Path {
                any_of: vec![Matches { family: entry.family, ..Matches::default() }],
                states: ALL_STATES,
                is_exact: true,
                is_local: false,
            };
            walk.chain(at, &all, &mut Vec::new());
            walk.met
        });
        Self { outline, met: met.collect() }
    }

    /// The rules that do this, at that hook before tracking.
    pub(super) fn untracked_at(&self, hook: Hook) -> impl Iterator<Item = &Met<'o>> {
        self.notracks().filter(move |met| met.base.hook == hook)
    }

    /// The NOTRACK rules that packets meet before they are tracked.
    pub(super) fn notracks(&self) -> impl Iterator<Item = &Met<'o>> {
        let is_notrack = |met: &&Met<'_>| met.rule.action == Action::NoTrack;
        self.met.iter().filter(is_notrack).filter(|met| met.is_before_tracking())
    }

    /// Those that do something: packets come to them that were not tracked before.
    pub(super) fn effective(&self) -> impl Iterator<Item = &Met<'o>> {
        self.notracks().filter(|met| {
            !without_effect::is_shadowed(self, met)
                && (met.base.hook == Hook::Output || !without_effect::is_of_loopback(met))
        })
    }

    /// What rules at that hook leave untracked for certain.
    pub(super) fn surely_untracked(&self, hook: Hook) -> impl Iterator<Item = &Matches> {
        let exact = self.untracked_at(hook).filter(|met| met.is_exact);
        exact.flat_map(|met| &met.any_of)
    }

    /// The same of answers to what this host sends: they come to it, and to it alone.
    pub(super) fn surely_untracked_here(&self) -> Vec<Matches> {
        let here =
            |one: &Matches| unicast(without(one.clone(), |set| self.outline.is_of_receiver(set)));
        self.surely_untracked(Hook::Prerouting).map(here).collect()
    }

    /// The chains that packets enter at a hook behind tracking, but those for NAT.
    pub(super) fn filters_at(&self, hook: Hook) -> impl Iterator<Item = &'o Chain> {
        let outline = self.outline;
        outline.chains.iter().filter(move |chain| {
            chain
                .base
                .as_ref()
                .is_some_and(|base| base.hook == hook && base.priority > CONNTRACK && !base.is_nat)
        })
    }

    /// The rules that packets come to from that base chain.
    pub(super) fn met_from(&self, entry: &'o Chain) -> impl Iterator<Item = &Met<'o>> {
        self.met.iter().filter(move |met| std::ptr::eq(met.entry, entry))
    }

    /// Whether a base chain lets none of these pass that are untracked, but by a rule that accepts.
    /// Nothing is sure behind a rule that leads some of them past others.
    pub(super) fn is_closed(&self, entry: &'o Chain, packets: &Matches) -> bool {
        let drops = |met: &Met<'_>| {
            met.rule.action == Action::Drop
                && met.is_exact
                && met.may_be_untracked()
                && packets::covered(packets, met.any_of.iter())
        };
        let leads_past = |met: &Met<'_>| {
            matches!(met.rule.action, Action::Return | Action::Goto(_))
                && packets::may_share(std::slice::from_ref(packets), &met.any_of)
        };
        entry.drops || (self.met_from(entry).any(drops) && !self.met_from(entry).any(leads_past))
    }
}

/// What asks the same but for those sets.
fn without(matches: Matches, is_left_out: impl Fn(SetId) -> bool) -> Matches {
    let is_kept = |test: &Test<SetId>| !matches!(test, Test::Is(set) if is_left_out(*set));
    let sets = matches.sets.iter().filter(|test| is_kept(test)).cloned().collect();
    Matches { sets, ..matches }
}

/// What is asked of packets that are for one host.
fn unicast(matches: Matches) -> Matches {
    let is_kind = matches.kind.passes(|kind| *kind == PacketKind::Unicast);
    Matches { kind: if is_kind { Test::Any } else { matches.kind }, ..matches }
}

/// What comes along a path.
struct Path {
    any_of: Vec<Matches>,
    states: u8,
    is_exact: bool,
    is_local: bool,
}

impl Path {
    /// What of it a rule matches.
    fn into(&self, packets: &Packets) -> Self {
        let pairs = self.any_of.iter().flat_map(|a| packets.any_of.iter().map(move |b| (a, b)));
        let met: Vec<Meeting> = pairs.filter_map(|(a, b)| Meeting::of(a, b)).collect();
        let is_exact = met.iter().all(|met| met.is_exact);
        let fits = met.len() <= MAX_ALTERNATIVES;
        let met = met.into_iter().map(|met| met.matches).collect();
        let states = match packets.states {
            Test::Any => ALL_STATES,
            Test::Is(states) => states,
            Test::Not(states) => !states & ALL_STATES,
        };
        Self {
            any_of: if fits { met } else { packets.any_of.clone() },
            states: self.states & states,
            is_exact: self.is_exact && packets.is_exact && is_exact && fits,
            is_local: self.is_local || packets.is_local,
        }
    }
}

struct Walk<'o> {
    outline: &'o Outline,
    entry: &'o Chain,
    base: &'o Base,
    steps: usize,
    met: Vec<Met<'o>>,
}

impl Walk<'_> {
    fn chain(&mut self, at: usize, path: &Path, open: &mut Vec<usize>) {
        let Some(chain) = self.outline.chains.get(at).filter(|_| !open.contains(&at)) else {
            return;
        };
        open.push(at);
        for rule in &chain.rules {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                break;
            }
            let mut into = path.into(&rule.packets);
            if self.base.hook == Hook::Output {
                into.any_of = into.any_of.into_iter().map(|one| self.sent(one)).collect();
            }
            if into.any_of.is_empty() {
                continue;
            }
            if let Action::Jump(to) | Action::Goto(to) = rule.action {
                self.chain(to, &into, open);
            }
            let Path { any_of, states, is_exact, is_local } = into;
            let (base, entry) = (self.base, self.entry);
            self.met.push(Met { base, entry, chain: at, rule, any_of, states, is_exact, is_local });
        }
        open.pop();
    }

    /// What a rule at OUTPUT asks, but for what is true of all packets there: this host sends them, and
    /// no link has made them a broadcast.
    fn sent(&self, one: Matches) -> Matches {
        unicast(without(one, |set| self.outline.is_of_sender(set)))
    }
}
