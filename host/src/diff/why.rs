//! Why two tables may differ in an entry, as far as the capture tells: likely, not proven.

use std::collections::HashMap;
use std::io;

use keeptrack_core::{Conn, Direction, Instant, Protocol, Why, Zone};

use super::compare::{Comparison, Field, Key, Pair, ahead_s};
use crate::conntrack::Entry;
use crate::report::Tally;
use crate::units::{Clock, Lasting};
use crate::verdict::{Left, Report, Verdict, What};

/// What became here of the entries that the kernel's table has.
pub(super) struct Watched {
    /// Those of the kernel's table, and what was seen of them last.
    seen: HashMap<Key, Seen>,
    /// The numbers of the replay.
    pub(super) tally: Tally,
}

/// What was seen of an entry.
#[derive(Debug, Clone, Copy)]
enum Seen {
    Nothing,
    Here,
    Refused(Instant),
    Left(Instant, Why),
}

impl Watched {
    /// Entries that are worth to be followed.
    pub(super) fn new(keys: impl Iterator<Item = Key>) -> Self {
        let seen = keys.map(|key| (key, Seen::Nothing)).collect();
        Self { seen, tally: Tally::new(None) }
    }

    fn note(&mut self, conn: &Conn, what: Seen) {
        let Zone(zone) = conn.zone();
        if let Some(seen) = self.seen.get_mut(&(conn.tuple(Direction::Original), zone)) {
            *seen = what;
        }
    }

    /// Why only the kernel has an entry.
    pub(super) fn only_there(&self, key: &Key, entry: &Entry) -> String {
        match self.seen.get(key).copied() {
            Some(Seen::Left(at, Why::TimedOut)) => format!("here it ran out at {}", Clock(at)),
            Some(Seen::Left(at, Why::Reset)) => format!("here it was reset at {}", Clock(at)),
            Some(Seen::Left(at, why)) => format!("here it left at {} ({why})", Clock(at)),
            Some(Seen::Refused(at)) => {
                format!("here the table was full when it began, at {}", Clock(at))
            }
            Some(Seen::Nothing | Seen::Here) | None => self.unseen(entry),
        }
    }

    fn unseen(&self, entry: &Entry) -> String {
        let lasted_ms = self.tally.lasted_ms();
        match entry.delta_time {
            Some(age) if age.saturating_mul(1000) > lasted_ms => {
                let before = Lasting(age.saturating_mul(1000) - lasted_ms);
                format!("it began {before} before the capture, which has no packet of it")
            }
            _ => UNSEEN.to_owned(),
        }
    }
}

const UNSEEN: &str = "the capture has no packet of it, or none that could begin it";

/// Why only the replay has an entry.
pub(super) fn only_here(entry: &Entry) -> &'static str {
    match (entry.protocol(), entry.state) {
        (Protocol::TCP, Some("SYN_SENT")) => {
            "its SYN may have been dropped after it was captured, or the kernel tracks it elsewhere"
        }
        _ => "the kernel may have dropped or never tracked it: a rule, a filter, `conntrack -D`",
    }
}

/// Why an entry that is in both differs in one field.
///
/// `shift` is by how much most timeouts differ alike.
pub(super) fn differs(pair: &Pair, field: Field, shift: Option<i64>) -> &'static str {
    let Pair { there, here, .. } = pair;
    let is_shifted = shift.zip(ahead_s(there, here)).is_some_and(|(by, ahead)| by == ahead);
    let is_longer_there = there.timeout > here.timeout;
    match (field, here.protocol()) {
        (Field::State, _) => "a packet that one of them did not see",
        (Field::Replied, _) => "an answer that one of them did not see",
        (Field::Assured, Protocol::UDP) => "one of them did not see it answered for 2s",
        (Field::Assured, _) => "one of them did not see it opened in full",
        (Field::Timeout, _) if is_shifted => "when the table was saved, as said above",
        (Field::Timeout, Protocol::TCP)
            if is_longer_there
                && here.state == Some("ESTABLISHED")
                && here.timeout <= Some(300) =>
        {
            "data without its ACK in the capture, or picked up and not answered"
        }
        (Field::Timeout, _) if is_longer_there => "a later packet than the last one captured",
        (Field::Timeout, _) => "the table was saved later than the last packet (`--until`)",
        (Field::Counters, _) => "packets before the capture, or that it lost",
    }
}

/// By how many seconds the kernel's table is older (positive) or younger than the replay's, when
/// most entries say the same.
pub(super) fn shift_s(comparison: &Comparison, tolerance_s: u64) -> Option<i64> {
    let mut ahead = comparison.ahead_s.clone();
    ahead.sort_unstable();
    let median = *ahead.get(ahead.len() / 2)?;
    let alike = ahead.iter().filter(|ahead| ahead.abs_diff(median) <= 1).count();
    (median.unsigned_abs() > tolerance_s && alike * 2 > ahead.len()).then_some(median)
}

impl Report for Watched {
    fn packet(&mut self, verdict: &Verdict) -> io::Result<()> {
        self.tally.packet(verdict)?;
        match &verdict.what {
            What::New(conn, _) => self.note(conn, Seen::Here),
            What::Refused(refused, _) | What::Bypassed(refused, _) => {
                self.note(&refused.conn, Seen::Refused(verdict.now()));
            }
            _ => {}
        }
        Ok(())
    }

    fn was_open(&mut self, conn: &Conn) {
        self.tally.was_open(conn);
    }

    fn ended(&mut self, left: &Left<'_>) -> io::Result<()> {
        self.tally.ended(left)?;
        let at = Instant::from_millis(left.time_ns / 1_000_000);
        self.note(&left.ended.conn, Seen::Left(at, left.ended.why));
        Ok(())
    }
}
