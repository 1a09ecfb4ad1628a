//! `-o summary`: the answer first, then why, then what to do next; for people.

use std::io::{self, Write};

use keeptrack_core::raw::{Hook, Target};

use super::census::Asked;
use super::subject::{RuleEffect, Subject};
use super::tally::Tally;
use crate::memory::Heap;
use crate::units::{Bytes, Clock, Count, Lasting, Share};

/// What an entry takes in Linux 6.18: `nf_conn` and its extensions, measured on x86-64.
const LINUX_BYTES_AN_ENTRY: u64 = 384;
/// What a bucket takes there. By itself Linux has as many of them as entries.
const LINUX_BYTES_A_BUCKET: u64 = 8;
/// How many lines of a table are shown before the rest is put together.
const MAX_ROWS: usize = 10;
/// From which share of the table on the host's talk with itself is worth a hint, in percent.
const LOOPBACK_HINT: u64 = 10;

/// Writes the summary of a replay.
///
/// # Errors
/// When `out` does not take it.
pub fn summary(out: &mut dyn Write, subject: &Subject<'_>, tally: &Tally) -> io::Result<()> {
    head(out, subject, tally)?;
    verdict(out, subject, tally)?;
    holders(out, tally)?;
    refusals(out, tally)?;
    memory(out, subject, tally)?;
    packets(out, tally)?;
    for effect in subject.effects() {
        rule(out, effect)?;
    }
    for note in notes(subject, tally) {
        writeln!(out, "! {note}")?;
    }
    next(out, subject, tally)
}

fn head(out: &mut dyn Write, subject: &Subject<'_>, tally: &Tally) -> io::Result<()> {
    let (capture, described) = (subject.capture, &subject.described);
    let lasted = Lasting(tally.lasted_ms());
    writeln!(out, "{capture}   {described}, {lasted}, {} packets", Count(tally.packet_count))?;
    match subject.max {
        Some(max) => write!(out, "limit {} (--max)", Count(max as u64))?,
        None => write!(out, "no limit")?,
    }
    let rule_count = subject.table.rules().sources.len();
    if rule_count > 0 {
        write!(out, ", {rule_count} raw rule{}", if rule_count == 1 { "" } else { "s" })?;
    }
    writeln!(out, ", timeouts of {}\n", subject.preset)
}

fn verdict(out: &mut dyn Write, subject: &Subject<'_>, tally: &Tally) -> io::Result<()> {
    let peak = Count(tally.peak_entries as u64);
    let (part, well) = match subject.is_complete {
        true => ("", '\u{2713}'),
        false => (" in the part that could be read", '!'),
    };
    if tally.tracked_count + tally.untracked_count + tally.drop_count == 0 {
        return writeln!(out, "! None of the packets could be tracked{part}");
    }
    match (subject.max, tally.dropped_between) {
        (Some(max), Some((first, last))) => {
            let (dropped, of) = (tally.drop_count, tally.packet_count);
            let lasting = Lasting(tally.full_ms);
            write!(out, "\u{2717} Table full for {lasting}: {} of ", Count(dropped))?;
            writeln!(out, "{} packets dropped ({}){part}", Count(of), Share(dropped, of))?;
            let full = tally.first_full.unwrap_or(first);
            let since_start = Lasting(full.since(tally.first_packet.unwrap_or(full)));
            writeln!(out, "  first full {} UTC (+{since_start})", Clock(full))?;
            write!(out, "  first drop {}   last drop {}", Clock(first), Clock(last))?;
            writeln!(out, "   peak {peak}/{}", Count(max as u64))
        }
        (Some(max), None) => {
            let share = Share(tally.peak_entries as u64, max as u64);
            writeln!(
                out,
                "{well} Nothing dropped{part}: peak {peak}/{} ({share})",
                Count(max as u64)
            )?;
            peak_time(out, tally)
        }
        (None, _) => {
            writeln!(out, "{well} A table of {peak} entries holds this traffic{part}")?;
            peak_time(out, tally)
        }
    }
}

fn peak_time(out: &mut dyn Write, tally: &Tally) -> io::Result<()> {
    let Some(at) = tally.peak_time else { return Ok(()) };
    let since_start = Lasting(at.since(tally.first_packet.unwrap_or(at)));
    writeln!(out, "  peak {} UTC (+{since_start})", Clock(at))
}

/// Who held the table at its peak.
fn holders(out: &mut dyn Write, tally: &Tally) -> io::Result<()> {
    let rows = tally.census.at_peak();
    if rows.is_empty() {
        return Ok(());
    }
    let (first, rest) = rows.split_at(MAX_ROWS.min(rows.len()));
    writeln!(out, "\n  {:<28}{:>9}{:>8}", "at the peak", "holds", "share")?;
    let peak = tally.peak_entries as u64;
    let mut line = |what: &str, holds: u64| {
        let share = Share(holds, peak);
        writeln!(out, "  {what:<28}{:>9}{share:>8}", Count(holds))
    };
    for row in first {
        line(&format!("{:<17} {}", row.class.service.to_string(), row.class.state), row.holds)?;
    }
    if rest.is_empty() {
        return Ok(());
    }
    line(&format!("{} other classes", rest.len()), rest.iter().map(|row| row.holds).sum())
}

/// Whose first packets were dropped.
fn refusals(out: &mut dyn Write, tally: &Tally) -> io::Result<()> {
    let refusals = tally.census.refusals();
    if refusals.is_empty() {
        return Ok(());
    }
    let (first, rest) = refusals.split_at(MAX_ROWS.min(refusals.len()));
    writeln!(out, "\n  {:<28}{:>9}{:>8}{:>9}", "dropped", "packets", "share", "let in")?;
    let mut line = |what: &str, asked: Asked| {
        let share = Share(asked.refused, tally.drop_count);
        let (refused, made) = (Count(asked.refused), Count(asked.made));
        writeln!(out, "  {what:<28}{refused:>9}{share:>8}{made:>9}")
    };
    for (service, asked) in first {
        line(&service.to_string(), *asked)?;
    }
    if rest.is_empty() {
        return Ok(());
    }
    let sum = |of: fn(&Asked) -> u64| rest.iter().map(|(_, asked)| of(asked)).sum();
    let rest_asked = Asked { made: sum(|asked| asked.made), refused: sum(|asked| asked.refused) };
    line(&format!("{} other services", rest.len()), rest_asked)
}

fn memory(out: &mut dyn Write, subject: &Subject<'_>, tally: &Tally) -> io::Result<()> {
    let entry_count = subject.max.unwrap_or(tally.peak_entries);
    let entries = entry_count as u64;
    let (ours, linux) = (Heap::BYTES_AN_ENTRY as u64, LINUX_BYTES_AN_ENTRY);
    let in_linux = Bytes(entries * (linux + LINUX_BYTES_A_BUCKET));
    writeln!(
        out,
        "\n  {} entries take {} here ({ours} bytes each), {in_linux} in Linux ({linux} each, \
         {LINUX_BYTES_A_BUCKET} a bucket)",
        Count(entries),
        Bytes(Heap::bytes(entry_count) as u64),
    )
}

/// Packets that made no entry, by what they were.
fn packets(out: &mut dyn Write, tally: &Tally) -> io::Result<()> {
    let mut parts = vec![format!("{} tracked", Count(tally.tracked_count))];
    let kinds = [
        ("untracked", tally.untracked_count),
        ("invalid", tally.invalid_count()),
        ("dropped by raw rules", tally.raw_drop_count),
        ("dropped", tally.drop_count),
    ];
    let some = kinds.iter().filter(|(_, count)| *count > 0);
    parts.extend(some.map(|(kind, count)| format!("{} {kind}", Count(*count))));
    let skipped = tally.skipped_by_name();
    if !skipped.is_empty() {
        let why: Vec<_> =
            skipped.iter().map(|(why, count)| format!("{why} {}", Count(*count))).collect();
        parts.push(format!("{} skipped ({})", Count(tally.skipped_count()), why.join(", ")));
    }
    writeln!(out, "  packets: {}", parts.join(", "))
}

/// What a rule did, and why it did nothing if it did nothing.
fn rule(out: &mut dyn Write, effect: RuleEffect<'_>) -> io::Result<()> {
    let RuleEffect { source, target, hook, count } = effect;
    let verb = match target {
        Target::NoTrack => "untracked",
        Target::Drop => "dropped",
        _ => return Ok(()),
    };
    let (matched, effective) = (Count(count.matched), Count(count.effective));
    let place = source.place();
    writeln!(out, "\n  {place}  {}", source.printable_text())?;
    writeln!(out, "    at {}: {matched} packets matched, {effective} {verb}", hook.name())?;
    if count.too_late > 0 {
        let late = Count(count.too_late);
        writeln!(
            out,
            "  ! {late} of them had been tracked before: a looping packet crosses {} first.\n    \
             The rule that keeps them out: -A OUTPUT -o lo -j NOTRACK",
            Hook::Output.name(),
        )?;
    }
    Ok(())
}

/// What the result does not say.
fn notes(subject: &Subject<'_>, tally: &Tally) -> Vec<String> {
    let mut notes = subject.notes.clone();
    if subject.went_back_count > 0 {
        let count = Count(subject.went_back_count);
        notes.push(format!("{count} packets carry a time before that of the packet before them"));
    }
    let longest_ms = u64::from(subject.established_s) * 1000;
    if tally.lasted_ms() < longest_ms {
        notes.push(format!(
            "the capture lasts {}, an idle established connection {}: the table may grow further",
            Lasting(tally.lasted_ms()),
            Lasting(longest_ms),
        ));
    }
    notes
}

/// One thing to try, ready to be pasted.
fn next(out: &mut dyn Write, subject: &Subject<'_>, tally: &Tally) -> io::Result<()> {
    if tally.peak_entries < 2 {
        return Ok(());
    }
    let (again, max) = (&subject.again, subject.max);
    let limit = max.map_or_else(String::new, |max| format!(" --max {max}"));
    let share = loopback_at_peak(tally) * 100 / tally.peak_entries as u64;
    writeln!(out)?;
    if share >= LOOPBACK_HINT {
        writeln!(
            out,
            "next:  {share}% of the peak is this host talking to itself; try it without:"
        )?;
        writeln!(out, "       echo '-A OUTPUT -o lo -j NOTRACK' > lo.rules")?;
        writeln!(out, "       {again}{limit} -r lo.rules")
    } else if tally.drop_count > 0 {
        writeln!(out, "next:  {again}   (without --max: the size it takes)")
    } else {
        let half = tally.peak_entries.div_ceil(2);
        writeln!(out, "next:  {again} --max {half}   (what half of it would do)")
    }
}

fn loopback_at_peak(tally: &Tally) -> u64 {
    let rows = tally.census.at_peak();
    rows.iter().filter(|row| row.class.service.is_loopback).map(|row| row.holds).sum()
}
