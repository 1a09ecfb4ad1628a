//! The changes that are tried, each in a table of its own beside the one as it is.

use keeptrack_core::Timeout;

use super::change::{Change, Class, Role, Target};
use super::classes::{Classes, Counter};
use super::{floors, members, paste, sizes};
use crate::error::Error;
use crate::on_full::Spec;
use crate::settings;
use crate::source::Source;
use crate::trials::{Setting, TrialId, Trials};

/// What a class or a state has to hold for a change of it to be tried: one of so many entries.
const WORTH: usize = 256;
/// The most classes that are tried without tracking.
const MOST_CLASSES: usize = 40;
/// Of those, the most that are chosen by the first batch of packets.
const MOST_AT_FIRST: usize = 32;
/// Of those, the ones of which a table without limits is passed as well: the classes that hold
/// most.
const MOST_GROWING: usize = 8;
/// The most entries that all tables may come to hold together, as far as can be foreseen: some 190
/// bytes each. Half of them are for rules.
const MOST_ENTRIES: usize = 1 << 23;
/// Larger sizes that the table as it is is tried at.
const LARGER: usize = 7;
/// What a name for the lines that are tried is in messages about rules.
const ADVICE: &str = "the advised lines";
/// Policies that a gateway of keeptrack's may have.
const POLICIES: [&str; 4] = ["ranked", "refuse", "early-drop", "adaptive"];

/// What is tried.
pub(super) struct Candidates {
    target: Target,
    /// The setting of the table as it is.
    setting: Setting,
    /// The table as it is.
    pub(super) now: Tried,
    /// The same without a limit, with its buckets, and those that Linux has for larger sizes.
    pub(super) larger: Vec<(usize, TrialId)>,
    pub(super) tried: Vec<Candidate>,
    /// Classes that were worth a try and had none: their rules do not fit behind the others.
    pub(super) untried: Vec<Class>,
    /// Whether there was not the memory for more.
    pub(super) is_short: bool,
    has_begun: bool,
}

/// A change that is tried.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) change: Change,
    pub(super) tried: Tried,
}

/// The tables in which something is tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tried {
    /// Under the limit that was typed; `None`: there is none.
    pub(super) limited: Option<TrialId>,
    /// Without a limit, its entries counted as the target does; `None`: arithmetic has to do.
    pub(super) growing: Option<TrialId>,
}

/// What a class is tried in besides a table under the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Also {
    Nothing,
    Growing,
}

impl Candidates {
    /// The table as it is, and nothing tried.
    ///
    /// # Errors
    /// When its policy does not fit, or there is not the memory.
    pub(super) fn begin(
        trials: &mut Trials,
        target: Target,
        setting: Setting,
    ) -> Result<Self, Error> {
        let now = Tried::add(trials, setting.clone())?;
        let mut larger = Vec::new();
        if let Some(max) = setting.max.filter(|_| setting.spec.is_linux()) {
            larger.push((max, trials.add(roomy(&setting))?));
            for size in sizes::from(Some(max)).skip(1).take(LARGER) {
                larger.push((size, trials.add(larger_by(&setting, size))?));
            }
        }
        let (tried, untried) = (Vec::new(), Vec::new());
        Ok(Self { target, setting, now, larger, tried, untried, is_short: false, has_begun: false })
    }

    /// Whether entries are counted as Linux does.
    pub(super) fn counts_as_linux(&self) -> bool {
        self.setting.spec.is_linux()
    }

    /// The scout has passed a batch: what holds something worth it by now is tried from the
    /// beginning of that batch on.
    ///
    /// # Errors
    /// When there is not the memory.
    pub(super) fn batch(&mut self, trials: &mut Trials, classes: &Classes) -> Result<(), Error> {
        let entries = self.setting.max.unwrap_or(usize::MAX).min(classes.peak());
        let worth = (entries / WORTH).max(1);
        let most = if self.has_begun { MOST_CLASSES } else { MOST_AT_FIRST };
        if !self.has_begun {
            self.has_begun = true;
            self.try_timeouts(trials, (classes, worth))?;
            self.try_policies(trials, classes)?;
        }
        self.try_classes(trials, (classes, worth), most)
    }

    fn try_timeouts(
        &mut self,
        trials: &mut Trials,
        (classes, worth): (&Classes, usize),
    ) -> Result<(), Error> {
        let now = self.setting.clone();
        let held = |timeout: Timeout| classes.states().peak(timeout) as usize;
        for (timeout, values) in floors::values().filter(|(timeout, _)| held(*timeout) >= worth) {
            let from = now.config.timeouts.seconds(timeout);
            for &to in values.iter().filter(|&&to| to < from) {
                if !self.has_room(classes, MOST_ENTRIES / 2) {
                    return Ok(());
                }
                let mut setting = now.clone();
                setting.config.timeouts = setting.config.timeouts.with(timeout, to);
                let tried = Tried::add(trials, setting)?;
                self.tried.push(Candidate { change: Change::Timeout { timeout, from, to }, tried });
            }
        }
        Ok(())
    }

    fn try_policies(&mut self, trials: &mut Trials, classes: &Classes) -> Result<(), Error> {
        let now = self.setting.clone();
        if self.target != Target::Keeptrack || now.max.is_none() {
            return Ok(());
        }
        for spec in POLICIES.iter().filter_map(|name| name.parse::<Spec>().ok()) {
            if spec.name() != now.spec.name() && self.has_room(classes, MOST_ENTRIES / 2) {
                let setting = Setting { spec: spec.clone(), ..now.clone() };
                let limited = Some(trials.add(setting)?);
                let tried = Tried { limited, growing: None };
                self.tried.push(Candidate { change: Change::OnFull(spec), tried });
            }
        }
        Ok(())
    }

    fn try_classes(
        &mut self,
        trials: &mut Trials,
        (classes, worth): (&Classes, usize),
        most: usize,
    ) -> Result<(), Error> {
        let mut counters: Vec<&Counter> = classes.counters().collect();
        counters
            .retain(|counter| counter.holding.peak >= worth && self.may_be_tried(counter, classes));
        // Those that hold as much in their order, which no hash map keeps.
        counters.sort_by(|a, b| {
            b.holding.peak.cmp(&a.holding.peak).then_with(|| a.class.cmp(&b.class))
        });
        let mut count = self.tried_classes().count();
        for counter in counters {
            if count >= most || !self.has_room(classes, MOST_ENTRIES) {
                break;
            }
            let also = if count < MOST_GROWING { Also::Growing } else { Also::Nothing };
            if self.try_class(trials, counter.class, also)? {
                count += 1;
            }
        }
        Ok(())
    }

    /// Whether there is room for one more change in so many entries; if not, that is remembered.
    fn has_room(&mut self, classes: &Classes, most: usize) -> bool {
        // Tables may come to hold twice as much. Most policies have all of their slots at once.
        let growing = classes.peak() * 2;
        let limited = self.setting.max.filter(|_| !self.setting.spec.is_linux());
        let limited = limited.map_or(growing, |max| max.max(growing));
        let each = |tried: &Tried| {
            let tables = [(tried.limited, limited), (tried.growing, growing)];
            tables.iter().filter(|(table, _)| table.is_some()).map(|(_, len)| len).sum::<usize>()
        };
        let taken: usize = self.tried.iter().map(|candidate| each(&candidate.tried)).sum();
        let has_room = taken.saturating_add(each(&self.now)) <= most;
        self.is_short |= !has_room;
        has_room
    }

    /// Tries a class; whether its rules allow it.
    fn try_class(&mut self, trials: &mut Trials, class: Class, also: Also) -> Result<bool, Error> {
        let change = Change::NoTrack(class);
        let lines = paste::rules(&change, self.target);
        let rules = (!lines.is_empty())
            .then(|| trials.compile(Source::new(ADVICE.to_owned(), lines)).ok())
            .flatten();
        let Some(rules) = rules else {
            self.untried.push(class);
            return Ok(false);
        };
        let Tried { limited, growing } = self.now;
        // The first of the two has to be there; the other one says more of what holds most.
        let growing = growing.filter(|_| also == Also::Growing || limited.is_none());
        let untracked = |conn: &_| members::may_be_of(conn, class);
        let mut fork = |of: TrialId| trials.fork(of, rules.clone(), &untracked);
        let limited = limited.map(&mut fork).transpose()?;
        let tried = Tried { limited, growing: growing.map(&mut fork).transpose()? };
        self.tried.push(Candidate { change, tried });
        Ok(true)
    }

    /// Whether a class is one that an admin may leave untracked, and has not been tried.
    fn may_be_tried(&self, counter: &Counter, classes: &Classes) -> bool {
        let class = counter.class;
        if self.untried.contains(&class) || self.tried_classes().any(|tried| tried == class) {
            return false;
        }
        let Counter { holding, called, strayed, .. } = counter;
        // A port that callers happened to have is no service; rules whose other half is at hooks
        // that the answers do not cross make entries of these.
        let is_sound = called * 2 >= holding.entered && strayed * 20 <= holding.entered;
        let is_for_target = match class {
            Class::Service { role: Role::Through, .. } => true,
            Class::Service { .. } | Class::Loopback => self.target != Target::Keeptrack,
            // A network that all have to do with is the host's own, and nothing would be tracked.
            Class::Prefix { address, len } => {
                !classes.is_own(address, len) && holding.peak * 2 <= classes.peak()
            }
            Class::Within { .. } | Class::Echo { .. } => true,
        };
        is_sound && is_for_target && !has_twin(counter, classes)
    }

    /// The classes that are tried.
    pub(super) fn tried_classes(&self) -> impl Iterator<Item = Class> {
        self.tried.iter().filter_map(|candidate| match candidate.change {
            Change::NoTrack(class) => Some(class),
            _ => None,
        })
    }
}

/// The same without a limit.
fn roomy(setting: &Setting) -> Setting {
    Setting { max: None, ..setting.clone() }
}

/// The same without a limit and with the buckets that Linux has for that size.
fn larger_by(setting: &Setting, size: usize) -> Setting {
    let spec = setting.spec.clone().at_buckets(settings::in_pages(size as u64));
    roomy(&Setting { spec, ..setting.clone() })
}

/// Whether what nobody answered makes one class of a service look like another one: then that of
/// the host comes first.
fn has_twin(counter: &Counter, classes: &Classes) -> bool {
    let Class::Service { protocol, port, role: Role::Through } = counter.class else {
        return false;
    };
    let server = classes.counter(Class::Service { protocol, port, role: Role::Server });
    server.is_some_and(|server| {
        classes.has_own() && server.strayed == 0 && server.holding.peak >= counter.holding.peak
    })
}

impl Tried {
    fn add(trials: &mut Trials, setting: Setting) -> Result<Self, Error> {
        let growing = match setting.max {
            Some(max) => larger_by(&setting, max.saturating_mul(2)),
            None => roomy(&setting),
        };
        let limited = setting.max.is_some().then(|| trials.add(setting)).transpose()?;
        Ok(Self { limited, growing: Some(trials.add(growing)?) })
    }
}
