//! What holds of a small table under every policy: quotas, caps, who may have to leave, and that
//! each who leaves is told of once.

use std::collections::HashMap;
use std::net::IpAddr;

use keeptrack_core::{
    Class, Conn, Direction, Ended, Instant, Rank, Refusal, Refused, Status, Tuple, Why, Zone,
};

use super::{CAPPED, FOUR_HOSTS, Scene, Table, class_of, client};

/// When a connection was last renewed, and for how many seconds; `None` where that is not known.
type Given = (Instant, Option<u32>);

/// A connection that has entered and has not been told of yet.
struct Entered {
    class: Option<Class>,
    given: Given,
    /// What somebody has done to take it out.
    taken_out: Option<Why>,
    gone: Option<Gone>,
}

/// When a connection left because a newcomer came, and how many there were then.
#[derive(Clone, Copy)]
struct Gone {
    at: Instant,
    live_count: usize,
}

/// The table before something is done to it.
pub(super) struct Before {
    now: Instant,
    conns: Vec<Conn>,
}

impl Before {
    pub(super) fn of(ct: &Table, now: Instant) -> Self {
        Self { now, conns: ct.iter().copied().collect() }
    }

    /// The connection of `tuple`, in whichever direction.
    pub(super) fn find(&self, tuple: &Tuple, zone: Zone) -> Option<&Conn> {
        self.conns.iter().find(|conn| is_of(conn, tuple, zone))
    }

    /// Leaves out a connection that had left before it came to the policies.
    pub(super) fn forget(&mut self, tuple: &Tuple, zone: Zone) {
        self.conns.retain(|conn| !is_of(conn, tuple, zone));
    }

    fn count(&self, counts: impl Fn(&Conn) -> bool) -> u32 {
        let count = self.conns.iter().filter(|conn| counts(conn)).count();
        count.try_into().expect("few")
    }
}

/// What a story has to bear in mind.
pub(super) struct Laws {
    common_count: usize,
    reserved_counts: [usize; Class::MAX_COUNT],
    adaptive: Option<(usize, usize)>,
    early_drop: bool,
    ranked: bool,
    caps: Option<(u32, u32)>,
    by_network: bool,
    /// By their numbers: one tuple is that of many, some of which wait while the next one comes and
    /// is told of before them.
    outstanding: HashMap<u64, Entered>,
    let_go_count: u64,
    told_count: u64,
}

impl Laws {
    pub(super) fn new(scene: &Scene) -> Self {
        Self {
            common_count: scene.slot_count - scene.reserved_counts.iter().sum::<usize>(),
            reserved_counts: scene.reserved_counts,
            adaptive: scene.adaptive,
            early_drop: scene.early_drop,
            ranked: scene.ranked,
            caps: scene.caps,
            by_network: scene.prefix == FOUR_HOSTS,
            outstanding: HashMap::new(),
            let_go_count: 0,
            told_count: 0,
        }
    }

    pub(super) fn let_go(&mut self) {
        self.let_go_count += 1;
    }

    /// Somebody has taken this one out.
    pub(super) fn taken_out(&mut self, conn: &Conn, why: Why) {
        let before = self.entered_as(conn).taken_out.replace(why);
        assert_eq!(before, None, "taken out twice");
    }

    /// A connection is in the table now: confirmed after its packet, or restored without a class.
    pub(super) fn entered(&mut self, conn: &Conn, given: Given) {
        let is_restored = given.1.is_none();
        let class = class_of(client(&conn.tuple(Direction::Original)).1).filter(|_| !is_restored);
        let entered = Entered { class, given, taken_out: None, gone: None };
        let before = self.outstanding.insert(conn.number(), entered);
        assert!(before.is_none(), "two of one number");
    }

    pub(super) fn renewed(&mut self, conn: &Conn, given: Given) {
        self.entered_as(conn).given = given;
    }

    fn entered_as(&mut self, conn: &Conn) -> &mut Entered {
        self.outstanding.get_mut(&conn.number()).expect("it is in the table")
    }

    /// A newcomer has got in: no cap stood in its way.
    pub(super) fn confirmed(&mut self, before: &Before, conn: &Conn, ct: &Table) {
        let (of_source, of_zone) = self.counts_beside(before, conn);
        if let Some((source_cap, zone_cap)) = self.caps {
            assert!(of_source < source_cap, "{of_source} of a source");
            assert!(conn.zone() != CAPPED || of_zone < zone_cap, "{of_zone} of a zone");
        }
        self.gone(before, ct);
    }

    /// A newcomer has not: there was a reason.
    pub(super) fn refused(&mut self, before: &Before, refused: &Refused, ct: &Table) {
        let (of_source, of_zone) = self.counts_beside(before, &refused.conn);
        let source_is_full = self.caps.is_some_and(|(cap, _)| of_source >= cap);
        let is_capped = refused.conn.zone() == CAPPED;
        let zone_is_full = is_capped && self.caps.is_some_and(|(_, cap)| of_zone >= cap);
        match refused.why {
            Refusal::SourceFull => assert!(source_is_full, "{of_source} of a source"),
            Refusal::ZoneFull => assert!(zone_is_full && !source_is_full, "{of_zone} of a zone"),
            Refusal::TableFull => {
                assert!(!source_is_full && !zone_is_full, "a cap comes first");
                self.is_full_for(&refused.conn, ct);
            }
            why => panic!("{why}"),
        }
        self.gone(before, ct);
    }

    /// How many connections the source and the zone of a newcomer have beside it.
    fn counts_beside(&self, before: &Before, conn: &Conn) -> (u32, u32) {
        let of_source = before.count(|other| self.source(other) == self.source(conn));
        (of_source, before.count(|other| other.zone() == conn.zone()))
    }

    /// The address or the network of four that a connection comes from: the server's, where that
    /// one was heard of first.
    fn source(&self, conn: &Conn) -> (u32, Zone) {
        let IpAddr::V4(address) = conn.tuple(Direction::Original).source else {
            panic!("all are of IPv4")
        };
        (if self.by_network { address.to_bits() & !3 } else { address.to_bits() }, conn.zone())
    }

    /// That nobody can have had to leave for a newcomer, nor was there a slot.
    fn is_full_for(&self, conn: &Conn, ct: &Table) {
        let class = class_of(client(&conn.tuple(Direction::Original)).1);
        let own_count = class.map_or(0, |class| self.reserved_counts[class.index()]);
        let (len, least) = (ct.len(), self.common_count + own_count);
        assert!(len >= least, "refused with {len} of {least} slots taken");
        let has_reserves = self.reserved_counts != [0; Class::MAX_COUNT];
        if self.ranked && !has_reserves {
            assert!(ct.iter().all(|conn| Rank::of(conn).is_none()), "somebody could have left");
        }
    }

    /// Bears in mind who has left for a newcomer, or because of it.
    pub(super) fn gone(&mut self, before: &Before, ct: &Table) {
        let live: Vec<u64> = ct.iter().map(Conn::number).collect();
        let gone = Gone { at: before.now, live_count: before.conns.len() };
        for conn in before.conns.iter().filter(|conn| !live.contains(&conn.number())) {
            self.entered_as(conn).gone = Some(gone);
        }
    }

    /// A connection that has left is handed out.
    pub(super) fn told(&mut self, ended: &Ended) {
        let entered = self.outstanding.remove(&ended.conn.number());
        let entered = entered.expect("told twice, or never there");
        self.told_count += 1;
        match (ended.why, entered.taken_out) {
            (why, Some(way)) => assert_eq!(why, way),
            (Why::DroppedEarly, None) => self.may_leave(&ended.conn),
            (Why::Shrunk, None) => self.was_overdue(&entered),
            (Why::TimedOut | Why::Reset | Why::Reopened, None) => {}
            (why, None) => panic!("nobody has asked for {why}"),
        }
    }

    /// That a policy may take a connection's slot: never that of one that is assured and open.
    fn may_leave(&self, conn: &Conn) {
        assert!(self.early_drop || self.ranked, "nobody has to leave");
        let is_assured = conn.status().has(Status::ASSURED);
        let is_closing = matches!(conn.state_name(), Some("FIN_WAIT" | "CLOSE_WAIT" | "LAST_ACK"))
            || matches!(conn.state_name(), Some("TIME_WAIT" | "CLOSE"));
        assert!(!is_assured || is_closing, "assured and open");
        assert!(self.ranked || !is_assured, "assured");
    }

    /// That a connection had been idle for as long as its timeout counted when it left.
    fn was_overdue(&self, entered: &Entered) {
        let Gone { at, live_count } = entered.gone.expect("it left for a newcomer");
        let (renewed, given) = entered.given;
        let (start, end) = self.adaptive.expect("timeouts shrink");
        assert!(live_count > start, "{live_count} are not above {start}");
        // What one has left that was restored says nothing of what it was given.
        let Some(timeout_s) = given else { return };
        let left = u64::try_from(end.saturating_sub(live_count)).expect("few");
        let span = u64::try_from(end - start).expect("few");
        let shrunk_s = (u64::from(timeout_s) * left).div_ceil(span);
        let idle_ms = at.since(renewed);
        assert!(idle_ms >= 1000 * shrunk_s, "{idle_ms} ms of {shrunk_s} s of {timeout_s} s");
    }

    /// Everybody who is over has been handed out.
    pub(super) fn drained(&self, ct: &Table) {
        assert_eq!(self.outstanding.len(), ct.len(), "one was not told of");
        let stats = ct.stats();
        let ended = stats.timed_out + stats.reset + stats.reopened + stats.flushed;
        assert_eq!(ended + stats.early_drop + stats.shrunk, self.told_count);
    }

    /// What holds at any moment.
    pub(super) fn hold(&self, ct: &Table) {
        let all = Before::of(ct, Instant::default());
        assert!(ct.len() <= ct.capacity() && all.conns.len() == ct.len());
        let stats = ct.stats();
        let refused = stats.drop + stats.source_full + stats.zone_full + stats.bypass;
        let confirmed = stats.confirmed - stats.insert;
        assert_eq!(stats.first, confirmed + refused + self.let_go_count);
        self.quotas_hold(&all.conns);
        let ((source_cap, zone_caps), .., ghost) = ct.policy();
        assert!(ghost.would_need() >= ct.len());
        for conn in &all.conns {
            let (of_source, of_zone) = self.counts_beside(&all, conn);
            if let (Some(source_cap), Some(zone_caps)) = (source_cap, zone_caps) {
                let address = conn.tuple(Direction::Original).source;
                assert_eq!(source_cap.count(address, conn.zone()), of_source, "{address}");
                let is_right = |zone: &&keeptrack_core::ZoneCap| zone.zone() == conn.zone();
                let counted = zone_caps.zones().iter().find(is_right);
                assert!(counted.is_none_or(|zone| zone.count() == of_zone), "{of_zone}");
            }
            for dir in [Direction::Original, Direction::Reply] {
                let found = ct.find(&conn.tuple(dir), conn.zone());
                assert!(
                    found.is_none_or(|found| found.number() == conn.number()),
                    "another one is found"
                );
            }
        }
    }

    /// That no class has more than its own slots and everybody's, and all together not more of
    /// everybody's than there are.
    fn quotas_hold(&self, conns: &[Conn]) {
        let mut of_class = [0_usize; Class::MAX_COUNT];
        let mut common_count = 0;
        for conn in conns {
            match self.outstanding[&conn.number()].class {
                Some(class) => of_class[class.index()] += 1,
                None => common_count += 1,
            }
        }
        for (count, reserved_count) in of_class.iter().zip(self.reserved_counts) {
            common_count += count.saturating_sub(reserved_count);
        }
        assert!(common_count <= self.common_count, "{common_count} in everybody's slots");
    }
}

fn is_of(conn: &Conn, tuple: &Tuple, zone: Zone) -> bool {
    let is_one = |dir| conn.tuple(dir) == *tuple;
    conn.zone() == zone && (is_one(Direction::Original) || is_one(Direction::Reply))
}
