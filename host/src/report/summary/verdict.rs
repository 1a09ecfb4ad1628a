//! The answer: full or not, how much was dropped, and when.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, Write};

use super::super::style::{BAD, CAUTION, GOOD, STRONG, Styled};
use super::super::subject::{Reached, Subject};
use super::super::tally::Tally;
use crate::ledger::{Harm, Totals};
use crate::units::{Clock, Count, Lasting, Share};

/// Writes it in one line, and its moments in the lines below.
pub(super) fn verdict(out: &mut dyn Write, subject: &Subject<'_>, tally: &Tally) -> io::Result<()> {
    let part = match subject.reached {
        Reached::End => "",
        Reached::Interruption => " until it was interrupted",
        Reached::Trouble => " in the part that could be read",
    };
    let seen_count = tally.tracked_count + tally.untracked_count + tally.drop_count;
    if seen_count + tally.filter_drop_count == 0 {
        let sign = Styled(CAUTION, '!');
        return writeln!(out, "{sign} None of the {} could be tracked{part}", subject.unit);
    }
    let peak = tally.peak_entries as u64;
    match subject.max {
        Some(max) if tally.refused_count() > 0 => {
            full(out, subject.unit, part, tally)?;
            moments(out, max as u64, tally)
        }
        Some(max) => {
            let (sign, share) = (sign(subject, tally), strong(Share(peak, max as u64)));
            let peak = strong(format!("{}/{}", Count(peak), Count(max as u64)));
            let by = if tally.filter_drop_count > 0 { " by the table" } else { "" };
            writeln!(out, "{sign} Nothing dropped{by}{part}: peak {peak} ({share})")?;
            peak_time(out, tally)
        }
        None => {
            let (sign, peak) = (sign(subject, tally), strong(Count(peak)));
            writeln!(out, "{sign} A table of {peak} entries holds this traffic{part}")?;
            peak_time(out, tally)
        }
    }
}

/// A table that refused packets, in one line; where it was not full, by which rules.
fn full(out: &mut dyn Write, unit: &str, part: &str, tally: &Tally) -> io::Result<()> {
    write!(out, "{} ", Styled(BAD, '\u{2717}'))?;
    if tally.first_full.is_some() {
        write!(out, "Table full for {}: ", strong(Lasting(tally.full_ms)))?;
    }
    let all = tally.packet_count;
    let did = [(tally.drop_count, "dropped"), (tally.bypass_count, "passed without an entry")];
    let mut of_all = format!(" of {} {unit}", strong(Count(all)));
    let mut between = "";
    for (count, verb) in did.into_iter().filter(|(count, _)| *count > 0) {
        let (told, share) =
            (Styled(BAD.bold(), Count(count)), Styled(BAD.bold(), Share(count, all)));
        // The second number is of the same packets.
        write!(out, "{between}{told}{} {verb} ({share})", std::mem::take(&mut of_all))?;
        between = ", ";
    }
    write!(out, "{part}")?;
    if tally.first_full.is_none() {
        write!(out, ", below the limit of entries ({})", rules(tally.ledger.totals()))?;
    }
    writeln!(out)
}

/// By which rules packets were refused: `source cap 25, zone cap 3`.
fn rules(totals: &Totals) -> String {
    let mut by_rule: BTreeMap<&str, u64> = BTreeMap::new();
    for ((harm, _, rule), row) in totals.rows() {
        if harm == Harm::Refused {
            *by_rule.entry(rule).or_default() += row.times;
        }
    }
    let told: Vec<_> =
        by_rule.iter().map(|(rule, times)| format!("{rule} {}", Count(*times))).collect();
    told.join(", ")
}

/// When it was full, and when packets were dropped.
fn moments(out: &mut dyn Write, max: u64, tally: &Tally) -> io::Result<()> {
    let peak = format!("peak {}/{}", Count(tally.peak_entries as u64), Count(max));
    let full = tally.first_full.map(|full| {
        let since_start = Lasting(full.since(tally.first_packet.unwrap_or(full)));
        format!("first full {} UTC (+{since_start})", Clock(full))
    });
    match (full, tally.dropped_between) {
        (full, Some((first, last))) => {
            if let Some(full) = full {
                writeln!(out, "  {full}")?;
            }
            let (first, last) = (Clock(first), Clock(last));
            writeln!(out, "  first drop {first}   last drop {last}   {peak}")
        }
        (Some(full), None) => writeln!(out, "  {full}   {peak}"),
        (None, None) => writeln!(out, "  {peak}"),
    }
}

fn peak_time(out: &mut dyn Write, tally: &Tally) -> io::Result<()> {
    let Some(at) = tally.peak_time else { return Ok(()) };
    let since_start = Lasting(at.since(tally.first_packet.unwrap_or(at)));
    writeln!(out, "  peak {} UTC (+{since_start})", Clock(at))
}

/// All was well: everything was read, and nobody was hurt.
fn sign(subject: &Subject<'_>, tally: &Tally) -> Styled<char> {
    match subject.is_complete() && tally.ledger.totals().hurt() == 0 {
        true => Styled(GOOD, '\u{2713}'),
        false => Styled(CAUTION, '!'),
    }
}

fn strong<T: Display>(number: T) -> Styled<T> {
    Styled(STRONG, number)
}
