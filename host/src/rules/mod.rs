//! The rules of an admin, in every form that people have them: those that decide what is tracked, and
//! for the gateway those of FORWARD.

mod chains;
mod classes;
mod command;
mod compile;
mod family;
mod forms;
mod gateway;
mod icmp;
mod ipset;
mod iptables;
mod matches;
mod names;
mod nft;
mod outline;
mod policies;
mod program;
mod reading;
mod sets;
mod shell;
mod tables;
#[cfg(test)]
mod tests;
mod text;
mod values;
mod words;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use keeptrack_core::raw::{Hook, PolicyId, Raw, RawTable, RawVerdict, Target, Template, TrackAll};
use keeptrack_core::{Class, Packet, TimeoutPolicy, Zone};

pub use crate::diagnostic::{Diagnostic, Diagnostics as Error};
use crate::source::{Source, Wanted};

use self::chains::{Chains, Table};
use self::classes::Classes;
pub(crate) use self::family::mark as family_mark;
pub(crate) use self::gateway::GatewayRules;
use self::ipset::IpSets;
pub(crate) use self::matches::STATES;
pub use self::nft::LateRule;
pub(crate) use self::outline::{
    Action, Base, Chain, Hook as AnyHook, Nat, Outline, Packets, Place, Rule, Wrapped,
};
use self::policies::Policies;
pub(crate) use self::program::Compiled;
use self::reading::Reading;
use self::sets::HostSets;
use self::tables::Tables;

/// The most rules of both families together. A rule that lists addresses counts for each.
pub const MAX_RULES: usize = 1024;

/// The most chains of both families together, with the built-in ones.
pub const MAX_CHAINS: usize = 64;

/// The raw table of the host program; a DROP policy takes two rules on each hook of each family.
pub type HostRawTable = RawTable<{ MAX_RULES + 8 }, MAX_CHAINS, { PolicyId::MAX_COUNT }, HostSets>;

/// The raw rules of some files.
#[derive(Debug, Clone)]
pub struct RuleSet {
    /// The rules, ready to decide.
    pub table: Arc<HostRawTable>,
    /// Where the rules come from: `sources[i]` is that of `table.rules()[i]`.
    pub sources: Vec<RuleSource>,
    /// What was read and does not decide anything.
    pub skipped: SkippedCounts,
    /// What nft says of tracking in chains that come too late.
    pub late: Vec<LateRule>,
    classes: Classes,
}

/// Where a rule of the table comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSource {
    /// The file as typed. Not made safe for a terminal.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// The line as written, without white space around. Not made safe for a terminal.
    pub text: String,
    /// What of the line the rule stands for.
    pub origin: Origin,
    /// The interfaces that it tests.
    pub interfaces: Vec<InterfaceTest>,
    /// The hooks from which a packet can come to it; none when no rule jumps to its chain.
    pub hooks: Vec<Hook>,
}

/// What a rule of the table stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A rule of the file.
    Rule,
    /// The policy DROP of a built-in chain.
    Policy,
    /// The way into a built-in chain with the policy DROP: every packet of the family takes it.
    Entry,
}

/// An interface that a rule tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceTest {
    /// Its name, or the beginning of one and a `+`.
    pub name: String,
    /// The test as written: `-i lan0`.
    pub text: String,
}

/// What was read and does not decide anything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SkippedCounts {
    /// Rules of other tables, by table.
    pub other_tables: BTreeMap<&'static str, usize>,
    /// Whether a rule of them changes addresses: of what is not tracked it changes none.
    pub has_nat: bool,
    /// Rules marked `-4` or `-6` in an iptables-save text of the other family.
    pub rules_of_other_family: usize,
    /// Rules that choose with `--ctevents` or `--expevents` which events are told.
    pub event_choices: usize,
    /// Rules that ask for a line of a log.
    pub log_rules: usize,
    /// Ports that iptables cuts to 16 bits: where, what is written and what it installs.
    pub wrapped_ports: Vec<String>,
    /// Rules that match nothing because this version does not decide them, and why.
    pub undecided: Vec<String>,
    /// The files of rules that hold settings as well, as typed.
    pub files_with_settings: Vec<String>,
}

impl SkippedCounts {
    fn count(&mut self, table: &'static str) {
        *self.other_tables.entry(table).or_default() += 1;
    }

    fn settings_in(&mut self, file: &str) {
        if !self.files_with_settings.iter().any(|known| known == file) {
            self.files_with_settings.push(file.to_owned());
        }
    }
}

/// What a capture must tell so that the rules can decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs<'r> {
    /// The interfaces that must have names, each once, with the first rule that tests it.
    pub interfaces: Vec<(&'r InterfaceTest, &'r RuleSource)>,
    /// The first rule that packets of this host meet: it must be known which packets those are.
    pub output: Option<&'r RuleSource>,
}

impl Raw for RuleSet {
    fn classify(&mut self, packet: &Packet<'_>) -> RawVerdict {
        // Most tables have none, and share what they have.
        if self.table.rules().is_empty() {
            return TrackAll.classify(packet);
        }
        match Arc::get_mut(&mut self.table) {
            Some(table) => table.classify(packet),
            None => self.own_table().classify(packet),
        }
    }

    fn timeouts(&self, id: PolicyId) -> Option<&TimeoutPolicy> {
        self.table.timeouts(id)
    }
}

impl RuleSet {
    /// The table, shared no more: its counts are those of one tracker. Apart from the walk, which
    /// would have to have room for a table on its stack.
    #[cold]
    #[inline(never)]
    fn own_table(&mut self) -> &mut HostRawTable {
        Arc::make_mut(&mut self.table)
    }

    /// The timeout policies, in the order of their ids.
    pub fn policies(&self) -> impl Iterator<Item = &TimeoutPolicy> {
        (0..).map_while(PolicyId::at).map_while(|id| self.table.timeouts(id))
    }

    /// The zones of connections: that of everybody, and those that rules give.
    #[must_use]
    pub fn zones(&self) -> Vec<Zone> {
        let targets = self.table.rules().iter().map(|rule| rule.target);
        let given = targets.filter_map(|target| match target {
            Target::Ct(template) => Some(template.zone),
            _ => None,
        });
        let mut zones: Vec<Zone> = given.chain([Zone::DEFAULT]).collect();
        zones.sort_unstable_by_key(|Zone(number)| *number);
        zones.dedup();
        zones
    }

    /// Whether a rule gives connections a helper.
    #[must_use]
    pub fn has_helper(&self) -> bool {
        let targets = self.table.rules().iter().map(|rule| rule.target);
        targets.into_iter().any(|to| matches!(to, Target::Ct(Template { helper: Some(_), .. })))
    }

    /// The classes that rules name, in the order in which they first do, with their names.
    pub fn classes(&self) -> impl Iterator<Item = (&str, Class)> {
        self.classes.all()
    }

    /// The class of that name, if a rule names it.
    #[must_use]
    pub fn class(&self, name: &str) -> Option<Class> {
        self.classes.find(name)
    }

    /// The first rule that packets come to and that says what a full table does with them: no
    /// system but ours has such rules.
    #[must_use]
    pub fn full_rule(&self) -> Option<&RuleSource> {
        let mut ruled = self.table.rules().iter().zip(&self.sources);
        let found = ruled.find(|(rule, source)| {
            matches!(rule.target, Target::Full(_)) && !source.hooks.is_empty()
        });
        found.map(|(_, source)| source)
    }

    /// What a capture must tell; rules that no packet comes to ask for nothing.
    #[must_use]
    pub fn needs(&self) -> Needs<'_> {
        let mut interfaces: Vec<(&InterfaceTest, &RuleSource)> = Vec::new();
        for source in self.sources.iter().filter(|source| !source.hooks.is_empty()) {
            for test in &source.interfaces {
                if !interfaces.iter().any(|(known, _)| known.name == test.name) {
                    interfaces.push((test, source));
                }
            }
        }
        let output = self.sources.iter().find(|source| source.hooks.contains(&Hook::Output));
        Needs { interfaces, output }
    }
}

/// What is known beside the files of rules.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The addresses of the host, but for loopback's.
    pub local: Vec<IpAddr>,
    /// What becomes of rules that this version does not decide.
    pub unknown: Unknown,
    ipsets: IpSets,
}

impl Known {
    /// That host's addresses, and that of rules that are not decided.
    #[must_use]
    pub fn new(local: Vec<IpAddr>, unknown: Unknown) -> Self {
        Self { local, unknown, ipsets: IpSets::default() }
    }
}

/// What becomes of a rule with a match or a target that is known and not decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unknown {
    /// It is an error.
    #[default]
    Refused,
    /// It matches no packet, which is said.
    MatchesNothing,
}

/// Reads the rules of `files`, one file's behind the other's, and the timeout policies that they
/// may name. Of what a policy does not say, `defaults` are taken.
///
/// # Errors
/// All that is wrong with the files, at most 20 errors of each: none of their rules is used then.
pub fn load(
    files: &[PathBuf],
    policies: &[PathBuf],
    defaults: &TimeoutPolicy,
    known: Known,
) -> Result<RuleSet, Error> {
    Texts::load(files, (policies, defaults), known).map(|(_, rules)| rules)
}

/// The rules of some files as they were read: more may be read behind them.
#[derive(Debug, Clone)]
pub(crate) struct Texts {
    read: Reading,
    policies: Policies,
}

impl Texts {
    /// What files have said, and their rules.
    ///
    /// # Errors
    /// As of [`load`].
    pub(crate) fn load(
        files: &[PathBuf],
        (policies, defaults): (&[PathBuf], &TimeoutPolicy),
        known: Known,
    ) -> Result<(Self, RuleSet), Error> {
        let policies = Policies::load(policies, defaults)?;
        Self::of(sources(files, &text::RAW_RULES), policies, known)
    }

    /// Of a gateway's configuration in words, whose other rules are its filter's.
    ///
    /// # Errors
    /// As of [`load`].
    pub(crate) fn of_gateway_text(text: Source) -> Result<(Self, RuleSet), Error> {
        let (mut texts, mut rules) =
            Self::of([Ok(text)].into_iter(), Policies::default(), Known::default())?;
        texts.read.skipped = SkippedCounts::default();
        rules.skipped = SkippedCounts::default();
        Ok((texts, rules))
    }

    fn of(
        files: impl Iterator<Item = Result<Source, Diagnostic>>,
        policies: Policies,
        known: Known,
    ) -> Result<(Self, RuleSet), Error> {
        let mut read = Reading::new(Tables::Raw(Chains::new(Table::Raw)), known);
        read.read(files, &policies)?;
        let rules = compiled(read.clone(), &policies)?;
        Ok((Self { read, policies }, rules))
    }

    /// The rules with those of one more text behind them.
    ///
    /// # Errors
    /// When there are too many then, or the text is wrong.
    pub(crate) fn with(&self, more: Source) -> Result<RuleSet, Error> {
        let mut read = self.read.clone();
        read.read([Ok(more)].into_iter(), &self.policies)?;
        compiled(read, &self.policies)
    }
}

/// All rules of texts, those of every table, as far as they can be understood.
///
/// # Errors
/// As of [`load`].
pub(crate) fn outlined(texts: Vec<Source>, known: Known) -> Result<Outline, Error> {
    let mut read = Reading::new(Tables::Raw(Chains::new(Table::Raw)), known);
    let policies = Policies::default();
    let outline = read.outline(texts.into_iter().map(Ok), &policies)?;
    compiled(read, &policies)?;
    Ok(outline)
}

/// Reads the rules of a file's bytes, as [`load`] does.
///
/// # Errors
/// As of [`load`].
pub fn of_bytes(bytes: &[u8], known: Known) -> Result<RuleSet, Error> {
    let file = Source::of("rules".to_owned(), bytes, &text::RAW_RULES);
    Texts::of([file].into_iter(), Policies::default(), known).map(|(_, rules)| rules)
}

fn sources(files: &[PathBuf], wanted: &Wanted) -> impl Iterator<Item = Result<Source, Diagnostic>> {
    files.iter().map(|path| Source::read(path, wanted))
}

fn compiled(read: Reading, policies: &Policies) -> Result<RuleSet, Error> {
    let Reading { tables, classes, skipped, late, sets, .. } = read;
    let (mut table, sources) = compile::compile(tables.into_raw(), policies)?;
    table.sets = sets;
    Ok(RuleSet { table: table.into(), sources, skipped, late, classes })
}
