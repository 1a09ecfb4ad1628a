//! Reads files of rules, each in its own form, into the chains of one table.

use super::classes::Classes;
use super::iptables::{self, Destination};
use super::nft::{self, LateRule, Listing};
use super::outline::Outline;
use super::policies::Policies;
use super::sets::HostSets;
use super::tables::Tables;
use super::{Error, Known, SkippedCounts};
use crate::diagnostic::{Diagnostic, Faults};
use crate::source::Source;

/// What was read beside the chains.
pub(super) struct Beside {
    pub(super) classes: Classes,
    pub(super) skipped: SkippedCounts,
    pub(super) late: Vec<LateRule>,
    pub(super) sets: HostSets,
    pub(super) outline: Outline,
}

/// Reads the rules of `files` into `tables`, one file's behind the other's.
pub(super) fn read(
    files: impl Iterator<Item = Result<Source, Diagnostic>>,
    policies: &Policies,
    tables: &mut Tables,
    mut known: Known,
) -> Result<Beside, Error> {
    let mut classes = Classes::default();
    let mut sets = HostSets::default();
    let mut skipped = SkippedCounts::default();
    let mut late = Vec::new();
    let mut outline = Outline::default();
    let mut saved = Vec::new();
    let mut diagnostics = Vec::new();
    let mut texts = Vec::new();
    for file in files {
        match file.and_then(Text::of) {
            Ok(text) => texts.push(text),
            Err(unreadable) => diagnostics.push(unreadable),
        }
    }
    // A set may stand in another file than the rules that ask for it.
    for text in &texts {
        if let Text::Iptables(file) = text {
            known.ipsets.read(file, Faults::of(file, &mut diagnostics));
        }
    }
    let known = &known;
    for text in &texts {
        let (classes, sets, outline) = (&mut classes, &mut sets, &mut outline);
        let (skipped, saved, late) = (&mut skipped, &mut saved, &mut late);
        outline.begin();
        match (text, &mut *tables) {
            (Text::Nft(listing), Tables::Raw(chains)) => {
                let faults = nft::Taking::new(listing, &mut diagnostics);
                let to = nft::Destination { chains, skipped, late, outline, known, sets, faults };
                nft::read(listing, to);
            }
            (Text::Nft(listing), Tables::Bridge { .. }) => {
                diagnostics.push(nft::refused_by_bridge(&listing.source));
            }
            (Text::Iptables(file), tables) => {
                let faults = Faults::of(file, &mut diagnostics);
                let to = Destination {
                    tables,
                    policies,
                    classes,
                    known,
                    sets,
                    outline,
                    skipped,
                    saved,
                    faults,
                };
                iptables::read(file, to);
            }
        }
    }
    diagnostics.extend(tables.take_faults());
    outline.files = texts.into_iter().map(Text::into_source).collect();
    Error::unless(diagnostics, Beside { classes, skipped, late, sets, outline })
}

/// A file of rules.
enum Text {
    Iptables(Source),
    Nft(Listing),
}

impl Text {
    fn of(file: Source) -> Result<Self, Diagnostic> {
        if nft::is_nft(&file) { Listing::of(file).map(Self::Nft) } else { Ok(Self::Iptables(file)) }
    }

    fn into_source(self) -> Source {
        match self {
            Self::Iptables(source) | Self::Nft(Listing { source, .. }) => source,
        }
    }
}
