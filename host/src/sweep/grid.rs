//! All combinations of what is swept, and the table that each of them is tried with.

use keeptrack_core::TimeoutPolicy;

use super::MAX_SETTINGS;
use super::axis::{Axis, Key, Value};
use super::room;
use super::unfit::Unfit;
use crate::error::Error;
use crate::on_full::Spec;
use crate::options::World;
use crate::trials::{Outcome, Setting, TrialId, Trials};

/// What is swept, and what is left as it is.
pub(super) struct Grid {
    pub(super) axes: Vec<Axis>,
    now: Now,
}

/// The settings as they were typed.
struct Now {
    setting: Setting,
    /// The policy as it was typed: without buckets, if it did not say them.
    spec: Spec,
    /// The buckets that Linux would have, if anybody says.
    buckets: Option<u64>,
}

/// One combination: the place of its value in each axis.
pub(super) type Point = Vec<usize>;

/// A combination that will be tried.
pub(super) struct Planned {
    point: Point,
    setting: Setting,
    buckets: Option<u64>,
    id: TrialId,
    /// The table without a limit under the same timeouts; `None`: that is the scout.
    unlimited: Option<TrialId>,
}

/// A combination and what it came to.
pub(super) struct Tried<'t> {
    pub(super) point: &'t Point,
    /// The entries of the table; `None`: it grows.
    pub(super) max: Option<usize>,
    /// The buckets of Linux's hash; `None`: as many as entries of a table that grows.
    pub(super) buckets: Option<u64>,
    pub(super) spec: &'t Spec,
    pub(super) outcome: &'t Outcome,
    /// What the same traffic came to under the same timeouts in a table without a limit.
    pub(super) unlimited: &'t Outcome,
}

impl Grid {
    /// All combinations of these.
    ///
    /// # Errors
    /// When they do not fit together, or to what is tried on.
    pub(super) fn new(axes: Vec<Axis>, world: &World, trials: &Trials) -> Result<Self, Error> {
        let setting = trials.setting().clone();
        let spec = match &world.firmware_config {
            Some(_) => setting.spec.clone(),
            None => world.on_full.clone().unwrap_or_else(Spec::ranked),
        };
        let now = Now { setting, spec, buckets: trials.buckets().map(|(count, _)| *count) };
        let grid = Self { axes, now };
        grid.check(world).map_err(Error::Sweep)?;
        Ok(grid)
    }

    fn check(&self, world: &World) -> Result<(), Unfit> {
        let has = |key: Key| self.axes.iter().any(|axis| axis.key == key);
        let about_full = [Key::OnFull, Key::Buckets].into_iter().find(|key| has(*key));
        if let Some(key) = about_full {
            if world.firmware_config.is_some() {
                return Err(Unfit::OfImage(key.name()));
            }
            if self.now.setting.max.is_none() && !has(Key::Max) {
                return Err(Unfit::NeverFull(key.name()));
            }
        }
        if has(Key::Buckets) {
            self.check_buckets()?;
        }
        Ok(())
    }

    /// That every bucket counts for somebody.
    fn check_buckets(&self) -> Result<(), Unfit> {
        let mut linux = self.specs().into_iter().filter(|spec| spec.is_linux()).peekable();
        if linux.peek().is_none() {
            return Err(Unfit::NoLinux);
        }
        match linux.find(|spec| spec.buckets().is_some()) {
            Some(spec) => Err(Unfit::BucketsTwice(spec.to_string())),
            None => Ok(()),
        }
    }

    /// The policies that are tried.
    pub(super) fn specs(&self) -> Vec<&Spec> {
        let values = self.axes.iter().flat_map(|axis| &axis.values);
        let swept: Vec<_> = values
            .filter_map(|value| if let Value::OnFull(spec) = value { Some(spec) } else { None })
            .collect();
        if swept.is_empty() { vec![&self.now.spec] } else { swept }
    }

    /// Whether a table is Linux's, and nobody has said its buckets.
    pub(super) fn has_untold_buckets(&self) -> bool {
        let is_told =
            self.now.buckets.is_some() || self.axes.iter().any(|axis| axis.key == Key::Buckets);
        let is_untold = |spec: &&Spec| spec.is_linux() && spec.buckets().is_none();
        !is_told && self.specs().iter().any(is_untold)
    }

    /// The settings as they were typed.
    pub(super) const fn now(&self) -> &Setting {
        &self.now.setting
    }

    /// The value that a setting has by what was typed, if it has one.
    pub(super) fn value_now(&self, key: Key) -> Option<Value> {
        let Now { setting, spec, buckets } = &self.now;
        match key {
            Key::Max => setting.max.map(Value::Entries),
            Key::Buckets => buckets.or(setting.max.map(|max| max as u64)).map(Value::Buckets),
            Key::OnFull => Some(Value::OnFull(spec.clone())),
            Key::Timeout(timeout) => {
                Some(Value::Timeout(timeout, setting.config.timeouts.seconds(timeout)))
            }
        }
    }

    /// Whether one of its values is what was typed.
    pub(super) fn has_now(&self, axis: &Axis) -> bool {
        self.value_now(axis.key).is_some_and(|now| axis.values.contains(&now))
    }

    /// The value of an axis at a place.
    pub(super) fn value(&self, axis: usize, at: usize) -> Option<&Value> {
        self.axes.get(axis)?.values.get(at)
    }

    /// Whether a combination is what was typed.
    pub(super) fn is_now(&self, point: &[usize]) -> bool {
        self.axes
            .iter()
            .zip(point)
            .all(|(axis, &at)| axis.values.get(at) == self.value_now(axis.key).as_ref())
    }

    /// Puts a table for each combination into `trials`, and those without a limit that they are
    /// measured by.
    ///
    /// # Errors
    /// When there are too many, or there is not the memory.
    pub(super) fn plan(&self, trials: &mut Trials) -> Result<Vec<Planned>, Error> {
        let points = self.points();
        let tables = points.iter().filter_map(|point| self.setting(point).0.max);
        let room = room::check(tables).map_err(Error::Sweep)?;
        let no_memory = |error| match error {
            Error::NoMemory(_) => Error::Sweep(Unfit::Memory(room)),
            other => other,
        };
        let mut unlimited = Unlimited::default();
        let plan = |point: Point| {
            let (setting, buckets) = self.setting(&point);
            let unlimited = unlimited.id(&setting, trials).map_err(no_memory)?;
            let id = match unlimited {
                // Without a limit there is nothing else to try, but as Linux counts.
                Some(id) if setting.max.is_none() && !setting.spec.is_linux() => id,
                _ => trials.add(setting.clone()).map_err(no_memory)?,
            };
            Ok(Planned { point, setting, buckets, id, unlimited })
        };
        points.into_iter().map(plan).collect()
    }

    /// All combinations, the last axis running fastest.
    fn points(&self) -> Vec<Point> {
        product(self.axes.iter().map(|axis| axis.values.len()))
    }

    /// The place of a combination among all of them.
    pub(super) fn place(&self, point: &[usize]) -> usize {
        let places = self.axes.iter().zip(point);
        places.fold(0, |place, (axis, at)| place * axis.values.len() + at)
    }

    /// What a combination is, and the buckets that Linux would have.
    fn setting(&self, point: &[usize]) -> (Setting, Option<u64>) {
        let Now { setting, spec, buckets } = &self.now;
        let (mut setting, mut spec, mut buckets) = (setting.clone(), spec.clone(), *buckets);
        for (axis, &at) in self.axes.iter().zip(point) {
            match axis.values.get(at) {
                Some(Value::Entries(max)) => setting.max = Some(*max),
                Some(Value::Buckets(count)) => buckets = Some(*count),
                Some(Value::OnFull(of)) => spec = of.clone(),
                Some(Value::Timeout(timeout, seconds)) => {
                    let timeouts = setting.config.timeouts.with(*timeout, *seconds);
                    setting.config.timeouts = timeouts;
                }
                None => {}
            }
        }
        let buckets = buckets.or(setting.max.map(|max| max as u64));
        setting.spec = match buckets {
            Some(count) => spec.with_buckets(count),
            None => spec,
        };
        let buckets = setting.spec.buckets().or(buckets);
        (setting, buckets)
    }
}

/// All combinations of a place in each of several lists, the last running fastest.
pub(super) fn product(lens: impl Iterator<Item = usize>) -> Vec<Point> {
    lens.fold(vec![Vec::new()], |points, len| {
        let longer = |point: &Point| {
            let point = point.clone();
            (0..len).map(move |at| [&point[..], &[at]].concat())
        };
        points.iter().flat_map(longer).collect()
    })
}

/// How many combinations there are.
///
/// # Errors
/// When there are too many.
pub(super) fn count(axes: &[Axis]) -> Result<usize, Unfit> {
    let count = axes.iter().try_fold(1_usize, |count, axis| count.checked_mul(axis.values.len()));
    count.filter(|count| *count <= MAX_SETTINGS).ok_or(Unfit::TooMany)
}

/// The tables without a limit: one for each combination of timeouts.
#[derive(Default)]
struct Unlimited {
    known: Vec<(TimeoutPolicy, TrialId)>,
}

impl Unlimited {
    /// That under the same timeouts; `None`: the scout is it. No policy has an effect on it.
    fn id(&mut self, setting: &Setting, trials: &mut Trials) -> Result<Option<TrialId>, Error> {
        let timeouts = setting.config.timeouts;
        if timeouts == trials.setting().config.timeouts {
            return Ok(None);
        }
        if let Some((_, id)) = self.known.iter().find(|(known, _)| *known == timeouts) {
            return Ok(Some(*id));
        }
        let id = trials.add(Setting { max: None, spec: Spec::ranked(), ..setting.clone() })?;
        self.known.push((timeouts, id));
        Ok(Some(id))
    }
}

impl Planned {
    /// What it came to.
    pub(super) fn tried<'t>(&'t self, trials: &'t Trials) -> Tried<'t> {
        let Self { point, setting, buckets, id, unlimited } = self;
        let unlimited = unlimited.map_or_else(|| trials.scout(), |id| trials.outcome(id));
        let outcome = trials.outcome(*id);
        Tried {
            point,
            max: setting.max,
            buckets: *buckets,
            spec: &setting.spec,
            outcome,
            unlimited,
        }
    }
}

impl Tried<'_> {
    /// Packets for which the table had no room.
    pub(super) const fn refused(&self) -> u64 {
        self.outcome.dropped + self.outcome.bypassed
    }

    /// What the limit cost: packets without an entry, and connections that were cut while alive,
    /// besides those that the timeouts cut.
    pub(super) const fn lost(&self) -> u64 {
        self.refused() + self.outcome.harmed.saturating_sub(self.unlimited.harmed)
    }

    /// The most entries in percent of the limit, a begun one counted.
    pub(super) fn percent(&self) -> Option<usize> {
        let max = self.max?.max(1) as u128;
        usize::try_from((self.outcome.peak as u128 * 100).div_ceil(max)).ok()
    }

    /// The bytes that the table takes in Linux.
    pub(super) fn linux_bytes(&self) -> Option<u64> {
        let max = self.max? as u64;
        Some(crate::report::linux_bytes(max, self.buckets.unwrap_or(max)))
    }
}
