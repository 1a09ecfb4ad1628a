//! What should be said of a policy beside what it came to.

use keeptrack_core::Stats;

use super::Spec;
use crate::rules::RuleSet;
use crate::units::Count;

/// Entries of a bucket index that Linux looks through for somebody to drop.
const PROBED_BUCKETS: f64 = 8.0;

/// A replay's table, as far as policies are concerned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table<'t> {
    /// Its entries; `None`: it grows.
    pub(crate) max: Option<usize>,
    /// The buckets that Linux would have, if anybody says, and who.
    pub(crate) buckets: Option<&'t (u64, String)>,
    /// The policies, with their buckets.
    pub(crate) specs: &'t [Spec],
    pub(crate) rules: &'t RuleSet,
    /// What the first table did.
    pub(crate) stats: &'t Stats,
}

/// What should be said.
pub(crate) fn notes(table: Table<'_>) -> Vec<String> {
    let Table { max, buckets, specs, rules, stats } = table;
    let Some(max) = max else {
        let typed = specs.iter().map(|spec| {
            format!("--on-full {spec} has no effect: a table without --max is never full")
        });
        return typed.collect();
    };
    let mut notes = Vec::new();
    let linux = specs.iter().find(|spec| spec.is_linux());
    if let (Some(spec), None) = (linux, buckets)
        && spec.buckets() == Some(max as u64)
    {
        notes.push(format!(
            "Linux with as many buckets as entries ({}): what it drops depends on both (`--buckets N`)",
            Count(max as u64)
        ));
    }
    let of_linux = specs.iter().filter_map(Spec::buckets).max();
    let bucket_count = of_linux.or(buckets.map(|(count, _)| *count));
    notes.extend(bucket_count.and_then(|count| blind(count, max as u64)));
    let other = specs.iter().find(|spec| spec.checked().is_some());
    if let (Some(other), Some(rule)) = (other, rules.full_rule()) {
        notes.push(format!(
            "{}: {} has no `-j FULL`, and knows nothing of it",
            rule.place(),
            other.name
        ));
    }
    if stats.source_full > 0 && specs.len() < 2 {
        notes.push(format!(
            "{} packets were dropped for the cap on each source: `--on-full ranked:source=none` has none",
            Count(stats.source_full)
        ));
    }
    let refused = stats.drop + stats.bypass + stats.source_full + stats.zone_full;
    if refused + stats.early_drop + stats.shrunk > 0 && linux.is_none() {
        notes.push(format!(
            "no Linux kernel does that when it is full: `--on-full linux:buckets=N` forecasts what \
             one does with {} entries",
            Count(max as u64)
        ));
    }
    notes
}

/// With more buckets than entries Linux finds hardly anybody to drop.
#[allow(clippy::cast_precision_loss, reason = "two digits are shown")]
fn blind(bucket_count: u64, max: u64) -> Option<String> {
    if bucket_count <= max {
        return None;
    }
    // Each entry is in two buckets, that of each direction.
    let found = |entries: f64| {
        100.0 * (1.0 - (-PROBED_BUCKETS * 2.0 * entries / bucket_count as f64).exp())
    };
    let (all, tenth) = (found(max as f64), found(max as f64 / 10.0));
    Some(format!(
        "more buckets ({}) than entries ({}): Linux looks through 8 buckets for an entry to drop, and \
         finds one {all:.0} times of 100 when no entry is ASSURED, {tenth:.0} times when nine of ten are",
        Count(bucket_count),
        Count(max)
    ))
}

#[cfg(test)]
mod tests {
    use super::blind;

    #[test]
    fn early_drop_goes_blind_with_more_buckets_than_entries() {
        assert_eq!(blind(4096, 4096), None);
        let said = blind(16_384, 4096).unwrap();
        assert!(said.contains("98 times of 100") && said.contains("33 times"), "{said}");
    }
}
