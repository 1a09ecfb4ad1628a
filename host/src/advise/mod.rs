//! `keeptrack advise`: what to change so that the table does not fill, what that saves and what it
//! breaks, all tried in one pass over the captures.

mod candidates;
pub mod change;
mod choice;
mod classes;
mod demand;
mod floors;
mod forecast;
mod json;
mod limits;
mod lines;
mod linted;
mod members;
pub mod paste;
mod print;
mod ram;
mod rank;
mod row;
mod sizes;
mod states;
mod words;

use std::io::Write;
use std::path::{Path, PathBuf};

use keeptrack_core::{Conn, Packet};

use crate::capture::Stop;
use crate::error::Error;
use crate::on_full::Spec;
use crate::options::{self, AdviseFormat, Output, When, World};
use crate::output;
use crate::path::Sighting;
use crate::progress::Progress;
use crate::report::{self, Reached};
use crate::run::Outcome;
use crate::trials::{Setting, Trials, Watch};
use crate::verdict::{Left, Verdict};
use candidates::Candidates;
pub use change::Target;
use change::{Change, Class, Role};
pub use choice::Letters;
use classes::Classes;
use forecast::{Evidence, Growing};
use paste::{Known, Paste, Servers};
use ram::Ram;
use rank::Advice;

/// Buckets of Linux's hash where neither they nor a limit are known: by itself Linux has so many
/// with 256 MiB of memory.
const USUAL_BUCKETS: u64 = 16_384;

/// What advice came to.
struct Advised<'a> {
    capture: String,
    /// Its format and interfaces, in words.
    described: String,
    reached: Reached,
    packet_count: u64,
    lasted_ms: u64,
    /// What set the limit, if anything did.
    limit_origin: Option<String>,
    policy: String,
    /// The name of the preset.
    preset: String,
    target: Target,
    advice: Advice,
    /// Whether another change was asked for than the smallest one.
    is_asked_for: bool,
    /// What is longer than the capture and goes on to grow.
    growing: Vec<Growing>,
    classes: &'a Classes,
    paste: Paste,
    notes: Vec<String>,
}

/// Looks over the scout's shoulder, and has changes tried.
struct Advisor {
    classes: Classes,
    candidates: Candidates,
}

/// Passes captures through a table for each change, and writes what each comes to and the lines for
/// the best.
///
/// # Errors
/// When there is no result, or only part of one: that part has been reported then.
pub(crate) fn advise(
    options: &options::Advise,
    (color, stop): (When, &Stop),
    stdout: &mut dyn Write,
) -> Result<Outcome, Error> {
    let (world, target) = (&options.world, options.target());
    refuse_tools(&options.output, target)?;
    let mut trials = Trials::open(world, &options.captures, stop)?;
    let captures = options.captures.iter().map(PathBuf::as_path);
    let read: Vec<&Path> = captures.chain(world.files()).collect();
    let summary = [Output { format: AdviseFormat::Summary, file: None }];
    let asked = if options.output.is_empty() { &summary[..] } else { &options.output };
    let documents = output::documents(asked, &read, color, stdout)?;
    let setting = setting(world, &trials, target);
    let candidates = Candidates::begin(&mut trials, target, setting.clone())?;
    let mut advisor = Advisor { classes: Classes::new(world.local.clone()), candidates };
    let progress = Progress::new(trials.total_bytes().filter(|_| !world.quiet));
    let progress = progress.doing("trying changes".to_owned());
    let done = trials.run(&mut advisor, &progress);
    progress.finish();
    let reached = Reached::by(&done, stop);
    if trials.packet_count() == 0 && reached != Reached::Interruption {
        return Err(done.err().unwrap_or_else(|| trials.nothing()));
    }
    if let (Reached::End, Some(error)) = (reached, trials.unread()) {
        return Err(error);
    }
    let advised = Advised::of(options, (&trials, &setting, reached), &advisor)?;
    if !world.quiet && asked.iter().all(|output| output.format != AdviseFormat::Summary) {
        for note in &advised.notes {
            // Nobody misses it where stderr is gone.
            let _ = writeln!(progress.stderr(), "warning: {note}");
        }
    }
    let written = output::write_all(documents, |format, out| match format {
        AdviseFormat::Summary => print::print(out, &advised),
        AdviseFormat::Json => json::json(out, &advised),
        AdviseFormat::Lines(tool) => lines::lines(out, &advised, tool),
    });
    done.and(written)?;
    Ok(if reached == Reached::Interruption { Outcome::Interrupted } else { Outcome::Done })
}

/// Lines for a tool that the target does not have would be empty, or only a part.
fn refuse_tools(asked: &[Output<AdviseFormat>], target: Target) -> Result<(), Error> {
    let tools = paste::tools(target);
    let wrong = asked.iter().find_map(|output| match output.format {
        AdviseFormat::Lines(tool) if !tools.contains(&tool) => Some(tool.name()),
        _ => None,
    });
    let Some(wrong) = wrong else { return Ok(()) };
    let target = target.name();
    let names: Vec<String> = tools.iter().map(|tool| format!("`-o {}`", tool.name())).collect();
    let help = format!("the lines for {target} are {}", names.join(" and "));
    Err(Error::Advice(format!("-o {wrong}: not for --target {target}"), help))
}

/// What was typed, with what the target does at a full table if nothing else was.
fn setting(world: &World, trials: &Trials, target: Target) -> Setting {
    let setting = trials.setting().clone();
    let is_typed = world.on_full.is_some() || world.firmware_config.is_some();
    if is_typed || target == Target::Keeptrack {
        return setting;
    }
    let buckets = trials.buckets().map(|(count, _)| *count).or(setting.max.map(|max| max as u64));
    Setting { spec: Spec::linux().with_buckets(buckets.unwrap_or(USUAL_BUCKETS)), ..setting }
}

impl<'a> Advised<'a> {
    fn of(
        options: &options::Advise,
        (trials, setting, reached): (&'a Trials, &Setting, Reached),
        Advisor { classes, candidates }: &'a Advisor,
    ) -> Result<Self, Error> {
        let (world, target) = (&options.world, options.target());
        let lasted_ms = trials.between().map_or(0, |(first, last)| last.since(first));
        let has_nat = setting.rules.skipped.has_nat;
        let evidence = Evidence { trials, classes, candidates, setting, lasted_ms, has_nat };
        let settings = trials.settings();
        let is_on = |switch: Option<(bool, _)>| switch.is_some_and(|(on, _)| on);
        let buckets = trials.buckets().map(|(count, _)| *count);
        let now = setting.max.map(|max| (max, buckets.unwrap_or(max as u64)));
        let is_counted = is_on(settings.acct()) || is_on(settings.timestamp());
        let ram = Ram { target, is_counted, now };
        let mut advice = Advice::of((evidence.now(), evidence.changed()), evidence.sizes(), ram);
        let asked_for =
            options.choose.as_ref().map(|letters| letters.choose(&advice)).transpose()?;
        let is_asked_for = asked_for.is_some_and(|asked_for| asked_for != advice.chosen);
        advice.chosen = asked_for.unwrap_or(advice.chosen);
        let mut notes = report::input_notes(world, trials.session());
        notes.extend(linted::note(world));
        let longest_s = setting.config.timeouts.tcp_established;
        notes.extend(limits::notes(classes, candidates, (lasted_ms, longest_s)));
        notes.extend(evidence.unreckoned());
        let changes = advice.chosen_changes();
        let known = Known { max: setting.max, buckets, servers: servers(&changes, classes) };
        let typed = world.max.filter(|max| setting.max == Some(*max)).map(|_| "--max".to_owned());
        Ok(Self {
            capture: trials.name(),
            described: report::described(trials.session()),
            reached,
            packet_count: trials.packet_count(),
            lasted_ms,
            limit_origin: typed.or_else(|| Some(settings.max()?.1.to_string())),
            policy: setting.spec.to_string(),
            preset: world.timeouts_name(),
            target,
            growing: evidence.growing(),
            classes,
            paste: match changes.as_slice() {
                [] => Paste::default(),
                changes => paste::paste(changes, target, &known),
            },
            advice,
            is_asked_for,
            notes,
        })
    }
}

/// Whom the host asks for the services that are to be tracked no longer.
fn servers(changes: &[Change], classes: &Classes) -> Vec<Servers> {
    let asked = changes.iter().filter_map(|change| match *change {
        Change::NoTrack(class @ Class::Service { protocol, port, role: Role::Client }) => {
            let addresses = classes.counter(class)?.servers.clone();
            Some(Servers { protocol, port, addresses })
        }
        _ => None,
    });
    asked.collect()
}

impl Watch for Advisor {
    fn was_open(&mut self, conn: &Conn) {
        self.classes.was_open(conn);
    }

    fn packet(&mut self, _: Option<&Packet<'_>>, sighting: Option<&Sighting>, verdict: &Verdict) {
        self.classes.packet(sighting, verdict);
    }

    fn ended(&mut self, left: &Left<'_>) {
        self.classes.ended(left);
    }

    fn batch(&mut self, trials: &mut Trials) -> Result<(), Error> {
        self.candidates.batch(trials, &self.classes)?;
        self.candidates.tried_classes().for_each(|class| self.classes.keep(class));
        self.classes.batch_passed();
        Ok(())
    }
}
