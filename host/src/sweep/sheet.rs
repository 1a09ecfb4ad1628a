//! A table of cells for people: headings, labels, and as many columns beside one another as a line
//! holds.

use std::io::{self, Write};

use anstyle::Style;

use crate::report::style::{FAINT, Styled};

/// The longest line.
const LINE_LEN: usize = 98;
/// Between two columns.
const GAP: usize = 3;

/// A table of cells.
pub(super) struct Sheet {
    /// What the cells are.
    pub(super) title: String,
    /// What the headings are values of.
    pub(super) corner: String,
    pub(super) headings: Vec<Heading>,
    /// The label of each row, and a cell for each heading.
    pub(super) rows: Vec<(String, Vec<Cell>)>,
}

/// What stands over a column.
#[derive(Clone)]
pub(super) struct Heading {
    pub(super) text: String,
    /// What stands behind it, in the gap between two columns.
    pub(super) mark: &'static str,
}

/// What stands under a heading: a word, and perhaps a number behind it.
pub(super) struct Cell {
    pub(super) word: String,
    pub(super) number: String,
    pub(super) style: Style,
}

/// The widths of a table, in characters.
#[derive(Clone, Copy)]
struct Widths {
    label: usize,
    column: usize,
    /// With the blank before it; 0 if there is no number.
    number: usize,
}

/// A line, in which nothing stands behind the last word.
struct Line<'o> {
    out: &'o mut dyn Write,
    /// Blanks that are owed to the next word.
    owed: usize,
}

impl Cell {
    /// One word.
    pub(super) fn plain(word: String) -> Self {
        Self { word, number: String::new(), style: Style::new() }
    }
}

impl Sheet {
    /// Writes it, in several parts below one another where it is too wide.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let widths = self.widths();
        let columns = ((LINE_LEN - 2).saturating_sub(widths.label) / widths.column).max(1);
        writeln!(out, "  {}", Styled(FAINT, &self.title))?;
        for (part, headings) in self.headings.chunks(columns).enumerate() {
            if headings.iter().any(|heading| !heading.text.is_empty()) {
                self.write_headings(out, headings, widths)?;
            }
            for (label, cells) in &self.rows {
                let cells = cells.chunks(columns).nth(part).unwrap_or_default();
                write_row(out, label, cells, widths)?;
            }
        }
        Ok(())
    }

    fn write_headings(
        &self,
        out: &mut dyn Write,
        headings: &[Heading],
        widths: Widths,
    ) -> io::Result<()> {
        let mut line = Line { out, owed: 2 };
        line.put(&self.corner, FAINT)?;
        line.owed += widths.label - len(&self.corner);
        let mut mark_len = 0;
        for Heading { text, mark } in headings {
            line.owed += widths.column - mark_len - len(text);
            line.put(text, FAINT)?;
            line.put(mark, FAINT)?;
            mark_len = len(mark);
        }
        line.end()
    }

    fn widths(&self) -> Widths {
        let cells = || self.rows.iter().flat_map(|(_, cells)| cells);
        let word = longest(cells().map(|cell| &cell.word));
        let number = longest(cells().map(|cell| &cell.number));
        let number = if number > 0 { number + 1 } else { 0 };
        let heading = longest(self.headings.iter().map(|heading| &heading.text));
        let labels = self.rows.iter().map(|(label, _)| label);
        let label = longest(labels.chain([&self.corner]));
        Widths { label, column: heading.max(word + number) + GAP, number }
    }
}

impl Line<'_> {
    fn put(&mut self, text: &str, style: Style) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        write!(self.out, "{:1$}{2}", "", self.owed, Styled(style, text))?;
        self.owed = 0;
        Ok(())
    }

    fn end(self) -> io::Result<()> {
        writeln!(self.out)
    }
}

fn write_row(out: &mut dyn Write, label: &str, cells: &[Cell], widths: Widths) -> io::Result<()> {
    let mut line = Line { out, owed: 2 };
    line.put(label, Style::new())?;
    line.owed += widths.label - len(label);
    for Cell { word, number, style } in cells {
        line.owed += widths.column - widths.number - len(word);
        line.put(word, *style)?;
        line.owed += widths.number - len(number);
        line.put(number, *style)?;
    }
    line.end()
}

/// How many characters the longest has.
fn longest<'w>(words: impl Iterator<Item = &'w String>) -> usize {
    words.map(|word| len(word)).max().unwrap_or(0)
}

fn len(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::{Cell, Heading, Sheet, Style};

    #[test]
    fn columns_that_do_not_fit_stand_below() {
        let cell = |word: &str, number: &str| Cell {
            word: word.into(),
            number: number.into(),
            style: Style::new(),
        };
        let heading = |text: &str, mark| Heading { text: format!("{text:>36}"), mark };
        let cells = vec![cell("full", "7"), cell("9%", ""), cell("full", "12")];
        let sheet = Sheet {
            title: "title".into(),
            corner: "key".into(),
            headings: vec![heading("1s", ""), heading("2s", "*"), heading("3s", "")],
            rows: vec![("max 5".into(), cells)],
        };
        let mut out = anstream::StripStream::new(Vec::new());
        sheet.write(&mut out).unwrap();
        let text = String::from_utf8(out.into_inner()).unwrap();
        let expected = [
            "  title".to_owned(),
            format!("  {:<5}{:>39}{:>39}*", "key", "1s", "2s"),
            format!("  {:<5}{:>39}{:>36}", "max 5", "full  7", "9%"),
            format!("  {:<5}{:>39}", "key", "3s"),
            format!("  {:<5}{:>39}", "max 5", "full 12"),
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }
}
