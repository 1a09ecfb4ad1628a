//! `-o csv`: a line for each combination, as RFC 4180 has it; `docs/sweep.md` describes the columns.

use std::io::{self, Write};

use super::Sweep;
use super::axis::{Key, Value};
use super::grid::Tried;

/// A column: its heading, and the number that stands there; nothing where there is none.
type Column = (&'static str, fn(&Tried<'_>) -> Option<u64>);

/// What follows the settings.
const COLUMNS: [Column; 15] = [
    ("peak_entries", |tried| Some(tried.outcome.peak as u64)),
    ("peak_percent", |tried| tried.percent().map(|share| share as u64)),
    ("unlimited_peak_entries", |tried| Some(tried.unlimited.peak as u64)),
    ("dropped_packets", |tried| Some(tried.outcome.dropped)),
    ("bypassed_packets", |tried| Some(tried.outcome.bypassed)),
    ("early_drop_connections", |tried| Some(tried.outcome.early_drops)),
    ("early_assured_connections", |tried| Some(tried.outcome.early_assured)),
    ("cut_alive_connections", |tried| Some(tried.outcome.harmed)),
    ("cut_alive_by_timeouts_connections", |tried| Some(tried.unlimited.harmed)),
    ("related_lost_packets", |tried| Some(tried.outcome.related_lost)),
    ("made_connections", |tried| Some(tried.outcome.made)),
    ("untracked_packets", |tried| Some(tried.outcome.untracked)),
    ("end_entries", |tried| Some(tried.outcome.entries_end as u64)),
    ("full_ms", |tried| Some(tried.outcome.full_ms)),
    ("linux_bytes", |tried| tried.linux_bytes()),
];

/// Writes the heading and a line for each combination.
pub(super) fn csv(out: &mut dyn Write, sweep: &Sweep<'_>) -> io::Result<()> {
    let timeouts = || sweep.grid.axes.iter().filter(|axis| matches!(axis.key, Key::Timeout(_)));
    let mut heading = vec!["max_entries".to_owned(), "buckets".into(), "on_full".into()];
    heading.extend(timeouts().map(|axis| format!("{}_seconds", axis.key.name())));
    heading.push("as_now".into());
    heading.extend(COLUMNS.iter().map(|(name, _)| (*name).to_owned()));
    line(out, &heading)?;
    for tried in &sweep.tried {
        let number = |number: Option<u64>| number.map_or_else(String::new, |it| it.to_string());
        let max = tried.max.map(|max| max as u64);
        let policy = max.map_or_else(String::new, |_| tried.spec.to_string());
        let mut fields = vec![number(max), number(tried.buckets), policy];
        for (at, axis) in sweep.grid.axes.iter().enumerate() {
            let value = tried.point.get(at).and_then(|&value| axis.values.get(value));
            if let Some(Value::Timeout(_, seconds)) = value {
                fields.push(seconds.to_string());
            }
        }
        fields.push(sweep.grid.is_now(tried.point).to_string());
        fields.extend(COLUMNS.iter().map(|(_, of)| number(of(tried))));
        line(out, &fields)?;
    }
    Ok(())
}

/// Writes a line; fields are quoted where they have to be.
fn line(out: &mut dyn Write, fields: &[String]) -> io::Result<()> {
    let quoted = |field: &String| match field.contains(['"', ',', '\r', '\n']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.clone(),
    };
    let fields: Vec<String> = fields.iter().map(quoted).collect();
    write!(out, "{}\r\n", fields.join(","))
}
