//! What to write for a rule that is missing: a line for each, in the words of whoever made the other.

use keeptrack_core::raw::{Family, Matches};

use crate::rules::AnyHook as Hook;

use super::scene::Met;
use super::{iptables_words, nft_words};

/// More lines than these are not read.
const MAX_LINES: usize = 8;

/// The rules that have the answers, beside one that has the questions.
pub(super) fn completed(met: &Met<'_>, answers: &[(Hook, Matches)]) -> Vec<String> {
    let line = |(hook, answers): &(Hook, Matches)| match met.entry.is_of_nft() {
        true => added_to_nft(met, *hook, answers),
        false => Some(format!("add the answers: `{}`", command(*hook, answers)?)),
    };
    limited(answers.iter().map(line), "have the answers left untracked as well")
}

/// The same rules of the other family.
pub(super) fn other_family(met: &Met<'_>, others: &[Matches]) -> Vec<String> {
    let line = |other: &Matches| match met.entry.is_of_nft() {
        true => put_into_other_table(met.base.hook, other),
        false => Some(format!("add `{}`", command(met.base.hook, other)?)),
    };
    limited(others.iter().map(line), "write the same for the other family")
}

/// So many lines as are read, with how many there are else; `unsaid` if they cannot be said.
fn limited(lines: impl Iterator<Item = Option<String>>, unsaid: &str) -> Vec<String> {
    let Some(mut lines) = lines.collect::<Option<Vec<String>>>() else {
        return vec![unsaid.to_owned()];
    };
    let more_count = lines.len().saturating_sub(MAX_LINES);
    if more_count > 0 {
        lines.truncate(MAX_LINES);
        lines.push(format!("and {more_count} more like these: the rule names so many"));
    }
    lines
}

/// A command of iptables; `None`: no such command has that effect.
fn command(hook: Hook, matches: &Matches) -> Option<String> {
    let program = match matches.family {
        Some(Family::V6) => "ip6tables",
        _ => "iptables",
    };
    let (chain, interface) = match hook {
        Hook::Output => ("OUTPUT", ("-o", &matches.output)),
        _ => ("PREROUTING", ("-i", &matches.input)),
    };
    let words = iptables_words::options(interface, matches)?.join(" ");
    Some(format!("{program} -t raw -A {chain} {words} -j CT --notrack"))
}

fn added_to_nft(met: &Met<'_>, hook: Hook, matches: &Matches) -> Option<String> {
    let mut words = words_of_nft(hook, matches)?;
    // The table may have both families.
    if met.entry.family.is_none()
        && let Some(family) = matches.family
    {
        let family = if family == Family::V4 { "ipv4" } else { "ipv6" };
        words = format!("meta nfproto {family} {words}");
    }
    Some(format!("add `{words} notrack` to a chain of its table with {}", place_of_nft(hook)))
}

fn put_into_other_table(hook: Hook, matches: &Matches) -> Option<String> {
    let words = words_of_nft(hook, matches)?;
    let family = if matches.family == Some(Family::V6) { "ip6" } else { "ip" };
    let place = place_of_nft(hook);
    Some(format!(
        "add `{words} notrack` to a chain with {place}, in a table of the family `{family}`"
    ))
}

fn words_of_nft(hook: Hook, matches: &Matches) -> Option<String> {
    let interface = match hook {
        Hook::Output => ("oifname", &matches.output),
        _ => ("iifname", &matches.input),
    };
    Some(nft_words::tests(interface, matches)?.join(" "))
}

const fn place_of_nft(hook: Hook) -> &'static str {
    match hook {
        Hook::Output => "`hook output priority raw`",
        _ => "`hook prerouting priority raw`",
    }
}
