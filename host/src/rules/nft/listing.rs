//! A ruleset as the text that nft lists, whatever it was given as.

use super::json;
use crate::diagnostic::Diagnostic;
use crate::source::Source;

/// A ruleset as text.
#[derive(Debug)]
pub(in crate::rules) struct Listing {
    /// The text: the file's own, or what nft would list of its JSON.
    pub(in crate::rules) source: Source,
    /// What it was given as.
    pub(super) form: Form,
    /// Where the lines of the text begin.
    line_starts: Vec<usize>,
}

/// What a ruleset is given as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
}

impl Listing {
    /// What is read of `file`.
    ///
    /// # Errors
    /// That it is not JSON of nft.
    pub(in crate::rules) fn of(file: Source) -> Result<Self, Diagnostic> {
        if !file.text().trim_start().starts_with('{') {
            return Ok(Self::new(file, Form::Text));
        }
        json::listed(&file).map(|source| Self::new(source, Form::Json))
    }

    fn new(source: Source, form: Form) -> Self {
        let ends = source.text().match_indices('\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(ends).collect();
        Self { source, form, line_starts }
    }

    /// The name of the text, and the number of its line that holds byte `at`, from 1.
    pub(super) fn place(&self, at: usize) -> (String, usize) {
        let name = self.source.name();
        let name = match self.form {
            Form::Text => name.to_owned(),
            Form::Json => format!("{name} (listed)"),
        };
        (name, self.line_starts.partition_point(|start| *start <= at))
    }
}
