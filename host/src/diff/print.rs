//! What the comparison of two tables came to, for people.

use std::io::{self, Write};

use keeptrack_core::{Direction, Ends, Status, Tuple};

use super::compare::{Comparison, Field, Pair, key};
use super::why::{self, Watched};
use crate::conntrack::Entry;
use crate::units::{Clock, Count};

/// Between which tables, and when.
pub(super) struct Heading<'h> {
    /// The kernel's file, safe for a terminal.
    pub(super) table: &'h str,
    /// How far the capture was replayed.
    pub(super) at: keeptrack_core::Instant,
    /// What ended it: `last packet`, `--until`.
    pub(super) because: &'h str,
    /// The timeouts that were used.
    pub(super) preset: &'h str,
    pub(super) tolerance_s: u64,
    /// What else should be said.
    pub(super) notes: Vec<String>,
}

/// Writes the counts, then each difference with its likely reason.
pub(super) fn print(
    out: &mut dyn Write,
    heading: &Heading<'_>,
    comparison: &Comparison,
    watched: &Watched,
) -> io::Result<()> {
    let Heading { table, at, because, preset, tolerance_s, notes } = heading;
    let until = Clock(*at);
    writeln!(
        out,
        "  replayed to {until} UTC ({because}), timeouts of {preset}, tolerance {tolerance_s}s\n"
    )?;
    writeln!(
        out,
        "  {} same   {} differ   {} only in the kernel   {} only in the replay",
        Count(comparison.same_count),
        Count(comparison.differing.len() as u64),
        Count(comparison.only_there.len() as u64),
        Count(comparison.only_here.len() as u64),
    )?;
    let shift = why::shift_s(comparison, *tolerance_s);
    counts(out, comparison, shift, *tolerance_s)?;
    for note in notes {
        writeln!(out, "! {note}")?;
    }
    for pair in &comparison.differing {
        differing(out, pair, shift)?;
    }
    for (line, entry) in &comparison.only_there {
        writeln!(out, "\n- {}", title(entry))?;
        let why = watched.only_there(&key(entry), entry);
        writeln!(out, "    {table}:{line} only: {why}")?;
    }
    for entry in &comparison.only_here {
        writeln!(out, "\n+ {}", title(entry))?;
        writeln!(out, "    here only: {}", why::only_here(entry))?;
    }
    Ok(())
}

fn counts(
    out: &mut dyn Write,
    comparison: &Comparison,
    shift: Option<i64>,
    tolerance_s: u64,
) -> io::Result<()> {
    if comparison.running_out_count > 0 {
        let count = Count(comparison.running_out_count);
        writeln!(
            out,
            "  {count} in one table only, with less than {tolerance_s}s left: not counted"
        )?;
    }
    if comparison.translated_count > 0 {
        let count = Count(comparison.translated_count);
        writeln!(out, "  {count} translated by NAT: compared by their original tuples")?;
    }
    if let Some(shift) = shift {
        let (by, side) = (shift.abs(), if shift > 0 { "before" } else { "after" });
        writeln!(out, "! the kernel's table was saved about {by}s {side} that moment (`--until`)")?;
    }
    Ok(())
}

fn differing(out: &mut dyn Write, pair: &Pair, shift: Option<i64>) -> io::Result<()> {
    writeln!(out, "\n~ {}", title(&pair.here))?;
    for &field in &pair.fields {
        let (name, there, here) = match field {
            Field::State => ("state", state(&pair.there), state(&pair.here)),
            Field::Replied => (
                "replied",
                flag(&pair.there, Status::SEEN_REPLY),
                flag(&pair.here, Status::SEEN_REPLY),
            ),
            Field::Assured => {
                ("assured", flag(&pair.there, Status::ASSURED), flag(&pair.here, Status::ASSURED))
            }
            Field::Timeout => ("timeout", timeout(&pair.there), timeout(&pair.here)),
            Field::Counters => ("packets", packets(&pair.there), packets(&pair.here)),
        };
        let why = why::differs(pair, field, shift);
        writeln!(out, "    {name:<10} kernel {there:<11} replay {here:<11} {why}")?;
    }
    Ok(())
}

/// `tcp 10.10.0.2:55642 -> 203.0.113.9:8081   ESTABLISHED`.
fn title(entry: &Entry) -> String {
    let tuple = &entry.original.tuple;
    let name = tuple.protocol.name();
    let [from, to] = [Direction::Original, Direction::Reply].map(|dir| end(tuple, dir));
    let zone = entry.zone.map(|zone| format!("   zone {zone}")).unwrap_or_default();
    let state = entry.state.map(|state| format!("   {state}")).unwrap_or_default();
    format!("{name} {from} -> {to}{state}{zone}")
}

/// Who sends in that direction.
fn end(tuple: &Tuple, dir: Direction) -> String {
    let (address, port) = match (dir, tuple.ends) {
        (Direction::Original, Ends::Ports { source, .. }) => (tuple.source, Some(source)),
        (Direction::Reply, Ends::Ports { destination, .. }) => {
            (tuple.destination, Some(destination))
        }
        (Direction::Original, _) => (tuple.source, None),
        (Direction::Reply, Ends::Query { kind, id, .. }) => {
            return format!("{} type {kind} id {id}", tuple.destination);
        }
        (Direction::Reply, _) => (tuple.destination, None),
    };
    match port {
        Some(port) => std::net::SocketAddr::new(address, port).to_string(),
        None => address.to_string(),
    }
}

fn state(entry: &Entry) -> String {
    entry.state.unwrap_or("none").to_owned()
}

fn flag(entry: &Entry, flag: Status) -> String {
    if entry.status.has(flag) { "yes".into() } else { "no".into() }
}

fn timeout(entry: &Entry) -> String {
    entry.timeout.map_or_else(|| "none".into(), |seconds| seconds.to_string())
}

fn packets(entry: &Entry) -> String {
    let sides = [&entry.original, &entry.reply].map(|side| side.counters);
    let [original, reply] = sides.map(|counters| counters.map_or(0, |counters| counters.packets));
    format!("{original}/{reply}")
}
