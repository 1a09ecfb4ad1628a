//! `keeptrack diff`: the table after a capture beside one that a kernel had.

mod compare;
mod print;
mod why;

use std::io::Write;
use std::path::Path;
use std::slice;

use crate::capture::Stop;
use crate::conntrack::{Entry, Form};
use crate::error::Error;
use crate::options::{self, Format, Output, When};
use crate::output::Outputs;
use crate::progress::Progress;
use crate::run::Outcome;
use crate::saved::Saved;
use crate::session::{Session, refuse_stdin_twice};
use compare::{Theirs, compare, key};
use print::{Heading, print};
use why::Watched;

/// Replays the capture and compares; what was found goes to `stdout`.
///
/// # Errors
/// When either cannot be read.
pub(crate) fn diff(
    options: &options::Diff,
    color: When,
    stop: &Stop,
    stdout: &mut dyn Write,
) -> Result<Outcome, Error> {
    let world = &options.world;
    let both = [options.capture.as_path(), &options.table];
    refuse_stdin_twice(both.into_iter().chain(world.files()))?;
    let (table, theirs) = read(&options.table, stop)?;
    let mut session =
        Session::open(world, world.on_full.as_slice(), slice::from_ref(&options.capture), stop)?;
    let progress = Progress::new(session.input.total_bytes().filter(|_| !world.quiet));
    let mut watched = Watched::new(theirs.iter().map(|(_, entry)| key(entry)));
    session.run(&mut [&mut watched], &progress)?;
    progress.finish();
    if stop.is_asked() {
        return Ok(Outcome::Interrupted);
    }
    if watched.tally.packet_count == 0 {
        return Err(session.nothing());
    }
    if let Some(unread) = session.unread(&watched.tally) {
        return Err(unread);
    }
    let now = session.replay.now();
    let conns = session.replay.table().iter();
    let ours: Vec<Entry> =
        conns.map(|conn| session.listing.entry(conn, now, Form::Plain)).collect();
    let comparison = compare(theirs, ours, options.tolerance);
    let heading = Heading {
        table: &table,
        at: now,
        because: if world.until.is_some() { "--until" } else { "last packet" },
        preset: &world.preset_name(),
        tolerance_s: options.tolerance,
        notes: session.notes(),
    };
    let place = [Output { format: Format::Summary, file: None }];
    for (_, document) in Outputs::open(&place, &[], color, stdout)?.documents {
        document.write(|out| print(out, &heading, &comparison, &watched))?;
    }
    Ok(if comparison.is_same() { Outcome::Done } else { Outcome::Finding })
}

/// The name of a saved table, safe for a terminal, and its entries.
fn read(table: &Path, stop: &Stop) -> Result<(String, Vec<Theirs>), Error> {
    let mut saved = Saved::open(table, stop)?;
    let mut entries = Vec::new();
    while let Some((line, entry)) = saved.next()? {
        // XML does not tell which packets of ICMP are its own.
        if !entry.lacks_query() {
            entries.push((line, entry));
        }
    }
    Ok((saved.file().to_owned(), entries))
}
