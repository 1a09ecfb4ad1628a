//! What `keeptrack lint` says of rules, beside what the running kernel does with them: a case for each
//! lint, and rules like it that are right.

mod buckets;
mod cases;
#[cfg(test)]
mod hints;
mod kept;
mod network;
mod talk;

use std::fs;
use std::thread;

use tempfile::TempDir;

use self::network::Network;
use self::talk::Talk;
use crate::host::{Ran, keeptrack};

pub use self::buckets::{Table, tables};

/// On a busy machine somebody may be heard later than is waited for: what differs is tried again.
const TRIES: usize = 3;

/// Rules, what is found in them, and what becomes of packets under them.
struct Case {
    name: &'static str,
    /// Files: the ending of a name says which program loads it.
    rules: &'static [(&'static str, &'static str)],
    /// The lints.
    found: &'static [&'static str],
    /// What is said and where, in the order in which that is done.
    talk: Talk,
    /// Whether it is heard, and answered where an answer is expected.
    is_heard: bool,
    /// The entries of the host's table behind it.
    entry_count: usize,
}

/// How many cases there are, and what differs.
///
/// # Errors
/// When the kernel cannot be asked, with what is missing.
pub fn against_kernel() -> Result<(usize, Vec<String>), String> {
    // Its network namespace is another one behind that.
    let tried = thread::spawn(tried).join();
    tried.unwrap_or_else(|_| Err("the thread that tries the rules died".into()))
}

fn tried() -> Result<(usize, Vec<String>), String> {
    let mut differences = Vec::new();
    for case in cases::all() {
        let expected = (case.is_heard, case.entry_count);
        let mut told = case.told()?;
        for _ in 1..TRIES {
            if told != expected {
                told = case.told()?;
            }
        }
        let found = case.found()?;
        if told != expected {
            let (is_heard, entry_count) = told;
            differences.push(format!("{}: heard {is_heard}, {entry_count} entries", case.name));
        }
        if found != case.found {
            differences.push(format!("{}: found {found:?}", case.name));
        }
    }
    Ok((cases::all().count(), differences))
}

impl Case {
    /// What the kernel does under the rules.
    fn told(&self) -> Result<(bool, usize), String> {
        let network = Network::new()?;
        for (file, text) in self.rules {
            network.load(file, text).map_err(|error| format!("{}: {error}", self.name))?;
        }
        let is_heard = self.talk.is_heard(&network);
        let is_heard = is_heard.map_err(|error| format!("{}: {error}", self.name))?;
        Ok((is_heard, network.entry_count()?))
    }

    /// What is found in the rules, by lint.
    fn found(&self) -> Result<Vec<String>, String> {
        let folder = TempDir::new().map_err(|error| error.to_string())?;
        let mut words = vec!["lint".to_owned(), "-o".to_owned(), "json".to_owned()];
        for (file, text) in self.rules {
            let path = folder.path().join(file);
            fs::write(&path, text).map_err(|error| error.to_string())?;
            words.push(path.display().to_string());
        }
        found(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// The lints of what a command line finds.
fn found(words: &[&str]) -> Result<Vec<String>, String> {
    let Ran { end, stdout } = keeptrack(words);
    end.map_err(|failure| failure.shown())?;
    let object: serde_json::Value =
        serde_json::from_slice(&stdout).map_err(|error| error.to_string())?;
    let findings = object.get("findings").and_then(|findings| findings.as_array());
    let lints = findings.into_iter().flatten().filter_map(|finding| finding.get("lint")?.as_str());
    Ok(lints.map(str::to_owned).collect())
}
