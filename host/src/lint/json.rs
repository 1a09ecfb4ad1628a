//! The findings as one JSON object, whose fields `docs/lint.md` describes.

use std::io::{self, Write};

use serde::Serialize;

use super::Finding;

/// The version of the object's schema: it rises when a field changes its meaning or goes.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'f> {
    schema: u32,
    findings: Vec<Found<'f>>,
}

#[derive(Serialize)]
struct Found<'f> {
    lint: &'static str,
    severity: &'static str,
    file: &'f str,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<&'f str>,
    line: usize,
    column: usize,
    title: &'f str,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'f str>,
    notes: Vec<&'f str>,
}

/// Writes the object and a line end.
pub(super) fn json(out: &mut dyn Write, findings: &[Finding]) -> io::Result<()> {
    let found = findings.iter().map(|Finding { lint, diagnostic, .. }| {
        let (file, line, column) = diagnostic.place().unwrap_or_default();
        Found {
            lint,
            severity: diagnostic.severity().name(),
            file,
            part: diagnostic.part(),
            line,
            column,
            title: diagnostic.title(),
            label: diagnostic.label(),
            notes: diagnostic.footers().collect(),
        }
    });
    let document = Document { schema: SCHEMA, findings: found.collect() };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
