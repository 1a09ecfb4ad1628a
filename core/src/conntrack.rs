//! The tracker: one packet in, one answer out, and every way a packet can take in one function.

use crate::checksum;
use crate::config::{Config, ConfigError};
use crate::confirm::{Confirmed, Unconfirmed};
use crate::conn::Conn;
use crate::ended::Why;
use crate::expect::Expectation;
use crate::fragment::{Fragments, Single};
use crate::full::{OnFull, Ranked};
use crate::hash::{KeyedHash, Seed};
use crate::helper::{Help, NoHelpers};
use crate::inside::Inside;
use crate::invalid::Invalid;
use crate::packet::{Inner, Malformed, Packet, Transport};
use crate::proto::Track;
use crate::rank::Class;
use crate::raw::{Raw, RawVerdict, TrackAll};
use crate::restore::{RestoreError, Restored};
use crate::stats::{Stats, add_one};
use crate::storage::{Link, Memory};
use crate::table::{Table, Turned};
use crate::time::Instant;
use crate::timeout::TimeoutPolicy;
use crate::tracked::{Step, Tracked};
use crate::tuple::{Key, Protocol, Tuple, Zone};

/// A connection tracker over memory of the caller's.
///
/// `now` never runs backwards: a moment before the latest one that any call was given counts as
/// that one.
#[derive(Debug, Clone)]
pub struct Conntrack<M, P = Ranked, R = TrackAll, H = NoHelpers, F = Single> {
    inside: Inside<M, P, H>,
    /// That which the latest first packet would begin: lent to whoever may confirm it.
    first: Conn,
    rules: R,
    fragments: F,
}

impl<M: Memory> Conntrack<M> {
    /// An empty tracker over `memory`, whatever that held. Touches every slot.
    ///
    /// # Errors
    /// [`ConfigError`] when the memory or a timeout cannot be used.
    pub fn new(memory: M, config: Config, seed: Seed) -> Result<Self, ConfigError> {
        usable(&memory)?;
        if let Some(timeout) = config.timeouts.too_long() {
            return Err(ConfigError::TimeoutTooLong(timeout));
        }
        let inside = Inside {
            table: Table::new(memory),
            hash: KeyedHash::new(seed),
            config,
            policy: Ranked::new(0),
            helpers: NoHelpers,
            stats: Stats::default(),
            latest: Instant::default(),
        };
        Ok(Self { inside, first: Conn::EMPTY, rules: TrackAll, fragments: Single })
    }
}

impl<M: Memory, P: OnFull, R: Raw, H: Help, F: Fragments> Conntrack<M, P, R, H, F> {
    /// The same tracker under other rules of the raw table.
    pub fn with_rules<S: Raw>(self, rules: S) -> Conntrack<M, P, S, H, F> {
        Conntrack { inside: self.inside, first: self.first, rules, fragments: self.fragments }
    }

    /// The same tracker with other timeouts: a connection lives by them from its next packet on.
    ///
    /// # Errors
    /// [`ConfigError::TimeoutTooLong`] when one of them cannot be used.
    pub fn with_timeouts(mut self, timeouts: TimeoutPolicy) -> Result<Self, ConfigError> {
        if let Some(timeout) = timeouts.too_long() {
            return Err(ConfigError::TimeoutTooLong(timeout));
        }
        self.inside.config.timeouts = timeouts;
        Ok(self)
    }

    /// The same tracker with another stage for parts of datagrams.
    pub fn with_fragments<G: Fragments>(self, fragments: G) -> Conntrack<M, P, R, H, G> {
        Conntrack { inside: self.inside, first: self.first, rules: self.rules, fragments }
    }

    /// The same tracker with another policy for a full table. Touches every slot, unless the table
    /// is empty.
    pub fn on_full<Q: OnFull>(self, policy: Q) -> Conntrack<M, Q, R, H, F> {
        let Inside { table, hash, config, helpers, stats, latest, .. } = self.inside;
        let mut inside = Inside { table, hash, config, policy, helpers, stats, latest };
        inside.introduce();
        Conntrack { inside, first: self.first, rules: self.rules, fragments: self.fragments }
    }

    /// The same tracker with `slot_count` slots set aside for connections of `class`, in addition
    /// to those that it has: rules say which connections these are. Others never get one of them,
    /// and they get others' when their own are taken, as long as there are any. Whose slot a
    /// connection has stays as it was when it came.
    ///
    /// # Errors
    /// [`ConfigError::ReservesTooLarge`] when no slot would be left for everybody,
    /// [`ConfigError::NotEmpty`] when connections are in the table.
    pub fn reserve(mut self, class: Class, slot_count: usize) -> Result<Self, ConfigError> {
        if !self.is_empty() {
            return Err(ConfigError::NotEmpty);
        }
        match self.inside.table.shares.reserve(class, slot_count) {
            true => Ok(self),
            false => Err(ConfigError::ReservesTooLarge),
        }
    }

    /// The same tracker with memory for the connections to which its rules give a helper.
    pub fn with_helpers<G: Help>(self, helpers: G) -> Conntrack<M, P, R, G, F> {
        let Inside { table, hash, config, policy, stats, latest, .. } = self.inside;
        let inside = Inside { table, hash, config, policy, helpers, stats, latest };
        Conntrack { inside, first: self.first, rules: self.rules, fragments: self.fragments }
    }

    /// What `packet` is to the connections in the table.
    ///
    /// Touches one bucket, [`MAX_CHAIN`](crate::MAX_CHAIN) links and slots at the most and about
    /// one of each on average, and twelve neighbours in lists when a connection ends, changes its
    /// rank or is to run out earlier: at most 140 accesses to slots, links and heads of lists. A
    /// segment of a connection that has a helper is read by it, and a first packet looked up among
    /// what is expected: see [`Helpers`](crate::Helpers). A part of a datagram goes through the
    /// [stage](Fragments) for these first.
    pub fn track(&mut self, now: Instant, packet: &Packet<'_>) -> Tracked<'_> {
        let Self { inside: ct, first, rules, fragments } = self;
        let now = ct.at(now);
        match packet.fragment {
            None => ct.track(now, packet, rules, first),
            Some(part) => ct.track_part((packet, now), part, fragments, (rules, first)),
        }
    }

    /// Hands out the next connection that has left the table, or looks for one that has run out by
    /// `now`. A caller drains it to [`Step::Idle`] before it tracks; nothing that has run out is
    /// ever matched by a packet, whether or not it does.
    ///
    /// Touches one connection, those of its bucket, and its neighbours in three lists, in at most
    /// 70 accesses; where something that helpers expected has run out, all their slots. A
    /// connection is looked at five times at the most for each moment under which it is filed (a
    /// renewed one is filed anew when the old moment comes), and once more for each 12 days in
    /// which nobody called.
    pub fn expire(&mut self, now: Instant) -> Step {
        let now = self.inside.at(now);
        self.inside.expire_expectations(now);
        if self.inside.table.rests(now) {
            return Step::Idle;
        }
        if let Some(ended) = self.inside.hand_out() {
            return Step::Ended(ended);
        }
        match self.inside.turn(now) {
            Turned::RanOut(_) => self.inside.hand_out().map_or(Step::Working, Step::Ended),
            Turned::Refiled => Step::Working,
            Turned::Nothing => Step::Idle,
        }
    }

    /// Puts a connection that is open already into the table, to be found by its packets like any
    /// other: one of TCP is then as if it had been picked up in its middle.
    ///
    /// Touches what the look-up of a packet and a confirmation touch, in at most 580 accesses, and
    /// asks the policy of a full table as that does.
    ///
    /// # Errors
    /// [`RestoreError`] when there is no such connection, it is there already, or it has no place.
    pub fn restore(
        &mut self,
        now: Instant,
        open: &Restored,
    ) -> Result<Confirmed<'_>, RestoreError> {
        let now = self.inside.at(now);
        self.inside.restore(now, open)
    }

    /// Takes the connection of `tuple`, which may be that of either direction, out of the table,
    /// and answers whether there was one. [`expire`](Self::expire) hands it out.
    ///
    /// Touches what the look-up of a packet touches when its connection ends, in at most 120
    /// accesses.
    pub fn flush(&mut self, now: Instant, tuple: &Tuple, zone: Zone) -> bool {
        let now = self.inside.at(now);
        self.inside.take_out(now, (tuple, zone), Why::Flushed)
    }

    /// Takes the connection of `tuple` out of the table as one that leaves for a newer one, and
    /// answers whether there was one. [`expire`](Self::expire) hands it out.
    ///
    /// Touches what [`flush`](Self::flush) touches; for callers that are a policy themselves.
    pub fn drop_early(&mut self, now: Instant, tuple: &Tuple, zone: Zone) -> bool {
        let now = self.inside.at(now);
        self.inside.take_out(now, (tuple, zone), Why::DroppedEarly)
    }

    /// The connection of `tuple`, which may be that of either direction, unless it has run out.
    #[must_use]
    pub fn find(&self, tuple: &Tuple, zone: Zone) -> Option<&Conn> {
        self.inside.of_tuple(self.inside.latest, tuple, zone)
    }

    /// A moment before which [`expire`](Self::expire) has nothing to hand out; `None` when it has
    /// nothing to wait for. It may find nothing at that moment either. What helpers expect is not
    /// handed out, and forgotten when somebody next asks.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Instant> {
        self.inside.table.next_expiry(self.inside.latest)
    }

    /// How many connections are in the table.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inside.table.live_count()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many connections fit.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.inside.table.capacity()
    }

    /// The connections in the table, in no order that means anything. Touches every slot.
    pub fn iter(&self) -> impl Iterator<Item = &Conn> {
        self.inside.table.iter()
    }

    /// The connections that others have announced, in no order that means anything. Touches every
    /// slot of the helpers' table.
    pub fn expectations(&self) -> impl Iterator<Item = Expectation> {
        self.inside.expectations()
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.inside.stats
    }

    /// The stage for parts of datagrams, and what it did.
    #[must_use]
    pub fn fragments(&self) -> &F {
        &self.fragments
    }

    /// The policy of a full table, and what it knows.
    #[must_use]
    pub fn policy(&self) -> &P {
        &self.inside.policy
    }

    /// The rules, and what they did.
    #[must_use]
    pub fn rules(&self) -> &R {
        &self.rules
    }

    /// Moves everything into other memory, and gives back the memory that it was in.
    ///
    /// Touches every slot: for hosts, whose table may grow.
    ///
    /// # Errors
    /// The new memory, when the table does not fit into it or it cannot be used.
    pub fn move_into(&mut self, memory: M) -> Result<M, M> {
        if usable(&memory).is_err() {
            return Err(memory);
        }
        self.inside.table.move_into(memory, &self.inside.hash)
    }
}

/// Whether a table can lie in `memory`.
fn usable<M: Memory>(memory: &M) -> Result<(), ConfigError> {
    let slot_count = memory.slots().len();
    if slot_count == 0 {
        return Err(ConfigError::NoSlots);
    }
    if (memory.chains().len(), memory.nodes().len()) != (slot_count, slot_count) {
        return Err(ConfigError::UnevenMemory);
    }
    if slot_count > M::Link::SLOTS {
        return Err(ConfigError::TooManySlots(M::Link::SLOTS));
    }
    Ok(())
}

impl<M: Memory, P: OnFull, H: Help> Inside<M, P, H> {
    /// Every way that a packet can take; what it would begin is written to `first`.
    ///
    /// In line at the one hot place, the other is for parts of datagrams; where flash is scarce at
    /// neither.
    #[cfg_attr(not(target_pointer_width = "32"), inline(always))]
    pub(crate) fn track<'t>(
        &'t mut self,
        now: Instant,
        packet: &Packet<'_>,
        rules: &mut impl Raw,
        first: &'t mut Conn,
    ) -> Tracked<'t> {
        let ct = self;
        let template = match rules.classify(packet) {
            RawVerdict::Track(template) => template,
            RawVerdict::NoTrack => return ct.untracked(),
            RawVerdict::Drop => return ct.dropped(),
        };
        if ct.config.checksum && checksum::is_wrong(packet, &ct.config) {
            return ct.wrong_sum(packet);
        }
        match &packet.transport {
            Transport::Malformed(why) => return ct.malformed(*why),
            Transport::Neighbour => return ct.untracked(),
            Transport::Error(inner) => return ct.error(now, (packet, template.zone), inner),
            Transport::Continued => return ct.continued(now, packet, template.zone),
            Transport::Tcp(_)
            | Transport::Udp
            | Transport::Sctp(_)
            | Transport::Gre
            | Transport::Query
            | Transport::Other => {}
        }
        // Read where it was made: it is not copied for a packet of a known connection.
        let made = Key::of(&packet.tuple, template.zone);
        let Some((key, sender)) = &made else { return ct.invalid(Invalid::Family) };
        let hash = ct.hash.of(key);
        if let Some(slot) = ct.find(now, hash, key) {
            match ct.step((packet, now), slot, *sender, rules) {
                Ok(Some((state, dir, change))) => {
                    add_one(&mut ct.stats.known);
                    let slot = match change.ended {
                        Some(why) => ct.end(slot, hash, why),
                        None => slot,
                    };
                    return Tracked::Known { state, dir, conn: ct.table.conn(slot), change };
                }
                Ok(None) => _ = ct.end(slot, hash, Why::Reopened),
                Err((why, shortened)) => return ct.shortened(why, shortened),
            }
        }
        *first = Conn::new(*key, *sender, Track::Generic, now);
        match ct.begin((packet, now), first, template, rules) {
            Ok(timeout) => {
                add_one(&mut ct.stats.first);
                let then = template.refused;
                Tracked::First(Unconfirmed::new(first, hash, (now, timeout), then, ct))
            }
            Err(why) => ct.invalid(why),
        }
    }
}

/// The ways out of [`Conntrack::track`], each with its counter.
///
/// Not in line with few registers: what only they need would be made ready for every packet.
impl<M: Memory, P: OnFull, H: Help> Inside<M, P, H> {
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn untracked(&mut self) -> Tracked<'_> {
        add_one(&mut self.stats.untracked);
        Tracked::Untracked
    }

    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn dropped(&mut self) -> Tracked<'_> {
        add_one(&mut self.stats.raw_drop);
        Tracked::Dropped
    }

    pub(crate) fn invalid(&mut self, why: Invalid) -> Tracked<'_> {
        self.shortened(why, None)
    }

    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn shortened(&mut self, why: Invalid, shortened: Option<u32>) -> Tracked<'_> {
        self.stats.count_invalid(why);
        Tracked::Invalid { why, shortened }
    }

    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn wrong_sum(&mut self, packet: &Packet<'_>) -> Tracked<'_> {
        if matches!(packet.tuple.protocol, Protocol::ICMP | Protocol::ICMPV6) {
            add_one(&mut self.stats.error);
        }
        self.invalid(Invalid::Checksum)
    }

    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn malformed(&mut self, why: Malformed) -> Tracked<'_> {
        if matches!(why, Malformed::IcmpHeader | Malformed::IcmpType | Malformed::Redirect) {
            add_one(&mut self.stats.error);
        }
        self.invalid(Invalid::Malformed(why))
    }

    /// An error neither renews its connection nor answers it.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn error(&mut self, now: Instant, packet: (&Packet<'_>, Zone), inner: &Inner) -> Tracked<'_> {
        match self.spoken_of(now, packet, inner) {
            Ok((slot, dir)) => {
                add_one(&mut self.stats.related);
                Tracked::Related { dir, conn: self.table.conn(slot) }
            }
            Err(why) => {
                add_one(&mut self.stats.error);
                self.invalid(why)
            }
        }
    }
}
