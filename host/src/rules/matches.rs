//! The options of one rule: what it matches, and its target.

mod ct;
mod filter;
mod full;
mod header;
mod host;
mod modules;
mod target;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::slice::Iter;

use keeptrack_core::raw::{Family, Hook, Matches, Network, Target, Test};

use self::ct::Ct;
use self::full::Full;
use super::InterfaceTest;
use super::Known;
use super::classes::Classes;
use super::names::{OPTIONS, OTHER_OPTIONS, Opt, lists};
use super::policies::Policies;
use super::sets::HostSets;
use super::values::WrappedPort;
use super::words::Word;
use crate::diagnostic::Fault;

pub(crate) use self::filter::STATES;
pub(super) use self::filter::{States, Tests};

/// A rule as written.
#[derive(Debug)]
pub(super) struct Rule {
    /// What it matches, but for its addresses.
    matches: Matches,
    sources: Addresses,
    destinations: Addresses,
    /// What it asks besides.
    pub(super) tests: Tests,
    pub(super) target: RuleTarget,
    pub(super) interfaces: Vec<InterfaceTest>,
    /// Whether it asks for a line of a log.
    pub(super) records: bool,
    /// Whether `--ctevents` or `--expevents` says which events are told.
    pub(super) chooses_events: bool,
    /// Its ports that iptables cuts to 16 bits.
    pub(super) wrapped: Vec<WrappedPort>,
    /// What it has besides that decides nothing, such as comments: rules are told apart by it too.
    pub(super) remarks: Vec<String>,
}

/// What `-s` or `-d` tests: one of these.
type Addresses = Vec<Test<Network>>;

impl Rule {
    /// How many rules iptables makes of it: one for each pair of listed addresses.
    pub(super) fn count(&self) -> usize {
        self.sources.len().saturating_mul(self.destinations.len())
    }

    /// What each of those rules matches.
    pub(super) fn expanded(&self) -> impl Iterator<Item = Matches> {
        self.sources.iter().flat_map(|source| {
            self.destinations.iter().map(|destination| Matches {
                source: source.clone(),
                destination: destination.clone(),
                ..self.matches.clone()
            })
        })
    }
}

/// The target of a rule as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RuleTarget {
    /// One that is built in.
    BuiltIn(Target),
    /// A chain to come back from, or some target that is not known.
    Jump(Word),
    /// A chain that is not come back from.
    Goto(Word),
}

/// What rules are read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The raw table, of whatever host captured.
    Raw,
    /// The raw table, of a bridge: packets arrive at its two ports, and that is all.
    BridgeRaw,
    /// The filter table of a bridge.
    BridgeFilter,
}

/// Where a rule stands.
#[derive(Debug)]
pub(super) struct Standing<'p> {
    pub(super) purpose: Purpose,
    pub(super) family: Family,
    /// The hook, when the chain is a built-in one.
    pub(super) hook: Option<Hook>,
    /// The timeout policies that it may name.
    pub(super) policies: &'p Policies,
    /// The classes that rules have named; this one may name another.
    pub(super) classes: &'p mut Classes,
    /// What is known beside the rules.
    pub(super) known: &'p Known,
    /// What rules have asked of addresses; this one may ask more.
    pub(super) sets: &'p mut HostSets,
}

/// Reads the options of a rule, `words`.
///
/// # Errors
/// The first word that iptables would refuse or that this version does not decide.
pub(super) fn parse(words: &[Word], standing: Standing<'_>) -> Result<Rule, Fault> {
    let mut parser = Parser {
        words: words.iter(),
        matches: Matches { family: Some(standing.family), ..Matches::default() },
        standing,
        sources: None,
        destinations: None,
        interfaces: Vec::new(),
        tests: Tests::default(),
        modules: Vec::new(),
        port_option: None,
        target: None,
        ct: Ct::default(),
        full: Full::default(),
        mark: None,
        wrapped: Vec::new(),
        remarks: Vec::new(),
    };
    while let Some(word) = parser.words.next() {
        parser.option(word)?;
    }
    parser.finish()
}

/// The value behind `option`, which must be there.
pub(super) fn value<'w>(option: &Word, words: &mut Iter<'w, Word>) -> Result<&'w Word, Fault> {
    words.next().ok_or_else(|| {
        Fault::new(option.span.clone(), format!("`{}` has no value", option.text))
            .label("the line ends behind it")
    })
}

struct Parser<'w> {
    words: Iter<'w, Word>,
    standing: Standing<'w>,
    matches: Matches,
    sources: Option<Addresses>,
    destinations: Option<Addresses>,
    interfaces: Vec<InterfaceTest>,
    tests: Tests,
    modules: Vec<&'w Word>,
    port_option: Option<&'w Word>,
    target: Option<(&'w Word, Opt)>,
    ct: Ct<'w>,
    full: Full<'w>,
    /// What `-j MARK` does.
    mark: Option<Target>,
    wrapped: Vec<WrappedPort>,
    remarks: Vec<String>,
}

/// An option on its way through the parser, with the `!` before it.
#[derive(Clone, Copy)]
struct Given<'w> {
    word: &'w Word,
    bang: Option<&'w Word>,
}

impl Given<'_> {
    fn test<T>(&self, value: T) -> Test<T> {
        if self.bang.is_some() { Test::Not(value) } else { Test::Is(value) }
    }

    fn fault(&self, title: impl Into<String>) -> Fault {
        Fault::new(self.word.span.clone(), title)
    }

    /// Puts `test` into `field`, which must be free.
    fn set<T: PartialEq>(&self, field: &mut Test<T>, test: Test<T>) -> Result<(), Fault> {
        if *field != Test::Any {
            return Err(self.twice());
        }
        *field = test;
        Ok(())
    }

    fn twice(&self) -> Fault {
        self.fault(format!("`{}` comes twice", self.word.text))
            .label("this is tested already, and one rule tests it once")
    }
}

impl<'w> Parser<'w> {
    fn option(&mut self, word: &'w Word) -> Result<(), Fault> {
        let given = match word.text.as_str() {
            "!" => Given { word: value(word, &mut self.words)?, bang: Some(word) },
            _ => Given { word, bang: None },
        };
        let name = given.word.text.as_str();
        let Some((_, opt)) = OPTIONS.iter().find(|(option, _)| *option == name) else {
            return Err(self.unknown_option(given.word));
        };
        match opt {
            Opt::Source => self.addresses(given, |parser| &mut parser.sources),
            Opt::Destination => self.addresses(given, |parser| &mut parser.destinations),
            Opt::Input | Opt::Output => self.interface(given, *opt),
            Opt::Protocol => self.protocol(given),
            Opt::SourcePort
            | Opt::DestinationPort
            | Opt::SourcePorts
            | Opt::DestinationPorts
            | Opt::EitherPorts => self.ports(given, *opt),
            Opt::CtState | Opt::State => self.states(given, *opt),
            Opt::PhysdevIn | Opt::PhysdevOut | Opt::PhysdevIs => self.physdev(given, *opt),
            Opt::IcmpType | Opt::Icmpv6Type => self.icmp_type(given, *opt),
            Opt::Syn
            | Opt::TcpFlags
            | Opt::SourceType
            | Opt::DestinationType
            | Opt::SourceRange
            | Opt::DestinationRange
            | Opt::MatchSet
            | Opt::Length
            | Opt::PacketKind
            | Opt::Mark => self.host_option(given, *opt),
            _ => match given.bang {
                None => self.plain_option(given, *opt),
                Some(bang) => {
                    Err(Fault::new(bang.span.clone(), "`!` in front of the wrong option")
                        .label(format!("`{name}` cannot be inverted")))
                }
            },
        }
    }

    /// An option that takes no `!`.
    fn plain_option(&mut self, given: Given<'w>, opt: Opt) -> Result<(), Fault> {
        let target = self.target.map(|(word, _)| word.text.as_str());
        let records = matches!(target, Some("LOG" | "NFLOG"));
        match opt {
            Opt::Module => self.module(given),
            Opt::Jump | Opt::Goto if self.target.is_some() => {
                Err(given.fault("a second target").label("a rule has one"))
            }
            Opt::Jump | Opt::Goto => self.jump(given, opt),
            Opt::Counters => {
                self.counter(given)?;
                self.counter(given)
            }
            Opt::Comment if self.has_module("comment") => self.remark(given),
            Opt::Comment => Err(needs(given, "-m comment")),
            Opt::NoTrack
            | Opt::Zone
            | Opt::OneWayZone
            | Opt::Timeout
            | Opt::Helper
            | Opt::CtEvents
            | Opt::ExpectationEvents => self.ct(given, opt),
            Opt::Class | Opt::Bypass => self.full(given, opt),
            Opt::SetMark | Opt::SetXmark | Opt::AndMark | Opt::OrMark | Opt::XorMark => {
                self.mark_option(given, opt)
            }
            Opt::RecordFlag if records => {
                self.remarks.push(given.word.text.clone());
                Ok(())
            }
            Opt::RecordValue if records => self.remark(given),
            _ => Err(needs(given, "-j LOG` or `-j NFLOG")),
        }
    }

    /// Keeps an option that decides nothing, with its value, which may be any text.
    fn remark(&mut self, given: Given<'_>) -> Result<(), Fault> {
        let value = value(given.word, &mut self.words)?;
        self.remarks.push(format!("{} {}", given.word.text, value.text));
        Ok(())
    }

    fn value(&mut self, given: Given<'_>) -> Result<&'w Word, Fault> {
        let value = value(given.word, &mut self.words)?;
        if value.text == "!" {
            return Err(Fault::new(value.span.clone(), "`!` behind an option")
                .label("not a value")
                .help(format!("put it in front: `! {}`", given.word.text)));
        }
        Ok(value)
    }

    fn counter(&mut self, given: Given<'_>) -> Result<(), Fault> {
        let value = self.value(given)?;
        value.text.parse::<u64>().map(|_| ()).map_err(|_| {
            Fault::new(value.span.clone(), format!("`{}` is not a counter", value.text))
                .label("packets and bytes, two numbers")
        })
    }

    fn unknown_option(&self, word: &Word) -> Fault {
        let name = word.text.as_str();
        let place = word.span.clone();
        if lists(OTHER_OPTIONS, name) {
            return unsupported(place, &format!("`{name}`"));
        }
        if !name.starts_with('-') {
            return Fault::new(place, format!("unexpected word `{name}`"))
                .label("not an option, nor the value of one")
                .help("text of several words needs quotes");
        }
        let label = match self.port_match() {
            Some(protocol) => format!("not an option of the {protocol} match"),
            None => "not an option of iptables".to_owned(),
        };
        let fault = Fault::new(place, format!("unknown option `{name}`")).label(label);
        match name.split_once('=') {
            Some((option, value)) => fault.help(format!("write `{option} {value}`")),
            None => {
                let known = OPTIONS.iter().map(|(option, _)| *option);
                let known = known.chain(OTHER_OPTIONS.split_whitespace());
                fault.did_you_mean(name, known.filter(|option| option.starts_with("--")))
            }
        }
    }

    fn finish(mut self) -> Result<Rule, Fault> {
        self.check_modules()?;
        let target = self.checked_target()?;
        let any = || vec![Test::Any];
        let target_name = self.target.map(|(word, _)| word.text.as_str());
        Ok(Rule {
            tests: self.tests,
            records: matches!(target_name, Some("LOG" | "NFLOG" | "TRACE")),
            matches: self.matches,
            sources: self.sources.unwrap_or_else(any),
            destinations: self.destinations.unwrap_or_else(any),
            target,
            interfaces: self.interfaces,
            chooses_events: self.ct.chooses_events(),
            wrapped: self.wrapped,
            remarks: self.remarks,
        })
    }
}

fn flag(field: &mut bool, given: Given<'_>) -> Result<(), Fault> {
    if std::mem::replace(field, true) { Err(twice(given)) } else { Ok(()) }
}

fn once<T>(field: &mut Option<T>, value: T, given: Given<'_>) -> Result<(), Fault> {
    match field.replace(value) {
        Some(_) => Err(twice(given)),
        None => Ok(()),
    }
}

fn twice(given: Given<'_>) -> Fault {
    given.fault(format!("`{}` comes twice", given.word.text)).label("one rule has it once")
}

fn needs(given: Given<'_>, what: &str) -> Fault {
    given
        .fault(format!("`{}` without `{what}`", given.word.text))
        .label(format!("iptables knows it only behind `{what}`"))
}

fn unsupported(place: Range<usize>, what: &str) -> Fault {
    Fault::new(place, format!("{what} is not supported by this version"))
        .label("known, but not decided here yet")
        .undecided()
}
