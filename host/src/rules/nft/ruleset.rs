//! An nft ruleset as its tables, chains, sets and rules, the rules not yet read.

use super::cursor::Cursor;
use super::lexer::{Kind, Token};
use super::priority;
use crate::diagnostic::Fault;
use crate::rules::words::Word;

/// All tables, in the order of the text.
#[derive(Debug, Default)]
pub(super) struct Ruleset {
    pub(super) tables: Vec<Table>,
}

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    /// `ip`, `ip6`, `inet` or another.
    pub(super) family: String,
    pub(super) name: String,
    pub(super) sets: Vec<Set>,
    pub(super) chains: Vec<Chain>,
}

/// A set or a map.
#[derive(Debug)]
pub(super) struct Set {
    pub(super) name: String,
    /// What stands between the brackets of `elements`.
    pub(super) elements: Vec<Token>,
}

/// A chain.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) name: String,
    pub(super) base: Option<Base>,
    /// The tokens of each rule, at least one.
    pub(super) rules: Vec<Vec<Token>>,
}

/// What makes a chain a base chain.
#[derive(Debug, Clone)]
pub(super) struct Base {
    pub(super) hook: Word,
    pub(super) priority: i32,
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
            let Some(token) = cursor.peek() else { return Ok(ruleset) };
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

    fn table(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        let table = self.named_table(cursor)?;
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
        let known = |table: &Table| table.family == family && table.name == name.text;
        let at = self.tables.iter().position(known).unwrap_or_else(|| {
            let (family, name) = (family.to_owned(), name.text.clone());
            self.tables.push(Table { family, name, sets: Vec::new(), chains: Vec::new() });
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
            "rule" => {
                let table = self.named_table(cursor)?;
                let name = cursor.word("the name of a chain")?;
                let chain = table.chains.iter_mut().find(|chain| chain.name == name.text);
                let chain = chain.ok_or_else(|| unknown_chain(name))?;
                if cursor.takes("index") || cursor.takes("handle") || cursor.takes("position") {
                    return Err(Fault::new(cursor.place(), "the place of a rule by its number")
                        .label("only the kernel knows what has that number")
                        .help("give the output of `nft list ruleset`"));
                }
                let rule = cursor.statement().to_vec();
                let at = if verb.is("insert") { 0 } else { chain.rules.len() };
                chain.rules.insert(at, rule);
                Ok(())
            }
            _ => Err(unknown_command(verb)),
        }
    }
}

impl Table {
    fn is_empty(&self) -> bool {
        self.chains.iter().all(|chain| chain.rules.is_empty())
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
                // Counters, helpers, flowtables, flags: what rules say of them is read there.
                _ => {
                    cursor.statement();
                }
            }
        }
    }

    fn set(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        let name = cursor.word("the name of the set")?.text.clone();
        let mut inside = Cursor::new(cursor.block()?);
        let mut elements = Vec::new();
        loop {
            inside.skip_ends();
            if inside.peek().is_none() {
                break;
            }
            if inside.takes("elements") {
                inside.mark("=")?;
                elements = inside.block()?.to_vec();
            } else if inside.statement().is_empty() {
                inside.word("what the set is")?;
            }
        }
        self.sets.push(Set { name, elements });
        Ok(())
    }

    fn chain(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        let name = cursor.word("the name of the chain")?.text.clone();
        let known = self.chains.iter().position(|chain| chain.name == name);
        let at = known.unwrap_or_else(|| {
            self.chains.push(Chain { name, base: None, rules: Vec::new() });
            self.chains.len() - 1
        });
        let chain = self.chains.get_mut(at);
        if cursor.peek().is_some_and(|token| token.is("{"))
            && let (block, Some(chain)) = (cursor.block()?, chain)
        {
            chain.fill(block)?;
        }
        Ok(())
    }
}

impl Chain {
    fn fill(&mut self, tokens: &[Token]) -> Result<(), Fault> {
        let mut cursor = Cursor::new(tokens);
        loop {
            cursor.skip_ends();
            let Some(first) = cursor.peek() else { return Ok(()) };
            let statement = cursor.statement();
            if statement.is_empty() {
                cursor.word("a rule")?;
            }
            match first.word.text.as_str() {
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
    let priority = priority::parse(&mut cursor)?;
    Ok(Base { hook, priority, drops: false })
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
