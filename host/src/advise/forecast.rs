//! What a change comes to: how full the table gets, in the capture and if that goes on, what is
//! dropped, and what the change breaks.

use keeptrack_core::Timeout;

use super::candidates::{Candidate, Candidates, Start, Tried};
use super::change::{Change, Class};
use super::classes::Classes;
use super::floors::{self, Floor};
use super::sizes::Sizes;
use super::states::Growth;
use super::words;
use crate::trials::{Harmed, Outcome, Setting, Trials};
use crate::units::Lasting;

/// How long a capture has to last for growth to be reckoned with, in milliseconds, and how many
/// times as long a timeout may be.
const TELLING: (u64, u64) = (60_000, 1000);

/// What a change comes to; of no change, what the table comes to as it is.
#[derive(Debug, Clone)]
pub(super) struct Forecast {
    pub(super) change: Option<Change>,
    /// What it comes to under the limit; `None` without a limit.
    pub(super) limited: Option<Figures>,
    /// The most entries at once if there were no limit, counted as the target does: Linux with the
    /// buckets that it has.
    pub(super) demand: usize,
    /// Whether that is in proportion to what the table as it is comes to, no table having been
    /// passed, or the change was tried too late.
    pub(super) is_estimate: bool,
    /// Whether it was tried behind entries that it would have done without: all that it comes to is
    /// near the truth, no more.
    pub(super) is_late: bool,
    /// The demand with the buckets of larger sizes, of those with which a table was passed.
    pub(super) larger: Vec<(usize, usize)>,
    /// Of the demand, the entries that had not run out yet; `None`: a timeout is changed.
    pub(super) alive: Option<usize>,
    /// What comes to the demand if entries go on to grow in number that live longer than the
    /// capture lasted; 0: nobody can say that they do.
    pub(super) growth: u64,
    pub(super) breaks: Breaks,
}

/// What a table came to under its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) peak: usize,
    /// Packets that got no entry: dropped, or passed untracked.
    pub(super) refused: u64,
    /// Entries that had to leave early.
    pub(super) early: u64,
    /// Of those, the ASSURED ones.
    pub(super) early_assured: u64,
    /// For how long it was full, in milliseconds.
    pub(super) full_ms: u64,
    /// Packets that rules left untracked.
    pub(super) untracked: u64,
    /// Connections that were cut while they lived.
    pub(super) cut: u64,
}

/// What a change breaks, as far as it shows.
#[derive(Debug, Clone, Default)]
pub(super) struct Breaks {
    /// Connections that are cut while they live, also without a limit.
    pub(super) cut: u64,
    /// The first of them.
    pub(super) cut_first: Vec<Harmed>,
    /// ICMP errors that are RELATED no longer.
    pub(super) related_lost: u64,
    /// What an RFC would have the timeout be.
    pub(super) below: Option<Floor>,
    /// Filters see nothing of these connections but that they are UNTRACKED.
    pub(super) is_unseen: bool,
    /// There is NAT, and it sees nothing of these connections.
    pub(super) is_nat: bool,
}

/// How bad that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    /// Nothing that shows.
    Nothing,
    /// Something else has to go with it, or it is less than an RFC asks for.
    Caution,
    /// Connections break.
    Breaks,
}

/// A timeout that is longer than the capture, and how the entries grow that live by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Growing {
    pub(super) timeout: Timeout,
    pub(super) seconds: u32,
    pub(super) growth: Growth,
}

/// What all forecasts are made of.
pub(super) struct Evidence<'e> {
    pub(super) trials: &'e Trials,
    pub(super) classes: &'e Classes,
    pub(super) candidates: &'e Candidates,
    pub(super) setting: &'e Setting,
    pub(super) lasted_ms: u64,
    /// Rules of NAT that were read.
    pub(super) has_nat: bool,
}

impl Evidence<'_> {
    /// What the table comes to as it is.
    pub(super) fn now(&self) -> Forecast {
        self.forecast(None, &self.candidates.now)
    }

    /// What the table comes to as it is in larger sizes.
    pub(super) fn sizes(&self) -> Sizes {
        let now = self.now();
        let own = self.setting.max.map(|max| (max, now.demand));
        let peaks = own.filter(|_| self.candidates.counts_as_linux());
        Sizes {
            max: self.setting.max,
            counts_as_linux: self.candidates.counts_as_linux(),
            peaks: peaks.into_iter().chain(now.larger).collect(),
        }
    }

    /// What each change comes to, in the order in which they were tried.
    pub(super) fn changed(&self) -> Vec<Forecast> {
        let forecast = |Candidate { change, tried }: &Candidate| {
            let breaks = self.breaks(change, tried);
            Forecast { breaks, ..self.forecast(Some(change), tried) }
        };
        self.candidates.tried.iter().map(forecast).collect()
    }

    /// The timeouts that are longer than the capture, whose entries grow in number, and of which it
    /// shows enough to reckon with that.
    pub(super) fn growing(&self) -> Vec<Growing> {
        self.outliving().filter(|growing| self.is_reckonable(growing.seconds)).collect()
    }

    /// Of which timeouts the entries grow in number, but how far is not reckoned.
    pub(super) fn unreckoned(&self) -> Option<String> {
        let longer = self.outliving().filter(|growing| !self.is_reckonable(growing.seconds));
        let named = longer.map(|Growing { timeout, seconds, .. }| {
            format!("{} ({})", words::state_name(timeout), words::lifetime(seconds))
        });
        let named = named.collect::<Vec<_>>();
        (!named.is_empty()).then(|| {
            format!(
                "at the end of the capture there were still more and more of {}: it lasts {}, which \
                 is too short to say how many there will be, so no figure reckons with that (that \
                 takes a minute, and a thousandth of the timeout)",
                named.join(", "),
                Lasting(self.lasted_ms)
            )
        })
    }

    /// The timeouts that are longer than the capture and whose entries grow in number.
    fn outliving(&self) -> impl Iterator<Item = Growing> {
        let timeouts = Timeout::ALL.iter().map(|&timeout| {
            let seconds = self.setting.config.timeouts.seconds(timeout);
            let growth = self.classes.states().growth(timeout, self.lasted_ms);
            Growing { timeout, seconds, growth }
        });
        timeouts.filter(|growing| self.beyond(growing.seconds) > 0 && growing.growth.is_telling())
    }

    /// Whether the capture is long enough to tell of a time as long as that.
    const fn is_reckonable(&self, seconds: u32) -> bool {
        let (least_ms, times) = TELLING;
        self.lasted_ms >= least_ms && seconds as u64 * 1000 <= self.lasted_ms.saturating_mul(times)
    }

    fn forecast(&self, change: Option<&Change>, tried: &Tried) -> Forecast {
        let limited = tried.limited.map(|id| self.trials.outcome(id));
        let alive = self.alive(change);
        let is_late = tried.start == Start::Late;
        let passed = tried.growing.map(|id| self.trials.outcome(id));
        let passed = passed.or(limited.filter(|outcome| self.is_free(outcome)));
        let reckoned = if passed.is_none() { self.in_proportion(alive) } else { 0 };
        let larger = tried.larger.iter().map(|(size, id)| (*size, self.trials.outcome(*id).peak));
        Forecast {
            change: change.cloned(),
            limited: limited.map(Figures::of),
            demand: passed.or(limited).map_or(0, |outcome| outcome.peak).max(reckoned),
            is_estimate: is_late || passed.is_none(),
            is_late,
            larger: larger.collect(),
            alive: (!matches!(change, Some(Change::Timeout { .. }))).then_some(alive),
            growth: self.growth(change),
            breaks: Breaks::default(),
        }
    }

    /// Whether a table has been what one without a limit is: policies may refuse somebody or send
    /// him away before it is full.
    fn is_free(&self, outcome: &Outcome) -> bool {
        let hurt = outcome.dropped + outcome.bypassed + outcome.early_drops;
        hurt == 0 && !self.is_full(outcome)
    }

    /// Whether a table has been full.
    fn is_full(&self, outcome: &Outcome) -> bool {
        self.setting.max.is_some_and(|max| outcome.peak >= max)
    }

    /// Entries that have not run out, at the most.
    fn alive(&self, change: Option<&Change>) -> usize {
        let of_class = |class: Class| self.classes.counter(class);
        let without = match change {
            Some(Change::NoTrack(class)) => of_class(*class),
            _ => None,
        };
        without.map_or(self.classes.peak(), |counter| self.classes.peak_without(counter))
    }

    /// What the target counts where so many entries have not run out.
    fn in_proportion(&self, alive: usize) -> usize {
        let now = self.candidates.now.growing.map_or(0, |id| self.trials.outcome(id).peak);
        let all = self.classes.peak().max(1);
        (alive as u128 * now.max(all) as u128).div_ceil(all as u128) as usize
    }

    /// What comes to the demand if entries that outlive the capture go on to grow in number.
    fn growth(&self, change: Option<&Change>) -> u64 {
        let more = self.growing().into_iter().map(|growing| {
            let Growing { timeout, seconds, growth } = growing;
            let (seconds, growth) = match change {
                Some(Change::Timeout { timeout: changed, to, .. }) if *changed == timeout => {
                    (*to, growth)
                }
                Some(Change::NoTrack(class)) => {
                    let of_class = self.classes.counter(*class);
                    let untracked =
                        of_class.map(|counter| counter.states.growth(timeout, self.lasted_ms));
                    (seconds, untracked.map_or(growth, |untracked| growth.without(untracked)))
                }
                _ => (seconds, growth),
            };
            if growth.is_telling() { growth.within(self.beyond(seconds)) } else { 0 }
        });
        more.fold(0, u64::saturating_add)
    }

    /// For how many milliseconds a timeout goes beyond the end of the capture.
    fn beyond(&self, seconds: u32) -> u64 {
        (u64::from(seconds) * 1000).saturating_sub(self.lasted_ms)
    }

    fn breaks(&self, change: &Change, tried: &Tried) -> Breaks {
        let is_untracking = match change {
            Change::NoTrack(class) => *class != Class::Loopback,
            _ => false,
        };
        let below = match change {
            Change::Timeout { timeout, to, .. } => {
                floors::floor(*timeout).filter(|floor| *to < floor.seconds)
            }
            _ => None,
        };
        // A full table cuts connections itself.
        let limited = tried.limited.map(|id| self.trials.outcome(id));
        let growing = tried.growing.map(|id| self.trials.outcome(id));
        let shown = growing.or(limited.filter(|outcome| !self.is_full(outcome)));
        let by_itself = shown.filter(|_| !matches!(change, Change::OnFull(_)));
        Breaks {
            cut: by_itself.map_or(0, |outcome| outcome.harmed),
            cut_first: by_itself.map_or_else(Vec::new, |outcome| outcome.harmed_first.clone()),
            related_lost: growing.or(limited).map_or(0, |outcome| outcome.related_lost),
            below,
            is_unseen: is_untracking,
            is_nat: is_untracking && self.has_nat,
        }
    }
}

impl Forecast {
    /// The entries that have to have room: in the capture, and if it goes on.
    pub(super) fn needed(&self) -> u64 {
        (self.demand as u64).saturating_add(self.growth)
    }
}

impl Breaks {
    /// How bad it is.
    pub(super) const fn severity(&self) -> Severity {
        if self.cut > 0 || self.is_nat {
            Severity::Breaks
        } else if self.below.is_some() || self.is_unseen {
            Severity::Caution
        } else {
            Severity::Nothing
        }
    }
}

impl Figures {
    const fn of(outcome: &Outcome) -> Self {
        Self {
            peak: outcome.peak,
            refused: outcome.dropped + outcome.bypassed,
            early: outcome.early_drops,
            early_assured: outcome.early_assured,
            full_ms: outcome.full_ms,
            untracked: outcome.untracked,
            cut: outcome.harmed,
        }
    }
}
