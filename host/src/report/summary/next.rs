//! One thing to try, ready to be pasted.

use std::io::{self, Write};

use super::super::style::{FAINT, GOOD, Styled};
use super::super::subject::Subject;
use super::super::tally::Tally;

/// From which share of the table on the host's talk with itself is worth a hint, in percent.
const LOOPBACK_HINT: u64 = 10;

/// Writes it, if the table held anything to speak of.
pub(super) fn next(out: &mut dyn Write, subject: &Subject<'_>, tally: &Tally) -> io::Result<()> {
    let Some(again) = subject.again.as_ref().filter(|_| tally.peak_entries > 1) else {
        return Ok(());
    };
    let next = Styled(GOOD, "next:");
    let typed = subject.max.filter(|_| subject.limit_origin.as_deref() == Some("--max"));
    let share = loopback_at_peak(tally) * 100 / tally.peak_entries as u64;
    let was_full = tally.first_full.is_some() || tally.refused_count() > 0;
    let advised = again.replacen("keeptrack replay", "keeptrack advise", 1);
    writeln!(out)?;
    if subject.is_capture() && was_full {
        let limit = typed.map_or_else(String::new, |max| format!(" --max {max}"));
        writeln!(out, "{next}  {advised}{limit}   {}", Styled(FAINT, "(what to change)"))
    } else if share >= LOOPBACK_HINT {
        let limit = typed.map_or_else(String::new, |max| format!(" --max {max}"));
        writeln!(
            out,
            "{next}  {share}% of the peak is this host talking to itself; try it without:"
        )?;
        writeln!(out, "       echo '-A OUTPUT -o lo -j NOTRACK' > lo.rules")?;
        writeln!(out, "       {again}{limit} -r lo.rules")
    } else if let (true, Some(max), None) = (tally.refused_count() > 0, subject.max, typed) {
        let (twice, hint) = (max * 2, Styled(FAINT, "(what twice as many would do)"));
        writeln!(out, "{next}  {again} --max {twice}   {hint}")
    } else if tally.refused_count() > 0 {
        let hint = Styled(FAINT, "(without --max: the size it takes)");
        writeln!(out, "{next}  {again}   {hint}")
    } else {
        let half = tally.peak_entries.div_ceil(2);
        let hint = Styled(FAINT, "(what half of it would do)");
        writeln!(out, "{next}  {again} --max {half}   {hint}")
    }
}

fn loopback_at_peak(tally: &Tally) -> u64 {
    let rows = tally.census.rows();
    rows.iter().filter(|row| row.kind.service.is_loopback).map(|row| row.at_peak).sum()
}
