//! A sweep for people: the grid, the size that it takes, the cheapest settings.

use std::io::{self, Write};

use super::Sweep;
use super::axis::{Axis, Key, Value};
use super::capacity::Capacity;
use super::choice::Choice;
use super::grid::{Grid, Tried};
use super::roles::{Block, Roles};
use super::sheet::{Cell, Heading, Sheet};
use crate::output::wrapped;
use crate::report::Reached;
use crate::report::style::{BAD, CAUTION, FAINT, GOOD, STRONG, Styled};
use crate::units::{Bytes, Count, Lasting};

/// What stands in the cells of one of the tables: its title, and the cell of a combination.
type Layer = (&'static str, fn(&Tried<'_>) -> Cell);
/// A table that is left out where a number is 0 in all of its cells, and that number.
type Rare = (&'static str, fn(&Tried<'_>) -> u64);

const PEAK: Layer = ("peak of the limit; full: packets that got no entry", peak);
const SIZE: Layer = ("entries that it takes, without a limit", size);
const NEEDED: Layer = ("entries that it would take without a limit", unlimited);
const CUT: Rare = ("connections cut while alive: a later packet of them met no entry", |tried| {
    tried.outcome.harmed
});
const ASSURED: Rare =
    ("ASSURED connections that a full table took out early", |tried| tried.outcome.early_assured);

/// What is said of sizes and of the cheapest settings.
const LEGEND: &str = "loss: packets that got no entry, and connections that a full table cut while alive; \
     A..B: of the sizes that were tried A is too small and B is enough; RAM: that of Linux, 384 bytes an \
     entry and 8 a bucket";
/// The longest line of text.
const LINE_LEN: usize = 98;
/// From which share of the table in use on, in percent, it has no headroom.
const FULL: usize = 95;
/// What marks the value that a setting has now.
const MARK: &str = "*";
/// Where what is told of the cheapest settings begins.
const TOLD_AT: usize = 29;

/// Writes it, coloured: `out` takes the codes away where they have no place.
pub(super) fn print(out: &mut dyn Write, sweep: &Sweep<'_>) -> io::Result<()> {
    head(out, sweep)?;
    let roles = Roles::of(&sweep.grid.axes);
    for block in roles.blocks(sweep.grid, &sweep.tried) {
        for sheet in sheets(sweep, &roles, &block) {
            writeln!(out)?;
            sheet.write(out)?;
        }
    }
    if sweep.grid.axes.iter().any(|axis| sweep.grid.has_now(axis)) {
        writeln!(out, "  {}", Styled(FAINT, "* as now"))?;
    }
    cheapest(out, sweep)?;
    for note in &sweep.notes {
        writeln!(out, "{} {note}", Styled(CAUTION, '!'))?;
    }
    Ok(())
}

/// What was replayed, and with what.
fn head(out: &mut dyn Write, sweep: &Sweep<'_>) -> io::Result<()> {
    let Sweep { capture, described, grid, .. } = sweep;
    let (lasted, count) = (Lasting(sweep.lasted_ms), Count(sweep.packet_count));
    writeln!(out, "{capture}   {described}, {lasted}, {count} packets")?;
    let count = sweep.tried.len();
    write!(
        out,
        "{} setting{} in one pass",
        Styled(STRONG, count),
        if count == 1 { "" } else { "s" }
    )?;
    let has = |key: Key| grid.axes.iter().any(|axis| axis.key == key);
    match grid.now().max {
        Some(max) if !has(Key::Max) => {
            write!(out, ", limit {}", Count(max as u64))?;
            let without = sweep.tried.first().filter(|_| !has_timeout(grid));
            if let Some(tried) = without {
                write!(out, " (without one {} entries)", Count(tried.unlimited.peak as u64))?;
            }
        }
        None if !has(Key::Max) => write!(out, ", no limit")?,
        _ => {}
    }
    if !has(Key::OnFull) && sweep.tried.iter().any(|tried| tried.max.is_some()) {
        let specs: Vec<String> = grid.specs().iter().map(ToString::to_string).collect();
        write!(out, ", policy {}", specs.join(", "))?;
    }
    write!(out, ", timeouts of {}", sweep.preset)?;
    match sweep.reached {
        Reached::End => writeln!(out),
        Reached::Interruption => writeln!(out, "; until it was interrupted"),
        Reached::Trouble => writeln!(out, "; in the part that could be read"),
    }
}

/// Whether more than one size may be that which the traffic takes.
fn has_timeout(grid: &Grid) -> bool {
    grid.axes.iter().any(|axis| matches!(axis.key, Key::Timeout(_)))
}

/// The tables of a block that say something.
fn sheets(sweep: &Sweep<'_>, roles: &Roles, block: &Block<'_, '_>) -> Vec<Sheet> {
    let grid = sweep.grid;
    let has_max = grid.axes.iter().any(|axis| axis.key == Key::Max);
    let is_limited = sweep.tried.iter().any(|tried| tried.max.is_some());
    let layer = |(title, cell): Layer| sheet(grid, (roles, block), title, cell);
    let rare = |(title, count): Rare| {
        let columns = 0..block.lens().1;
        let is_some = columns.flat_map(|at| block.column(at)).any(|tried| count(tried) > 0);
        is_some.then(|| sheet(grid, (roles, block), title, |tried| some(count(tried))))
    };
    let mut sheets = vec![layer(if is_limited { PEAK } else { SIZE })];
    if is_limited && !has_max && has_timeout(grid) {
        sheets.push(layer(NEEDED));
    }
    sheets.extend([CUT, ASSURED].into_iter().filter_map(rare));
    sheets.extend(capacity(sweep, roles, block));
    sheets
}

fn sheet(
    grid: &Grid,
    (roles, block): (&Roles, &Block<'_, '_>),
    title: &str,
    cell: impl Fn(&Tried<'_>) -> Cell,
) -> Sheet {
    let (row_count, column_count) = block.lens();
    let cells = |row: usize| {
        let columns = (0..column_count).filter_map(move |column| block.at(row, column));
        columns.map(&cell).collect()
    };
    let rows = labels(grid, roles.rows).into_iter().zip((0..row_count).map(cells)).collect();
    let headings = headings(grid, roles);
    Sheet { title: titled(block, title), corner: corner(grid, roles), headings, rows }
}

fn titled(block: &Block<'_, '_>, title: &str) -> String {
    match block.title() {
        of if of.is_empty() => title.to_owned(),
        of => format!("{of}: {title}"),
    }
}

/// What the headings are values of.
fn corner(grid: &Grid, roles: &Roles) -> String {
    let axis = roles.columns.and_then(|axis| grid.axes.get(axis));
    axis.map_or_else(String::new, |axis| axis.key.name().to_owned())
}

/// The values of the columns; the one that is so now has a mark.
fn headings(grid: &Grid, roles: &Roles) -> Vec<Heading> {
    let Some(axis) = roles.columns.and_then(|axis| grid.axes.get(axis)) else {
        return vec![Heading { text: String::new(), mark: "" }];
    };
    let heading =
        |value: &Value| Heading { text: value.to_string(), mark: mark(grid, axis, value) };
    axis.values.iter().map(heading).collect()
}

/// `max  65,536`, and so on, the numbers below one another.
fn labels(grid: &Grid, rows: usize) -> Vec<String> {
    let Some(axis) = grid.axes.get(rows) else { return Vec::new() };
    let len = axis.values.iter().map(|value| value.to_string().chars().count()).max().unwrap_or(0);
    let name = axis.key.name();
    let label = |value: &Value| {
        let mark = mark(grid, axis, value);
        match axis.key {
            Key::OnFull => format!("{name} {value}{mark}"),
            _ => format!("{name} {value:>len$}{mark}"),
        }
    };
    axis.values.iter().map(label).collect()
}

fn mark(grid: &Grid, axis: &Axis, value: &Value) -> &'static str {
    if grid.value_now(axis.key).as_ref() == Some(value) { MARK } else { "" }
}

fn peak(tried: &Tried<'_>) -> Cell {
    let refused = tried.refused();
    let share = tried.percent().map_or_else(String::new, |share| format!("{share}%"));
    if refused == 0 {
        return Cell::plain(share);
    }
    // A cap refuses before the table is full.
    let word = if tried.outcome.first_full.is_some() { "full".to_owned() } else { share };
    Cell { word, number: Count(refused).to_string(), style: BAD }
}

fn size(tried: &Tried<'_>) -> Cell {
    Cell::plain(Count(tried.outcome.peak as u64).to_string())
}

fn unlimited(tried: &Tried<'_>) -> Cell {
    Cell::plain(Count(tried.unlimited.peak as u64).to_string())
}

/// A number of something that is to be avoided.
fn some(count: u64) -> Cell {
    match count {
        0 => Cell::plain("\u{b7}".into()),
        _ => Cell { style: CAUTION, ..Cell::plain(Count(count).to_string()) },
    }
}

/// How large the table has to be, for each column, if sizes are swept.
fn capacity(sweep: &Sweep<'_>, roles: &Roles, block: &Block<'_, '_>) -> Option<Sheet> {
    let grid = sweep.grid;
    if grid.axes.get(roles.rows)?.key != Key::Max {
        return None;
    }
    let columns = 0..block.lens().1;
    let columns: Vec<Capacity> = columns
        .filter_map(|column| Capacity::of(&block.column(column), sweep.packet_count))
        .collect();
    let row = |label: &str, cell: fn(&Capacity) -> String| {
        let cells = columns.iter().map(|capacity| Cell::plain(cell(capacity)));
        (label.to_owned(), cells.collect())
    };
    let rows = vec![
        row("alive at once", |capacity| Count(capacity.unlimited as u64).to_string()),
        row("no loss", |capacity| capacity.no_loss.to_string()),
        row("0.1% loss", |capacity| capacity.small_loss.to_string()),
    ];
    let title = titled(block, "entries that it takes");
    Some(Sheet { title, corner: corner(grid, roles), headings: headings(grid, roles), rows })
}

/// The cheapest settings that will do, under each policy.
fn cheapest(out: &mut dyn Write, sweep: &Sweep<'_>) -> io::Result<()> {
    for choice in &sweep.choices {
        writeln!(out)?;
        if let Some(policy) = &choice.policy {
            writeln!(out, "  {}", Styled(FAINT, format!("{} {policy}", Key::OnFull.name())))?;
        }
        choices(out, sweep, choice)?;
    }
    if !sweep.choices.is_empty() {
        writeln!(out)?;
        for line in wrapped(LEGEND, LINE_LEN - 2) {
            writeln!(out, "  {}", Styled(FAINT, line))?;
        }
    }
    Ok(())
}

/// The cheapest settings under one policy.
fn choices(out: &mut dyn Write, sweep: &Sweep<'_>, choice: &Choice) -> io::Result<()> {
    let Choice { no_loss, no_cut, free, .. } = choice;
    let of = |at: &Option<usize>| at.and_then(|at| sweep.tried.get(at));
    let mut asked = vec![("without loss", of(no_loss))];
    if of(no_loss).is_some_and(|tried| tried.outcome.harmed > 0) {
        asked.push(("that cuts nobody", of(no_cut)));
    }
    asked.push(("with 40% free", of(free)));
    for (what, chosen) in asked {
        let style = if chosen.is_some() { GOOD } else { CAUTION };
        let what = format!("cheapest {what}:");
        let told = chosen.map_or_else(|| "none of these".into(), |tried| told(sweep.grid, tried));
        write!(out, "  {:<1$}", Styled(style, what), TOLD_AT - 2)?;
        for (at, line) in wrapped(&told, LINE_LEN - TOLD_AT).into_iter().enumerate() {
            writeln!(out, "{:1$}{line}", "", if at == 0 { 0 } else { TOLD_AT })?;
        }
    }
    Ok(())
}

/// `max 65,536 with udp_timeout 30s (as now): 60% full, 48 MiB`.
fn told(grid: &Grid, tried: &Tried<'_>) -> String {
    let parts = grid.axes.iter().zip(tried.point).filter_map(|(axis, &at)| {
        let value = axis.values.get(at).filter(|_| axis.key != Key::OnFull)?;
        let now = if mark(grid, axis, value).is_empty() { "" } else { " (as now)" };
        Some(format!("{} {value}{now}", axis.key.name()))
    });
    let parts: Vec<String> = parts.collect();
    let settings = match parts.split_first() {
        Some((first, [])) => format!("{first}: "),
        Some((first, rest)) => format!("{first} with {}: ", rest.join(", ")),
        None => String::new(),
    };
    let share = tried.percent().unwrap_or(0);
    let room = if share > FULL { " (no headroom)" } else { "" };
    let bytes = Bytes(tried.linux_bytes().unwrap_or(0));
    let cut = match tried.outcome.harmed {
        0 => String::new(),
        count => format!("; cuts {} connections while alive", Count(count)),
    };
    format!("{settings}{share}% full{room}, {bytes} of RAM{cut}")
}
