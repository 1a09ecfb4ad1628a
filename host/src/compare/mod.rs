//! `keeptrack replay --compare`: several policies side by side, in one pass over the captures.

mod figures;
mod json;
mod print;

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::capture::Stop;
use crate::error::Error;
use crate::ledger::Ledger;
use crate::on_full::{Spec, Specs};
use crate::options::{self, Format, When};
use crate::output::{self, Outputs};
use crate::progress::Progress;
use crate::report::{Reached, Subject, Tally};
use crate::run::{self, Outcome};
use crate::session::Session;
use crate::verdict::Report;
use figures::Figures;

/// What a comparison came to.
struct Comparison<'s> {
    subject: &'s Subject<'s>,
    /// Packets of the capture.
    packet_count: u64,
    lasted_ms: u64,
    rows: Vec<Row>,
}

/// What a policy came to.
struct Row {
    spec: Spec,
    /// Its runs: one, or one for each seed.
    runs: Vec<Figures>,
}

/// Passes captures through a table for each policy, and writes what each came to.
///
/// # Errors
/// When there is no result, or only part of one: that part has been reported then.
pub(crate) fn compare(
    options: &options::Replay,
    Specs(specs): &Specs,
    (color, stop): (When, &Stop),
    stdout: &mut dyn Write,
) -> Result<Outcome, Error> {
    let world = &options.world;
    for output in &options.output {
        if !matches!(output.format, Format::Summary | Format::Json) {
            return Err(Error::OneTable(output.format.name()));
        }
    }
    let runs: Vec<Spec> = specs.iter().flat_map(Spec::runs).collect();
    let mut session = Session::open(world, &runs, &options.captures, stop)?;
    let Some(max) = session.max else { return Err(Error::NothingFull) };
    let captures = options.captures.iter().map(PathBuf::as_path);
    let read: Vec<&Path> = captures.chain(world.files()).collect();
    let outputs = Outputs::open(&options.output, &read, color, stdout)?;
    let progress = Progress::new(session.input.total_bytes().filter(|_| !world.quiet));
    let follows = || Ledger::new(options.ledger_max);
    let column = || Tally::new(Some(max)).with_ledger(follows());
    let mut columns: Vec<Tally> = runs.iter().map(|_| column()).collect();
    let mut reports: Vec<&mut dyn Report> =
        columns.iter_mut().map(|tally| tally as &mut dyn Report).collect();
    let done = session.run(&mut reports, &progress);
    progress.finish();
    let reached = Reached::by(&done, stop);
    let Some(tally) = columns.first() else { return done.map(|()| Outcome::Done) };
    let (packet_count, lasted_ms) = (tally.packet_count, tally.lasted_ms());
    if packet_count == 0 && reached != Reached::Interruption {
        return Err(done.err().unwrap_or_else(|| session.nothing()));
    }
    if let (Reached::End, Some(error)) = (reached, session.unread(tally)) {
        return Err(error);
    }
    let subject = Subject::new(options, &session, reached);
    let rows = rows(specs, &session, columns);
    let comparison = Comparison { subject: &subject, packet_count, lasted_ms, rows };
    let written = output::write_all(outputs.documents, |format, out| match format {
        Format::Json => json::json(out, &comparison),
        _ => print::print(out, &comparison),
    });
    if !world.quiet {
        run::warn(&mut progress.stderr(), &options.output, &subject);
    }
    done.and(written)?;
    Ok(if reached == Reached::Interruption { Outcome::Interrupted } else { Outcome::Done })
}

/// The columns of each policy's runs.
fn rows(specs: &[Spec], session: &Session, columns: Vec<Tally>) -> Vec<Row> {
    let now = session.replay.now();
    let mut runs = session.specs.iter().zip(session.replay.lanes()).zip(columns);
    let row = |asked: &Spec| {
        let count = asked.runs().len();
        let own: Vec<_> = runs.by_ref().take(count).collect();
        // With the buckets that it has been given, but for all its seeds.
        let buckets = own.first().and_then(|((spec, _), _)| spec.buckets());
        let spec = asked.clone();
        let spec = buckets.map_or(spec.clone(), |count| spec.with_buckets(count));
        let runs = own.into_iter().map(|((spec, lane), mut tally)| {
            tally.finish(now);
            Figures::of(spec, lane, &tally)
        });
        Row { spec, runs: runs.collect() }
    };
    specs.iter().map(row).collect()
}
