//! `-o stats`: what `conntrack -S` prints at the end, of a machine with one processor.

use std::io::{self, Write};

use keeptrack_core::Stats;

use super::subject::Subject;
use super::tally::Tally;

/// Writes the line.
///
/// Packets make no difference to four of its counters in Linux 6.18: `insert` counts what user
/// space puts into the table, here what it began with; `found` NAT that finds a port taken,
/// `search_restart` and `clash_resolve` what processors do to each other, nothing here.
///
/// # Errors
/// When `out` does not take it.
pub fn stats(out: &mut dyn Write, subject: &Subject<'_>, tally: &Tally) -> io::Result<()> {
    let stats = subject.table.stats();
    let (invalid, drop) = (linux_invalid(stats, tally), linux_drop(stats, tally));
    write!(out, "cpu=0   \tfound=0 invalid={invalid} ")?;
    write!(out, "insert={} insert_failed={} ", stats.insert, stats.insert_failed)?;
    let early_drop = linux_early_drop(stats, tally);
    write!(out, "drop={drop} early_drop={early_drop} error={} ", stats.error)?;
    writeln!(out, "search_restart=0 clash_resolve=0 chaintoolong={} ", stats.chaintoolong)
}

/// INVALID packets without those that Linux counts as `error` alone, or as `drop`.
pub(super) fn linux_invalid(stats: &Stats, tally: &Tally) -> u64 {
    stats.invalid.saturating_sub(stats.error + tally.drop_invalid_count)
}

/// Connections that left for a newcomer: Linux does not count whom its collector takes.
pub(super) const fn linux_early_drop(stats: &Stats, tally: &Tally) -> u64 {
    stats.early_drop.saturating_sub(tally.collected_count)
}

/// Packets that a full table refused, also those that Linux would have found INVALID afterwards.
pub(crate) const fn linux_drop(stats: &Stats, tally: &Tally) -> u64 {
    stats.drop + tally.drop_invalid_count
}
