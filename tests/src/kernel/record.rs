//! What each side says of a trace: of each packet in lines of JSON, and of the table at the end.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use keeptrack::{Error, Outcome};
use serde_json::{Map, Value};

use super::rows::{Row, Rows};
use crate::host::{Failure, keeptrack};

/// What was said of a packet, an entry or the whole: the fields of its line.
pub type Record = Map<String, Value>;

/// All that one side says of a trace.
#[derive(Debug, Default)]
pub struct Answers {
    /// Of each packet.
    pub packets: Vec<Record>,
    /// Of the table at the end.
    pub rows: Rows,
}

/// What the kernel was asked, and how.
#[derive(Debug, Default)]
pub struct Asked {
    /// What it answered.
    pub answers: Answers,
    /// Its settings, without `nf_conntrack_`; empty in files that do not have them.
    pub settings: Vec<(String, u64)>,
}

impl Asked {
    /// Reads the kernel's answers about a trace from the file beside it.
    ///
    /// # Errors
    /// When the file cannot be read, with the line that is wrong.
    pub fn read(file: &Path) -> Result<Self, String> {
        let fault = |error: String| format!("{}: {error}", file.display());
        let opened = File::open(file).map_err(|error| fault(error.to_string()))?;
        let mut asked = Self::default();
        for line in lines(BufReader::new(GzDecoder::new(opened))) {
            line.and_then(|line| asked.take(line)).map_err(fault)?;
        }
        Ok(asked)
    }

    fn take(&mut self, mut line: Record) -> Result<(), String> {
        if let Some(Value::Object(settings)) = line.get("sysctl") {
            let of = |(name, value): (&String, &Value)| Some((name.clone(), value.as_u64()?));
            self.settings = settings.iter().filter_map(of).collect();
        }
        if text(&line, "t") == "ct" {
            let (name, row) = Row::of_record(&line)?;
            self.answers.rows.insert(name, row);
        }
        let Some(verdict) = line.get_mut("v") else { return Ok(()) };
        if verdict == "refused" {
            // IP refused it before tracking could be asked.
            *verdict = "skip".into();
        }
        self.answers.packets.push(line);
        Ok(())
    }

    /// The timeouts among its settings, in seconds.
    #[must_use]
    pub fn timeouts(&self) -> Vec<u64> {
        let timeouts = self.settings.iter().filter(|(name, _)| name.contains("timeout"));
        timeouts.map(|(_, seconds)| *seconds).collect()
    }

    /// Its settings as the host program takes them, but for the size of the table: what the
    /// kernel has dropped for that would be in its answers.
    fn words(&self) -> Vec<String> {
        let is_size = |name: &str| matches!(name, "max" | "buckets" | "expect_max");
        let settings = self.settings.iter().filter(|(name, _)| !is_size(name));
        let words = settings.map(|(name, value)| format!("--config=nf_conntrack_{name}={value}"));
        words.collect()
    }
}

impl Answers {
    /// What the host program says of a trace, every record of which it is to track, as `asked` was
    /// set.
    ///
    /// # Errors
    /// When the program ends otherwise than with success.
    pub fn ours(trace: &Path, asked: &Asked) -> Result<Self, String> {
        let settings = asked.words();
        let packets = replay(trace, "packets", &settings)?;
        let packets = lines(&packets[..]).collect::<Result<Vec<_>, _>>()?;
        let table = replay(trace, "table", &settings)?;
        let rows =
            String::from_utf8_lossy(&table).lines().map(Row::of_line).collect::<Result<_, _>>()?;
        Ok(Self { packets, rows })
    }
}

/// Whether the host program comes to the end of a trace that nobody has answers about.
///
/// # Errors
/// When the program ends otherwise than with success.
pub fn replays(trace: &Path) -> Result<(), String> {
    replay(trace, "packets", &[]).map(drop)
}

/// What the host program writes about a trace.
fn replay(trace: &Path, output: &str, settings: &[String]) -> Result<Vec<u8>, String> {
    let file = trace.to_str().ok_or("its name is not text")?;
    let mut words = vec!["replay", file, "--copies", "keep", "--quiet", "-o", output];
    words.extend(settings.iter().map(String::as_str));
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

fn lines(input: impl BufRead) -> impl Iterator<Item = Result<Record, String>> {
    input.lines().zip(1..).map(|(line, number)| {
        let fault = |error: &dyn ToString| format!("line {number}: {}", error.to_string());
        let line = line.map_err(|error| fault(&error))?;
        serde_json::from_str(&line).map_err(|error| fault(&error))
    })
}

/// The text of a field; empty without it.
pub(super) fn text<'r>(record: &'r Record, field: &str) -> &'r str {
    record.get(field).and_then(Value::as_str).unwrap_or_default()
}
