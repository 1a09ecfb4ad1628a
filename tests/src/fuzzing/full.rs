//! From a fuzzer's bytes to operations on a small table under every policy, which is compared after
//! each with the laws of a full table.
//!
//! The first four bytes are the scene, see [`Scene`]. Then come steps of three bytes: what happens
//! (its low four bits, see [`Story::step`]; 0x10: what has run out is not handed out before), to
//! whom (host in the low four bits, 0x40 TCP, and the client's port in the others, which says class
//! and refusal), and after how many milliseconds (the low four bits, shifted left by twice the high
//! four).

mod laws;

use std::net::IpAddr;

use keeptrack_core::raw::{PolicyId, Raw, RawVerdict, Template};
use keeptrack_core::{
    Adaptive, Class, Config, Conn, Conntrack, Direction, EarlyDrop, Ends, Ghost, Instant,
    OnRefusal, Packet, Prefix, Protocol, Ranked, Refusal, Restored, Seed, Seen, SourceCap,
    SourcePlace, State, Status, Step, Tcp, TcpFlags, TcpState, TimeoutPolicy, Tracked, Transport,
    Tuple, Why, Zone, ZoneCap, ZoneCaps,
};

use self::laws::{Before, Laws};
use crate::memory::Owned;

/// Plays `bytes` as a story.
///
/// # Panics
/// When the table breaks one of its laws.
pub fn full(bytes: &[u8]) {
    let Some((scene, mut rest)) = bytes.split_first_chunk() else { return };
    let mut story = Story::new(&Scene::of(*scene));
    while let Some((&[what, who, wait], behind)) = rest.split_first_chunk() {
        rest = behind;
        story.waits(u64::from(wait & 15) << (2 * (wait >> 4)));
        if what & 0x10 == 0 {
            story.drain();
        }
        story.step(what & 15, Host(who));
        story.laws.hold(&story.ct);
    }
    story.ends();
}

/// Both caps, or none.
type Caps = (Option<SourceCap<Vec<SourcePlace>>>, Option<ZoneCaps<[ZoneCap; 1]>>);

/// Nobody has to leave where there is neither.
type Leavers = (Option<EarlyDrop>, Option<Ranked>);

/// All policies at once.
type Policies = (Caps, Option<Adaptive>, Leavers, Ghost);

type Table = Conntrack<Owned, Policies, ByPort>;

/// The table of a story.
struct Scene {
    slot_count: usize,
    /// Of each class.
    reserved_counts: [usize; Class::MAX_COUNT],
    /// Start and end.
    adaptive: Option<(usize, usize)>,
    early_drop: bool,
    ranked: bool,
    /// Of a source, and of [`CAPPED`].
    caps: Option<(u32, u32)>,
    prefix: Prefix,
    key: u8,
}

/// The zone that may have a cap.
const CAPPED: Zone = Zone(1);

impl Scene {
    /// - Slots: the low four bits of the first byte, plus one; 0x10 early drop, 0x20 by rank, 0x40
    ///   adaptive, 0x80 caps.
    /// - Slots reserved for the classes: two bits each of the second byte, as far as one is left for
    ///   everybody; its high bits are the hash key.
    /// - Adaptive from the low four bits of the third byte, over as many connections as its high
    ///   four say.
    /// - Cap of a source: the low three bits of the fourth byte; of a zone, the next four; 0x80: a source
    ///   is a network of four addresses.
    fn of([size, reserves, adaptive, caps]: [u8; 4]) -> Self {
        let slot_count = usize::from(size & 15) + 1;
        let mut common_count = slot_count;
        let reserved_counts = [0, 2, 4].map(|shift| {
            let wanted = usize::from(reserves >> shift & 3);
            let reserved_count = if wanted < common_count { wanted } else { 0 };
            common_count -= reserved_count;
            reserved_count
        });
        let start = usize::from(adaptive & 15);
        let end = start + usize::from(adaptive >> 4);
        Self {
            slot_count,
            reserved_counts,
            adaptive: (size & 0x40 != 0).then_some((start, end)),
            early_drop: size & 0x10 != 0,
            ranked: size & 0x20 != 0,
            caps: (size & 0x80 != 0).then_some((u32::from(caps & 7), u32::from(caps >> 3 & 15))),
            prefix: if caps & 0x80 == 0 { Prefix::ADDRESS } else { FOUR_HOSTS },
            key: reserves >> 6,
        }
    }

    fn policies(&self) -> Policies {
        let key = Seed([self.key ^ 0x55; 16]);
        let places = vec![SourcePlace::EMPTY; self.slot_count + 1];
        let source_cap =
            self.caps.map(|(cap, _)| SourceCap::new(places, key, cap).prefix(self.prefix));
        let zone_caps = self.caps.map(|(_, cap)| ZoneCaps::new([ZoneCap::new(CAPPED, cap)]));
        (
            (source_cap, zone_caps),
            self.adaptive.map(|(start, end)| Adaptive::new(start, end)),
            (
                self.early_drop.then(|| EarlyDrop::new(self.key.into())),
                self.ranked.then(|| Ranked::new(self.key.into())),
            ),
            Ghost::new(),
        )
    }

    fn table(&self) -> Table {
        let memory = Owned::new(self.slot_count);
        let ct = Conntrack::new(memory, Config::DEFAULT, Seed([self.key; 16]));
        let mut ct = ct.expect("a valid table").on_full(self.policies()).with_rules(ByPort);
        for (index, &slot_count) in self.reserved_counts.iter().enumerate() {
            let class = Class::at(index).expect("one of them");
            ct = ct.reserve(class, slot_count).expect("one slot is left");
        }
        ct
    }
}

const FOUR_HOSTS: Prefix = match Prefix::new(30, 64) {
    Some(prefix) => prefix,
    None => panic!("a network of IPv4"),
};

/// One of sixteen clients of one server, with one of its ports and protocols.
#[derive(Clone, Copy)]
struct Host(u8);

impl Host {
    fn number(self) -> u8 {
        self.0 & 15
    }

    fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    fn zone(self) -> Zone {
        zone_of(self.number())
    }

    fn tuple(self) -> Tuple {
        Tuple {
            source: [10, 0, 0, self.number()].into(),
            destination: [192, 0, 2, 1].into(),
            protocol: if self.is_tcp() { Protocol::TCP } else { Protocol::UDP },
            ends: Ends::Ports {
                source: u16::from(self.0 >> 4 & 3 | self.0 >> 5 & 4),
                destination: 9,
            },
        }
    }

    const fn is_tcp(self) -> bool {
        self.0 & 0x40 != 0
    }

    /// A packet of its connection. No segment has a payload, so its number follows from whether a
    /// FIN went before.
    fn packet(self, dir: Direction, flags: TcpFlags, seq: u32) -> Packet<'static> {
        let tuple = self.tuple();
        let tcp = Tcp {
            seq,
            ack: seq,
            flags,
            window: 1000,
            payload_len: 0,
            options_len: 0,
            window_scale: None,
            sack_permitted: false,
            sack_right_edge: None,
        };
        Packet {
            seen: Seen::ARRIVES,
            tuple: if dir == Direction::Original { tuple } else { tuple.invert() },
            transport: if self.is_tcp() { Transport::Tcp(tcp) } else { Transport::Udp },
            len: 40,
            segment: &[],
            segment_len: 20,
            fragment: None,
        }
    }
}

/// The zone of a client.
const fn zone_of(number: u8) -> Zone {
    Zone((number >> 3 & 1) as u16)
}

/// The address and the port of the client, whichever end it is.
fn client(tuple: &Tuple) -> (u8, u16) {
    let Ends::Ports { source, destination } = tuple.ends else { panic!("{tuple} has ports") };
    match (tuple.source, tuple.destination) {
        (IpAddr::V4(address), _) if address.octets()[0] == 10 => (address.octets()[3], source),
        (_, IpAddr::V4(address)) => (address.octets()[3], destination),
        _ => panic!("{tuple} is of IPv4"),
    }
}

/// The class of what a client begins at that port.
fn class_of(port: u16) -> Option<Class> {
    usize::from(port & 3).checked_sub(1).and_then(Class::at)
}

/// Rules that give the class, the zone, and what a refused packet gets.
struct ByPort;

impl Raw for ByPort {
    fn classify(&mut self, packet: &Packet<'_>) -> RawVerdict {
        let (number, port) = client(&packet.tuple);
        RawVerdict::Track(Template {
            zone: zone_of(number),
            class: class_of(port),
            refused: if port & 4 == 0 { OnRefusal::Drop } else { OnRefusal::Bypass },
            ..Template::NONE
        })
    }

    fn timeouts(&self, _id: PolicyId) -> Option<&TimeoutPolicy> {
        None
    }
}

struct Story {
    ct: Table,
    now: Instant,
    laws: Laws,
}

/// What is done with a first packet.
#[derive(Clone, Copy)]
enum Filter {
    Passes,
    /// As a host's own policy lets it in: the connection of the next host leaves for it.
    PassesFor(Host),
    Refuses,
    LetsGo,
}

impl Story {
    fn new(scene: &Scene) -> Self {
        Self { ct: scene.table(), now: Instant::from_millis(1), laws: Laws::new(scene) }
    }

    fn waits(&mut self, millis: u64) {
        self.now = Instant::from_millis(self.now.as_millis() + millis);
    }

    /// What happens: a packet of one direction or the other (0 to 7, 14, 15), a first packet that
    /// is let go (8), refused by the caller (9) or let in for another one (13); a connection is
    /// dropped early (10), flushed (11) or restored (12).
    fn step(&mut self, what: u8, host: Host) {
        let (syn, ack, fin) = (TcpFlags::SYN, TcpFlags::ACK, TcpFlags::FIN);
        let (original, reply) = (Direction::Original, Direction::Reply);
        let packet = match what {
            0 | 8 | 9 | 13 => host.packet(original, syn, 0),
            1 => host.packet(reply, syn | ack, 0),
            2 => host.packet(original, ack, 1),
            3 => host.packet(reply, ack, 1),
            4 => host.packet(original, fin | ack, 1),
            5 => host.packet(reply, fin | ack, 1),
            6 => host.packet(original, TcpFlags::RST, 1),
            7 => host.packet(reply, TcpFlags::RST, 1),
            10 => return self.take_out(host, Table::drop_early, Why::DroppedEarly),
            11 => return self.take_out(host, Table::flush, Why::Flushed),
            12 => return self.restore(host),
            14 => host.packet(original, ack, 2),
            _ => host.packet(reply, ack, 2),
        };
        let filter = match what {
            8 => Filter::LetsGo,
            9 => Filter::Refuses,
            13 => Filter::PassesFor(host.next()),
            _ => Filter::Passes,
        };
        self.track(&packet, filter);
    }

    fn track(&mut self, packet: &Packet<'_>, filter: Filter) {
        let mut before = Before::of(&self.ct, self.now);
        let (now, laws) = (self.now, &mut self.laws);
        let zone = zone_of(client(&packet.tuple).0);
        match self.ct.track(now, packet) {
            Tracked::First(mut first) => {
                assert!(first.find(&packet.tuple, zone).is_none(), "it is there already");
                // It was over.
                before.forget(&packet.tuple, zone);
                if let Filter::PassesFor(other) = filter {
                    let (tuple, zone) = (other.tuple().invert(), other.zone());
                    let found = first.find(&tuple, zone).copied();
                    assert_eq!(found.is_some(), first.drop_early(&tuple, zone), "{tuple}");
                    assert!(first.find(&tuple, zone).is_none(), "{tuple} has just left");
                    found.iter().for_each(|conn| laws.taken_out(conn, Why::DroppedEarly));
                    before.forget(&tuple, zone);
                }
                match filter {
                    Filter::LetsGo => laws.let_go(),
                    Filter::Refuses => {
                        let why = first.refuse(Refusal::TableFull, OnRefusal::Drop).why;
                        assert_eq!(why, Refusal::TableFull);
                    }
                    Filter::Passes | Filter::PassesFor(_) => {
                        let timeout = first.timeout();
                        match first.confirm().map(|made| (*made.conn, made.evicted)) {
                            Ok((conn, evicted)) => {
                                laws.entered(&conn, (now, Some(timeout)));
                                laws.confirmed(&before, &conn, &self.ct);
                                evicted.into_iter().for_each(|ended| laws.told(&ended));
                            }
                            Err(refused) => laws.refused(&before, &refused, &self.ct),
                        }
                    }
                }
            }
            Tracked::Known { conn, change, .. } => {
                if let Some(seconds) = change.timeout {
                    laws.renewed(conn, (now, Some(seconds)));
                }
            }
            Tracked::Invalid { shortened: Some(seconds), .. } => {
                let conn = before.find(&packet.tuple, zone).expect("whose time is shortened");
                laws.renewed(conn, (now, Some(seconds)));
            }
            _ => {}
        }
    }

    /// Takes the connection of `host` out in one of the ways that callers have.
    fn take_out(
        &mut self,
        host: Host,
        way: fn(&mut Table, Instant, &Tuple, Zone) -> bool,
        why: Why,
    ) {
        let before = Before::of(&self.ct, self.now);
        let (tuple, zone) = (host.tuple(), host.zone());
        let found = before.find(&tuple, zone).filter(|conn| conn.expiry() > self.now);
        let has_left = way(&mut self.ct, self.now, &tuple, zone);
        assert_eq!(found.is_some(), has_left, "{tuple}");
        assert!(self.ct.find(&tuple, zone).is_none(), "{tuple} has just left");
        found.into_iter().for_each(|conn| self.laws.taken_out(conn, why));
    }

    /// Puts a connection of `host` into the table that is open already.
    fn restore(&mut self, host: Host) {
        let mut open = Restored::new(host.tuple(), 40);
        open.zone = host.zone();
        open.status = Status::SEEN_REPLY | Status::ASSURED;
        open.state = host.is_tcp().then_some(State::Tcp(TcpState::Established));
        let before = Before::of(&self.ct, self.now);
        if let Ok(made) = self.ct.restore(self.now, &open) {
            let (conn, evicted) = (*made.conn, made.evicted);
            self.laws.entered(&conn, (self.now, None));
            self.laws.gone(&before, &self.ct);
            evicted.into_iter().for_each(|ended| self.laws.told(&ended));
        }
    }

    /// Hands out all that is over.
    fn drain(&mut self) {
        loop {
            match self.ct.expire(self.now) {
                Step::Ended(ended) => self.laws.told(&ended),
                Step::Working => {}
                Step::Idle => break,
            }
        }
        let is_over = |conn: &Conn| conn.expiry() <= self.now;
        assert!(!self.ct.iter().any(is_over), "drained, and one has run out");
        self.laws.drained(&self.ct);
    }

    /// Sleeps until nothing is left.
    fn ends(&mut self) {
        self.drain();
        while let Some(next) = self.ct.next_expiry() {
            // Nobody is told of before its time.
            self.waits(next.as_millis().saturating_sub(self.now.as_millis()));
            self.drain();
        }
        assert!(self.ct.is_empty());
        self.laws.hold(&self.ct);
    }
}
