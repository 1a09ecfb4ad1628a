//! The kernel's table as ctnetlink has it, under a clock of ours.
//!
//! Packets are passed as fast as may be, and yet an entry is to live as long as their times say. So
//! every timeout that a packet set is read, put down, and set far away (parked); and whoever has run
//! out by the time of the next packet is taken out before that is passed. Three things that depend
//! on the kernel's clock are done here instead: entries end, UDP becomes a stream, and the time that
//! is left is shown to the kernel before TCP's FIN and RST.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use keeptrack_core::{Protocol, Status, Tuple, Zone};

use super::entry::{self, ASSURED, Entry, SEEN_REPLY, attribute, told};
use super::live::{Entries, Live, Number};
use super::message::{Kind, Request};
use super::packet::{self, Subject};
use super::settings::Policies;
use super::socket::Socket;
use crate::judge::Row;
use crate::told::Lifetime;

/// An entry: made, or to be changed.
const NEW: u16 = 1 << 8;
/// An entry is to be told.
const GET: u16 = 1 << 8 | 1;
/// An entry: gone, or to be taken out.
const DELETE: u16 = 1 << 8 | 2;

/// `NLM_F_REQUEST`
const REQUEST: u16 = 1;
/// `NLM_F_ACK`
const ACK: u16 = 4;
/// `NLM_F_DUMP`
const DUMP: u16 = 0x300;

/// The seconds that an entry is parked at, so that the kernel's clock does not end it.
/// What must be left of a connection for a FIN or RST outside the window to shorten it.
const TWO_MINUTES_S: u32 = 120;
/// The timeout of two SYNs that cross, which no sysctl sets.
const SYN_SENT2_S: u32 = 120;
const PARKED_S: u32 = 5_000_000;
/// What is left of them at the end of the longest run. No timeout is as long.
const STILL_PARKED_S: u32 = PARKED_S - 500_000;
/// A connection of UDP is a stream when it is answered and older than this.
const STREAM_AGE_NS: u64 = 2_000_000_000;
const SECOND_NS: u64 = 1_000_000_000;

/// The sockets that ask ctnetlink, and hear of births and deaths.
pub(super) struct Sockets {
    pub(super) asking: Socket,
    pub(super) events: Socket,
}

/// The table.
pub(super) struct Conntrack {
    sockets: Sockets,
    entries: Entries,
    now_ns: u64,
    /// Timeouts that may be set, in seconds.
    timeouts: BTreeSet<u32>,
    /// To how many seconds a FIN or RST outside the window shortens a connection.
    unacknowledged_s: u32,
    /// Those of UDP: of the unanswered, and of streams.
    udp: Vec<(u32, u32)>,
}

/// An entry whose timeout has been shown to the kernel before a packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parked {
    number: Number,
    /// The seconds that it was shown.
    shown_s: u32,
}

/// What became of a connection by a packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) state: Option<&'static str>,
    pub(super) status: Status,
    pub(super) lifetime: Lifetime,
}

impl Conntrack {
    /// An empty table under those sysctls and policies.
    pub(super) fn new(
        sockets: Sockets,
        sysctls: &BTreeMap<String, u32>,
        policies: &Policies,
    ) -> Self {
        let is_timeout = |name: &str| name.contains("_timeout");
        let of_sysctls = sysctls.iter().filter(|(name, _)| is_timeout(name)).map(|(_, s)| *s);
        let of_policies = policies.timeouts.iter().copied();
        let sysctl = |name: &str| sysctls.get(name).copied().unwrap_or(0);
        let usual = (sysctl("nf_conntrack_udp_timeout"), sysctl("nf_conntrack_udp_timeout_stream"));
        let of_udp = policies.udp.iter().flat_map(|(first, stream)| [*first, *stream]);
        Self {
            sockets,
            entries: Entries::default(),
            now_ns: 0,
            timeouts: of_sysctls.chain(of_policies).chain(of_udp).chain([SYN_SENT2_S]).collect(),
            unacknowledged_s: sysctl("nf_conntrack_tcp_timeout_unacknowledged"),
            udp: policies.udp.iter().copied().chain([usual]).collect(),
        }
    }

    /// Lets the time pass until that moment, and takes out whoever has run out by then.
    pub(super) fn advance(&mut self, now_ns: u64) -> Result<(), String> {
        self.now_ns = self.now_ns.max(now_ns);
        let mut has_ended = false;
        while let Some(live) = self.entries.next_due(self.now_ns) {
            take_out(&mut self.sockets.asking, live)?;
            has_ended = true;
        }
        if has_ended {
            self.hear()?;
        }
        Ok(())
    }

    /// Takes note of births and deaths, and answers whether there was a death.
    pub(super) fn hear(&mut self) -> Result<bool, String> {
        let Self { sockets, entries, now_ns, .. } = self;
        let mut has_died = false;
        let heard = sockets.events.heard(|event| match (event.word, Entry::read(event)) {
            (NEW, Some(entry)) => entries.insert(&entry, *now_ns),
            (DELETE, Some(entry)) => {
                entries.remove(&entry);
                has_died = true;
            }
            _ => {}
        });
        heard.map_err(|error| fault("events", &error))?;
        Ok(has_died)
    }

    /// Shows the kernel how long the connection has to live that this packet may close.
    ///
    /// Only then it looks: FIN and RST shorten what is left, even outside the window, and lengthen
    /// it never.
    pub(super) fn show(&mut self, ip: &[u8]) -> Result<Vec<Parked>, String> {
        let closing = packet::subject(ip).filter(|subject| subject.is_closing);
        let Some(subject) = closing.filter(|_| !packet::is_fragment(ip)) else {
            return Ok(Vec::new());
        };
        let mut parked = Vec::new();
        // Which zone a rule will say is not known yet.
        for zone in self.entries.zones().collect::<Vec<_>>() {
            let Some(entry) = self.get(&subject.tuple, zone)? else { continue };
            let Some(number) = self.entries.number(&entry) else { continue };
            let dead_ns = self.entries.of(number).and_then(|live| live.dead_ns);
            let Some(dead_ns) = dead_ns else { continue };
            let shown_s = self.unlike_timeouts(dead_ns.saturating_sub(self.now_ns));
            self.set(number, shown_s, None)?;
            parked.push(Parked { number, shown_s });
        }
        Ok(parked)
    }

    /// As many seconds as that, rounded up, or a few more or less: what is not taken for a timeout
    /// that the packet has set, though a moment may pass until either is read. What is less than two
    /// minutes stays so, and what is less than the timeout to which the kernel would shorten it.
    fn unlike_timeouts(&self, left_ns: u64) -> u32 {
        let left_s = u32::try_from(left_ns.div_ceil(SECOND_NS)).unwrap_or(u32::MAX).max(1);
        let is_unlike =
            |seconds: &u32| !(seconds - 1..=seconds + 1).any(|near| self.timeouts.contains(&near));
        let found = if left_ns < u64::from(TWO_MINUTES_S) * SECOND_NS {
            (1..=left_s.min(TWO_MINUTES_S - 1)).rev().find(is_unlike)
        } else if left_s < self.unacknowledged_s {
            let fewer = (TWO_MINUTES_S..=left_s).rev().find(is_unlike);
            fewer.or_else(|| (left_s..self.unacknowledged_s).find(is_unlike))
        } else {
            (left_s..PARKED_S).find(is_unlike)
        };
        found.unwrap_or(left_s)
    }

    /// What became, by a packet, of the entry that it speaks of; `None` if there is none. What was
    /// shown is parked again.
    pub(super) fn settle(
        &mut self,
        subject: &Subject,
        zone: u16,
        parked: &[Parked],
    ) -> Result<Option<Known>, String> {
        let found = self.get(&subject.tuple, Zone(zone))?;
        let number = found.as_ref().and_then(|entry| self.entries.number(entry));
        let (its, others): (Vec<_>, Vec<_>) =
            parked.iter().copied().partition(|one| Some(one.number) == number);
        self.park(&others)?;
        match found {
            Some(entry) => self.settle_entry(&entry, its.first().map(|one| one.shown_s)).map(Some),
            None => Ok(None),
        }
    }

    /// Parks again what was shown, and answers which timeout a packet has set although it was
    /// INVALID.
    pub(super) fn park(&mut self, parked: &[Parked]) -> Result<Option<Lifetime>, String> {
        let mut set = None;
        for one in parked {
            let Some(live) = self.entries.of(one.number) else { continue };
            let (tuple, zone) = (live.tuple, live.zone);
            if let Some(entry) = self.get(&tuple, zone)? {
                let known = self.settle_entry(&entry, Some(one.shown_s))?;
                set = set.or(Some(known.lifetime).filter(|told| *told != Lifetime::Kept));
            }
        }
        Ok(set)
    }

    fn settle_entry(&mut self, entry: &Entry, shown_s: Option<u32>) -> Result<Known, String> {
        let number = self.entries.number(entry);
        let Some((number, live)) =
            number.and_then(|number| Some((number, self.entries.of(number)?)))
        else {
            return Err(format!("the kernel has not told of a new entry: {}", entry.tuple));
        };
        let has_set = match shown_s {
            None => entry.left_s < STILL_PARKED_S,
            Some(shown_s) => !(shown_s - 1..=shown_s).contains(&entry.left_s),
        };
        let set_s = self.as_set(entry.left_s);
        let is_udp = entry.tuple.protocol == Protocol::UDP;
        let (status, set_s) = match (is_udp, has_set) {
            (false, _) => (entry.status, set_s),
            // It may be ASSURED by the kernel's clock already.
            (true, false) => (entry.status & !ASSURED | live.status & ASSURED, set_s),
            (true, true) => self.as_udp(entry, live, set_s),
        };
        let known = Known {
            state: entry.state,
            status: told(status),
            lifetime: if has_set { Lifetime::Set(set_s) } else { Lifetime::Kept },
        };
        let dead_ns = match (has_set, live.dead_ns) {
            (false, Some(dead_ns)) => dead_ns,
            _ => self.now_ns.saturating_add(u64::from(set_s) * SECOND_NS),
        };
        self.entries.renew(number, dead_ns, status);
        if has_set || shown_s.is_some() {
            let missing = status & !entry.status;
            let status = (missing != 0).then_some(entry.status | status);
            self.set(number, PARKED_S, status)?;
        }
        Ok(known)
    }

    /// Status and timeout of a connection of UDP to which a packet came, by our clock.
    fn as_udp(&self, entry: &Entry, before: &Live, set_s: u32) -> (u32, u32) {
        let mut pairs = self.udp.iter();
        let pair = pairs.find(|(first, stream)| [*first, *stream].contains(&set_s));
        let (first, stream) = *pair.unwrap_or(&(set_s, set_s));
        let is_old = self.now_ns > before.born_ns + STREAM_AGE_NS;
        if before.status & SEEN_REPLY != 0 && is_old {
            (entry.status | ASSURED, stream)
        } else {
            (entry.status & !ASSURED | before.status & ASSURED, first)
        }
    }

    /// The timeout that was set, of which so many seconds are left: a moment of the kernel's clock
    /// may have passed since.
    fn as_set(&self, left_s: u32) -> u32 {
        let is_one_less = !self.timeouts.contains(&left_s) && self.timeouts.contains(&(left_s + 1));
        left_s + u32::from(is_one_less)
    }

    fn get(&mut self, tuple: &Tuple, zone: Zone) -> Result<Option<Entry>, String> {
        let request = about(Kind { word: GET, flags: REQUEST }, tuple, zone);
        let answer = self.sockets.asking.ask(request).map_err(|error| fault("an entry", &error))?;
        Ok(answer.and_then(|answer| Entry::read(&answer)))
    }

    /// Sets an entry's timeout, and its status.
    fn set(&mut self, number: Number, seconds: u32, status: Option<u32>) -> Result<(), String> {
        let Some(live) = self.entries.of(number) else { return Ok(()) };
        let mut request = about(Kind { word: NEW, flags: REQUEST }, &live.tuple, live.zone)
            .with(attribute::TIMEOUT, &seconds.to_be_bytes());
        if let Some(status) = status {
            request = request.with(attribute::STATUS, &status.to_be_bytes());
        }
        self.sockets.asking.tell(request).map_err(|error| fault("a timeout", &error))
    }

    /// All entries, as they are told.
    pub(super) fn table(&mut self) -> Result<Vec<Row>, String> {
        let mut held = self.each()?;
        let asked = self.entries.all().count();
        if held.len() != asked {
            // Some cannot be asked for, such as those of GRE with keys.
            held = self.dumped()?;
        }
        let mut rows: Vec<_> = held.iter().map(|entry| self.row(entry)).collect();
        Row::sort(&mut rows);
        Ok(rows)
    }

    /// The entries that there are by what was heard, those that can be asked for one by one: a dump
    /// walks all the buckets of the machine.
    fn each(&mut self) -> Result<Vec<Entry>, String> {
        self.hear()?;
        let called: Vec<_> = self.entries.all().map(|live| (live.tuple, live.zone)).collect();
        let mut held = Vec::new();
        for (tuple, zone) in called {
            held.extend(self.get(&tuple, zone)?.filter(|entry| entry.tuple == tuple));
        }
        Ok(held)
    }

    fn dumped(&mut self) -> Result<Vec<Entry>, String> {
        let request = Request::new(Kind { word: GET, flags: REQUEST | DUMP }, 0, 0);
        let mut held = Vec::new();
        let dumped = self.sockets.asking.dump(request, |message| held.extend(Entry::read(message)));
        dumped.map_err(|error| fault("the table", &error))?;
        Ok(held)
    }

    fn row(&self, entry: &Entry) -> Row {
        let live = self.entries.number(entry).and_then(|number| self.entries.of(number));
        let dead_ns = live.and_then(|live| live.dead_ns).unwrap_or(self.now_ns);
        Row {
            tuple: entry.tuple,
            zone: entry.zone,
            state: entry.state,
            status: told(live.map_or(entry.status, |live| live.status)),
            left_s: dead_ns.saturating_sub(self.now_ns) / SECOND_NS,
        }
    }

    /// Takes out all entries, and forgets the time.
    pub(super) fn clear(&mut self) -> Result<(), String> {
        self.hear()?;
        for live in self.entries.all() {
            take_out(&mut self.sockets.asking, live)?;
        }
        self.hear()?;
        self.entries.clear();
        self.now_ns = 0;
        Ok(())
    }
}

fn take_out(socket: &mut Socket, live: &Live) -> Result<(), String> {
    let request = about(Kind { word: DELETE, flags: REQUEST | ACK }, &live.tuple, live.zone)
        .with(attribute::ID, &live.id.to_be_bytes());
    socket.ask(request).map(drop).map_err(|error| fault("an entry's end", &error))
}

/// A request about the entry of that tuple.
fn about(kind: Kind, tuple: &Tuple, zone: Zone) -> Request {
    let request = Request::new(kind, entry::family(tuple), 0)
        .with_nested(attribute::TUPLE, &entry::tuple_attributes(tuple));
    match zone {
        Zone::DEFAULT => request,
        Zone(zone) => request.with(attribute::ZONE, &zone.to_be_bytes()),
    }
}

fn fault(what: &str, error: &io::Error) -> String {
    format!("ctnetlink, {what}: {error}")
}
