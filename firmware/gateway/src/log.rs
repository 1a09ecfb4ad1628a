//! A gateway's log, in defmt: the same lines on every board, in the words of `conntrack -E`.

use defmt::{Display2Format, info, warn};
use keeptrack_core::fragment::Fragments;
use keeptrack_core::raw::Raw;
use keeptrack_core::{Conntrack, Ended, Help, Instant, Memory, OnFull, Refused};

use crate::{Action, Dropped, Passed};

/// How many seconds a line about a refusal speaks for those that follow it.
const QUIET: u32 = 1;

/// The log, and what it remembers so as to stay short in a flood.
#[derive(Debug, Default)]
pub struct Log {
    dropped: Quiet,
    bypassed: Quiet,
}

/// How long a kind of line is not written, and how often it would have been.
#[derive(Debug, Default)]
struct Quiet {
    until: Instant,
    suppressed_count: u32,
}

impl Log {
    /// One line for a connection that begins, and one a second for what the table refuses and
    /// drops, and for what it refuses and lets pass; the [`status`](Self::status) line has the
    /// exact counts.
    pub fn action(&mut self, now: Instant, action: &Action<'_>) {
        match action {
            Action::Forward(Passed::New(made)) => {
                if let Some(evicted) = &made.evicted {
                    self.ended(now, evicted);
                }
                info!("[NEW] {}", Display2Format(&made.conn.list(now)));
            }
            Action::Forward(Passed::Bypassed(refused)) => self.bypassed.refused(now, refused),
            Action::Drop(Dropped::Refused(refused)) => self.dropped.refused(now, refused),
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
        let dropped = [stats.drop, stats.source_full, stats.zone_full, stats.insert_failed];
        info!(
            "{=usize} of {=usize} connections, {=u64} confirmed, {=u64} dropped early, {=u64} first \
             packets dropped, {=u64} passed untracked, {=u64} packets invalid",
            ct.len(),
            ct.capacity(),
            stats.confirmed,
            stats.early_drop,
            dropped.into_iter().fold(0, u64::wrapping_add),
            stats.bypass,
            stats.invalid,
        );
    }
}

impl Quiet {
    fn refused(&mut self, now: Instant, refused: &Refused) {
        if now < self.until {
            self.suppressed_count = self.suppressed_count.saturating_add(1);
            return;
        }
        if self.suppressed_count > 0 {
            warn!("net_ratelimit: {=u32} callbacks suppressed", self.suppressed_count);
        }
        warn!("nf_conntrack: {}", Display2Format(refused));
        *self = Self { until: now.after(QUIET), suppressed_count: 0 };
    }
}
