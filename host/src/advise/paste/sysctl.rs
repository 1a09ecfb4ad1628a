//! Settings of the kernel: the file that holds them, and what brings the old ones back.

use std::fmt::Display;

use super::{Block, Known, Tool};
use crate::advise::change::Change;

/// Where they are kept.
pub(super) const FILE: &str = "/etc/sysctl.d/90-keeptrack.conf";

/// A setting, what it becomes, and what it was, if that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    name: String,
    value: String,
    before: Option<String>,
}

impl Setting {
    fn new(name: &str, value: impl Display, before: Option<impl Display>) -> Self {
        let name = format!("net.netfilter.nf_conntrack_{name}");
        Self { name, value: value.to_string(), before: before.map(|before| before.to_string()) }
    }

    /// As a file has it.
    pub(super) fn line(&self) -> String {
        format!("{} = {}", self.name, self.value)
    }

    fn undo(&self) -> String {
        match &self.before {
            Some(before) => format!("sysctl -w {}={before}", self.name),
            None => format!(
                "# what {0} was is not known here: `sysctl {0}` tells it before the change",
                self.name
            ),
        }
    }
}

/// The settings that changes make.
pub(super) fn settings(changes: &[Change], known: &Known) -> Vec<Setting> {
    let of_change = |change: &Change| match change {
        Change::Timeout { timeout, from, to } => vec![Setting::new(timeout.name(), to, Some(from))],
        Change::Size { max, buckets } => vec![
            Setting::new("max", max, known.max),
            Setting::new("buckets", buckets, known.buckets),
        ],
        Change::NoTrack(_) | Change::OnFull(_) => Vec::new(),
    };
    changes.iter().flat_map(of_change).collect()
}

/// The file of these settings.
pub(super) fn file(settings: &[Setting]) -> Block {
    Block::file(Tool::Sysctl, FILE, settings.iter().map(Setting::line))
}

/// What brings the old ones back.
pub(super) fn undo(settings: &[Setting]) -> Vec<String> {
    settings.iter().map(Setting::undo).collect()
}

/// What makes the kernel read the file now.
pub(super) fn load() -> String {
    format!("sysctl -p {FILE}")
}
