//! The traces below a directory, and where the kernel's answers about them lie.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What the name of a file of answers has behind that of its trace.
const ANSWERED: &str = ".oracle.jsonl.gz";
/// How the name of a capture ends, whoever answers for it.
const CAPTURES: [&str; 2] = ["pcap", "pcapng"];

/// A capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Where it lies.
    pub file: PathBuf,
    /// Its name below the directory that was searched.
    pub name: String,
    /// Where the kernel's answers lie, if there are any.
    pub answers: Option<PathBuf>,
}

/// The traces in `directory` and in those below it, by name.
///
/// # Errors
/// When a directory cannot be read, with its name.
pub fn below(directory: &Path) -> Result<Vec<Trace>, String> {
    let mut traces = Vec::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(next) = waiting.pop() {
        let fault = |error: io::Error| format!("{}: {error}", next.display());
        for entry in fs::read_dir(&next).map_err(fault)? {
            let file = entry.map_err(fault)?.path();
            if file.is_dir() {
                waiting.push(file);
            } else {
                traces.extend(Trace::of(directory, file));
            }
        }
    }
    traces.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(traces)
}

impl Trace {
    /// `None`: the file is no capture.
    fn of(directory: &Path, file: PathBuf) -> Option<Self> {
        let mut answers = file.clone().into_os_string();
        answers.push(ANSWERED);
        let answers = Some(PathBuf::from(answers)).filter(|answers| answers.is_file());
        let has_ending = CAPTURES.iter().any(|ending| file.extension() == Some(OsStr::new(ending)));
        if answers.is_none() && !has_ending {
            return None;
        }
        let below = file.strip_prefix(directory).unwrap_or(&file);
        let name = below.to_string_lossy().into_owned();
        Some(Self { file, name, answers })
    }
}
