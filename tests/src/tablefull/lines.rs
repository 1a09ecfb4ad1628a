//! Lines of JSON that the host program wrote, and how it is run for them.

use keeptrack::Outcome;
use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::host::keeptrack;

/// The fields of a line.
pub(super) type Line = Map<String, Value>;

/// What the host program wrote of one replay.
pub(super) struct Written {
    /// `-o packets`.
    pub(super) packets: Vec<Line>,
    /// `-o ledger`, as far as it tells who was evicted.
    pub(super) evicted: Vec<Line>,
    /// `-o table`.
    pub(super) table: String,
}

/// Replays, and reads what was written.
///
/// # Errors
/// When the program ends otherwise than with success, or writes what cannot be read.
pub(super) fn replay(words: &[&str]) -> Result<Written, String> {
    let folder = TempDir::new().map_err(|error| error.to_string())?;
    let [ledger, table] = ["ledger", "table"].map(|name| folder.path().join(name));
    let outputs = [("ledger", &ledger), ("table", &table)];
    let outputs = outputs.map(|(name, file)| format!("--output={name}={}", file.display()));
    let mut all = vec!["replay", "--quiet", "--output=packets"];
    all.extend(outputs.iter().map(String::as_str));
    all.extend(words);
    let ran = keeptrack(&all);
    match ran.end {
        Ok(Outcome::Done) => {}
        Ok(outcome) => return Err(format!("the replay ended with {outcome:?}")),
        Err(failure) => return Err(failure.shown()),
    }
    let read = |file| std::fs::read_to_string(file).map_err(|error| error.to_string());
    let mut evicted = lines(&read(ledger)?)?;
    evicted.retain(|line| text(line, "ledger") == "evicted");
    let packets = lines(&String::from_utf8_lossy(&ran.stdout))?;
    Ok(Written { packets, evicted, table: read(table)? })
}

/// The text of a field; empty without it.
pub(super) fn text<'l>(line: &'l Line, field: &str) -> &'l str {
    line.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn lines(text: &str) -> Result<Vec<Line>, String> {
    let parsed = text
        .lines()
        .map(|line| serde_json::from_str(line).map_err(|error| format!("{error} in {line}")));
    parsed.collect()
}
