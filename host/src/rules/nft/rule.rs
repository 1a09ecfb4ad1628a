//! One rule of nft: its matches and statements, read one behind the other as the kernel runs them.

use keeptrack_core::Zone;
use keeptrack_core::raw::{Matches, Target, Template};

use super::combine::{self, Both};
use super::cursor::Cursor;
use super::elements::{self, Element};
use super::key::{Key, unsupported};
use super::lexer::{Kind, Token};
use super::masked;
use super::ruleset::Table;
use crate::diagnostic::Fault;
use crate::rules::InterfaceTest;
use crate::rules::words::Word;

/// What a rule does at one of its places.
#[derive(Debug, Clone)]
pub(super) enum Then {
    BuiltIn(Target),
    Jump(Word),
    Goto(Word),
    /// On with that block of the rule.
    Block(usize),
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

/// Reads a rule of `table`.
///
/// # Errors
/// The first word that nft would refuse or that this version does not decide.
pub(super) fn parse(tokens: &[Token], table: &Table) -> Result<Rule, Fault> {
    let mut reader = Reader {
        cursor: Cursor::new(tokens),
        table,
        block: 0,
        alternatives: vec![Matches::default()],
        rule: Rule { blocks: vec![Vec::new()], interfaces: Vec::new(), records: false },
    };
    while let Some(token) = reader.cursor.peek() {
        reader.statement(token)?;
    }
    Ok(reader.rule)
}

struct Reader<'t> {
    cursor: Cursor<'t>,
    table: &'t Table,
    block: usize,
    /// A packet that passes one of these comes to the next statement.
    alternatives: Vec<Matches>,
    rule: Rule,
}

impl Reader<'_> {
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
            "notrack" => {
                self.push(&Then::BuiltIn(Target::NoTrack));
                Ok(())
            }
            "accept" | "drop" | "return" | "continue" | "jump" | "goto" => {
                let then = elements::verdict(token, &mut self.cursor)?;
                self.verdict(&then, token)
            }
            "ct" if self.cursor.takes("zone") => self.zone(),
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

    /// `ct zone set 5`; `zone` is read already.
    fn zone(&mut self) -> Result<(), Fault> {
        let place = self.cursor.place();
        if !self.cursor.takes("set") {
            return Err(unsupported(place, "ct zone"));
        }
        let word = self.cursor.word("a zone")?;
        let zone = word.text.parse::<u16>().map_err(|_| {
            Fault::new(word.span.clone(), format!("`{}` is not a zone", word.text)).label("0-65535")
        })?;
        self.push(&Then::BuiltIn(Target::Ct(Template { zone: Zone(zone), ..Template::NONE })));
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
        Fault::new(span, format!("the parameters of `xt {}` are lost", names.join(" ")))
            .label("iptables made this rule, and nft does not show what it asks")
            .help("pass `iptables-save` instead")
    }

    /// `tcp dport { 80, 443 }`, `ip daddr . udp dport @known`, `iifname vmap { ... }`
    fn match_or_map(&mut self) -> Result<(), Fault> {
        let mut keys = vec![Key::parse(&mut self.cursor)?];
        while self.cursor.takes(".") {
            keys.push(Key::parse(&mut self.cursor)?);
        }
        if self.cursor.takes("vmap") {
            return self.map(&keys);
        }
        if let [key] = keys.as_slice()
            && key.has_bits()
            && let Some(masked) = masked::parse(*key, &mut self.cursor)?
        {
            if masked.is_not {
                self.exclude(&keys, &masked.passing);
            } else {
                self.narrow(masked.passing);
            }
            return Ok(());
        }
        let place = self.cursor.place();
        let is_not = self.cursor.takes("!=");
        if !is_not && !self.cursor.takes("==") {
            for operator in ["<", ">", "<=", ">=", "&", "|", "^", "!"] {
                if self.cursor.takes(operator) {
                    return Err(unsupported(place, operator));
                }
            }
        }
        let elements = self.elements()?;
        let mut passing = Vec::new();
        for element in &elements {
            passing.extend(element.tests(&keys)?);
        }
        self.note_interfaces(&keys, &elements, if is_not { "!= " } else { "" });
        let passing = combine::joined(passing);
        if is_not {
            self.exclude(&keys, &passing);
        } else {
            self.narrow(passing);
        }
        Ok(())
    }

    fn map(&mut self, keys: &[Key]) -> Result<(), Fault> {
        let place = self.cursor.place();
        let elements = self.elements()?;
        self.note_interfaces(keys, &elements, "");
        let (before, block) = (self.alternatives.clone(), self.block);
        for element in &elements {
            let Some(then) = &element.then else {
                return Err(Fault::new(place, "an element without a verdict")
                    .label("each is a value, `:` and what to do"));
            };
            (self.alternatives, self.block) = (before.clone(), block);
            self.narrow(element.tests(keys)?);
            if let (Then::Goto(_) | Then::BuiltIn(Target::Return), true) = (then, self.block != 0) {
                return Err(unsupported(place, "goto or return behind several tests of a field"));
            }
            self.push(then);
        }
        (self.alternatives, self.block) = (before, block);
        Ok(())
    }

    /// What the value that comes next names: a set, or one element.
    fn elements(&mut self) -> Result<Vec<Element>, Fault> {
        match self.cursor.peek() {
            Some(token) if token.is("{") => elements::parse(self.cursor.block()?),
            Some(token) if token.kind == Kind::Bare && token.word.text.starts_with('@') => {
                self.cursor.next();
                let name = token.word.text.trim_start_matches('@');
                let set = self.table.sets.iter().find(|set| set.name == name);
                let set = set.ok_or_else(|| {
                    let title = format!("the table has no set `{name}`");
                    let known = self.table.sets.iter().map(|set| set.name.as_str());
                    Fault::new(token.word.span.clone(), title)
                        .label("not made in this text")
                        .did_you_mean(name, known)
                })?;
                elements::parse(&set.elements)
            }
            _ => {
                let mut parts = vec![self.cursor.word("a value")?.clone()];
                while self.cursor.takes(".") {
                    parts.push(self.cursor.word("a value")?.clone());
                }
                Ok(vec![Element { parts, then: None }])
            }
        }
    }

    fn note_interfaces(&mut self, keys: &[Key], elements: &[Element], operator: &str) {
        for part in elements.iter().flat_map(|element| keys.iter().zip(&element.parts)) {
            let (Key::Input | Key::Output, word) = part else { continue };
            let option = if *part.0 == Key::Input { "iifname" } else { "oifname" };
            self.rule.interfaces.push(InterfaceTest {
                name: word
                    .text
                    .strip_suffix('*')
                    .map_or(word.text.clone(), |begin| format!("{begin}+")),
                text: format!("{option} {operator}\"{}\"", word.text),
            });
        }
    }

    /// Goes on with packets that pass one of `passing` besides.
    fn narrow(&mut self, passing: Vec<Matches>) {
        let mut narrowed = Vec::new();
        for before in &self.alternatives {
            for one in &passing {
                match combine::both(before, one) {
                    Both::One(matches) => narrowed.push(*matches),
                    Both::Never => {}
                    Both::Two => {
                        self.enter_block();
                        self.alternatives = passing;
                        return;
                    }
                }
            }
        }
        self.alternatives = narrowed;
    }

    /// Goes on with packets that have those fields and pass none of `passing`.
    fn exclude(&mut self, keys: &[Key], passing: &[Matches]) {
        if let ([key], [one]) = (keys, passing)
            && let Some(inverted) = key.inverted(one.clone())
        {
            return self.narrow(vec![inverted]);
        }
        for key in keys {
            self.narrow(vec![key.dependency()]);
        }
        self.enter_block();
        let back = Then::BuiltIn(Target::Return);
        let left_out = passing.iter().map(|matches| (matches.clone(), back.clone()));
        if let Some(block) = self.rule.blocks.get_mut(self.block) {
            block.extend(left_out);
        }
        self.alternatives = vec![Matches::default()];
    }

    fn enter_block(&mut self) {
        let into = self.rule.blocks.len();
        self.push(&Then::Block(into));
        self.rule.blocks.push(Vec::new());
        self.block = into;
    }

    fn verdict(&mut self, then: &Then, token: &Token) -> Result<(), Fault> {
        if self.block != 0 && matches!(then, Then::Goto(_) | Then::BuiltIn(Target::Return)) {
            let name = format!("{} behind several tests of a field", token.word.text);
            return Err(unsupported(token.word.span.clone(), &name));
        }
        self.push(then);
        Ok(())
    }

    fn push(&mut self, then: &Then) {
        let rules = self.alternatives.iter().map(|matches| (matches.clone(), then.clone()));
        if let Some(block) = self.rule.blocks.get_mut(self.block) {
            block.extend(rules);
        }
    }
}
