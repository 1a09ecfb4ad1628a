//! What a replay comes to in numbers.

use std::collections::BTreeMap;
use std::io;

use keeptrack_core::{Conn, Instant, Refusal, Why};
use keeptrack_gateway::Reason;

use super::census::Census;
use super::series::Series;
use crate::capture::link_name;
use crate::ledger::Ledger;
use crate::verdict::{Fate, Left, Report, Skip, Verdict, What};

/// The numbers of a replay. Moments are of the capture's clock.
#[derive(Debug, Default)]
pub struct Tally {
    /// Packets of the capture.
    pub packet_count: u64,
    /// Packets that made a connection or belong to one.
    pub tracked_count: u64,
    /// Packets left untracked.
    pub untracked_count: u64,
    /// INVALID packets, by reason.
    pub invalid: BTreeMap<&'static str, u64>,
    /// Parts of datagrams that waited for others or were refused, by reason.
    pub held: BTreeMap<&'static str, u64>,
    /// Packets that tracking was not asked about, by reason.
    pub skipped: BTreeMap<Skipped, u64>,
    /// Packets dropped because no connection could be made for them.
    pub drop_count: u64,
    /// Of those, the ones that would have made a bucket too long.
    pub chaintoolong_count: u64,
    /// Of those, the ones that no connection would have been made for: they are INVALID, too.
    pub drop_invalid_count: u64,
    /// Packets for which no connection could be made, and which passed untracked.
    pub bypass_count: u64,
    /// Packets dropped by rules of the raw table.
    pub raw_drop_count: u64,
    /// Packets dropped by the filter of a gateway.
    pub filter_drop_count: u64,
    /// Of those, the ones that would have made a connection.
    pub filter_first_count: u64,
    /// Connections that were in the table before the first packet.
    pub seeded_count: u64,
    /// Connections made.
    pub made_count: u64,
    /// Connections that had to leave for no newcomer: a peer's collector took them.
    pub collected_count: u64,
    /// Those that had to leave since the last packet.
    taken_count: u64,
    /// Connections that left, by reason.
    pub ended: BTreeMap<&'static str, u64>,
    /// The most connections at once.
    pub peak_entries: usize,
    /// When there were as many for the first time.
    pub peak_time: Option<Instant>,
    /// Connections at the end.
    pub entries_end: usize,
    /// The first packet.
    pub first_packet: Option<Instant>,
    /// The last packet.
    pub last_packet: Option<Instant>,
    /// When the table was full for the first time.
    pub first_full: Option<Instant>,
    /// For how long it was full, in milliseconds.
    pub full_ms: u64,
    /// The first and the last packet that was dropped for want of a connection.
    pub dropped_between: Option<(Instant, Instant)>,
    /// Who was hurt by a full table.
    pub(crate) ledger: Ledger,
    pub(super) census: Census,
    pub(super) series: Series,
    capacity: Option<usize>,
    full_since: Option<Instant>,
    /// When something was told last, in nanoseconds since 1970.
    latest_ns: Option<u64>,
}

/// Why tracking was not asked, in one word, and the number that explains it: a link type.
type Skipped = (&'static str, Option<u16>);

impl Tally {
    /// Nothing yet, of a table of `capacity` entries, or of one that grows.
    #[must_use]
    pub fn new(capacity: Option<usize>) -> Self {
        Self { capacity, ..Self::default() }
    }

    /// The same with this ledger.
    #[must_use]
    pub(crate) fn with_ledger(self, ledger: Ledger) -> Self {
        Self { ledger, ..self }
    }

    /// The same with a ledger that writes lines.
    #[must_use]
    pub(crate) fn with_ledger_lines(self) -> Self {
        Self { ledger: self.ledger.with_lines(), ..self }
    }

    /// Nothing comes any more; time has passed until `now`.
    pub(crate) fn finish(&mut self, now: Instant) {
        let now_ns = now.as_millis().saturating_mul(1_000_000).max(self.latest_ns.unwrap_or(0));
        self.at(now_ns);
        self.ledger.finish(now_ns);
        self.census.end(Instant::from_nanos(now_ns));
    }

    /// Packets for which no connection could be made, whether they were dropped or passed.
    #[must_use]
    pub const fn refused_count(&self) -> u64 {
        self.drop_count + self.bypass_count
    }

    /// INVALID packets.
    #[must_use]
    pub fn invalid_count(&self) -> u64 {
        self.invalid.values().sum()
    }

    /// Parts of datagrams that waited for others or were refused.
    #[must_use]
    pub fn held_count(&self) -> u64 {
        self.held.values().sum()
    }

    /// Packets that tracking was not asked about.
    #[must_use]
    pub fn skipped_count(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// The same, by reason: link types by their names.
    #[must_use]
    pub fn skipped_by_name(&self) -> BTreeMap<String, u64> {
        let named = |(&(reason, link), &count): (&Skipped, &u64)| match link {
            Some(dlt) => match link_name(dlt) {
                Some(name) => (format!("{reason} {name}"), count),
                None => (format!("{reason} {dlt}"), count),
            },
            None => (reason.to_owned(), count),
        };
        self.skipped.iter().map(named).collect()
    }

    /// The link types of the capture, by name and number, when not one of its frames could be read.
    #[must_use]
    pub fn unread_links(&self) -> Option<Vec<String>> {
        let unread = self.skipped.iter().filter_map(|(&(_, link), &count)| Some((link?, count)));
        let (links, counts): (Vec<u16>, Vec<u64>) = unread.unzip();
        let name = |link: u16| match link_name(link) {
            Some(name) => format!("{name} ({link})"),
            None => link.to_string(),
        };
        let is_all = counts.iter().sum::<u64>() == self.packet_count;
        is_all.then(|| links.into_iter().map(name).collect())
    }

    /// Milliseconds from the first packet to the last.
    #[must_use]
    pub fn lasted_ms(&self) -> u64 {
        match (self.first_packet, self.last_packet) {
            (Some(first), Some(last)) => last.since(first),
            _ => 0,
        }
    }

    /// Something is told of that moment.
    fn at(&mut self, time_ns: u64) {
        if self.latest_ns.is_none() {
            self.census.begin(Instant::from_nanos(time_ns));
        }
        self.latest_ns = self.latest_ns.max(Some(time_ns));
    }

    fn count(&mut self, verdict: &Verdict) {
        let is_filtered = |fate: Fate| fate.dropped == Some(Reason::Filter);
        self.filter_drop_count += u64::from(verdict.fate.is_some_and(is_filtered));
        match verdict.what {
            What::New(ref conn, _) => {
                self.tracked_count += 1;
                self.made_count += 1;
                self.census.made(conn, verdict.now());
            }
            What::Known(_, _, ref conn, ref change) => {
                self.tracked_count += 1;
                self.census.changed(conn, change, verdict.now());
            }
            What::Related(..) => self.tracked_count += 1,
            What::Filtered(_) => self.filter_first_count += 1,
            What::Refused(ref refused, _) => {
                self.chaintoolong_count += u64::from(refused.why == Refusal::ChainTooLong);
                self.census.refused(&refused.conn);
                self.drop(verdict.now());
            }
            What::Unheard(..) => {
                self.drop_invalid_count += 1;
                self.drop(verdict.now());
            }
            What::Invalid(why, ..) => *self.invalid.entry(why.name()).or_default() += 1,
            What::Held(why) => *self.held.entry(why.name()).or_default() += 1,
            What::Untracked => self.untracked_count += 1,
            What::Bypassed(..) => {
                self.untracked_count += 1;
                self.bypass_count += 1;
            }
            What::RawDropped => self.raw_drop_count += 1,
            What::Skipped(skip) => *self.skipped.entry(skipped(skip)).or_default() += 1,
        }
    }

    /// A packet was dropped for want of an entry.
    fn drop(&mut self, now: Instant) {
        self.drop_count += 1;
        self.series.drop(now);
        let first = self.dropped_between.map_or(now, |(first, _)| first);
        self.dropped_between = Some((first, now));
    }

    /// Follows how full the table is.
    fn measure(&mut self, now: Instant, entry_count: usize) {
        self.entries_end = entry_count;
        self.series.hold(now, entry_count as u64);
        if entry_count > self.peak_entries {
            self.peak_entries = entry_count;
            self.peak_time = Some(now);
            self.census.peaked();
        }
        if self.capacity.is_some_and(|capacity| entry_count >= capacity) {
            self.first_full.get_or_insert(now);
            let since = *self.full_since.get_or_insert(now);
            self.full_ms += now.since(since);
            self.full_since = Some(now);
        } else if let Some(since) = self.full_since.take() {
            self.full_ms += now.since(since);
        }
    }
}

fn skipped(skip: Skip) -> Skipped {
    let link = match skip {
        Skip::Link(link) => Some(link),
        Skip::Parse(_) | Skip::Unknown | Skip::Copy | Skip::Elsewhere => None,
    };
    (skip.name(), link)
}

impl Report for Tally {
    fn packet(&mut self, verdict: &Verdict) -> io::Result<()> {
        self.at(verdict.time_ns);
        self.ledger.packet(verdict);
        self.packet_count += 1;
        self.taken_count = 0;
        self.first_packet.get_or_insert(verdict.now());
        self.last_packet = Some(verdict.now());
        self.count(verdict);
        self.measure(verdict.now(), verdict.entry_count);
        Ok(())
    }

    fn ended(&mut self, left: &Left<'_>) -> io::Result<()> {
        self.at(left.time_ns);
        self.ledger.ended(left);
        let ended = left.ended;
        let left = Instant::from_millis(left.time_ns / 1_000_000);
        if let Some(since) = self.full_since.take() {
            self.full_ms += left.since(since);
        }
        if ended.why == Why::TimedOut {
            // Perhaps long before the packet that tells how many are left.
            self.entries_end = self.entries_end.saturating_sub(1);
            self.series.hold(left, self.entries_end as u64);
        }
        *self.ended.entry(ended.why.name()).or_default() += 1;
        self.taken_count += u64::from(ended.why == Why::DroppedEarly);
        self.census.ended(&ended.conn, left);
        Ok(())
    }

    fn collected(&mut self) {
        self.collected_count += std::mem::take(&mut self.taken_count);
        self.ledger.flush();
    }

    fn was_open(&mut self, conn: &Conn) {
        self.seeded_count += 1;
        self.entries_end += 1;
        self.census.seeded(conn);
    }
}
