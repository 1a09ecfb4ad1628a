//! The lines for a Linux system: iptables or nft, sysctl.d and modules-load.d.

use super::iptables::{self, Does};
use super::{Block, Changed, Tool, nft, sysctl};

/// Where the module is named that sysctl.d needs.
const MODULES: &str = "/etc/modules-load.d/conntrack.conf";

pub(super) fn paste(changed: &Changed<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    let Changed { changes, known, untracked, accepted, .. } = changed;
    if !accepted.is_empty() {
        let title = format!("iptables: {}", changed.why_accepted());
        let commands = iptables::commands(accepted, Does::Adds);
        blocks.push(Block::commands(Tool::Iptables, &title, commands));
    }
    if !untracked.is_empty() {
        let commands = iptables::commands(untracked, Does::Adds);
        blocks.push(Block::commands(Tool::Iptables, "iptables: left untracked", commands));
    }
    if !accepted.is_empty() {
        let title = "nft, instead of iptables: the same first, into the table that filters";
        blocks.push(Block::commands(Tool::Nft, title, nft::inserts(accepted)));
    }
    if !untracked.is_empty() {
        let title = "nft, instead of iptables: left untracked, by a table of its own";
        blocks.push(Block::commands(Tool::Nft, title, nft::table(untracked)));
    }
    let settings = sysctl::settings(changes, known);
    if !settings.is_empty() {
        let module = Block::file(Tool::Sysctl, MODULES, ["nf_conntrack".to_owned()]);
        blocks.push(module.titled("else sysctl.d is read before the module is there"));
        blocks.push(sysctl::file(&settings));
        blocks.push(Block::commands(
            Tool::Sysctl,
            "",
            vec!["modprobe nf_conntrack".to_owned(), sysctl::load()],
        ));
    }
    blocks
}

pub(super) fn undo(changed: &Changed<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    let Changed { changes, known, untracked, accepted, .. } = changed;
    if !untracked.is_empty() {
        let commands = iptables::commands(&changed.rules(), Does::Deletes);
        blocks.push(Block::commands(
            Tool::Iptables,
            "iptables",
            commands.into_iter().rev().collect(),
        ));
        let mut commands = vec![format!("nft delete table {}", nft::TABLE)];
        commands.extend(nft::deletes(accepted));
        blocks.push(Block::commands(Tool::Nft, "nft", commands));
    }
    let settings = sysctl::settings(changes, known);
    if !settings.is_empty() {
        let mut commands = vec![format!("rm {} {MODULES}", sysctl::FILE)];
        commands.extend(sysctl::undo(&settings));
        blocks.push(Block::commands(Tool::Sysctl, "settings", commands));
    }
    blocks
}

pub(super) fn alert() -> Vec<Block> {
    let rule = "\
groups:
- name: conntrack
  rules:
  - alert: ConntrackFillsUp
    expr: node_nf_conntrack_entries / node_nf_conntrack_entries_limit > 0.75
    for: 1m
    annotations:
      summary: '{{ $labels.instance }}: {{ $value | humanizePercentage }} of nf_conntrack_max'";
    let rule =
        Block::file(Tool::Prometheus, "conntrack.rules.yml", rule.lines().map(str::to_owned));
    vec![rule.titled("for Prometheus and node_exporter; name the file in `rule_files`")]
}
