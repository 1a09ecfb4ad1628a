//! What rules say, however they are written.

use std::fs;

use keeptrack::rules::{Known, RuleSet, load};
use keeptrack_core::TimeoutPolicy;

/// Rules of a file, by its name.
pub(super) type Text<'t> = (&'t str, &'t str);

/// What the host program reads in files with these texts.
///
/// # Errors
/// What it does not take in them.
pub(super) fn read(texts: &[Text<'_>]) -> Result<RuleSet, String> {
    let fault = |error: std::io::Error| error.to_string();
    let folder = tempfile::tempdir().map_err(fault)?;
    let mut paths = Vec::new();
    for (name, text) in texts {
        let path = folder.path().join(name);
        fs::write(&path, text).map_err(fault)?;
        paths.push(path);
    }
    let loaded = load(&paths, &[], &TimeoutPolicy::LINUX, Known::default());
    loaded.map_err(|error| error.to_string())
}

/// Each rule of a set that packets come to: what it asks for, what it does, and at which hooks. Of
/// rules that only leave packets untracked the order says nothing.
pub(super) fn outline(set: &RuleSet) -> Vec<String> {
    let rules = set.table.rules().iter().zip(&set.sources);
    let mut lines: Vec<String> = rules
        .map(|(rule, source)| format!("{:?} {:?} {:?}", source.hooks, rule.target, rule.matches))
        .collect();
    lines.sort();
    lines
}
