//! The kernel's table of a namespace, counted again and again.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::nf::listing::Listing;
use crate::nf::namespace::number;

/// How long it waits between two counts.
const PAUSE: Duration = Duration::from_millis(200);

/// So often is a table listed at the most, until hardly any of its entries has run out.
const TRIES: usize = 10;

/// What a table held at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// Connections.
    pub(super) entries: usize,
    /// Those of the host with itself.
    pub(super) loopback: usize,
}

/// A count, and between which moments since 1970 it was taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) from: Duration,
    pub(super) to: Duration,
    pub(super) held: Held,
}

/// Counts in the namespace that this thread is in until the other end of the channel is dropped.
///
/// # Errors
/// When the kernel does not answer.
pub(super) fn sample(until: &Receiver<()>) -> Result<Vec<Sample>, String> {
    let mut listing = Listing::open()?;
    let mut samples = Vec::new();
    while until.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
        samples.push(count(&mut listing)?);
    }
    Ok(samples)
}

/// Counts what has not run out. The rest counts until somebody comes across it, and a listing takes it out,
/// but no more than some of each hundred.
fn count(listing: &mut Listing) -> Result<Sample, String> {
    let mut tries = TRIES;
    loop {
        let from = now()?;
        let tuples = listing.tuples()?;
        let entries = number("nf_conntrack_count")?;
        tries -= 1;
        if tries == 0 || entries * 100 <= tuples.len() * 101 {
            let loopback = tuples.iter().filter(|tuple| tuple.source.is_loopback()).count();
            return Ok(Sample { from, to: now()?, held: Held { entries, loopback } });
        }
    }
}

fn now() -> Result<Duration, String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_err(|error| format!("the clock: {error}"))
}
