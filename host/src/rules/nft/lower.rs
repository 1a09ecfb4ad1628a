//! From a ruleset to chains: those at a hook before connection tracking, and what they lead into.

use keeptrack_core::raw::{Family, Hook, Matches};

use super::combine::{self, Both};
use super::lexer::Token;
use super::priority;
use super::rule::{self, Rule, Then};
use super::ruleset::{self, Ruleset, Table};
use super::{Destination, LateRule};
use crate::diagnostic::Fault;
use crate::rules::chains::{self, ChainIndex, Link, Verdict};
use crate::rules::matches::Tests;
use crate::rules::words::Word;
use crate::rules::{Origin, RuleSource};
use crate::source::Source;

/// How rules are counted that decide nothing.
const LATE: &str = "nft behind tracking";

/// Puts what decides before tracking into the chains; notes what is said of tracking too late.
pub(super) fn lower(file: &Source, ruleset: &Ruleset, to: &mut Destination<'_>) {
    for table in &ruleset.tables {
        let family = match table.family.as_str() {
            "ip" => Some(Family::V4),
            "ip6" => Some(Family::V6),
            "inet" => None,
            // Of links and bridges: no packet meets their rules between the wire and tracking.
            _ => {
                skip(table.chains.iter().flat_map(|chain| &chain.rules), to);
                continue;
            }
        };
        let mut lowering = Lowering {
            file,
            table,
            family,
            known: Vec::new(),
            open: Vec::new(),
            is_full: false,
            to,
        };
        lowering.table();
        if lowering.is_full {
            return;
        }
    }
}

fn skip<'r>(rules: impl Iterator<Item = &'r Vec<Token>>, to: &mut Destination<'_>) {
    rules.for_each(|_| to.skipped.count(LATE));
}

struct Lowering<'r, 'd, 't> {
    file: &'r Source,
    table: &'r Table,
    family: Option<Family>,
    /// The chains that packets come to, with their places among all chains.
    known: Vec<(&'r str, ChainIndex)>,
    /// Those whose rules are being read, each for a jump of the one before.
    open: Vec<ChainIndex>,
    /// Whether no more faults are taken.
    is_full: bool,
    to: &'t mut Destination<'d>,
}

impl<'r> Lowering<'r, '_, '_> {
    fn table(&mut self) {
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
            let source = self.source(std::slice::from_ref(&base.hook));
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
            let added =
                rule::parse(tokens, self.table).and_then(|rule| self.add(index, tokens, &rule));
            self.taken(added);
            if self.is_full {
                break;
            }
        }
        self.open.pop();
    }

    fn add(&mut self, chain: ChainIndex, tokens: &[Token], rule: &Rule) -> Result<(), Fault> {
        let words: Vec<Word> = tokens.iter().map(|token| token.word.clone()).collect();
        let source = RuleSource { interfaces: rule.interfaces.clone(), ..self.source(&words) };
        self.to.skipped.log_rules += usize::from(rule.records);
        let place = words.first().map_or(0..0, |word| word.span.clone());
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
                let link = Link { matches: *matches, tests, verdict, source: source.clone() };
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
            Then::Block(number) => {
                let into = blocks.get(*number).copied();
                into.map_or(Verdict::BuiltIn(keeptrack_core::raw::Target::Continue), Verdict::Jump)
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
        let chain = self.table.chains.iter().find(|chain| chain.name == name.text);
        let Some(chain) = chain else {
            let known = self.table.chains.iter().map(|chain| chain.name.as_str());
            let title = format!("the table has no chain `{}`", name.text);
            return Err(Fault::new(name.span.clone(), title).did_you_mean(&name.text, known));
        };
        let index = self.make(&chain.name, None, name.span.clone())?;
        self.rules(chain, index);
        Ok(index)
    }

    /// Notes the rules of a chain that comes behind tracking which say something of it.
    fn late_chain(&mut self, chain: &ruleset::Chain, base: &ruleset::Base) {
        skip(chain.rules.iter(), self.to);
        let mut names = vec![chain.name.as_str()];
        let mut next = 0;
        while let Some(name) = names.get(next).copied() {
            next += 1;
            let chain = self.table.chains.iter().find(|chain| chain.name == name);
            for tokens in chain.iter().flat_map(|chain| &chain.rules) {
                if speaks_of_tracking(tokens) {
                    let words: Vec<Word> = tokens.iter().map(|token| token.word.clone()).collect();
                    let source = self.source(&words);
                    let (hook, priority) = (base.hook.text.clone(), base.priority);
                    self.to.late.push(LateRule { source, hook, priority });
                }
                for name in jumps(tokens) {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
        }
    }

    fn source(&self, words: &[Word]) -> RuleSource {
        let start = words.first().map_or(0, |word| word.span.start);
        let end = words.last().map_or(start, |word| word.span.end);
        let (line, _) = self.file.line_at(start);
        RuleSource {
            file: self.file.name().to_owned(),
            line,
            text: self.file.text().get(start..end).unwrap_or_default().to_owned(),
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
