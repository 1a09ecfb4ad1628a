//! Lines of iptables: what iptables-save and `iptables -S` print, and commands as scripts have
//! them.

use std::ops::Range;

use keeptrack_core::raw::{Family, Hook, Policy};

use super::chains::{BuiltIn, ChainIndex, Table};
use super::classes::Classes;
use super::command::{self, Action, Command};
use super::forms::{self, Direct, Form};
use super::ipset;
use super::matches::{self, Purpose, Standing};
use super::policies::{self, Policies};
use super::sets::HostSets;
use super::tables::Tables;
use super::text::{self, Line};
use super::words::{self, Syntax, Word};
use super::{Known, Origin, RuleSource, SkippedCounts, Unknown};
use crate::diagnostic::{Fault, Faults};
use crate::settings;
use crate::source::Source;

/// The longest line that is read, in bytes: what iptables-restore takes.
const MAX_LINE_LEN: usize = 10_240;

/// What a file's lines are put into.
pub(super) struct Destination<'d> {
    pub(super) tables: &'d mut Tables,
    /// The timeout policies that rules may name.
    pub(super) policies: &'d Policies,
    pub(super) classes: &'d mut Classes,
    pub(super) known: &'d Known,
    pub(super) sets: &'d mut HostSets,
    pub(super) skipped: &'d mut SkippedCounts,
    /// Takes the errors.
    pub(super) faults: Faults<'d>,
    /// The tables that an iptables-save text has given, and where.
    pub(super) saved: &'d mut Vec<Saved>,
}

/// A table of a family that an iptables-save text has given, and where.
pub(super) type Saved = (Table, Family, String);

/// Reads the lines of `file`.
pub(super) fn read(file: &Source, destination: Destination<'_>) {
    let family = super::family::inferred(file);
    let (section, direct) = (None, Vec::new());
    let mut reader = Reader { file, family, section, in_unit: false, direct, to: destination };
    for line in text::lines(file) {
        if let Err(fault) = reader.line(&line)
            && !reader.to.faults.take(fault)
        {
            return;
        }
    }
    if let Some(section) = reader.section {
        reader.to.faults.take(not_committed(section.opened));
    }
}

struct Reader<'f, 'd> {
    file: &'f Source,
    /// Of lines that do not name the program.
    family: Family,
    section: Option<Section>,
    /// Whether this is a unit of systemd, of which only some lines are commands.
    in_unit: bool,
    /// The direct rules so far: family, chain and priority of each.
    direct: Vec<(Family, String, i64)>,
    to: Destination<'d>,
}

/// A table of an iptables-save text, up to its COMMIT.
#[derive(Clone)]
struct Section {
    table: &'static str,
    opened: Range<usize>,
}

impl Reader<'_, '_> {
    fn line(&mut self, line: &Line) -> Result<(), Fault> {
        let text = self.file.text().get(line.span.clone()).unwrap_or_default();
        if text.len() > MAX_LINE_LEN {
            let start = line.span.start;
            let first = text.chars().next().map_or(0, char::len_utf8);
            return Err(Fault::new(start..start + first, "a line of more than 10240 bytes")
                .label("no rule is that long"));
        }
        match (text, &self.section) {
            ("", _) => Ok(()),
            (_, section) if text.starts_with('#') => {
                // A table is of one family; inside of it, comments are for people.
                let said = super::family::of_comment(text).filter(|_| section.is_none());
                self.family = said.unwrap_or(self.family);
                Ok(())
            }
            _ if text.starts_with('*') => self.open(line),
            ("COMMIT", Some(_)) => {
                self.section = None;
                Ok(())
            }
            (_, Some(section)) => match self.to.tables.named(section.table) {
                Some(table) => self.saved_line(line, table),
                None => {
                    let table = section.table;
                    if text.starts_with("-A") || text.starts_with('[') || text.starts_with("-I") {
                        self.to.skipped.count(table);
                    }
                    Ok(())
                }
            },
            // A script may make the policies as well, and set what the gateway is told besides.
            (_, None) if policies::is_nfct(text) || ipset::is_of_ipset(text) => Ok(()),
            (_, None) if settings::is_setting(text) => {
                self.to.skipped.settings_in(self.file.name());
                Ok(())
            }
            (_, None) if forms::is_unit_section(text) => {
                self.in_unit = true;
                Ok(())
            }
            (_, None) if self.in_unit && !text.starts_with("Exec") => Ok(()),
            (_, None) => match forms::of(text) {
                Form::Stops => Ok(()),
                Form::Command(at) => self.command_line(line, line.span.start + at),
            },
        }
    }

    /// `*raw`
    fn open(&mut self, line: &Line) -> Result<(), Fault> {
        let name = Word {
            text: self.part(line.span.start + 1..line.span.end).to_owned(),
            span: line.span.clone(),
        };
        let table = command::table_named(&name);
        // The lines of a table that does not exist are not worth an error each.
        let known = table.as_ref().copied().unwrap_or("unknown");
        let opened = Section { table: known, opened: line.span.clone() };
        if let Some(open) = self.section.replace(opened) {
            return Err(not_committed(open.opened));
        }
        let Some(table) = self.to.tables.named(table?) else { return Ok(()) };
        let here = format!("{}:{}", self.file.name(), line.number);
        let mut saved = self.to.saved.iter();
        let saved = saved.find(|(known, family, _)| (*known, *family) == (table, self.family));
        if let Some((_, family, before)) = saved {
            let family = super::family::name(*family);
            let table = table.name();
            let title = format!("the {table} table of {family} is there already: {before}");
            return Err(Fault::new(line.span.clone(), title)
                .label("iptables-restore would put it in the place of the first")
                .help("a file of IPv6 rules is known by its name: `rules.v6`, `ip6tables.save`"));
        }
        self.to.saved.push((table, self.family, here));
        Ok(())
    }

    /// A line between `*raw` and COMMIT, or what begins another table that is read.
    fn saved_line(&mut self, line: &Line, table: Table) -> Result<(), Fault> {
        let mut words = words::split(self.file.text(), line.span.clone(), Syntax::Save)?;
        let Some(first) = words.first() else { return Ok(()) };
        if let Some(name) = first.text.strip_prefix(':') {
            let name = Word { text: name.to_owned(), span: first.part(1..first.text.len()) };
            return self.declare(line, table, &name, words.get(1));
        }
        if first.text.starts_with('[') && first.text.ends_with(']') {
            words.remove(0);
        }
        if let Some((_, word)) = command::table(&words)? {
            return Err(Fault::new(word.span.clone(), "a table inside of a table")
                .label(format!("`*{}` has named it", table.name())));
        }
        let command = command::parse(&words, line.span.clone(), self.to.tables.wanted())?;
        match &command.family {
            Some((family, _)) if *family != self.family => {
                self.to.skipped.rules_of_other_family += 1;
                Ok(())
            }
            _ => self.apply(line, (table, self.family), command),
        }
    }

    /// `:PREROUTING ACCEPT [0:0]` and `:chain - [0:0]`
    fn declare(
        &mut self,
        line: &Line,
        table: Table,
        name: &Word,
        policy: Option<&Word>,
    ) -> Result<(), Fault> {
        let family = self.family;
        match policy.filter(|policy| policy.text != "-") {
            Some(policy) => {
                let chain = self.to.tables.chains(table).find(family, name)?;
                self.set_policy(line, (table, chain), policy)
            }
            None => self.to.tables.chains(table).make(family, name),
        }
    }

    /// A line outside of any table: a command from `start` on, with or without the name of the
    /// program.
    fn command_line(&mut self, line: &Line, start: usize) -> Result<(), Fault> {
        let text = self.file.text();
        let end = line.span.end;
        // What `iptables -t raw -S` prints names no table; commands are of `filter` then.
        let (family, words, default) = if self.part(start..end).starts_with('-') {
            (self.family, words::split(text, start..end, Syntax::Save)?, "raw")
        } else {
            let program = self.program(start..end)?;
            let rest = program.span.end..end;
            if program.text.ends_with("firewall-cmd") {
                let words = words::split(text, rest, self.shell())?;
                let Some(direct) = forms::direct(&words)? else { return Ok(()) };
                (direct.family, self.placed(direct), "filter")
            } else {
                let family = program_family(&program)?;
                (family, words::split(text, rest, self.shell())?, "filter")
            }
        };
        let table = command::table(&words)?.map_or(default, |(table, _)| table);
        let Some(table) = self.to.tables.named(table) else {
            if command::adds_rule(&words) {
                self.to.skipped.count(table);
            }
            return Ok(());
        };
        let command = command::parse(&words, line.span.clone(), self.to.tables.wanted())?;
        match &command.family {
            Some((other, word)) if *other != family => {
                Err(Fault::new(word.span.clone(), format!("`{}` of the other family", word.text))
                    .label("this rule is none of that family"))
            }
            _ => self.apply(line, (table, family), command),
        }
    }

    /// The words of a direct rule with its place, which stands before those of higher priority.
    fn placed(&mut self, Direct { family, mut words, rule }: Direct) -> Vec<Word> {
        let Some((chain, priority)) = rule else { return words };
        let name = chain.text.clone();
        let before = self.direct.iter().filter(|(known_family, known, known_priority)| {
            (*known_family, known) == (family, &name) && *known_priority <= priority
        });
        let place = before.count() + 1;
        self.direct.push((family, name, priority));
        let word = |text: String| Word { text, span: chain.span.clone() };
        words.extend([word("-I".to_owned()), chain.clone(), word(place.to_string())]);
        words
    }

    /// The program that begins the part `line`.
    fn program(&self, line: Range<usize>) -> Result<Word, Fault> {
        let name = self.part(line.clone()).split(char::is_whitespace).next().unwrap_or_default();
        let span = line.start..line.start + name.len();
        if name.contains('$') {
            // A shell would put the name there: splitting says so.
            words::split(self.file.text(), span.clone(), self.shell())?;
        }
        Ok(Word { text: name.to_owned(), span })
    }

    fn apply(
        &mut self,
        line: &Line,
        (table, family): (Table, Family),
        command: Command,
    ) -> Result<(), Fault> {
        let chains = self.to.tables.chains(table);
        let (chain, at) = match command.action {
            Action::Append { chain } => {
                let chain = chains.find(family, &chain)?;
                (chain, chains.len(chain))
            }
            Action::Insert { chain, at, at_word } => {
                let chain = chains.find(family, &chain)?;
                let place = at_word.map_or(line.span.clone(), |word| word.span);
                (chain, place_in(chains.len(chain), at, place)?)
            }
            Action::NewChain { chain } => return chains.make(family, &chain),
            Action::Policy { chain, policy } => {
                let chain = chains.find(family, &chain)?;
                return self.set_policy(line, (table, chain), &policy);
            }
            Action::Clear { .. } if chains.is_empty(family) => return Ok(()),
            Action::Clear { word } => {
                return Err(Fault::new(word.span, "rules are taken away again")
                    .label("behind rules that were read before")
                    .help("begin with this line, or leave it out"));
            }
            Action::Delete { chain, .. } if chains.len(chains.find(family, &chain)?) == 0 => {
                return Ok(());
            }
            Action::Delete { word, .. } => {
                return Err(command::looks_up(&word, self.to.tables.wanted()));
            }
            Action::Nothing => return Ok(()),
        };
        let built_in = chains.built_in(chain);
        if let Some(BuiltIn::Host(name)) = built_in {
            self.to.skipped.count(host_chain(name));
            return Ok(());
        }
        self.refuse_output(table, built_in, line)?;
        let added = self.add(line, (table, family), (chain, at), &command.rule);
        match (table, built_in, added) {
            // Many a chain is only for what a host gets and sends itself.
            (Table::Filter, None, Err(fault)) => {
                self.to.tables.chains(table).keep_fault(chain, fault, self.file);
                Ok(())
            }
            (_, _, added) => added,
        }
    }

    /// Puts a rule into its chain.
    fn add(
        &mut self,
        line: &Line,
        (table, family): (Table, Family),
        place: (ChainIndex, usize),
        words: &[Word],
    ) -> Result<(), Fault> {
        let purpose = self.to.tables.purpose(table);
        let hook = self.to.tables.chains(table).built_in(place.0).and_then(BuiltIn::hook);
        let policies = self.to.policies;
        let (classes, known, sets) = (&mut *self.to.classes, self.to.known, &mut *self.to.sets);
        let standing = Standing { purpose, family, hook, policies, classes, known, sets };
        let rule = match matches::parse(words, standing) {
            Err(fault) if fault.is_undecided() && known.unknown == Unknown::MatchesNothing => {
                let place = format!("{}:{}", self.file.name(), line.number);
                self.to.skipped.undecided.push(format!("{place}: {}", fault.title()));
                return Ok(());
            }
            parsed => parsed?,
        };
        self.to.skipped.event_choices += usize::from(rule.chooses_events);
        self.to.skipped.log_rules += usize::from(rule.records);
        let mut source = self.source(line);
        source.interfaces.clone_from(&rule.interfaces);
        self.to.tables.chains(table).insert(place, &rule, &source, line.span.clone())
    }

    /// A bridge sends nothing of its own.
    fn refuse_output(
        &self,
        table: Table,
        built_in: Option<BuiltIn>,
        line: &Line,
    ) -> Result<(), Fault> {
        let is_bridge = self.to.tables.purpose(table) != Purpose::Raw;
        if !is_bridge || built_in != Some(BuiltIn::Hook(Hook::Output)) {
            return Ok(());
        }
        Err(Fault::new(line.span.clone(), "the gateway has no OUTPUT")
            .label("a bridge sends nothing of its own")
            .help("what it carries only arrives: put the rule into PREROUTING, or leave it out"))
    }

    fn set_policy(
        &mut self,
        line: &Line,
        (table, chain): (Table, ChainIndex),
        word: &Word,
    ) -> Result<(), Fault> {
        let fault = |title: String| Fault::new(word.span.clone(), title);
        let policy = match word.text.as_str() {
            "ACCEPT" => Policy::Accept,
            "DROP" => Policy::Drop,
            text => return Err(fault(format!("bad policy `{text}`")).label("ACCEPT or DROP")),
        };
        let Some(built_in) = self.to.tables.chains(table).built_in(chain) else {
            return Err(fault("a chain of your own has no policy".to_owned()).label(match table {
                Table::Raw => "only PREROUTING and OUTPUT have one",
                Table::Filter => "only INPUT, FORWARD and OUTPUT have one",
            }));
        };
        if policy == Policy::Drop {
            self.refuse_output(table, Some(built_in), line)?;
        }
        let source = self.source(line);
        self.to.tables.chains(table).set_policy(chain, policy, source);
        Ok(())
    }

    fn source(&self, line: &Line) -> RuleSource {
        RuleSource {
            file: self.file.name().to_owned(),
            line: line.number,
            text: self.part(line.span.clone()).to_owned(),
            origin: Origin::Rule,
            interfaces: Vec::new(),
            hooks: Vec::new(),
        }
    }

    fn shell(&self) -> Syntax {
        Syntax::Shell(self.to.tables.wanted())
    }

    fn part(&self, span: Range<usize>) -> &str {
        self.file.text().get(span).unwrap_or_default()
    }
}

/// The place of a rule that is to be the one of number `at`, counted from 1, of a chain.
fn place_in(len: usize, at: usize, place: Range<usize>) -> Result<usize, Fault> {
    let index = at.checked_sub(1).filter(|index| *index <= len);
    index.ok_or_else(|| {
        Fault::new(place, format!("no place {at} in this chain"))
            .label(format!("it has {len} rules here: 1-{}", len + 1))
    })
}

/// What the rules are called of a chain that a bridge has no use for.
fn host_chain(name: &str) -> &'static str {
    match name {
        "INPUT" => "filter INPUT",
        _ => "filter OUTPUT",
    }
}

/// The family of the rules that `program` makes.
fn program_family(program: &Word) -> Result<Family, Fault> {
    let name = program.text.rsplit('/').next().unwrap_or_default();
    let name = name.strip_suffix("-legacy").or(name.strip_suffix("-nft")).unwrap_or(name);
    match name {
        "iptables" => Ok(Family::V4),
        "ip6tables" => Ok(Family::V6),
        "proto" | "domain" | "chain" => Err(foreign(program, "ferm")
            .help("let ferm write them, `ferm --noexec --lines`, and give that")),
        _ if name.starts_with("action=") || name == "add" => Err(foreign(program, "RouterOS")
            .help("write them as lines of iptables: `-A PREROUTING ... -j NOTRACK`")),
        _ => Err(Fault::new(program.span.clone(), "not a line of iptables rules")
            .label("neither iptables nor ip6tables, nor a line of iptables-save")
            .did_you_mean(name, ["iptables", "ip6tables"])),
    }
}

fn foreign(program: &Word, system: &str) -> Fault {
    Fault::new(program.span.clone(), format!("rules of {system} are not supported"))
        .label("not a line of iptables")
}

fn not_committed(opened: Range<usize>) -> Fault {
    Fault::new(opened, "this table has no COMMIT")
        .label("iptables-restore would change nothing")
        .help("end it with a line `COMMIT`; if the file is cut, rules are missing")
}
