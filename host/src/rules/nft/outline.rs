//! The rules of a ruleset at all hooks, as far as they can be understood.

use std::cell::RefCell;

use keeptrack_core::raw::{Family, Target, Test};

use super::asking::Asking;
use super::combine::{self, Both};
use super::lexer::{Kind, Token};
use super::rule::{self, Then};
use super::ruleset::{self, Ruleset, Table};
use crate::rules::Known;
use crate::rules::matches::STATES;
use crate::rules::outline::{Action, Base, Chain, Hook, Nat, Outline, Packets, Rule};
use crate::rules::words::Word;

/// The statements that say what becomes of a packet.
const VERDICTS: &str = "accept drop reject return continue jump goto notrack masquerade snat dnat \
    redirect queue synproxy";

/// Puts all chains of a ruleset into `outline`.
pub(in crate::rules) fn outline(ruleset: &Ruleset, known: &Known, outline: &mut Outline) {
    for table in &ruleset.tables {
        if !table.is_met() {
            continue;
        }
        let family = table.only_family();
        // What is listed is all that there is, of both families.
        outline.see(Family::V4);
        outline.see(Family::V6);
        let mut sets = std::mem::take(&mut outline.sets);
        let name = format!("{} {}", table.family, table.name);
        let chains = table.chains.iter().map(|chain| {
            let base = chain.base.as_ref().map(|base| self::base(chain, base, outline));
            let drops = chain.base.as_ref().is_some_and(|base| base.drops);
            let made = Chain { base, drops, ..Chain::of_nft(&name, &chain.name, family) };
            outline.add(made)
        });
        let places: Vec<usize> = chains.collect();
        let asking = RefCell::new(Asking::new(&mut sets, known));
        let listed = Listed { table, family, places: &places, asking };
        for (chain, at) in table.chains.iter().zip(&places) {
            let rules = chain.rules.iter().flat_map(|tokens| listed.rules(tokens, outline));
            let rules: Vec<Rule> = rules.collect();
            if let Some(chain) = outline.chains.get_mut(*at) {
                chain.rules = rules;
            }
        }
        outline.sets = sets;
    }
}

fn base(chain: &ruleset::Chain, base: &ruleset::Base, outline: &Outline) -> Base {
    let hook = Hook::named(&base.hook.text).unwrap_or(Hook::Other);
    let place = Some(outline.place(base.priority_place.clone()));
    let is_nat = chain.translates();
    Base { hook, priority: base.priority, is_nat, place }
}

/// A table whose rules are read.
struct Listed<'t> {
    table: &'t Table,
    family: Option<Family>,
    /// The places of its chains.
    places: &'t [usize],
    /// What its rules ask of sets, of which only the fields are told.
    asking: RefCell<Asking<'t>>,
}

impl Listed<'_> {
    /// A rule for each thing that `tokens` do.
    fn rules(&self, tokens: &[Token], outline: &Outline) -> Vec<Rule> {
        let (states, rest) = without_states(tokens);
        let start = tokens.first().map_or(0, |token| token.word.span.start);
        let end = tokens.last().map_or(start, |token| token.word.span.end);
        let is_local = asks_for_this_host(tokens);
        let made = |packets: Packets, action: Action, action_span| Rule {
            place: outline.place(start..end),
            action_span,
            packets: Packets { states: states.clone(), is_local, ..packets },
            action,
            wrapped: Vec::new(),
            words: Vec::new(),
        };
        let whole = start..end;
        match self.exact(&rest) {
            Some(parts) => parts
                .into_iter()
                .map(|(packets, action)| {
                    let span = verdict_of(action).and_then(|word| {
                        rest.iter()
                            .find(|token| token.is(word))
                            .map(|token| token.word.span.clone())
                    });
                    made(packets, action, span.unwrap_or(whole.clone()))
                })
                .collect(),
            None => {
                let at = verdict_at(&rest).unwrap_or(rest.len());
                let (tests, verdict) = rest.split_at(at);
                let span = verdict.first().map_or(whole, |token| token.word.span.clone());
                vec![made(self.vague(tests), self.action(verdict), span)]
            }
        }
    }

    /// What a rule does that is understood whole, each with its packets.
    fn exact(&self, tokens: &[Token]) -> Option<Vec<(Packets, Action)>> {
        let rule = rule::parse(tokens, self.table, &mut self.asking.borrow_mut()).ok()?;
        let mut parts: Vec<(Packets, Action)> = Vec::new();
        for (number, block) in rule.blocks.iter().enumerate() {
            for (matches, then) in block {
                let all = Packets::all_of(self.family);
                let matches = match all.any_of.first().map(|all| combine::both(all, matches)) {
                    Some(Both::One(matches)) => *matches,
                    _ => continue,
                };
                let action = match then {
                    Then::BuiltIn(Target::NoTrack) => Action::NoTrack,
                    Then::BuiltIn(Target::Ct(_)) => Action::Ct,
                    Then::BuiltIn(Target::Accept) => Action::Accept,
                    Then::BuiltIn(Target::Drop) => Action::Drop,
                    Then::BuiltIn(Target::Return) if number > 0 => continue,
                    Then::BuiltIn(Target::Return) => Action::Return,
                    Then::Jump(name) => self.chain(name).map_or(Action::Nothing, Action::Jump),
                    // A rule goes on from a block only to come back behind itself.
                    Then::Goto(name) if number > 0 => {
                        self.chain(name).map_or(Action::Nothing, Action::Jump)
                    }
                    Then::Goto(name) => self.chain(name).map_or(Action::Nothing, Action::Goto),
                    Then::BuiltIn(_) | Then::Block(_) | Then::LeaveFor(_) => continue,
                };
                match parts.last_mut() {
                    Some((packets, last)) if *last == action => packets.any_of.push(matches),
                    _ => parts.push((
                        Packets { any_of: vec![matches], is_exact: number == 0, ..all },
                        action,
                    )),
                }
            }
        }
        Some(parts)
    }

    /// The packets that pass some tests, or more.
    fn vague(&self, tests: &[Token]) -> Packets {
        let span = tests.last().map_or(0..0, |token| token.word.span.clone());
        let accept = Token { kind: Kind::Bare, word: Word { text: "accept".to_owned(), span } };
        let tokens: Vec<Token> = tests.iter().cloned().chain([accept]).collect();
        let parts = self.exact(&tokens).unwrap_or_default();
        match parts.into_iter().next() {
            Some((packets, Action::Accept)) => packets,
            _ => Packets { is_exact: false, ..Packets::all_of(self.family) },
        }
    }

    fn action(&self, verdict: &[Token]) -> Action {
        let word = |at: usize| verdict.get(at).map_or("", |token| token.word.text.as_str());
        match word(0) {
            "accept" | "queue" => Action::Accept,
            "drop" | "reject" => Action::Drop,
            "return" => Action::Return,
            "notrack" => Action::NoTrack,
            "synproxy" => Action::SynProxy,
            "masquerade" | "snat" => Action::Nat(Nat::Source),
            "dnat" | "redirect" => {
                let at = verdict.iter().position(|token| token.is("to"));
                let to = at.map_or(String::new(), |at| {
                    verdict.iter().skip(at + 1).map(|token| token.word.text.as_str()).collect()
                });
                Action::Nat(Nat::destination(&to))
            }
            "jump" => self.named(word(1)).map_or(Action::Nothing, Action::Jump),
            "goto" => self.named(word(1)).map_or(Action::Nothing, Action::Goto),
            _ => Action::Nothing,
        }
    }

    fn chain(&self, name: &Word) -> Option<usize> {
        self.named(&name.text)
    }

    fn named(&self, name: &str) -> Option<usize> {
        self.places.get(self.table.chain_place(name)?).copied()
    }
}

/// Where the verdict begins, outside of brackets.
fn verdict_at(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0;
    tokens.iter().position(|token| {
        depth += token.depth();
        depth == 0
            && token.kind == Kind::Bare
            && crate::rules::names::lists(VERDICTS, &token.word.text)
    })
}

const fn verdict_of(action: Action) -> Option<&'static str> {
    match action {
        Action::NoTrack => Some("notrack"),
        Action::Accept => Some("accept"),
        Action::Drop => Some("drop"),
        _ => None,
    }
}

/// Whether a rule asks for packets to this host.
fn asks_for_this_host(tokens: &[Token]) -> bool {
    let words = ["fib", "daddr", "type", "local"];
    tokens.windows(4).any(|four| four.iter().zip(words).all(|(token, word)| token.is(word)))
}

/// The states that a rule asks for, and its other tokens.
fn without_states(tokens: &[Token]) -> (Test<u8>, Vec<Token>) {
    let is_state = |pair: &[Token]| matches!(pair, [ct, state] if ct.is("ct") && state.is("state"));
    let Some(at) = tokens.windows(2).position(is_state) else {
        return (Test::Any, tokens.to_vec());
    };
    let bit = |token: &Token| {
        let named = |known: &&str| known.eq_ignore_ascii_case(&token.word.text);
        STATES.iter().position(named)
    };
    let is_not = tokens.get(at + 2).is_some_and(|token| token.is("!="));
    let mut mask = 0;
    let mut end = at + 2;
    for token in tokens.iter().skip(at + 2) {
        match bit(token) {
            Some(index) => mask |= 1 << index,
            None if token.kind == Kind::Mark => {}
            None => break,
        }
        end += 1;
    }
    let rest = tokens.iter().take(at).chain(tokens.iter().skip(end)).cloned().collect();
    // `ct state vmap { ... }` is not taken apart.
    match (mask, is_not) {
        (0, _) => (Test::Any, tokens.to_vec()),
        (mask, true) => (Test::Not(mask), rest),
        (mask, false) => (Test::Is(mask), rest),
    }
}
