//! What the host program answers about a capture.

use std::path::PathBuf;

use keeptrack::conntrack::{Entry, Reader, Record};
use keeptrack::{Error, Outcome};
use keeptrack_core::Zone;

use super::answers::Answers;
use super::case::Case;
use crate::host::{Failure, keeptrack};
use crate::judge::Row;
use crate::told::{read_told, shown};

/// Of each packet, and the table at the end.
pub(super) fn answers(case: &Case) -> Result<Answers, String> {
    let packets = replay(case, "packets")?;
    let packets = String::from_utf8_lossy(&packets)
        .lines()
        .map(|line| read_told(line).map(|(_, told)| told))
        .collect::<Result<_, _>>()?;
    Ok(Answers { packets, rows: rows(&replay(case, "table")?)? })
}

fn rows(table: &[u8]) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for record in Reader::new(table) {
        let Record::Entry(entry) = record.map_err(|error| error.to_string())? else { continue };
        rows.push(row(&entry));
    }
    Row::sort(&mut rows);
    Ok(rows)
}

fn row(entry: &Entry) -> Row {
    Row {
        tuple: entry.original.tuple,
        zone: entry.zone.map_or(Zone::DEFAULT, Zone),
        state: entry.state,
        status: shown(entry.status),
        left_s: entry.timeout.unwrap_or(0),
    }
}

/// What the program writes about the capture under its settings.
fn replay(case: &Case, output: &str) -> Result<Vec<u8>, String> {
    let text = |file: &PathBuf| file.to_str().map(str::to_owned).ok_or("a name is not text");
    let capture = text(&case.capture)?;
    let mut words = vec!["replay", &capture, "--copies", "keep", "--quiet", "-o", output];
    let files = [("-c", &case.sysctl), ("-r", &case.rules_v4), ("-r", &case.rules_v6)];
    let mut named = Vec::new();
    for (option, file) in files {
        if let Some(file) = file {
            named.push((option, text(file)?));
        }
    }
    words.extend(named.iter().flat_map(|(option, file)| [*option, file.as_str()]));
    let ran = keeptrack(&words);
    match ran.end {
        Ok(Outcome::Done) => Ok(ran.stdout),
        Ok(outcome @ (Outcome::Finding | Outcome::Interrupted)) => {
            Err(format!("the replay ended with {outcome:?}"))
        }
        // It has no packet but skipped ones, which is an answer, too.
        Err(Failure::Run(Error::UnreadLinks(..))) => Ok(ran.stdout),
        Err(failure) => Err(failure.shown()),
    }
}
