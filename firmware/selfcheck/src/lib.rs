//! Calls all of core's face where it is to work, and the routines that a compiler leaves copies to:
//! what answers otherwise than on a PC is named.
//!
//! Each board has a program beside its gateway that does nothing but this. Small tables on the
//! stack take a few packets; it needs no hardware.
#![no_std]
#![forbid(unsafe_code)]

mod full;
mod memory;

use core::fmt::{self, Display, Write};

use keeptrack_core::fragment::{AsLinux, Follow, Limits, Queue, Run};
use keeptrack_core::raw::{
    ChainId, Helper, Hook, IfPattern, Matches, Policy, PolicyId, Raw, RawError, RawTable, Target,
    Template, Test, TrackAll,
};
use keeptrack_core::{
    Config, ConfigError, Conntrack, CtState, Direction, Held, Help, HelperDrop, HelperSlot,
    Helpers, IfName, Instant, Invalid, Link, LinkType, MAX_TAGS, Malformed, Memory, Newcomer,
    OnFull, Packet, Path, Protocol, Refuse, Refused, Restored, SctpState, Seed, Seen, SlotId,
    Slots, State, Status, Step, Storage, TcpFlags, TcpState, Timeout, TimeoutPolicy, Tracked,
    Transport, Why, Zone,
};

const NOW: Instant = Instant::from_millis(1_000);
const SEED: Seed = Seed([7; 16]);

/// Runs all checks.
///
/// # Errors
/// What answered otherwise: the function, or what it was asked for.
pub fn run() -> Result<(), &'static str> {
    CHECKS.iter().try_for_each(|check| check()).map_err(|Wrong(what)| what)
}

/// What answered otherwise.
struct Wrong(&'static str);

impl From<ConfigError> for Wrong {
    fn from(_: ConfigError) -> Self {
        Self("Conntrack::new")
    }
}

/// All checks. They are called through this list, so that the stack holds the tables of one.
static CHECKS: [fn() -> Result<(), Wrong>; 15] = [
    memory::routines,
    links,
    names,
    life,
    told,
    taken,
    full::victims,
    full::caps,
    full::reserved,
    full::by_hand,
    full::names,
    rules,
    templates,
    helpers,
    fragments,
];

#[allow(clippy::fn_params_excessive_bools, reason = "a condition is what a check asks for")]
fn ensure(holds: bool, what: &'static str) -> Result<(), Wrong> {
    if holds { Ok(()) } else { Err(Wrong(what)) }
}

/// A TCP segment from 192.0.2.1:1025 to 192.0.2.2:25, or its answer.
fn segment(flags: TcpFlags, dir: Direction) -> [u8; 40] {
    let mut bytes = [
        0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, // IPv4
        4, 1, 0, 25, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags.0, 0xff, 0xff, 0, 0, 0, 0, // TCP
    ];
    if dir == Direction::Reply {
        bytes[12..20].rotate_left(4);
        bytes[20..24].rotate_left(2);
    }
    bytes
}

/// The same segment behind the header of every link type.
fn links() -> Result<(), Wrong> {
    let headers: [(u16, &[u8]); 8] = [
        (0, &[2, 0, 0, 0]),
        (1, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0]),
        (101, &[]),
        (108, &[0, 0, 0, 2]),
        (113, &[0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0]),
        (228, &[]),
        (276, &[8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0]),
        (1, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x81, 0, 0, 5, 8, 0]),
    ];
    let bytes = segment(TcpFlags::SYN, Direction::Original);
    for (dlt, header) in headers {
        let mut frame = [0; 64];
        let (front, rest) = frame.split_at_mut(header.len());
        front.copy_from_slice(header);
        rest[..bytes.len()].copy_from_slice(&bytes);
        let link = LinkType::from_dlt(dlt).ok_or(Wrong("link type"))?;
        let frame = &frame[..header.len() + bytes.len()];
        ensure(link.ip(frame) == Ok(&frame[header.len()..]), link.name())?;
        let packet = Packet::parse(link, frame);
        let is_syn = packet.is_ok_and(|packet| match packet.transport {
            Transport::Tcp(tcp) => tcp.flags.has(TcpFlags::SYN) && packet.len == 40,
            _ => false,
        });
        ensure(is_syn, link.name())?;
    }
    let captured = Packet::parse_cut(LinkType::Raw, &bytes[..39], 1);
    ensure(captured.is_err(), "Packet::parse_cut")?;
    let mut shutdown = segment(TcpFlags::SYN, Direction::Original);
    shutdown[9] = 132;
    shutdown[32..36].copy_from_slice(&[7, 0, 0, 8]);
    let sctp = parse(&shutdown)?;
    ensure(sctp.chunks().count() == 1, "Packet::chunks")?;
    let cut = Packet::parse(LinkType::Ipv6, &[0x60; 39]);
    ensure(cut.is_err_and(|why| !why.name().is_empty() && length(why) > 0), "cut IPv6")
}

/// Whatever has a name or can be printed.
fn names() -> Result<(), Wrong> {
    let named = Timeout::ALL.iter().all(|timeout| !timeout.name().is_empty())
        && Invalid::ALL.iter().all(|reason| !reason.name().is_empty() && length(reason) > 0)
        && Hook::ALL.iter().all(|hook| !hook.name().is_empty());
    ensure(named, "names")?;
    ensure(Malformed::TcpHeader.name() == "tcp_header", "Malformed::name")?;
    ensure(Protocol::ICMP.name() == "icmp", "Protocol::name")?;
    ensure(TcpState::SynSent.name() == "SYN_SENT", "TcpState::name")?;
    ensure(State::Sctp(SctpState::Closed).name() == "CLOSED", "State::name")?;
    ensure(Why::TimedOut.name() == "timed_out" && length(Why::Reset) > 0, "Why::name")?;
    let timeouts = TimeoutPolicy::LINUX.with(Timeout::Udp, 7);
    ensure(timeouts.seconds(Timeout::Udp) == 7, "TimeoutPolicy::with")?;
    ensure(Instant::from_nanos(1_000_000_000) == NOW, "Instant::from_nanos")?;
    ensure(Direction::Reply.index() == 1 && MAX_TAGS > 0, "Direction::index")?;
    let flags = (TcpFlags::SYN | TcpFlags::ACK).without(TcpFlags::ACK);
    ensure(flags == TcpFlags::SYN, "TcpFlags")?;
    let mut status = Status::ASSURED | Status::CONFIRMED;
    status |= Status::SEEN_REPLY;
    ensure(status.without(Status::ASSURED).has(Status::CONFIRMED), "Status")
}

/// From a SYN to the end, as `conntrack -L` sees it.
fn life() -> Result<(), Wrong> {
    let (mut small, mut large) = (Storage::<2>::new(), Storage::<3>::new());
    let mut ct = Conntrack::new(small.lend(), Config::DEFAULT, SEED)?;
    let (syn, syn_ack) = (TcpFlags::SYN, TcpFlags::SYN | TcpFlags::ACK);
    let bytes = segment(syn, Direction::Original);
    let packet = parse(&bytes)?;
    let Tracked::First(first) = ct.track(NOW, &packet) else {
        return Err(Wrong("first"));
    };
    ensure(first.timeout() == 120 && first.conn().zone() == Zone::DEFAULT, "unconfirmed")?;
    ensure(first.confirm().is_ok_and(|made| made.conn.status().has(Status::CONFIRMED)), "confirm")?;
    let bytes = segment(syn_ack, Direction::Reply);
    let Tracked::Known { dir, conn, .. } = ct.track(NOW.after(1), &parse(&bytes)?) else {
        return Err(Wrong("known"));
    };
    ensure(dir == !Direction::Original && conn.tuple(dir).invert() == packet.tuple, "tuple")?;
    ensure(conn.state() == Some(State::Tcp(TcpState::SynRecv)), "state")?;
    ensure(conn.state_name() == Some("SYN_RECV"), "state_name")?;
    ensure(conn.expiry().since(NOW) == 61_000 && conn.timeout_left(NOW) == 61, "expiry")?;
    ensure(length(conn.list(NOW)) > length(packet.tuple), "list")?;
    ensure(ct.next_expiry().is_some_and(|expiry| expiry <= NOW.after(61)), "next_expiry")?;
    ensure(ct.move_into(large.lend()).is_ok_and(|memory| memory.slots().len() == 2), "move_into")?;
    ensure(ct.len() == 1 && ct.capacity() == 3 && ct.iter().count() == 1, "table")?;
    let ended = (0..16).any(|_| matches!(ct.expire(NOW.after(61)), Step::Ended(_)));
    ensure(ended && ct.is_empty() && ct.stats().timed_out == 1, "expire")
}

/// A connection of somebody else's table, and how it is taken out.
fn told() -> Result<(), Wrong> {
    let mut storage = Storage::<2>::new();
    let mut ct = Conntrack::new(storage.lend(), Config::DEFAULT, SEED)?;
    let bytes = segment(TcpFlags::ACK, Direction::Reply);
    let packet = parse(&bytes)?;
    let mut open = Restored::new(packet.tuple.invert(), 60);
    open.state = Some(State::Tcp(TcpState::Established));
    ensure(ct.restore(NOW, &open).is_ok(), "restore")?;
    let again = ct.restore(NOW, &open);
    ensure(again.is_err_and(|why| why.name() == "exists" && length(why) > 0), "RestoreError")?;
    let tracked = ct.track(NOW, &packet);
    ensure(matches!(tracked, Tracked::Known { dir: Direction::Reply, .. }), "restored")?;
    ensure(ct.flush(NOW, &packet.tuple, Zone::DEFAULT) && ct.is_empty(), "flush")
}

/// Lets whoever sits in the first slot leave.
struct First;

impl OnFull for First {
    fn victim(&mut self, newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
        let found = (0..table.live_count()).find_map(|number| table.conn(number));
        found
            .filter(|(_, conn)| table.timeout_s(conn, newcomer.now) == Some(120))
            .map(|(slot, _)| slot)
    }
}

/// A table of one slot: what the newcomer takes from whom.
fn taken() -> Result<(), Wrong> {
    let mut storage = Storage::<1>::new();
    let mut ct = Conntrack::new(storage.lend(), Config::DEFAULT, SEED)?.on_full(Refuse);
    let one = segment(TcpFlags::SYN, Direction::Original);
    let mut other = segment(TcpFlags::SYN, Direction::Original);
    other[21] = 2;
    ensure(confirm(&mut ct, &one)?.is_ok_and(|evicted| evicted.is_none()), "a free slot")?;
    let refused = confirm(&mut ct, &other)?;
    ensure(refused.is_err_and(|why| length(why) > 0) && ct.stats().drop == 1, "a full table")?;
    let mut ct = ct.on_full(First);
    let evicted = confirm(&mut ct, &other)?;
    ensure(evicted.is_ok_and(|evicted| evicted == Some(Why::DroppedEarly)), "on_full")?;
    let null = segment(TcpFlags(0), Direction::Original);
    let tracked = ct.track(NOW, &parse(&null)?);
    ensure(matches!(tracked, Tracked::Invalid { why: Invalid::TcpFlags, .. }), "invalid")?;
    ensure(ct.stats().invalid_by(Invalid::TcpFlags) == 1, "invalid_by")?;
    ensure(u16::NIL.slot().is_none(), "Link::slot")
}

/// Tracks a first packet and confirms its connection: why another had to leave for it, if one had.
fn confirm<M: Memory, P: OnFull, R: Raw>(
    ct: &mut Conntrack<M, P, R>,
    bytes: &[u8],
) -> Result<Result<Option<Why>, Refused>, Wrong> {
    match ct.track(NOW, &parse(bytes)?) {
        Tracked::First(first) => {
            Ok(first.confirm().map(|made| made.evicted.map(|evicted| evicted.why)))
        }
        _ => Err(Wrong("first")),
    }
}

/// What is seen at the interface that the rules name is untracked, what the host sends is dropped.
fn rules() -> Result<(), Wrong> {
    let name = IfName::new(b"eth0").ok_or(Wrong("IfName::new"))?;
    let table = raw_table(name).map_err(|_| Wrong("RawTable"))?;
    let mut storage = Storage::<1>::new();
    let mut ct = Conntrack::new(storage.lend(), Config::DEFAULT, SEED)?.with_rules(table);
    let bytes = segment(TcpFlags::SYN, Direction::Original);
    let packet = parse(&bytes)?;
    let there = Seen { path: Path::Arrives, input: Some(&name), output: None };
    ensure(matches!(ct.track(NOW, &packet.seen(there)), Tracked::Untracked), "NOTRACK")?;
    let here = Seen { path: Path::Local, ..Seen::ARRIVES };
    ensure(matches!(ct.track(NOW, &packet.seen(here)), Tracked::Dropped), "policy DROP")?;
    let matched = ct.rules().rules().iter().all(|rule| {
        let of_its_interface = rule.matches.input.passes(|pattern| pattern.holds(Some(&name)));
        of_its_interface && rule.count(Hook::Prerouting).matched == 1
    });
    ensure(matched && name.as_bytes() == b"eth0", "count")
}

/// Rules with a chain of their own for what comes in at `name`.
fn raw_table(name: IfName) -> Result<RawTable<2, 3>, RawError> {
    let mut table = RawTable::new();
    let chain = table.add_chain()?;
    let input = Test::Is(IfPattern { name, prefix: false });
    let at_name = Matches { input, ..Matches::default() };
    table.append(ChainId::of(Hook::Prerouting), at_name, Target::Jump(chain))?;
    table.append(chain, Matches::default(), Target::NoTrack)?;
    table.set_policy(Hook::Output, Policy::Drop);
    table.check()?;
    Ok(table)
}

/// A connection is in the zone and lives by the policy that a rule gives it, or by the table's own.
fn templates() -> Result<(), Wrong> {
    let table = template_table().map_err(|_| Wrong("RawTable::add_timeouts"))?;
    let mut storage = Storage::<1>::new();
    let mut ct = Conntrack::new(storage.lend(), Config::DEFAULT, SEED)?.with_rules(table);
    let bytes = segment(TcpFlags::SYN, Direction::Original);
    let Tracked::First(first) = ct.track(NOW, &parse(&bytes)?) else {
        return Err(Wrong("first"));
    };
    ensure(first.timeout() == 7 && first.conn().zone() == Zone(3), "zone")?;
    let id = first.conn().timeouts().ok_or(Wrong("Conn::timeouts"))?;
    ensure(Some(id) == PolicyId::at(0) && id.index() == 0, "PolicyId")?;
    let policy = ct.rules().timeouts(id);
    ensure(policy.is_some_and(|policy| policy.tcp_syn_sent == 7), "RawTable::timeouts")?;
    let timeouts = TimeoutPolicy::LINUX.with(Timeout::TcpSynSent, 9);
    let mut ct = ct.with_rules(TrackAll).with_timeouts(timeouts)?;
    let Tracked::First(first) = ct.track(NOW, &parse(&bytes)?) else {
        return Err(Wrong("first without rules"));
    };
    ensure(first.timeout() == 9, "Conntrack::with_timeouts")?;
    ensure(Helper::ALL.iter().all(|helper| helper.name() == "ftp"), "Helper::name")
}

/// One rule, which puts all into zone 3 and gives a SYN 7 seconds.
fn template_table() -> Result<RawTable<1, 2, 1>, RawError> {
    let mut table = RawTable::new();
    let policy = TimeoutPolicy::LINUX.with(Timeout::TcpSynSent, 7);
    let timeouts = Some(table.add_timeouts(policy)?);
    let target = Target::Ct(Template { zone: Zone(3), timeouts, ..Template::NONE });
    table.append(ChainId::of(Hook::Prerouting), Matches::default(), target)?;
    Ok(table)
}

/// What a server of FTP announces is expected, once; and a line that is cut is dropped.
fn helpers() -> Result<(), Wrong> {
    let mut slots = [HelperSlot::EMPTY; 1];
    let mut helpers = Helpers::new(&mut slots[..], 1);
    ensure(helpers.table().is_some() && helpers.slots().len() == 1, "Helpers")?;
    let mut table = RawTable::<1, 2>::new();
    let target = Target::Ct(Template { helper: Some(Helper::Ftp), ..Template::NONE });
    let appended = table.append(ChainId::of(Hook::Prerouting), Matches::default(), target);
    ensure(appended.is_ok(), "RawTable::append")?;
    let mut storage = Storage::<2>::new();
    let ct = Conntrack::new(storage.lend(), Config::DEFAULT, SEED)?;
    let mut ct = ct.with_rules(table).with_helpers(helpers);
    let bytes = segment(TcpFlags::SYN, Direction::Original);
    let Tracked::First(first) = ct.track(NOW, &parse(&bytes)?) else {
        return Err(Wrong("first"));
    };
    ensure(first.state() == CtState::New, "Unconfirmed::state")?;
    let made = first.confirm().map_err(|_| Wrong("confirm"))?;
    ensure(made.conn.helper() == Some(Helper::Ftp), "Conn::helper")?;
    let lines: [(u8, &[u8], u8); 4] = [
        (1, b"", TcpFlags::SYN.0),
        (2, b"220\r\n", 0),
        (7, b"227 =192,0,2,2,0,25\r\n", 0),
        (28, b"22", 0),
    ];
    for (seq, line, flags) in lines {
        let mut bytes = [0; 64];
        let header = segment(TcpFlags::ACK | TcpFlags(flags), Direction::Reply);
        let (front, rest) = bytes.split_at_mut(header.len());
        front.copy_from_slice(&header);
        rest[..line.len()].copy_from_slice(line);
        let len = header.len() + line.len();
        (bytes[3], bytes[27]) = (u8::try_from(len).unwrap_or(0), seq);
        let Tracked::Known { change, .. } = ct.track(NOW, &parse(&bytes[..len])?) else {
            return Err(Wrong("known"));
        };
        let is_cut = change.dropped.is_some_and(|why| why.name() == "helper_partial");
        ensure(is_cut == (line == b"22"), "HelperDrop::name")?;
    }
    let drops = (ct.stats().helper_drop_count(), ct.stats().helper_drop_by(HelperDrop::Partial));
    ensure(drops == (1, 1) && ct.expectations().count() == 1, "expectations")?;
    let mut bytes = segment(TcpFlags::SYN, Direction::Original);
    bytes[21] = 2;
    let Tracked::First(first) = ct.track(NOW, &parse(&bytes)?) else {
        return Err(Wrong("first"));
    };
    ensure(first.state() == CtState::Related, "RELATED")
}

/// A segment in two parts: one stage tracks the first and lets the other follow, one waits for
/// both.
fn fragments() -> Result<(), Wrong> {
    let bytes = segment(TcpFlags::SYN, Direction::Original);
    let [mut first, mut last] = [bytes; 2];
    (first[3], first[6]) = (36, 0x20);
    (last[3], last[7]) = (24, 2);
    last.copy_within(36.., 20);
    let parts = [parse(&first[..36])?, parse(&last[..24])?];
    ensure(
        parts.iter().all(|packet| packet.fragment.is_some_and(|part| !part.is_whole())),
        "part",
    )?;
    let mut storage = Storage::<1>::new();
    let ct = Conntrack::new(storage.lend(), Config::DEFAULT, SEED)?;
    let mut ct = ct.with_fragments(Follow::<1>::new());
    let later = ct.track(NOW, &parts[1]);
    ensure(matches!(later, Tracked::Held(why) if why.name() == "unled"), "Held::name")?;
    let is_short = Invalid::Malformed(Malformed::TcpHeader);
    for packet in &parts {
        let why = match ct.track(NOW, packet) {
            Tracked::Invalid { why, .. } => why,
            _ => return Err(Wrong("Follow")),
        };
        ensure(why == is_short && !why.is_of_error(), "Invalid::is_of_error")?;
    }
    let (mut queues, mut runs) = ([Queue::EMPTY; 1], [Run::EMPTY; 2]);
    let stage = AsLinux::new(&mut queues[..], &mut runs[..], Limits::LINUX);
    let mut ct = ct.with_fragments(stage);
    let waits = ct.track(NOW, &parts[1]);
    ensure(matches!(waits, Tracked::Held(Held::Waits)), "AsLinux")?;
    ensure(ct.fragments().waiting_count() == 1 && ct.stats().held_by(Held::Waits) == 1, "waits")?;
    ensure(matches!(ct.track(NOW, &parts[0]), Tracked::First(_)), "datagram")?;
    let stage = ct.fragments();
    ensure((stage.reassembled_count(), stage.timed_out_count()) == (1, 0), "counts")
}

fn parse(bytes: &[u8]) -> Result<Packet<'_>, Wrong> {
    Packet::parse(LinkType::Raw, bytes).map_err(|_| Wrong("parse"))
}

/// How many bytes it prints.
fn length(printed: impl Display) -> usize {
    struct Count(usize);

    impl Write for Count {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 += text.len();
            Ok(())
        }
    }

    let mut count = Count(0);
    // Counting does not fail.
    let _ = write!(count, "{printed}");
    count.0
}

#[cfg(test)]
mod tests {
    use super::run;

    #[test]
    fn all_answers_on_a_pc_are_the_expected_ones() {
        assert_eq!(run(), Ok(()));
    }
}
