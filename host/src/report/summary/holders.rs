//! Who holds the table at its peak and at the first drop, and whose packets it dropped.

use std::collections::HashSet;
use std::io::{self, Write};

use super::super::census::{Asked, Class};
use super::super::holds::Held;
use super::super::style::{BAD, FAINT, Styled};
use super::super::tally::Tally;
use super::hurt::Shown;
use crate::service::Service;
use crate::units::{Count, Rate, Share};

/// How many lines of a table are shown before the rest is put together.
const MAX_ROWS: usize = 10;
/// Characters of what a line is about, at least: of `tcp 443           ESTABLISHED`.
const NAME_LEN: usize = 29;

/// The moments that a table of holders is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moments {
    /// Nothing was dropped.
    Peak,
    /// Nobody came or went between them.
    Same,
    /// Each has a column.
    Two,
}

impl Moments {
    fn of(tally: &Tally, rows: &[Held<Class>]) -> Self {
        match tally.dropped_between {
            None => Self::Peak,
            Some(_) if rows.iter().all(|row| row.at_peak == row.at_first_drop) => Self::Same,
            Some(_) => Self::Two,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Peak | Self::Two => "at the peak",
            Self::Same => "at the peak and first drop",
        }
    }
}

/// A line of that table.
struct Line {
    name: String,
    at_peak: u64,
    at_first_drop: u64,
    /// Connections made; `None` if an earlier line has those of this service.
    made: Option<u64>,
}

/// Writes who held the table, by service and state.
pub(super) fn holders(out: &mut dyn Write, tally: &Tally) -> io::Result<()> {
    let rows = tally.census.rows();
    if rows.is_empty() {
        return Ok(());
    }
    let (first, rest) = rows.split_at(MAX_ROWS.min(rows.len()));
    let mut told = HashSet::new();
    let line = |row: &Held<Class>| Line {
        name: format!("{:<17} {}", row.kind.service.to_string(), row.kind.state),
        at_peak: row.at_peak,
        at_first_drop: row.at_first_drop,
        made: told.insert(row.kind.service).then(|| tally.census.asked(row.kind.service).made),
    };
    let mut lines: Vec<_> = first.iter().map(line).collect();
    if !rest.is_empty() {
        let made: u64 = lines.iter().filter_map(|line| line.made).sum();
        lines.push(Line {
            name: format!("{} other classes", rest.len()),
            at_peak: rest.iter().map(|row| row.at_peak).sum(),
            at_first_drop: rest.iter().map(|row| row.at_first_drop).sum(),
            made: Some(tally.made_count - made),
        });
    }
    holders_table(out, &lines, Moments::of(tally, &rows), tally)
}

fn holders_table(
    out: &mut dyn Write,
    lines: &[Line],
    moments: Moments,
    tally: &Tally,
) -> io::Result<()> {
    let width = name_width(lines.iter().map(|line| line.name.as_str()));
    let head = format!("{:<width$}{:>9}{:>8}{:>8}", moments.name(), "holds", "share", "new/s");
    let tail =
        if moments == Moments::Two { format!("{:>15}", "at first drop") } else { String::new() };
    writeln!(out, "\n  {}", Styled(FAINT, head + &tail))?;
    for Line { name, at_peak, at_first_drop, made } in lines {
        let share = Share(*at_peak, tally.peak_entries as u64);
        write!(out, "  {name:<width$}{:>9}{share:>8}", Count(*at_peak))?;
        match made {
            Some(made) => write!(out, "{:>8}", Rate(*made, tally.lasted_ms()))?,
            None => write!(out, "{:>8}", '\u{b7}')?,
        }
        if moments == Moments::Two {
            write!(out, "{:>15}", Count(*at_first_drop))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Writes whose first packets were dropped, by service.
pub(super) fn refusals(out: &mut dyn Write, tally: &Tally) -> io::Result<()> {
    let refusals = tally.census.refusals();
    if refusals.is_empty() {
        return Ok(());
    }
    let (first, rest) = refusals.split_at(MAX_ROWS.min(refusals.len()));
    let totals = tally.ledger.totals();
    let hurt = |service: &Service| Shown::refused(totals, *service);
    let mut lines: Vec<_> =
        first.iter().map(|(service, asked)| (service.to_string(), *asked, hurt(service))).collect();
    if !rest.is_empty() {
        let sum = |of: fn(&Asked) -> u64| rest.iter().map(|(_, asked)| of(asked)).sum();
        let others = Asked { made: sum(|asked| asked.made), refused: sum(|asked| asked.refused) };
        let hurt = rest.iter().fold(Shown::default(), |sum, (service, _)| sum.and(hurt(service)));
        lines.push((format!("{} other services", rest.len()), others, hurt));
    }
    let width = name_width(lines.iter().map(|(name, ..)| name.as_str()));
    let head = format!(
        "{:<width$}{:>9}{:>8}{:>9}{:>9}{:>8}{:>9}",
        "dropped", "packets", "share", "let in", "hurt", "live", "in later"
    );
    writeln!(out, "\n  {}", Styled(FAINT, head))?;
    for (name, asked, Shown { hurt, live, got_in, .. }) in lines {
        let share = Share(asked.refused, tally.drop_count);
        let (refused, made) = (Styled(BAD, Count(asked.refused)), Count(asked.made));
        write!(out, "  {name:<width$}{refused:>9}{share:>8}{made:>9}")?;
        let [hurt, live, got_in] = [hurt, live, got_in].map(Count);
        writeln!(out, "{hurt:>9}{live:>8}{got_in:>9}")?;
    }
    Ok(())
}

/// As wide as the longest of the names, and as those of most tables.
pub(super) fn name_width<'n>(names: impl Iterator<Item = &'n str>) -> usize {
    names.map(str::len).max().unwrap_or(0).max(NAME_LEN)
}
