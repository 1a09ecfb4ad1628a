//! The lines for a Linux system: iptables or nft, sysctl.d and modules-load.d.

use super::iptables::{self, Does};
use super::{Block, Changed, Tool, nft, sysctl};

/// Where the module is named that sysctl.d needs.
const MODULES: &str = "/etc/modules-load.d/keeptrack.conf";

/// How long rules last.
const LOST: &str = "Rules do not outlive a reboot:";

/// What keeps them where Debian's iptables-persistent is.
const KEEP_IPTABLES: &str =
    "`netfilter-persistent save`, or what your system has for that, keeps them";

/// What keeps those of nft.
const KEEP_NFT: &str = "what `nft list ruleset` prints of them has to be in /etc/nftables.conf, or in \
    a file that it includes";

/// Where nft's go among an admin's own.
const IN_FILTER: &str = "They go into `table inet filter`: if yours has another name, change it";

pub(super) fn paste(changed: &Changed<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    let Changed { changes, known, untracked, accepted, .. } = changed;
    if !accepted.is_empty() {
        let title = changed.why_accepted();
        let commands = iptables::commands(accepted, Does::Adds);
        blocks.push(Block::commands(Tool::Iptables, &title, commands));
        let title = format!("{title}\n{IN_FILTER}");
        blocks.push(Block::commands(Tool::Nft, &title, nft::inserts(accepted)));
    }
    if !untracked.is_empty() {
        let commands = iptables::commands(untracked, Does::Adds);
        let title = format!("left untracked. {LOST} {KEEP_IPTABLES}");
        blocks.push(Block::commands(Tool::Iptables, &title, commands));
        let title = format!("left untracked, by a table of its own. {LOST} {KEEP_NFT}");
        blocks.push(Block::commands(Tool::Nft, &title, nft::table(untracked)));
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
        let commands = commands.into_iter().rev().collect();
        blocks.push(Block::commands(Tool::Iptables, "", commands));
        let mut commands = vec![format!("nft delete table {}", nft::TABLE)];
        commands.extend(nft::deletes(accepted));
        blocks.push(Block::commands(Tool::Nft, "", commands));
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
    vec![rule.titled("name the file in `rule_files`")]
}
