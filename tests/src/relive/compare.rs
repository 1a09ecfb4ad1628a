//! What the kernel held beside what is forecast of it.

use super::advice::{Advice, Tool};
use super::forecast::Forecast;
use super::run::Ran;
use super::sampler::{Held, Sample};
use crate::tablefull::Finding;

/// By so much of the kernel's figure may a forecast be off, in percent.
const TOLERANCE: f64 = 5.0;
/// So many of a thousand steps may have done nothing, or a run is not that of the capture.
const MISSED: usize = 20;

/// The most entries at one of the moments when they were counted, and the most that both differ by at
/// one of them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Beside {
    kernel: Held,
    forecast: Held,
    most: usize,
}

impl Beside {
    fn of(samples: &[Sample], forecast: &Forecast) -> Self {
        let mut beside = Self::default();
        for sample in samples {
            let forecast = forecast.beside(sample);
            beside.kernel = beside.kernel.most(sample.held);
            beside.forecast = beside.forecast.most(forecast);
            beside.most = beside.most.max(sample.held.entries.abs_diff(forecast.entries));
        }
        beside
    }
}

/// A run beside the forecast that is made of its own capture.
///
/// # Errors
/// When there is none.
pub(super) fn run(ran: &Ran, tool: Option<Tool>, step_count: usize) -> Result<Finding, String> {
    let settings = ran.settings.to_string_lossy();
    let rules = ran.rules.as_ref().map(|rules| rules.to_string_lossy());
    let mut words = vec!["--config", &*settings];
    words.extend(rules.iter().flat_map(|rules| ["--rules", &**rules]));
    let Beside { kernel, forecast, most } =
        Beside::of(&ran.samples, &Forecast::of(&ran.capture, &words)?);
    let off = percent(kernel.entries, forecast.entries);
    let most = percent(kernel.entries, kernel.entries + most);
    let has_lines = tool.is_some();
    let is_untracked = kernel.loopback == 0 && forecast.loopback == 0;
    let agrees = off.abs() <= TOLERANCE
        && most <= TOLERANCE
        && has_lines == is_untracked
        && ran.is_undone
        && ran.missed * 1000 <= step_count * MISSED;
    let said = format!(
        "kernel {:>5}  forecast {:>5} ({off:+.1} %, at no moment more than {most:.1} %)  \
         loopback {} and {}{}{}",
        kernel.entries,
        forecast.entries,
        kernel.loopback,
        forecast.loopback,
        if ran.is_undone { "" } else { ", not undone" },
        if ran.missed == 0 { String::new() } else { format!(", {} steps missed", ran.missed) },
    );
    let name = format!("entries {}", with(tool));
    Ok(Finding { name, said, agrees })
}

/// What a run without lines foretells of one with them, beside what the kernel held then.
pub(super) fn foretold(advice: &Advice, ran: &Ran, tool: Option<Tool>) -> Finding {
    let kernel = ran.samples.iter().map(|sample| sample.held.entries).max().unwrap_or(0);
    let foretold = if tool.is_some() { advice.without_loopback() } else { advice.now() };
    let foretold = foretold.map_or(0, |foretold| usize::try_from(foretold).unwrap_or(usize::MAX));
    let off = percent(kernel, foretold);
    let said = format!("kernel {kernel:>5}  advise {foretold:>7} ({off:+.1} %)");
    let name = format!("foretold {}", with(tool));
    Finding { name, said, agrees: off.abs() <= TOLERANCE }
}

/// Whether the advice that was taken, and that for the run without lines, is to leave the loopback
/// untracked.
pub(super) fn advised(taken: &Advice, of_run: &Advice) -> Finding {
    let is_same = taken.loopback_rules() == of_run.loopback_rules();
    let agrees = taken.is_loopback() && of_run.is_loopback_first() && is_same;
    let word = |is: bool| if is { "yes" } else { "NO" };
    let said = format!(
        "for the capture {}, first for the run {}, by the same rules {}",
        word(taken.is_loopback()),
        word(of_run.is_loopback_first()),
        word(is_same)
    );
    Finding { name: "loopback untracked is advised".into(), said, agrees }
}

fn with(tool: Option<Tool>) -> String {
    tool.map_or("without lines".into(), |tool| format!("with {}'s lines", tool.name()))
}

/// How much more the second is, in percent of the first.
fn percent(first: usize, second: usize) -> f64 {
    100.0 * (second as f64 / first.max(1) as f64 - 1.0)
}

impl Held {
    /// The greater one of each count.
    fn most(self, other: Self) -> Self {
        Self {
            entries: self.entries.max(other.entries),
            loopback: self.loopback.max(other.loopback),
        }
    }
}
