//! FD.io VPP's acl plugin: the TCP session that has waited longest among those opening or closing
//! leaves; a session of anything else never does.
//!
//! A session that was taken out counts until the next newcomer at the limit, or the cleaner, has
//! seen it: so the first newcomer at the limit is refused, the one after it takes the place. The
//! cleaner comes twice a second; it puts sessions that opened or closed for a minute behind the
//! others again, and nothing else of it is there. One worker's lists are all lists.

use std::collections::{BTreeMap, VecDeque};

use keeptrack_core::{
    Conn, Direction, Ended, Instant, Packet, State, TcpFlags, TcpState, Transport, Tuple,
    Unconfirmed,
};

use super::entries::Entries;
use super::{Admission, Checked, Keys, Known, Peer};
use crate::replay::Tracker;

pub(super) const PEER: Known = Known {
    name: "vpp",
    does: "of TCP that is opening or closing who was queued first leaves; UDP and open TCP never",
    keys: &[("threads", "threads of VPP, for each of which one entry stays free; 1 by itself")],
    checked: Checked::Source("vpp b575ec2c, plugins/acl"),
    build: |keys: &Keys, max| {
        let threads = keys.number("threads", 1)?;
        if threads == 0 {
            return Err("`threads=0`: there is at least one".into());
        }
        // By itself VPP has no place in a table of one entry, and refuses everybody.
        if threads >= max && keys.value("threads").is_some() {
            return Err(format!(
                "`threads={threads}`: as many entries stay free, which leaves none of {max}"
            ));
        }
        Ok(Box::new(Vpp::new(max, Params { threads })))
    },
};

/// Seconds in the queue after which a session in it is looked at: half of what it may be idle.
const REQUEUE_S: u32 = 60;
/// Milliseconds between two visits of the cleaner.
const CLEANER_MS: u64 = 500;
/// How many sessions that were taken out a newcomer at the limit clears away.
const MAX_CLEARED: usize = 100;
/// What tells an open session: these two from both sides, and neither of the others.
const OPEN: TcpFlags = TcpFlags(TcpFlags::SYN.0 | TcpFlags::ACK.0);
const TOLD: TcpFlags = TcpFlags(OPEN.0 | TcpFlags::FIN.0 | TcpFlags::RST.0);

/// What can be set of VPP.
#[derive(Debug, Clone, Copy)]
pub(super) struct Params {
    pub(super) threads: usize,
}

/// VPP's recycling.
#[derive(Debug, Clone)]
pub(super) struct Vpp {
    slots: usize,
    /// As many sessions as are added, those taken out included.
    max: usize,
    entries: Entries<Session>,
    /// Sessions that are opening or closing, by when they were queued.
    transient: BTreeMap<u64, (Instant, u64)>,
    queued_count: u64,
    /// When those were taken out that still count.
    purgatory: VecDeque<Instant>,
    segment: Option<(Tuple, TcpFlags)>,
}

/// What is kept of a session.
#[derive(Debug, Default, Clone)]
struct Session {
    /// The flags seen in both directions.
    seen: [u8; 2],
    /// Its place in the queue.
    place: Option<u64>,
}

impl Vpp {
    pub(super) fn new(max: usize, params: Params) -> Self {
        Self {
            slots: max,
            max: max.saturating_sub(params.threads),
            entries: Entries::new(),
            transient: BTreeMap::new(),
            queued_count: 0,
            purgatory: VecDeque::new(),
            segment: None,
        }
    }

    fn is_full(&self) -> bool {
        self.entries.len() + self.purgatory.len() >= self.max
    }

    /// Clears away what was taken out before, and takes out the first in the queue.
    fn recycle(&mut self, now: Instant, first: &mut Unconfirmed<'_>) {
        // 10 us must have passed, which is to say, any time.
        let gone = self.purgatory.iter().take_while(|&&since| since < now).count();
        self.purgatory.drain(..gone.min(MAX_CLEARED));
        let Some((_, (_, number))) = self.transient.pop_first() else { return };
        if let Some(entry) = self.entries.leave(number) {
            let (tuple, zone) = entry.id;
            first.drop_early(&tuple, zone);
            self.purgatory.push_back(now);
        }
    }

    /// What the cleaner does at `now`.
    fn clean(&mut self, now: Instant) {
        while self.purgatory.front().is_some_and(|&since| since < now) {
            self.purgatory.pop_front();
        }
        while let Some(place) = self.transient.first_entry() {
            if place.get().0.after(REQUEUE_S) >= now {
                break;
            }
            let (_, number) = place.remove();
            self.queue(now, number);
        }
    }

    /// Puts a session behind all others.
    fn queue(&mut self, now: Instant, number: u64) {
        self.queued_count += 1;
        self.transient.insert(self.queued_count, (now, number));
        if let Some(session) = self.entries.get_mut(number) {
            session.place = Some(self.queued_count);
        }
    }

    fn see(&mut self, now: Instant, conn: &Conn) {
        let segment = self.segment;
        let Some(session) = self.entries.of(conn) else { return };
        let Some(State::Tcp(state)) = conn.state() else { return };
        match segment {
            Some((tuple, flags)) if tuple == conn.tuple(Direction::Original) => {
                session.seen[0] |= flags.0;
            }
            Some((tuple, flags)) if tuple == conn.tuple(Direction::Reply) => {
                session.seen[1] |= flags.0;
            }
            // It comes from a saved table.
            _ if state == TcpState::Established => session.seen = [OPEN.0; 2],
            _ => {}
        }
        let is_open = session.seen.iter().all(|seen| seen & TOLD.0 == OPEN.0);
        match (is_open, session.place) {
            (true, Some(place)) => {
                session.place = None;
                self.transient.remove(&place);
            }
            (false, None) => self.queue(now, conn.number()),
            _ => {}
        }
    }

    fn forget(&mut self, number: u64) {
        if let Some(place) = self.entries.leave(number).and_then(|entry| entry.own.place) {
            self.transient.remove(&place);
        }
    }
}

impl Peer for Vpp {
    fn slots(&self) -> usize {
        self.slots
    }

    fn pass_time(&mut self, now: Instant, _ct: &mut Tracker) {
        while let Some(visit) = self.next_event().filter(|&visit| visit <= now) {
            self.clean(visit);
        }
    }

    fn next_event(&self) -> Option<Instant> {
        let purged = self.purgatory.front().copied();
        let queued = self.transient.first_key_value().map(|(_, (since, _))| since.after(REQUEUE_S));
        let due = purged.into_iter().chain(queued).min()?;
        Some(Instant::from_millis((due.as_millis() / CLEANER_MS + 1) * CLEANER_MS))
    }

    fn packet(&mut self, _now: Instant, packet: &Packet<'_>, _ct: &mut Tracker) {
        self.segment = match packet.transport {
            Transport::Tcp(tcp) => Some((packet.tuple, tcp.flags)),
            _ => None,
        };
    }

    fn admit(&mut self, now: Instant, first: &mut Unconfirmed<'_>) -> Admission {
        if let Some(over) = self.entries.taken_over_by(first.conn()) {
            self.forget(over);
        }
        if self.is_full() {
            self.recycle(now, first);
        }
        if self.is_full() { Admission::Refuse("too many sessions") } else { Admission::Take }
    }

    fn entered(&mut self, now: Instant, conn: &Conn) {
        self.entries.enter(conn, Session::default());
        self.see(now, conn);
    }

    fn known(&mut self, now: Instant, conn: &Conn) {
        self.see(now, conn);
    }

    fn ended(&mut self, _now: Instant, ended: &Ended) {
        self.forget(ended.conn.number());
    }

    fn rule(&self, _ended: &Ended) -> &'static str {
        "oldest transient"
    }

    fn count(&self) -> Option<usize> {
        Some(self.entries.len() + self.purgatory.len())
    }
}
