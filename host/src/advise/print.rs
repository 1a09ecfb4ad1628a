//! The advice for people: the table of changes, what they break, and the lines to paste.

use std::fmt::Display;
use std::io::{self, Write};

use super::Advised;
use super::change::Change;
use super::forecast::{Forecast, Growing};
use super::lines;
use super::paste::{Script, Tool};
use super::rank::Advice;
use super::row::{self, Row};
use super::words::{self, counted};
use crate::output::wrapped;
use crate::report::Reached;
use crate::report::style::{BAD, CAUTION, FAINT, GOOD, STRONG, Styled};
use crate::units::{Bytes, Count, Lasting, Share};

/// The longest line of text.
const LINE_LEN: usize = 80;
/// What stands where nobody can say.
const UNKNOWN: &str = "\u{b7}";

/// Writes it, coloured: `out` takes the codes away where they have no place.
pub(super) fn print(out: &mut dyn Write, advised: &Advised<'_>) -> io::Result<()> {
    head(out, advised)?;
    verdict(out, &advised.advice)?;
    let rows = row::rows(&advised.advice);
    table(out, advised, &rows)?;
    broken(out, &advised.advice, &rows)?;
    chosen(out, advised, &rows)?;
    explained(out, advised, &rows)?;
    for note in &advised.notes {
        marked(out, Styled(CAUTION, '!'), note)?;
    }
    Ok(())
}

/// A sentence behind a sign, in lines.
fn marked<S: Display>(out: &mut dyn Write, sign: S, text: &str) -> io::Result<()> {
    for (number, line) in wrapped(text, LINE_LEN - 2).iter().enumerate() {
        match number {
            0 => writeln!(out, "{sign} {line}")?,
            _ => writeln!(out, "  {line}")?,
        }
    }
    Ok(())
}

/// What was replayed, and into what.
fn head(out: &mut dyn Write, advised: &Advised<'_>) -> io::Result<()> {
    let Advised { capture, described, advice, .. } = advised;
    let (lasted, count) = (Lasting(advised.lasted_ms), Count(advised.packet_count));
    writeln!(out, "{capture}   {described}, {lasted}, {count} packets")?;
    match (advice.max(), &advised.limit_origin) {
        (Some(max), Some(origin)) => write!(out, "limit {} ({origin})", Count(max as u64))?,
        (Some(max), None) => write!(out, "limit {}", Count(max as u64))?,
        (None, _) => write!(out, "no limit")?,
    }
    if advice.max().is_some() {
        write!(out, ", policy {}", advised.policy)?;
    }
    write!(out, ", timeouts of {}", advised.preset)?;
    match advised.reached {
        Reached::End => writeln!(out)?,
        Reached::Interruption => writeln!(out, "; until it was interrupted")?,
        Reached::Trouble => writeln!(out, "; in the part that could be read")?,
    }
    let kinds = [
        ("of rules", advice.tried_of(|change| matches!(change, Change::NoTrack(_)))),
        ("of timeouts", advice.tried_of(|change| matches!(change, Change::Timeout { .. }))),
        ("of policies", advice.tried_of(|change| matches!(change, Change::OnFull(_)))),
        ("of sizes", advice.tried_count() - advice.tried.len()),
    ];
    let count = advice.tried_count();
    let kinds = kinds.iter().filter(|(_, count)| *count > 0);
    let kinds: Vec<String> = kinds.map(|(kind, count)| format!("{count} {kind}")).collect();
    let plural = if count == 1 { "" } else { "s" };
    let kinds = if kinds.is_empty() { String::new() } else { format!(": {}", kinds.join(", ")) };
    writeln!(out, "{} change{plural} tried in one pass{kinds}\n", Styled(STRONG, count))
}

/// What the table comes to as it is.
fn verdict(out: &mut dyn Write, advice: &Advice) -> io::Result<()> {
    let (Some(max), Some(now)) = (advice.max(), advice.now.limited) else {
        let entries = counted(advice.now.demand as u64, "entry", "entries");
        writeln!(
            out,
            "{} {} at the most, and no limit is known: give\n  --max \"$(sysctl -n \
             net.netfilter.nf_conntrack_max)\"\n  of that system, or -c with what `sysctl -a` \
             prints there\n",
            Styled(CAUTION, '!'),
            Styled(STRONG, entries)
        )?;
        return Ok(());
    };
    if now.peak < max {
        let free = Share((max - now.peak) as u64, max as u64);
        return writeln!(out, "{} {free} of the table stay free\n", Styled(GOOD, '\u{2713}'));
    }
    let lasted = Styled(STRONG, Lasting(now.full_ms));
    write!(out, "{} Table full for {lasted}", Styled(BAD, '\u{2717}'))?;
    let did = [
        (now.refused, ["packet", "packets"], "got no entry"),
        (now.early, ["entry", "entries"], "had to leave early"),
    ];
    for (count, [one, many], what) in did.into_iter().filter(|(count, ..)| *count > 0) {
        let who = if count == 1 { one } else { many };
        write!(out, ", {} {who} {what}", Styled(BAD.bold(), Count(count)))?;
    }
    writeln!(out, "\n")
}

fn table(out: &mut dyn Write, advised: &Advised<'_>, rows: &[Row]) -> io::Result<()> {
    let columns = columns(advised, rows);
    let names = rows.iter().map(|row| row.name.chars().count());
    let name_len = names.max().unwrap_or(0).max("change".len());
    let letter_len = rows.iter().map(|row| row.letters.len()).max().unwrap_or(0);
    let width = |(heading, cells): &(String, Vec<String>)| {
        let cells = cells.iter().map(|cell| cell.chars().count());
        cells.max().unwrap_or(0).max(heading.chars().count()) + 2
    };
    let headings: String =
        columns.iter().map(|column| format!("{:>1$}", column.0, width(column))).collect();
    let first = format!("  {:<1$}", "change", letter_len + 1 + name_len);
    writeln!(out, "{}", Styled(FAINT, format!("{first}{headings}")))?;
    for (at, row) in rows.iter().enumerate() {
        let mark = if row.is_chosen { '>' } else { ' ' };
        let (letters, name) = (&row.letters, &row.name);
        write!(out, "{} {letters:<letter_len$} {name:<name_len$}", Styled(GOOD, mark))?;
        for column in &columns {
            let cell = column.1.get(at).map_or("", String::as_str);
            write!(out, "{cell:>0$}", width(column))?;
        }
        writeln!(out)?;
    }
    match advised.advice.hidden_count() {
        0 => writeln!(out),
        count => {
            let others = counted(count as u64, "other was", "others were");
            let all = format!("{others} tried: `-o json` has all");
            writeln!(out, "  {}\n", Styled(FAINT, all))
        }
    }
}

/// The columns that say something, with their headings.
fn columns(advised: &Advised<'_>, rows: &[Row]) -> Vec<(String, Vec<String>)> {
    let shown = |value: Option<u64>| value.map_or_else(|| UNKNOWN.into(), |n| Count(n).to_string());
    let column = |heading: &str, cell: &dyn Fn(&Row) -> String| {
        (heading.to_owned(), rows.iter().map(cell).collect::<Vec<_>>())
    };
    let needs = |row: &Row| {
        let about = if row.is_estimate { "~" } else { "" };
        format!("{about}{}", Count(row.needs))
    };
    let has_limit = rows.iter().any(|row| row.limit.is_some());
    let mut columns = Vec::new();
    if has_limit {
        columns.push(column("peak", &|row| Count(row.peak).to_string()));
    }
    columns.push(column("needs", &needs));
    if let Some(longest) = advised.growing.iter().map(|growing| growing.seconds).max() {
        let heading = format!("in {}*", words::lifetime(longest));
        columns.push(column(&heading, &|row| shown(row.later)));
    }
    if has_limit {
        let of_limit = |row: &Row| match row.limit {
            Some(limit) => {
                let entries = row.later.unwrap_or(row.needs);
                format!("{}%", (entries * 100).div_ceil(limit.max(1)))
            }
            None => UNKNOWN.into(),
        };
        columns.push(column("of limit", &of_limit));
        columns.push(column("drops", &|row| shown(row.refused)));
        columns.push(column("early", &|row| shown(row.early)));
    }
    columns.push(column("RAM", &|row| Bytes(row.ram).to_string()));
    columns
}

/// What each of the changes in the table breaks.
fn broken(out: &mut dyn Write, advice: &Advice, rows: &[Row]) -> io::Result<()> {
    let said = |row: &Row| {
        let forecast = advice.tried.get(row.tried?)?;
        let from = match forecast.change {
            Some(Change::Timeout { from, .. }) => Some(from),
            _ => None,
        };
        Some((row.letters.clone(), words::broken(&forecast.breaks, from)))
    };
    let said: Vec<_> = rows.iter().filter(|row| row.letters.len() == 1).filter_map(said).collect();
    if said.is_empty() {
        return Ok(());
    }
    writeln!(out, "  {}", Styled(FAINT, "what they break, as far as the capture shows"))?;
    for (letters, lines) in said {
        let nothing = vec!["nothing".to_owned()];
        let lines = if lines.is_empty() { nothing } else { lines };
        let mut letters = letters.as_str();
        for text in &lines {
            let indent = text.len() - text.trim_start().len();
            for line in wrapped(text.trim_start(), LINE_LEN - 5 - indent) {
                writeln!(out, "  {letters:<1}  {:indent$}{line}", "")?;
                letters = "";
            }
        }
    }
    writeln!(out)
}

/// What is chosen, and the lines for it. Each script stands alone between two headings: whoever
/// copies what is there has all of it, and nothing else.
fn chosen(out: &mut dyn Write, advised: &Advised<'_>, rows: &[Row]) -> io::Result<()> {
    let Advised { advice, paste, .. } = advised;
    if let Some(why) = lines::unchanged(advice) {
        marked(out, Styled(GOOD, '>'), why)?;
        return writeln!(out);
    }
    let what = match (advised.is_asked_for, advice.max()) {
        (true, _) => {
            let chosen = rows.iter().find(|row| row.is_chosen);
            format!("{}, as asked for", chosen.map_or("", |row| row.letters.as_str()))
        }
        (false, Some(_)) => "smallest change that keeps half the table free".to_owned(),
        (false, None) => "what breaks nothing and saves the most".to_owned(),
    };
    for (number, script) in paste.scripts().iter().enumerate() {
        let heading = if number == 0 { format!("{what}. Paste") } else { "or".to_owned() };
        block(out, &heading, script)?;
    }
    for script in paste.undo_scripts() {
        block(out, "undo", &script)?;
    }
    let alert = if paste.alert.iter().any(|block| block.tool == Tool::Prometheus) {
        "alert, for Prometheus and node_exporter"
    } else {
        "alert"
    };
    block(out, alert, &paste.alert_script())
}

/// A script behind a heading, which names its tool where there are several.
fn block(out: &mut dyn Write, heading: &str, script: &Script<'_>) -> io::Result<()> {
    let sign = Styled(GOOD, '>');
    match script.tool {
        Some(tool) if tool != Tool::Keeptrack => {
            writeln!(out, "{sign} {heading}, with {}:\n\n{script}", tool.name())
        }
        _ => writeln!(out, "{sign} {heading}:\n\n{script}"),
    }
}

/// What the headings and marks mean.
fn explained(out: &mut dyn Write, advised: &Advised<'_>, rows: &[Row]) -> io::Result<()> {
    let mut texts: Vec<String> = Vec::new();
    if !advised.growing.is_empty() {
        let grow: Vec<String> = advised.growing.iter().map(grows).collect();
        texts.push(format!(
            "* the capture lasts {}, and some entries live longer: at its end there were still more \
             and more of {}. If that goes on until the first of them run out, the table holds so \
             many; a longer capture makes this number better.",
            Lasting(advised.lasted_ms),
            grow.join(", ")
        ));
    }
    if rows.iter().any(|row| row.is_estimate) {
        texts.push(
            "~ near the truth: in proportion, where no such table was passed, or tried behind entries \
             that the change would have done without."
                .into(),
        );
    }
    texts.push(format!("RAM: {}.", advised.advice.ram.explained()));
    for text in texts {
        for line in wrapped(&text, LINE_LEN - 2) {
            writeln!(out, "  {}", Styled(FAINT, line))?;
        }
    }
    Ok(())
}

/// `tcp ESTABLISHED (5d, +0.01/s)`.
fn grows(growing: &Growing) -> String {
    let Growing { timeout, seconds, growth } = growing;
    let hundredths = growth.within(100_000);
    format!(
        "{} ({}, +{}.{:02}/s)",
        words::state_name(*timeout),
        words::lifetime(*seconds),
        hundredths / 100,
        hundredths % 100
    )
}

impl Forecast {
    /// The change in words; of none, `now`.
    pub(super) fn name(&self) -> String {
        self.change.as_ref().map_or_else(|| "now".into(), ToString::to_string)
    }
}
