//! An nft ruleset as its tables, chains, sets and rules, the rules not yet read.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Range;

use keeptrack_core::raw::Family;

use super::cursor::Cursor;
use super::elements::{self, Element};
use super::lexer::{Kind, Token};
use super::priority;
use crate::diagnostic::Fault;
use crate::rules::command::is_nat_target;
use crate::rules::words::Word;

/// The statements that change addresses.
const NAT_STATEMENTS: [&str; 4] = ["masquerade", "snat", "dnat", "redirect"];

/// The flags of tables.
const FLAGS: [&str; 3] = ["dormant", "owner", "persist"];

/// All tables, in the order of the text.
#[derive(Debug, Default)]
pub(super) struct Ruleset {
    pub(super) tables: Vec<Table>,
    /// Where they are, by family and name.
    places: HashMap<(String, String), usize>,
}

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    /// `ip`, `ip6`, `inet` or another.
    pub(super) family: String,
    pub(super) name: String,
    /// Whether its chains are not at their hooks.
    pub(super) is_dormant: bool,
    pub(super) chains: Vec<Chain>,
    chain_places: HashMap<String, usize>,
    sets: HashMap<String, Set>,
}

/// A set or a map.
#[derive(Debug, Default)]
pub(super) struct Set {
    /// What stands between the brackets of `elements`.
    tokens: Vec<Token>,
    elements: OnceCell<Vec<Element>>,
}

impl Set {
    /// Its elements, read when the first rule asks for them.
    ///
    /// # Errors
    /// The first that is none.
    pub(super) fn elements(&self) -> Result<&[Element], Fault> {
        if self.elements.get().is_none() {
            // It was empty, so it takes them.
            let _ = self.elements.set(elements::parse(&self.tokens)?);
        }
        Ok(self.elements.get().map(Vec::as_slice).unwrap_or_default())
    }
}

/// A chain.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) name: String,
    pub(super) base: Option<Base>,
    /// The tokens of each rule, at least one.
    pub(super) rules: Vec<Vec<Token>>,
    /// Those that were put in front of all, the last one first, until the text is read.
    inserted: Vec<Vec<Token>>,
}

/// What makes a chain a base chain.
#[derive(Debug, Clone)]
pub(super) struct Base {
    pub(super) hook: Word,
    pub(super) priority: i32,
    /// Where the priority is written.
    pub(super) priority_place: Range<usize>,
    /// Whether what comes to its end is dropped.
    pub(super) drops: bool,
}

impl Ruleset {
    /// Reads a ruleset as listed, or commands that make one.
    ///
    /// # Errors
    /// The first word that does not fit.
    pub(super) fn parse(tokens: &[Token]) -> Result<Self, Fault> {
        let mut ruleset = Self::default();
        let mut cursor = Cursor::new(tokens);
        loop {
            cursor.skip_ends();
            cursor.takes("sudo");
            cursor.takes("nft");
            let Some(token) = cursor.peek() else {
                ruleset.chains().for_each(Chain::put_in_order);
                return Ok(ruleset);
            };
            match cursor.word("`table` or a command")?.text.as_str() {
                "table" => ruleset.table(&mut cursor)?,
                "add" | "create" | "insert" => ruleset.command(token, &mut cursor)?,
                // What a script takes away first was another ruleset.
                "flush" | "delete" | "destroy" if ruleset.tables.iter().all(Table::is_empty) => {
                    cursor.statement();
                }
                _ => return Err(unknown_command(token)),
            }
        }
    }

    fn chains(&mut self) -> impl Iterator<Item = &mut Chain> {
        self.tables.iter_mut().flat_map(|table| &mut table.chains)
    }

    fn table(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        let table = self.named_table(cursor)?;
        // A table that is said again without its flags has none.
        table.is_dormant = false;
        if cursor.peek().is_some_and(|token| token.is("{")) {
            table.fill(cursor.block()?)?;
        }
        Ok(())
    }

    /// The table that is named next, made if it is not there.
    fn named_table(&mut self, cursor: &mut Cursor<'_>) -> Result<&mut Table, Fault> {
        let first = cursor.word("a family or the name of a table")?;
        let is_family =
            matches!(first.text.as_str(), "ip" | "ip6" | "inet" | "arp" | "bridge" | "netdev");
        let (family, name) = match is_family {
            true => (first.text.as_str(), cursor.word("the name of the table")?),
            false => ("ip", first),
        };
        let key = (family.to_owned(), name.text.clone());
        let at = *self.places.entry(key).or_insert_with_key(|(family, name)| {
            self.tables.push(Table::new(family.clone(), name.clone()));
            self.tables.len() - 1
        });
        self.tables.get_mut(at).ok_or_else(|| unknown_table(name))
    }

    /// `add rule ip raw prerouting ...` and the like, behind the verb.
    fn command(&mut self, verb: &Token, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        let what = cursor.word("what to add")?;
        match what.text.as_str() {
            "table" => self.table(cursor),
            "chain" => self.named_table(cursor)?.chain(cursor),
            "set" | "map" => self.named_table(cursor)?.set(cursor),
            "element" => self.named_table(cursor)?.add_elements(cursor),
            "rule" => {
                let table = self.named_table(cursor)?;
                let name = cursor.word("the name of a chain")?;
                let chain = table.chain_places.get(&name.text).copied();
                let chain = chain.and_then(|at| table.chains.get_mut(at));
                let chain = chain.ok_or_else(|| unknown_chain(name))?;
                if cursor.takes("index") || cursor.takes("handle") || cursor.takes("position") {
                    return Err(Fault::new(cursor.place(), "the place of a rule by its number")
                        .label("only the kernel knows what has that number")
                        .help("give the output of `nft list ruleset`"));
                }
                let rule = cursor.statement().to_vec();
                match verb.is("insert") {
                    true => chain.inserted.push(rule),
                    false => chain.rules.push(rule),
                }
                Ok(())
            }
            _ => Err(unknown_command(verb)),
        }
    }
}

impl Table {
    fn new(family: String, name: String) -> Self {
        let (chains, chain_places, sets) = (Vec::new(), HashMap::new(), HashMap::new());
        Self { family, name, is_dormant: false, chains, chain_places, sets }
    }

    /// Whether packets meet its chains: links and bridges are not between the wire and tracking,
    /// and a dormant table has no hooks.
    pub(super) fn is_met(&self) -> bool {
        is_of_packets(&self.family) && !self.is_dormant
    }

    /// The family of its packets; `None`: of both.
    pub(super) fn only_family(&self) -> Option<Family> {
        match self.family.as_str() {
            "ip" => Some(Family::V4),
            "ip6" => Some(Family::V6),
            _ => None,
        }
    }

    /// The place of the chain of that name among its chains.
    pub(super) fn chain_place(&self, name: &str) -> Option<usize> {
        self.chain_places.get(name).copied()
    }

    /// The chain of that name.
    pub(super) fn named_chain(&self, name: &str) -> Option<&Chain> {
        self.chain_places.get(name).and_then(|at| self.chains.get(*at))
    }

    /// The set or map of that name.
    pub(super) fn set_named(&self, name: &str) -> Option<&Set> {
        self.sets.get(name)
    }

    /// The names of its sets.
    pub(super) fn set_names(&self) -> impl Iterator<Item = &str> {
        self.sets.keys().map(String::as_str)
    }

    fn is_empty(&self) -> bool {
        self.chains.iter().all(|chain| chain.rules.is_empty() && chain.inserted.is_empty())
    }

    /// Reads what stands in the brackets of the table.
    fn fill(&mut self, tokens: &[Token]) -> Result<(), Fault> {
        let mut cursor = Cursor::new(tokens);
        loop {
            cursor.skip_ends();
            if cursor.peek().is_none() {
                return Ok(());
            }
            match cursor.word("a chain or a set")?.text.as_str() {
                "chain" => self.chain(&mut cursor)?,
                "set" | "map" => self.set(&mut cursor)?,
                "flags" => self.flags(cursor.statement())?,
                // Counters, helpers, flowtables: what rules say of them is read there.
                _ => {
                    cursor.statement();
                }
            }
        }
    }

    fn flags(&mut self, flags: &[Token]) -> Result<(), Fault> {
        // In JSON, nft 1.0.6 prints any word in place of `dormant`.
        let is_none =
            |flag: &&Token| flag.kind != Kind::Mark && !FLAGS.contains(&flag.word.text.as_str());
        if let Some(flag) = flags.iter().find(is_none) {
            let title =
                format!("unknown flag `{}` of the table `{}`", flag.word.text.as_str(), self.name);
            return Err(Fault::new(flag.word.span.clone(), title)
                .label("a dormant table decides nothing, so its flags must be known")
                .help("give the output of `nft list ruleset`, not of `nft -j`"));
        }
        self.is_dormant = flags.iter().any(|flag| flag.is("dormant"));
        Ok(())
    }

    fn set(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        let name = cursor.word("the name of the set")?.text.clone();
        let mut inside = Cursor::new(cursor.block()?);
        let mut tokens = Vec::new();
        loop {
            inside.skip_ends();
            if inside.peek().is_none() {
                break;
            }
            if inside.takes("elements") {
                inside.mark("=")?;
                tokens = inside.block()?.to_vec();
            } else if inside.statement().is_empty() {
                inside.word("what the set is")?;
            }
        }
        self.sets.insert(name, Set { tokens, elements: OnceCell::new() });
        Ok(())
    }

    /// `add element ip raw known { 10.0.0.1 }`, behind the table.
    fn add_elements(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        let name = cursor.word("the name of the set")?;
        let known = self.sets.keys().map(String::as_str);
        let title = || format!("the table has no set `{}`", name.text);
        if !self.sets.contains_key(&name.text) {
            return Err(Fault::new(name.span.clone(), title()).did_you_mean(&name.text, known));
        }
        let block = cursor.block()?;
        if let Some(set) = self.sets.get_mut(&name.text) {
            let comma = set.tokens.last().zip(block.first()).map(|(last, _)| last.comma());
            set.tokens.extend(comma.into_iter().chain(block.iter().cloned()));
        }
        Ok(())
    }

    fn chain(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        let name = cursor.word("the name of the chain")?.text.clone();
        let at = *self.chain_places.entry(name).or_insert_with_key(|name| {
            self.chains.push(Chain::new(name.clone()));
            self.chains.len() - 1
        });
        let chain = self.chains.get_mut(at);
        if cursor.peek().is_some_and(|token| token.is("{"))
            && let (block, Some(chain)) = (cursor.block()?, chain)
        {
            chain.fill(block, &self.family)?;
        }
        Ok(())
    }
}

impl Chain {
    fn new(name: String) -> Self {
        Self { name, base: None, rules: Vec::new(), inserted: Vec::new() }
    }

    /// Whether a rule changes addresses. Those of iptables-nft name its target.
    pub(super) fn translates(&self) -> bool {
        self.rules.iter().any(|rule| {
            let before = std::iter::once(None).chain(rule.iter().map(Some));
            rule.iter().zip(before).any(|(token, before)| translates(token, before))
        })
    }

    /// Puts the rules in front that were inserted there.
    fn put_in_order(&mut self) {
        if !self.inserted.is_empty() {
            let inserted = std::mem::take(&mut self.inserted).into_iter().rev();
            self.rules = inserted.chain(std::mem::take(&mut self.rules)).collect();
        }
    }

    fn fill(&mut self, tokens: &[Token], family: &str) -> Result<(), Fault> {
        let mut cursor = Cursor::new(tokens);
        loop {
            cursor.skip_ends();
            let Some(first) = cursor.peek() else { return Ok(()) };
            let statement = cursor.statement();
            if statement.is_empty() {
                cursor.word("a rule")?;
            }
            match first.word.text.as_str() {
                // Other families have hooks and names of priorities of their own.
                "type" if first.kind == Kind::Bare && !is_of_packets(family) => {}
                "type" if first.kind == Kind::Bare => self.base = Some(base(statement)?),
                "policy" => self.policy(statement)?,
                "comment" if statement.len() == 2 => {}
                _ => self.rules.push(statement.to_vec()),
            }
        }
    }

    fn policy(&mut self, statement: &[Token]) -> Result<(), Fault> {
        let mut cursor = Cursor::new(statement);
        cursor.mark("policy")?;
        let policy = cursor.word("`accept` or `drop`")?;
        let drops = match policy.text.as_str() {
            "accept" => false,
            "drop" => true,
            text => {
                return Err(Fault::new(policy.span.clone(), format!("bad policy `{text}`"))
                    .label("accept or drop"));
            }
        };
        if let Some(base) = &mut self.base {
            base.drops = drops;
        }
        Ok(())
    }
}

/// Whether a word behind another one begins a statement that changes addresses, and is not the value
/// of a match: `icmp type redirect`, `ct status { snat, dnat }`.
fn translates(token: &Token, before: Option<&Token>) -> bool {
    let is_behind = |words: &[&str]| before.is_some_and(|it| words.iter().any(|word| it.is(word)));
    let name = token.word.text.as_str();
    let states = token.kind == Kind::Bare && NAT_STATEMENTS.contains(&name);
    states && !is_behind(&["type", "status", "==", "!=", "{", ",", "|", "&"])
        || is_behind(&["target"]) && is_nat_target(name)
}

/// Whether chains of that family may see packets before they are tracked.
fn is_of_packets(family: &str) -> bool {
    matches!(family, "ip" | "ip6" | "inet")
}

/// `type filter hook prerouting priority raw + 5`
fn base(statement: &[Token]) -> Result<Base, Fault> {
    let mut cursor = Cursor::new(statement);
    cursor.mark("type")?;
    cursor.word("the type of the chain")?;
    cursor.mark("hook")?;
    let hook = cursor.word("a hook")?.clone();
    while cursor.takes("device") || cursor.takes("devices") {
        cursor.takes("=");
        match cursor.peek() {
            Some(token) if token.is("{") => drop(cursor.block()?),
            _ => drop(cursor.word("a device")?),
        }
    }
    cursor.mark("priority")?;
    let start = cursor.place().start;
    let priority = priority::parse(&mut cursor)?;
    let priority_place = start..cursor.place().end;
    Ok(Base { hook, priority, priority_place, drops: false })
}

fn unknown_table(name: &Word) -> Fault {
    Fault::new(name.span.clone(), format!("no table is called `{}`", name.text))
}

fn unknown_chain(name: &Word) -> Fault {
    Fault::new(name.span.clone(), format!("no chain is called `{}`", name.text))
        .label("not made before this line: its hook and priority decide what the rule does")
        .help("give the output of `nft list ruleset`")
}

fn unknown_command(token: &Token) -> Fault {
    let text = &token.word.text;
    let fault = Fault::new(token.word.span.clone(), format!("unexpected `{text}`"));
    match text.as_str() {
        "define" | "include" => fault.label("variables and other files are not looked up"),
        _ => fault.label("neither a table nor a command that adds to one"),
    }
    .help("give the output of `nft list ruleset`")
}
