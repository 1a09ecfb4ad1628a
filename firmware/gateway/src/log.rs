//! A gateway's log, in defmt: the same lines on every board, in the words of `conntrack -E`.

use defmt::{Display2Format, info, warn};
use keeptrack_core::fragment::Fragments;
use keeptrack_core::raw::Raw;
use keeptrack_core::{Conntrack, Ended, Help, Instant, Memory, OnFull};

use crate::{Action, Dropped, Passed};

/// How many seconds a line about a refusal speaks for those that follow it.
const QUIET: u32 = 1;

/// The log, and what it remembers so as to stay short in a flood.
#[derive(Debug, Default)]
pub struct Log {
    quiet_until: Instant,
}

impl Log {
    /// One line for a connection that begins, and one a second for what the table refuses; the
    /// [`status`](Self::status) line has the exact count.
    pub fn action(&mut self, now: Instant, action: &Action<'_>) {
        match action {
            Action::Forward(Passed::New(made)) => {
                if let Some(evicted) = &made.evicted {
                    self.ended(now, evicted);
                }
                info!("[NEW] {}", Display2Format(&made.conn.list(now)));
            }
            Action::Drop(Dropped::Refused(refused)) if now >= self.quiet_until => {
                warn!("nf_conntrack: {}", Display2Format(refused));
                self.quiet_until = now.after(QUIET);
            }
            Action::Forward(_) | Action::Drop(_) => {}
        }
    }

    /// One line for a connection that has left the table.
    pub fn ended(&self, now: Instant, ended: &Ended) {
        info!("[DESTROY] {} {=str}", Display2Format(&ended.conn.list(now)), ended.why.name());
    }

    /// One line for the table as it is.
    pub fn status<M: Memory, P: OnFull, R: Raw, H: Help, F: Fragments>(
        &self,
        ct: &Conntrack<M, P, R, H, F>,
    ) {
        let stats = ct.stats();
        info!(
            "{=usize} of {=usize} connections, {=u64} confirmed, {=u64} dropped, {=u64} invalid",
            ct.len(),
            ct.capacity(),
            stats.confirmed,
            stats.drop,
            stats.invalid,
        );
    }
}
