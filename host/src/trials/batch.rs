//! Records of captures, a batch at a time: copied to one place, read once, and passed by every
//! table from there.

use keeptrack_core::{Instant, Packet};

use crate::capture::{Captures, Interface, Record};
use crate::error::Error;
use crate::front::{Front, Stamp};
use crate::path::Sighting;
use crate::progress::Progress;
use crate::rules::RuleSet;
use crate::verdict::Skip;

/// How much a batch may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) packets: usize,
    pub(super) bytes: usize,
}

impl Limits {
    /// Each table comes back into a core's caches once a batch, which costs more than reading a large
    /// batch in order: few batches, of as many packets as memory is no matter for.
    pub(super) const USUAL: Self = Self { packets: 131_072, bytes: 64 << 20 };
}

/// Records that were read, with their bytes; emptied and filled again.
#[derive(Default)]
pub(super) struct Arena {
    bytes: Vec<u8>,
    records: Vec<Kept>,
    interfaces: Vec<Interface>,
}

/// Whether more comes behind a batch.
pub(super) enum Filled {
    /// It does.
    More,
    /// The captures are at their end, or what counts of them is.
    End,
    /// They cannot be read further.
    Failed(Error),
}

/// A record; its bytes end where those of the next begin.
struct Kept {
    index: u64,
    time_ns: u64,
    link: u16,
    /// Which of the interfaces of the arena.
    interface: usize,
    bytes_end: usize,
    wire_len: u32,
}

/// A packet of a batch, or why there is none, and when it came.
pub(super) struct Item<'a> {
    pub(super) stamp: Stamp,
    pub(super) packet: Result<Packet<'a>, Skip>,
    /// Which of the sightings, of a packet.
    sighting: usize,
}

impl Arena {
    /// Empties it and fills it again.
    pub(super) fn fill(
        &mut self,
        captures: &mut Captures,
        (limits, end): (Limits, Option<Instant>),
        progress: &Progress,
    ) -> Filled {
        self.bytes.clear();
        self.records.clear();
        while self.records.len() < limits.packets && self.bytes.len() < limits.bytes {
            progress.at(captures.packet_count(), || captures.bytes_read());
            match captures.next() {
                None => return Filled::End,
                Some(Err(error)) => return Filled::Failed(error.into()),
                Some(Ok(record)) if end.is_some_and(|end| record_time(&record) > end) => {
                    return Filled::End;
                }
                Some(Ok(record)) => self.keep(&record),
            }
        }
        Filled::More
    }

    fn keep(&mut self, record: &Record<'_>) {
        let known = self.interfaces.iter().position(|known| known == record.interface);
        let interface = known.unwrap_or_else(|| {
            self.interfaces.push(record.interface.clone());
            self.interfaces.len() - 1
        });
        self.bytes.extend_from_slice(record.data);
        let &Record { index, time_ns, link, wire_len, .. } = record;
        let bytes_end = self.bytes.len();
        self.records.push(Kept { index, time_ns, link, interface, bytes_end, wire_len });
    }

    /// The records, to be read in their order.
    fn records(&self) -> impl Iterator<Item = Record<'_>> {
        let mut begin = 0;
        self.records.iter().filter_map(move |kept| {
            let data = self.bytes.get(begin..kept.bytes_end)?;
            begin = kept.bytes_end;
            let &Kept { index, time_ns, link, wire_len, .. } = kept;
            let interface = self.interfaces.get(kept.interface)?;
            Some(Record { index, time_ns, link, interface, data, wire_len })
        })
    }

    /// Reads the records as a replay does, and keeps where each was seen, each place once. What is
    /// wrong with one is told behind those before it.
    pub(super) fn read<'a>(
        &'a self,
        front: &mut Front,
        (capture, rules): (&str, &RuleSet),
        sightings: &mut Vec<Sighting>,
    ) -> (Vec<Item<'a>>, Result<(), Error>) {
        let mut items = Vec::with_capacity(self.records.len());
        for record in self.records() {
            let read = match front.read(&record, capture, rules) {
                Ok(read) => read,
                Err(error) => return (items, Err(error)),
            };
            let stamp = Stamp { index: record.index, ..front.clock.stamp(record.time_ns) };
            let (packet, sighting) = match read {
                Ok((packet, sighting)) => (Ok(packet), number(sightings, sighting)),
                Err(why) => (Err(why), 0),
            };
            items.push(Item { stamp, packet, sighting });
        }
        (items, Ok(()))
    }
}

impl<'a> Item<'a> {
    /// Says to the packet where it was seen.
    pub(super) fn see(&mut self, sightings: &'a [Sighting]) {
        if let (Ok(packet), Some(sighting)) = (&mut self.packet, sightings.get(self.sighting)) {
            *packet = packet.seen(sighting.seen());
        }
    }

    /// Where the packet was seen, if there is one.
    pub(super) fn sighting<'s>(&self, sightings: &'s [Sighting]) -> Option<&'s Sighting> {
        self.packet.as_ref().ok().and_then(|_| sightings.get(self.sighting))
    }
}

/// The number of a sighting among those that were met before.
fn number(sightings: &mut Vec<Sighting>, sighting: Sighting) -> usize {
    let known = sightings.iter().position(|known| *known == sighting);
    known.unwrap_or_else(|| {
        sightings.push(sighting);
        sightings.len() - 1
    })
}

fn record_time(record: &Record<'_>) -> Instant {
    Instant::from_millis(record.time_ns / 1_000_000)
}
