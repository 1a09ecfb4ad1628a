//! A replay made ready: what is read, the table that it goes through, and what was typed beside.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use keeptrack_core::{Config, Instant, TimeoutPolicy};

use crate::capture::{Captures, Kind, Source, Stop, Text, Warning, printable};
use crate::conntrack::GreTimeouts;
use crate::error::Error;
use crate::lane::Room;
use crate::lanes::{Asked, Run};
use crate::listing::{Listing, Switch, WhoTells};
use crate::log::Log;
use crate::on_full::Spec;
use crate::options::World;
use crate::progress::Progress;
use crate::replay::Replay;
use crate::report::Tally;
use crate::rules::{RuleSet, Texts};
use crate::seed::Seeded;
use crate::settings::{self, Settings};
use crate::setup::Setup;
use crate::units::Count;
use crate::verdict::Report;

/// Connections that are expected at a time; of Linux 6.18 with 262,144 buckets, as it has by
/// itself.
const EXPECT_MAX: usize = 4096;

/// A replay and all that belongs to it.
pub(crate) struct Session {
    pub(crate) input: Input,
    pub(crate) replay: Replay,
    pub(crate) settings: Settings,
    pub(crate) listing: Arc<Listing>,
    pub(crate) seeded: Seeded,
    pub(crate) config: Config,
    /// The entries that the table has; `None`: it grows.
    pub(crate) max: Option<usize>,
    /// The buckets that Linux would have, and what set them; `None`: as many as entries.
    pub(crate) buckets: Option<(u64, String)>,
    /// The policy of each table.
    pub(crate) specs: Vec<Spec>,
    /// What every table has in common.
    pub(crate) asked: Asked,
    /// What its rules were read from.
    pub(crate) texts: Texts,
    /// When the first packet came, or the first event.
    pub(crate) first: Option<Instant>,
    /// The last moment that counts.
    pub(crate) end: Option<Instant>,
}

/// What is replayed.
pub(crate) enum Input {
    /// Packets.
    Captures(Captures),
    /// What a kernel said.
    Log(Box<Log>),
}

impl Session {
    /// Reads what was typed, and of the input as much as tells when it begins. There is a table for
    /// each of `specs`, or for the usual policy without any.
    ///
    /// # Errors
    /// When any of it cannot be read or used.
    pub(crate) fn open(
        world: &World,
        specs: &[Spec],
        inputs: &[PathBuf],
        stop: &Stop,
    ) -> Result<Self, Error> {
        Self::with_room(world, (specs, Room::Fixed), inputs, stop)
    }

    /// The same, but with tables that grow if they are to, whatever their entries as typed.
    ///
    /// # Errors
    /// As of [`Session::open`].
    pub(crate) fn with_room(
        world: &World,
        (specs, room): (&[Spec], Room),
        inputs: &[PathBuf],
        stop: &Stop,
    ) -> Result<Self, Error> {
        refuse_stdin_twice(inputs.iter().map(PathBuf::as_path).chain(world.files()))?;
        let Setup { settings, config, rules, texts, specs, max, filter } = Setup::of(world, specs)?;
        let mut input = Input::open(inputs, stop)?;
        if let Input::Log(_) = &input {
            refuse_for_log(world, &specs)?;
        }
        let listing = Arc::new(listing(&input, (&config, &rules), &settings));
        let expect_max = settings.expect_max().map_or(EXPECT_MAX, |(max, _)| max);
        let buckets = buckets(world, &settings);
        let count = buckets.as_ref().map(|(count, _)| *count).or(max.map(|max| max as u64));
        let buckets_each = |spec: &Spec| match count {
            Some(count) => spec.clone().with_buckets(count),
            None => spec.clone(),
        };
        let specs: Vec<Spec> = specs.iter().map(buckets_each).collect();
        let fragments = settings.fragments();
        let asked = Asked {
            key: world.hash_seed.seed(),
            begins_open: !world.seed_table.is_empty(),
            max: max.filter(|_| room == Room::Fixed),
            run: Run::Replay,
            expect_max,
            config,
            rules,
            fragments,
            filter,
        };
        let mut replay = asked.replay(world, &specs, &listing)?;
        let first = input.first()?;
        let seeded = match first {
            Some(first) => replay.seed(&world.seed_table, first, &config, stop)?,
            None => Seeded::default(),
        };
        let end = first.and_then(|first| Some(world.until?.instant(first)));
        Ok(Self {
            input,
            replay,
            settings,
            listing,
            seeded,
            config,
            max,
            buckets,
            specs,
            asked,
            texts,
            first,
            end,
        })
    }

    /// Replays all of the input, or as much of it as counts, and tells each table's report.
    ///
    /// # Errors
    /// When it cannot be read further or told of; what was told before stands.
    pub(crate) fn run(
        &mut self,
        reports: &mut [&mut dyn Report],
        progress: &Progress,
    ) -> Result<(), Error> {
        for (lane, report) in self.replay.lanes().zip(&mut *reports) {
            lane.tell_open(*report);
        }
        match (&mut self.input, reports) {
            (Input::Captures(captures), reports) => {
                self.replay.run(captures, self.end, reports, progress)
            }
            (Input::Log(log), [report, ..]) => {
                self.replay.follow(log, (self.end, &self.config), *report, progress)
            }
            (Input::Log(_), []) => Ok(()),
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

/// A log has no packets.
fn refuse_for_log(world: &World, specs: &[Spec]) -> Result<(), Error> {
    if let Some(file) = world.rules.first().or(world.firmware_config.as_ref()) {
        return Err(Error::RulesForLog(printable(&file.display().to_string())));
    }
    match specs {
        [_, _, ..] => Err(Error::PolicyForLog("--compare".into())),
        [spec] if spec.is_peer() => Err(Error::PolicyForLog(format!("--on-full {spec}"))),
        _ => Ok(()),
    }
}

/// The buckets of Linux's hash, as far as anybody says, and who.
fn buckets(world: &World, settings: &Settings) -> Option<(u64, String)> {
    let typed = world.buckets.map(|count| (settings::in_pages(count as u64), "--buckets".into()));
    typed.or_else(|| settings.buckets().map(|(count, origin)| (count, origin.to_string())))
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
