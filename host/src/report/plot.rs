//! The table's entries over time as columns of text, and when packets were dropped.
//!
//! Drawn here: what draws such columns elsewhere costs thirty crates (`ratatui-widgets`), or draws
//! lines that fit no scale of ours (`textplots`, `rasciigraph`).

use std::io::{self, Write};
use std::iter;

use keeptrack_core::Instant;

use super::series::{Bucket, Series};
use super::style::{BAD, FAINT, Styled};
use crate::units::{Clock, Count};

/// Characters of time; with labels of 2^28 entries no line is longer than 80.
const COLUMNS: usize = 60;
/// Lines of entries.
const ROWS: u64 = 4;
/// A line's worth of a column, in eighths.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// What is shorter says nothing that the answer does not.
const SHORTEST_MS: u64 = 5_000;
/// A table that is never as full as this would be a flat line below its limit.
const LEAST_SHARE: u64 = 4;

const DAY_S: u64 = 86_400;
/// Seconds between two labels: what divides a minute, an hour, a day.
const STEPS_S: [u64; 16] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200];
/// Entries between two lines, and ten, a hundred... times as many.
const STEPS: [u64; 10] = [10, 12, 15, 20, 25, 30, 40, 50, 60, 80];

/// Draws it, if there is something to see: up to the limit, or up to the peak if that is far below.
pub(super) fn plot(out: &mut dyn Write, series: &Series, max: Option<usize>) -> io::Result<()> {
    let parts = series.parts(COLUMNS);
    let peak = parts.iter().map(|part| part.entries).max().unwrap_or(0);
    let Some(start) = series.start().filter(|_| series.span_ms() >= SHORTEST_MS && peak > 1) else {
        return Ok(());
    };
    let max = max.map(|max| max as u64).filter(|max| peak >= max / LEAST_SHARE);
    let top = max.unwrap_or_else(|| round_step(peak.div_ceil(ROWS)) * ROWS);
    let has_drops = parts.iter().any(|part| part.dropped > 0);
    let width = Count(top).to_string().len().max(if has_drops { "dropped".len() } else { 0 });

    writeln!(out)?;
    if has_drops {
        let marks: String = parts.iter().map(mark).collect();
        writeln!(out, "  {:>width$}  {}", "dropped", Styled(BAD, marks.trim_end()))?;
    }
    for row in (1..=ROWS).rev() {
        let bars: String =
            iter::once(' ').chain(parts.iter().map(|part| bar(part.entries, top, row))).collect();
        let label = Count(top * row / ROWS);
        writeln!(out, "  {}{}", Styled(FAINT, format!("{label:>width$} ┤")), bars.trim_end())?;
    }
    axis(out, width + 3, ticks(start, series.span_ms()))
}

/// The line under the columns, and the labels under it.
fn axis(out: &mut dyn Write, indent: usize, ticks: Vec<(usize, String)>) -> io::Result<()> {
    let is_tick = |column: usize| ticks.iter().any(|&(at, _)| at == column);
    let line: String = (0..COLUMNS).map(|at| if is_tick(at) { '┬' } else { '─' }).collect();
    writeln!(out, "{:indent$}{}", "", Styled(FAINT, format!("└{line}")))?;
    let mut labels = String::new();
    for (column, label) in ticks {
        // The label's middle stands below its tick.
        let begin = (indent + 1 + column).saturating_sub(label.len() / 2);
        labels.extend(iter::repeat_n(' ', begin.saturating_sub(labels.len())));
        labels.push_str(&label);
    }
    if labels.contains(':') {
        labels.push_str(" UTC");
    }
    writeln!(out, "{}", Styled(FAINT, labels))
}

/// Where labels stand and what they say: times of day in UTC, or days since the start.
fn ticks(start: Instant, span_ms: u64) -> Vec<(usize, String)> {
    let columns = |millis: u64| {
        let at = u128::from(millis) * COLUMNS as u128 / u128::from(span_ms.max(1));
        usize::try_from(at).unwrap_or(COLUMNS)
    };
    let days = iter::successors(Some(DAY_S), |step| Some(step * 2));
    let mut steps = STEPS_S.into_iter().chain(days);
    let is_apart = |&step: &u64| columns(step * 1000) >= label_len(step) + 3;
    let step_s = steps.find(is_apart).unwrap_or(DAY_S);
    let step_ms = step_s * 1000;
    let from_ms = start.as_millis();
    let first_ms = match step_s {
        DAY_S.. => from_ms,
        _ => from_ms.next_multiple_of(step_ms),
    };
    let moments = iter::successors(Some(first_ms), |at| at.checked_add(step_ms));
    let placed = moments.map(|at| (columns(at - from_ms), label(at, at - from_ms, step_s)));
    let fits = |(column, label): &(usize, String)| column + label.len().div_ceil(2) <= COLUMNS;
    placed.take_while(fits).collect()
}

fn label(at_ms: u64, past_ms: u64, step_s: u64) -> String {
    if step_s >= DAY_S {
        return format!("+{}d", past_ms / 1000 / DAY_S);
    }
    let mut time = Clock(Instant::from_millis(at_ms)).to_string();
    time.truncate(label_len(step_s));
    time
}

/// `14:06:12` where seconds differ, else `14:06`; `+120d`.
const fn label_len(step_s: u64) -> usize {
    if step_s < 60 { 8 } else { 5 }
}

fn mark(part: &Bucket) -> char {
    if part.dropped > 0 { '✗' } else { ' ' }
}

/// What a column shows in a line: one that is not empty shows something, only one at the top is
/// full.
fn bar(entries: u64, top: u64, row: u64) -> char {
    let eighths = (entries * ROWS * 8 / top).max(u64::from(entries > 0));
    let here = eighths.saturating_sub((row - 1) * 8).min(8);
    usize::try_from(here).ok().and_then(|here| EIGHTHS.get(here).copied()).unwrap_or(' ')
}

/// The next number that reads easily.
fn round_step(least: u64) -> u64 {
    let powers = iter::successors(Some(1), |power| Some(power * 10));
    let mut steps = powers.flat_map(|power| STEPS.map(|step| step * power));
    if least < STEPS[0] { least } else { steps.find(|&step| step >= least).unwrap_or(least) }
}

#[cfg(test)]
mod tests {
    use super::{Instant, Series, bar, plot, round_step, ticks};
    use anstream::adapter::strip_bytes;

    /// The lines for so many entries from such moments (in milliseconds) on.
    fn drawn(held: &[(u64, u64)], drops: &[u64], max: Option<usize>) -> Vec<String> {
        let mut series = Series::default();
        for &(millis, entries) in held {
            series.hold(Instant::from_millis(millis), entries);
        }
        for &millis in drops {
            series.drop(Instant::from_millis(millis));
        }
        let mut out = Vec::new();
        plot(&mut out, &series, max).expect("a Vec takes it");
        let text = String::from_utf8(strip_bytes(&out).into_vec()).expect("text");
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_full_table_and_its_drops_stand_above_each_other() {
        let held = [(0, 250), (32_768, 1_000), (49_152, 500), (65_535, 1)];
        let lines = drawn(&held, &[34_000], Some(1_000));
        let gap = " ".repeat(30);
        assert_eq!(lines[1], format!("  dropped  {gap} ✗"));
        assert_eq!(lines[2], format!("    1,000 ┤ {gap}{}", "█".repeat(16)));
        assert_eq!(lines[4], format!("      500 ┤ {gap}{}", "█".repeat(30)));
        assert_eq!(lines[5], format!("      250 ┤ {}", "█".repeat(60)));
        let ticks = lines[6].chars().enumerate().filter(|&(_, sign)| sign == '┬');
        assert_eq!(ticks.map(|(at, _)| at).collect::<Vec<_>>(), [11, 24, 38, 52, 65]);
        assert!(lines[7].starts_with("       00:00:00     00:00:15"), "{}", lines[7]);
        assert!(lines[7].ends_with("00:01:00 UTC"), "{}", lines[7]);
        assert!(lines.iter().all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn the_largest_table_stays_within_80_columns() {
        let largest = 1 << 28;
        let held = [(50_772_480, 9), (50_800_000, largest as u64)];
        let lines = drawn(&held, &[50_800_001, 50_900_000], Some(largest));
        assert!(lines[2].starts_with("  268,435,456 ┤"), "{lines:?}");
        let len = lines.iter().map(|line| line.chars().count()).max();
        assert!(len.is_some_and(|len| (70..=80).contains(&len)), "{lines:?}");
    }

    #[test]
    fn what_says_nothing_is_not_drawn() {
        assert!(drawn(&[(0, 9), (1_000, 8)], &[], None).is_empty());
        assert!(drawn(&[(0, 1), (60_000, 1)], &[], None).is_empty());
        assert!(drawn(&[], &[], None).is_empty());
    }

    #[test]
    fn only_what_reaches_the_top_is_full() {
        let column = |entries| [4, 3, 2, 1].map(|row| bar(entries, 1_000, row));
        assert_eq!(column(1_000), ['█'; 4]);
        assert_eq!(column(999), ['▇', '█', '█', '█']);
        assert_eq!(column(1), [' ', ' ', ' ', '▁']);
        assert_eq!(column(0), [' '; 4]);
    }

    #[test]
    fn the_scale_reads_easily_and_keeps_the_peak_in_sight() {
        let steps = [(1, 1), (7, 7), (11, 12), (336, 400), (1_025, 1_200), (999, 1_000)];
        for (least, step) in steps {
            assert_eq!(round_step(least), step);
        }
        let far_below = drawn(&[(0, 40), (9_000, 40)], &[], Some(65_536));
        assert!(far_below[1].starts_with("  40 ┤ █"), "{far_below:?}");
    }

    #[test]
    fn labels_stand_at_round_moments_or_count_days() {
        let at = Instant::from_millis(50_772_480);
        let labels =
            |span_ms| ticks(at, span_ms).into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(labels(600_000).first().map(String::as_str), Some("14:08"));
        assert_eq!(labels(600_000).last().map(String::as_str), Some("14:14"));
        assert_eq!(labels(5_000).first().map(String::as_str), Some("14:06:13"));
        assert_eq!(labels(5 * 86_400_000), ["+0d", "+1d", "+2d", "+3d", "+4d"]);
    }
}
