//! What a kernel said of its table, `conntrack -E -o timestamp`, replayed without a capture.
//!
//! The log says when connections begin, change and end: nothing runs out by itself here.

use std::collections::HashSet;

use keeptrack_core::{
    Change, Config, Conn, CtState, Direction, Ended, Instant, MAX_SECONDS, RestoreError, Restored,
    Status, Step, Tuple, Why, Zone,
};

use crate::capture::Source;
use crate::conntrack::{Entry, Event, Kind, Reader, Record};
use crate::error::Error;
use crate::lane;
use crate::progress::Progress;
use crate::replay::Replay;
use crate::saved;
use crate::verdict::{Report, Skip, Verdict, What};

/// A log that is being read.
pub(crate) struct Log {
    file: String,
    reader: Reader<Source>,
    /// The next event, once it has been read.
    ahead: Option<Told>,
    event_count: u64,
    was_stopped: bool,
    /// Entries that had no room when they began, until the kernel's own end.
    refused: HashSet<Name>,
}

/// What an entry is found by.
type Name = (Tuple, Zone);

/// An event and its moment.
struct Told {
    time_ns: u64,
    event: Event,
}

impl Log {
    /// Reads from `source`.
    pub(crate) fn new(source: Source) -> Self {
        let file = source.name().to_owned();
        let reader = Reader::new(source);
        let refused = HashSet::new();
        Self { file, reader, ahead: None, event_count: 0, was_stopped: false, refused }
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
        saved::notes(&self.file, &self.reader)
    }

    /// Whether the next event is there without waiting for whoever writes the log.
    fn is_at_hand(&self) -> bool {
        self.ahead.is_some() || self.reader.input().holds_line()
    }

    fn next(&mut self) -> Result<Option<Told>, Error> {
        match self.ahead.take() {
            Some(told) => Ok(Some(told)),
            None => self.read(),
        }
    }

    /// The next event; a stop that was asked for is an end.
    fn read(&mut self) -> Result<Option<Told>, Error> {
        while let Some(record) = self.reader.next() {
            let record = match record.map_err(|error| saved::fault(&self.reader, error)) {
                Err(Error::Capture(error)) if error.is_stop() => {
                    self.was_stopped = true;
                    return Ok(None);
                }
                record => record?,
            };
            match record {
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
        (end, config): (Option<Instant>, &Config),
        report: &mut dyn Report,
        progress: &Progress,
    ) -> Result<(), Error> {
        loop {
            progress.at(log.event_count, || log.reader.input().bytes_read());
            if !log.is_at_hand() {
                report.flush()?;
            }
            let Some(Told { time_ns, event }) = log.next()? else { break };
            if end.is_some_and(|end| Instant::from_millis(time_ns / 1_000_000) > end) {
                break;
            }
            let now = self.front.clock.at(time_ns);
            self.lane.expire(self.front.clock.latest_ns(), report)?;
            let before = self.take_out(now, &event.entry);
            if let (Kind::New, Some(conn)) = (event.kind, before) {
                // The log lost its end.
                self.lane.tell(time_ns, &Ended { conn, why: Why::Reopened }, report)?;
            }
            let before = before.filter(|_| event.kind != Kind::New);
            let (what, evicted) = self.heed(now, &event, before, (log, config))?;
            if let Some(ended) = evicted {
                self.lane.tell(self.front.clock.latest_ns(), &ended, report)?;
            }
            self.tell(&event, what, log, report)?;
        }
        match end {
            Some(end) if !log.was_stopped => self.pass_time(end, &mut [report]),
            _ => Ok(()),
        }
    }

    fn tell(
        &mut self,
        event: &Event,
        what: What,
        log: &mut Log,
        report: &mut dyn Report,
    ) -> Result<(), Error> {
        let (now, time_ns) = (self.now(), self.front.clock.latest_ns());
        if let What::New(conn, _) | What::Known(.., conn, _) = what {
            self.listing.remember(&conn, &event.entry, now);
            report.told(event)?;
        }
        if let What::Known(.., conn, Change { ended: Some(why), .. }) = what {
            self.lane.tell(time_ns, &Ended { conn, why }, report)?;
        }
        let (index, entry_count) = (log.event_count, self.table().len());
        log.event_count += 1;
        let is_reassembled = false;
        let tuple = None;
        Ok(report.packet(&Verdict {
            index,
            time_ns,
            tuple,
            what,
            fate: None,
            entry_count,
            is_reassembled,
        })?)
    }

    /// What an event is to the table, out of which its connection, as it was `before`, has been
    /// taken; and who left for it.
    fn heed(
        &mut self,
        now: Instant,
        event: &Event,
        before: Option<Conn>,
        (log, config): (&mut Log, &Config),
    ) -> Result<(What, Option<Ended>), Error> {
        let entry = &event.entry;
        if event.kind == Kind::Destroy {
            log.refused.remove(&name(entry));
            let what = before.map_or(What::Skipped(Skip::Unknown), |conn| gone(conn, entry));
            return Ok((what, None));
        }
        if event.kind == Kind::Update && log.refused.contains(&name(entry)) {
            return Ok((What::Skipped(Skip::Unknown), None));
        }
        let mut open = entry.restored(now, config);
        let timeout = open.timeout_s;
        // It lives until the log tells of its end.
        open.timeout_s = MAX_SECONDS;
        open.start = before.map(|before| before.start());
        Ok(match self.lane.restore(now, &open)? {
            Ok((conn, evicted)) => {
                let what = match before {
                    Some(before) => {
                        let change = Change { timeout: Some(timeout), ..changed(&before, &conn) };
                        What::Known(CtState::Established, Direction::Original, conn, change)
                    }
                    None => What::New(conn, timeout),
                };
                (what, evicted)
            }
            Err(RestoreError::Refused(refused)) => {
                log.refused.insert(name(entry));
                (lane::refuse(refused), None)
            }
            Err(_) => (What::Skipped(Skip::Unknown), None),
        })
    }

    /// Takes the connection of an entry out of the table, and answers what it was.
    fn take_out(&mut self, now: Instant, entry: &Entry) -> Option<Conn> {
        let (tuple, zone) = name(entry);
        if !self.lane.ct.flush(now, &tuple, zone) {
            return None;
        }
        let conn = loop {
            match self.lane.ct.expire(now) {
                Step::Ended(ended) if ended.why == Why::Flushed => break ended.conn,
                Step::Ended(_) | Step::Working => {}
                Step::Idle => return None,
            }
        };
        if conn.tuple(Direction::Original) == tuple {
            return Some(conn);
        }
        // It is that of the other direction, which NAT tells apart and the table does not.
        let mut back = Restored::new(conn.tuple(Direction::Original), MAX_SECONDS);
        (back.zone, back.status, back.state) = (conn.zone(), conn.status(), conn.state());
        back.start = Some(conn.start());
        let _its_slot_is_free = self.lane.ct.restore(now, &back);
        None
    }
}

fn name(entry: &Entry) -> Name {
    (entry.original.tuple, entry.zone.map_or(Zone::DEFAULT, Zone))
}

/// What the end of a connection is to the table. The kernel tells the timeout of what it took out,
/// and none of what had run out.
fn gone(conn: Conn, entry: &Entry) -> What {
    let why = if entry.timeout.is_some() { Why::Flushed } else { Why::TimedOut };
    let ended = Some(why);
    let change = Change { timeout: None, status: Status::NONE, left: None, ended, dropped: None };
    What::Known(CtState::Established, Direction::Original, conn, change)
}

/// What is different about a connection since the last event.
fn changed(before: &Conn, after: &Conn) -> Change {
    let left = before.state().filter(|state| after.state() != Some(*state));
    let status = after.status().without(before.status());
    Change { timeout: None, status, left, ended: None, dropped: None }
}
