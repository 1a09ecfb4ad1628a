//! All rules that files have, those of every table and hook, as far as they can be understood: what
//! is said about rules beside what they decide.
//!
//! Nothing is wrong here. What is not understood makes a rule vaguer: it may match fewer packets than
//! are said.

mod action;
mod options;

use std::collections::HashMap;
use std::ops::Range;

use keeptrack_core::raw::{Family, Matches, SetId, Test};

use super::Known;
use super::command::Action as Does;
use super::command::Command;
use super::sets::{HostSets, Side};
use super::words::Word;
use crate::source::Source;

pub(crate) use self::action::{Action, Nat};

/// The rules of some files.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    /// The files, in the order in which they were given.
    pub(crate) files: Vec<Source>,
    pub(crate) chains: Vec<Chain>,
    /// The chains of iptables, by table, whether that is IPv6's, and name.
    iptables: HashMap<(&'static str, bool, String), usize>,
    /// The families of which the files tell all rules, or some.
    pub(crate) families: Vec<Family>,
    /// How many files have begun.
    file_count: usize,
    /// What rules ask of addresses.
    pub(in crate::rules) sets: HostSets,
}

/// A part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Which file, from 0.
    pub(crate) file: usize,
    /// Its bytes.
    pub(crate) span: Range<usize>,
}

/// A chain.
#[derive(Debug)]
pub(crate) struct Chain {
    /// Its table, with the program that made it.
    pub(in crate::rules) table: String,
    pub(crate) name: String,
    /// `None`: of both.
    pub(crate) family: Option<Family>,
    pub(crate) base: Option<Base>,
    /// Whether what comes to its end is dropped.
    pub(crate) drops: bool,
    pub(crate) rules: Vec<Rule>,
}

/// Where a base chain is entered.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    pub(crate) hook: Hook,
    pub(crate) priority: i32,
    /// Whether it changes addresses: only the first packet of a connection enters it.
    pub(crate) is_nat: bool,
    /// Where its hook and priority are said.
    pub(crate) place: Option<Place>,
}

/// A hook of netfilter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hook {
    Prerouting,
    Input,
    Forward,
    Output,
    Postrouting,
    /// Before all of them, or of no packet of IP.
    Other,
}

/// A rule.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// All of it.
    pub(crate) place: Place,
    /// The word that says what it does.
    pub(crate) action_span: Range<usize>,
    pub(crate) packets: Packets,
    pub(crate) action: Action,
    /// The ports that iptables installs otherwise than they are written.
    pub(crate) wrapped: Vec<Wrapped>,
    /// The words of its options, to be deleted by.
    pub(in crate::rules) words: Vec<String>,
}

/// A port that iptables installs otherwise than it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrapped {
    pub(crate) span: Range<usize>,
    pub(crate) written: u64,
    pub(crate) installed: u16,
}

/// The packets that a rule matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packets {
    /// Those of one of these.
    pub(crate) any_of: Vec<Matches>,
    /// Those in one of these states: a bit each, in the order of [`STATES`](super::STATES).
    pub(crate) states: Test<u8>,
    /// Whether they are all of these; else they are some of these.
    pub(crate) is_exact: bool,
    /// Whether they are for this host itself.
    pub(crate) is_local: bool,
}

/// A table and a family of it.
pub(super) type TableOf = (&'static str, Family);

/// A command as it was heard.
pub(super) struct Heard<'h> {
    pub(super) table: &'static str,
    pub(super) family: Family,
    /// Its line.
    pub(super) line: Range<usize>,
    pub(super) known: &'h Known,
}

impl Hook {
    /// As nft writes it, whose letters are those of iptables' chains made small.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "prerouting" => Self::Prerouting,
            "input" => Self::Input,
            "forward" => Self::Forward,
            "output" => Self::Output,
            "postrouting" => Self::Postrouting,
            _ => return None,
        })
    }
}

impl Packets {
    /// All of a family.
    pub(super) fn all_of(family: Option<Family>) -> Self {
        let any_of = vec![Matches { family, ..Matches::default() }];
        Self { any_of, states: Test::Any, is_exact: true, is_local: false }
    }
}

impl Outline {
    /// What comes next is of the next file.
    pub(super) fn begin(&mut self) {
        self.file_count += 1;
    }

    pub(super) fn place(&self, span: Range<usize>) -> Place {
        Place { file: self.file_count.saturating_sub(1), span }
    }

    pub(super) fn see(&mut self, family: Family) {
        if !self.families.contains(&family) {
            self.families.push(family);
        }
    }

    /// `:CHAIN POLICY` of an iptables-save text.
    pub(super) fn declare(&mut self, table: TableOf, name: &Word, policy: Option<&Word>) {
        let chain = self.iptables(table, &name.text);
        chain.drops = policy.is_some_and(|policy| policy.text == "DROP");
        self.see(table.1);
    }

    /// A command of iptables. Answers whether the program would have done it, as far as it is known.
    pub(super) fn command(&mut self, heard: &Heard<'_>, command: &Command) -> bool {
        let table = (heard.table, heard.family);
        self.see(heard.family);
        match &command.action {
            Does::Append { chain } => {
                let rules = self.read(heard, &command.rule);
                self.iptables(table, &chain.text).rules.extend(rules);
            }
            Does::Insert { chain, at } => {
                let rules = self.read(heard, &command.rule);
                let chain = self.iptables(table, &chain.text);
                let at = at.as_ref().map_or(0, |place| place.at.saturating_sub(1));
                let at = at.min(chain.rules.len());
                chain.rules.splice(at..at, rules);
            }
            Does::Policy { chain, policy } => {
                self.iptables(table, &chain.text).drops = policy.text == "DROP";
            }
            Does::Replace { chain, at } => {
                let rules = self.read(heard, &command.rule);
                let chain = self.iptables(table, &chain.text);
                if let Some(at) = at.at.checked_sub(1).filter(|at| *at < chain.rules.len()) {
                    chain.rules.splice(at..=at, rules);
                }
            }
            Does::Delete { chain, at } => {
                let at = match at {
                    Some(place) => place.at.checked_sub(1),
                    None => self.like(table, chain, command),
                };
                let rules = &mut self.iptables(table, &chain.text).rules;
                let Some(at) = at.filter(|at| *at < rules.len()) else { return false };
                rules.remove(at);
            }
            Does::Rename { chain, name } => {
                let key =
                    |name: &Word| (heard.table, heard.family == Family::V6, name.text.clone());
                let Some(at) = self.iptables.remove(&key(chain)) else { return false };
                self.iptables.insert(key(name), at);
                if let Some(chain) = self.chains.get_mut(at) {
                    chain.name.clone_from(&name.text);
                }
            }
            Does::Check { chain } => return self.like(table, chain, command).is_some(),
            Does::Flush { chain } => {
                let is_flushed = |known: &Chain| match chain {
                    Some(one) => known.name == one.text,
                    None => true,
                };
                let chains = self.chains.iter_mut().filter(|known| known.is_of(table));
                chains.filter(|known| is_flushed(known)).for_each(|known| known.rules.clear());
            }
            _ => {}
        }
        true
    }

    /// The place of a rule of those words in its chain.
    fn like(&mut self, table: TableOf, chain: &Word, command: &Command) -> Option<usize> {
        let words = texts(&command.rule);
        let rules = &self.iptables(table, &chain.text).rules;
        rules.iter().position(|rule| rule.words == words)
    }

    /// Whether a set is that of all packets to addresses of this host.
    pub(crate) fn is_of_receiver(&self, set: SetId) -> bool {
        self.sets.is_local(set, Side::Destination)
    }

    /// Whether a set is that of all packets from addresses of this host.
    pub(crate) fn is_of_sender(&self, set: SetId) -> bool {
        self.sets.is_local(set, Side::Source)
    }

    /// The rules that a command makes.
    fn read(&mut self, heard: &Heard<'_>, words: &[Word]) -> Option<Rule> {
        let said = options::Said::of(words);
        let place = self.place(heard.line.clone());
        let (packets, wrapped) = said.packets(heard, &mut self.sets);
        let action = match said.action() {
            Ok(action) => action,
            Err((chain, jump)) => {
                self.iptables((heard.table, heard.family), &chain.text);
                jump(self.index_of((heard.table, heard.family), &chain.text)?)
            }
        };
        let action_span = said.target().map_or(heard.line.clone(), |target| target.span.clone());
        Some(Rule { place, action_span, packets, action, wrapped, words: texts(words) })
    }

    fn index_of(&self, (table, family): TableOf, name: &str) -> Option<usize> {
        self.iptables.get(&(table, family == Family::V6, name.to_owned())).copied()
    }

    /// The chain of iptables of that name, made if it is not there.
    fn iptables(&mut self, table: TableOf, name: &str) -> &mut Chain {
        let at = self.index_of(table, name).unwrap_or_else(|| {
            self.chains.push(Chain {
                table: table.0.to_owned(),
                name: name.to_owned(),
                family: Some(table.1),
                base: built_in(table.0, name),
                drops: false,
                rules: Vec::new(),
            });
            let at = self.chains.len() - 1;
            self.iptables.insert((table.0, table.1 == Family::V6, name.to_owned()), at);
            at
        });
        &mut self.chains[at]
    }

    /// Makes a chain of nft, and answers with its place.
    pub(super) fn add(&mut self, chain: Chain) -> usize {
        self.chains.push(chain);
        self.chains.len() - 1
    }
}

impl Chain {
    pub(super) fn of_nft(table: &str, name: &str, family: Option<Family>) -> Self {
        Self {
            table: format!("nft {table}"),
            name: name.to_owned(),
            family,
            base: None,
            drops: false,
            rules: Vec::new(),
        }
    }

    fn is_of(&self, (table, family): TableOf) -> bool {
        self.table == table && self.family == Some(family)
    }

    /// Whether nft made it.
    pub(crate) fn is_of_nft(&self) -> bool {
        self.table.starts_with("nft ")
    }
}

fn texts(words: &[Word]) -> Vec<String> {
    words.iter().map(|word| word.text.clone()).collect()
}

/// Where iptables enters a chain of that name.
fn built_in(table: &str, name: &str) -> Option<Base> {
    let hook = Hook::named(&name.to_ascii_lowercase()).filter(|_| name == name.to_uppercase())?;
    let (priority, is_nat) = match (table, hook) {
        ("raw", Hook::Prerouting | Hook::Output) => (-300, false),
        ("mangle", _) => (-150, false),
        ("nat", Hook::Prerouting | Hook::Output) => (-100, true),
        ("nat", Hook::Input | Hook::Postrouting) => (100, true),
        ("filter", Hook::Input | Hook::Forward | Hook::Output) => (0, false),
        ("security", Hook::Input | Hook::Forward | Hook::Output) => (50, false),
        _ => return None,
    };
    Some(Base { hook, priority, is_nat, place: None })
}
