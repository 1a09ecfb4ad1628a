//! The lines for OpenWrt: files that its firewall4 includes, and sysctl.d.
//!
//! Its templates and its uci have these places: what `/etc/nftables.d/*.nft` says stands inside of
//! its table, and an include with the position `chain-pre` before the rules of that chain.

use super::iptables::{self, Does};
use super::rule::{Chain, Rule};
use super::{Block, Changed, Tool, linux, nft, sysctl};

/// What is left untracked. An upgrade of the system keeps the folder.
const CHAINS: &str = "/etc/nftables.d/90-keeptrack.nft";

/// The script that the firewall of 21.02 and before runs.
const SCRIPT: &str = "/etc/firewall.user";

/// The lines around those in it that are ours.
const MARKS: [&str; 2] = ["# keeptrack", "# keeptrack ends"];

/// What an upgrade of the system keeps besides.
const KEPT: &str = "/etc/sysupgrade.conf";

pub(super) fn paste(changed: &Changed<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut title = changed.why_accepted();
    for (chain, rules) in nft::by_chain(&changed.accepted) {
        let lines = rules.into_iter().map(nft::expression);
        let file = Block::file(Tool::Firewall4, include(chain), lines);
        blocks.push(file.titled(&std::mem::take(&mut title)));
        blocks.push(Block::commands(Tool::Firewall4, "", uci(chain)));
    }
    if !changed.untracked.is_empty() {
        let chains = nft::chains(&changed.untracked, "keeptrack");
        blocks.push(Block::file(Tool::Firewall4, CHAINS, chains).titled("left untracked"));
        let check = ["uci commit firewall", "fw4 check && service firewall restart"];
        blocks.push(Block::commands(Tool::Firewall4, "", check.map(str::to_owned).into()));
        blocks.push(script(&changed.rules()));
    }
    let settings = sysctl::settings(changed.changes, changed.known);
    if !settings.is_empty() {
        blocks.push(sysctl::file(&settings));
        let keep = format!("echo {} >> {KEPT}", sysctl::FILE);
        blocks.push(Block::commands(Tool::Sysctl, "", vec![sysctl::load(), keep]));
    }
    blocks
}

pub(super) fn undo(changed: &Changed<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !changed.untracked.is_empty() {
        let mut commands = vec![format!("rm {CHAINS}")];
        for (chain, _) in nft::by_chain(&changed.accepted) {
            commands.push(format!("uci delete firewall.{}", section(chain)));
            commands.push(format!("rm {}", include(chain)));
        }
        commands.push("uci commit firewall".to_owned());
        commands.push("service firewall restart".to_owned());
        blocks.push(Block::commands(Tool::Firewall4, "the firewall", commands));
        let [begin, end] = MARKS;
        let mut commands = vec![format!("sed -i '/^{begin}$/,/^{end}$/d' {SCRIPT}")];
        commands.extend(iptables::commands(&changed.rules(), Does::Deletes));
        blocks.push(Block::commands(Tool::Iptables, "on OpenWrt 21.02 and before", commands));
    }
    let settings = sysctl::settings(changed.changes, changed.known);
    if !settings.is_empty() {
        let mut commands = vec![format!("rm {}", sysctl::FILE)];
        commands.push(format!("sed -i '\\#^{}$#d' {KEPT}", sysctl::FILE));
        commands.extend(sysctl::undo(&settings));
        blocks.push(Block::commands(Tool::Sysctl, "settings", commands));
    }
    blocks
}

pub(super) fn alert() -> Vec<Block> {
    let package = "prometheus-node-exporter-lua has the same figures as node_exporter";
    linux::alert()
        .into_iter()
        .map(|block| {
            let title = format!("{}; the package {package}", block.title);
            block.titled(&title)
        })
        .collect()
}

/// The firewall of 21.02 and before runs a script of iptables whenever it starts, which first takes
/// away what the start before has added.
fn script(rules: &[Rule]) -> Block {
    let [begin, end] = MARKS;
    let mut lines = vec![format!("cat >> {SCRIPT} <<'END'"), begin.to_owned()];
    let deletes = iptables::commands(rules, Does::Deletes);
    lines.extend(deletes.iter().map(|delete| format!("{delete} 2>/dev/null")));
    lines.extend(iptables::commands(rules, Does::Adds));
    lines.extend([end, "END", "service firewall restart"].map(str::to_owned));
    let title = "on OpenWrt 21.02 and before, whose firewall is iptables'";
    Block::commands(Tool::Iptables, title, lines)
}

/// The file of what a chain lets pass; not one of `*.nft`, which would stand outside of chains.
const fn include(chain: Chain) -> &'static str {
    match chain {
        Chain::Input => "/etc/nftables.d/keeptrack-input.rules",
        Chain::Forward => "/etc/nftables.d/keeptrack-forward.rules",
        _ => "/etc/nftables.d/keeptrack-output.rules",
    }
}

/// Its section in uci.
fn section(chain: Chain) -> String {
    format!("keeptrack_{}", nft::hook(chain))
}

fn uci(chain: Chain) -> Vec<String> {
    let section = section(chain);
    let options = [
        ("type", "nftables"),
        ("path", include(chain)),
        ("position", "chain-pre"),
        ("chain", nft::hook(chain)),
    ];
    let set = options.map(|(name, value)| format!("uci set firewall.{section}.{name}={value}"));
    [format!("uci set firewall.{section}=include")].into_iter().chain(set).collect()
}
