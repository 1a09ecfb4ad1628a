//! Reads files of rules, each in its own form, into the chains of one table.

use std::mem;

use super::classes::Classes;
use super::iptables::{self, Added, Destination, Saved};
use super::nft::{self, LateRule, Listing};
use super::outline::Outline;
use super::policies::Policies;
use super::sets::HostSets;
use super::tables::Tables;
use super::{Error, Known, SkippedCounts};
use crate::diagnostic::{Diagnostic, Faults};
use crate::source::Source;

/// What files have said so far; more may be read behind them.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) tables: Tables,
    pub(super) classes: Classes,
    pub(super) skipped: SkippedCounts,
    pub(super) late: Vec<LateRule>,
    pub(super) sets: HostSets,
    known: Known,
    saved: Vec<Saved>,
    direct: Vec<Added>,
}

impl Reading {
    /// Nothing yet.
    pub(super) fn new(tables: Tables, known: Known) -> Self {
        Self {
            tables,
            classes: Classes::default(),
            skipped: SkippedCounts::default(),
            late: Vec::new(),
            sets: HostSets::default(),
            known,
            saved: Vec::new(),
            direct: Vec::new(),
        }
    }

    /// Reads files, one's rules behind the other's.
    ///
    /// # Errors
    /// All that is wrong with them, and which of them say nothing.
    pub(super) fn read(
        &mut self,
        files: impl Iterator<Item = Result<Source, Diagnostic>>,
        policies: &Policies,
    ) -> Result<(), Error> {
        let (texts, diagnostics) = texts(files);
        // What a script does may hang on what it has done in a table that decides nothing.
        let mut heard = texts.iter().any(Text::has_conditions).then(Outline::default);
        self.take(&texts, policies, (heard.as_mut(), diagnostics))
    }

    /// Reads files as [`Self::read`] does, and hears of the rules of all their tables.
    ///
    /// # Errors
    /// As of [`Self::read`].
    pub(super) fn outline(
        &mut self,
        files: impl Iterator<Item = Result<Source, Diagnostic>>,
        policies: &Policies,
    ) -> Result<Outline, Error> {
        let (texts, diagnostics) = texts(files);
        let mut outline = Outline::default();
        self.take(&texts, policies, (Some(&mut outline), diagnostics))?;
        outline.files = texts.into_iter().map(Text::into_source).collect();
        Ok(outline)
    }

    fn take(
        &mut self,
        texts: &[Text],
        policies: &Policies,
        (mut outline, mut diagnostics): (Option<&mut Outline>, Vec<Diagnostic>),
    ) -> Result<(), Error> {
        // A set may stand in another file than the rules that ask for it.
        for text in texts {
            if let Text::Iptables(file) = text {
                self.known.ipsets.read(file, Faults::of(file, &mut diagnostics));
            }
        }
        let known = mem::take(&mut self.known);
        for text in texts {
            if let Some(outline) = &mut outline {
                outline.begin();
            }
            let outline = outline.as_deref_mut();
            let (classes, sets, direct) = (&mut self.classes, &mut self.sets, &mut self.direct);
            let (skipped, saved, late) = (&mut self.skipped, &mut self.saved, &mut self.late);
            let known = &known;
            match (text, &mut self.tables) {
                (Text::Nft(listing), Tables::Raw(chains)) => {
                    let faults = Faults::of(&listing.source, &mut diagnostics);
                    let to =
                        nft::Destination { chains, skipped, late, outline, known, sets, faults };
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
                        direct,
                        faults,
                    };
                    iptables::read(file, to);
                }
            }
        }
        self.known = known;
        diagnostics.extend(self.tables.take_faults());
        Error::unless(diagnostics, ())
    }
}

/// The files that can be read, and what is wrong with the others.
fn texts(files: impl Iterator<Item = Result<Source, Diagnostic>>) -> (Vec<Text>, Vec<Diagnostic>) {
    let mut texts = Vec::new();
    let mut diagnostics = Vec::new();
    for file in files {
        match file.and_then(Text::of) {
            Ok(text) => texts.push(text),
            Err(unreadable) => diagnostics.push(unreadable),
        }
    }
    (texts, diagnostics)
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

    /// Whether commands of it may run only if others fail, or do not.
    fn has_conditions(&self) -> bool {
        match self {
            Self::Iptables(file) => ["&&", "||"].iter().any(|sign| file.text().contains(sign)),
            Self::Nft(_) => false,
        }
    }

    fn into_source(self) -> Source {
        match self {
            Self::Iptables(source) | Self::Nft(Listing { source, .. }) => source,
        }
    }
}
