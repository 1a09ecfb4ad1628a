//! The loop: captures through a table, packet by packet, the captures being the clock.

use std::rc::Rc;

use keeptrack_core::fragment::{AsLinux, Queue, Run};
use keeptrack_core::{
    Change, Conntrack, Ended, HelperSlot, Helpers, Instant, Invalid, LinkType, Packet, Refuse,
    Step, Tracked, Why,
};

use crate::capture::{Captures, Record};
use crate::copies::Recent;
use crate::error::Error;
use crate::listing::Listing;
use crate::memory::Heap;
use crate::options::Copies;
use crate::path::Misplaced;
use crate::progress::Progress;
use crate::rules::RuleSet;
use crate::sight::Sight;
use crate::units::Count;
use crate::verdict::{Report, Skip, Speaks, Verdict, What};

/// The tracker of a replay.
pub type Tracker = Conntrack<Heap, Refuse, RuleSet, Helpers<Box<[HelperSlot]>>, Datagrams>;

/// The stage that puts datagrams together.
pub(crate) type Datagrams = AsLinux<Box<[Queue]>, Box<[Run]>>;

/// Passes packets through a table.
pub struct Replay {
    pub(crate) ct: Tracker,
    room: Room,
    sight: Sight,
    recent: Option<Recent>,
    pub(crate) listing: Rc<Listing>,
    pub(crate) clock: Clock,
}

/// How the table gets its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// It is as large as it is.
    Fixed,
    /// It grows, so that nothing is refused.
    Growing,
}

impl Replay {
    /// With a table that nothing has been passed through.
    #[must_use]
    pub(crate) fn new(
        (ct, room): (Tracker, Room),
        sight: Sight,
        copies: Copies,
        listing: Rc<Listing>,
    ) -> Self {
        let recent = (copies == Copies::Drop).then(Recent::new);
        Self { ct, room, sight, recent, listing, clock: Clock::default() }
    }

    /// The table.
    #[must_use]
    pub const fn table(&self) -> &Tracker {
        &self.ct
    }

    /// The moment up to which everything has been replayed.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.clock.latest()
    }

    /// What is wrong when all of `capture` has been read, and nothing of it was looked at.
    pub(crate) fn nothing_seen(&self, capture: &str) -> Option<Misplaced> {
        self.sight.nothing_seen(capture)
    }

    /// What should be said of what it saw.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.sight.has_guessed() && !self.ct.rules().sources.is_empty() {
            notes.push(
                "some interfaces do not tell which packets this host sent: all count as arrived \
                 (`--local` tells)"
                    .into(),
            );
        }
        let twins = self.recent.as_ref().map(Recent::twins).filter(|twins| twins.count() > 0);
        notes.extend(twins.map(ToString::to_string));
        let wrong_count = self.ct.stats().invalid_by(Invalid::Checksum);
        if wrong_count > 0 {
            notes.push(format!(
                "{} packets are INVALID for their check sums, which a capture may show unfinished \
                 (`-c nf_conntrack_checksum=0` does not verify them)",
                Count(wrong_count)
            ));
        }
        let fragments = self.ct.fragments();
        let lost_count = fragments.timed_out_count() + fragments.waiting_count() as u64;
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
        self.clock.went_back_count
    }

    /// Passes whole captures through the table, or what they have up to the moment `end`.
    ///
    /// # Errors
    /// When a capture cannot be read further, when a rule asks what it does not tell, or when a
    /// report cannot be written; what was reported before stands.
    pub(crate) fn run(
        &mut self,
        captures: &mut Captures,
        end: Option<Instant>,
        report: &mut dyn Report,
        progress: &Progress,
    ) -> Result<(), Error> {
        let name = captures.name();
        loop {
            progress.at(captures.packet_count(), || captures.bytes_read());
            if !captures.is_at_hand() {
                report.flush()?;
            }
            let Some(record) = captures.next().transpose()? else { break };
            if end.is_some_and(|end| Instant::from_millis(record.time_ns / 1_000_000) > end) {
                break;
            }
            self.pass(&record, &name, report)?;
        }
        if captures.was_stopped() {
            return Ok(());
        }
        match end {
            Some(end) => self.pass_time(end, report),
            None => Ok(()),
        }
    }

    /// Passes one packet of `capture` through the table.
    fn pass(
        &mut self,
        record: &Record<'_>,
        capture: &str,
        report: &mut dyn Report,
    ) -> Result<(), Error> {
        let packet = match self.read(record, capture)? {
            Err(why @ (Skip::Link(_) | Skip::Parse(_))) => return self.skip(record, why, report),
            packet => packet,
        };
        let now = self.clock.at(record.time_ns);
        self.expire(report)?;
        let (what, is_part) = match packet {
            Err(why) => (What::Skipped(why), false),
            Ok(packet) => {
                let sighting = self.sight.of(record, &packet, self.ct.rules(), capture)?;
                self.make_room()?;
                (self.track(now, &packet.seen(sighting.seen())), packet.fragment.is_some())
            }
        };
        if let What::New(..) = what {
            // The connection whose tuple it has taken over is told of before it.
            self.expire(report)?;
        }
        let (index, time_ns) = (record.index, self.clock.latest_ns);
        let entry_count = self.ct.len();
        let is_reassembled = is_part && !matches!(what, What::Held(_));
        report.packet(&Verdict { index, time_ns, what, entry_count, is_reassembled })?;
        if let What::Known(.., Change { ended: Some(_), .. }) = what {
            self.expire(report)?;
        }
        Ok(())
    }

    /// Passes over a record that holds no packet. It moves the table's time only if an IP layer has
    /// seen it, and refused it.
    fn skip(
        &mut self,
        record: &Record<'_>,
        why: Skip,
        report: &mut dyn Report,
    ) -> Result<(), Error> {
        if why.is_by_ip() {
            self.clock.at(record.time_ns);
            self.expire(report)?;
        }
        report.packet(&Verdict {
            index: record.index,
            time_ns: self.clock.latest_ns.max(record.time_ns),
            what: What::Skipped(why),
            entry_count: self.ct.len(),
            is_reassembled: false,
        })?;
        Ok(())
    }

    fn track(&mut self, now: Instant, packet: &Packet<'_>) -> What {
        match self.ct.track(now, packet) {
            Tracked::First(first) => {
                let timeout = first.timeout();
                match first.confirm() {
                    Ok(made) => What::New(*made.conn, timeout),
                    Err(full) => What::Refused(full.conn, full.why),
                }
            }
            Tracked::Known { state, dir, conn, change } => What::Known(state, dir, *conn, change),
            Tracked::Related { dir, conn } => What::Related(dir, *conn),
            Tracked::Invalid { why, shortened } => {
                What::Invalid(why, Speaks::of(packet, why), shortened)
            }
            Tracked::Held(why) => What::Held(why),
            Tracked::Untracked => What::Untracked,
            Tracked::Dropped => What::RawDropped,
        }
    }

    /// Lets the time pass until `end`, in which nothing is captured.
    pub(crate) fn pass_time(&mut self, end: Instant, report: &mut dyn Report) -> Result<(), Error> {
        self.clock.at(end.as_millis().saturating_mul(1_000_000));
        self.expire(report)
    }

    /// Hands out what has run out by now.
    pub(crate) fn expire(&mut self, report: &mut dyn Report) -> Result<(), Error> {
        loop {
            match self.ct.expire(self.clock.latest()) {
                Step::Ended(ended) => {
                    report.ended(self.left_ns(&ended), &ended)?;
                    self.listing.forget(&ended.conn);
                }
                Step::Working => {}
                Step::Idle => return Ok(()),
            }
        }
    }

    /// Who ran out between two packets left when it did, not when the second one came.
    fn left_ns(&self, ended: &Ended) -> u64 {
        let now_ns = self.clock.latest_ns;
        match ended.why {
            Why::TimedOut => now_ns.min(ended.conn.expiry().as_millis().saturating_mul(1_000_000)),
            _ => now_ns,
        }
    }

    /// The packet of a record of `capture`, unless tracking is not to be asked about it.
    fn read<'r>(
        &mut self,
        record: &Record<'r>,
        capture: &str,
    ) -> Result<Result<Packet<'r>, Skip>, Misplaced> {
        if !self.sight.look_at(record, capture)? {
            return Ok(Err(Skip::Elsewhere));
        }
        let Some(link) = LinkType::from_dlt(record.link) else {
            return Ok(Err(Skip::Link(record.link)));
        };
        let packet = Packet::parse_cut(link, record.data, cut_len(link, record));
        let packet = packet.map_err(Skip::Parse);
        let is_copy =
            packet.is_ok() && self.recent.as_mut().is_some_and(|recent| recent.is_copy(record));
        Ok(if is_copy { Err(Skip::Copy) } else { packet })
    }

    /// Doubles a full table that may grow.
    pub(crate) fn make_room(&mut self) -> Result<(), Error> {
        let entries = self.ct.capacity() * 2;
        if self.room == Room::Fixed || self.ct.len() * 2 < entries {
            return Ok(());
        }
        let memory = Heap::new(entries).ok_or(Error::NoMemory(entries))?;
        // Twice the slots hold what the slots held.
        self.ct.move_into(memory).map(drop).map_err(|_| Error::NoMemory(entries))
    }
}

/// How many bytes of a record's frame the capture left out, as far as it tells.
fn cut_len(link: LinkType, record: &Record<'_>) -> u32 {
    match link {
        // The kernel cuts what it logs to the length that was asked for, and does not say so.
        LinkType::Nflog => u16::MAX.into(),
        _ => record.wire_len.saturating_sub(u32::try_from(record.data.len()).unwrap_or(u32::MAX)),
    }
}

/// The captures' time, which never goes back.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    latest_ns: u64,
    went_back_count: u64,
}

impl Clock {
    /// The moment of a packet that carries this time.
    pub(crate) fn at(&mut self, time_ns: u64) -> Instant {
        if time_ns / 1_000_000 < self.latest_ns / 1_000_000 {
            self.went_back_count += 1;
        }
        self.latest_ns = self.latest_ns.max(time_ns);
        self.latest()
    }

    const fn latest(&self) -> Instant {
        Instant::from_nanos(self.latest_ns)
    }

    /// The latest moment in nanoseconds.
    pub(crate) const fn latest_ns(&self) -> u64 {
        self.latest_ns
    }
}
