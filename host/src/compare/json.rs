//! The comparison as one JSON object, whose fields `docs/replay.md` describes.

use std::io::{self, Write};

use serde::Serialize;

use super::figures::Figures;
use super::{Comparison, Row};

/// The version of the object's schema: it rises when a field changes its meaning or goes.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'d> {
    schema: u32,
    capture: &'d str,
    complete: bool,
    packets: u64,
    max: Option<usize>,
    buckets: Option<u64>,
    policies: Vec<Policy<'d>>,
    notes: &'d [String],
}

#[derive(Serialize)]
struct Policy<'d> {
    policy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    buckets: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checked: Option<String>,
    runs: &'d [Figures],
}

/// Writes the object and a line end.
pub(super) fn json(out: &mut dyn Write, comparison: &Comparison<'_>) -> io::Result<()> {
    let subject = comparison.subject;
    let document = Document {
        schema: SCHEMA,
        capture: &subject.capture,
        complete: subject.is_complete(),
        packets: comparison.packet_count,
        max: subject.max,
        buckets: subject.buckets.as_ref().map(|(count, _)| *count),
        policies: comparison.rows.iter().map(Policy::of).collect(),
        notes: &subject.notes,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

impl<'d> Policy<'d> {
    fn of(row: &'d Row) -> Self {
        let (buckets, checked) = (row.spec.buckets(), row.spec.checked());
        Self { policy: row.spec.to_string(), buckets, checked, runs: &row.runs }
    }
}
