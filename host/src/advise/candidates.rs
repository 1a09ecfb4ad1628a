//! The changes that are tried, each in a table of its own beside the one as it is.

use keeptrack_core::Timeout;

use super::change::{Change, Class, Role, Target};
use super::classes::{Classes, Counter};
use super::states::States;
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
/// Of those, the ones that a class is tried at which may be chosen together with one: from the
/// first on of which half stays free without the class.
const MOST_SIZES: usize = 3;
/// How many classes are named that found no room.
const NAMED: usize = 3;
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
    pub(super) tried: Vec<Candidate>,
    /// Classes that were worth a try and had none: the rules of the first do not fit behind those
    /// that were typed.
    untried: Vec<Class>,
    /// Whether there was not the memory for more.
    pub(super) is_short: bool,
    /// What lived by which timeout before the batch that was passed last.
    before: States,
    has_begun: bool,
}

/// A change that is tried.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) change: Change,
    pub(super) tried: Tried,
}

/// The tables in which something is tried.
#[derive(Debug, Clone)]
pub(super) struct Tried {
    /// Under the limit that was typed; `None`: there is none.
    pub(super) limited: Option<TrialId>,
    /// Without a limit, its entries counted as the target does; `None`: arithmetic has to do.
    pub(super) growing: Option<TrialId>,
    /// The same with the buckets that Linux has for larger sizes, of some.
    pub(super) larger: Vec<(usize, TrialId)>,
    /// When it began.
    pub(super) start: Start,
}

/// When something began to be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// Before it made a difference: what it came to is what a replay comes to.
    InTime,
    /// Behind entries that it would have done without: what it came to is near that.
    Late,
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
        let limited = setting.max.map(|_| trials.add(setting.clone())).transpose()?;
        let growing = Some(trials.add(roomy(&setting))?);
        let mut larger = Vec::new();
        if let Some(max) = setting.max.filter(|_| setting.spec.is_linux()) {
            for size in sizes::from(Some(max)).skip(1).take(LARGER) {
                larger.push((size, trials.add(larger_by(&setting, size))?));
            }
        }
        Ok(Self {
            target,
            setting,
            now: Tried { limited, growing, larger, start: Start::InTime },
            tried: Vec::new(),
            untried: Vec::new(),
            is_short: false,
            before: States::default(),
            has_begun: false,
        })
    }

    /// Whether entries are counted as Linux does.
    pub(super) fn counts_as_linux(&self) -> bool {
        self.setting.spec.is_linux()
    }

    /// The classes that found no room, the first of them by name; `None`: all did.
    pub(super) fn untried(&self) -> Option<String> {
        let named: Vec<String> = self.untried.iter().take(NAMED).map(Class::to_string).collect();
        match self.untried.len().saturating_sub(NAMED) {
            0 if named.is_empty() => None,
            0 => Some(named.join(", ")),
            others => Some(format!("{} and {others} more", named.join(", "))),
        }
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
        self.try_timeouts(trials, (classes, worth))?;
        if !self.has_begun {
            self.has_begun = true;
            self.try_policies(trials, classes)?;
        }
        self.try_classes(trials, (classes, worth), most)?;
        self.before = classes.states().clone();
        Ok(())
    }

    fn try_timeouts(
        &mut self,
        trials: &mut Trials,
        (classes, worth): (&Classes, usize),
    ) -> Result<(), Error> {
        let timeouts = self.setting.config.timeouts;
        let held = |timeout: Timeout| classes.states().peak(timeout) as usize;
        for (timeout, values) in floors::values().filter(|(timeout, _)| held(*timeout) >= worth) {
            if self.tries_timeout(timeout) {
                continue;
            }
            let from = timeouts.seconds(timeout);
            let start = if self.before.peak(timeout) > 0 { Start::Late } else { Start::InTime };
            for &to in values.iter().filter(|&&to| to < from) {
                if !self.has_room(classes, MOST_ENTRIES / 2) {
                    return Ok(());
                }
                let mut fork =
                    |of: TrialId| trials.fork_with_timeouts(of, timeouts.with(timeout, to));
                let limited = self.now.limited.map(&mut fork).transpose()?;
                let growing = self.now.growing.map(&mut fork).transpose()?;
                let tried = Tried { limited, growing, larger: Vec::new(), start };
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
                let (larger, start) = (Vec::new(), Start::InTime);
                let tried = Tried { limited, growing: None, larger, start };
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
            if count + self.untried.len() >= most || !self.has_room(classes, MOST_ENTRIES) {
                break;
            }
            // Where the rules of one did not fit, each more try would read all of them again.
            let fits = self.untried.is_empty() && self.try_class(trials, classes, counter)?;
            if fits {
                count += 1;
            } else {
                self.untried.push(counter.class);
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
            let lens = tables.iter().filter(|(table, _)| table.is_some()).map(|(_, len)| len);
            lens.sum::<usize>() + tried.larger.len() * growing
        };
        let taken: usize = self.tried.iter().map(|candidate| each(&candidate.tried)).sum();
        let has_room = taken.saturating_add(each(&self.now)) <= most;
        self.is_short |= !has_room;
        has_room
    }

    /// Tries a class; whether its rules fit behind those that were typed.
    fn try_class(
        &mut self,
        trials: &mut Trials,
        classes: &Classes,
        counter: &Counter,
    ) -> Result<bool, Error> {
        let class = counter.class;
        let change = Change::NoTrack(class);
        let lines = Source::new(ADVICE.to_owned(), paste::rules(&change, self.target));
        let Ok(rules) = trials.compile(lines) else { return Ok(false) };
        let Tried { limited, growing, .. } = self.now;
        let before = self.tried_classes().count();
        // The first of the two has to be there; the other one says more of what holds most.
        let growing = growing.filter(|_| before < MOST_GROWING || limited.is_none());
        let is_late = classes.is_late(counter);
        let may_be_chosen = !is_late && (before == 0 || class == Class::Loopback);
        let larger: Vec<_> = match may_be_chosen {
            true => self.sizes_without(classes.peak_without(counter)).collect(),
            false => Vec::new(),
        };
        // Entries of the table at the start are left in, but for what stays on `lo`.
        let is_flushed = is_late || class == Class::Loopback;
        let untracked = |conn: &_| is_flushed && members::may_be_of(conn, class);
        let mut fork = |of: TrialId| trials.fork(of, rules.clone(), &untracked);
        let tried = Tried {
            limited: limited.map(&mut fork).transpose()?,
            growing: growing.map(&mut fork).transpose()?,
            larger: larger
                .into_iter()
                .map(|(size, of)| Ok((size, fork(of)?)))
                .collect::<Result<_, Error>>()?,
            start: if is_late { Start::Late } else { Start::InTime },
        };
        self.tried.push(Candidate { change, tried });
        Ok(true)
    }

    /// The larger tables that may be chosen where so many entries have not run out.
    fn sizes_without(&self, alive: usize) -> impl Iterator<Item = (usize, TrialId)> {
        let larger = self.now.larger.iter().copied();
        larger.filter(move |(size, _)| *size >= 2 * alive).take(MOST_SIZES)
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

    fn tries_timeout(&self, timeout: Timeout) -> bool {
        let mut changes = self.tried.iter().map(|candidate| &candidate.change);
        changes
            .any(|change| matches!(change, Change::Timeout { timeout: of, .. } if *of == timeout))
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
