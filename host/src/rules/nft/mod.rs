//! Rulesets of nftables, as `nft list ruleset` prints them, as text or JSON: their chains before
//! connection tracking become chains beside those of iptables.

mod asking;
mod combine;
mod cursor;
mod elements;
mod json;
mod key;
mod lexer;
mod listing;
mod lower;
mod masked;
mod named;
mod outline;
mod priority;
mod range;
mod rule;
mod ruleset;
#[cfg(test)]
mod tests;

pub(super) use self::listing::Listing;
use self::ruleset::Ruleset;
use super::chains::Chains;
use super::outline::Outline;
use super::sets::HostSets;
use super::{Known, RuleSource, SkippedCounts, text};
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
    /// Hears of the rules of all hooks, if anybody asks.
    pub(super) outline: Option<&'d mut Outline>,
    pub(super) known: &'d Known,
    pub(super) sets: &'d mut HostSets,
    /// Takes the errors.
    pub(super) faults: Faults<'d>,
}

/// Whether `file` is a ruleset of nft, by its content.
pub(super) fn is_nft(file: &Source) -> bool {
    Kind::of(file.text().as_bytes()) == Kind::Text(Text::Nft)
}

/// Reads a ruleset as text.
pub(super) fn read(listing: &Listing, mut to: Destination<'_>) {
    let ruleset = lexer::tokens(listing.source.text()).and_then(|tokens| Ruleset::parse(&tokens));
    match ruleset {
        Ok(ruleset) if ruleset.tables.is_empty() => {
            to.faults.whole(text::silent(listing.source.name(), "has no rules"));
        }
        Ok(ruleset) => {
            if let Some(outline) = &mut to.outline {
                outline::outline(&ruleset, to.known, outline);
            }
            lower::lower(listing, &ruleset, &mut to);
        }
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
