//! The rules of an admin, as iptables-save text or iptables commands: those of the raw table, and for
//! the gateway those of FORWARD.

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
mod policies;
mod program;
mod sets;
mod tables;
mod text;
mod values;
mod words;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use keeptrack_core::raw::{Hook, PolicyId, Raw, RawTable, RawVerdict, Target, Template};
use keeptrack_core::{Class, Packet, TimeoutPolicy, Zone};

use crate::diagnostic::Faults;
pub use crate::diagnostic::{Diagnostic, Diagnostics as Error};
use crate::source::{Source, Wanted};

use self::chains::{Chains, Table};
use self::classes::Classes;
pub(crate) use self::family::mark as family_mark;
pub(crate) use self::gateway::GatewayRules;
use self::ipset::IpSets;
use self::iptables::Destination;
pub(crate) use self::matches::STATES;
pub use self::nft::LateRule;
use self::policies::Policies;
pub(crate) use self::program::Compiled;
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
    pub table: Box<HostRawTable>,
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
    /// Rules marked `-4` or `-6` in an iptables-save text of the other family.
    pub rules_of_other_family: usize,
    /// Rules that choose with `--ctevents` or `--expevents` which events are told.
    pub event_choices: usize,
    /// Rules that ask for a line of a log.
    pub log_rules: usize,
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
        self.table.classify(packet)
    }

    fn timeouts(&self, id: PolicyId) -> Option<&TimeoutPolicy> {
        self.table.timeouts(id)
    }
}

impl RuleSet {
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
    let policies = Policies::load(policies, defaults)?;
    compiled(sources(files, &text::RAW_RULES), &policies, known)
}

/// The raw rules of a gateway's configuration in words, whose other rules are its filter's.
///
/// # Errors
/// As of [`load`].
pub(crate) fn of_gateway_text(text: Source) -> Result<RuleSet, Error> {
    let rules = compiled([Ok(text)].into_iter(), &Policies::default(), Known::default())?;
    Ok(RuleSet { skipped: SkippedCounts::default(), ..rules })
}

fn sources(files: &[PathBuf], wanted: &Wanted) -> impl Iterator<Item = Result<Source, Diagnostic>> {
    files.iter().map(|path| Source::read(path, wanted))
}

fn compiled(
    files: impl Iterator<Item = Result<Source, Diagnostic>>,
    policies: &Policies,
    known: Known,
) -> Result<RuleSet, Error> {
    let mut tables = Tables::Raw(Chains::new(Table::Raw));
    let Beside { classes, skipped, late, sets } = read(files, policies, &mut tables, known)?;
    let (mut table, sources) = compile::compile(tables.into_raw(), policies)?;
    table.sets = sets;
    Ok(RuleSet { table, sources, skipped, late, classes })
}

/// What was read beside the chains.
struct Beside {
    classes: Classes,
    skipped: SkippedCounts,
    late: Vec<LateRule>,
    sets: HostSets,
}

/// Reads the rules of `files` into `tables`, one file's behind the other's.
fn read(
    files: impl Iterator<Item = Result<Source, Diagnostic>>,
    policies: &Policies,
    tables: &mut Tables,
    mut known: Known,
) -> Result<Beside, Error> {
    let mut classes = Classes::default();
    let mut sets = HostSets::default();
    let mut skipped = SkippedCounts::default();
    let mut late = Vec::new();
    let mut saved = Vec::new();
    let mut diagnostics = Vec::new();
    let mut texts = Vec::new();
    for file in files {
        let file = file.and_then(|file| match nft::is_nft(&file) {
            true => nft::listed(file).map(|file| (file, Form::Nft)),
            false => Ok((file, Form::Iptables)),
        });
        match file {
            Ok(file) => texts.push(file),
            Err(unreadable) => diagnostics.push(unreadable),
        }
    }
    // A set may stand in another file than the rules that ask for it.
    for (file, _) in texts.iter().filter(|(_, form)| *form == Form::Iptables) {
        known.ipsets.read(file, Faults::of(file, &mut diagnostics));
    }
    let known = &known;
    for (file, form) in &texts {
        let mut faults = Faults::of(file, &mut diagnostics);
        let (classes, sets) = (&mut classes, &mut sets);
        let (skipped, saved, late) = (&mut skipped, &mut saved, &mut late);
        match (form, &mut *tables) {
            (Form::Nft, Tables::Raw(chains)) => {
                nft::read(file, nft::Destination { chains, skipped, late, faults });
            }
            (Form::Nft, Tables::Bridge { .. }) => faults.whole(nft::refused_by_bridge(file)),
            (Form::Iptables, tables) => {
                let to =
                    Destination { tables, policies, classes, known, sets, skipped, saved, faults };
                iptables::read(file, to);
            }
        }
    }
    diagnostics.extend(tables.take_faults());
    Error::unless(diagnostics, Beside { classes, skipped, late, sets })
}

/// The form of a file of rules.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Iptables,
    Nft,
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use keeptrack_core::raw::{Family, Raw, RawVerdict, Rule, Target, Template};
    use keeptrack_core::{LinkType, Packet};

    use super::*;

    fn loaded(files: &[(&str, &str)]) -> Result<RuleSet, Error> {
        let texts = files
            .iter()
            .map(|(name, text)| Ok(Source::new((*name).to_owned(), (*text).to_owned())));
        compiled(texts, &Policies::default(), Known::default())
    }

    /// For each rule its place, target, family and hooks.
    fn outline(set: &RuleSet) -> Vec<String> {
        let rules = set.table.rules().iter().zip(&set.sources);
        let line = |(rule, source): (&Rule, &RuleSource)| {
            let family = match rule.matches.family {
                Some(Family::V4) => 4,
                Some(Family::V6) => 6,
                None => 0,
            };
            let target = match rule.target {
                Target::Jump(_) => "Jump".to_owned(),
                target => format!("{target:?}"),
            };
            let hooks: Vec<&str> = source.hooks.iter().map(|hook| hook.name()).collect();
            format!("{}:{} {target} v{family} {}", source.file, source.line, hooks.join(","))
        };
        rules.map(line).collect()
    }

    #[test]
    fn saved_tables_and_commands_become_one_table() {
        let saved = "# Generated by iptables-save\n*nat\n-A X -j Y\nCOMMIT\n*raw\n\
            :PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:X - [0:0]\n:LOST - [0:0]\n\
            [4:232] -A PREROUTING -i lan0 -j X\n-A OUTPUT -j X\n-A X -s 10.0.0.1,10.0.0.2 -j NOTRACK\n\
            -6 -A X -j DROP\n-A LOST -i wan0 -j DROP\nCOMMIT\n";
        let script = "#!/bin/sh\niptables -t raw -Z\nip6tables -t raw -F # first\n\
            iptables -P INPUT DROP\niptables -A INPUT -m state --state NEW -j DROP\n\
            sudo /sbin/ip6tables -w -t raw -A OUTPUT \\\n  -o lo -j NOTRACK\n\
            ip6tables -t raw -I OUTPUT 1 -o 'wan+' -j DROP\n";
        let set = loaded(&[("rules.v4", saved), ("raw.sh", script)]).unwrap();
        let expected = [
            "rules.v4:10 Jump v4 PREROUTING",
            "rules.v4:11 Jump v4 OUTPUT",
            "raw.sh:8 Drop v6 OUTPUT",
            "raw.sh:6 NoTrack v6 OUTPUT",
            "rules.v4:12 NoTrack v4 PREROUTING,OUTPUT",
            "rules.v4:12 NoTrack v4 PREROUTING,OUTPUT",
            "rules.v4:14 Drop v4 ",
        ];
        assert_eq!(outline(&set), expected);
        assert_eq!(set.skipped.other_tables, BTreeMap::from([("filter", 1), ("nat", 1)]));
        assert_eq!(set.skipped.rules_of_other_family, 1);
    }
    #[test]
    fn a_drop_policy_is_of_its_family_and_catches_what_returns() {
        let script = "iptables -t raw -P PREROUTING DROP\n\
            iptables -t raw -A PREROUTING -s 192.0.2.1 -j ACCEPT\n\
            iptables -t raw -A PREROUTING -s 192.0.2.2 -j RETURN\n";
        let mut set = loaded(&[("raw.sh", script)]).unwrap();
        let mut verdict = |source: IpAddr| {
            let bytes = match source {
                IpAddr::V4(source) => {
                    let head = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0].as_slice();
                    [head, &source.octets(), &[192, 0, 2, 9]].concat()
                }
                IpAddr::V6(source) => {
                    let head = [0x60, 0, 0, 0, 0, 8, 17, 64].as_slice();
                    [head, &source.octets(), &[0xfd; 16]].concat()
                }
            };
            let bytes = [bytes.as_slice(), &[0, 7, 0, 7, 0, 8, 0, 0]].concat();
            set.table.classify(&Packet::parse(LinkType::Raw, &bytes).unwrap())
        };
        assert_eq!(verdict([192, 0, 2, 1].into()), RawVerdict::Track(Template::NONE));
        assert_eq!(verdict([192, 0, 2, 2].into()), RawVerdict::Drop);
        assert_eq!(verdict([192, 0, 2, 3].into()), RawVerdict::Drop);
        assert_eq!(verdict([0xfd; 16].into()), RawVerdict::Track(Template::NONE));
        let counts = set.table.rules().iter().zip(&set.sources).map(|(rule, source)| {
            (source.line, source.origin, rule.count(Hook::Prerouting).effective)
        });
        let policy = counts.filter(|(_, origin, _)| *origin == Origin::Policy);
        assert_eq!(policy.collect::<Vec<_>>(), [(1, Origin::Policy, 2)]);
    }

    #[test]
    fn only_rules_that_packets_come_to_need_interfaces() {
        let needs = |text: &str| {
            let set = loaded(&[("r", text)]).unwrap();
            let needs = set.needs();
            let tests = needs.interfaces.iter();
            let tests = tests.map(|(test, source)| format!("{} {}", source.line, test.text));
            (tests.collect::<Vec<_>>().join(", "), needs.output.map(|source| source.line))
        };
        let text = "-N X\n-N LOST\n-A LOST -i wan0\n-A X ! -i lan0\n-A X -i lan0\n-A X -o lo\n";
        assert_eq!(needs(text), (String::new(), None));
        let arriving = format!("{text}-A PREROUTING -j X\n");
        assert_eq!(needs(&arriving), ("4 ! -i lan0, 6 -o lo".to_owned(), None));
        let both = format!("{text}-A OUTPUT -g X\n");
        assert_eq!(needs(&both), ("4 ! -i lan0, 6 -o lo".to_owned(), Some(7)));
        assert_eq!(needs("-P OUTPUT DROP"), (String::new(), Some(1)));
    }

    #[test]
    fn all_errors_of_all_files_are_shown() {
        let first = "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i lo -j NOTRACK\n\
            -A PREROUTING -p udp --dprot 53 -j NOTRACK\nCOMMIT\n";
        let second = "\niptables -t raw -A PREROUTING -p udp --dport 70000 -j NOTRACK\n";
        let expected = "\
error: unknown option `--dprot`
 --> rules.v4:4:22
  |
4 | -A PREROUTING -p udp --dprot 53 -j NOTRACK
  |                      ^^^^^^^ not an option of the udp match
  |
help: did you mean `--dport`?

error: port 70000 is out of range
 --> rules.sh:2:46
  |
2 | iptables -t raw -A PREROUTING -p udp --dport 70000 -j NOTRACK
  |                                              ^^^^^ 0-65535
  |
note: iptables 1.8.9 accepts it and installs port 4464 (70000 mod 65536)";
        let error = loaded(&[("rules.v4", first), ("rules.sh", second)]).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(anstream::adapter::strip_str(&error.styled()).to_string(), expected);
    }

    #[test]
    fn what_does_not_fit_is_refused_at_its_place() {
        let title = |text: &str| {
            let shown = loaded(&[("r", text)]).unwrap_err().to_string();
            let lines: Vec<&str> = shown.lines().take(2).map(str::trim).collect();
            lines.join(" ").replace("-->", "@")
        };
        let cases = [
            ("-A PREROUTING -j NOTRAK", "no chain or target is called `NOTRAK` @ r:1:18"),
            ("-A INPUT -j DROP", "the raw table has no chain `INPUT` @ r:1:4"),
            ("-N X\n-N X", "the chain `X` is there already @ r:2:4"),
            ("-N X\n-N Y\n-A X -j Y\n-A Y -g X", "the chains jump in a circle through `X` @ r:4:9"),
            ("-I OUTPUT 2 -j DROP", "no place 2 in this chain @ r:1:11"),
            ("-I OUTPUT 0 -j DROP", "no place 0 in this chain @ r:1:11"),
            ("-A OUTPUT\n-F", "rules are taken away again @ r:2:1"),
            ("*raw\n-A OUTPUT", "this table has no COMMIT @ r:1:1"),
            ("*raw\nCOMMIT\n*raw\nCOMMIT", "the raw table of IPv4 is there already: r:1 @ r:3:1"),
            ("*raw\n-t nat -A X\nCOMMIT", "a table inside of a table @ r:2:1"),
            ("*rwa", "unknown table `rwa` @ r:1:1"),
            ("-P OUTPUT REJECT", "bad policy `REJECT` @ r:1:11"),
            ("ipfables -A X", "not a line of iptables rules @ r:1:1"),
            ("$IPT -t raw -F", "shell variables and commands are not expanded @ r:1:1"),
            ("iptables -t raw -6 -A OUTPUT", "`-6` of the other family @ r:1:17"),
            ("-A OUTPUT -j FULL", "`-j FULL` asks for nothing @ r:1:14"),
        ];
        for (text, expected) in cases {
            assert_eq!(title(text), format!("error: {expected}"), "{text}");
        }
        assert_eq!(title(&"-A OUTPUT\n".repeat(5000)), "error: more than 1024 rules @ r:1025:1");
        let list = vec!["0/0"; 1000].join(",");
        let product = format!("-A OUTPUT -s {list} -d {list}");
        assert_eq!(title(&product), "error: more than 1024 rules @ r:1:1");
        let chains: String = (0..60).map(|name| format!("-N {name}\n")).collect();
        assert_eq!(title(&chains), "error: more than 58 chains beside the built-in @ r:59:4");
    }

    #[test]
    fn garbage_is_refused_soon() {
        let error = loaded(&[("r", &"abc 'def\n".repeat(100_000))]).unwrap_err();
        assert_eq!(error.diagnostics().len(), 21);
        let long = format!("-A OUTPUT {}", "x ".repeat(1_000_000));
        let error = loaded(&[("r", &long)]).unwrap_err().to_string();
        assert!(error.starts_with("error: a line of more than 10240 bytes\n --> r:1:1\n"));
        assert!(error.len() < 1000, "the line is cut");
    }
}
