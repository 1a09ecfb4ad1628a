//! From a fuzzer's bytes to a story for a small tracker, whose invariants are walked after each
//! step.
//!
//! The first byte is the scene: how many slots (its low three bits, plus one), whether a full table
//! takes somebody out (0x08), the preset (0x10), the hash key (its high three bits) and, by these,
//! what becomes of fragments (0x20) and whether it takes out the next or by rank (0x40), with a
//! slot reserved. Then come steps, each a head of four bytes and a frame, so that any capture can
//! be made a seed:
//!
//! | byte | what |
//! |---|---|
//! | 0 | bits 0-1 path, 0x04 the filter drops, 0x08 expire before, bits 4-6 link type, 0x80 no draining |
//! | 1 | milliseconds since the step before: the low four bits, shifted left by twice the high four |
//! | 2 | interfaces in (bits 0-2) and out (bits 4-6); 0x08 and 0x80 are two more bits of the link type |
//! | 3 | length of the frame that follows |
//!
//! A frame of path 1 is not tracked: its connection is flushed, or restored if there is none.

mod config;
mod full;

use keeptrack_core::fragment::{AsLinux, Follow, Fragments, Gathered, Limits, Queue, Run};
use keeptrack_core::raw::{
    ChainId, Helper, Hook, IfPattern, Matches, Network, Policy, RawTable, Target, Template, Test,
    WhenFull,
};
use keeptrack_core::{
    Class, Config, Conn, Conntrack, Direction, Ended, Ends, Fragment, Held, HelperSlot, Helpers,
    IfName, Inner, Instant, Invalid, LinkType, Newcomer, OnFull, OnRefusal, Packet, Path, Protocol,
    Rank, Ranked, Restored, Seed, Seen, SlotId, Slots, Step, TimeoutPolicy, Tracked, Transport,
    Tuple, Why, Zone,
};

pub use self::config::config;
#[cfg(test)]
pub(crate) use self::config::sealed;
pub use self::full::full;
use crate::memory::Owned;

/// The names that interfaces have in a story; no name at all is one more.
const INTERFACES: [&[u8]; 4] = [b"lo", b"eth0", b"eth1", b"wan"];

const PRESETS: [TimeoutPolicy; 2] = [TimeoutPolicy::LINUX, TimeoutPolicy::LINUX_2_4_21];

type Rules = RawTable<16, 4, 1>;

/// Who leaves a full table: nobody when there is neither.
type Leavers = (Option<Rotate>, Option<Ranked>);

/// Plays `bytes` as a story.
///
/// # Panics
/// When the tracker breaks one of its laws.
pub fn track(bytes: &[u8]) {
    let Some((&scene, mut rest)) = bytes.split_first() else { return };
    let mut story = Story::new(scene);
    while let Some((&[how, wait, interfaces, len], behind)) = rest.split_first_chunk() {
        let (frame, behind) = behind.split_at(behind.len().min(len.into()));
        rest = behind;
        story.now += u64::from(wait & 15) << (2 * (wait >> 4));
        story.play(how, interfaces, frame);
        story.holds_its_laws();
    }
    story.ends();
}

struct Story {
    ct: Conntrack<Owned, Leavers, Rules, Helpers<[HelperSlot; 2]>, Stage>,
    now: u64,
    /// What the counters must add up to.
    packets: u64,
    let_go: u64,
    handed_out: u64,
}

impl Story {
    fn new(scene: u8) -> Self {
        let slot_count = usize::from(scene & 7) + 1;
        let (takes, by_rank) = (scene & 8 != 0, scene & 0x40 != 0);
        let rotate = (takes && !by_rank).then(Rotate::default);
        let policy = (rotate, (takes && by_rank).then(|| Ranked::new(1)));
        let timeouts = PRESETS[usize::from(scene >> 4 & 1)];
        let config = Config { timeouts, ..Config::DEFAULT };
        let ct = Conntrack::new(Owned::new(slot_count), config, Seed([scene >> 5; 16]))
            .expect("a preset is valid");
        let reserved_count = usize::from(takes && by_rank && slot_count > 1);
        let ct = ct.reserve(first_class(), reserved_count).expect("one slot is left");
        let stage = match scene >> 5 & 1 {
            0 => Stage::Follow(Box::default()),
            _ => {
                let stage = AsLinux::new([Queue::EMPTY; 3], [Run::EMPTY; 8], Limits::LINUX);
                Stage::AsLinux(Box::new(stage))
            }
        };
        let helpers = Helpers::new([HelperSlot::EMPTY; 2], 1);
        let ct = ct.on_full(policy).with_rules(rules()).with_fragments(stage).with_helpers(helpers);
        Self { ct, now: 0, packets: 0, let_go: 0, handed_out: 0 }
    }

    fn play(&mut self, how: u8, interfaces: u8, frame: &[u8]) {
        let now = Instant::from_millis(self.now);
        if how & 0x80 == 0 {
            self.drain();
        } else if how & 8 != 0 {
            drop(self.expire(now));
        }
        let link = link_type(how >> 4 & 7 | interfaces & 8 | (interfaces & 0x80) >> 3);
        let Ok(packet) = Packet::parse_cut(link, frame, u32::from(interfaces) << 8) else {
            return;
        };
        if how & 3 == 1 {
            return self.put(&packet.tuple, interfaces);
        }
        let [input, output] = [interfaces & 7, interfaces >> 4 & 7].map(interface);
        let seen = Seen { path: path(how & 3), input: input.as_ref(), output: output.as_ref() };
        self.packets += 1;
        match self.ct.track(now, &packet.seen(seen)) {
            Tracked::First(first) if how & 4 == 0 => {
                let evicted = first.confirm().ok().and_then(|made| made.evicted);
                evicted.into_iter().for_each(|ended| self.told(&ended));
            }
            Tracked::First(_) => self.let_go += 1,
            _ => {}
        }
    }

    /// Takes the connection of `tuple` out of the table, or puts it there.
    fn put(&mut self, tuple: &Tuple, minutes: u8) {
        let now = Instant::from_millis(self.now);
        if !self.ct.flush(now, tuple, Zone::DEFAULT) {
            let open = Restored::new(*tuple, u32::from(minutes) * 60);
            let evicted = self.ct.restore(now, &open).ok().and_then(|made| made.evicted);
            evicted.into_iter().for_each(|ended| self.told(&ended));
        }
    }

    fn expire(&mut self, now: Instant) -> Step {
        let step = self.ct.expire(now);
        if let Step::Ended(ended) = &step {
            self.told(ended);
        }
        step
    }

    /// A connection is handed out; by rank none had to leave that was assured and open.
    fn told(&mut self, ended: &Ended) {
        self.handed_out += 1;
        let (_, ranked) = self.ct.policy();
        if ranked.is_some() && ended.why == Why::DroppedEarly {
            assert!(Rank::of(&ended.conn).is_some(), "assured and open");
        }
    }

    /// Hands out all that is over; what is shown then has not run out.
    fn drain(&mut self) {
        let now = Instant::from_millis(self.now);
        // A connection is refiled once a level at the most, and once a turn of the last level.
        let most = 64 * self.ct.capacity() + 64 + usize::try_from(self.now >> 30).unwrap_or(0);
        let steps = (0..=most).take_while(|_| !matches!(self.expire(now), Step::Idle)).count();
        assert!(steps <= most, "{steps} steps to drain {} slots", self.ct.capacity());
        assert!(self.ct.iter().all(|conn| conn.expiry() > now), "drained, and one has run out");
        assert_eq!(self.left(), self.handed_out);
        let stats = self.ct.stats();
        assert_eq!(stats.confirmed, self.ct.len() as u64 + self.left(), "one is lost");
        let expected = self.ct.expectations().count() as u64;
        assert_eq!(stats.expect_create, stats.expect_delete + expected, "an expectation is lost");
        let masters: Vec<_> = self.ct.expectations().map(|expected| expected.master).collect();
        let has_helper = |conn: &Conn| conn.helper().is_some();
        let listened_to = |master| {
            self.ct
                .iter()
                .filter(|conn| has_helper(conn))
                .any(|conn| conn.tuple(Direction::Original) == master)
        };
        assert!(masters.into_iter().all(listened_to), "nobody has announced what is expected");
    }

    /// How many connections have left, by their reasons.
    fn left(&self) -> u64 {
        let stats = self.ct.stats();
        stats.timed_out + stats.reset + stats.reopened + stats.early_drop + stats.flushed
    }

    fn holds_its_laws(&mut self) {
        self.counts_add_up();
        let soonest = self.ct.iter().map(Conn::expiry).min();
        match (self.ct.next_expiry(), soonest) {
            (Some(next), Some(soonest)) => {
                let due = soonest.max(Instant::from_millis(self.now));
                assert!(next <= due, "{next:?} is no lower bound of {soonest:?}");
            }
            (None, Some(_)) => panic!("connections are held, and none runs out"),
            (_, None) => {}
        }
        let conns: Vec<Conn> = self.ct.iter().copied().collect();
        conns.iter().for_each(|conn| self.is_found(conn));
    }

    fn counts_add_up(&self) {
        let (ct, stats) = (&self.ct, self.ct.stats());
        assert!(ct.len() <= ct.capacity());
        assert_eq!(ct.iter().count(), ct.len());
        let tracked = stats.known + stats.related + stats.invalid + stats.untracked;
        let first = stats.confirmed - stats.insert + stats.drop + stats.bypass + self.let_go;
        let held: u64 = Held::ALL.iter().map(|&why| stats.held_by(why)).sum();
        assert_eq!(tracked + stats.raw_drop + first + held, self.packets);
        let invalid: u64 = Invalid::ALL.iter().map(|&why| stats.invalid_by(why)).sum();
        assert_eq!(invalid, stats.invalid);
        assert!(stats.confirmed >= ct.len() as u64 + self.left());
        for rule in ct.rules().rules() {
            for count in Hook::ALL.map(|hook| rule.count(hook)) {
                assert!(count.matched >= count.effective + count.too_late);
            }
        }
    }

    /// That both directions of a connection lead to it; asked by errors, which change nothing.
    fn is_found(&mut self, conn: &Conn) {
        let now = Instant::from_millis(self.now);
        if conn.expiry() <= now {
            return;
        }
        assert_eq!(conn.tuple(Direction::Original).invert(), conn.tuple(Direction::Reply));
        for dir in [Direction::Original, Direction::Reply] {
            self.packets += 1;
            let Tracked::Related { dir: back, conn: found } =
                self.ct.track(now, &error_about(conn.tuple(dir)))
            else {
                panic!("{} is listed and not found", conn.list(now))
            };
            assert_eq!(found.list(now).to_string(), conn.list(now).to_string());
            // Who speaks to himself has one direction only.
            let itself = conn.tuple(dir) == conn.tuple(!dir);
            assert!(itself || back == !dir, "{} in direction {back:?}", conn.list(now));
        }
    }

    /// Sleeps until nothing is left: each connection is handed out at its own moment.
    fn ends(&mut self) {
        self.drain();
        let mut sleeps = 0;
        while let Some(next) = self.ct.next_expiry() {
            self.now = self.now.max(next.as_millis());
            self.drain();
            sleeps += 1;
            assert!(sleeps <= 8 * self.ct.capacity() + 8, "asleep for ever");
        }
        assert!(self.ct.is_empty());
    }
}

/// Takes one slot after the other.
#[derive(Default)]
struct Rotate {
    next: usize,
}

impl OnFull for Rotate {
    fn victim(&mut self, _newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
        self.next = (self.next + 1) % table.count();
        table.conn(self.next).map(|(slot, _)| slot)
    }
}

fn first_class() -> Class {
    Class::at(0).expect("there is one")
}

/// What becomes of fragments: what a gateway does with them, or what a replay does.
#[derive(Debug)]
enum Stage {
    Follow(Box<Follow<2>>),
    AsLinux(Box<AsLinux<[Queue; 3], [Run; 8]>>),
}

impl Fragments for Stage {
    fn gather<'p>(&'p mut self, now: Instant, packet: &Packet<'p>, part: Fragment) -> Gathered<'p> {
        match self {
            Self::Follow(stage) => stage.gather(now, packet, part),
            Self::AsLinux(stage) => stage.gather(now, packet, part),
        }
    }

    fn note(&mut self, packet: &Packet<'_>, part: Fragment, answer: &Tracked<'_>) {
        match self {
            Self::Follow(stage) => stage.note(packet, part, answer),
            Self::AsLinux(stage) => stage.note(packet, part, answer),
        }
    }
}

/// An ICMP error about a packet of `tuple`, as the parser would give it.
fn error_about(tuple: Tuple) -> Packet<'static> {
    let outer = Tuple {
        source: tuple.destination,
        destination: tuple.source,
        protocol: if tuple.source.is_ipv4() { Protocol::ICMP } else { Protocol::ICMPV6 },
        ends: Ends::None,
    };
    let transport = Transport::Error(Inner::Tuple(tuple));
    Packet {
        seen: Seen::ARRIVES,
        tuple: outer,
        transport,
        len: 56,
        segment: &[],
        segment_len: 36,
        fragment: None,
    }
}

/// A few rules of every kind, none for the errors that ask for connections.
fn rules() -> Rules {
    let name = |name| IfName::new(name).expect("a short name");
    let is = |name| Test::Is(IfPattern { name, prefix: false });
    let begins = |name| Test::Is(IfPattern { name, prefix: true });
    let dns = Matches {
        protocol: Test::Is(Protocol::UDP),
        either_ports: Test::Is([(53, 53)].into_iter().collect()),
        ..Matches::default()
    };
    let bogus = Network { address: [0, 0, 0, 66].into(), mask: [0, 0, 0, 255].into() };
    let bogus = Matches {
        source: Test::Is(bogus),
        protocol: Test::Not(Protocol::ICMP),
        ..Matches::default()
    };
    let mut rules = Rules::new();
    let user = rules.add_chain().expect("there is room");
    let short = TimeoutPolicy { tcp_established: 2, udp: 1, generic: 0, ..TimeoutPolicy::LINUX };
    let timeouts = Some(rules.add_timeouts(short).expect("there is room"));
    let short = Target::Ct(Template { timeouts, ..Template::NONE });
    let ftp = Matches {
        protocol: Test::Is(Protocol::TCP),
        destination_ports: Test::Is([(21, 21)].into_iter().collect()),
        ..Matches::default()
    };
    let helper = Target::Ct(Template { helper: Some(Helper::Ftp), ..Template::NONE });
    let full = WhenFull { class: Some(first_class()), refused: Some(OnRefusal::Bypass) };
    let (prerouting, output) = (ChainId::of(Hook::Prerouting), ChainId::of(Hook::Output));
    for (chain, matches, target) in [
        (prerouting, Matches { input: is(name(b"lo")), ..Matches::default() }, Target::NoTrack),
        (prerouting, bogus, Target::Drop),
        (prerouting, ftp.clone(), helper),
        (prerouting, ftp, Target::Full(full)),
        (
            prerouting,
            Matches { input: begins(name(b"eth")), ..Matches::default() },
            Target::Jump(user),
        ),
        (output, Matches { output: is(name(b"lo")), ..Matches::default() }, Target::NoTrack),
        (output, Matches::default(), Target::Goto(user)),
        (user, Matches { input: is(name(b"eth1")), ..Matches::default() }, Target::Return),
        (user, dns, Target::NoTrack),
        (user, Matches::default(), short),
    ] {
        rules.append(chain, matches, target).expect("there is room");
    }
    rules.set_policy(Hook::Output, Policy::Accept);
    rules.check().expect("no circle");
    rules
}

fn interface(number: u8) -> Option<IfName> {
    INTERFACES.get(usize::from(number)).and_then(|name| IfName::new(name))
}

fn path(number: u8) -> Path {
    match number {
        0 => Path::Arrives,
        2 => Path::Local,
        _ => Path::Loops,
    }
}

fn link_type(number: u8) -> LinkType {
    match number {
        0 => LinkType::Raw,
        1 => LinkType::Ethernet,
        2 => LinkType::Sll,
        3 => LinkType::Sll2,
        4 => LinkType::Null,
        5 => LinkType::Loop,
        6 => LinkType::Ipv4,
        7 => LinkType::Ipv6,
        8 => LinkType::Ppp,
        9 => LinkType::PppSerial,
        10 => LinkType::PppEther,
        11 => LinkType::CHdlc,
        12 => LinkType::Ieee80211,
        13 => LinkType::Radiotap,
        14 => LinkType::Prism,
        15 => LinkType::Avs,
        16 => LinkType::Ppi,
        17 => LinkType::Pktap,
        18 => LinkType::Nflog,
        19 => LinkType::Pflog,
        20 => LinkType::Fddi,
        _ => LinkType::TokenRing,
    }
}
