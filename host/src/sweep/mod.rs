//! `keeptrack sweep`: every combination of some settings, tried in one pass over the captures.

mod axis;
mod capacity;
mod choice;
mod csv;
mod grid;
mod json;
mod limits;
mod print;
mod roles;
mod room;
mod sheet;
mod unfit;

use std::io::Write;
use std::path::{Path, PathBuf};

use keeptrack_core::{Instant, Packet};

use crate::capture::Stop;
use crate::error::Error;
use crate::options::{self, Output, SweepFormat, When, World};
use crate::output;
use crate::path::Sighting;
use crate::progress::Progress;
use crate::report::{self, Reached};
use crate::run::Outcome;
use crate::trials::{Trials, Watch};
use crate::verdict::{Left, Verdict};
pub(crate) use axis::{Axis, Key, Value};
use choice::Choice;
use grid::{Grid, Planned, Tried};
pub(crate) use unfit::Unfit;

/// The most combinations at once.
pub(crate) const MAX_SETTINGS: usize = 4096;

/// What a sweep came to.
struct Sweep<'s> {
    capture: String,
    /// Its format and interfaces, in words.
    described: String,
    reached: Reached,
    packet_count: u64,
    /// When the first packet came, and the last.
    between: Option<(Instant, Instant)>,
    lasted_ms: u64,
    /// The name of the preset.
    preset: String,
    grid: &'s Grid,
    /// All combinations, the last setting running fastest.
    tried: Vec<Tried<'s>>,
    /// The cheapest of them, under each policy.
    choices: Vec<Choice>,
    notes: Vec<String>,
}

/// Nobody looks over the scout's shoulder.
struct Nobody;

/// Passes captures through a table for each combination, and writes what each came to.
///
/// # Errors
/// When there is no result, or only part of one: that part has been reported then.
pub(crate) fn sweep(
    options: &options::Sweep,
    (color, stop): (When, &Stop),
    stdout: &mut dyn Write,
) -> Result<Outcome, Error> {
    let world = &options.world;
    let (captures, axes) = (options.captures(), options.axes());
    check(&captures, &axes).map_err(Error::Sweep)?;
    let mut trials = Trials::open(world, &captures, stop)?;
    let grid = Grid::new(axes, world, &trials)?;
    let captures = captures.iter().map(PathBuf::as_path);
    let read: Vec<&Path> = captures.chain(world.files()).collect();
    let summary = [Output { format: SweepFormat::Summary, file: None }];
    let asked = if options.output.is_empty() { &summary[..] } else { &options.output };
    let documents = output::documents(asked, &read, color, stdout)?;
    let planned = grid.plan(&mut trials)?;
    let progress = Progress::new(trials.total_bytes().filter(|_| !world.quiet));
    let progress = progress.doing(format!("trying {} settings", planned.len()));
    let done = trials.run(&mut Nobody, &progress);
    progress.finish();
    let reached = Reached::by(&done, stop);
    if trials.packet_count() == 0 && reached != Reached::Interruption {
        return Err(done.err().unwrap_or_else(|| trials.nothing()));
    }
    if let (Reached::End, Some(error)) = (reached, trials.unread()) {
        return Err(error);
    }
    let sweep = Sweep::of(world, (&trials, reached), (&grid, &planned));
    if !world.quiet && asked.iter().all(|output| output.format != SweepFormat::Summary) {
        for note in &sweep.notes {
            // Nobody misses it where stderr is gone.
            let _ = writeln!(progress.stderr(), "warning: {note}");
        }
    }
    let written = output::write_all(documents, |format, out| match format {
        SweepFormat::Summary => print::print(out, &sweep),
        SweepFormat::Csv => csv::csv(out, &sweep),
        SweepFormat::Json => json::json(out, &sweep),
    });
    done.and(written)?;
    Ok(if reached == Reached::Interruption { Outcome::Interrupted } else { Outcome::Done })
}

/// That there is something to read, and something to try, and not too much of it.
fn check(captures: &[PathBuf], axes: &[Axis]) -> Result<(), Unfit> {
    if captures.is_empty() {
        return Err(Unfit::NoCapture);
    }
    if axes.is_empty() {
        return Err(Unfit::NoKey);
    }
    for (at, axis) in axes.iter().enumerate() {
        if axes.iter().take(at).any(|before| before.key == axis.key) {
            return Err(Unfit::Twice(axis.key.name()));
        }
    }
    grid::count(axes).map(drop)
}

impl<'s> Sweep<'s> {
    fn of(
        world: &World,
        (trials, reached): (&'s Trials, Reached),
        (grid, planned): (&'s Grid, &'s [Planned]),
    ) -> Self {
        let tried: Vec<Tried<'s>> = planned.iter().map(|planned| planned.tried(trials)).collect();
        let between = trials.between();
        let lasted_ms = between.map_or(0, |(first, last)| last.since(first));
        let mut notes = report::input_notes(world, trials.session());
        notes.extend(limits::notes(trials, (grid, &tried), lasted_ms));
        Self {
            capture: trials.name(),
            described: report::described(trials.session()),
            reached,
            packet_count: trials.packet_count(),
            between,
            lasted_ms,
            preset: world.timeouts_name(),
            choices: Choice::each(grid, &tried),
            grid,
            tried,
            notes,
        }
    }
}

impl Watch for Nobody {
    fn packet(&mut self, _: Option<&Packet<'_>>, _: Option<&Sighting>, _: &Verdict) {}

    fn ended(&mut self, _: &Left<'_>) {}
}
