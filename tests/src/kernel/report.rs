//! How far the host program and the kernel agree, as a table of traces.

use std::cmp::Reverse;
use std::fmt;

use super::compare::{Agreed, Comparison, Counts};

/// How many differences are listed.
const MAX_DIFFERING: usize = 20;

/// What came of a trace.
#[derive(Debug)]
enum Line {
    Compared(Counts),
    /// It can be replayed, and the kernel was not asked about it.
    NotAsked,
    Failed(String),
}

/// The table, a line a trace.
#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<(String, Line)>,
    total: Comparison,
}

impl Report {
    /// Puts a trace into the table: how it compares, or that nobody knows the kernel's answers, or
    /// why it cannot be compared.
    pub fn add(&mut self, name: String, compared: Result<Option<Comparison>, String>) {
        let line = match compared {
            Ok(Some(comparison)) => {
                let counts = comparison.counts;
                self.total += comparison;
                Line::Compared(counts)
            }
            Ok(None) => Line::NotAsked,
            Err(why) => Line::Failed(why),
        };
        self.lines.push((name, line));
    }

    /// How far both sides agree about all traces together.
    #[must_use]
    pub const fn total(&self) -> Counts {
        self.total.counts
    }

    /// How many traces could not be compared.
    #[must_use]
    pub fn failed_count(&self) -> usize {
        self.lines.iter().filter(|(_, line)| matches!(line, Line::Failed(_))).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let [packets, verdict, all, excepted] =
            ["packets", "verdict equal", "all equal", "excepted"];
        write!(f, "{:width$}{packets:>9}{verdict:>18}{all:>18}{excepted:>9}", "")?;
        writeln!(f, "{:>9}{:>18}", "rows", "rows equal")?;
        for (name, line) in &self.lines {
            write!(f, "{name:width$}")?;
            match line {
                Line::Compared(counts) => row(f, *counts)?,
                Line::NotAsked => writeln!(f, "   no answer of the kernel")?,
                Line::Failed(why) => {
                    writeln!(f, "   FAILED: {}", why.lines().next().unwrap_or_default())?;
                }
            }
        }
        write!(f, "{:width$}", "all")?;
        row(f, self.total())?;
        self.differing(f)?;
        self.excepted(f)
    }
}

impl Report {
    /// What differs most.
    fn differing(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut differing: Vec<_> = self.total.differing.iter().collect();
        if differing.is_empty() {
            return Ok(());
        }
        differing.sort_by_key(|&(differing, &count)| (Reverse(count), differing));
        let (first, rest) = differing.split_at(MAX_DIFFERING.min(differing.len()));
        writeln!(f, "\n   count  kernel -> ours   what the kernel logged")?;
        for (differing, count) in first {
            let log = &differing.log;
            write!(f, "{count:>8}  {} -> {}", differing.kernel, differing.ours)?;
            writeln!(f, "{}{log}", if log.is_empty() { "" } else { "   " })?;
        }
        let rest: u64 = rest.iter().map(|(_, count)| **count).sum();
        writeln!(f, "{rest:>8}  in other ways")
    }

    /// What is excepted, and why.
    fn excepted(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut excepted: Vec<_> = self.total.excepted.iter().collect();
        excepted.sort();
        for (exception, count) in excepted {
            writeln!(f, "{count:>8}  excepted: {}", exception.reason())?;
        }
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, counts: Counts) -> fmt::Result {
    write!(f, "{:>9}", counts.all.of)?;
    for agreed in [counts.verdict, counts.all] {
        write!(f, "{:>9} {:>7.2}%", agreed.count, agreed.percent())?;
    }
    let rows = counts.rows;
    writeln!(f, "{:>9}{:>9}{:>9} {:>7.2}%", counts.excepted, rows.of, rows.count, rows.percent())
}

impl Agreed {
    /// The share about which both sides agree; all of nothing.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "four digits are shown")]
    pub fn percent(self) -> f64 {
        if self.of == 0 { 100.0 } else { self.count as f64 * 100.0 / self.of as f64 }
    }
}
