//! A replay made ready: what is read, the table that it goes through, and what was typed beside.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use keeptrack_core::fragment::{AsLinux, Limits, Queue, Run};
use keeptrack_core::{Config, Conntrack, Helpers, Instant, TimeoutPolicy};

use crate::capture::{Captures, Kind, Source, Stop, Text, Warning, printable};
use crate::conntrack::GreTimeouts;
use crate::error::Error;
use crate::listing::{Listing, Switch, WhoTells};
use crate::log::Log;
use crate::memory::{Heap, helper_slots};
use crate::options::{MAX_ENTRIES, World};
use crate::path::Places;
use crate::progress::Progress;
use crate::replay::{Datagrams, Replay, Room};
use crate::report::Tally;
use crate::rules::{self, RuleSet};
use crate::seed::Seeded;
use crate::settings::Settings;
use crate::sight::Sight;
use crate::units::Count;
use crate::verdict::Report;

/// The entries of a table that grows, at first.
const FIRST_ENTRIES: usize = 1 << 16;
/// How many datagrams may wait for parts of them at once, and how many stretches of them: Linux's
/// thresholds let less wait, of which each part takes 704 bytes and each datagram 184 besides.
const QUEUES: usize = 10_000;
const RUNS: usize = 12_000;

/// Connections that may have a helper at a time: as many as a table of helpers can tell apart.
const HELPER_SLOTS: usize = u16::MAX as usize;
/// Connections that are expected at a time; of Linux 6.18 with 262,144 buckets, as it has by itself.
const EXPECT_MAX: usize = 4096;

/// A replay and all that belongs to it.
pub(crate) struct Session {
    pub(crate) input: Input,
    pub(crate) replay: Replay,
    pub(crate) settings: Settings,
    pub(crate) listing: Rc<Listing>,
    pub(crate) seeded: Seeded,
    pub(crate) config: Config,
    /// The entries that the table has; `None`: it grows.
    pub(crate) max: Option<usize>,
    /// When the first packet came, or the first event.
    first: Option<Instant>,
    /// The last moment that counts.
    end: Option<Instant>,
}

/// What is replayed.
pub(crate) enum Input {
    /// Packets.
    Captures(Captures),
    /// What a kernel said.
    Log(Box<Log>),
}

impl Session {
    /// Reads what was typed, and of the input as much as tells when it begins.
    ///
    /// # Errors
    /// When any of it cannot be read or used.
    pub(crate) fn open(world: &World, inputs: &[PathBuf], stop: &Stop) -> Result<Self, Error> {
        refuse_stdin_twice(inputs.iter().map(PathBuf::as_path).chain(world.files()))?;
        let settings = Settings::load(&world.config)?;
        let config = settings.apply(world.preset.config());
        let rules = rules::load(&world.rules, &world.timeout_policies, &config.timeouts)?;
        let mut input = Input::open(inputs, stop)?;
        if let (Input::Log(_), Some(file)) = (&input, world.rules.first()) {
            return Err(Error::RulesForLog(printable(&file.display().to_string())));
        }
        let max = match (world.max, settings.max()) {
            (None, Some((max, origin))) if max > MAX_ENTRIES => {
                return Err(Error::TooManyEntries(max, origin.to_string()));
            }
            (typed, set) => typed.or(set.map(|(max, _)| max)),
        };
        let listing = Rc::new(listing(&input, (&config, &rules), &settings));
        let expect_max = settings.expect_max().map_or(EXPECT_MAX, |(max, _)| max);
        let limits = (max, expect_max);
        let fragments = fragments(settings.fragments());
        let mut replay = table(world, limits, (config, rules, fragments), Rc::clone(&listing))?;
        let first = input.first()?;
        let seeded = match first {
            Some(first) => replay.seed(&world.seed_table, first, &config, stop)?,
            None => Seeded::default(),
        };
        let end = first.and_then(|first| Some(world.until?.instant(first)));
        Ok(Self { input, replay, settings, listing, seeded, config, max, first, end })
    }

    /// Replays all of the input, or as much of it as counts.
    ///
    /// # Errors
    /// When it cannot be read further or told of; what was told before stands.
    pub(crate) fn run(
        &mut self,
        report: &mut dyn Report,
        progress: &Progress,
    ) -> Result<(), Error> {
        self.replay.tell_open(report);
        match &mut self.input {
            Input::Captures(captures) => self.replay.run(captures, self.end, report, progress),
            Input::Log(log) => self.replay.follow(log, (self.end, &self.config), report, progress),
        }
    }

    /// What should be said of it all although it could be used.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = self.input.notes();
        notes.extend(self.seeded.notes());
        notes.extend(self.replay.notes());
        notes.extend(self.settings.ignored().map(|ignored| ignored.to_string()));
        let others = self.settings.other_count();
        if others > 0 {
            notes.push(format!(
                "settings that are none of conntrack's, left out: {}",
                Count(others as u64)
            ));
        }
        notes
    }

    /// Why nothing of the input was tracked although it could be read.
    pub(crate) fn unread(&self, tally: &Tally) -> Option<Error> {
        let Input::Captures(captures) = &self.input else { return None };
        let nothing = self.replay.nothing_seen(&captures.name()).map(Error::from);
        nothing.or_else(|| Some(Error::UnreadLinks(captures.name(), tally.unread_links()?)))
    }

    /// Why there is nothing to report.
    pub(crate) fn nothing(&self) -> Error {
        if let (Some(first), Some(_)) = (self.first, self.end) {
            return Error::NothingUntil(self.input.name(), first);
        }
        match &self.input {
            Input::Captures(captures) => {
                let mut warnings = captures.warnings().map(|(_, warning)| warning);
                let warning = warnings.find(|warning| !matches!(warning, Warning::Empty));
                Error::NoPackets(captures.name(), warning)
            }
            Input::Log(log) => Error::NoEvents(log.file().to_owned()),
        }
    }
}

/// stdin can be read by one only.
pub(crate) fn refuse_stdin_twice<'f>(files: impl Iterator<Item = &'f Path>) -> Result<(), Error> {
    match files.filter(|file| file.as_os_str() == "-").count() {
        0 | 1 => Ok(()),
        _ => Err(Error::StdinTwice),
    }
}

impl Input {
    fn open(inputs: &[PathBuf], stop: &Stop) -> Result<Self, Error> {
        if let [input] = inputs {
            let source = Source::open(input, stop)?;
            if source.kind() == Kind::Text(Text::Events) {
                return Ok(Self::Log(Box::new(Log::new(source))));
            }
            return Ok(Self::Captures(Captures::from_source(source, stop)?));
        }
        Ok(Self::Captures(Captures::open(inputs, stop)?))
    }

    /// What it is called in messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Captures(captures) => captures.name(),
            Self::Log(log) => log.file().to_owned(),
        }
    }

    /// When the first packet came, or the first event.
    fn first(&mut self) -> Result<Option<Instant>, Error> {
        let time_ns = match self {
            Self::Captures(captures) => captures.next_time_ns()?,
            Self::Log(log) => log.next_time_ns()?,
        };
        Ok(time_ns.map(|time_ns| Instant::from_millis(time_ns / 1_000_000)))
    }

    /// What should be said of it although it could be read.
    fn notes(&self) -> Vec<String> {
        match self {
            Self::Captures(captures) => {
                let is_one = captures.files().len() == 1;
                let said = |(file, warning): (&str, Warning)| match is_one {
                    true => warning.to_string(),
                    false => format!("{file}: {warning}"),
                };
                captures.warnings().map(said).collect()
            }
            Self::Log(log) => log.notes(),
        }
    }

    /// How many bytes there are to be read, if that is known.
    pub(crate) fn total_bytes(&self) -> Option<u64> {
        match self {
            Self::Captures(captures) => captures.total_bytes(),
            Self::Log(log) => log.total_bytes(),
        }
    }
}

/// An empty table as `world` asks for it.
fn table(
    world: &World,
    (max, expect_max): (Option<usize>, usize),
    (config, rules, fragments): (Config, RuleSet, Datagrams),
    listing: Rc<Listing>,
) -> Result<Replay, Error> {
    let entries = max.unwrap_or(FIRST_ENTRIES);
    let memory = Heap::new(entries).ok_or(Error::NoMemory(entries))?;
    let listens = rules.has_helper() || !world.seed_table.is_empty();
    let slot_count = if listens { entries.min(HELPER_SLOTS) } else { 0 };
    let slots = helper_slots(slot_count).ok_or(Error::NoMemory(entries))?;
    let ct = Conntrack::new(memory, config, world.hash_seed.seed())?
        .with_helpers(Helpers::new(slots, expect_max));
    let room = if max.is_some() { Room::Fixed } else { Room::Growing };
    let sight =
        Sight::new(Places::new(world.iface.clone().unwrap_or_default(), world.local.clone()));
    let ct = ct.with_rules(rules).with_fragments(fragments);
    Ok(Replay::new((ct, room), sight, world.copies, listing))
}

/// The stage that puts datagrams together.
fn fragments(limits: Limits) -> Datagrams {
    AsLinux::new(vec![Queue::EMPTY; QUEUES].into(), vec![Run::EMPTY; RUNS].into(), limits)
}

fn listing(input: &Input, (config, rules): (&Config, &RuleSet), settings: &Settings) -> Listing {
    let who_tells = match input {
        Input::Captures(_) => WhoTells::Table,
        Input::Log(_) => WhoTells::Log,
    };
    let on = |setting: Option<(bool, _)>| match setting {
        Some((true, _)) => Switch::On,
        _ => Switch::Off,
    };
    let gre = |timeouts: &TimeoutPolicy| GreTimeouts {
        unreplied: timeouts.gre,
        stream: timeouts.gre_stream,
    };
    let by_policy = rules.policies().map(gre).collect();
    let switches = (on(settings.acct()), on(settings.timestamp()));
    Listing::new(who_tells, switches, (gre(&config.timeouts), by_policy))
}
