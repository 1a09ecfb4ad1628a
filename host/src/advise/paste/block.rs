//! Lines that are pasted together, and how they are shown.

use std::fmt;

use serde::Serialize;

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

/// What takes lines. Of some, an admin has one: see [`CHOICES`](Self::CHOICES).
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

/// Blocks that one tool takes: what is pasted as a whole, and nothing beside it.
#[derive(Debug)]
pub struct Script<'b> {
    /// The tool; `None`: they are for no tool of [`Tool::CHOICES`].
    pub tool: Option<Tool>,
    /// What has to be thought of before.
    warnings: &'b [String],
    blocks: Vec<&'b Block>,
}

impl Tool {
    /// Those of which each makes the whole of a change, with what is of none of them.
    pub const CHOICES: [Self; 4] = [Self::Iptables, Self::Nft, Self::Firewall4, Self::Keeptrack];

    /// As it is typed, and as JSON has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Iptables => "iptables",
            Self::Nft => "nft",
            Self::Firewall4 => "firewall4",
            Self::Sysctl => "sysctl",
            Self::Keeptrack => "keeptrack",
            Self::Prometheus => "prometheus",
        }
    }
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

impl<'b> Script<'b> {
    /// The blocks for that tool, and those that are for no other one.
    pub(super) fn of(
        tool: Option<Tool>,
        warnings: &'b [String],
        blocks: impl IntoIterator<Item = &'b Block>,
    ) -> Self {
        let is_for = |block: &&Block| {
            tool == Some(block.tool) || tool.is_none() || !Tool::CHOICES.contains(&block.tool)
        };
        Self { tool, warnings, blocks: blocks.into_iter().filter(is_for).collect() }
    }

    /// A script for each tool that has blocks of its own; if none has, one of all of them.
    pub(super) fn each(warnings: &'b [String], blocks: &'b [Block]) -> Vec<Self> {
        let mut tools: Vec<Tool> = Vec::new();
        for Block { tool, .. } in blocks {
            if Tool::CHOICES.contains(tool) && !tools.contains(tool) {
                tools.push(*tool);
            }
        }
        match tools.as_slice() {
            [] => vec![Self::of(None, warnings, blocks)],
            tools => tools.iter().map(|tool| Self::of(Some(*tool), warnings, blocks)).collect(),
        }
    }
}

/// One text that a shell takes, without an empty line at its end.
impl fmt::Display for Script<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for warning in self.warnings {
            comment(f, &format!("! {warning}"))?;
        }
        for (number, block) in self.blocks.iter().enumerate() {
            let gap = if number > 0 { "\n" } else { "" };
            write!(f, "{gap}{block}")?;
        }
        Ok(())
    }
}

fn comment(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let mut lines = text.lines().flat_map(|line| wrapped(line, LINE_LEN - 2));
    lines.try_for_each(|line| writeln!(f, "# {line}"))
}
