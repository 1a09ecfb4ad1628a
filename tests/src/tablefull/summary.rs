//! What kernels counted of the mail relay at a full table: a table of tab-separated figures.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The runs of a summary.
#[derive(Debug)]
pub struct Summary(pub Vec<Measured>);

/// What a kernel counted.
#[derive(Debug)]
pub struct Measured {
    /// The run's name.
    pub name: String,
    /// How many entries there might be.
    pub max: u64,
    /// How many buckets there were.
    pub buckets: u64,
    /// The figures, by the names of their columns.
    pub figures: BTreeMap<String, u64>,
}

impl Summary {
    /// Reads it from a file.
    ///
    /// # Errors
    /// When that cannot be read or is no such table, with the line that is wrong.
    pub fn read(file: &Path) -> Result<Self, String> {
        let read = fs::read_to_string(file);
        let text = read.map_err(|error| format!("{}: {error}", file.display()))?;
        let mut lines = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let head = lines.next().unwrap_or_default();
        let runs = lines.zip(2..).map(|(cells, number)| {
            let run = Measured::of(&head, &cells);
            run.ok_or_else(|| format!("{}: line {number} is no run", file.display()))
        });
        runs.collect::<Result<Vec<_>, _>>().map(Self)
    }
}

impl Measured {
    fn of(head: &[&str], cells: &[&str]) -> Option<Self> {
        if head.len() != cells.len() {
            return None;
        }
        let mut columns = head.iter().zip(cells).map(|(name, cell)| (name.to_string(), *cell));
        let name = columns.next().filter(|(name, _)| name == "run")?.1.to_owned();
        let parsed = columns.map(|(name, cell)| Some((name, cell.parse().ok()?)));
        let mut figures = parsed.collect::<Option<BTreeMap<String, u64>>>()?;
        let (max, buckets) = (figures.remove("max")?, figures.remove("buckets")?);
        Some(Self { name, max, buckets, figures })
    }
}
