//! The loop: captures through tables, packet by packet, the captures being the clock.

use std::iter;
use std::sync::Arc;

use keeptrack_core::{Instant, Invalid};

use crate::capture::{Captures, Record};
use crate::copies::Recent;
use crate::error::Error;
use crate::front::{Front, Stamp};
use crate::lane::Lane;
use crate::listing::Listing;
use crate::path::Misplaced;
use crate::progress::Progress;
use crate::units::Count;
use crate::verdict::Report;

pub use crate::lane::Tracker;

/// Passes packets through a table, or through several side by side.
pub struct Replay {
    pub(crate) front: Front,
    pub(crate) lane: Lane,
    /// The tables beside it: packets are read once for all.
    others: Vec<Lane>,
    pub(crate) listing: Arc<Listing>,
}

impl Replay {
    /// With tables that nothing has been passed through.
    #[must_use]
    pub(crate) fn new(
        front: Front,
        (lane, others): (Lane, Vec<Lane>),
        listing: Arc<Listing>,
    ) -> Self {
        Self { front, lane, others, listing }
    }

    /// The table; the first of several.
    #[must_use]
    pub const fn table(&self) -> &Tracker {
        &self.lane.ct
    }

    /// The tables and what goes with each.
    pub(crate) fn lanes(&self) -> impl Iterator<Item = &Lane> {
        iter::once(&self.lane).chain(&self.others)
    }

    /// The tables beside the first.
    pub(crate) fn others_mut(&mut self) -> impl Iterator<Item = &mut Lane> {
        self.others.iter_mut()
    }

    /// All of them, to be worked on.
    pub(crate) fn lanes_mut(&mut self) -> impl Iterator<Item = &mut Lane> {
        iter::once(&mut self.lane).chain(&mut self.others)
    }

    /// The moment up to which everything has been replayed.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.front.clock.latest()
    }

    /// What is wrong when all of `capture` has been read, and nothing of it was looked at.
    pub(crate) fn nothing_seen(&self, capture: &str) -> Option<Misplaced> {
        self.front.sight.nothing_seen(capture)
    }

    /// Passes whole captures through the tables, or what they have up to the moment `end`, and
    /// tells of each table the report in the same place.
    ///
    /// # Errors
    /// When a capture cannot be read further, when a rule asks what it does not tell, or when a
    /// report cannot be written; what was reported before stands.
    pub(crate) fn run(
        &mut self,
        captures: &mut Captures,
        end: Option<Instant>,
        reports: &mut [&mut dyn Report],
        progress: &Progress,
    ) -> Result<(), Error> {
        let name = captures.name();
        loop {
            progress.at(captures.packet_count(), || captures.bytes_read());
            if !captures.is_at_hand() {
                reports.iter_mut().try_for_each(|report| report.flush())?;
            }
            let Some(record) = captures.next().transpose()? else { break };
            if end.is_some_and(|end| Instant::from_millis(record.time_ns / 1_000_000) > end) {
                break;
            }
            self.pass(&record, &name, reports)?;
        }
        match end {
            Some(end) if !captures.was_stopped() => self.pass_time(end, reports),
            _ => Ok(()),
        }
    }

    /// Passes one packet of `capture` through the tables.
    fn pass(
        &mut self,
        record: &Record<'_>,
        capture: &str,
        reports: &mut [&mut dyn Report],
    ) -> Result<(), Error> {
        let Self { front, lane, others, .. } = self;
        let read = front.read(record, capture, lane.ct.rules())?;
        let packet = match &read {
            Ok((packet, sighting)) => Ok(packet.seen(sighting.seen())),
            Err(why) => Err(*why),
        };
        let stamp = Stamp { index: record.index, ..front.clock.stamp(record.time_ns) };
        for (lane, report) in iter::once(lane).chain(others).zip(reports) {
            lane.pass(stamp, &packet, *report)?;
        }
        Ok(())
    }

    /// Lets the time pass until `end`, in which nothing is captured.
    pub(crate) fn pass_time(
        &mut self,
        end: Instant,
        reports: &mut [&mut dyn Report],
    ) -> Result<(), Error> {
        self.front.clock.at(end.as_millis().saturating_mul(1_000_000));
        let now_ns = self.front.clock.latest_ns();
        self.lanes_mut().zip(reports).try_for_each(|(lane, report)| lane.pass_time(now_ns, *report))
    }

    /// What should be said of what it saw.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.front.sight.has_guessed() && !self.table().rules().sources.is_empty() {
            notes.push(
                "some interfaces do not tell which packets this host sent: all count as arrived \
                 (`--local` tells)"
                    .into(),
            );
        }
        let twins = self.front.recent.as_ref().map(Recent::twins);
        notes.extend(twins.filter(|twins| twins.count() > 0).map(ToString::to_string));
        let wrong_count = self.table().stats().invalid_by(Invalid::Checksum);
        if wrong_count > 0 {
            notes.push(format!(
                "{} packets are INVALID for their check sums, which a capture may show unfinished \
                 (`-c nf_conntrack_checksum=0` does not verify them)",
                Count(wrong_count)
            ));
        }
        let lost_count = self.table().fragments().incomplete_count();
        if lost_count > 0 {
            notes.push(format!(
                "{} datagrams came in parts and not all of them: never tracked, as in Linux",
                Count(lost_count)
            ));
        }
        notes
    }

    /// How many packets carried a time before that of the packet before them, and were given that.
    #[must_use]
    pub const fn went_back_count(&self) -> u64 {
        self.front.clock.went_back_count()
    }
}
