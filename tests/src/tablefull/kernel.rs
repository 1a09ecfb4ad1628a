//! The running kernel's full table beside the forecast of it.

use keeptrack_core::{Ends, Protocol, Tuple};

use super::crowd::{Content, Crowd, Offer, SERVER, Setting, datagram, speaker};
use super::{Finding, Interval, each_seed};
use crate::nf::full::{self, Counted, Made, Size};

/// How many newcomers come.
pub(crate) const NEWCOMER_COUNT: usize = 9_000;
/// Of a table, so many thousandths are unanswered and the others ASSURED.
const UNREPLIED: [usize; 3] = [8, 50, 1_000];
/// All that may go of a bucket goes, with both directions of an entry in a bucket: of two on average
/// there are more than eight in one bucket of 4,000, so that one newcomer takes seven too many at the
/// most.
const LAST_BUCKET: f64 = 7.0;
/// As often is a table tried whose kernel's collector came in between.
const TRIES: usize = 3;
/// From so many on that are in the table without another having been dropped for them, it came: it
/// takes 257 at 250 jiffies a second, and 65 at 1,000.
const COLLECTED: usize = 60;

/// What the running kernel does with newcomers, in network namespaces of its own, and what is
/// forecast under its maximum and its number of buckets.
///
/// # Errors
/// When it cannot be asked, with what is missing.
pub fn against_kernel() -> Result<Vec<Finding>, String> {
    let size = Size::running()?;
    let mut findings = Vec::new();
    for thousandths in UNREPLIED {
        findings.extend(compare(size, thousandths)?);
    }
    Ok(findings)
}

fn compare(size: Size, thousandths: usize) -> Result<Vec<Finding>, String> {
    let unreplied = size.max * thousandths / 1000;
    let content = Content { unreplied, assured: size.max - unreplied, closing: 0 };
    let offer = Offer { count: NEWCOMER_COUNT, a_second: 10 * NEWCOMER_COUNT };
    let counted = measure(content)?;
    let fates = each_seed(|seed| {
        // It does not come while they do.
        let setting = Setting { buckets: size.buckets, seed, first_run_s: 59 };
        let fate = Crowd { content, offer, setting }.forecast(None)?;
        Ok([fate.admitted_count(), fate.early_drop, offer.count - fate.admitted_count()])
    })?;
    let Size { max, buckets } = size;
    let place =
        format!("max {max}, buckets {buckets}, {:.1} % unanswered", thousandths as f64 / 10.0);
    let kernel = [counted.admitted, counted.early_drop, counted.drop];
    let names = ["accepted", "early_drop", "drop"];
    let findings = names.iter().zip(kernel).enumerate().map(|(at, (name, kernel))| {
        let values: Vec<_> = fates.iter().map(|fate| fate[at] as f64).collect();
        // What the last newcomer took beyond its own place is of no normal distribution.
        let least = if *name == "early_drop" { LAST_BUCKET } else { 0.0 };
        let forecast = Interval::of(&values)?.reaching(least);
        Ok(Finding::of(format!("{place}: {name}"), kernel as f64, forecast))
    });
    findings.collect()
}

/// Asks the kernel, again if its collector came in between.
pub(crate) fn measure(content: Content) -> Result<Counted, String> {
    for _ in 0..TRIES {
        let newcomers = (0..NEWCOMER_COUNT).map(datagram);
        let counted = full::fill(entries(content), newcomers)?;
        if counted.admitted < counted.early_drop + COLLECTED {
            return Ok(counted);
        }
    }
    Err(format!("the kernel's collector came in between, {TRIES} times"))
}

/// The entries of a table of that content.
pub(crate) fn entries(content: Content) -> impl Iterator<Item = Made> + Send {
    (0..content.count()).map(move |number| made(content, number))
}

fn made(content: Content, number: usize) -> Made {
    let (source, port) = speaker(number, 0);
    let tuple = Tuple {
        source: source.into(),
        destination: SERVER.into(),
        protocol: Protocol::UDP,
        ends: Ends::Ports { source: port, destination: 53 },
    };
    Made { tuple, is_assured: number >= content.unreplied }
}
