//! The answer: full or not, how much was dropped, and when.

use std::fmt::Display;
use std::io::{self, Write};

use super::super::style::{BAD, CAUTION, GOOD, STRONG, Styled};
use super::super::subject::{Reached, Subject};
use super::super::tally::Tally;
use crate::units::{Clock, Count, Lasting, Share};

/// Writes it in one line, and its moments in the lines below.
pub(super) fn verdict(out: &mut dyn Write, subject: &Subject<'_>, tally: &Tally) -> io::Result<()> {
    let part = match subject.reached {
        Reached::End => "",
        Reached::Interruption => " until it was interrupted",
        Reached::Trouble => " in the part that could be read",
    };
    if tally.tracked_count + tally.untracked_count + tally.drop_count == 0 {
        let sign = Styled(CAUTION, '!');
        return writeln!(out, "{sign} None of the {} could be tracked{part}", subject.unit);
    }
    let peak = tally.peak_entries as u64;
    match (subject.max, tally.dropped_between) {
        (Some(max), Some(_)) => {
            full(out, subject.unit, part, tally)?;
            moments(out, max as u64, tally)
        }
        (Some(max), None) => {
            let (sign, share) = (sign(subject), strong(Share(peak, max as u64)));
            let peak = strong(format!("{}/{}", Count(peak), Count(max as u64)));
            writeln!(out, "{sign} Nothing dropped{part}: peak {peak} ({share})")?;
            peak_time(out, tally)
        }
        (None, _) => {
            let (sign, peak) = (sign(subject), strong(Count(peak)));
            writeln!(out, "{sign} A table of {peak} entries holds this traffic{part}")?;
            peak_time(out, tally)
        }
    }
}

/// A table that dropped packets, in one line.
fn full(out: &mut dyn Write, unit: &str, part: &str, tally: &Tally) -> io::Result<()> {
    let (sign, lasting) = (Styled(BAD, '\u{2717}'), strong(Lasting(tally.full_ms)));
    let dropped = Styled(BAD.bold(), Count(tally.drop_count));
    let share = Styled(BAD.bold(), Share(tally.drop_count, tally.packet_count));
    let of = strong(Count(tally.packet_count));
    match tally.first_full {
        Some(_) => write!(out, "{sign} Table full for {lasting}: ")?,
        None => write!(out, "{sign} Not full: ")?,
    }
    writeln!(out, "{dropped} of {of} {unit} dropped ({share}){part}")
}

/// When it was full, and when packets were dropped.
fn moments(out: &mut dyn Write, max: u64, tally: &Tally) -> io::Result<()> {
    let Some((first, last)) = tally.dropped_between else { return Ok(()) };
    if let Some(full) = tally.first_full {
        let since_start = Lasting(full.since(tally.first_packet.unwrap_or(full)));
        writeln!(out, "  first full {} UTC (+{since_start})", Clock(full))?;
    }
    write!(out, "  first drop {}   last drop {}", Clock(first), Clock(last))?;
    writeln!(out, "   peak {}/{}", Count(tally.peak_entries as u64), Count(max))
}

fn peak_time(out: &mut dyn Write, tally: &Tally) -> io::Result<()> {
    let Some(at) = tally.peak_time else { return Ok(()) };
    let since_start = Lasting(at.since(tally.first_packet.unwrap_or(at)));
    writeln!(out, "  peak {} UTC (+{since_start})", Clock(at))
}

/// All was well, as far as it was read.
fn sign(subject: &Subject<'_>) -> Styled<char> {
    if subject.is_complete() { Styled(GOOD, '\u{2713}') } else { Styled(CAUTION, '!') }
}

fn strong<T: Display>(number: T) -> Styled<T> {
    Styled(STRONG, number)
}
