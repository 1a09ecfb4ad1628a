//! The rules of a gateway: PREROUTING of the raw table and FORWARD of the filter table, of both
//! families.

use std::path::PathBuf;

use keeptrack_core::raw::{Hook, Policy};
use keeptrack_core::{Class, Protocol};
use keeptrack_gateway::rules::{Ask, Program, States, Then};

use super::chains::{BuiltIn, Chains, Table};
use super::policies::Policies;
use super::program::{Compiled, program};
use super::tables::Tables;
use super::{Error, Known, Reading, SkippedCounts, sources, text};
use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::units::Count;

/// The rules of a gateway, compiled.
#[derive(Debug)]
pub(crate) struct GatewayRules {
    /// PREROUTING.
    pub(crate) raw: Compiled,
    /// FORWARD.
    pub(crate) filter: Compiled,
    /// The classes that rules name, in the order of their numbers.
    pub(crate) classes: Vec<String>,
    skipped: SkippedCounts,
    /// The families all of which passes.
    unfiltered: Vec<&'static str>,
    /// Whether a rule of IPv6 may let neighbour discovery pass, or the policy does.
    neighbours_pass: bool,
}

impl GatewayRules {
    /// Reads the rules of `files`, one file's behind the other's.
    ///
    /// # Errors
    /// All that is wrong with the files, at most 20 errors of each.
    pub(crate) fn load(files: &[PathBuf]) -> Result<Self, Error> {
        Self::compiled(sources(files, &text::GATEWAY_RULES))
    }

    pub(super) fn compiled(
        files: impl Iterator<Item = Result<Source, Diagnostic>>,
    ) -> Result<Self, Error> {
        let (raw, filter) = (Chains::new(Table::Raw), Chains::new(Table::Filter));
        let mut read = Reading::new(Tables::Bridge { raw, filter }, Known::default());
        read.read(files, &Policies::default())?;
        let Reading { mut tables, classes, skipped, .. } = read;
        let mut raw = program(tables.chains(Table::Raw), BuiltIn::Hook(Hook::Prerouting));
        let chains = tables.chains(Table::Filter);
        let open = chains.all().iter().filter(|chain| {
            chain.built_in == Some(BuiltIn::Forward)
                && chain.rules.is_empty()
                && chain.drop_policy.is_none()
        });
        let unfiltered = open.filter_map(|chain| chain.family.map(super::family::name)).collect();
        let filter = program(chains, BuiltIn::Forward);
        let neighbours_pass = may_pass_neighbours(&filter.program);
        let named = |class: Class| {
            let (name, _) = classes.all().find(|(_, known)| *known == class)?;
            Some(name.to_owned())
        };
        let classes = raw.renumber_classes().into_iter().filter_map(named).collect();
        Ok(Self { raw, filter, classes, skipped, unfiltered, neighbours_pass })
    }

    /// The files that hold settings as well, as typed.
    pub(crate) fn files_with_settings(&self) -> &[String] {
        &self.skipped.files_with_settings
    }

    /// What should be said of them.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for family in &self.unfiltered {
            notes.push(format!(
                "FORWARD of {family} has no rules and the policy ACCEPT: all of {family} passes"
            ));
        }
        if !self.neighbours_pass {
            notes.push(
                "no rule of FORWARD lets neighbour discovery pass, without which there is no IPv6: \
                 `-p ipv6-icmp -m conntrack --ctstate UNTRACKED -j ACCEPT`"
                    .to_owned(),
            );
        }
        let SkippedCounts { other_tables, event_choices, log_rules, .. } = &self.skipped;
        if !other_tables.is_empty() {
            let counts: Vec<_> =
                other_tables.iter().map(|(table, count)| format!("{count} {table}")).collect();
            notes.push(format!(
                "rules that a bridge has no use for, left out: {}",
                counts.join(", ")
            ));
        }
        if *log_rules > 0 {
            notes.push(format!(
                "LOG, NFLOG and TRACE (rules: {}) have no effect: `keeptrack.log` says what is logged",
                Count(*log_rules as u64)
            ));
        }
        if *event_choices > 0 {
            notes.push(format!(
                "--ctevents and --expevents (rules: {}) have no effect: `keeptrack.log` says what is \
                 logged",
                Count(*event_choices as u64)
            ));
        }
        notes
    }
}

/// Whether the policy of IPv6 lets neighbour discovery pass, which is never tracked, or some rule
/// may.
fn may_pass_neighbours(filter: &Program) -> bool {
    let [_, v6] = filter.starts;
    let mut reached: Vec<u16> = v6.chain.into_iter().collect();
    let mut at = 0;
    while let Some(&number) = reached.get(at) {
        at += 1;
        let chain = filter.chains.get(usize::from(number));
        for rule in chain.into_iter().flat_map(|chain| &chain.rules) {
            match rule.target {
                Then::Accept if rule.tests.iter().all(may_be_neighbours) => return true,
                Then::Jump(into) | Then::Goto(into) if !reached.contains(&into) => {
                    reached.push(into);
                }
                _ => {}
            }
        }
    }
    v6.policy == Policy::Accept
}

/// Whether what is asked may be true of neighbour discovery.
fn may_be_neighbours(ask: &Ask) -> bool {
    match ask {
        Ask::State(states) => states.has(States::UNTRACKED),
        Ask::Protocol { protocol, not } => (*protocol == Protocol::ICMPV6) != *not,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<GatewayRules, Error> {
        let text = Source::new("r".to_owned(), text.to_owned());
        GatewayRules::compiled([Ok(text)].into_iter())
    }

    #[test]
    fn rules_that_nothing_forwarded_comes_to_need_not_be_understood() {
        let text = "*filter\n:X - [0:0]\n:Y - [0:0]\n-A INPUT -m limit --limit 3/min -j ACCEPT\n\
            -A INPUT -j X\n-A X -j Y\n-A Y -j REJECT\n-A Y -j NOBODY\n-A OUTPUT -j X\nCOMMIT\n";
        let rules = read(text).unwrap();
        assert_eq!(rules.filter.program.chains, []);
        let told = "rules that a bridge has no use for, left out: 2 filter INPUT, 1 filter OUTPUT";
        assert!(rules.notes().iter().any(|note| note == told), "{:?}", rules.notes());
        let error = read(&text.replace("COMMIT", "-A FORWARD -j X\nCOMMIT")).unwrap_err();
        assert_eq!(error.diagnostics().len(), 2, "{error}");
    }

    #[test]
    fn what_passes_by_no_rule_is_told() {
        let open = |text: &str| read(text).unwrap().notes().join("\n");
        let all = open("*filter\nCOMMIT\n");
        assert!(all.contains("all of IPv4 passes") && all.contains("all of IPv6 passes"));
        let closed = "iptables -P FORWARD DROP\nip6tables -P FORWARD DROP\n\
            ip6tables -A FORWARD -p icmpv6 -m state --state UNTRACKED -j ACCEPT\n";
        assert_eq!(open(closed), "");
        let logged = format!("{closed}iptables -A FORWARD -j LOG\n");
        assert!(open(&logged).contains("LOG, NFLOG and TRACE (rules: 1) have no effect"));
    }

    #[test]
    fn closed_to_neighbour_discovery_is_told() {
        let is_told = |rules: &str| {
            let text = format!("iptables -P FORWARD DROP\nip6tables -P FORWARD DROP\n{rules}\n");
            read(&text).unwrap().notes().iter().any(|note| note.contains("neighbour discovery"))
        };
        let closed = [
            "",
            "iptables -A FORWARD -j ACCEPT",
            "ip6tables -A FORWARD -m conntrack --ctstate ESTABLISHED,NEW -j ACCEPT",
            "ip6tables -A FORWARD -p tcp -j ACCEPT\nip6tables -A FORWARD ! -p icmpv6 -j ACCEPT",
            "ip6tables -N X\nip6tables -A X -j ACCEPT",
        ];
        let open = [
            "ip6tables -P FORWARD ACCEPT",
            "ip6tables -A FORWARD -i eth0 -j ACCEPT",
            "ip6tables -N X\nip6tables -A FORWARD -j X\nip6tables -A X ! -p tcp -j ACCEPT",
        ];
        for rules in closed {
            assert!(is_told(rules), "{rules}");
        }
        for rules in open {
            assert!(!is_told(rules), "{rules}");
        }
    }

    #[test]
    fn classes_are_numbered_as_the_program_names_them() {
        let text = "ip6tables -t raw -A PREROUTING -j FULL --class six\n\
            iptables -t raw -N LOST\niptables -t raw -A LOST -j FULL --class lost\n\
            iptables -t raw -A PREROUTING -j FULL --class four\n\
            iptables -t raw -A PREROUTING -j FULL --class six\n";
        assert_eq!(read(text).unwrap().classes, ["four", "six"]);
    }
}
