//! From a ruleset to chains: those at a hook before connection tracking, and what they lead into.

use std::collections::HashSet;

use keeptrack_core::raw::{Family, Hook, Matches};

use super::asking::Asking;
use super::combine::{self, Both};
use super::lexer::Token;
use super::listing::{Form, Listing};
use super::priority;
use super::rule::{self, Rule, Then};
use super::ruleset::{self, Ruleset, Table};
use super::{Destination, LateRule};
use crate::diagnostic::{Fault, Faults};
use crate::rules::chains::{self, ChainIndex, Chains, Link, Verdict};
use crate::rules::matches::Tests;
use crate::rules::words::Word;
use crate::rules::{Origin, RuleSource, SkippedCounts, Unknown};

/// How rules are counted that decide nothing.
const LATE: &str = "nft behind tracking";
const DORMANT: &str = "nft of dormant tables";

/// How much of a rule is kept to be shown, in bytes: a set may stand in it.
const MAX_TEXT_LEN: usize = 1000;

/// Puts what decides before tracking into the chains; notes what is said of tracking too late.
pub(super) fn lower(listing: &Listing, ruleset: &Ruleset, to: &mut Destination<'_>) {
    let mut lost = Lost::default();
    let mut is_full = false;
    for table in &ruleset.tables {
        if !table.is_met() {
            let reason = if table.is_dormant { DORMANT } else { LATE };
            let rules = table.chains.iter().flat_map(|chain| &chain.rules);
            rules.for_each(|_| to.skipped.count(reason));
            continue;
        }
        let Destination { chains, skipped, late, known, sets, faults, .. } = to;
        let mut lowering = Lowering {
            listing,
            table,
            family: table.only_family(),
            asking: Asking::new(sets, known),
            unknown: known.unknown,
            known: Vec::new(),
            open: Vec::new(),
            seen_late: HashSet::new(),
            lost: &mut lost,
            is_full,
            to: Into { chains, skipped, late, faults },
        };
        lowering.table();
        is_full = lowering.is_full;
    }
    if let Some(fault) = lost.fault(listing) {
        to.faults.take(fault);
    }
}

/// Rules that iptables-nft made and of which nft does not show what they ask.
#[derive(Default)]
struct Lost {
    first: Option<Fault>,
    count: usize,
}

impl Lost {
    /// One fault of all of them, at the place of the first.
    fn fault(self, listing: &Listing) -> Option<Fault> {
        let first = self.first?;
        let form = match listing.form {
            Form::Text => "listing",
            Form::Json => "JSON",
        };
        let title = match self.count {
            1 => format!("a rule lost its parameters in this {form}"),
            count => format!("{count} rules lost their parameters in this {form}"),
        };
        Some(
            Fault::new(first.span, title)
                .label("nft does not show what it asks")
                .help("they were added by iptables-nft; pass `iptables-save -t raw` instead"),
        )
    }
}

/// What a table is put into.
struct Into<'t, 'd> {
    chains: &'t mut Chains,
    skipped: &'t mut SkippedCounts,
    late: &'t mut Vec<LateRule>,
    faults: &'t mut Faults<'d>,
}

struct Lowering<'r, 'd, 't> {
    listing: &'r Listing,
    table: &'r Table,
    family: Option<Family>,
    asking: Asking<'t>,
    unknown: Unknown,
    /// The chains that packets come to, with their places among all chains.
    known: Vec<(&'r str, ChainIndex)>,
    /// Those whose rules are being read, each for a jump of the one before.
    open: Vec<ChainIndex>,
    /// The chains behind tracking that were looked at.
    seen_late: HashSet<&'r str>,
    lost: &'t mut Lost,
    /// Whether no more faults are taken, or no more rules fit.
    is_full: bool,
    to: Into<'t, 'd>,
}

impl<'r> Lowering<'r, '_, '_> {
    fn table(&mut self) {
        self.to.skipped.has_nat |= self.table.chains.iter().any(ruleset::Chain::translates);
        for chain in &self.table.chains {
            if self.is_full {
                return;
            }
            if let Some(base) = &chain.base {
                match decides(base) {
                    Some(hook) => self.base_chain(chain, base, hook),
                    None => self.late_chain(chain, base),
                }
            }
        }
    }

    fn base_chain(&mut self, chain: &'r ruleset::Chain, base: &ruleset::Base, hook: Hook) {
        let place = chains::Base { hook, priority: base.priority };
        let made = self.make(&chain.name, Some(place), base.hook.span.clone());
        let Some(index) = self.taken(made) else { return };
        if base.drops {
            let source = self.source(base.hook.span.start, base.hook.span.end);
            self.to.chains.set_policy(index, keeptrack_core::raw::Policy::Drop, source);
        }
        self.rules(chain, index);
    }

    fn make(
        &mut self,
        name: &'r str,
        base: Option<chains::Base>,
        place: std::ops::Range<usize>,
    ) -> Result<ChainIndex, Fault> {
        let full_name = format!("{} {} {name}", self.table.family, self.table.name);
        let index = self.to.chains.make_nft((self.family, full_name), base, place)?;
        self.known.push((name, index));
        Ok(index)
    }

    /// Keeps a fault.
    fn taken<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.is_full |= !self.to.faults.take(fault)).ok()
    }

    fn rules(&mut self, chain: &'r ruleset::Chain, index: ChainIndex) {
        self.open.push(index);
        for tokens in &chain.rules {
            let lost_count = self.asking.lost_count;
            let parsed = rule::parse(tokens, self.table, &mut self.asking);
            match parsed.and_then(|rule| self.add(index, tokens, &rule)) {
                Err(fault) if self.asking.lost_count > lost_count => {
                    self.lost.first.get_or_insert(fault);
                    self.lost.count += 1;
                }
                Err(fault) if fault.is_undecided() && self.unknown == Unknown::MatchesNothing => {
                    let RuleSource { file, line, .. } = self.source_of(tokens);
                    self.to.skipped.undecided.push(format!("{file}:{line}: {}", fault.title()));
                }
                added => drop(self.taken(added)),
            }
            self.is_full |= self.to.chains.is_full();
            if self.is_full {
                break;
            }
        }
        self.open.pop();
    }

    fn add(&mut self, chain: ChainIndex, tokens: &[Token], rule: &Rule) -> Result<(), Fault> {
        let source = RuleSource { interfaces: rule.interfaces.clone(), ..self.source_of(tokens) };
        self.to.skipped.log_rules += usize::from(rule.records);
        let place = tokens.first().map_or(0..0, |token| token.word.span.clone());
        let mut blocks = vec![chain];
        for number in 1..rule.blocks.len() {
            let name =
                format!("{} {} {}:{number}", self.table.family, self.table.name, place.start);
            blocks.push(self.to.chains.make_nft((self.family, name), None, place.clone())?);
        }
        for (index, block) in blocks.iter().zip(&rule.blocks) {
            for (matches, then) in block {
                let of_table = Matches { family: self.family, ..Matches::default() };
                // What no packet of the table's family passes is nobody's rule.
                let Both::One(matches) = combine::both(&of_table, matches) else { continue };
                let verdict = self.verdict(chain, then, &blocks)?;
                let tests = Tests::default();
                let link = Link {
                    matches: *matches,
                    tests,
                    verdict,
                    source: source.clone(),
                    remarks: Vec::new(),
                };
                self.to.chains.append(*index, link, place.clone())?;
            }
        }
        Ok(())
    }

    fn verdict(
        &mut self,
        from: ChainIndex,
        then: &Then,
        blocks: &[ChainIndex],
    ) -> Result<Verdict, Fault> {
        Ok(match then {
            Then::BuiltIn(target) => Verdict::BuiltIn(*target),
            Then::Block(number) | Then::LeaveFor(number) => {
                let leads =
                    if matches!(then, Then::Block(_)) { Verdict::Jump } else { Verdict::Goto };
                let into = blocks.get(*number).copied();
                into.map_or(Verdict::BuiltIn(keeptrack_core::raw::Target::Continue), leads)
            }
            Then::Jump(name) => Verdict::Jump(self.chain(from, name)?),
            Then::Goto(name) => Verdict::Goto(self.chain(from, name)?),
        })
    }

    /// The chain that a rule of `from` leads into, read when the first rule does.
    fn chain(&mut self, from: ChainIndex, name: &Word) -> Result<ChainIndex, Fault> {
        let known = self.known.iter().find(|(known, _)| *known == name.text);
        if let Some(&(_, index)) = known {
            if self.to.chains.reaches(index, from) || self.open.contains(&index) {
                let title = format!("the chains jump in a circle through `{}`", name.text);
                return Err(Fault::new(name.span.clone(), title).label("this jump closes it"));
            }
            return Ok(index);
        }
        let Some(chain) = self.table.named_chain(&name.text) else {
            let known = self.table.chains.iter().map(|chain| chain.name.as_str());
            let title = format!("the table has no chain `{}`", name.text);
            return Err(Fault::new(name.span.clone(), title).did_you_mean(&name.text, known));
        };
        let index = self.make(&chain.name, None, name.span.clone())?;
        self.rules(chain, index);
        Ok(index)
    }

    /// Notes the rules of a chain that comes behind tracking which say something of it.
    fn late_chain(&mut self, chain: &'r ruleset::Chain, base: &ruleset::Base) {
        chain.rules.iter().for_each(|_| self.to.skipped.count(LATE));
        let mut chains = vec![chain];
        while let Some(chain) = chains.pop() {
            // A chain that several lead into is noted with the first of them.
            if !self.seen_late.insert(&chain.name) {
                continue;
            }
            for tokens in &chain.rules {
                if speaks_of_tracking(tokens) {
                    let source = self.source_of(tokens);
                    let (hook, priority) = (base.hook.text.clone(), base.priority);
                    self.to.late.push(LateRule { source, hook, priority });
                }
                chains.extend(jumps(tokens).filter_map(|name| self.table.named_chain(name)));
            }
        }
    }

    fn source_of(&self, tokens: &[Token]) -> RuleSource {
        let start = tokens.first().map_or(0, |token| token.word.span.start);
        let end = tokens.last().map_or(start, |token| token.word.span.end);
        self.source(start, end)
    }

    fn source(&self, start: usize, end: usize) -> RuleSource {
        let text = self.listing.source.text();
        let shown = (start..=end.min(start + MAX_TEXT_LEN)).rev();
        let text = shown.into_iter().find_map(|end| text.get(start..end)).unwrap_or_default();
        let (file, line) = self.listing.place(start);
        RuleSource {
            file,
            line,
            text: text.to_owned(),
            origin: Origin::Rule,
            interfaces: Vec::new(),
            hooks: Vec::new(),
        }
    }
}

/// The hook of a base chain that packets meet before they are tracked.
fn decides(base: &ruleset::Base) -> Option<Hook> {
    let hook = match base.hook.text.as_str() {
        "prerouting" => Hook::Prerouting,
        "output" => Hook::Output,
        _ => return None,
    };
    (base.priority < priority::CONNTRACK).then_some(hook)
}

fn speaks_of_tracking(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| token.is("notrack"))
        || tokens.windows(3).any(|three| {
            let [ct, what, set] = three else { return false };
            ct.is("ct") && (what.is("zone") || what.is("helper")) && set.is("set")
        })
}

fn jumps(tokens: &[Token]) -> impl Iterator<Item = &str> {
    tokens.windows(2).filter_map(|pair| {
        let [verb, name] = pair else { return None };
        (verb.is("jump") || verb.is("goto")).then_some(name.word.text.as_str())
    })
}
