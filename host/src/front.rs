//! What a record of a capture comes to before any table is asked: its time, its packet, its place.

use keeptrack_core::{Instant, LinkType, Packet};

use crate::capture::Record;
use crate::copies::Recent;
use crate::error::Error;
use crate::firmware_config;
use crate::options::Copies;
use crate::path::Sighting;
use crate::rules::RuleSet;
use crate::sight::Sight;
use crate::verdict::Skip;

/// Reads records, once for all tables.
pub(crate) struct Front {
    pub(crate) sight: Sight,
    pub(crate) recent: Option<Recent>,
    pub(crate) clock: Clock,
    taps: Taps,
}

/// Where frames may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taps {
    /// Anywhere.
    Any,
    /// At the two ports of a gateway.
    Ports,
}

/// Which record it is, and when it came.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stamp {
    /// Which of the capture, from 0.
    pub(crate) index: u64,
    /// The time that it is told with, in nanoseconds since 1970.
    pub(crate) time_ns: u64,
    /// The time of the tables: a record that no IP layer has seen does not move it.
    pub(crate) now_ns: u64,
}

impl Front {
    pub(crate) fn new(sight: Sight, copies: Copies) -> Self {
        let recent = (copies == Copies::Drop).then(Recent::new);
        Self { sight, recent, clock: Clock::default(), taps: Taps::Any }
    }

    /// At a gateway, whose ports are known by name, and which takes every frame for what it is.
    pub(crate) fn at_gateway(sight: Sight) -> Self {
        Self { taps: Taps::Ports, ..Self::new(sight, Copies::Keep) }
    }

    /// The packet of a record of `capture` and where it was seen, or why tracking is not to be
    /// asked about it. Its time is the clock's from now on, if an IP layer has seen it.
    pub(crate) fn read<'r>(
        &mut self,
        record: &Record<'r>,
        capture: &str,
        rules: &RuleSet,
    ) -> Result<Result<(Packet<'r>, Sighting), Skip>, Error> {
        let packet = self.packet(record, capture)?;
        let is_of_no_ip = |why: &Skip| matches!(why, Skip::Link(_) | Skip::Parse(_));
        if packet.as_ref().err().is_none_or(|why| !is_of_no_ip(why) || why.is_by_ip()) {
            self.clock.at(record.time_ns);
        }
        let packet = match packet {
            Ok(packet) => packet,
            Err(why) => return Ok(Err(why)),
        };
        let sighting = self.sight.of(record, &packet, rules, capture)?;
        let name = sighting.interface.as_ref();
        if self.taps == Taps::Ports && firmware_config::side(name).is_none() {
            let name = name.map(|name| name.as_bytes().escape_ascii().to_string());
            return Err(Error::NoPort(capture.to_owned(), name));
        }
        Ok(Ok((packet, sighting)))
    }

    fn packet<'r>(
        &mut self,
        record: &Record<'r>,
        capture: &str,
    ) -> Result<Result<Packet<'r>, Skip>, Error> {
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

    /// The stamp of a record that carries this time, whether or not it has moved the clock.
    pub(crate) fn stamp(&self, time_ns: u64) -> Stamp {
        Stamp { index: 0, time_ns: self.latest_ns.max(time_ns), now_ns: self.latest_ns }
    }

    pub(crate) const fn latest(&self) -> Instant {
        Instant::from_nanos(self.latest_ns)
    }

    /// The latest moment in nanoseconds.
    pub(crate) const fn latest_ns(&self) -> u64 {
        self.latest_ns
    }

    pub(crate) const fn went_back_count(&self) -> u64 {
        self.went_back_count
    }
}
