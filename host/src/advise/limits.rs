//! What the advice does not say: what the capture leaves open.

use super::candidates::Candidates;
use super::classes::{Classes, Limits};
use crate::units::{Count, Lasting};

/// What should be said of it.
pub(super) fn notes(
    classes: &Classes,
    candidates: &Candidates,
    (lasted_ms, longest_s): (u64, u32),
) -> Vec<String> {
    let longest_ms = u64::from(longest_s) * 1000;
    let mut notes = Vec::new();
    if lasted_ms < longest_ms {
        let (lasted, longest) = (Lasting(lasted_ms), Lasting(longest_ms));
        notes.push(format!(
            "the capture lasts {lasted}, an idle established connection {longest}: the table may \
             grow further"
        ));
    }
    if candidates.counts_as_linux() {
        notes.push(
            "Linux counts entries that have run out until its collector meets them, every 1 to 60 \
             s, and no capture tells when: what it counts may be a fifth more or less than is said \
             here (`--on-full linux:gc=S` says when it comes first)"
                .into(),
        );
    }
    notes.extend(of_connections(&classes.limits));
    if candidates.is_short {
        notes.push(
            "not all changes worth a try were tried: so many tables of that size take too much \
             memory"
                .into(),
        );
    }
    let untried = candidates.untried();
    notes.extend(
        untried.map(|classes| format!("not tried, for want of room for their rules: {classes}")),
    );
    notes
}

/// What is not known of some connections, and of how many.
fn of_connections(limits: &Limits) -> impl Iterator<Item = String> {
    let Limits { undirected, unlisted, picked_up, one_sided, open } = *limits;
    let counted = [
        (
            picked_up,
            "TCP connections that were open before the capture began, or whose SYN is not in it",
            "they count from their first packet on (`-s` takes the table that was there)",
        ),
        (
            one_sided,
            "of these, seen in one direction only",
            "does the capture have both? What answers would have done is not known",
        ),
        (
            undirected,
            "connections that were seen where nobody told what this host sent",
            "all packets count as arrived, and as forwarded (`--local` names the host's addresses)",
        ),
        (
            open,
            "entries of the table at the start",
            "they are left in, whatever is not tracked: nobody knows which hooks their packets \
             cross",
        ),
        (
            unlisted,
            "connections of classes that were not counted",
            "there were too many classes at once",
        ),
    ];
    let counted = counted.into_iter().filter(|(count, ..)| *count > 0);
    counted.map(|(count, what, but)| format!("{what}: {}; {but}", Count(count)))
}
