//! What `keeptrack lint` finds in the rules that were given.

use std::net::Ipv4Addr;

use super::words::counted;
use crate::capture::printable;
use crate::lint::{self, Finding};
use crate::options::World;
use crate::rules::{Known, Unknown};

/// The lint of rules that one direction alone meets.
const ONE_SIDED: &str = "one-sided";

/// That it finds something, how much, and where the first rule is that leaves out one direction: its
/// other half may save more than any change here. Rules that cannot be read twice are left alone.
pub(super) fn note(world: &World) -> Option<String> {
    if world.rules.is_empty() || !world.rules.iter().all(|file| file.is_file()) {
        return None;
    }
    let unknown = if world.allow_unknown { Unknown::MatchesNothing } else { Unknown::Refused };
    // No packet is asked about: that the host has some address is enough.
    let known = Known::new(vec![Ipv4Addr::UNSPECIFIED.into()], unknown);
    let findings = lint::findings(&world.rules, known).ok()?;
    let place = |finding: &Finding| {
        let (file, line, _) = finding.diagnostic.place()?;
        Some(format!("{file}:{line}"))
    };
    let one_sided = findings.iter().find(|finding| finding.lint == ONE_SIDED).and_then(place);
    let one_sided = one_sided.map_or_else(String::new, |place| {
        format!("; the first that leaves out one direction is at {place}")
    });
    let files: Vec<String> =
        world.rules.iter().map(|file| printable(&file.display().to_string())).collect();
    (!findings.is_empty()).then(|| {
        let count = counted(findings.len() as u64, "thing", "things");
        format!("`keeptrack lint {}` finds {count} in these rules{one_sided}", files.join(" "))
    })
}
