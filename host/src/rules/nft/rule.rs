//! One rule of nft: its matches and statements, read one behind the other as the kernel runs them.

mod matching;
mod setting;

use keeptrack_core::raw::{Matches, Target, Test};

use super::asking::Asking;
use super::combine::{self, Both};
use super::cursor::Cursor;
use super::elements;
use super::key::{Key, unsupported};
use super::lexer::{Kind, Token};
use super::ruleset::Table;
use crate::diagnostic::Fault;
use crate::rules::words::Word;
use crate::rules::{InterfaceTest, MAX_RULES};

pub(super) use self::matching::Values;

/// What a rule does at one of its places.
#[derive(Debug, Clone)]
pub(super) enum Then {
    BuiltIn(Target),
    Jump(Word),
    Goto(Word),
    /// On with that block of the rule.
    Block(usize),
    /// The same, and not back to this one behind it.
    LeaveFor(usize),
}

/// A rule as read: each block is a list of simple rules. The first stands in the rule's chain; the
/// others are for tests of which one simple rule cannot ask all.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) blocks: Vec<Vec<(Matches, Then)>>,
    pub(super) interfaces: Vec<InterfaceTest>,
    /// Whether it asks for a line of a log.
    pub(super) records: bool,
}

/// Reads a rule of `table`; what it asks of sets is put to `asking`.
///
/// # Errors
/// The first word that nft would refuse or that this version does not decide.
pub(super) fn parse(
    tokens: &[Token],
    table: &Table,
    asking: &mut Asking<'_>,
) -> Result<Rule, Fault> {
    let mut reader = Reader {
        cursor: Cursor::new(tokens),
        table,
        asking,
        block: 0,
        alternatives: vec![Matches::default()],
        rule: Rule { blocks: vec![Vec::new()], interfaces: Vec::new(), records: false },
    };
    while let Some(token) = reader.cursor.peek() {
        reader.statement(token)?;
    }
    Ok(reader.rule)
}

struct Reader<'t, 'a> {
    cursor: Cursor<'t>,
    table: &'t Table,
    asking: &'t mut Asking<'a>,
    block: usize,
    /// A packet that passes one of these comes to the next statement.
    alternatives: Vec<Matches>,
    rule: Rule,
}

impl Reader<'_, '_> {
    fn statement(&mut self, token: &Token) -> Result<(), Fault> {
        let before = self.cursor.clone();
        self.cursor.next();
        match token.word.text.as_str() {
            _ if token.kind != Kind::Bare => Err(Fault::new(
                token.word.span.clone(),
                format!("unexpected `{}`", token.word.text),
            )
            .label("neither a match nor a statement")),
            "counter" => self.counter(),
            "comment" => self.cursor.word("a comment").map(drop),
            "log" => {
                self.rule.records = true;
                self.options(&["prefix", "level", "group", "snaplen", "queue-threshold", "flags"])
            }
            "notrack" => self.push(&Then::BuiltIn(Target::NoTrack)),
            "accept" | "drop" | "return" | "continue" | "jump" | "goto" => {
                let then = elements::verdict(token, &mut self.cursor)?;
                self.verdict(&then, token)
            }
            "ct" if self.cursor.takes("zone") => self.zone(),
            "meta" if self.sets_mark() => self.mark(),
            "mark" if self.cursor.takes("set") => self.mark(),
            "meta" if self.cursor.takes("nftrace") => {
                self.cursor.mark("set").and_then(|()| self.cursor.word("0 or 1").map(drop))
            }
            "xt" => Err(self.lost(token)),
            _ => {
                self.cursor = before;
                self.match_or_map()
            }
        }
    }

    /// `counter`, `counter packets 4 bytes 232`, `counter name "x"`
    fn counter(&mut self) -> Result<(), Fault> {
        self.options(&["packets", "bytes", "name"])
    }

    /// Options that come with a value each.
    fn options(&mut self, known: &[&str]) -> Result<(), Fault> {
        while known.iter().any(|option| self.cursor.takes(option)) {
            self.cursor.word("a value")?;
        }
        Ok(())
    }

    /// What iptables-nft made: nft shows the name of an extension, and not what it asks.
    fn lost(&mut self, token: &Token) -> Fault {
        let mut span = token.word.span.clone();
        let names = [self.cursor.next(), self.cursor.next()].into_iter().flatten();
        let names: Vec<&str> = names
            .map(|token| {
                span.end = token.word.span.end;
                token.word.text.as_str()
            })
            .collect();
        self.asking.lost_count += 1;
        Fault::new(span, format!("the parameters of `xt {}` are lost", names.join(" ")))
            .label("iptables made this rule, and nft does not show what it asks")
            .help("pass `iptables-save -t raw` instead")
    }

    /// Goes on with packets that pass one of `passing` besides.
    fn narrow(&mut self, passing: Vec<Matches>) -> Result<(), Fault> {
        if self.alternatives.len().saturating_mul(passing.len()) > MAX_RULES * MAX_RULES {
            return Err(self.too_many());
        }
        let mut narrowed = Vec::new();
        for before in &self.alternatives {
            for one in &passing {
                match combine::both(before, one) {
                    Both::One(matches) => narrowed.push(*matches),
                    Both::Never => {}
                    Both::Two => {
                        self.enter_block()?;
                        self.alternatives = passing;
                        return Ok(());
                    }
                }
            }
            if narrowed.len() > MAX_RULES {
                return Err(self.too_many());
            }
        }
        self.alternatives = narrowed;
        Ok(())
    }

    fn too_many(&self) -> Fault {
        Fault::new(self.cursor.place(), format!("more than {MAX_RULES} rules"))
            .label("so many are made of the sets before this place")
    }

    /// Goes on with packets that have those fields and pass none of `passing`.
    fn exclude(&mut self, keys: &[Key], passing: &[Matches]) -> Result<(), Fault> {
        if let ([key], [one]) = (keys, passing)
            && let Some(inverted) = key.inverted(one.clone())
        {
            return self.narrow(vec![inverted]);
        }
        for key in keys {
            self.narrow(vec![key.dependency()])?;
        }
        self.enter_block()?;
        let back = Then::BuiltIn(Target::Return);
        let left_out = passing.iter().map(|matches| (matches.clone(), back.clone()));
        if let Some(block) = self.rule.blocks.get_mut(self.block) {
            block.extend(left_out);
        }
        self.alternatives = vec![Matches::default()];
        Ok(())
    }

    fn enter_block(&mut self) -> Result<(), Fault> {
        self.enter(Then::Block)
    }

    fn enter(&mut self, leads: fn(usize) -> Then) -> Result<(), Fault> {
        let into = self.rule.blocks.len();
        self.push(&leads(into))?;
        self.rule.blocks.push(Vec::new());
        self.block = into;
        Ok(())
    }

    /// Goes on in a block that does not ask for the mark again, as what comes next may change it.
    /// A packet comes there once: the first of several alternatives leaves those behind it.
    fn settle_mark(&mut self) -> Result<(), Fault> {
        if self.alternatives.iter().all(|one| one.mark == Test::Any) {
            return Ok(());
        }
        if self.alternatives.len() == 1 {
            self.enter_block()?;
        } else {
            let asked = std::mem::replace(&mut self.alternatives, vec![Matches::default()]);
            self.enter_block()?;
            self.alternatives = asked;
            self.enter(Then::LeaveFor)?;
        }
        self.alternatives = vec![Matches::default()];
        Ok(())
    }

    fn verdict(&mut self, then: &Then, token: &Token) -> Result<(), Fault> {
        if self.block != 0 && matches!(then, Then::Goto(_) | Then::BuiltIn(Target::Return)) {
            let name = format!("{} behind several tests of a field", token.word.text);
            return Err(unsupported(token.word.span.clone(), &name));
        }
        if self.alternatives.len() > 1 && matches!(then, Then::Jump(_)) {
            self.settle_mark()?;
        }
        self.push(then)
    }

    fn push(&mut self, then: &Then) -> Result<(), Fault> {
        let count: usize = self.rule.blocks.iter().map(Vec::len).sum();
        if count + self.alternatives.len() > MAX_RULES {
            return Err(self.too_many());
        }
        let rules = self.alternatives.iter().map(|matches| (matches.clone(), then.clone()));
        if let Some(block) = self.rule.blocks.get_mut(self.block) {
            block.extend(rules);
        }
        Ok(())
    }
}
