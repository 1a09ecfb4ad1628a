//! The captures of a folder, and the files that belong to each.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::answers::{Answers, Asked};
use super::ours;

/// How the name of a capture ends.
const CAPTURES: [&str; 2] = ["pcap", "pcapng"];

/// A capture, and what is written down of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The capture's name.
    pub name: String,
    /// Where the capture lies.
    pub capture: PathBuf,
    /// Where the kernel's answers lie.
    pub golden: PathBuf,
    /// Settings, as sysctl.conf has them.
    pub sysctl: Option<PathBuf>,
    /// Rules of the raw table for IPv4, as iptables-save prints them.
    pub rules_v4: Option<PathBuf>,
    /// The same for IPv6.
    pub rules_v6: Option<PathBuf>,
}

/// The captures in `folder`, by name. Answers and settings are in the folder `golden` beside it.
///
/// # Errors
/// When the folder cannot be read.
pub fn cases(folder: &Path) -> Result<Vec<Case>, String> {
    let fault = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut cases = Vec::new();
    for file in fs::read_dir(folder).map_err(fault)? {
        let file = file.map_err(fault)?.path();
        if CAPTURES.iter().any(|ending| file.extension() == Some(OsStr::new(ending))) {
            cases.push(Case::of(&file));
        }
    }
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(cases)
}

impl Case {
    /// The case of a capture.
    #[must_use]
    pub fn of(capture: &Path) -> Self {
        let name = capture.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let folder = capture.parent().unwrap_or(Path::new(".")).join("../golden");
        let beside = |ending: &str| folder.join(format!("{name}.{ending}"));
        let if_there = |ending| Some(beside(ending)).filter(|file| file.is_file());
        Self {
            capture: capture.to_owned(),
            golden: beside("jsonl"),
            sysctl: if_there("sysctl"),
            rules_v4: if_there("rules.v4"),
            rules_v6: if_there("rules.v6"),
            name,
        }
    }

    /// What the kernel was asked, and what it answered.
    ///
    /// # Errors
    /// When that is not written down, or wrongly.
    pub fn recorded(&self) -> Result<(Asked, Answers), String> {
        let fault =
            |error: &dyn ToString| format!("{}: {}", self.golden.display(), error.to_string());
        let text = fs::read_to_string(&self.golden).map_err(|error| fault(&error))?;
        Answers::read(&text).map_err(|error| fault(&error))
    }

    /// What the host program answers.
    ///
    /// # Errors
    /// When it does not come to the end of the capture.
    pub fn ours(&self) -> Result<Answers, String> {
        ours::answers(self)
    }
}
