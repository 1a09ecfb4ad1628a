//! Lines that are pasted together, and how they are shown.

use std::fmt;

use serde::Serialize;

use super::Paste;
use crate::output::wrapped;

/// The width of a comment.
const LINE_LEN: usize = 80;

/// Lines that are pasted together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Block {
    /// What takes them.
    pub tool: Tool,
    /// What they are for, in lines of words; empty where that is plain.
    pub title: String,
    /// The file that they are to be; commands of a shell otherwise.
    pub file: Option<&'static str>,
    /// Commands, or what the file holds.
    pub lines: Vec<String>,
}

/// What takes lines. Of [`Iptables`](Self::Iptables), [`Nft`](Self::Nft) and
/// [`Firewall4`](Self::Firewall4) an admin has one: each makes the whole of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tool {
    /// `iptables` and `ip6tables`.
    Iptables,
    /// `nft`.
    Nft,
    /// The firewall of OpenWrt since 22.03.
    Firewall4,
    /// The kernel's settings.
    Sysctl,
    /// `keeptrack firmware-config`, or whoever reads a gateway's log.
    Keeptrack,
    /// A server of Prometheus, or whatever reads its rules.
    Prometheus,
}

impl Block {
    /// Commands of a shell.
    pub(super) fn commands(tool: Tool, title: &str, lines: Vec<String>) -> Self {
        Self { tool, title: title.to_owned(), file: None, lines }
    }

    /// The whole of a file.
    pub(super) fn file(
        tool: Tool,
        path: &'static str,
        lines: impl IntoIterator<Item = String>,
    ) -> Self {
        let title = String::new();
        Self { tool, title, file: Some(path), lines: lines.into_iter().collect() }
    }

    pub(super) fn titled(self, title: &str) -> Self {
        Self { title: title.to_owned(), ..self }
    }
}

/// Comments and commands, ready for a shell. Nothing is indented: what ends a file has to stand at
/// the beginning of its line.
impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        comment(f, &self.title)?;
        if let Some(file) = self.file {
            writeln!(f, "cat > {file} <<'END'")?;
        }
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        if self.file.is_some() {
            writeln!(f, "END")?;
        }
        Ok(())
    }
}

/// All of it, as one text that a shell takes; what undoes it stands in comments.
impl fmt::Display for Paste {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for warning in &self.warnings {
            comment(f, &format!("! {warning}"))?;
        }
        let parts = [("", &self.paste), ("# undo\n", &self.undo), ("# alert\n", &self.alert)];
        for (heading, blocks) in parts {
            f.write_str(heading)?;
            for block in blocks {
                writeln!(f, "{block}")?;
            }
        }
        Ok(())
    }
}

fn comment(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let mut lines = text.lines().flat_map(|line| wrapped(line, LINE_LEN - 2));
    lines.try_for_each(|line| writeln!(f, "# {line}"))
}
