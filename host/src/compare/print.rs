//! The comparison for people: one table, a row for each policy.

use std::fmt::Display;
use std::io::{self, Write};

use super::figures::{Class, Figures};
use super::{Comparison, Row};
use crate::output::wrapped;
use crate::report::style::{CAUTION, FAINT, STRONG, Styled};
use crate::units::{Count, Lasting};

/// What is told of a run, under its heading.
type Column = (&'static str, fn(&Figures) -> Cell);

/// What stands in a row below a heading.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Cell {
    Count(u64),
    /// Seconds after the first packet.
    At(f64),
    Never,
}

/// What is told of each run.
const COLUMNS: [Column; 11] = [
    ("accepted", |run| Cell::Count(run.accepted)),
    ("drop", |run| Cell::Count(run.drop)),
    ("bypass", |run| Cell::Count(run.bypass)),
    ("early", |run| Cell::Count(run.early_drop + run.shrunk)),
    ("assured", |run| Cell::Count(run.early_assured)),
    ("full at", |run| run.first_full.map_or(Cell::Never, Cell::At)),
    ("drop at", |run| run.first_drop.map_or(Cell::Never, Cell::At)),
    ("peak", |run| Cell::Count(run.peak_entries as u64)),
    ("hurt", |run| Cell::Count(run.hurt)),
    ("live", |run| Cell::Count(run.hurt_live)),
    ("needs", |run| Cell::Count(run.would_need as u64)),
];

/// What the headings mean; `needs` is the last, and may be followed by how far it is off.
const LEGEND: &str = "accepted: connections that got an entry; drop, bypass: first packets that got none, and \
     were dropped or passed untracked; early: entries taken before their time, assured: of those the \
     ASSURED; hurt: connections that were refused or taken, each once; live: of those the ones that were \
     open, or answered and spoke again; of several seeds the least and the most; needs: entries that \
     would have hurt nobody, as the table itself estimates it";
/// The longest line of text.
const LINE_LEN: usize = 98;
/// Characters of a policy's name, without parameters.
const NAME_LEN: usize = 10;

/// Writes it.
pub(super) fn print(out: &mut dyn Write, comparison: &Comparison<'_>) -> io::Result<()> {
    head(out, comparison)?;
    table(out, &comparison.rows)?;
    writeln!(out)?;
    for line in wrapped(&legend(&comparison.rows), LINE_LEN - 2) {
        writeln!(out, "  {}", Styled(FAINT, line))?;
    }
    hurt(out, &comparison.rows)?;
    let checked: Vec<_> =
        comparison.rows.iter().filter_map(|row| Some((row, row.spec.checked()?))).collect();
    if !checked.is_empty() {
        writeln!(out, "\n  {}", Styled(FAINT, "whose behaviour that is, and how it is known"))?;
    }
    for (row, checked) in checked {
        paragraph(out, row.spec.name(), &checked)?;
    }
    for note in &comparison.subject.notes {
        writeln!(out, "{} {note}", Styled(CAUTION, '!'))?;
    }
    Ok(())
}

/// What the headings mean, and how far the estimates may be off.
fn legend(rows: &[Row]) -> String {
    let runs = rows.iter().flat_map(|row| &row.runs);
    let deviations = runs.map(|run| run.would_need_deviation).filter(|&deviation| deviation > 0);
    match (deviations.clone().min(), deviations.max()) {
        (Some(least), Some(most)) if least < most => {
            let (least, most) = (Count(least as u64), Count(most as u64));
            format!("{LEGEND} (one standard deviation: \u{b1}{least} to \u{b1}{most})")
        }
        (Some(same), _) => {
            format!("{LEGEND} (one standard deviation: \u{b1}{})", Count(same as u64))
        }
        (None, _) => LEGEND.to_owned(),
    }
}

/// What was replayed, and into what.
fn head(out: &mut dyn Write, comparison: &Comparison<'_>) -> io::Result<()> {
    let subject = comparison.subject;
    let (lasted, count) = (Lasting(comparison.lasted_ms), Count(comparison.packet_count));
    let (capture, described) = (&subject.capture, &subject.described);
    writeln!(out, "{capture}   {described}, {lasted}, {count} {}", subject.unit)?;
    let max = Count(subject.max.unwrap_or(0) as u64);
    let origin = subject.limit_origin.as_ref().map(|origin| format!(" ({origin})"));
    write!(out, "limit {max}{}", origin.unwrap_or_default())?;
    if let Some((buckets, origin)) = &subject.buckets {
        write!(out, ", {} buckets in Linux ({origin})", Count(*buckets))?;
    }
    writeln!(out, ", timeouts of {}\n", subject.preset)
}

fn table(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    let cell = |row: &Row, (_, of): &Column| shown(row.runs.iter().map(of));
    let cells: Vec<(String, Vec<String>)> = rows
        .iter()
        .map(|row| (row.spec.to_string(), COLUMNS.iter().map(|column| cell(row, column)).collect()))
        .collect();
    let widths: Vec<usize> = COLUMNS
        .iter()
        .enumerate()
        .map(|(at, (heading, _))| {
            let cells = cells.iter().filter_map(|(_, cells)| cells.get(at));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(heading.len()) + 2
        })
        .collect();
    let heading: String = COLUMNS
        .iter()
        .zip(&widths)
        .map(|((heading, _), &width)| format!("{heading:>width$}"))
        .collect();
    writeln!(out, "  {}", Styled(FAINT, format!("{:<NAME_LEN$}{heading}", "")))?;
    for (name, cells) in &cells {
        write!(out, "  {}", Styled(STRONG, format!("{name:<NAME_LEN$}")))?;
        if name.chars().count() > NAME_LEN {
            // The numbers stand in their columns in the line below.
            write!(out, "\n  {:<NAME_LEN$}", "")?;
        }
        for (cell, width) in cells.iter().zip(&widths) {
            write!(out, "{cell:>width$}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// What several runs have there: one number, or the least and the most.
fn shown(cells: impl Iterator<Item = Cell>) -> String {
    let cells: Vec<Cell> = cells.collect();
    let text = |cell: Option<&Cell>| cell.map_or_else(String::new, ToString::to_string);
    let order =
        |left: &&Cell, right: &&Cell| left.partial_cmp(right).unwrap_or(std::cmp::Ordering::Equal);
    let (least, most) = (text(cells.iter().min_by(order)), text(cells.iter().max_by(order)));
    if least == most { least } else { format!("{least}..{most}") }
}

/// Who was hurt by each policy; by the first of several runs, whose seed is told.
fn hurt(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    let heading = "connections hurt, by what they were (of those, how many spoke again)";
    writeln!(out, "\n  {}", Styled(FAINT, heading))?;
    for row in rows {
        let Some(run) = row.runs.first() else { continue };
        let seed = match (row.runs.len(), run.seed) {
            (1, _) | (_, None) => String::new(),
            (_, Some(seed)) => format!(" (seed {seed})"),
        };
        let classes: Vec<String> = run.hurt_by_class.iter().map(class).collect();
        let classes = if classes.is_empty() { "nobody".to_owned() } else { classes.join(", ") };
        let not_followed = match run.not_followed {
            0 => String::new(),
            count => format!("; {} of them were not followed", Count(count)),
        };
        paragraph(out, row.spec.name(), &format!("{classes}{not_followed}{seed}"))?;
    }
    Ok(())
}

/// Writes a text behind a name, and below itself.
fn paragraph(out: &mut dyn Write, name: &str, text: &str) -> io::Result<()> {
    let mut name = name;
    for line in wrapped(text, LINE_LEN - NAME_LEN - 3) {
        writeln!(out, "  {name:<NAME_LEN$} {line}")?;
        name = "";
    }
    Ok(())
}

fn class((name, class): (&String, &Class)) -> String {
    format!("{name} {} ({})", Count(class.connections), Count(class.spoke_again))
}

impl Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count(count) => Count(*count).fmt(f),
            Self::At(seconds) => write!(f, "+{seconds:.1}s"),
            Self::Never => f.write_str("-"),
        }
    }
}
