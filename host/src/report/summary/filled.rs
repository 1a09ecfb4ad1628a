//! Who held a table that hurt somebody, and for how long: services and sources.

use std::fmt::Display;
use std::io::{self, Write};

use super::super::holds::Held;
use super::super::sources::Precision;
use super::super::style::{FAINT, Styled};
use super::super::tally::Tally;
use super::holders::name_width;
use crate::units::{Count, Share};

/// How many services are shown, and how many sources.
const MAX_ROWS: usize = 4;

/// Writes it.
pub(super) fn filled(out: &mut dyn Write, tally: &Tally) -> io::Result<()> {
    if tally.ledger.totals().hurt() == 0 {
        return Ok(());
    }
    let (services, sources) = (tally.census.services(), tally.census.sources());
    let all_ms: u64 = services.iter().map(|held| held.entry_ms).sum();
    let lines = [shown("", &services), shown("from ", &sources)].concat();
    let width = name_width(lines.iter().map(|(name, _)| name.as_str()));
    let head = format!(
        "{:<width$}{:>15}{:>8}{:>13}",
        "over all the time", "entry-seconds", "share", "at the peak"
    );
    writeln!(out, "\n  {}", Styled(FAINT, head))?;
    for (name, Held { at_peak, entry_ms, .. }) in lines {
        let (seconds, share) = (Count(entry_ms / 1000), Share(entry_ms, all_ms));
        writeln!(out, "  {name:<width$}{seconds:>15}{share:>8}{:>13}", Count(at_peak))?;
    }
    match tally.census.precision() {
        Precision::Exact => Ok(()),
        Precision::AtLeast => writeln!(out, "  {}", Styled(FAINT, "(of sources: at least)")),
    }
}

/// The first of them, by name.
fn shown<K: Copy + Display>(from: &str, held: &[Held<K>]) -> Vec<(String, Held<()>)> {
    let named = |held: &Held<K>| {
        let Held { kind, at_peak, at_first_drop, entry_ms } = *held;
        (format!("{from}{kind}"), Held { kind: (), at_peak, at_first_drop, entry_ms })
    };
    held.iter().take(MAX_ROWS).map(named).collect()
}
