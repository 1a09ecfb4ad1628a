//! The loop: a capture through a table, packet by packet, the capture being the clock.

use keeptrack_core::{Change, Conntrack, Instant, LinkType, Packet, Refuse, Step, Tracked};

use crate::capture::{Capture, Record};
use crate::copies::Recent;
use crate::error::Error;
use crate::memory::Heap;
use crate::options::Copies;
use crate::progress::Progress;
use crate::rules::RuleSet;
use crate::sight::Sight;
use crate::verdict::{Report, Skip, Speaks, Verdict, What};

/// The tracker of a replay.
pub type Tracker = Conntrack<Heap, Refuse, RuleSet>;

/// Passes packets of one capture through a table.
pub struct Replay {
    ct: Tracker,
    room: Room,
    sight: Sight,
    recent: Option<Recent>,
    clock: Clock,
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
    pub fn new(ct: Tracker, room: Room, sight: Sight, copies: Copies) -> Self {
        let recent = (copies == Copies::Drop).then(Recent::new);
        Self { ct, room, sight, recent, clock: Clock::default() }
    }

    /// The table.
    #[must_use]
    pub const fn table(&self) -> &Tracker {
        &self.ct
    }

    /// Whether packets went by whose direction nobody told, and which count as arrived.
    #[must_use]
    pub fn has_guessed(&self) -> bool {
        self.sight.has_guessed()
    }

    /// How many packets carried a time before that of the packet before them, and were given that.
    #[must_use]
    pub const fn went_back_count(&self) -> u64 {
        self.clock.went_back_count
    }

    /// Passes a whole capture through the table.
    ///
    /// # Errors
    /// When the capture cannot be read further, when a rule asks what it does not tell, or when a
    /// report cannot be written; what was reported before stands.
    pub fn run(
        &mut self,
        capture: &mut Capture,
        report: &mut dyn Report,
        progress: &Progress,
    ) -> Result<(), Error> {
        let file = capture.file().to_owned();
        loop {
            progress.at(capture.packet_count(), capture.bytes_read());
            let Some(record) = capture.next().transpose()? else { return Ok(()) };
            let (index, now) = (record.index, self.clock.at(record.time_ns));
            self.expire(now, report)?;
            let what = match self.read(&record) {
                Err(why) => What::Skipped(why),
                Ok(packet) => {
                    let sighting = self.sight.of(&record, &packet, self.ct.rules(), &file)?;
                    self.make_room()?;
                    self.track(now, &packet.seen(sighting.seen()))
                }
            };
            if let What::New(..) = what {
                // The connection whose tuple it has taken over is told of before it.
                self.expire(now, report)?;
            }
            report.packet(&Verdict { index, now, what, entry_count: self.ct.len() })?;
            if let What::Known(.., Change { ended: Some(_), .. }) = what {
                self.expire(now, report)?;
            }
        }
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
            Tracked::Invalid(why) => What::Invalid(why, Speaks::of(packet)),
            Tracked::Untracked => What::Untracked,
            Tracked::Dropped => What::RawDropped,
        }
    }

    /// Hands out what has run out by `now`.
    fn expire(&mut self, now: Instant, report: &mut dyn Report) -> Result<(), Error> {
        loop {
            match self.ct.expire(now) {
                Step::Ended(ended) => report.ended(now, &ended)?,
                Step::Working => {}
                Step::Idle => return Ok(()),
            }
        }
    }

    /// The packet of a record, unless tracking is not to be asked about it.
    fn read<'r>(&mut self, record: &Record<'r>) -> Result<Packet<'r>, Skip> {
        let link = LinkType::from_dlt(record.link).ok_or(Skip::Link(record.link))?;
        let packet = Packet::parse(link, record.data).map_err(Skip::Parse)?;
        let is_copy = self.recent.as_mut().is_some_and(|recent| recent.is_copy(record));
        if is_copy { Err(Skip::Copy) } else { Ok(packet) }
    }

    /// Doubles a full table that may grow.
    fn make_room(&mut self) -> Result<(), Error> {
        let entries = self.ct.capacity() * 2;
        if self.room == Room::Fixed || self.ct.len() * 2 < entries {
            return Ok(());
        }
        let memory = Heap::new(entries).ok_or(Error::NoMemory(entries))?;
        // Twice the slots hold what the slots held.
        self.ct.move_into(memory).map(drop).map_err(|_| Error::NoMemory(entries))
    }
}

/// The capture's time, which never goes back.
#[derive(Debug, Default)]
struct Clock {
    latest: Instant,
    went_back_count: u64,
}

impl Clock {
    fn at(&mut self, time_ns: u64) -> Instant {
        let now = Instant::from_millis(time_ns / 1_000_000);
        if now < self.latest {
            self.went_back_count += 1;
        }
        self.latest = self.latest.max(now);
        self.latest
    }
}
