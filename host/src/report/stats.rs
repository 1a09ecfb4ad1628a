//! `-o stats`: what `conntrack -S` prints at the end, of a machine with one processor.

use std::io::{self, Write};

use keeptrack_core::Stats;

use super::subject::Subject;

/// Writes the line.
///
/// Packets make no difference to four of its counters in Linux 6.18: `insert` counts what user
/// space puts into the table, here what it began with; `found` NAT that finds a port taken,
/// `search_restart` and `clash_resolve` what processors do to each other, nothing here.
///
/// # Errors
/// When `out` does not take it.
pub fn stats(out: &mut dyn Write, subject: &Subject<'_>) -> io::Result<()> {
    let stats = subject.table.stats();
    write!(out, "cpu=0   \tfound=0 invalid={} ", linux_invalid(stats))?;
    write!(out, "insert={} insert_failed={} ", stats.insert, stats.insert_failed)?;
    write!(out, "drop={} early_drop={} error={} ", stats.drop, stats.early_drop, stats.error)?;
    writeln!(out, "search_restart=0 clash_resolve=0 chaintoolong={} ", stats.chaintoolong)
}

/// INVALID packets without those that Linux counts as `error` alone.
pub(super) fn linux_invalid(stats: &Stats) -> u64 {
    stats.invalid.saturating_sub(stats.error)
}
