//! A ruleset as the text that nft lists, whatever it was given as; and where in that its faults are.

use super::json::{self, Json};
use crate::diagnostic::{Diagnostic, Fault, Faults};
use crate::source::Source;

/// The most faults of a ruleset in JSON that are shown.
const MAX_FAULTS: usize = 20;

/// A ruleset as text.
#[derive(Debug)]
pub(in crate::rules) struct Listing {
    /// The text: the file's own, or what nft would list of its JSON.
    pub(in crate::rules) source: Source,
    json: Option<Json>,
    /// Where the lines of the text begin.
    line_starts: Vec<usize>,
}

impl Listing {
    /// What is read of `file`.
    ///
    /// # Errors
    /// That it is not JSON of nft.
    pub(in crate::rules) fn of(file: Source) -> Result<Self, Diagnostic> {
        if !file.text().trim_start().starts_with('{') {
            return Ok(Self::new(file, None));
        }
        let (text, json) = json::listed(&file)?;
        Ok(Self::new(Source::new(format!("{} (listed)", file.name()), text), Some(json)))
    }

    fn new(source: Source, json: Option<Json>) -> Self {
        let ends = source.text().match_indices('\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(ends).collect();
        Self { source, json, line_starts }
    }

    /// The number of the line that holds byte `at`, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at)
    }

    /// What it was given as: `JSON`, or a listing.
    pub(super) const fn form(&self) -> &'static str {
        match self.json {
            Some(_) => "JSON",
            None => "listing",
        }
    }
}

/// Takes the faults of a listing, with their places in what was given.
pub(in crate::rules) struct Taking<'d> {
    listing: &'d Listing,
    faults: Faults<'d>,
    json_count: usize,
}

impl<'d> Taking<'d> {
    pub(in crate::rules) fn new(
        listing: &'d Listing,
        diagnostics: &'d mut Vec<Diagnostic>,
    ) -> Self {
        Self { listing, faults: Faults::of(&listing.source, diagnostics), json_count: 0 }
    }

    /// Takes one more; returns whether it will take another one.
    pub(super) fn take(&mut self, fault: Fault) -> bool {
        let Some(json) = &self.listing.json else { return self.faults.take(fault) };
        self.faults.whole(json.diagnostic(fault, self.listing.source.text()));
        self.json_count += 1;
        if self.json_count == MAX_FAULTS {
            let title = format!("{}: reading stopped after {MAX_FAULTS} errors", json.file());
            self.faults.whole(Diagnostic::without_place(&title, None));
        }
        self.json_count < MAX_FAULTS
    }
}
