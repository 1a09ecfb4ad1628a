//! The lines for a gateway of keeptrack's: rules and settings of its configuration.

use super::iptables::{self, Does};
use super::{Block, Changed, Tool, sysctl};
use crate::advise::change::Change;

const RULES: &str = "advised.rules";
const SETTINGS: &str = "advised.conf";

pub(super) fn paste(changed: &Changed<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut words = vec!["--rules rules.v4".to_owned(), "--config sysctl.conf".to_owned()];
    let rules = iptables::commands(&changed.rules(), Does::Adds);
    if !rules.is_empty() {
        let title = match changed.accepted.as_slice() {
            [] => String::new(),
            _ => changed.why_accepted(),
        };
        blocks.push(Block::file(Tool::Keeptrack, RULES, rules).titled(&title));
        words.push(format!("--rules {RULES}"));
    }
    let settings: Vec<String> =
        changed.changes.iter().flat_map(|change| setting(change, changed)).collect();
    if !settings.is_empty() {
        blocks.push(Block::file(Tool::Keeptrack, SETTINGS, settings));
        words.push(format!("--config {SETTINGS}"));
    }
    if !blocks.is_empty() {
        let title = "behind the files of yours, whose names these are; then flash the image";
        blocks.push(Block::commands(Tool::Keeptrack, title, vec![compile(&words)]));
    }
    blocks
}

pub(super) fn undo() -> Vec<Block> {
    let words = ["--rules rules.v4", "--config sysctl.conf"].map(str::to_owned);
    let title = "compiled without what was advised, and flashed";
    vec![Block::commands(Tool::Keeptrack, title, vec![compile(&words)])]
}

/// A gateway has a log and nothing else.
pub(super) fn alert() -> Vec<Block> {
    let title = "lines of its log: `N of M connections`, every ten seconds, above 75 %; and whatever \
        begins so";
    vec![Block::commands(Tool::Keeptrack, title, vec!["# nf_conntrack: table full".to_owned()])]
}

fn compile(words: &[String]) -> String {
    format!("keeptrack firmware-config {} --output gateway.image", words.join(" "))
}

/// What a change of a setting is called there. Its hash has no size of its own.
fn setting(change: &Change, changed: &Changed<'_>) -> Vec<String> {
    match change {
        Change::Size { max, .. } => vec![format!("net.netfilter.nf_conntrack_max = {max}")],
        Change::OnFull(policy) => vec![format!("keeptrack.on_full = {policy}")],
        Change::Timeout { .. } => {
            let settings = sysctl::settings(std::slice::from_ref(change), changed.known);
            settings.iter().map(sysctl::Setting::line).collect()
        }
        Change::NoTrack(_) => Vec::new(),
    }
}
