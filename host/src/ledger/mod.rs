//! The ledger: every connection that a full table hurt, by whom, and what became of it.
//!
//! A connection is its tuple and its zone, until it has been silent for as long as it would have
//! lived, or got an entry that has left as entries do. What is refused of it meanwhile are packets
//! of the same connection.

mod followed;
mod follower;
mod harm;
mod lines;
mod sample;
mod totals;

use keeptrack_core::{
    Conn, Direction, Invalid, OnRefusal, Protocol, Rank, Refused, State, Status, Tuple, Zone,
};

use followed::{Came, Followed, Lives, Place, Start};
use follower::{End, Follower, Settled};
pub(crate) use harm::{Harm, Whom};
use lines::{Again, Hurt, Newcomer, Page};
pub(crate) use sample::SEED as SAMPLE_SEED;
pub(crate) use totals::{Aftermath, Class, Row, Totals};

use crate::service::Service;
use crate::verdict::{Left, Speaks, Verdict, What};

/// How many hurt connections are followed if nothing else is said.
pub(crate) const USUAL_MAX: usize = 1_000_000;

/// The ledger of a run.
#[derive(Debug)]
pub(crate) struct Ledger {
    totals: Totals,
    follower: Follower,
    hurt_count: u64,
    page: Page,
}

impl Default for Ledger {
    fn default() -> Self {
        Self::new(USUAL_MAX)
    }
}

impl Ledger {
    /// An empty one, which follows so many connections from the first on. It writes no lines.
    pub(crate) fn new(max: usize) -> Self {
        Self {
            totals: Totals::default(),
            follower: Follower::new(max),
            hurt_count: 0,
            page: Page::default(),
        }
    }

    /// The same, which also writes lines, to be [taken](Self::take_lines).
    pub(crate) fn with_lines(mut self) -> Self {
        self.page = Page::kept();
        self
    }

    /// The numbers; those of what became of connections once it is [finished](Self::finish).
    pub(crate) const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Hands the lines that are written since the last time to `take`, if there are any.
    pub(crate) fn take_lines(&mut self) -> Vec<u8> {
        self.page.take()
    }

    /// A packet has come.
    pub(crate) fn packet(&mut self, verdict: &Verdict) {
        self.settle_silent(verdict.time_ns);
        if self.page.is_waiting() {
            self.tell_victims(verdict);
        }
        match &verdict.what {
            What::Refused(refused, rule) => self.refused(verdict, (refused, OnRefusal::Drop), rule),
            What::Bypassed(refused, rule) => {
                self.refused(verdict, (refused, OnRefusal::Bypass), rule);
            }
            What::Unheard(why, rule) => self.unheard(verdict, *why, rule),
            _ if self.follower.is_idle() => {}
            _ => {
                self.follow_up(verdict);
            }
        }
    }

    /// A connection has left the table.
    pub(crate) fn ended(&mut self, left: &Left<'_>) {
        let conn = &left.ended.conn;
        let named = self.follower.find(&conn.tuple(Direction::Original), Some(conn.zone()));
        match (Harm::by(left.ended.why), named) {
            (Some(harm), _) => self.victim(harm, left),
            (None, Some((name, _))) => {
                if let Some(conn) = self.follower.forget(&name) {
                    self.settle((conn, End::Left), left.time_ns);
                }
            }
            (None, None) => {}
        }
    }

    /// Whoever had to leave until now did so for nobody in particular.
    pub(crate) fn flush(&mut self) {
        self.page.tell_victims(&Newcomer::None);
    }

    /// Nothing comes any more, from that moment on.
    pub(crate) fn finish(&mut self, now_ns: u64) {
        self.flush();
        self.settle_silent(now_ns);
        for conn in self.follower.forget_all() {
            self.settle((conn, End::Capture), now_ns);
        }
        for (class, aftermath) in self.follower.sampled() {
            self.totals.row(class).sampled += aftermath;
        }
    }

    /// A first packet was refused.
    fn refused(
        &mut self,
        verdict: &Verdict,
        (refused, then): (&Refused, OnRefusal),
        rule: &'static str,
    ) {
        let conn = &refused.conn;
        let class = (Harm::Refused, Whom::Newcomer(Service::of(conn)), rule);
        let row = self.totals.row(class);
        row.times += 1;
        row.bypassed += u64::from(then == OnRefusal::Bypass);
        let tuple = conn.tuple(Direction::Original);
        if let Some((name, dir)) = self.find_or_reopen(&tuple, conn, verdict.time_ns)
            && let Some(known) = self.follower.conn(&name)
        {
            known.heard(verdict.time_ns, dir, Came::Refused);
            return;
        }
        let expiry_ns = nanos(conn.expiry());
        let life_ns = expiry_ns.saturating_sub(verdict.time_ns);
        let lives = Lives { heard_ns: verdict.time_ns, life_ns };
        let id = self.hurt((tuple, conn.zone()), class, lives, verdict.time_ns);
        if self.page.is_kept() {
            let line = Hurt::refused((id, class), (conn, then), verdict.time_ns);
            self.page.hurt(line, &Newcomer::Packet(verdict.index));
        }
    }

    /// An INVALID packet was refused.
    fn unheard(&mut self, verdict: &Verdict, why: Invalid, rule: &'static str) {
        let class = (Harm::Refused, Whom::Nobody, rule);
        self.totals.row(class).times += 1;
        if self.follow_up(verdict) || !self.page.is_kept() {
            return;
        }
        if let Some(tuple) = &verdict.tuple {
            let line = Hurt::unheard(tuple, (class, why), verdict.time_ns);
            self.page.hurt(line, &Newcomer::Packet(verdict.index));
        }
    }

    /// A connection had to leave.
    fn victim(&mut self, harm: Harm, left: &Left<'_>) {
        let conn = &left.ended.conn;
        let class = (harm, Whom::leaves(conn), left.rule);
        let row = self.totals.row(class);
        row.times += 1;
        row.assured += u64::from(conn.status().has(Status::ASSURED));
        let heard_ns = nanos(conn.seen());
        let lives = Lives { heard_ns, life_ns: nanos(conn.expiry()).saturating_sub(heard_ns) };
        let (tuple, zone) = (conn.tuple(Direction::Original), conn.zone());
        let known = self.follower.find(&tuple, Some(zone)).map(|(name, _)| name);
        let (id, again) = match known.and_then(|name| Some((name, self.follower.conn(&name)?))) {
            Some((name, known)) => {
                known.taken(lives);
                let id = known.id;
                self.follower.watch(name);
                (id, Again::Again)
            }
            None => (self.hurt((tuple, zone), class, lives, left.time_ns), Again::First),
        };
        if self.page.is_kept() {
            self.page.victim(Hurt::victim((id, class, again), conn, left.time_ns));
        }
    }

    /// One more connection is hurt; tells its number.
    fn hurt(&mut self, name: (Tuple, Zone), class: Class, lives: Lives, now_ns: u64) -> u64 {
        let id = self.hurt_count;
        self.hurt_count += 1;
        self.totals.row(class).connections += 1;
        if let Some(gone) = self.follower.follow(name, Followed::new(id, class, lives)) {
            self.settle(gone, now_ns);
        }
        id
    }

    /// A packet that was not refused an entry of its own; tells whether it is of a hurt connection.
    fn follow_up(&mut self, verdict: &Verdict) -> bool {
        let found = match &verdict.what {
            What::New(conn, _) => {
                let tuple = conn.tuple(Direction::Original);
                let found = self.find_or_reopen(&tuple, conn, verdict.time_ns);
                found.map(|named| (named, Came::In(start(conn))))
            }
            What::Known(_, dir, conn, _) => {
                let found = self.follower.find(&conn.tuple(*dir), Some(conn.zone()));
                found.map(|named| (named, Came::Otherwise))
            }
            what => untold(what)
                .zip(verdict.tuple)
                .and_then(|(came, tuple)| Some((self.follower.find(&tuple, None)?, came))),
        };
        match found.and_then(|((name, dir), came)| Some((self.follower.conn(&name)?, dir, came))) {
            Some((known, dir, came)) => {
                known.heard(verdict.time_ns, dir, came);
                true
            }
            None => false,
        }
    }

    /// The hurt connection that a first packet is of. Where a connection had finished before it was
    /// hurt, a packet that begins one begins another.
    fn find_or_reopen(
        &mut self,
        tuple: &Tuple,
        conn: &Conn,
        now_ns: u64,
    ) -> Option<((Tuple, Zone), Direction)> {
        let (name, dir) = self.follower.find(tuple, Some(conn.zone()))?;
        let is_over = self.follower.conn(&name).is_some_and(|known| {
            let (_, whom, _) = known.class;
            known.place == Place::Outside && whom == Whom::Ranked(Rank::Finished.name())
        });
        if is_over && start(conn) == Start::Opened {
            let over = self.follower.forget(&name)?;
            self.settle((over, End::Reopened), now_ns);
            return None;
        }
        Some((name, dir))
    }

    /// Settles whoever has been silent for as long as it would have lived.
    fn settle_silent(&mut self, now_ns: u64) {
        while let Some(conn) = self.follower.next_over(now_ns) {
            self.settle((conn, End::Silent), now_ns);
        }
    }

    fn settle(&mut self, settled: Settled, now_ns: u64) {
        self.follower.count(&settled, &mut self.totals);
        let (conn, end) = settled;
        self.page.aftermath(&conn, end, now_ns);
    }

    /// Tells who left for this packet, and for the newcomer that it has brought, if it has.
    fn tell_victims(&mut self, verdict: &Verdict) {
        let newcomer = match &verdict.what {
            What::New(conn, _) => Newcomer::of(verdict.index, conn),
            What::Refused(refused, _) | What::Bypassed(refused, _) => {
                Newcomer::of(verdict.index, &refused.conn)
            }
            _ => Newcomer::Packet(verdict.index),
        };
        self.page.tell_victims(&newcomer);
    }
}

/// What a packet was to a connection that the verdict does not tell; `None` if it does not count.
const fn untold(what: &What) -> Option<Came> {
    match what {
        What::Invalid(_, Speaks::ForItself, _) => Some(Came::Invalid),
        What::Unheard(..) => Some(Came::Unheard),
        What::Untracked | What::RawDropped => Some(Came::Otherwise),
        _ => None,
    }
}

/// How a connection begins that this packet is the first of.
fn start(conn: &Conn) -> Start {
    let is_tcp = conn.tuple(Direction::Original).protocol == Protocol::TCP;
    let is_begun = conn.state().map(State::name) == Some("SYN_SENT");
    if is_tcp && !is_begun { Start::PickedUp } else { Start::Opened }
}

const fn nanos(at: keeptrack_core::Instant) -> u64 {
    at.as_millis().saturating_mul(1_000_000)
}
