//! What the host program advises for a capture: lines for each of the two tools, and what it foretells.

use std::path::Path;

use keeptrack::Outcome;
use serde_json::Value;

use crate::host::keeptrack;

/// The table that advice is asked for: without the loopback's, the flows leave half of it free.
const MAX: &str = "--max=3072";
/// How the change is called that leaves the loopback untracked.
const LOOPBACK: &str = "NOTRACK loopback";

/// What takes lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    Iptables,
    Nft,
}

/// Advice for a capture.
#[derive(Debug)]
pub(super) struct Advice(Value);

impl Tool {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Iptables => "iptables",
            Self::Nft => "nft",
        }
    }
}

impl Advice {
    /// Asks for it; `words` are options.
    ///
    /// # Errors
    /// When the program fails, or writes what cannot be read.
    pub(super) fn of(capture: &Path, words: &[&str]) -> Result<Self, String> {
        let capture = capture.to_string_lossy();
        let mut all = vec!["advise", &*capture, "--quiet", "--output=json", MAX];
        all.extend(words);
        let ran = keeptrack(&all);
        match ran.end {
            Ok(Outcome::Done) => {}
            Ok(outcome) => return Err(format!("the advice ended with {outcome:?}")),
            Err(failure) => return Err(failure.shown()),
        }
        let document = serde_json::from_slice(&ran.stdout);
        document.map(Self).map_err(|error| format!("advise -o json: {error}"))
    }

    /// Whether it is advised to leave the loopback untracked, and to do nothing else.
    pub(super) fn is_loopback(&self) -> bool {
        let changes = self.0["chosen"]["changes"].as_array().map_or(&[][..], Vec::as_slice);
        matches!(changes, [Value::String(change)] if change.starts_with(LOOPBACK))
    }

    /// Whether that is the first of all changes that it shows.
    pub(super) fn is_loopback_first(&self) -> bool {
        self.loopback().is_some_and(|tried| tried["shown"] == 0)
    }

    /// The rules that are tried for it.
    pub(super) fn loopback_rules(&self) -> Option<&Value> {
        Some(&self.loopback()?["lines"])
    }

    /// The lines that a shell takes of those to paste.
    pub(super) fn paste(&self, tool: Tool) -> String {
        self.lines("paste", tool)
    }

    /// The lines that undo them.
    pub(super) fn undo(&self, tool: Tool) -> String {
        self.lines("undo", tool)
    }

    /// The most entries that it foretells without a change, of those that have not run out.
    pub(super) fn now(&self) -> Option<u64> {
        self.0["now"]["alive"].as_u64()
    }

    /// The same without those of the loopback.
    pub(super) fn without_loopback(&self) -> Option<u64> {
        self.loopback()?["alive"].as_u64()
    }

    fn loopback(&self) -> Option<&Value> {
        let tried = self.0["tried"].as_array()?;
        tried
            .iter()
            .find(|tried| tried["change"].as_str().is_some_and(|it| it.starts_with(LOOPBACK)))
    }

    fn lines(&self, part: &str, tool: Tool) -> String {
        let blocks = self.0["paste"][part].as_array().into_iter().flatten();
        let blocks = blocks.filter(|block| block["tool"] == tool.name() && block["file"].is_null());
        let lines = blocks.flat_map(|block| block["lines"].as_array().into_iter().flatten());
        lines.filter_map(Value::as_str).map(|line| format!("{line}\n")).collect()
    }
}
