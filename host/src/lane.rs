//! A table of a replay, what fills it and what empties it: all that is done for each of several.

use std::sync::Arc;

use keeptrack_core::{
    Change, Conn, Conntrack, Direction, Ended, HelperSlot, Helpers, Instant, OnRefusal, Packet,
    Refusal, Refused, RestoreError, Restored, Seed, Step, TimeoutPolicy, Tracked, Unconfirmed, Why,
};

use crate::error::Error;
use crate::fate::Fate;
use crate::firmware_config::Filter;
use crate::front::Stamp;
use crate::listing::Listing;
use crate::memory::Heap;
use crate::on_full::{self, Policy, Spec};
use crate::peers::{Admission, Peer};
use crate::rules::RuleSet;
use crate::stage::Stage;
use crate::verdict::{Left, Report, Rule, Skip, Speaks, Verdict, What};

/// The tracker of a replay.
pub type Tracker = Conntrack<Heap, Policy, RuleSet, Helpers<Box<[HelperSlot]>>, Stage>;

/// A table and what goes with it.
pub(crate) struct Lane {
    pub(crate) ct: Tracker,
    /// What a packet passes behind tracking, if it is a gateway that is replayed.
    filter: Option<Filter>,
    /// Whose behaviour at a full table it has, if not that of its own policy.
    peer: Option<Box<dyn Peer>>,
    room: Room,
    /// Where what was read of connections is kept, if somebody tells of them.
    listing: Option<Arc<Listing>>,
}

/// What became of a packet.
struct Passed {
    what: What,
    /// What the gateway does with its frame, if it is one that is replayed.
    fate: Option<Fate>,
    /// The connection whose slot its own has taken.
    evicted: Option<Ended>,
}

/// How a table gets its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// It is as large as it is.
    Fixed,
    /// It grows up to so many entries, all of which it might have had from the beginning.
    UpTo(usize),
    /// It grows, so that nothing is refused.
    Growing,
}

impl Lane {
    pub(crate) fn new(
        (ct, room): (Tracker, Room),
        peer: Option<Box<dyn Peer>>,
        listing: Option<Arc<Listing>>,
    ) -> Self {
        Self { ct, filter: None, peer, room, listing }
    }

    /// The same with the filter of a gateway behind tracking.
    pub(crate) fn with_filter(self, filter: Option<Filter>) -> Self {
        Self { filter, ..self }
    }

    /// The same, to go its own way from here on, under those rules.
    pub(crate) fn fork(&self, rules: RuleSet) -> Self {
        let Self { ct, filter, peer, room, listing } = self.copied();
        Self { ct: ct.with_rules(rules), filter, peer, room, listing }
    }

    /// The same, to go its own way from here on, with those timeouts.
    ///
    /// # Errors
    /// When one of them cannot be used.
    pub(crate) fn with_timeouts(&self, timeouts: TimeoutPolicy) -> Result<Self, Error> {
        let Self { ct, filter, peer, room, listing } = self.copied();
        Ok(Self { ct: ct.with_timeouts(timeouts)?, filter, peer, room, listing })
    }

    /// The same with room for that many entries, of which it has no more, as by `spec` a table of
    /// that size behaves, whose hash has that key.
    ///
    /// # Errors
    /// When there is not the memory.
    pub(crate) fn limited(mut self, (max, key): (usize, Seed), spec: &Spec) -> Result<Self, Error> {
        if let Some(peer) = &mut self.peer {
            peer.limit(max);
            return Ok(Self { room: Room::UpTo(max), ..self });
        }
        let memory = Heap::new(max).ok_or(Error::NoMemory(max))?;
        self.ct.move_into(memory).map_err(|_| Error::NoMemory(max))?;
        let policy = spec.limit(self.ct.policy(), (max, key)).map_err(Error::OnFull)?;
        Ok(Self { ct: self.ct.on_full(policy), room: Room::Fixed, ..self })
    }

    /// The same, to go its own way from here on.
    pub(crate) fn copied(&self) -> Self {
        Self {
            ct: self.ct.clone(),
            filter: self.filter,
            peer: self.peer.as_ref().map(|peer| peer.fork()),
            room: self.room,
            listing: self.listing.clone(),
        }
    }

    /// Takes the connections out that `goes` picks, and tells nobody.
    pub(crate) fn flush(&mut self, goes: &dyn Fn(&Conn) -> bool) {
        // Of all moments the latest one that the table has heard of.
        let now = Instant::default();
        let going: Vec<Conn> = self.ct.iter().filter(|conn| goes(conn)).copied().collect();
        for conn in going {
            self.ct.flush(now, &conn.tuple(Direction::Original), conn.zone());
        }
        loop {
            match (self.ct.expire(now), &mut self.peer) {
                (Step::Ended(ended), Some(peer)) => peer.ended(now, &ended),
                (Step::Ended(_) | Step::Working, _) => {}
                (Step::Idle, _) => return,
            }
        }
    }

    /// Passes a packet through the table, or what is none, and tells of it and of all who left.
    pub(crate) fn pass(
        &mut self,
        stamp: Stamp,
        packet: &Result<Packet<'_>, Skip>,
        report: &mut dyn Report,
    ) -> Result<(), Error> {
        let Stamp { index, time_ns, now_ns } = stamp;
        self.pass_time(now_ns, report)?;
        let (what, fate) = match packet {
            Err(why) => (What::Skipped(*why), self.filter.and_then(|_| Fate::of_skipped(*why))),
            Ok(packet) => {
                self.make_room()?;
                let Passed { what, fate, evicted } =
                    self.track(Instant::from_nanos(now_ns), packet);
                if !matches!(what, What::Known(..)) {
                    // Who left for it is told of before it.
                    evicted.map_or(Ok(()), |ended| self.tell(now_ns, &ended, report))?;
                    self.expire(now_ns, report)?;
                }
                (what, fate)
            }
        };
        let is_part = packet.as_ref().is_ok_and(|packet| packet.fragment.is_some());
        let is_reassembled =
            is_part && self.ct.fragments().reassembles() && !matches!(what, What::Held(_));
        let tuple = packet.as_ref().ok().map(|packet| packet.tuple);
        let entry_count = self.entry_count();
        report.packet(&Verdict {
            index,
            time_ns,
            tuple,
            what,
            fate,
            entry_count,
            is_reassembled,
        })?;
        if let What::Known(.., Change { ended: Some(_), .. }) = what {
            self.expire(now_ns, report)?;
        }
        Ok(())
    }

    /// Lets the time pass until a moment in nanoseconds, and tells who runs out.
    pub(crate) fn pass_time(&mut self, now_ns: u64, report: &mut dyn Report) -> Result<(), Error> {
        while let Some(at) = self.next_event(now_ns) {
            self.collect(whole_ns(at).min(now_ns), report)?;
            if self.next_event(now_ns) == Some(at) {
                break;
            }
        }
        self.collect(now_ns, report)
    }

    /// When a peer's collectors have something to do until then.
    fn next_event(&self, now_ns: u64) -> Option<Instant> {
        let next = self.peer.as_ref()?.next_event()?;
        (next <= Instant::from_nanos(now_ns)).then_some(next)
    }

    /// Hands out what is over by now, and lets a peer take out what it does.
    fn collect(&mut self, now_ns: u64, report: &mut dyn Report) -> Result<(), Error> {
        self.expire(now_ns, report)?;
        if let Some(peer) = &mut self.peer {
            peer.pass_time(Instant::from_nanos(now_ns), &mut self.ct);
            self.expire(now_ns, report)?;
            report.collected();
        }
        Ok(())
    }

    /// Tracks a packet and asks the filter, and puts a first one that may pass into the table.
    fn track(&mut self, now: Instant, packet: &Packet<'_>) -> Passed {
        let Self { ct, filter, peer, .. } = self;
        if let Some(peer) = peer {
            peer.packet(now, packet, ct);
        }
        let tracked = ct.track(now, packet);
        let fate = filter.and_then(|filter| filter.judge(packet, &tracked));
        let what = match tracked {
            Tracked::First(first) if fate.is_some_and(Fate::is_drop) => {
                What::Filtered(*first.conn())
            }
            Tracked::First(first) => {
                let (what, evicted) = begin(first, now, peer.as_deref_mut());
                return Passed { what, fate: fate.map(|fate| fate.behind(&what)), evicted };
            }
            Tracked::Known { state, dir, conn, change } => {
                if let (Some(peer), Some(_)) = (peer, change.timeout) {
                    peer.known(now, conn);
                }
                What::Known(state, dir, *conn, change)
            }
            Tracked::Related { dir, conn } => What::Related(dir, *conn),
            Tracked::Invalid { why, shortened } => {
                let rule =
                    peer.as_mut().and_then(|peer| match peer.invalid(now, (packet, why), ct) {
                        Admission::Refuse(rule) => Some(rule),
                        Admission::Take | Admission::TooLong | Admission::Bypass(_) => None,
                    });
                match rule {
                    Some(rule) => What::Unheard(why, rule),
                    None => What::Invalid(why, Speaks::of(packet, why), shortened),
                }
            }
            Tracked::Held(why) => What::Held(why),
            Tracked::Untracked => What::Untracked,
            Tracked::Dropped => What::RawDropped,
        };
        Passed { what, fate, evicted: None }
    }

    /// Puts a connection into the table that was open before, and says who left for it.
    ///
    /// # Errors
    /// When there is not the memory for it; and, within, why the table does not take it in.
    pub(crate) fn restore(
        &mut self,
        now: Instant,
        open: &Restored,
    ) -> Result<Result<(Conn, Option<Ended>), RestoreError>, Error> {
        self.make_room()?;
        let made = self.ct.restore(now, open).map(|made| (*made.conn, made.evicted));
        if let (Some(peer), Ok((conn, evicted))) = (&mut self.peer, &made) {
            evicted.iter().for_each(|ended| peer.ended(now, ended));
            peer.entered(now, conn);
        }
        Ok(made)
    }

    /// Hands out what is over by now.
    pub(crate) fn expire(&mut self, now_ns: u64, report: &mut dyn Report) -> Result<(), Error> {
        loop {
            match self.ct.expire(Instant::from_nanos(now_ns)) {
                Step::Ended(ended) => self.tell(now_ns, &ended, report)?,
                Step::Working => {}
                Step::Idle => return Ok(()),
            }
        }
    }

    /// Tells of a connection that has left.
    pub(crate) fn tell(
        &mut self,
        now_ns: u64,
        ended: &Ended,
        report: &mut dyn Report,
    ) -> Result<(), Error> {
        let rule = match (&self.peer, ended.why) {
            (Some(peer), Why::DroppedEarly) => peer.rule(ended),
            _ => on_full::rule(self.ct.policy(), ended),
        };
        if let Some(peer) = &mut self.peer {
            peer.ended(Instant::from_nanos(now_ns), ended);
        }
        report.ended(&Left { time_ns: left_ns(now_ns, ended), ended, rule })?;
        if let Some(listing) = &self.listing {
            listing.forget(&ended.conn);
        }
        Ok(())
    }

    /// The entries that would have hurt nobody, as the table itself estimates it, and how far
    /// that may be off.
    pub(crate) fn would_need(&self) -> (usize, usize) {
        on_full::would_need(self.ct.policy())
    }

    /// The entries as whoever is at work counts them.
    pub(crate) fn entry_count(&self) -> usize {
        let counted = self.peer.as_ref().and_then(|peer| peer.count());
        counted.unwrap_or(self.ct.len())
    }

    /// Doubles a full table that may grow, as far as it may.
    pub(crate) fn make_room(&mut self) -> Result<(), Error> {
        let most = match self.room {
            Room::Fixed => return Ok(()),
            Room::UpTo(most) => most,
            Room::Growing => usize::MAX,
        };
        let held = self.ct.capacity();
        let entries = most.min(held * 2);
        if self.ct.len() < held || entries <= held {
            return Ok(());
        }
        let memory = Heap::new(entries).ok_or(Error::NoMemory(entries))?;
        // More slots hold what the slots held.
        self.ct.move_into(memory).map(drop).map_err(|_| Error::NoMemory(entries))
    }
}

/// What a first packet comes to, and the connection whose slot its own has taken.
fn begin(
    mut first: Unconfirmed<'_>,
    now: Instant,
    peer: Option<&mut (dyn Peer + 'static)>,
) -> (What, Option<Ended>) {
    let timeout = first.timeout();
    let Some(peer) = peer else {
        return match first.confirm() {
            Ok(made) => (What::New(*made.conn, timeout), made.evicted),
            Err(refused) => (refuse(refused), None),
        };
    };
    match peer.admit(now, &mut first) {
        Admission::Refuse(rule) => {
            (refused_by(rule, first.refuse(Refusal::TableFull, OnRefusal::Drop)), None)
        }
        Admission::TooLong => (refuse(first.refuse(Refusal::ChainTooLong, OnRefusal::Drop)), None),
        Admission::Bypass(rule) => {
            (refused_by(rule, first.refuse(Refusal::TableFull, OnRefusal::Bypass)), None)
        }
        Admission::Take => match first.confirm() {
            Ok(made) => {
                peer.entered(now, made.conn);
                (What::New(*made.conn, timeout), made.evicted)
            }
            Err(refused) => (refuse(refused), None),
        },
    }
}

/// What becomes of the packet of a connection that the table does not take in.
pub(crate) fn refuse(refused: Refused) -> What {
    refused_by(
        match refused.why {
            Refusal::SourceFull => "source cap",
            Refusal::ZoneFull => "zone cap",
            Refusal::ChainTooLong => "chain too long",
            _ => "no slot",
        },
        refused,
    )
}

fn refused_by(rule: Rule, refused: Refused) -> What {
    match refused.then {
        OnRefusal::Drop => What::Refused(refused, rule),
        OnRefusal::Bypass => What::Bypassed(refused, rule),
    }
}

/// A moment in nanoseconds, those of a begun millisecond rounded up.
fn whole_ns(at: Instant) -> u64 {
    let floor_ns = at.as_millis().saturating_mul(1_000_000);
    if Instant::from_nanos(floor_ns) < at { floor_ns.saturating_add(1_000_000) } else { floor_ns }
}

/// Who ran out between two packets left when it did, not when the second one came.
fn left_ns(now_ns: u64, ended: &Ended) -> u64 {
    match ended.why {
        Why::TimedOut => now_ns.min(ended.conn.expiry().as_millis().saturating_mul(1_000_000)),
        _ => now_ns,
    }
}
