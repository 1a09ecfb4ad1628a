//! What a replay tells: to each report every packet, every connection that ended, and the end.

mod census;
mod json;
mod kernel_log;
mod packets;
mod subject;
mod summary;
mod tally;

use std::io;

use keeptrack_core::{Ended, Instant};

use crate::replay::Verdict;

pub use json::json;
pub use kernel_log::KernelLog;
pub use packets::Packets;
pub use subject::{Reached, RuleEffect, Subject};
pub use summary::summary;
pub use tally::Tally;

/// Somebody who is told.
pub trait Report {
    /// What became of a packet.
    ///
    /// # Errors
    /// When it cannot be written down.
    fn packet(&mut self, verdict: &Verdict) -> io::Result<()>;

    /// A connection left the table before the packet that comes next.
    ///
    /// # Errors
    /// When it cannot be written down.
    fn ended(&mut self, now: Instant, ended: &Ended) -> io::Result<()>;
}
