//! A run of the program: options to reports.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::advise;
use crate::capture::Stop;
use crate::compare;
use crate::conntrack::{Footer, Form};
use crate::diff;
use crate::error::Error;
use crate::firmware_config;
use crate::ledger::Ledger;
use crate::lint;
use crate::manual;
use crate::options::{self, Command, Format, Options, Output, When};
use crate::output::Outputs;
use crate::progress::Progress;
use crate::replay::Tracker;
use crate::report::{self, KernelLog, Lasts, Reached, Reports, Subject, Tally};
use crate::session::Session;
use crate::sweep;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As asked.
    Done,
    /// As asked, and something was found that was asked about: drops, or a difference.
    Finding,
    /// Before its end, because somebody asked for that. What was counted before has been reported.
    Interrupted,
}

/// Does what `options` ask; results go to `stdout`, unless to files.
///
/// `--color auto` colours what goes to `stdout`: whoever owns that says `never` where it shows
/// none.
///
/// # Errors
/// When there is no result, or only part of one: that part has been reported then.
pub fn run(options: &Options, stop: &Stop, stdout: &mut dyn Write) -> Result<Outcome, Error> {
    let done = match &options.command {
        Command::Replay(replay) => match &replay.compare {
            Some(specs) => compare::compare(replay, specs, (options.color, stop), stdout),
            None => self::replay(replay, options.color, stop, stdout),
        },
        Command::Advise(advise) => advise::advise(advise, (options.color, stop), stdout),
        Command::Sweep(sweep) => sweep::sweep(sweep, (options.color, stop), stdout),
        Command::Lint(lint) => lint::run(lint, options.color, stdout),
        Command::Diff(diff) => diff::diff(diff, options.color, stop, stdout),
        Command::FirmwareConfig(config) => firmware_config::run(config, stdout),
        Command::Completions { shell } => {
            manual::completions(*shell, stdout).map(|()| Outcome::Done)
        }
        Command::Man { folder } => manual::pages(folder.as_deref(), stdout).map(|()| Outcome::Done),
    };
    match done {
        // It was asked to end before there was anything to report.
        Err(Error::Capture(error)) if error.is_stop() => Ok(Outcome::Interrupted),
        done => done,
    }
}

fn replay(
    options: &options::Replay,
    color: When,
    stop: &Stop,
    stdout: &mut dyn Write,
) -> Result<Outcome, Error> {
    let world = &options.world;
    let mut session = Session::open(world, world.on_full.as_slice(), &options.captures, stop)?;
    let captures = options.captures.iter().map(PathBuf::as_path);
    let read: Vec<&Path> = captures.chain(world.files()).collect();
    let mut outputs = Outputs::open(&options.output, &read, color, stdout)?;
    let progress = Progress::new(session.input.total_bytes().filter(|_| !world.quiet));
    let log = (!world.quiet).then(|| KernelLog::new(progress.stderr()));

    let lasts = match outputs.documents[..] {
        [] if !options.check => Lasts::WhileRead,
        _ => Lasts::ToEnd,
    };

    let listing = Arc::clone(&session.listing);
    let tally = Tally::new(session.max).with_ledger(Ledger::new(options.ledger_max));
    let mut reports = Reports::new(tally, &mut outputs, &listing, log, lasts);
    let done = session.run(&mut [&mut reports], &progress);
    let done = done.and(reports.end(session.replay.now()).map_err(Error::Write));
    let (tally, event_counts) = reports.finish();
    progress.finish();
    if done.as_ref().is_err_and(Error::is_broken_pipe) {
        // Nobody reads on.
        return Ok(if stop.is_asked() { Outcome::Interrupted } else { Outcome::Done });
    }
    let reached = Reached::by(&done, stop);
    if tally.packet_count == 0 && reached != Reached::Interruption {
        // There is nothing to report.
        return Err(done.err().unwrap_or_else(|| session.nothing()));
    }
    if let (Reached::End, Some(error)) = (reached, session.unread(&tally)) {
        return Err(error);
    }
    let (replay, subject) = (&session.replay, Subject::new(options, &session, reached));
    let flushed = outputs.streams.iter_mut().map(|(_, lines)| lines.flush());
    let written = outputs.documents.into_iter().map(|(format, document)| {
        document.write(|out| write(out, format, &session, (&subject, &tally)))
    });
    // One output that cannot be written keeps nobody else from being written.
    let failed = flushed.chain(written).filter_map(Result::err).map(Error::Write);
    let failed = failed.filter(|error| !error.is_broken_pipe());
    let errors: Vec<Error> = done.err().into_iter().chain(failed).collect();
    if !world.quiet {
        warn(&mut progress.stderr(), &options.output, &subject);
        shown(&mut progress.stderr(), &options.output, (&event_counts, replay.table()));
    }
    first_of(errors)?;
    Ok(match reached {
        Reached::Interruption => Outcome::Interrupted,
        _ if options.check && tally.refused_count() > 0 => Outcome::Finding,
        _ => Outcome::Done,
    })
}

/// The run ends with the first error; the others are told beside it.
fn first_of(errors: Vec<Error>) -> Result<(), Error> {
    let mut errors = errors.into_iter();
    let first = errors.next();
    for error in errors {
        // Where stderr is gone, too, the exit code is all that can be said.
        let _ = error.show(&mut anstream::stderr());
    }
    first.map_or(Ok(()), Err)
}

/// What the summary says of the input, to those who do not get one.
pub(crate) fn warn(stderr: &mut dyn Write, outputs: &[Output], subject: &Subject<'_>) {
    if outputs.iter().all(|output| output.format != Format::Summary) && !outputs.is_empty() {
        for note in &subject.notes {
            // Nobody misses it where stderr is gone.
            let _ = writeln!(stderr, "warning: {note}");
        }
    }
}

/// What conntrack says on stderr behind the events and entries that it printed.
fn shown(stderr: &mut dyn Write, outputs: &[Output], (events, table): (&[u64], &Tracker)) {
    let mut events = events.iter();
    for output in outputs {
        let footer = match output.format {
            Format::Events(..) => events.next().map(|count| Footer::events(*count)),
            // /proc says nothing behind its own.
            Format::Table(Form::Proc) | Format::Expectations(Form::Proc) => None,
            Format::Table(_) => Some(Footer::entries(table.len() as u64)),
            Format::Expectations(_) => {
                Some(Footer::expectations(table.expectations().count() as u64))
            }
            _ => None,
        };
        if let Some(footer) = footer {
            // Nobody misses it where stderr is gone.
            let _ = writeln!(stderr, "{footer}");
        }
    }
}

/// Writes what is written at the end.
fn write(
    out: &mut dyn Write,
    format: Format,
    session: &Session,
    (subject, tally): (&Subject<'_>, &Tally),
) -> io::Result<()> {
    let replay = &session.replay;
    match format {
        Format::Summary => report::summary(out, subject, tally),
        Format::Json => report::json(out, subject, tally),
        Format::Table(form) => {
            report::table(out, (replay.table(), replay.now()), &session.listing, form)
        }
        Format::Expectations(form) => {
            report::expectations(out, (replay.table(), replay.now()), form)
        }
        Format::Stats => report::stats(out, subject, tally),
        Format::Prometheus => report::prometheus(out, subject, tally),
        Format::Packets | Format::Ledger | Format::Events(..) => Ok(()),
    }
}
