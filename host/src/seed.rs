//! Connections that were open before the capture, from tables that somebody saved.

use std::collections::BTreeMap;
use std::path::PathBuf;

use keeptrack_core::{Config, Conn, Direction, Instant, MAX_SECONDS, Restored};

use crate::capture::Stop;
use crate::error::Error;
use crate::lane::Lane;
use crate::listing::WhoTells;
use crate::replay::Replay;
use crate::saved::Saved;
use crate::units::Count;
use crate::verdict::Report;

/// What came of the saved tables.
#[derive(Debug, Default)]
pub(crate) struct Seeded {
    /// Connections that were open at the start.
    pub(crate) count: u64,
    /// Connections that made room for others of the saved tables.
    left_count: u64,
    /// Of all those, the ones that NAT had translated.
    translated: Few,
    /// Entries that were not taken over, by reason.
    left_out: BTreeMap<String, Few>,
    notes: Vec<String>,
}

/// How many there were, and where the first one stands.
#[derive(Debug, Default)]
struct Few {
    count: u64,
    first: String,
}

impl Few {
    fn add(&mut self, place: &str) {
        if self.count == 0 {
            place.clone_into(&mut self.first);
        }
        self.count += 1;
    }
}

/// Why an entry of ICMP out of XML is not taken over.
const NO_QUERY: &str = "XML tells neither type nor identifier of ICMP";

impl Seeded {
    fn leave_out(&mut self, why: &str, place: &str) {
        self.left_out.entry(why.to_owned()).or_default().add(place);
    }

    /// What should be said of them.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        let Few { count, first } = &self.translated;
        if *count > 0 {
            let count = Count(*count);
            notes.push(format!(
                "seeded entries that NAT translates, held by their original tuples: {count} \
                 (the first: {first})"
            ));
        }
        if self.left_count > 0 {
            let count = Count(self.left_count);
            notes.push(format!("seeded entries that made room for later ones: {count}"));
        }
        for (why, Few { count, first }) in &self.left_out {
            let count = Count(*count);
            notes.push(format!("entries not taken over, {why}: {count} (the first: {first})"));
        }
        notes
    }
}

impl Replay {
    /// Puts the connections of saved tables into every table, at the moment `now`. What came of
    /// them is told of the first.
    ///
    /// # Errors
    /// When a table cannot be read, or there is not the memory for it.
    pub(crate) fn seed(
        &mut self,
        tables: &[PathBuf],
        now: Instant,
        config: &Config,
        stop: &Stop,
    ) -> Result<Seeded, Error> {
        let mut seeded = Seeded::default();
        for table in tables {
            let mut saved = Saved::open(table, stop)?;
            while let Some((line, entry)) = saved.next()? {
                let place = format!("{}:{line}", saved.file());
                if entry.lacks_query() {
                    seeded.leave_out(NO_QUERY, &place);
                    continue;
                }
                let mut open = entry.restored(now, config);
                if self.listing.who_tells() == WhoTells::Log {
                    // It lives until the log tells of its end.
                    open.timeout_s = MAX_SECONDS;
                }
                for lane in self.others_mut() {
                    // What its table refuses, or has it leave, the first one's tells of.
                    let _ = lane.restore(now, &open)?;
                }
                match self.lane.restore(now, &open)? {
                    Ok((conn, evicted)) => {
                        seeded.count += 1;
                        seeded.left_count += u64::from(evicted.is_some());
                        self.listing.remember(&conn, &entry, now);
                        if entry.nat().is_some() {
                            seeded.translated.add(&place);
                        }
                    }
                    Err(why) => seeded.leave_out(&why.to_string(), &place),
                }
            }
            seeded.notes.extend(saved.notes());
        }
        seeded.count -= seeded.left_count;
        Ok(seeded)
    }
}

impl Lane {
    /// Tells of the connections that are open already, the oldest first.
    pub(crate) fn tell_open(&self, report: &mut dyn Report) {
        self.by_age().into_iter().for_each(|conn| report.was_open(conn));
    }

    /// The connections that are open, the oldest first, as another table takes them over.
    pub(crate) fn open(&self, now: Instant) -> Vec<Restored> {
        self.by_age().into_iter().map(|conn| restored(conn, now)).collect()
    }

    fn by_age(&self) -> Vec<&Conn> {
        let mut open: Vec<_> = self.ct.iter().collect();
        open.sort_unstable_by_key(|conn| conn.number());
        open
    }
}

/// A connection as another table takes it over.
fn restored(conn: &Conn, now: Instant) -> Restored {
    let timeout_s = u32::try_from(conn.timeout_left(now)).unwrap_or(MAX_SECONDS);
    let mut open = Restored::new(conn.tuple(Direction::Original), timeout_s);
    (open.zone, open.status, open.state) = (conn.zone(), conn.status(), conn.state());
    open.counters = [Direction::Original, Direction::Reply].map(|dir| conn.counters(dir));
    open.start = Some(conn.start());
    open
}
