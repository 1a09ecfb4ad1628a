//! What each side says of each packet, read from lines of JSON.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use keeptrack::{Error, Outcome};
use serde_json::{Map, Value};

use crate::host::{Failure, keeptrack};

/// What was said of a packet: the fields of its line.
pub type Record = Map<String, Value>;

/// The kernel's answers about a trace, from the file beside it.
///
/// # Errors
/// When the file cannot be read, with the line that is wrong.
pub fn kernels(file: &Path) -> Result<Vec<Record>, String> {
    let fault = |error: String| format!("{}: {error}", file.display());
    let opened = File::open(file).map_err(|error| fault(error.to_string()))?;
    records(BufReader::new(GzDecoder::new(opened))).map_err(fault)
}

/// The answers of the host program about a trace, every record of which it is to track.
///
/// # Errors
/// When the program ends otherwise than with success.
pub fn ours(trace: &Path) -> Result<Vec<Record>, String> {
    let file = trace.to_str().ok_or("its name is not text")?;
    let ran = keeptrack(&["replay", file, "--copies", "keep", "--quiet", "-o", "packets"]);
    match ran.end {
        Ok(Outcome::Done) => records(&ran.stdout[..]),
        Ok(outcome @ (Outcome::Finding | Outcome::Interrupted)) => {
            Err(format!("the replay ended with {outcome:?}"))
        }
        // It has no packet but skipped ones, which is an answer, too.
        Err(Failure::Run(Error::UnreadLinks(..))) => records(&ran.stdout[..]),
        Err(failure) => Err(failure.shown()),
    }
}

/// The packets among the lines; the others speak of connections or of the whole.
fn records(lines: impl BufRead) -> Result<Vec<Record>, String> {
    let mut records = Vec::new();
    for (number, line) in lines.lines().enumerate() {
        let fault = |error: &dyn ToString| format!("line {}: {}", number + 1, error.to_string());
        let line = line.map_err(|error| fault(&error))?;
        let mut record: Record = serde_json::from_str(&line).map_err(|error| fault(&error))?;
        match record.get_mut("v") {
            // IP refused it before tracking could be asked.
            Some(word) if word == "refused" => *word = "skip".into(),
            Some(_) => {}
            None => continue,
        }
        records.push(record);
    }
    Ok(records)
}
