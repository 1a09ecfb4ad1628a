//! Counts what core's calls take, with the policy that a gateway has by default: a packet parsed
//! and tracked, a newcomer confirmed, and the most that a newcomer costs whose table is full; that
//! with core's own default policy, too, and from somebody who knows the key of the hash.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use keeptrack_bench::frame::{ACK, Family, Flow, Frame, SYN, Segment, Sender};
use keeptrack_bench::report::say;
use keeptrack_bench::stopwatch::Stopwatch;
use keeptrack_core::fragment::Follow;
use keeptrack_core::raw::TrackAll;
use keeptrack_core::{
    Config, ConfigError, Conntrack, GhostOf, Instant, Lent, LinkType, Newcomer, NoHelpers, OnFull,
    Packet, Ranked, Refusal, Seed, Step, Storage, Tracked,
};

/// As many as fit into the smaller machine.
const SLOTS: usize = 48;

type Table<'s, P> = Conntrack<Lent<'s>, P, TrackAll, NoHelpers, Follow<4>>;

/// What a host sends that offers SACK.
const OFFERS: [u8; 8] = [2, 4, 5, 180, 4, 2, 1, 1];

/// RFC 7323's option, as most hosts send it with each segment.
const TIMESTAMPS: [u8; 12] = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2];

/// That, and three blocks of SACK: as many as fit.
const BLOCKS: [u8; 40] = [
    1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 5, 26, 0, 0, 0, 200, 0, 0, 0, 250, 0, 0, 0, 100, 0,
    0, 0, 130, 0, 0, 0, 10, 0, 0, 0, 20,
];

#[entry]
fn main() -> ! {
    static mut STORAGE: Storage<SLOTS> = Storage::new();
    let watch = Stopwatch::start();
    let counted = count(STORAGE, &watch);
    semihosting::process::exit(if counted.is_ok() { 0 } else { 3 })
}

fn count(storage: &mut Storage<SLOTS>, watch: &Stopwatch) -> Result<(), ConfigError> {
    by_default(storage, watch)?;
    without_ghost(storage, watch)?;
    aimed(storage, watch)
}

// Not inlined: the smaller machine has no stack for all tables at once.

#[inline(never)]
fn by_default(storage: &mut Storage<SLOTS>, watch: &Stopwatch) -> Result<(), ConfigError> {
    let mut lab = Lab::new(storage, (Ranked::new(0), GhostOf::<16>::new()), watch)?;
    lab.established(Family::V4, ["tcp4", "tcp4-timestamps", "tcp4-sack", "udp4"]);
    if cfg!(not(feature = "ipv4-only")) {
        lab.established(Family::V6, ["tcp6", "tcp6-timestamps", "tcp6-sack", "udp6"]);
    }
    lab.newcomers(Family::V4, ["first4", "full4"]);
    if cfg!(not(feature = "ipv4-only")) {
        lab.newcomers(Family::V6, ["first6", "full6"]);
    }
    Ok(())
}

#[inline(never)]
fn without_ghost(storage: &mut Storage<SLOTS>, watch: &Stopwatch) -> Result<(), ConfigError> {
    let mut lab = Lab::new(storage, Ranked::new(0), watch)?;
    lab.newcomers(Family::V4, ["first4-ranked", "full4-ranked"]);
    Ok(())
}

#[inline(never)]
fn aimed(storage: &mut Storage<SLOTS>, watch: &Stopwatch) -> Result<(), ConfigError> {
    let mut lab = Lab::new(storage, (Aimed, (Ranked::new(0), GhostOf::<16>::new())), watch)?;
    lab.aimed("aimed4");
    Ok(())
}

/// Whoever knows the key of the hash: all come into one of two buckets.
struct Aimed;

impl OnFull for Aimed {
    fn admit(&mut self, newcomer: &Newcomer<'_>) -> Result<(), Refusal> {
        let bucket = (u64::from(newcomer.hash) * SLOTS as u64) >> 32;
        if bucket < 2 { Ok(()) } else { Err(Refusal::ZoneFull) }
    }
}

/// A table, and a clock that stands still while something is counted.
struct Lab<'s, P> {
    table: Table<'s, P>,
    now: Instant,
    watch: &'s Stopwatch,
}

impl<'s, P: OnFull> Lab<'s, P> {
    fn new(
        storage: &'s mut Storage<SLOTS>,
        policy: P,
        watch: &'s Stopwatch,
    ) -> Result<Self, ConfigError> {
        let table = Conntrack::new(storage.lend(), Config::DEFAULT, Seed([7; 16]))?;
        let table = table.with_fragments(Follow::new()).on_full(policy);
        Ok(Self { table, now: Instant::from_millis(1_000_000), watch })
    }

    /// Says the most that a packet of an open connection takes, in either direction.
    fn established(&mut self, family: Family, names: [&str; 4]) {
        let flow = Flow { family, client: 1, port: 40_000 };
        let syn = Segment { flags: SYN, seq: 100, ack: 0, options: &OFFERS, payload_len: 0 };
        let syn_ack = Segment { flags: SYN | ACK, seq: 300, ack: 101, ..syn };
        let ack = Segment { flags: ACK, seq: 101, ack: 301, options: &[], payload_len: 0 };
        self.send(&flow.tcp(Sender::Client, &syn));
        self.send(&flow.tcp(Sender::Server, &syn_ack));
        self.send(&flow.tcp(Sender::Client, &ack));
        let [plain, timestamps, sack, udp] = names;
        let mut from_client = Segment { payload_len: 10, ..ack };
        for (name, options) in [(plain, &[][..]), (timestamps, &TIMESTAMPS), (sack, &BLOCKS)] {
            let mut most = 0;
            for _ in 0..8 {
                from_client.options = options;
                most = most.max(self.send(&flow.tcp(Sender::Client, &from_client)));
                from_client.seq = from_client.seq.wrapping_add(10);
                let (seq, ack) = (from_client.ack, from_client.seq);
                let answer = Segment { flags: ACK, seq, ack, options, payload_len: 0 };
                most = most.max(self.send(&flow.tcp(Sender::Server, &answer)));
            }
            say(name, most);
        }
        let flow = Flow { family, client: 2, port: 40_000 };
        let mut most = 0;
        for round in 0..8 {
            self.now = self.now.after(1);
            let both = [Sender::Client, Sender::Server].map(|sender| self.send(&flow.udp(sender)));
            if round > 2 {
                most = both.into_iter().fold(most, u32::max);
            }
        }
        say(udp, most);
    }

    /// Says the most that a newcomer takes while slots are free, and at a full table, where another
    /// one leaves for each.
    fn newcomers(&mut self, family: Family, [first, full]: [&str; 2]) {
        // All that is there runs out.
        self.now = self.now.after(1_000_000);
        self.drain();
        let mut most = [0, 0];
        for (port, client) in (1000..1400).zip((0..16).cycle()) {
            let flow = Flow { family, client, port };
            let syn = Segment { flags: SYN, seq: 100, ack: 0, options: &OFFERS, payload_len: 0 };
            let is_full = usize::from(self.table.len() == SLOTS);
            let ticks = self.send(&flow.tcp(Sender::Client, &syn));
            if let Some(most) = most.get_mut(is_full) {
                *most = ticks.max(*most);
            }
            // Often enough that some leave because they have waited in vain, and some run out.
            self.now = Instant::from_millis(self.now.as_millis() + 40);
        }
        say(first, most[0]);
        say(full, most[1]);
    }

    /// Says the most that a newcomer takes at a full table whose chains are as long as they can be.
    fn aimed(&mut self, name: &str) {
        let mut most = 0;
        for (port, client) in (1000..21_000).zip((0..16).cycle()) {
            let flow = Flow { family: Family::V4, client, port };
            let syn = Segment { flags: SYN, seq: 100, ack: 0, options: &OFFERS, payload_len: 0 };
            let is_full = self.table.len() == SLOTS;
            let (table, now) = (&mut self.table, self.now);
            let frame = flow.tcp(Sender::Client, &syn);
            let (is_in, ticks) = self.watch.ticks(|| hear(table, now, frame.bytes()));
            if is_in && is_full {
                most = ticks.max(most);
            }
            self.now = Instant::from_millis(self.now.as_millis() + 1);
        }
        say(name, most);
    }

    /// What it takes to parse, track and confirm a frame. What has run out is handed out before.
    fn send(&mut self, frame: &Frame) -> u32 {
        self.drain();
        let (table, now) = (&mut self.table, self.now);
        let (is_in, ticks) = self.watch.ticks(|| hear(table, now, frame.bytes()));
        if !is_in {
            // A frame that is not tracked would be cheap.
            semihosting::process::exit(4);
        }
        ticks
    }

    fn drain(&mut self) {
        while !matches!(self.table.expire(self.now), Step::Idle) {}
    }
}

#[inline(never)]
fn hear<P: OnFull>(table: &mut Table<'_, P>, now: Instant, frame: &[u8]) -> bool {
    let Ok(packet) = &Packet::parse(LinkType::Ethernet, frame) else { return false };
    match table.track(now, packet) {
        Tracked::First(first) => first.confirm().is_ok(),
        Tracked::Known { .. } => true,
        _ => false,
    }
}
