//! `-o prometheus`: the end of a replay under the names that node_exporter gives a kernel's table.

use std::io::{self, Write};

use super::stats::{linux_drop, linux_early_drop, linux_invalid};
use super::subject::Subject;
use super::tally::Tally;

/// Services that have a line of their own; a scan of ports would make thousands.
const MAX_SERVICES: usize = 10;

/// Writes the metrics in Prometheus' text format.
///
/// All are gauges, as node_exporter's are. What Linux 6.18 counts no more, or counts of what does
/// not happen here (`found`, `ignore`, `search_restart`), is 0, so that a dashboard finds it.
///
/// # Errors
/// When `out` does not take it.
pub fn prometheus(out: &mut dyn Write, subject: &Subject<'_>, tally: &Tally) -> io::Result<()> {
    kernels(out, subject, tally)?;
    let complete = u64::from(subject.is_complete());
    let mut ours = |name, help, value| gauge(out, &format!("keeptrack_replay_{name}"), help, value);
    ours("complete", "Whether all of the input was read.", complete)?;
    ours("peak_entries", "The most entries at once.", tally.peak_entries as u64)?;
    head(out, "keeptrack_replay_full_seconds", "For how long the table was full.")?;
    let (seconds, millis) = (tally.full_ms / 1000, tally.full_ms % 1000);
    writeln!(out, "keeptrack_replay_full_seconds {seconds}.{millis:03}")?;
    dropped(out, tally)
}

/// What node_exporter tells of a kernel's table.
fn kernels(out: &mut dyn Write, subject: &Subject<'_>, tally: &Tally) -> io::Result<()> {
    let stats = subject.table.stats();
    let mut kernels =
        |name, help, value| gauge(out, &format!("node_nf_conntrack_{name}"), help, value);
    kernels("entries", "Entries in the table at the end.", tally.entries_end as u64)?;
    if let Some(max) = subject.max {
        kernels("entries_limit", "Entries that the table has room for.", max as u64)?;
    }
    let drop = linux_drop(stats, tally);
    kernels("stat_drop", "Packets dropped because the table was full.", drop)?;
    let early_drop = linux_early_drop(stats, tally);
    kernels("stat_early_drop", "Entries that made room for newer ones.", early_drop)?;
    kernels("stat_found", "Always 0: ports that NAT found taken.", 0)?;
    kernels("stat_ignore", "Always 0: not counted by Linux any more.", 0)?;
    kernels("stat_insert", "Entries that the table began with.", stats.insert)?;
    kernels(
        "stat_insert_failed",
        "Entries that were refused, without those of stat_drop.",
        stats.insert_failed,
    )?;
    kernels(
        "stat_invalid",
        "Packets of no connection, without ICMP errors.",
        linux_invalid(stats, tally),
    )?;
    kernels("stat_search_restart", "Always 0: searches that a resize disturbed.", 0)
}

/// Whose packets found no entry.
fn dropped(out: &mut dyn Write, tally: &Tally) -> io::Result<()> {
    let name = "keeptrack_replay_dropped_packets";
    let refusals = tally.census.refusals();
    let (first, rest) = refusals.split_at(MAX_SERVICES.min(refusals.len()));
    if first.is_empty() {
        return Ok(());
    }
    head(out, name, "Packets for which no entry could be made, by service.")?;
    for (service, asked) in first {
        writeln!(out, "{name}{{service=\"{service}\"}} {}", asked.refused)?;
    }
    if rest.is_empty() {
        return Ok(());
    }
    let others: u64 = rest.iter().map(|(_, asked)| asked.refused).sum();
    writeln!(out, "{name}{{service=\"other\"}} {others}")
}

fn gauge(out: &mut dyn Write, name: &str, help: &str, value: u64) -> io::Result<()> {
    head(out, name, help)?;
    writeln!(out, "{name} {value}")
}

fn head(out: &mut dyn Write, name: &str, help: &str) -> io::Result<()> {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge")
}
