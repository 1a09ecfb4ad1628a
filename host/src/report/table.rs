//! `-o table`: what `conntrack -L` or /proc/net/nf_conntrack would print at the end.

use std::io::{self, Write};

use keeptrack_core::{Conn, Instant};

use crate::conntrack::Form;
use crate::listing::Listing;
use crate::replay::Tracker;

/// Writes a line for each connection in the table at the moment `now`, the oldest first.
///
/// # Errors
/// When `out` does not take it.
pub(crate) fn table(
    out: &mut dyn Write,
    (table, now): (&Tracker, Instant),
    listing: &Listing,
    form: Form,
) -> io::Result<()> {
    let mut conns: Vec<&Conn> = table.iter().collect();
    conns.sort_by_cached_key(|conn| listing.number(conn));
    for conn in conns {
        writeln!(out, "{}", listing.entry(conn, now, form).as_listed(form))?;
    }
    Ok(())
}
