//! What a kernel said of its table, `conntrack -E -o timestamp`, replayed without a capture.
//!
//! The log says when connections begin, change and end: nothing runs out by itself here.

use std::collections::HashSet;

use keeptrack_core::{
    Change, Config, Conn, CtState, Direction, Ended, Instant, MAX_SECONDS, RestoreError, Status,
    Step, Tuple, Why, Zone,
};

use crate::capture::Source;
use crate::conntrack::{Entry, Event, Kind, Reader, Record};
use crate::error::Error;
use crate::listing::Listing;
use crate::progress::Progress;
use crate::replay::Replay;
use crate::verdict::{Report, Skip, Verdict, What};

/// A log that is being read.
pub(crate) struct Log {
    file: String,
    reader: Reader<Source>,
    /// The next event, once it has been read.
    ahead: Option<Told>,
    event_count: u64,
    /// Entries that had no room when they began, until the kernel's own ends.
    refused: HashSet<(Tuple, Zone)>,
}

/// An event and its moment.
struct Told {
    time_ns: u64,
    event: Event,
}

impl Log {
    /// Reads from `source`.
    pub(crate) fn new(source: Source) -> Self {
        let file = source.name().to_owned();
        Self {
            file,
            reader: Reader::new(source),
            ahead: None,
            event_count: 0,
            refused: HashSet::new(),
        }
    }

    /// Its name, safe for a terminal.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// How many bytes there are to be read, if that is known.
    pub(crate) fn total_bytes(&self) -> Option<u64> {
        self.reader.input().total_bytes()
    }

    /// When the next event came.
    ///
    /// # Errors
    /// When the log cannot be read further.
    pub(crate) fn next_time_ns(&mut self) -> Result<Option<u64>, Error> {
        if self.ahead.is_none() {
            self.ahead = self.read()?;
        }
        Ok(self.ahead.as_ref().map(|told| told.time_ns))
    }

    /// What should be said of it although it could be read; complete at its end.
    pub(crate) fn notes(&self) -> Vec<String> {
        crate::saved::notes(&self.file, &self.reader)
    }

    fn next(&mut self) -> Result<Option<Told>, Error> {
        match self.ahead.take() {
            Some(told) => Ok(Some(told)),
            None => self.read(),
        }
    }

    fn read(&mut self) -> Result<Option<Told>, Error> {
        for record in self.reader.by_ref() {
            match record.map_err(|error| Error::Conntrack(self.file.clone(), error))? {
                Record::Event(event) => {
                    let time = event.time.ok_or_else(|| {
                        Error::NoTimes(format!("{}:{}", self.file, self.reader.line()))
                    })?;
                    return Ok(Some(Told { time_ns: time.as_nanos(), event }));
                }
                Record::Entry(_) => return Err(Error::TableAsLog(self.file.clone())),
                Record::Expectation(_) => {}
            }
        }
        Ok(None)
    }
}

impl Replay {
    /// Does to the table what a log says, up to the moment `end`.
    ///
    /// # Errors
    /// When the log cannot be read further, or a report cannot be written; what was reported before
    /// stands.
    pub(crate) fn follow(
        &mut self,
        log: &mut Log,
        (end, listing, config): (Option<Instant>, &Listing, &Config),
        report: &mut dyn Report,
        progress: &Progress,
    ) -> Result<(), Error> {
        while let Some(told) = log.next()? {
            progress.at(log.event_count, || log.reader.input().bytes_read());
            let now = self.clock.at(told.time_ns);
            if end.is_some_and(|end| now > end) {
                break;
            }
            self.expire(report)?;
            let what = self.heed(now, &told.event, (log, config))?;
            if let What::New(conn, _) | What::Known(.., conn, _) = what {
                listing.remember(conn.number(), &told.event.entry);
            }
            let (index, time_ns) = (log.event_count, self.clock.latest_ns());
            log.event_count += 1;
            let entry_count = self.ct.len();
            report.packet(&Verdict { index, now, time_ns, what, entry_count })?;
            if let What::Known(.., conn, Change { ended: Some(why), .. }) = what {
                report.ended(time_ns, &Ended { conn, why })?;
                listing.forget(conn.number());
            }
        }
        Ok(())
    }

    /// What an event is to the table.
    fn heed(
        &mut self,
        now: Instant,
        event: &Event,
        (log, config): (&mut Log, &Config),
    ) -> Result<What, Error> {
        let entry = &event.entry;
        let before = self.take_out(now, entry);
        if event.kind == Kind::Destroy {
            log.refused.remove(&key(entry));
            return Ok(before.map_or(What::Skipped(Skip::Unknown), |conn| gone(conn, entry)));
        }
        if event.kind == Kind::Update && log.refused.contains(&key(entry)) {
            return Ok(What::Skipped(Skip::Unknown));
        }
        self.make_room()?;
        let mut open = entry.restored(now, config);
        let timeout = open.timeout_s;
        // It lives until the log tells of its end.
        open.timeout_s = MAX_SECONDS;
        open.start = before.map(|before| before.start());
        Ok(match self.ct.restore(now, &open) {
            Ok(made) => match before {
                Some(before) => {
                    let change = Change { timeout: Some(timeout), ..changed(&before, made.conn) };
                    What::Known(CtState::Established, Direction::Original, *made.conn, change)
                }
                None => What::New(*made.conn, timeout),
            },
            Err(RestoreError::Refused(refused)) => {
                log.refused.insert(key(entry));
                What::Refused(refused.conn, refused.why)
            }
            Err(_) => What::Skipped(Skip::Unknown),
        })
    }

    /// Takes the connection of an entry out of the table, and answers what it was.
    fn take_out(&mut self, now: Instant, entry: &Entry) -> Option<Conn> {
        let (tuple, zone) = key(entry);
        if !self.ct.flush(now, &tuple, zone) {
            return None;
        }
        loop {
            match self.ct.expire(now) {
                Step::Ended(ended) if ended.why == Why::Flushed => return Some(ended.conn),
                Step::Ended(_) | Step::Working => {}
                Step::Idle => return None,
            }
        }
    }
}

/// What an entry is found by.
fn key(entry: &Entry) -> (Tuple, Zone) {
    (entry.original.tuple, entry.zone.map_or(Zone::DEFAULT, Zone))
}

/// What the end of a connection is to the table. The kernel tells the timeout of what it took out,
/// and none of what had run out.
fn gone(conn: Conn, entry: &Entry) -> What {
    let why = if entry.timeout.is_some() { Why::Flushed } else { Why::TimedOut };
    let change = Change { timeout: None, status: Status::NONE, left: None, ended: Some(why) };
    What::Known(CtState::Established, Direction::Original, conn, change)
}

/// What is different about a connection since the last event.
fn changed(before: &Conn, after: &Conn) -> Change {
    let left = before.state().filter(|state| after.state() != Some(*state));
    let status = after.status().without(before.status());
    Change { timeout: None, status, left, ended: None }
}
