//! What a table does whose buckets do not fit its entries, beside what is found in its settings: a full
//! one that finds nobody to take out, and chains that take nobody.

use std::fs;

use tempfile::TempDir;

use super::found;
use super::kept::Kept;
use crate::nf::full::{Size, refused};
use crate::nf::namespace::{SYSCTLS, number};
use crate::tablefull::{Content, NEWCOMER_COUNT, entries, measure};

/// So many buckets there are for each entry, in the case of too many.
const BUCKETS_AN_ENTRY: usize = 16;
/// So many entries are too many for the fewest buckets.
const CROWD: usize = 32_768;
/// A page of buckets, the fewest that there are.
const PAGE: usize = 512;
/// What is set in the first namespace, for all of them.
const MAX: &str = "nf_conntrack_max";
const BUCKETS: &str = "nf_conntrack_buckets";

/// What became of newcomers to a table in which nobody was ASSURED.
#[derive(Debug)]
pub struct Table {
    /// As it was set, which is how its settings say it.
    size: Size,
    /// Those that were not let in.
    refused: usize,
    /// Of so many.
    of: usize,
    /// What is found in its settings.
    found: Vec<String>,
    /// What should be, if newcomers are not let in.
    lint: &'static str,
}

impl Table {
    /// Whether the lint says that newcomers are not let in, and it is so, or neither.
    #[must_use]
    pub fn is_as_found(&self) -> bool {
        let expected: &[&str] = if self.refused * 10 > self.of { &[self.lint] } else { &[] };
        self.found == expected
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { size: Size { max, buckets }, refused, of, found, .. } = self;
        write!(f, "max {max}, buckets {buckets}: of {of} newcomers {refused} refused; ")?;
        write!(f, "found: {found:?}")
    }
}

/// Full tables with as many buckets as are right and with too many, and chains of as many entries as
/// are right and of too many. `None`: this machine's settings cannot be changed, or something else
/// fills its table.
///
/// # Errors
/// When the kernel cannot be asked, with what is missing.
pub fn tables() -> Result<Option<Vec<Table>>, String> {
    let size = Size::running()?;
    let few = size.buckets / BUCKETS_AN_ENTRY;
    if number("nf_conntrack_count")? > few / 2 || few < PAGE {
        return Ok(None);
    }
    // Linux makes whole pages of the buckets: of these there are more than entries then.
    let uneven = 2 * PAGE - 24;
    let right = Size { max: size.max.min(size.buckets), ..size };
    // What is left of a namespace that has gone is taken out bit by bit, and stands in the way of those
    // that have few buckets: the large ones come last.
    let tables = [
        full(Size { max: uneven, buckets: uneven })?,
        chains(PAGE * 4)?,
        chains(CROWD)?,
        full(Size { max: few, ..size })?,
        full(right)?,
    ];
    Ok(tables.into_iter().collect())
}

/// A full table, to which others come.
fn full(size: Size) -> Result<Option<Table>, String> {
    let Ok(_max) = changed(MAX, size.max) else { return Ok(None) };
    let Ok(_buckets) = changed(BUCKETS, size.buckets) else { return Ok(None) };
    let counted = measure(Content { unreplied: size.max, assured: 0, closing: 0 })?;
    table(size, (counted.drop, NEWCOMER_COUNT), "buckets-above-max").map(Some)
}

/// So many entries in the fewest buckets.
fn chains(max: usize) -> Result<Option<Table>, String> {
    let Ok(_buckets) = changed(BUCKETS, PAGE) else { return Ok(None) };
    let refused = refused(entries(Content { unreplied: max, assured: 0, closing: 0 }))?;
    table(Size { max, buckets: PAGE }, (refused, max), "too-few-buckets").map(Some)
}

fn changed(name: &str, value: usize) -> Result<Kept, String> {
    Kept::set(&format!("{SYSCTLS}/{name}"), value)
}

fn table(size: Size, (refused, of): (usize, usize), lint: &'static str) -> Result<Table, String> {
    let folder = TempDir::new().map_err(|error| error.to_string())?;
    let file = folder.path().join("sysctl.txt");
    let Size { max, buckets } = size;
    let text = format!(
        "net.netfilter.nf_conntrack_buckets = {buckets}\nnet.netfilter.nf_conntrack_max = {max}\n"
    );
    fs::write(&file, text).map_err(|error| error.to_string())?;
    let found = found(&["lint", "-o", "json", &file.display().to_string()])?;
    Ok(Table { size, refused, of, found, lint })
}
