//! Timeout policies as `nfct` makes and lists them, for the rules that name one: `CT --timeout`.

mod command;
mod listed;
mod names;
mod reader;

use std::collections::BTreeMap;
use std::path::PathBuf;

use keeptrack_core::raw::{Family, PolicyId};
use keeptrack_core::{Protocol, TimeoutPolicy};

use self::names::Tracker;
use super::words::Word;
use crate::diagnostic::{Diagnostic, Diagnostics, Fault, Faults};
use crate::source::{Source, Wanted};

pub(super) use self::reader::is_nfct;

/// The option that takes the files, as messages name it.
pub(super) const OPTION: &str = "--timeout-policies";

const HELP: &str = "give what `nfct list timeout` prints, or `nfct add timeout` commands";

/// A file of policies.
const POLICIES: Wanted = Wanted {
    what: "timeout policies",
    options: &[OPTION],
    others: &["-r", "-c", "-s"],
    refused: "has no timeout policies",
    help: HELP,
};

/// The longest name, in bytes: nfct cuts what is longer.
const MAX_NAME_LEN: usize = 31;

/// The policies of some files, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Policies {
    by_name: BTreeMap<String, Policy>,
}

/// A policy, which the rules of one family and one protocol can name.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    /// Its place among all, which is that in the table of rules.
    pub(super) id: PolicyId,
    pub(super) family: Family,
    tracker: &'static Tracker,
    timeouts: TimeoutPolicy,
    /// Where it comes from: `file:line`.
    origin: String,
}

/// A policy on its way into [`Policies`].
struct Draft {
    name: Word,
    family: Family,
    tracker: &'static Tracker,
    timeouts: TimeoutPolicy,
}

impl Policies {
    /// Reads the policies of `files`; of what a policy does not say, `defaults` are taken, as the
    /// kernel takes its settings.
    ///
    /// # Errors
    /// All that is wrong with the files, at most 20 errors of each.
    pub(super) fn load(files: &[PathBuf], defaults: &TimeoutPolicy) -> Result<Self, Diagnostics> {
        Self::gathered(files.iter().map(|path| Source::read(path, &POLICIES)), defaults)
    }

    pub(super) fn gathered(
        files: impl Iterator<Item = Result<Source, Diagnostic>>,
        defaults: &TimeoutPolicy,
    ) -> Result<Self, Diagnostics> {
        let mut policies = Self::default();
        let mut diagnostics = Vec::new();
        for file in files {
            match file {
                Ok(file) => {
                    let faults = Faults::of(&file, &mut diagnostics);
                    reader::read(&file, (&mut policies, defaults), faults);
                }
                Err(unreadable) => diagnostics.push(unreadable),
            }
        }
        Diagnostics::unless(diagnostics, policies)
    }

    pub(super) fn find(&self, name: &str) -> Option<&Policy> {
        self.by_name.get(name)
    }

    /// The names, in the order of the alphabet.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// What the policies say, in the order of their ids.
    pub(super) fn timeouts(&self) -> Vec<TimeoutPolicy> {
        let mut policies: Vec<&Policy> = self.by_name.values().collect();
        policies.sort_by_key(|policy| policy.id.index());
        policies.into_iter().map(|policy| policy.timeouts).collect()
    }

    fn add(&mut self, draft: Draft, origin: String) -> Result<(), Fault> {
        let Draft { name, family, tracker, timeouts } = draft;
        let fault = |title: String| Fault::new(name.span.clone(), title);
        let text = name.text.as_str();
        if let Some(known) = self.by_name.get(text) {
            let title = format!("the timeout policy `{text}` is there already: {}", known.origin);
            return Err(fault(title).label("the kernel keeps the first"));
        }
        if text.is_empty() || text.len() > MAX_NAME_LEN {
            let title = format!("a name of {} bytes", text.len());
            return Err(fault(title).label(format!("a policy has one of 1 to {MAX_NAME_LEN}")));
        }
        let id = PolicyId::at(self.by_name.len())
            .ok_or_else(|| fault(format!("more than {} timeout policies", PolicyId::MAX_COUNT)))?;
        let policy = Policy { id, family, tracker, timeouts, origin };
        self.by_name.insert(name.text.clone(), policy);
        Ok(())
    }
}

impl Policy {
    /// Whether connections of `protocol` can live by it.
    pub(super) fn is_for(&self, protocol: Protocol) -> bool {
        names::tracker_of(protocol).name == self.tracker.name
    }

    /// The protocol that it is for: `tcp`.
    pub(super) const fn protocol_name(&self) -> &'static str {
        self.tracker.name
    }
}

#[cfg(test)]
mod tests;
