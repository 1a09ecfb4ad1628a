//! A run of the program: options to reports.

use std::io::{self, Write};

use keeptrack_core::{Conntrack, Ended, Instant};

use crate::capture::Capture;
use crate::error::Error;
use crate::memory::Heap;
use crate::options::{self, Command, Format, Options};
use crate::output::{self, Sink};
use crate::path::Places;
use crate::progress::Progress;
use crate::replay::{Replay, Room};
use crate::report::{self, KernelLog, Packets, Reached, Subject, Tally};
use crate::rules::{self, RuleSet};
use crate::sight::Sight;
use crate::verdict::{Report, Verdict};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As asked.
    Done,
    /// As asked, and something was found that `--check` asked about.
    Finding,
}

/// The entries of a table that grows, at first.
const FIRST_ENTRIES: usize = 1 << 16;

/// Does what `options` ask; results go to `stdout`, unless to files.
///
/// # Errors
/// When there is no result, or only part of one: that part has been reported then.
pub fn run(options: &Options, stdout: &mut dyn Write) -> Result<Outcome, Error> {
    match &options.command {
        Command::Replay(options) => replay(options, stdout),
    }
}

fn replay(options: &options::Replay, stdout: &mut dyn Write) -> Result<Outcome, Error> {
    let rules = rules::load(&options.rules)?;
    let mut capture = Capture::open(&options.capture)?;
    let mut replay = table(options, rules)?;
    let mut sinks = output::open(options, stdout)?;
    let progress = Progress::new(capture.total_bytes().filter(|_| !options.quiet));
    let log = (!options.quiet).then(|| KernelLog::new(progress.stderr()));

    let mut reports = Reports::new(options.max, &mut sinks, log);
    let done = replay.run(&mut capture, &mut reports, &progress);
    let tally = reports.finish();
    progress.finish();
    if tally.packet_count == 0 {
        // There is nothing to report.
        return Err(done.err().unwrap_or_else(|| no_packets(&capture)));
    }
    if let (Ok(()), Some(links)) = (&done, tally.unread_links()) {
        return Err(Error::UnreadLinks(capture.file().to_owned(), links));
    }
    let reached = if done.is_ok() { Reached::End } else { Reached::Trouble };
    let subject = Subject::new(options, &capture, &replay, reached);
    for sink in &mut sinks {
        match sink.format {
            Format::Packets => {}
            Format::Json => report::json(&mut sink.out, &subject, &tally)?,
            Format::Summary => report::summary(&mut sink.out, &subject, &tally)?,
        }
        sink.out.flush()?;
    }
    done?;
    let found = options.check && tally.drop_count > 0;
    Ok(if found { Outcome::Finding } else { Outcome::Done })
}

fn no_packets(capture: &Capture) -> Error {
    Error::NoPackets(capture.file().to_owned(), capture.warning())
}

/// An empty table as `options` ask for it.
fn table(options: &options::Replay, rules: RuleSet) -> Result<Replay, Error> {
    let entries = options.max.unwrap_or(FIRST_ENTRIES);
    let memory = Heap::new(entries).ok_or(Error::NoMemory(entries))?;
    let ct = Conntrack::new(memory, options.preset.config(), options.hash_seed.seed())?;
    let room = if options.max.is_some() { Room::Fixed } else { Room::Growing };
    let naming = options.iface.clone().unwrap_or_default();
    let sight = Sight::new(Places::new(naming, options.local.clone()));
    Ok(Replay::new(ct.with_rules(rules), room, sight, options.copies))
}

/// All that is told during a replay.
struct Reports<'r, W> {
    tally: Tally,
    packets: Vec<Packets<&'r mut dyn Write>>,
    log: Option<KernelLog<W>>,
}

impl<'r, W: Write> Reports<'r, W> {
    fn new(max: Option<usize>, sinks: &'r mut [Sink<'_>], log: Option<KernelLog<W>>) -> Self {
        let lines = sinks.iter_mut().filter(|sink| sink.format == Format::Packets);
        let packets = lines.map(|sink| Packets::new(&mut *sink.out as &mut dyn Write)).collect();
        Self { tally: Tally::new(max), packets, log }
    }

    fn finish(mut self) -> Tally {
        self.log(KernelLog::finish);
        self.tally
    }

    /// What the kernel says is said as long as there is somebody to hear it.
    fn log(&mut self, say: impl FnOnce(&mut KernelLog<W>) -> io::Result<()>) {
        if self.log.as_mut().is_some_and(|log| say(log).is_err()) {
            self.log = None;
        }
    }
}

impl<W: Write> Report for Reports<'_, W> {
    fn packet(&mut self, verdict: &Verdict) -> io::Result<()> {
        self.tally.packet(verdict)?;
        self.packets.iter_mut().try_for_each(|lines| lines.packet(verdict))?;
        self.log(|log| log.packet(verdict));
        Ok(())
    }

    fn ended(&mut self, now: Instant, ended: &Ended) -> io::Result<()> {
        self.tally.ended(now, ended)?;
        self.packets.iter_mut().try_for_each(|lines| lines.ended(now, ended))?;
        self.log(|log| log.ended(now, ended));
        Ok(())
    }
}
