//! Many tables in one pass over captures, on all cores: what each change of a setting would have
//! done.
//!
//! Captures are read in batches. A batch passes the [scout](scout) first, a table without limits
//! under what was typed, and whoever watches it; then every trial passes the batch, as many at a
//! time as there are cores. Trials see the packets, paths and times that a replay sees: what each
//! comes to is what a replay with its settings alone comes to.

mod batch;
mod outcome;
mod scout;
mod shared;
mod trial;

use std::mem;
use std::panic;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;

use keeptrack_core::{Config, Conn, Instant, Packet, Restored, TimeoutPolicy};

use self::batch::{Arena, Filled, Item, Limits};
pub(crate) use self::outcome::{Harmed, Outcome};
use self::scout::{Scout, Told};
use self::shared::{Kin, Place, share};
use self::trial::Trial;
use crate::capture::Stop;
use crate::error::Error;
use crate::lane::Room;
use crate::lanes::{Asked, Run};
use crate::on_full::Spec;
use crate::options::World;
use crate::path::Sighting;
use crate::progress::Progress;
use crate::rules::RuleSet;
use crate::session::{Input, Session};
use crate::settings::Settings;
use crate::source::Source;
use crate::verdict::{Left, Verdict};

/// What one table of several has of its own.
#[derive(Clone)]
pub(crate) struct Setting {
    /// Its entries; `None`: it grows.
    pub(crate) max: Option<usize>,
    /// Its timeouts, and how it tracks protocols.
    pub(crate) config: Config,
    /// Its rules.
    pub(crate) rules: RuleSet,
    /// What it does when it is full; of Linux with its buckets.
    pub(crate) spec: Spec,
}

/// A table that is tried, by the order in which they were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TrialId(usize);

/// Tables that are tried, and what they are tried with.
pub(crate) struct Trials {
    session: Session,
    setting: Setting,
    /// What was open at the start, the oldest first.
    open: Vec<Restored>,
    scout: Scout,
    trials: Vec<Place>,
    /// How many of them are in their places: they run, or wait for one that does.
    placed_count: usize,
    limits: Limits,
}

/// Who looks over the scout's shoulder.
pub(crate) trait Watch {
    /// A packet passed the scout, or a record that holds none.
    fn packet(
        &mut self,
        packet: Option<&Packet<'_>>,
        sighting: Option<&Sighting>,
        verdict: &Verdict,
    );

    /// A connection is in the scout's table before the first packet.
    fn was_open(&mut self, _conn: &Conn) {}

    /// A connection left the scout's table.
    fn ended(&mut self, left: &Left<'_>);

    /// The scout has passed a batch, and the trials have not: those that are forked now begin with
    /// it.
    ///
    /// # Errors
    /// When a trial cannot be forked; none passes the batch then.
    fn batch(&mut self, _trials: &mut Trials) -> Result<(), Error> {
        Ok(())
    }
}

impl Trials {
    /// Reads what was typed, and of the captures as much as tells when they begin. The scout stands
    /// ready, and no trial.
    ///
    /// # Errors
    /// When any of it cannot be read or used, or the input is a log, which has no packets.
    pub(crate) fn open(world: &World, inputs: &[PathBuf], stop: &Stop) -> Result<Self, Error> {
        let specs = world.on_full.as_slice();
        let session = Session::with_room(world, (specs, Room::Growing), inputs, stop)?;
        if let Input::Log(log) = &session.input {
            return Err(Error::TrialsOfLog(log.file().to_owned()));
        }
        let setting = Setting {
            max: session.max,
            config: session.config,
            rules: session.asked.rules.clone(),
            spec: session.specs.first().cloned().unwrap_or_else(Spec::ranked),
        };
        let (scout, limits) = (Scout::new(), Limits::USUAL);
        let open = session.replay.lane.open(session.first.unwrap_or_default());
        Ok(Self { session, setting, open, scout, trials: Vec::new(), placed_count: 0, limits })
    }

    /// What was typed.
    pub(crate) const fn setting(&self) -> &Setting {
        &self.setting
    }

    /// The settings as they were read.
    pub(crate) const fn settings(&self) -> &Settings {
        &self.session.settings
    }

    /// The buckets that Linux would have, and what set them; `None`: as many as entries.
    pub(crate) const fn buckets(&self) -> Option<&(u64, String)> {
        self.session.buckets.as_ref()
    }

    /// The rules as typed, with those of one more text behind them.
    ///
    /// # Errors
    /// When there are too many then, or the text is wrong.
    pub(crate) fn compile(&self, more: Source) -> Result<RuleSet, Error> {
        Ok(self.session.texts.with(more)?)
    }

    /// One more table that is tried, from the first packet on: it may be added as long as no trial
    /// has passed a batch, in the first call of [`Watch::batch`] at the latest.
    ///
    /// # Errors
    /// When its policy does not fit, or there is not the memory.
    pub(crate) fn add(&mut self, setting: Setting) -> Result<TrialId, Error> {
        let Setting { max, config, rules, spec } = setting;
        let asked = Asked { max, config, rules, run: Run::Trial, ..self.session.asked.clone() };
        let class_count = asked.rules.classes().count();
        let kin = spec.waits_until_full(class_count).then(|| Kin {
            config,
            sources: asked.rules.sources.clone(),
            spec: spec.clone(),
            key: asked.key,
            origin: None,
            max: max.unwrap_or(usize::MAX),
        });
        let mut lane = asked.lane(&spec, None)?;
        let first = self.session.first.unwrap_or_default();
        for open in &self.open {
            // What the table refuses, or has it leave, is not there at the start.
            let _ = lane.restore(first, open)?;
        }
        Ok(self.push(Trial::new(lane, max, kin)))
    }

    /// One more table that is tried: as that one is now, but under those rules from here on, and
    /// without the connections that these leave untracked. What it came to before is that of the
    /// other one. For connections that [`Watch::batch`] has just met for the first time that is
    /// exact.
    ///
    /// # Errors
    /// When there is not the memory.
    pub(crate) fn fork(
        &mut self,
        of: TrialId,
        rules: RuleSet,
        untracked: &dyn Fn(&Conn) -> bool,
    ) -> Result<TrialId, Error> {
        self.push_fork(of, |trial| Ok(trial.fork(rules, untracked)))
    }

    /// One more table that is tried: as that one is now, but with those timeouts from here on. What
    /// it came to before is that of the other one. For a timeout that no connection has lived by
    /// before the batch that [`Watch::batch`] is about, that is exact.
    ///
    /// # Errors
    /// When there is not the memory.
    pub(crate) fn fork_with_timeouts(
        &mut self,
        of: TrialId,
        timeouts: TimeoutPolicy,
    ) -> Result<TrialId, Error> {
        self.push_fork(of, |trial| trial.with_timeouts(timeouts))
    }

    /// Passes the captures through all tables, or as much of them as counts.
    ///
    /// # Errors
    /// When they cannot be read further, or a table cannot grow; what was counted before stands.
    pub(crate) fn run(&mut self, watch: &mut dyn Watch, progress: &Progress) -> Result<(), Error> {
        let Self { session, scout, .. } = self;
        let mut told = Told { scout, watch, packet: None, sighting: None };
        session.replay.lane.tell_open(&mut told);
        let mut arena = Arena::default();
        loop {
            let filled = match &mut self.session.input {
                Input::Captures(captures) => {
                    arena.fill(captures, (self.limits, self.session.end), progress)
                }
                Input::Log(_) => Filled::End,
            };
            self.pass(&arena, watch)?;
            match filled {
                Filled::More => {}
                Filled::End => return self.finish(watch),
                Filled::Failed(error) => return Err(error),
            }
        }
    }

    /// What a trial came to.
    pub(crate) fn outcome(&self, id: TrialId) -> &Outcome {
        &self.leader(id.0).1.counts.outcome
    }

    /// What the scout came to.
    pub(crate) const fn scout(&self) -> &Outcome {
        &self.scout.outcome
    }

    /// Packets of the captures that were read.
    pub(crate) const fn packet_count(&self) -> u64 {
        self.scout.tally.packet_count
    }

    /// When the first packet came, and the last that was read.
    pub(crate) fn between(&self) -> Option<(Instant, Instant)> {
        self.scout.tally.first_packet.zip(self.scout.tally.last_packet)
    }

    /// What the captures are called in messages.
    pub(crate) fn name(&self) -> String {
        self.session.input.name()
    }

    /// How many bytes there are to be read, if that is known.
    pub(crate) fn total_bytes(&self) -> Option<u64> {
        self.session.input.total_bytes()
    }

    /// The session behind it: what a report says of an input and of what was typed.
    pub(crate) const fn session(&self) -> &Session {
        &self.session
    }

    /// Why there is nothing to report.
    pub(crate) fn nothing(&self) -> Error {
        self.session.nothing()
    }

    /// Why nothing of the input was tracked although it could be read.
    pub(crate) fn unread(&self) -> Option<Error> {
        self.session.unread(&self.scout.tally)
    }

    /// Passes a batch through the scout, and then through all trials.
    fn pass(&mut self, arena: &Arena, watch: &mut dyn Watch) -> Result<(), Error> {
        let mut sightings = Vec::new();
        let name = self.name();
        let replay = &mut self.session.replay;
        let source = (name.as_str(), replay.lane.ct.rules());
        let (mut items, read) = arena.read(&mut replay.front, source, &mut sightings);
        items.iter_mut().for_each(|item| item.see(&sightings));
        self.lead(&items, &sightings, watch)?;
        // Before and behind it: a fork of one that waits is kin to the forks of the one that runs.
        self.place();
        watch.batch(self)?;
        self.place();
        let passed = try_all(&mut self.trials, &|trial| trial.pass(&items, &self.scout));
        self.settle();
        passed.and(read)
    }

    /// Finds those that are new their places.
    fn place(&mut self) {
        share(&mut self.trials, self.placed_count);
        self.placed_count = self.trials.len();
    }

    /// Those that became full run by themselves.
    fn settle(&mut self) {
        let running = self.trials.iter_mut().filter_map(Place::running);
        let begun: Vec<_> = running.flat_map(|trial| mem::take(&mut trial.begun)).collect();
        for (id, trial) in begun {
            self.trials[id] = Place::Runs(Box::new(trial));
        }
    }

    /// Has what `fork` makes of a trial begin, with the entries of that one.
    fn push_fork(
        &mut self,
        TrialId(of): TrialId,
        fork: impl FnOnce(&Trial) -> Result<Trial, Error>,
    ) -> Result<TrialId, Error> {
        let (origin, trial) = self.leader(of);
        let mut fork = match (fork(trial)?, trial.max_of(of)) {
            (fork, Some(max)) => fork.smaller(max)?,
            (fork, None) => fork,
        };
        if let Some(kin) = &mut fork.kin {
            kin.origin = Some(origin);
        }
        Ok(self.push(fork))
    }

    fn push(&mut self, trial: Trial) -> TrialId {
        self.trials.push(Place::Runs(Box::new(trial)));
        TrialId(self.trials.len() - 1)
    }

    /// The trial that stands for that one, which it may be itself, and its number.
    fn leader(&self, id: usize) -> (usize, &Trial) {
        match &self.trials[id] {
            Place::Runs(trial) => (id, trial),
            Place::As(leader) => self.leader(*leader),
        }
    }

    /// Passes a batch through the scout.
    fn lead(
        &mut self,
        items: &[Item<'_>],
        sightings: &[Sighting],
        watch: &mut dyn Watch,
    ) -> Result<(), Error> {
        let Self { session, scout, .. } = self;
        scout.begin();
        for item in items {
            let packet = item.packet.as_ref().ok();
            let sighting = item.sighting(sightings);
            let mut told = Told { scout, watch, packet, sighting };
            session.replay.lane.pass(item.stamp, &item.packet, &mut told)?;
        }
        Ok(())
    }

    /// Lets the time pass until the end that was typed, unless somebody asked for an earlier one.
    fn finish(&mut self, watch: &mut dyn Watch) -> Result<(), Error> {
        let was_stopped = match &self.session.input {
            Input::Captures(captures) => captures.was_stopped(),
            Input::Log(_) => true,
        };
        let Some(end) = self.session.end.filter(|_| !was_stopped) else { return Ok(()) };
        let Self { session, scout, trials, .. } = self;
        let mut told = Told { scout, watch, packet: None, sighting: None };
        session.replay.pass_time(end, &mut [&mut told])?;
        let now_ns = session.replay.front.clock.latest_ns();
        try_all(trials, &|trial| trial.pass_time(now_ns))
    }
}

/// Does that to every trial, on all cores, also to those behind one that fails; the first error is
/// that of all.
fn try_all(
    trials: &mut [Place],
    pass: &(dyn Fn(&mut Trial) -> Result<(), Error> + Sync),
) -> Result<(), Error> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let thread_count = cores.min(trials.len());
    let waiting = Mutex::new(trials.iter_mut().filter_map(Place::running));
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut done = Ok(());
        while let Some(trial) = next() {
            done = done.and(pass(trial));
        }
        done
    };
    thread::scope(|scope| {
        // As many as the system gives: one is there.
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..thread_count).map_while(spawn).collect();
        let done = work();
        others.into_iter().fold(done, |done, thread| {
            done.and(thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
        })
    })
}

#[cfg(test)]
mod tests;
