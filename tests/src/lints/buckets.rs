//! Whether a full table finds somebody to take out, with fewer buckets than entries and with more.

use std::fs;

use tempfile::TempDir;

use super::found;
use crate::nf::full::{Counted, Size};
use crate::nf::namespace::{SYSCTLS, set};
use crate::tablefull::{Content, NEWCOMER_COUNT, measure};

/// So many buckets there are for each entry, in the case of too many.
const BUCKETS_AN_ENTRY: usize = 16;
/// The table's limit, of all namespaces together.
const MAX: &str = "nf_conntrack_max";

/// What became of newcomers at a full table in which nobody was ASSURED.
#[derive(Debug)]
pub struct Full {
    size: Size,
    counted: Counted,
    /// What is found in its settings.
    found: Vec<String>,
}

impl Full {
    /// Whether the lint says that nobody is found to be taken out, and it is so, or neither.
    #[must_use]
    pub fn is_as_found(&self) -> bool {
        let is_blind = self.counted.drop * 10 > NEWCOMER_COUNT;
        is_blind != self.found.is_empty()
    }
}

impl std::fmt::Display for Full {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { size: Size { max, buckets }, counted, found } = self;
        let (drop, early_drop) = (counted.drop, counted.early_drop);
        write!(f, "max {max}, buckets {buckets}: of {NEWCOMER_COUNT} newcomers {drop} dropped, ")?;
        write!(f, "{early_drop} taken out for others; found: {found:?}")
    }
}

/// A table with as many buckets as a lint finds too many, and one with as many as are right. `None`:
/// the limit, which is of all namespaces, cannot be set here, or something else fills this host's.
///
/// # Errors
/// When the kernel cannot be asked, with what is missing.
pub fn early_drops() -> Result<Option<[Full; 2]>, String> {
    let size = Size::running()?;
    let few = Size { max: size.buckets / BUCKETS_AN_ENTRY, ..size };
    let count = fs::read_to_string(format!("{SYSCTLS}/nf_conntrack_count"));
    let count: usize = count.ok().and_then(|count| count.trim().parse().ok()).unwrap_or(usize::MAX);
    if count > few.max / 2 || size.buckets < few.max {
        return Ok(None);
    }
    let Ok(limit) = Limit::set(&size, few.max) else { return Ok(None) };
    let blind = full(few)?;
    drop(limit);
    let right = Size { max: size.max.min(size.buckets), ..size };
    let Ok(limit) = Limit::set(&size, right.max) else { return Ok(None) };
    let sees = full(right)?;
    drop(limit);
    Ok(Some([blind, sees]))
}

/// A limit that is as it was before when this is dropped.
struct Limit(usize);

impl Limit {
    fn set(before: &Size, max: usize) -> Result<Self, String> {
        set(&format!("{SYSCTLS}/{MAX}"), &max.to_string())?;
        Ok(Self(before.max))
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        if let Err(error) = set(&format!("{SYSCTLS}/{MAX}"), &self.0.to_string()) {
            eprintln!("error: {error}");
        }
    }
}

fn full(size: Size) -> Result<Full, String> {
    let counted = measure(Content { unreplied: size.max, assured: 0, closing: 0 })?;
    let folder = TempDir::new().map_err(|error| error.to_string())?;
    let file = folder.path().join("sysctl.txt");
    let Size { max, buckets } = size;
    let text = format!(
        "net.netfilter.nf_conntrack_buckets = {buckets}\nnet.netfilter.nf_conntrack_max = {max}\n"
    );
    fs::write(&file, text).map_err(|error| error.to_string())?;
    let found = found(&["lint", "-o", "json", &file.display().to_string()])?;
    Ok(Full { size, counted, found })
}
