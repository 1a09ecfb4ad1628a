//! The options of a rule of iptables of any table, those that are not understood left out.

use std::slice::Iter;

use keeptrack_core::raw::Test;

use super::action::{Action, Nat};
use super::{Heard, Packets, Wrapped};
use crate::rules::classes::Classes;
use crate::rules::matches::{self, Purpose, STATES, Standing};
use crate::rules::names::{OTHER_TARGETS, lists};
use crate::rules::policies::Policies;
use crate::rules::sets::HostSets;
use crate::rules::values::WrappedPort;
use crate::rules::words::Word;

/// The options that say which packets are meant, and that a rule of the raw table may have.
const KEPT: &str = "-s --source --src -d --destination --dst -i --in-interface -o --out-interface \
    -p --protocol --proto --sport --source-port --dport --destination-port --sports --source-ports \
    --dports --destination-ports --ports --syn --tcp-flags --icmp-type --icmpv6-type --src-type \
    --dst-type --src-range --dst-range --match-set --length --pkt-type --mark";

/// Those that every rule understands.
const PLAIN: &str = "-s --source --src -d --destination --dst -i --in-interface -o --out-interface \
    -p --protocol --proto";

/// Matches whose options are among them.
const KEPT_MODULES: &str = "tcp udp udplite sctp dccp icmp icmp6 icmpv6 multiport addrtype set iprange length pkttype mark";

/// Targets that only count, mark or record.
const IDLE_TARGETS: &str = "LOG NFLOG ULOG TRACE MARK FULL";

/// A `!`, an option and its values.
struct Group<'w>(&'w [Word]);

impl<'w> Group<'w> {
    fn is_not(&self) -> bool {
        self.0.first().is_some_and(|word| word.text == "!")
    }

    fn option(&self) -> &'w str {
        self.0.get(usize::from(self.is_not())).map_or("", |word| word.text.as_str())
    }

    fn value(&self) -> Option<&'w Word> {
        self.0.get(usize::from(self.is_not()) + 1)
    }
}

/// A rule by its options.
pub(super) struct Said<'w> {
    groups: Vec<Group<'w>>,
}

/// What becomes of the place of a chain.
type Into = fn(usize) -> Action;

impl<'w> Said<'w> {
    pub(super) fn of(words: &'w [Word]) -> Self {
        let mut groups = Vec::new();
        let mut rest = words;
        while !rest.is_empty() {
            let (group, behind) = rest.split_at(group_len(rest));
            groups.push(Group(group));
            rest = behind;
        }
        Self { groups }
    }

    /// The word that names the target.
    pub(super) fn target(&self) -> Option<&'w Word> {
        self.jump().and_then(Group::value)
    }

    fn jump(&self) -> Option<&Group<'w>> {
        self.groups.iter().find(|group| matches!(group.option(), "-j" | "--jump" | "-g" | "--goto"))
    }

    fn has(&self, option: &str) -> bool {
        self.groups.iter().any(|group| group.option() == option)
    }

    fn value_of(&self, options: &[&str]) -> Option<&'w Word> {
        self.groups.iter().find(|group| options.contains(&group.option()))?.value()
    }

    /// What it does, or the chain that it leads into.
    pub(super) fn action(&self) -> Result<Action, (&'w Word, Into)> {
        let Some(target) = self.target() else { return Ok(Action::Nothing) };
        Ok(match target.text.as_str() {
            "NOTRACK" => Action::NoTrack,
            "CT" if self.has("--notrack") => Action::NoTrack,
            "CT" => Action::Ct,
            "ACCEPT" | "NFQUEUE" | "QUEUE" => Action::Accept,
            "DROP" | "REJECT" => Action::Drop,
            "RETURN" => Action::Return,
            "SYNPROXY" => Action::SynProxy,
            "MASQUERADE" | "SNAT" | "NETMAP" => Action::Nat(Nat::Source),
            "DNAT" | "REDIRECT" => {
                let to = self.value_of(&["--to-destination", "--to-ports", "--to-port"]);
                Action::Nat(Nat::destination(to.map_or("", |word| word.text.as_str())))
            }
            name if lists(IDLE_TARGETS, name) || lists(OTHER_TARGETS, name) => Action::Nothing,
            _ if self.jump().is_some_and(|jump| matches!(jump.option(), "-g" | "--goto")) => {
                return Err((target, Action::Goto));
            }
            _ => return Err((target, Action::Jump)),
        })
    }

    /// The packets that it matches, and its ports that are too large.
    pub(super) fn packets(
        &self,
        heard: &Heard<'_>,
        sets: &mut HostSets,
    ) -> (Packets, Vec<Wrapped>) {
        let mut is_exact = self.groups.iter().all(|group| !self.is_test(group));
        for kept in [KEPT, PLAIN, ""] {
            let words = self.kept(kept);
            let (mut classes, policies) = (Classes::default(), Policies::default());
            let standing = Standing {
                purpose: Purpose::Raw,
                family: heard.family,
                hook: None,
                policies: &policies,
                classes: &mut classes,
                known: heard.known,
                sets,
            };
            if let Ok(rule) = matches::parse(&words, standing) {
                let any_of = rule.expanded().collect();
                let (states, is_local) = (self.states(), self.is_local());
                let wrapped = rule.wrapped.into_iter().map(|port| {
                    let WrappedPort { span, written, installed } = port;
                    Wrapped { span, written, installed }
                });
                let packets = Packets { any_of, states, is_exact, is_local };
                return (packets, wrapped.collect());
            }
            is_exact = false;
        }
        let all = Packets { is_exact, ..Packets::all_of(Some(heard.family)) };
        (all, Vec::new())
    }

    /// Whether an option makes the packets fewer in a way that is not understood.
    fn is_test(&self, group: &Group<'_>) -> bool {
        let (option, value) = (group.option(), group.value().map_or("", |word| word.text.as_str()));
        match option {
            "-j" | "--jump" | "-g" | "--goto" | "--comment" | "-c" | "--set-counters" => false,
            "-m" | "--match" => {
                !lists(KEPT_MODULES, value) && !matches!(value, "conntrack" | "state" | "comment")
            }
            "--ctstate" | "--state" => false,
            "--mark" => !self.is_module("mark"),
            _ => !lists(KEPT, option) && !self.is_of_target(group),
        }
    }

    fn is_module(&self, name: &str) -> bool {
        let modules = self.groups.iter().filter(|group| matches!(group.option(), "-m" | "--match"));
        modules.filter_map(Group::value).any(|word| word.text == name)
    }

    /// Whether an option says how the target does what it does.
    fn is_of_target(&self, group: &Group<'_>) -> bool {
        let Some(target) = self.target() else { return false };
        let name = target.text.as_str();
        let has_options = lists(OTHER_TARGETS, name) || lists(IDLE_TARGETS, name) || name == "CT";
        has_options && group.0.first().is_some_and(|word| word.span.start > target.span.start)
    }

    /// The words of the options that are among `kept`.
    fn kept(&self, kept: &str) -> Vec<Word> {
        let groups = self.groups.iter().filter(|group| match group.option() {
            "-m" | "--match" => {
                let module = group.value().map_or("", |word| word.text.as_str());
                kept == KEPT && lists(KEPT_MODULES, module)
            }
            option => lists(kept, option),
        });
        groups.flat_map(|group| group.0.iter().cloned()).collect()
    }

    fn states(&self) -> Test<u8> {
        let is_state = |group: &&Group<'_>| matches!(group.option(), "--ctstate" | "--state");
        let Some(group) = self.groups.iter().find(is_state) else { return Test::Any };
        let names = group.value().map_or("", |word| word.text.as_str());
        let bit = |name: &str| STATES.iter().position(|known| known.eq_ignore_ascii_case(name));
        let mask = names.split(',').filter_map(bit).fold(0, |mask, index| mask | 1 << index);
        if group.is_not() { Test::Not(mask) } else { Test::Is(mask) }
    }

    fn is_local(&self) -> bool {
        self.groups.iter().any(|group| {
            !group.is_not()
                && group.option() == "--dst-type"
                && group.value().is_some_and(|word| word.text == "LOCAL")
        })
    }
}

/// How many words the first option takes, with the `!` before it.
fn group_len(words: &[Word]) -> usize {
    let is_option =
        |word: &Word| word.text == "!" || (word.text.len() > 1 && word.text.starts_with('-'));
    let mut rest: Iter<'_, Word> = words.iter();
    let option = rest.find(|word| word.text != "!");
    let start = words.len() - rest.as_slice().len();
    // Its text may look like an option.
    let takes_text = option.is_some_and(|word| {
        matches!(word.text.as_str(), "--comment" | "--log-prefix" | "--nflog-prefix")
    });
    let values = rest.as_slice().get(usize::from(takes_text)..).unwrap_or_default();
    let value_len = values.iter().position(is_option).unwrap_or(values.len());
    (start + usize::from(takes_text) + value_len).clamp(1, words.len())
}
