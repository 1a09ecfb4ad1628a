//! Rulesets of nftables, as `nft list ruleset` prints them, as text or JSON: their chains before
//! connection tracking become chains beside those of iptables.

mod combine;
mod cursor;
mod elements;
mod json;
mod key;
mod lexer;
mod lower;
mod masked;
mod named;
mod priority;
mod range;
mod rule;
mod ruleset;
#[cfg(test)]
mod tests;

use self::ruleset::Ruleset;
use super::RuleSource;
use super::SkippedCounts;
use super::chains::Chains;
use crate::capture::{Kind, Text};
use crate::diagnostic::{Diagnostic, Fault, Faults};
use crate::source::Source;

/// A rule that says something of tracking in a chain that comes too late to, or never meets a
/// packet before it is tracked: it has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateRule {
    /// Where it stands.
    pub source: RuleSource,
    /// The hook of its chain.
    pub hook: String,
    /// The priority of its chain.
    pub priority: i32,
}

/// What a ruleset is put into.
pub(super) struct Destination<'d> {
    pub(super) chains: &'d mut Chains,
    pub(super) skipped: &'d mut SkippedCounts,
    pub(super) late: &'d mut Vec<LateRule>,
    /// Takes the errors.
    pub(super) faults: Faults<'d>,
}

/// Whether `file` is a ruleset of nft, by its content.
pub(super) fn is_nft(file: &Source) -> bool {
    Kind::of(file.text().as_bytes()) == Kind::Text(Text::Nft)
}

/// What is read of `file`: a ruleset in JSON becomes the text that nft would list.
///
/// # Errors
/// That it is not JSON of nft.
pub(super) fn listed(file: Source) -> Result<Source, Diagnostic> {
    if !file.text().trim_start().starts_with('{') {
        return Ok(file);
    }
    let text = json::listed(file.text()).map_err(|what| {
        let title = format!("{}: {what}", file.name());
        Diagnostic::without_place(&title, Some("give the output of `nft -j list ruleset`"))
    })?;
    Ok(Source::new(format!("{} (listed)", file.name()), text))
}

/// Reads a ruleset as text.
pub(super) fn read(file: &Source, mut to: Destination<'_>) {
    let ruleset = lexer::tokens(file.text()).and_then(|tokens| Ruleset::parse(&tokens));
    match ruleset {
        Ok(ruleset) => lower::lower(file, &ruleset, &mut to),
        Err(fault) => {
            to.faults.take(fault);
        }
    }
}

/// That a bridge does not take nft's rules.
pub(super) fn refused_by_bridge(file: &Source) -> Diagnostic {
    let fault = Fault::new(0..0, "the gateway takes no rules of nft")
        .help("write them as `iptables-save` prints them");
    Diagnostic::new(fault, file)
}
