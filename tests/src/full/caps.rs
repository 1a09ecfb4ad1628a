//! Caps: exact whatever happens to connections, and each with its own refusal.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use keeptrack_core::raw::{PolicyId, Raw, RawVerdict, Template};
use keeptrack_core::{
    Adaptive, Config, Conn, Conntrack, Direction, Ends, Instant, Packet, Prefix, Protocol, Ranked,
    Refusal, Seed, SourceCap, SourcePlace, Step, TcpConfig, TcpFlags, TimeoutPolicy, Tuple, Why,
    Zone, ZoneCap, ZoneCaps,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;

use super::NOW;
use crate::answer::{Answer, Filter, Verdict, left};
use crate::frames::{SERVER, SERVER6, ip, read, tcp, udp};
use crate::memory::Owned;

const SLOTS: usize = 24;
const SOURCE_CAP: u32 = 4;
const ZONE_CAPS: [(Zone, u32); 2] = [(Zone(0), 12), (Zone(7), 3)];
const PREFIX: (u8, u8) = (30, 48);

const SYN_ACK: TcpFlags = TcpFlags(TcpFlags::SYN.0 | TcpFlags::ACK.0);

/// The segments of the talks have all the same numbers.
const LIBERAL: Config =
    Config { tcp: TcpConfig { be_liberal: true, ..TcpConfig::DEFAULT }, ..Config::DEFAULT };

/// A packet's zone is the thousands of its larger port.
struct ZoneByPort;

impl Raw for ZoneByPort {
    fn classify(&mut self, packet: &Packet<'_>) -> RawVerdict {
        RawVerdict::Track(Template { zone: zone_of(&packet.tuple), ..Template::NONE })
    }

    fn timeouts(&self, _id: PolicyId) -> Option<&TimeoutPolicy> {
        None
    }
}

type Caps = (SourceCap<Vec<SourcePlace>>, ZoneCaps<[ZoneCap; 2]>);
type Policy = (Caps, Option<Adaptive>, Ranked);
type Capped = Conntrack<Owned, Policy, ZoneByPort>;

fn tracker(seed: u8, adaptive: Option<Adaptive>) -> Capped {
    let places = vec![SourcePlace::EMPTY; SLOTS + 1];
    let prefix = Prefix::new(PREFIX.0, PREFIX.1).unwrap();
    let sources = SourceCap::new(places, Seed([seed ^ 0x55; 16]), SOURCE_CAP).prefix(prefix);
    let zones = ZoneCaps::new(ZONE_CAPS.map(|(zone, cap)| ZoneCap::new(zone, cap)));
    Conntrack::new(Owned::new(SLOTS), LIBERAL, Seed([seed; 16]))
        .unwrap()
        .with_rules(ZoneByPort)
        .on_full(((sources, zones), adaptive, Ranked::new(0)))
}

/// What a source is, by arithmetic of its own.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() >> 2 << 2).into(),
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into()
        }
    }
}

/// A conversation by number: some share a host, some a network, some a zone; some are of IPv6.
fn talk(number: u16) -> Tuple {
    let host = number / 3 % 32;
    let zone = [0, 7, 3][usize::from(number % 3)];
    let ends = Ends::Ports { source: 100 + number, destination: 1000 * zone + 53 };
    let protocol = if number.is_multiple_of(2) { Protocol::UDP } else { Protocol::TCP };
    let (source, destination) = if number.is_multiple_of(5) {
        let source = Ipv6Addr::new(0x2001, 0xdb8, host / 4, host, 0, 0, 0, 1);
        (source.into(), Ipv6Addr::LOCALHOST.into())
    } else {
        (Ipv4Addr::from_bits(0x0a00_0000 + u32::from(host)).into(), Ipv4Addr::LOCALHOST.into())
    };
    Tuple { source, destination, protocol, ends }
}

fn zone_of(tuple: &Tuple) -> Zone {
    let Ends::Ports { source, destination } = tuple.ends else { return Zone::DEFAULT };
    Zone(source.max(destination) / 1000)
}

fn packet(number: u16, dir: Direction, flags: TcpFlags) -> Packet<'static> {
    let tuple = match dir {
        Direction::Original => talk(number),
        Direction::Reply => talk(number).invert(),
    };
    let Ends::Ports { source, destination } = tuple.ends else { panic!("a talk has ports") };
    let body = match tuple.protocol {
        Protocol::TCP => tcp((source, destination), flags, (1, 1)),
        _ => udp(source, destination),
    };
    read(&ip(tuple.protocol, tuple.source, tuple.destination, &body))
}

#[derive(Debug, Clone)]
enum Op {
    Say(u16, Direction, TcpFlags),
    /// A connection of TCP is opened, reset and opened again.
    Reopen(u16),
    LetGo(u16),
    Flush(u16),
    DropEarly(u16),
    Wait(u64),
}

fn op() -> impl Strategy<Value = Op> {
    const FLAGS: [TcpFlags; 4] = [TcpFlags::SYN, SYN_ACK, TcpFlags::ACK, TcpFlags::RST];
    let number = || prop_oneof![0..12_u16, 0..200_u16];
    let dir = select(&[Direction::Original, Direction::Original, Direction::Reply][..]);
    prop_oneof![
        40 => (number(), dir, select(&FLAGS[..])).prop_map(|(n, dir, flags)| Op::Say(n, dir, flags)),
        4 => number().prop_map(Op::Reopen),
        2 => number().prop_map(Op::LetGo),
        2 => number().prop_map(Op::Flush),
        2 => number().prop_map(Op::DropEarly),
        8 => (0..12_000_u64).prop_map(Op::Wait),
    ]
}

/// What came of an operation: an answer, and who left.
type Came = (Option<Answer>, Vec<(Tuple, Why)>);

fn perform(ct: &mut Capped, now: Instant, op: &Op) -> Came {
    let mut leavers = drain(ct, now);
    let answer = match *op {
        Op::Say(number, dir, flags) => {
            Some(Answer::of(ct.track(now, &packet(number, dir, flags)), Filter::Accepts))
        }
        Op::Reopen(number) => {
            let segments = [
                (Direction::Original, TcpFlags::SYN),
                (Direction::Reply, SYN_ACK),
                (Direction::Original, TcpFlags::RST),
                (Direction::Original, TcpFlags::SYN),
            ];
            for (dir, flags) in segments {
                let packet = packet(number | 1, dir, flags);
                let answer = Answer::of(ct.track(now, &packet), Filter::Accepts);
                leavers.extend(answer.evicted);
                leavers.extend(drain(ct, now));
            }
            None
        }
        Op::LetGo(number) => {
            let packet = packet(number, Direction::Original, TcpFlags::SYN);
            Some(Answer::of(ct.track(now, &packet), Filter::Drops))
        }
        Op::Flush(number) => {
            ct.flush(now, &talk(number), zone_of(&talk(number)));
            None
        }
        Op::DropEarly(number) => {
            ct.drop_early(now, &talk(number), zone_of(&talk(number)));
            None
        }
        Op::Wait(_) => None,
    };
    leavers.extend(answer.and_then(|answer| answer.evicted));
    (answer, leavers)
}

fn drain(ct: &mut Capped, now: Instant) -> Vec<(Tuple, Why)> {
    let mut leavers = Vec::new();
    loop {
        match ct.expire(now) {
            Step::Ended(ended) => leavers.push(left(&ended)),
            Step::Working => {}
            Step::Idle => return leavers,
        }
    }
}

/// How many connections there are of each source and of each zone.
#[derive(Default)]
struct Counts {
    sources: HashMap<(IpAddr, Zone), u32>,
    zones: HashMap<Zone, u32>,
}

/// The counts of the table by looking at all of it; but for the connection of `without`.
fn counted(ct: &Capped, without: Option<&Tuple>) -> Counts {
    let Counts { mut sources, mut zones } = Counts::default();
    let is_without = |conn: &&Conn| {
        [Direction::Original, Direction::Reply].iter().any(|&dir| Some(&conn.tuple(dir)) == without)
    };
    for conn in ct.iter().filter(|conn| !is_without(conn)) {
        let network = network(conn.tuple(Direction::Original).source);
        *sources.entry((network, conn.zone())).or_default() += 1;
        *zones.entry(conn.zone()).or_default() += 1;
    }
    Counts { sources, zones }
}

/// Whether the caps count what is there, for every source that the talks can come from.
fn check_counts(ct: &Capped) {
    let Counts { sources, zones } = counted(ct, None);
    let ((source_cap, zone_caps), ..) = ct.policy();
    for number in 0..200 {
        let tuple = talk(number);
        for (address, zone) in
            [(tuple.source, zone_of(&tuple)), (tuple.destination, zone_of(&tuple))]
        {
            let there = sources.get(&(network(address), zone)).copied().unwrap_or(0);
            assert_eq!(source_cap.count(address, zone), there, "{address} {zone:?}");
        }
    }
    for (zone_cap, (zone, cap)) in zone_caps.zones().iter().zip(ZONE_CAPS) {
        let there = zones.get(&zone).copied().unwrap_or(0);
        assert_eq!((zone_cap.zone(), zone_cap.count()), (zone, there));
        assert!(there <= cap);
    }
    assert!(sources.values().all(|&there| there <= SOURCE_CAP));
}

/// Whether a newcomer got in, or was refused by a cap, as the counts before it demand.
fn check_verdict(tuple: &Tuple, verdict: Verdict, Counts { sources, zones }: &Counts) {
    let zone = zone_of(tuple);
    let of_source = sources.get(&(network(tuple.source), zone)).copied().unwrap_or(0);
    let of_zone = zones.get(&zone).copied().unwrap_or(0);
    let cap =
        ZONE_CAPS.iter().find(|(capped, _)| *capped == zone).map_or(u32::MAX, |(_, cap)| *cap);
    let expected = match (of_source >= SOURCE_CAP, of_zone >= cap) {
        (true, _) => Some(Refusal::SourceFull),
        (false, true) => Some(Refusal::ZoneFull),
        (false, false) => None,
    };
    match verdict {
        Verdict::Refused(why @ (Refusal::SourceFull | Refusal::ZoneFull)) => {
            assert_eq!(Some(why), expected, "{tuple}");
        }
        _ => assert_eq!(expected, None, "{tuple} got in"),
    }
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 16,
        max_shrink_iters: 500,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

#[test]
fn counts_are_exact_whatever_ends_a_connection() {
    let (reasons, refusals) = (RefCell::new(HashSet::new()), RefCell::new(HashSet::new()));
    let mut runner = TestRunner::new(config());
    let story = runner.run(&vec(op(), 400), |ops| {
        let mut ct = tracker(1, Some(Adaptive::new(16, 30)));
        let mut now_ms = NOW.as_millis();
        for op in ops {
            if let Op::Wait(ms) = op {
                now_ms += ms;
            }
            let now = Instant::from_millis(now_ms);
            let mut leavers = drain(&mut ct, now);
            let before = match op {
                Op::Say(number, ..) => counted(&ct, Some(&talk(number))),
                _ => Counts::default(),
            };
            let (answer, more) = perform(&mut ct, now, &op);
            leavers.extend(more);
            reasons.borrow_mut().extend(leavers.iter().map(|(_, why)| why.name()));
            check_counts(&ct);
            if let (Op::Say(number, dir, flags), Some(answer)) = (&op, answer)
                && answer.dir.is_none()
            {
                let tuple = packet(*number, *dir, *flags).tuple;
                match answer.verdict {
                    Verdict::New => check_verdict(&tuple, answer.verdict, &before),
                    Verdict::Refused(why) => {
                        check_verdict(&tuple, answer.verdict, &before);
                        refusals.borrow_mut().insert(why.name());
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    });
    story.unwrap();
    let all = ["timed_out", "reset", "reopened", "flushed", "dropped_early", "shrunk"];
    assert_eq!(reasons.into_inner(), HashSet::from(all));
    assert_eq!(refusals.into_inner(), HashSet::from(["source_full", "zone_full"]));
}

#[test]
fn no_verdict_depends_on_a_key() {
    let mut runner = TestRunner::new(config());
    let story = runner.run(&vec(op(), 400), |ops| {
        let mut trackers = [tracker(1, None), tracker(200, None)];
        let mut now_ms = NOW.as_millis();
        for op in ops {
            if let Op::Wait(ms) = op {
                now_ms += ms;
            }
            let now = Instant::from_millis(now_ms);
            let [one, other] = trackers.each_mut().map(|ct| perform(ct, now, &op));
            prop_assert_eq!(one, other);
        }
        let [one, other] = trackers.map(|ct| *ct.stats());
        prop_assert_eq!(one, other);
        Ok(())
    });
    story.unwrap();
}

/// A table of so many slots with so many places for sources, which refuses nobody but by a cap.
fn with_places(
    slot_count: usize,
    place_count: usize,
) -> Conntrack<Owned, (SourceCap<Vec<SourcePlace>>, Ranked)> {
    let sources = SourceCap::new(vec![SourcePlace::EMPTY; place_count], Seed([2; 16]), 100);
    Conntrack::new(Owned::new(slot_count), Config::DEFAULT, Seed([3; 16]))
        .unwrap()
        .on_full((sources, Ranked::new(0)))
}

/// The answers to the first packets of so many sources.
fn from_sources(
    ct: &mut Conntrack<Owned, (SourceCap<Vec<SourcePlace>>, Ranked)>,
    numbers: Range<u32>,
) -> Vec<Verdict> {
    let packets = numbers.map(|number| {
        let source = Ipv4Addr::from_bits(0x0a00_0000 + number).into();
        read(&ip(Protocol::UDP, source, Ipv4Addr::LOCALHOST.into(), &udp(1000, 53)))
    });
    packets.map(|packet| Answer::of(ct.track(NOW, &packet), Filter::Accepts).verdict).collect()
}

#[test]
fn one_place_more_than_there_are_slots_is_always_enough() {
    const SOURCE_FULL: Verdict = Verdict::Refused(Refusal::SourceFull);
    for slots in [1, 2, 50] {
        let mut ct = with_places(slots, slots + 1);
        let verdicts = from_sources(&mut ct, 0..1000);
        assert!(verdicts.iter().all(|&verdict| verdict == Verdict::New), "{slots}");
        assert_eq!((ct.len(), ct.stats().early_drop), (slots, 1000 - slots as u64));

        // With fewer it is rather closed than uncounted.
        let mut ct = with_places(slots, slots);
        let verdicts = from_sources(&mut ct, 0..1000);
        let (first, others) = verdicts.split_at(slots);
        assert!(first.iter().all(|&verdict| verdict == Verdict::New));
        assert!(others.iter().all(|&verdict| verdict == SOURCE_FULL));
        assert_eq!(ct.stats().source_full, others.len() as u64);
    }
    let mut ct = with_places(5, 0);
    assert_eq!(from_sources(&mut ct, 0..1), [SOURCE_FULL]);
}

#[test]
fn a_network_is_as_long_as_is_said() {
    assert_eq!((Prefix::new(33, 64), Prefix::new(32, 65)), (None, None));
    assert_eq!(Prefix::new(32, 64), Some(Prefix::ADDRESS));
    let count_by = |v4_len, v6_len, sources: [&str; 4]| {
        let prefix = Prefix::new(v4_len, v6_len).unwrap();
        let caps = SourceCap::<_, u32>::new(vec![SourcePlace::EMPTY; 9], Seed([2; 16]), 9);
        let mut ct = Conntrack::new(Owned::<u16>::new(8), Config::DEFAULT, Seed([3; 16]))
            .unwrap()
            .on_full(caps.prefix(prefix));
        let sources = sources.map(|source| source.parse::<IpAddr>().unwrap());
        for source in sources {
            let to = if source.is_ipv4() { SERVER } else { SERVER6 };
            let packet = read(&ip(Protocol::UDP, source, to, &udp(1000, 53)));
            assert_eq!(Answer::of(ct.track(NOW, &packet), Filter::Accepts).verdict, Verdict::New);
        }
        sources.map(|source| ct.policy().count(source, Zone::DEFAULT))
    };
    let v4 = ["10.0.0.1", "10.0.0.2", "10.1.0.1", "138.0.0.1"];
    let lens = [32, 31, 30, 16, 15, 9, 1, 0];
    let counts = lens.map(|v4_len| count_by(v4_len, 64, v4));
    let apart = [1, 1, 1, 1];
    let [pair, three] = [[2, 2, 1, 1], [3, 3, 3, 1]];
    assert_eq!(counts, [apart, apart, pair, pair, three, three, three, [4; 4]]);
    let v6 = ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "::10.0.0.1"];
    let counts = [64, 63, 2, 0].map(|v6_len| count_by(32, v6_len, v6));
    assert_eq!(counts, [pair, three, [4; 4], [4; 4]]);
}
