//! What a lint has found, and where.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Fault, Severity};
use crate::rules::{Outline, Place, Rule};
use crate::source::Source;

/// What a lint has found.
#[derive(Debug)]
pub(crate) struct Finding {
    /// The lint's name.
    pub(crate) lint: &'static str,
    pub(crate) diagnostic: Diagnostic,
    file: usize,
    at: usize,
}

impl Finding {
    pub(super) fn new(
        lint: &'static str,
        files: &[Source],
        file: usize,
        fault: Fault,
    ) -> Option<Self> {
        let at = fault.span.start;
        let diagnostic = Diagnostic::new(fault, files.get(file)?);
        Some(Self { lint, diagnostic, file, at })
    }

    /// One of a rule of `outline`.
    pub(super) fn of_rule(
        lint: &'static str,
        outline: &Outline,
        rule: &Rule,
        fault: Fault,
    ) -> Option<Self> {
        Self::new(lint, &outline.files, rule.place.file, fault)
    }

    /// Where it stands among all.
    pub(super) const fn order(&self) -> (usize, usize) {
        (self.file, self.at)
    }
}

/// A fault of what a rule does.
pub(super) fn at_action(rule: &Rule, title: impl Into<String>) -> Fault {
    Fault::new(rule.action_span.clone(), title).severity(Severity::Warning)
}

/// Says beside the marked word what a part of a file has to do with it: there, if it is the same
/// file, else in a note.
pub(super) fn beside(
    fault: Fault,
    outline: &Outline,
    of: &Rule,
    place: &Place,
    label: &str,
) -> Fault {
    if of.place.file == place.file {
        return fault.beside(place.span.clone(), label);
    }
    match said(outline, place) {
        Some(said) => fault.note(format!("{said} {label}")),
        None => fault,
    }
}

/// `rules.v4:3: -A PREROUTING -j ACCEPT`
fn said(outline: &Outline, place: &Place) -> Option<String> {
    let file = outline.files.get(place.file)?;
    if let Some(part) = file.part_at(place.span.start) {
        return Some(format!("{} {}: `{}`", part.name(), part.part()?, part.text()));
    }
    let (line, Range { start, end }) = file.line_at(place.span.start);
    let text = file.text().get(start..end)?.trim();
    Some(format!("{}:{line}: `{text}`", file.name()))
}

/// The part of a file that says what a rule does.
pub(super) fn action_of(rule: &Rule) -> Place {
    Place { file: rule.place.file, span: rule.action_span.clone() }
}
