//! What the host program forecasts of a capture: how many entries there are at each moment.

use std::path::Path;
use std::time::Duration;

use keeptrack::Outcome;

use super::sampler::{Held, Sample};
use crate::host::keeptrack;

/// How the table fills and empties.
#[derive(Debug)]
pub(super) struct Forecast {
    /// After each change.
    changes: Vec<(Duration, Held)>,
}

impl Forecast {
    /// Replays a capture; `words` are options.
    ///
    /// # Errors
    /// When the program fails, or says what cannot be read.
    pub(super) fn of(capture: &Path, words: &[&str]) -> Result<Self, String> {
        let capture = capture.to_string_lossy();
        let mut all = vec!["replay", &*capture, "--quiet", "--output=events,timestamp"];
        all.extend(words);
        let ran = keeptrack(&all);
        match ran.end {
            Ok(Outcome::Done) => {}
            Ok(outcome) => return Err(format!("the replay ended with {outcome:?}")),
            Err(failure) => return Err(failure.shown()),
        }
        let mut held = Held::default();
        let mut changes = Vec::new();
        for line in String::from_utf8_lossy(&ran.stdout).lines() {
            let moment = moment(line).ok_or_else(|| format!("no event: {line}"))?;
            let is_loopback = line.contains(" src=127.") || line.contains(" src=::1 ");
            if line.contains("[NEW]") {
                held.entries += 1;
                held.loopback += usize::from(is_loopback);
            } else if line.contains("[DESTROY]") {
                held.entries -= 1;
                held.loopback -= usize::from(is_loopback);
            }
            changes.push((moment, held));
        }
        changes.sort_by_key(|(moment, _)| *moment);
        Ok(Self { changes })
    }

    /// What it holds at the moment of a sample that is most like it: a busy machine takes its time
    /// to count.
    pub(super) fn beside(&self, sample: &Sample) -> Held {
        let until = |moment| self.changes.partition_point(|(changed, _)| *changed <= moment);
        let (first, end) = (until(sample.from), until(sample.to));
        let before = first.checked_sub(1).map_or(Held::default(), |last| self.changes[last].1);
        let during = self.changes[first..end].iter().map(|(_, held)| *held);
        let is_like = |held: &Held| held.entries.abs_diff(sample.held.entries);
        during.chain([before]).min_by_key(is_like).unwrap_or(before)
    }
}

/// The moment of an event, since 1970: `[1795365249.148846]` in front.
fn moment(line: &str) -> Option<Duration> {
    let (seconds, micros) = line.strip_prefix('[')?.split_once(']')?.0.split_once('.')?;
    Some(Duration::from_secs(seconds.parse().ok()?) + Duration::from_micros(micros.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::sampler::{Held, Sample};
    use super::{Forecast, moment};

    #[test]
    fn a_sample_is_held_against_the_time_that_it_took() {
        let held = |entries| Held { entries, loopback: 0 };
        let second = Duration::from_secs;
        let changes = [(2, 1), (4, 2), (6, 3), (8, 2)];
        let changes = changes.map(|(time, entries)| (second(time), held(entries))).into();
        let forecast = Forecast { changes };
        let beside = |from, to, entries| {
            let sample = Sample { from: second(from), to: second(to), held: held(entries) };
            forecast.beside(&sample).entries
        };
        assert_eq!([beside(1, 1, 9), beside(2, 3, 9), beside(9, 9, 0)], [0, 1, 2]);
        assert_eq!([beside(3, 7, 9), beside(3, 7, 0), beside(3, 7, 2)], [3, 1, 2]);
    }

    #[test]
    fn events_have_a_moment() {
        let line = "[1795365249.148846]\t    [NEW] tcp      6 120 SYN_SENT";
        assert_eq!(moment(line), Some(Duration::new(1_795_365_249, 148_846_000)));
        assert_eq!(moment("[DESTROY] udp"), None);
    }
}
