//! What was measured of Linux with 262,144 entries and as many buckets, and the forecasts of it.

use super::crowd::{Content, Crowd, Fate, Offer, Setting};
use super::{Finding, Interval, each_seed};

/// Entries and buckets of the kernel that was measured.
pub const MEASURED_MAX: usize = 262_144;

/// How many entries the collector takes at once: 64,000 / HZ and one more, at 250 jiffies a second.
const BUDGET: usize = 257;
/// Entries that the kernel had left of each 20,000, the oldest first, after 100,000 newcomers:
/// those of the table that was full of unanswered ones, and of the newcomers themselves.
const OLD_LEFT: f64 = 13_550.0;
const NEW_LEFT: [f64; 5] = [14_200.0, 15_200.0, 16_400.0, 17_700.0, 19_100.0];
const BAND: f64 = 20_000.0;

/// Linux's measured rows, forecast for a table of so many entries and buckets.
///
/// # Errors
/// When one cannot be replayed.
pub fn measured(max: usize) -> Result<Vec<Finding>, String> {
    let mut findings = unreplied(max)?;
    findings.push(few_unreplied(max)?);
    findings.push(all_assured(max)?);
    findings.extend(stall(max)?);
    findings.push(one_run(max)?);
    Ok(findings)
}

/// A table that is full of unanswered ones lets everybody in, and forgets whomever it may.
fn unreplied(max: usize) -> Result<Vec<Finding>, String> {
    let content = Content { unreplied: max, assured: 0, closing: 0 };
    let offer = Offer { count: scaled(100_000, max), a_second: 100_000 };
    let fate = crowd(content, offer, max).forecast(None)?;
    let (in_count, early_drop) = (fate.admitted_count(), fate.early_drop);
    // Whoever is dropped beside another leaves room for one who drops nobody.
    let agrees = in_count == offer.count && early_drop.abs_diff(in_count) < 10;
    let said = format!("kernel all in, as many dropped   forecast {in_count} in, {early_drop}");
    let name = "all unanswered: accepted, early_drop".into();
    Ok(vec![Finding { name, said, agrees }, bands(max, &fate)])
}

/// Of what age those are that are left.
fn bands(max: usize, fate: &Fate) -> Finding {
    let band_len = scaled(20_000, max);
    let mut left = [0; 18];
    for number in &fate.survivors {
        if let Some(count) = left.get_mut(number / band_len) {
            *count += 1;
        }
    }
    let shares = left.map(|count| f64::from(count) / band_len as f64);
    let (old, new) = shares.split_at(13);
    // Four deviations of a share of that many.
    let reach = 4.0 * (0.25 / band_len as f64).sqrt();
    let measured = [OLD_LEFT; 13].iter().chain(&NEW_LEFT).map(|count| count / BAND);
    let agrees = measured.zip(&shares).all(|(kernel, share)| (kernel - share).abs() < reach);
    let percent = |shares: &[f64]| {
        let percents = shares.iter().map(|share| format!("{:.1}", share * 100.0));
        percents.collect::<Vec<_>>().join(" ")
    };
    let kernel = percent(&NEW_LEFT.map(|count| count / BAND));
    let said = format!(
        "kernel {:.1} flat, {kernel}   forecast {}, {} %",
        OLD_LEFT / BAND * 100.0,
        percent(old),
        percent(new)
    );
    Finding { name: "all unanswered: left by age".into(), said, agrees }
}

/// A table in which few may go lets few in.
fn few_unreplied(max: usize) -> Result<Finding, String> {
    let unreplied = scaled(2_000, max);
    let content = Content { unreplied, assured: max - unreplied, closing: 0 };
    let crowd = crowd(content, Offer { count: 9_000, a_second: 9_000 }, max);
    let shares = each_seed(|seed| {
        let setting = Setting { seed, ..crowd.setting };
        let fate = Crowd { setting, ..crowd }.forecast(None)?;
        Ok(fate.admitted_count() as f64 / 90.0)
    })?;
    let forecast = Interval::in_percent(&shares)?;
    Ok(Finding::of("99.24 % ASSURED: accepted, in percent".into(), 11.2, forecast))
}

/// A table of nothing but ASSURED ones lets nobody in.
fn all_assured(max: usize) -> Result<Finding, String> {
    let content = Content { unreplied: 0, assured: max, closing: 0 };
    let fate = crowd(content, Offer { count: 520, a_second: 208 }, max).forecast(None)?;
    let said = format!("kernel 0 of 520   forecast {}", fate.admitted_count());
    let agrees = fate.admitted_count() == 0;
    Ok(Finding { name: "all ASSURED: accepted".into(), said, agrees })
}

/// Closing entries hold a full table until the collector comes, and most of them after it, too.
fn stall(max: usize) -> Result<Vec<Finding>, String> {
    const RATE: usize = 200;
    const STALL_S: usize = 59;
    // What the collector has freed is taken within two seconds; then it is full again, up to the
    // end.
    const REFILLED_S: usize = STALL_S + 2;
    const END_S: usize = 90;
    let closing = scaled(22_144, max).max(3 * BUDGET);
    let content = Content { unreplied: 0, assured: max - closing, closing };
    let offer = Offer { count: RATE * END_S, a_second: RATE };
    let fate = crowd(content, offer, max).forecast(None)?;
    let count = |from_s: usize, to_s: usize| {
        fate.admitted[from_s * RATE..to_s * RATE].iter().filter(|is_in| **is_in).count()
    };
    let (before, after) = (count(0, STALL_S), count(STALL_S, REFILLED_S));
    // Those that it let in are all that may go, and some find one of them: each has two nodes.
    let hit = 1.0 - (-8.0 * 2.0 * BUDGET as f64 / max as f64).exp();
    let most = BUDGET as f64 + hit * (RATE * 2) as f64 + 10.0;
    let offered = RATE * (END_S - REFILLED_S);
    let share = count(REFILLED_S, END_S) as f64 / offered as f64;
    Ok(vec![
        Finding {
            name: "closing ASSURED ones: accepted".into(),
            said: format!("kernel 0 in 59 s, then 258   forecast {before}, then {after}"),
            agrees: before == 0 && after >= BUDGET && (after as f64) < most,
        },
        Finding {
            name: "closing ASSURED ones: dropped afterwards".into(),
            said: format!(
                "kernel about 98 % of 262,144   forecast {:.1} % (by formula {:.1} %)",
                100.0 - share * 100.0,
                100.0 - hit * 100.0
            ),
            agrees: (share - hit).abs() < 4.0 * (hit / offered as f64).sqrt(),
        },
    ])
}

/// One run of the collector frees so many, and the next ones nothing, when nobody comes.
fn one_run(max: usize) -> Result<Finding, String> {
    let unreplied = scaled(2_000, max).max(2 * BUDGET);
    let content = Content { unreplied, assured: max - unreplied, closing: 0 };
    // As many as are surely refused.
    let fate = crowd(content, Offer { count: 100, a_second: 100 }, max).forecast(Some(400))?;
    let said = format!("kernel {BUDGET}   forecast {}", fate.collected);
    let agrees = fate.collected == BUDGET && fate.admitted_count() < 100;
    Ok(Finding { name: "nobody comes: freed by the collector".into(), said, agrees })
}

fn crowd(content: Content, offer: Offer, max: usize) -> Crowd {
    Crowd { content, offer, setting: Setting { buckets: max, seed: 1, first_run_s: 59 } }
}

/// As large a part of `max` as that is of the table that was measured.
fn scaled(count: usize, max: usize) -> usize {
    count * max / MEASURED_MAX
}

#[cfg(test)]
mod tests {
    use super::measured;

    #[test]
    fn a_small_table_does_what_was_measured() {
        let findings = measured(super::MEASURED_MAX / 16).unwrap();
        let differing: Vec<_> = findings.iter().filter(|finding| !finding.agrees).collect();
        assert!(differing.is_empty(), "{differing:#?}");
    }
}
