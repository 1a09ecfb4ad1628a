//! Our tracker as a [`Judge`].

use keeptrack_core::fragment::{AsLinux, Limits, Queue, Run};
use keeptrack_core::raw::{Raw, TrackAll};
use keeptrack_core::{
    Change, Config, Conn, Conntrack, CtState, Direction, HelperSlot, Helpers, Instant, LinkType,
    Packet, Refuse, Seed, Step, Tracked, Transport,
};

use crate::judge::{Judge, Row};
use crate::memory::Owned;
use crate::told::{Lifetime, Told, Verdict, shown};

/// How many datagrams may wait for parts of them at once.
const QUEUES: usize = 256;
/// How many stretches of them there may be.
const RUNS: usize = 1024;

/// How many connections may have a helper at once.
const HELPER_SLOTS: usize = 16;

type Fragments = AsLinux<Box<[Queue]>, Box<[Run]>>;
type Listening = Helpers<Box<[HelperSlot]>>;
type Tracker<R> = Conntrack<Owned<u32>, Refuse, R, Listening, Fragments>;

/// The tracker, and what makes another one of its kind.
pub struct Ours<R = TrackAll> {
    ct: Tracker<R>,
    slot_count: usize,
    config: Config,
    rules: R,
    now: Instant,
}

impl Ours {
    /// An empty tracker for so many connections, which tracks all.
    ///
    /// # Errors
    /// When there is no such tracker.
    pub fn new(config: Config, slot_count: usize) -> Result<Self, String> {
        Self::under(TrackAll, config, slot_count)
    }
}

impl<R: Raw + Clone> Ours<R> {
    /// An empty tracker for so many connections under rules of the raw table.
    ///
    /// # Errors
    /// When there is no such tracker.
    pub fn under(rules: R, config: Config, slot_count: usize) -> Result<Self, String> {
        let ct = tracker(&rules, config, slot_count)?;
        Ok(Self { ct, slot_count, config, rules, now: Instant::default() })
    }

    fn expire(&mut self) {
        while !matches!(self.ct.expire(self.now), Step::Idle) {}
    }
}

impl<R: Raw + Clone> Judge for Ours<R> {
    fn pass(&mut self, time_ns: u64, ip: &[u8]) -> Result<Told, String> {
        self.now = self.now.max(Instant::from_nanos(time_ns));
        self.expire();
        let Ok(packet) = Packet::parse(LinkType::Raw, ip) else {
            return Ok(Told::only(Verdict::Refused));
        };
        let is_error = matches!(packet.transport, Transport::Error(_));
        let is_part = packet.fragment.is_some();
        let told = match self.ct.track(self.now, &packet) {
            Tracked::First(first) => {
                let timeout = Some(Lifetime::Set(first.timeout()));
                let verdict = verdict(first.state());
                match first.confirm() {
                    Ok(made) => Told { timeout, ..of(made.conn, verdict, Direction::Original) },
                    Err(_) => Told::only(Verdict::Dropped),
                }
            }
            Tracked::Known { state, dir, conn, change } => {
                let log = change.dropped.map(|why| why.name().to_owned());
                Told { log, ..known(of(conn, verdict(state), dir), change) }
            }
            Tracked::Related { dir, conn } => {
                let timeout = Some(Lifetime::Kept);
                Told { timeout, is_error: true, ..of(conn, Verdict::Related, dir) }
            }
            Tracked::Invalid { why, shortened } => Told {
                timeout: shortened.map(Lifetime::Set),
                is_error: is_error || why.is_of_error(),
                ..Told::only(Verdict::Invalid)
            },
            Tracked::Held(_) => return Ok(Told::only(Verdict::Held)),
            Tracked::Untracked => Told::only(Verdict::Untracked),
            Tracked::Dropped => Told::only(Verdict::Dropped),
        };
        Ok(Told { is_reassembled: is_part, ..told })
    }

    fn table(&mut self) -> Result<Vec<Row>, String> {
        self.expire();
        let mut rows: Vec<_> = self.ct.iter().map(|conn| row(conn, self.now)).collect();
        Row::sort(&mut rows);
        Ok(rows)
    }

    fn clear(&mut self) -> Result<(), String> {
        self.ct = tracker(&self.rules, self.config, self.slot_count)?;
        self.now = Instant::default();
        Ok(())
    }
}

fn tracker<R: Raw + Clone>(
    rules: &R,
    config: Config,
    slot_count: usize,
) -> Result<Tracker<R>, String> {
    let ct = Conntrack::new(Owned::new(slot_count), config, Seed([0; 16]))
        .map_err(|error| error.to_string())?;
    let (queues, runs) = (vec![Queue::EMPTY; QUEUES], vec![Run::EMPTY; RUNS]);
    let fragments = AsLinux::new(queues.into(), runs.into(), Limits::LINUX);
    let helpers = Helpers::new(vec![HelperSlot::EMPTY; HELPER_SLOTS].into(), HELPER_SLOTS);
    Ok(ct.on_full(Refuse).with_rules(rules.clone()).with_fragments(fragments).with_helpers(helpers))
}

fn of(conn: &Conn, verdict: Verdict, dir: Direction) -> Told {
    Told {
        dir: Some(dir),
        state: conn.state_name(),
        status: Some(shown(conn.status())),
        ..Told::only(verdict)
    }
}

/// Of a connection that is over with its packet, no more is told than that.
fn known(told: Told, change: Change) -> Told {
    if change.ended.is_some() {
        return Told { dir: told.dir, is_gone: true, ..Told::only(told.verdict) };
    }
    let timeout = change.timeout.map_or(Lifetime::Kept, Lifetime::Set);
    Told { timeout: Some(timeout), ..told }
}

const fn verdict(state: CtState) -> Verdict {
    match state {
        CtState::New => Verdict::New,
        CtState::Established => Verdict::Established,
        CtState::Related => Verdict::Related,
    }
}

fn row(conn: &Conn, now: Instant) -> Row {
    Row {
        tuple: conn.tuple(Direction::Original),
        zone: conn.zone(),
        state: conn.state_name(),
        status: shown(conn.status()),
        left_s: conn.timeout_left(now),
    }
}
