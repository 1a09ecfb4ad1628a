//! The gateway's log, in defmt: the same lines on every board, in the words of `conntrack -E` and of
//! the kernel.

use defmt::{error, info, warn};
use keeptrack_core::{Ended, Instant, OnRefusal, Refusal, Refused};

use crate::action::{ACCEPT, Action, Dropped, Passed};
use crate::counts::{Counts, PortCounts, Reason};
use crate::image::ImageError;
use crate::listed::Listed;
use crate::port::{Faults, LinkState, Side};
use crate::settings::{Fail, LogLevel};
use crate::table::Table;

/// How many seconds a line about a refusal speaks for those that follow it.
const QUIET: u32 = 1;

/// The log, and what it remembers so as to stay short in a flood.
#[derive(Debug, Default)]
pub(crate) struct Log {
    level: LogLevel,
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
    /// Nothing was said yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// From now on, what the configuration asks for.
    pub(crate) fn level(&mut self, level: LogLevel) {
        self.level = level;
    }

    /// One line for a configuration that cannot be used, and one for what holds instead.
    pub(crate) fn configuration(&self, why: ImageError, fail: Fail) {
        if why.is_absent() {
            info!("no configuration in flash: built-in rules");
            return;
        }
        error!("configuration: {}", why);
        match fail {
            Fail::Default => warn!("built-in rules"),
            Fail::Open => warn!("boot: without rules, everything passes untracked"),
            Fail::Closed => warn!("boot: without rules, nothing passes"),
        }
    }

    /// One line when the gateway begins to track.
    pub(crate) fn boot(&self, table: &Table<'_>, level: LogLevel) {
        info!(
            "boot: {=usize} connections of {=usize} bytes and {=usize} for all, log {}",
            table.capacity(),
            keeptrack_core::bytes_an_entry::<u16>(),
            keeptrack_core::bytes_a_table::<u16>(),
            level,
        );
    }

    /// What is said of a frame: one line a second for what the table refuses and drops, and for what
    /// it refuses and lets pass; if asked for, one for each connection that begins, and one for
    /// each frame.
    pub(crate) fn action(
        &mut self,
        now: Instant,
        (side, frame_len): (Side, usize),
        action: &Action<'_>,
        unsent: Option<Reason>,
    ) {
        if self.level == LogLevel::Packets {
            info!(
                "packet {=str} {=usize} {=str} {=str} {=u64}",
                side.name(),
                frame_len,
                action.standing().name(),
                unsent.map_or(ACCEPT, Reason::name),
                now.as_millis(),
            );
        }
        match action {
            Action::Forward(Passed::New(_, made)) => {
                if let Some(evicted) = &made.evicted {
                    self.ended(now, evicted);
                }
                if self.level != LogLevel::Drops {
                    info!("[NEW] {}", Listed(made.conn, now));
                }
            }
            Action::Forward(Passed::Bypassed(_, refused)) => self.bypassed.refused(now, refused),
            Action::Drop(_, Dropped::Refused(refused)) => self.dropped.refused(now, refused),
            Action::Forward(Passed::Plain(_)) | Action::Drop(_, Dropped::For(_)) => {}
        }
    }

    /// If asked for, one line for a connection that has left the table.
    pub(crate) fn ended(&self, now: Instant, ended: &Ended) {
        if self.level != LogLevel::Drops {
            info!("[DESTROY] {} {=str}", Listed(&ended.conn, now), ended.why.name());
        }
    }

    /// The lines of the ports, and of the table once there is one.
    pub(crate) fn status(&self, links: [LinkState; 2], counts: &Counts, table: Option<&Table<'_>>) {
        for (side, link) in Side::BOTH.into_iter().zip(links) {
            of_port(side, link, counts.port(side));
        }
        if let Some(table) = table {
            of_table(table);
        }
    }
}

/// The lines of a port: what came in there, and what the port itself refused.
fn of_port(side: Side, link: LinkState, counts: &PortCounts) {
    let [closed, looped, unreadable, rule, held, filter, refused, busy, no_link] =
        Reason::ALL.map(|why| counts.dropped(why));
    info!(
        "{=str}: link {}, {=u64} received, {=u64} forwarded, dropped: {=u64} closed, {=u64} looped, \
         {=u64} unreadable, {=u64} rule, {=u64} held, {=u64} filter, {=u64} refused, {=u64} busy, \
         {=u64} no_link",
        side.name(),
        link,
        counts.received,
        counts.forwarded,
        closed,
        looped,
        unreadable,
        rule,
        held,
        filter,
        refused,
        busy,
        no_link,
    );
    let Faults { runt, giant, bad, overrun, foreign, transmit } = counts.faults;
    info!(
        "{=str}: refused by the port: {=u32} runt, {=u32} giant, {=u32} bad, {=u32} overrun, {=u32} \
         foreign, {=u32} transmit",
        side.name(),
        runt,
        giant,
        bad,
        overrun,
        foreign,
        transmit,
    );
}

/// The lines of the table.
fn of_table(table: &Table<'_>) {
    let stats = table.stats();
    let dropped = [stats.drop, stats.source_full, stats.zone_full, stats.insert_failed];
    info!(
        "{=usize} of {=usize} connections, {=u64} confirmed, {=u64} dropped early, {=u64} first \
         packets dropped, {=u64} passed untracked, {=u64} packets invalid",
        table.len(),
        table.capacity(),
        stats.confirmed,
        stats.early_drop,
        dropped.into_iter().fold(0, u64::wrapping_add),
        stats.bypass,
        stats.invalid,
    );
    let (.., ghost) = table.policy();
    info!("{=usize} slots would have been enough for all", ghost.would_need());
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
        warn!("nf_conntrack: {=str}, {=str}", cause(refused.why), consequence(refused.then));
        *self = Self { until: now.after(QUIET), suppressed_count: 0 };
    }
}

/// The words of the kernel's log.
const fn cause(why: Refusal) -> &'static str {
    match why {
        Refusal::TableFull => "table full",
        Refusal::ChainTooLong => "chain too long",
        Refusal::SourceFull => "too many connections of one source",
        Refusal::ZoneFull => "too many connections in the zone",
        _ => "refused",
    }
}

const fn consequence(then: OnRefusal) -> &'static str {
    match then {
        OnRefusal::Drop => "dropping packet",
        OnRefusal::Bypass => "passing packet untracked",
    }
}
