//! From changes to lines: what an admin pastes, what undoes it, and what warns him.
//!
//! The rules of a forecast are the very lines that are pasted.

mod accepted;
mod block;
mod gateway;
mod iptables;
mod linux;
mod nft;
mod openwrt;
mod rule;
mod sysctl;
#[cfg(test)]
mod tests;
mod untracked;

use std::net::IpAddr;

use keeptrack_core::Protocol;
use serde::Serialize;

use self::accepted::Accepted;
pub use self::block::{Block, Script, Tool};
use self::iptables::Does;
use self::rule::Rule;
use super::change::{Change, Class, Target};

/// What is known besides the changes.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The entries that the table may have now.
    pub max: Option<usize>,
    /// The buckets that it has now.
    pub buckets: Option<u64>,
    /// Who is asked at which port.
    pub servers: Vec<Servers>,
}

/// Who is asked at a port.
#[derive(Debug, Clone)]
pub struct Servers {
    /// One with ports.
    pub protocol: Protocol,
    /// Theirs.
    pub port: u16,
    /// All of them.
    pub addresses: Vec<IpAddr>,
}

/// What is to be pasted for some changes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Paste {
    /// What makes the changes, in the order in which it is to be pasted.
    pub paste: Vec<Block>,
    /// What takes them back.
    pub undo: Vec<Block>,
    /// What tells that a table fills up.
    pub alert: Vec<Block>,
    /// What has to be thought of before.
    pub warnings: Vec<String>,
}

/// What the lines are made of.
struct Changed<'c> {
    changes: &'c [Change],
    known: &'c Known,
    /// What is left untracked.
    untracked: Vec<Rule>,
    /// What a filter has to let pass of that.
    accepted: Vec<Rule>,
    /// Whom the filter lets in by it, each in a sentence.
    opens: Vec<String>,
}

const NAT: &str = "NAT never sees what is untracked: leave these rules out if a rule of `-t nat` \
    changes the addresses or ports of these packets (MASQUERADE, SNAT, DNAT, REDIRECT), or they break";

/// The rules that a change adds, as commands of iptables and ip6tables; empty for one that adds
/// none.
pub fn rules(change: &Change, target: Target) -> String {
    let commands = iptables::commands(&untracked::rules(change, target), Does::Adds);
    commands.iter().map(|command| format!("{command}\n")).collect()
}

/// The lines for all of these changes together.
pub fn paste(changes: &[Change], target: Target, known: &Known) -> Paste {
    let (mut untracked, mut accepted, mut opens) = (Vec::new(), Vec::new(), Vec::new());
    let mut warnings = Vec::new();
    for change in changes {
        add_new(&mut untracked, untracked::rules(change, target));
        let Accepted { rules, opens: lets_in, closed } = accepted::of(change, target, known);
        add_new(&mut accepted, rules);
        opens.extend(lets_in);
        warnings.extend(closed);
    }
    let is_rule = |change: &Change| matches!(change, Change::NoTrack(_));
    let others = changes.iter().filter(|change| **change != Change::NoTrack(Class::Loopback));
    if target != Target::Keeptrack && others.clone().any(is_rule) {
        warnings.push(NAT.to_owned());
    }
    let changed = Changed { changes, known, untracked, accepted, opens };
    let (paste, undo, alert) = match target {
        Target::Linux => (linux::paste(&changed), linux::undo(&changed), linux::alert()),
        Target::Openwrt => (openwrt::paste(&changed), openwrt::undo(&changed), openwrt::alert()),
        Target::Keeptrack => (gateway::paste(&changed), gateway::undo(), gateway::alert()),
    };
    Paste { paste, undo, alert, warnings }
}

/// Changes may share rules: each is printed once.
fn add_new(rules: &mut Vec<Rule>, more: Vec<Rule>) {
    for rule in more {
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
}

impl Paste {
    /// What makes the changes: a script for each tool that may do so, of which an admin has one.
    #[must_use]
    pub fn scripts(&self) -> Vec<Script<'_>> {
        Script::each(&self.warnings, &self.paste)
    }

    /// What makes them with that tool.
    #[must_use]
    pub fn script(&self, tool: Tool) -> Script<'_> {
        Script::of(Some(tool), &self.warnings, &self.paste)
    }

    /// What takes them back.
    #[must_use]
    pub fn undo_scripts(&self) -> Vec<Script<'_>> {
        Script::each(&[], &self.undo)
    }

    /// What tells that the table fills up.
    #[must_use]
    pub fn alert_script(&self) -> Script<'_> {
        Script::of(None, &[], &self.alert)
    }
}

/// The tools that a target may have.
#[must_use]
pub const fn tools(target: Target) -> &'static [Tool] {
    match target {
        Target::Linux => &[Tool::Iptables, Tool::Nft],
        Target::Openwrt => &[Tool::Firewall4, Tool::Iptables],
        Target::Keeptrack => &[Tool::Keeptrack],
    }
}

impl Changed<'_> {
    /// All rules, in the order in which they are to be added.
    fn rules(&self) -> Vec<Rule> {
        [self.accepted.as_slice(), &self.untracked].concat()
    }

    /// Why the filter has to let something pass, and what that opens.
    fn why_accepted(&self) -> String {
        let why = "first, if a chain of the filter drops by default: what is untracked is never \
            ESTABLISHED";
        match self.opens.as_slice() {
            [] => why.to_owned(),
            opens => format!("{why}. This opens\n- {}", opens.join("\n- ")),
        }
    }
}
