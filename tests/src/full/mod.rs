//! What happens at the brim: exactly N fit, who gives a slot to whom, and how long a chain may be.

mod adaptive;
mod answer_time;
mod bounds;
mod caps;
mod early_drop;
mod ghost;
mod picks;
mod ranked;
mod ranks_law;
mod reserve;
mod sctp_ranks;
mod swap;

use keeptrack_core::raw::Raw;
use keeptrack_core::{
    Config, ConfigError, Conntrack, Direction, Instant, MAX_CHAIN, Memory, Newcomer, OnFull,
    Packet, Protocol, Refusal, Refuse, Seed, SlotId, Slots, Step, TcpFlags, Why, Zone,
};

use crate::answer::{Answer, Filter, Verdict, left};
use crate::frames::{CLIENT, SERVER, ip, read, tcp, udp};
use crate::memory::Owned;

const SEED: Seed = Seed([4; 16]);
const NOW: Instant = Instant::from_millis(1_000);
const FULL: Verdict = Verdict::Refused(Refusal::TableFull);

fn tracker(slot_count: usize) -> Conntrack<Owned, Refuse> {
    Conntrack::new(Owned::new(slot_count), Config::DEFAULT, SEED).unwrap().on_full(Refuse)
}

/// The first packet of the UDP connection of that number.
fn udp_packet(number: u16) -> Packet<'static> {
    read(&ip(Protocol::UDP, CLIENT, SERVER, &udp(number, 53)))
}

fn tcp_packet(port: u16, flags: TcpFlags) -> Packet<'static> {
    read(&ip(Protocol::TCP, CLIENT, SERVER, &tcp((port, 80), flags, (1, 0))))
}

fn offer<M: Memory, P: OnFull, R: Raw>(
    ct: &mut Conntrack<M, P, R>,
    now: Instant,
    packet: &Packet<'_>,
) -> Answer {
    Answer::of(ct.track(now, packet), Filter::Accepts)
}

fn drain<M: Memory, P: OnFull>(ct: &mut Conntrack<M, P>, now: Instant) -> usize {
    let mut count = 0;
    for _ in 0..8 * ct.capacity() + 8 {
        match ct.expire(now) {
            Step::Ended(_) => count += 1,
            Step::Working => {}
            Step::Idle => return count,
        }
    }
    panic!("no end after {count}");
}

#[test]
fn exactly_n_fit_whatever_n_is() {
    for capacity in 1..=300_u16 {
        let mut ct = tracker(capacity.into());
        // Filled, emptied and filled again in another order: no slot is lost on the way.
        let forth: Vec<u16> = (0..=capacity).collect();
        let back: Vec<u16> = forth.iter().rev().copied().collect();
        for (round, order) in (0_u32..).zip([&forth, &back, &forth]) {
            let now = NOW.after(30 * round);
            let (last, first) = order.split_last().unwrap();
            for &number in first {
                let answer = offer(&mut ct, now, &udp_packet(number));
                assert_eq!((answer.verdict, answer.evicted), (Verdict::New, None), "{capacity}");
            }
            assert_eq!(offer(&mut ct, now, &udp_packet(*last)).verdict, FULL, "{capacity}");
            assert_eq!((ct.len(), ct.capacity()), (capacity.into(), capacity.into()));
            assert_eq!(ct.stats().drop, u64::from(round) + 1);
            for &number in first {
                assert!(
                    offer(&mut ct, now, &udp_packet(number)).dir.is_some(),
                    "{number} is found"
                );
            }
            assert_eq!(drain(&mut ct, now.after(30)), usize::from(capacity));
        }
    }
}

#[test]
fn slots_that_come_free_one_by_one_in_any_order_are_all_used_again() {
    const CAPACITY: u16 = 64;
    let mut ct = tracker(CAPACITY.into());
    for port in 0..CAPACITY {
        assert_eq!(offer(&mut ct, NOW, &tcp_packet(port, TcpFlags::SYN)).verdict, Verdict::New);
    }
    // 37 and 64 have no common factor: every slot is freed once, neighbours far apart in time.
    for step in 0..CAPACITY {
        let port = step * 37 % CAPACITY;
        assert_eq!(offer(&mut ct, NOW, &tcp_packet(port, TcpFlags::RST)).ended, Some(Why::Reset));
        assert_eq!(ct.len(), usize::from(CAPACITY) - 1);
        if step % 2 == 0 {
            assert_eq!(drain(&mut ct, NOW), 1);
        }
        let newcomer = offer(&mut ct, NOW, &tcp_packet(1000 + step, TcpFlags::SYN));
        assert_eq!(newcomer.verdict, Verdict::New);
        assert_eq!(newcomer.evicted.is_some(), step % 2 == 1, "it waited to be handed out");
        assert_eq!(offer(&mut ct, NOW, &tcp_packet(9999, TcpFlags::SYN)).verdict, FULL);
    }
    let stats = ct.stats();
    assert_eq!((stats.reset, stats.drop, stats.confirmed), (64, 64, 128));
}

#[test]
fn links_of_16_bits_hold_65_535_slots_and_no_more() {
    let too_many = Conntrack::new(Owned::<u16>::new(65_536), Config::DEFAULT, SEED);
    assert_eq!(too_many.err(), Some(ConfigError::TooManySlots(65_535)));
    let none = Conntrack::new(Owned::<u16>::new(0), Config::DEFAULT, SEED);
    assert_eq!(none.err(), Some(ConfigError::NoSlots));
    let mut ct = tracker(65_535);
    for number in 0..u16::MAX {
        assert_eq!(offer(&mut ct, NOW, &udp_packet(number)).verdict, Verdict::New);
    }
    assert_eq!(offer(&mut ct, NOW, &udp_packet(u16::MAX)).verdict, FULL);
    assert!(offer(&mut ct, NOW, &udp_packet(u16::MAX - 1)).dir.is_some());
    assert_eq!(drain(&mut ct, NOW.after(30)), 65_535);
}

#[test]
fn refuse_keeps_who_is_in_and_a_packet_let_go_costs_no_slot() {
    let mut ct = tracker(1);
    let let_go = Answer::of(ct.track(NOW, &udp_packet(1)), Filter::Drops);
    assert_eq!((let_go.verdict, ct.len()), (Verdict::New, 0));
    assert_eq!(offer(&mut ct, NOW, &udp_packet(2)).verdict, Verdict::New);
    assert_eq!(offer(&mut ct, NOW, &udp_packet(3)).verdict, FULL);
    let again = offer(&mut ct, NOW, &udp_packet(2));
    assert_eq!((again.verdict, again.dir), (Verdict::New, Some(Direction::Original)));
    assert_eq!((ct.stats().drop, ct.stats().insert_failed, ct.stats().confirmed), (1, 0, 1));
}

/// Takes the connection that runs out first; never one of the protocol that it spares.
struct TakeSoonest {
    spares: Protocol,
}

impl OnFull for TakeSoonest {
    fn victim(&mut self, newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
        assert_ne!(newcomer.conn.tuple(Direction::Original).protocol, self.spares);
        (0..table.count())
            .filter_map(|number| table.conn(number))
            .filter(|(_, conn)| conn.tuple(Direction::Original).protocol != self.spares)
            .min_by_key(|(_, conn)| conn.expiry())
            .map(|(slot, _)| slot)
    }
}

#[test]
fn a_policy_picks_who_leaves_and_confirm_hands_it_out() {
    let mut ct = tracker(3).on_full(TakeSoonest { spares: Protocol::TCP });
    offer(&mut ct, NOW, &tcp_packet(1, TcpFlags::SYN));
    let second = NOW.after(1);
    offer(&mut ct, second, &udp_packet(2));
    offer(&mut ct, NOW.after(2), &udp_packet(3));
    for newcomer in 4..40 {
        let answer = offer(&mut ct, NOW.after(newcomer.into()), &udp_packet(newcomer));
        if newcomer < 30 {
            let victim = udp_packet(newcomer - 2).tuple;
            assert_eq!(answer.evicted, Some((victim, Why::DroppedEarly)));
        }
        assert_eq!((answer.verdict, ct.len()), (Verdict::New, 3));
        assert!(offer(&mut ct, NOW.after(newcomer.into()), &udp_packet(newcomer)).dir.is_some());
    }
    assert_eq!(ct.stats().early_drop, 36);
    assert_eq!(drain(&mut ct, NOW.after(39)), 0, "who was evicted is not handed out again");

    let mut ct = tracker(2).on_full(TakeSoonest { spares: Protocol::TCP });
    offer(&mut ct, NOW, &tcp_packet(1, TcpFlags::SYN));
    offer(&mut ct, NOW, &tcp_packet(2, TcpFlags::SYN));
    assert_eq!(offer(&mut ct, NOW, &udp_packet(3)).verdict, FULL, "nobody may be taken");
}

/// A policy that must not be asked.
struct Unasked;

impl OnFull for Unasked {
    fn victim(&mut self, newcomer: &Newcomer<'_>, _table: &dyn Slots) -> Option<SlotId> {
        panic!("there is room for {:?}", newcomer.conn)
    }
}

#[test]
fn what_waits_to_be_handed_out_gives_its_slot_before_the_policy_is_asked() {
    let mut ct = tracker(2).on_full(Unasked);
    offer(&mut ct, NOW, &tcp_packet(1, TcpFlags::SYN));
    offer(&mut ct, NOW, &tcp_packet(2, TcpFlags::SYN));
    for port in [2, 1] {
        offer(&mut ct, NOW, &tcp_packet(port, TcpFlags::RST));
    }
    assert_eq!(ct.len(), 0, "what waits is not counted");
    for (newcomer, waits) in [(3, 2), (4, 1)] {
        let answer = offer(&mut ct, NOW, &tcp_packet(newcomer, TcpFlags::SYN));
        let evicted = Some((tcp_packet(waits, TcpFlags::SYN).tuple, Why::Reset));
        assert_eq!((answer.verdict, answer.evicted), (Verdict::New, evicted));
    }
    assert_eq!((drain(&mut ct, NOW), ct.stats().reset, ct.stats().early_drop), (0, 2, 0));
}

#[test]
fn what_has_run_out_gives_its_slot_before_the_policy_is_asked() {
    let mut ct = tracker(3).on_full(Unasked);
    for number in 1..=3 {
        offer(&mut ct, NOW.after(number.into()), &udp_packet(number));
    }
    let now = NOW.after(33);
    for newcomer in 4..=6 {
        let answer = offer(&mut ct, now, &udp_packet(newcomer));
        let evicted = Some((udp_packet(newcomer - 3).tuple, Why::TimedOut));
        assert_eq!((answer.verdict, answer.evicted), (Verdict::New, evicted));
    }
    assert_eq!((drain(&mut ct, now), ct.len(), ct.stats().timed_out), (0, 3, 3));
}

#[test]
fn a_new_connection_may_take_the_slot_of_the_one_that_it_reopens() {
    let mut ct = tracker(1).on_full(Unasked);
    let syn = tcp_packet(1, TcpFlags::SYN);
    offer(&mut ct, NOW, &syn);
    let again = offer(&mut ct, NOW.after(120), &syn);
    assert_eq!(again.evicted, Some((syn.tuple, Why::TimedOut)));
    assert_eq!(ct.len(), 1);
}

/// Which bucket a packet's connection is filed in: found out by whoever knows the key, in a table
/// of his own, where it is the first of its bucket and alone in its timer list.
fn bucket_of(packet: &Packet<'_>, slot_count: usize) -> usize {
    let mut ct = tracker(slot_count);
    offer(&mut ct, NOW, packet);
    let memory = ct.move_into(Owned::new(slot_count)).unwrap();
    memory.lists().iter().copied().find(|&link| link != 0).unwrap().into()
}

/// Packets whose connections are all filed in one bucket.
fn colliding(slot_count: usize, wanted: usize) -> Vec<Packet<'static>> {
    let bucket = bucket_of(&udp_packet(0), slot_count);
    let all = (0..=u16::MAX).map(udp_packet);
    all.filter(|packet| bucket_of(packet, slot_count) == bucket).take(wanted).collect()
}

#[test]
fn whoever_knows_the_key_builds_a_chain_of_max_chain_and_no_longer() {
    const SLOTS: usize = 48;
    let mut packets = colliding(SLOTS, MAX_CHAIN + 1);
    let one_more = packets.pop().unwrap();
    let mut ct = tracker(SLOTS).on_full(Unasked);
    for packet in &packets {
        assert_eq!(offer(&mut ct, NOW, packet).verdict, Verdict::New);
    }
    let refused = offer(&mut ct, NOW, &one_more).verdict;
    assert_eq!(refused, Verdict::Refused(Refusal::ChainTooLong));
    let stats = ct.stats();
    assert_eq!((stats.chaintoolong, stats.insert_failed, stats.drop), (1, 1, 0));
    for packet in &packets {
        assert!(offer(&mut ct, NOW, packet).dir.is_some(), "the whole chain is found");
    }
    assert_eq!(drain(&mut ct, NOW.after(30)), MAX_CHAIN);
    assert_eq!(offer(&mut ct, NOW.after(30), &one_more).verdict, Verdict::New);
}

#[test]
fn a_full_chain_moves_with_one_that_waits_to_be_handed_out() {
    const SLOTS: usize = 48;
    let mut packets = colliding(SLOTS, MAX_CHAIN + 1);
    let one_more = packets.pop().unwrap();
    let mut ct = tracker(SLOTS).on_full(Unasked);
    for packet in &packets {
        offer(&mut ct, NOW, packet);
    }
    let over = std::mem::replace(&mut packets[0], one_more);
    assert!(ct.flush(NOW, &over.tuple, Zone::DEFAULT));
    assert_eq!(offer(&mut ct, NOW, &packets[0]).verdict, Verdict::New);
    assert!(ct.move_into(Owned::new(SLOTS)).is_ok());
    assert_eq!(ct.len(), MAX_CHAIN);
    for packet in &packets {
        assert!(offer(&mut ct, NOW, packet).dir.is_some(), "the whole chain is found");
    }
    assert_eq!(drain(&mut ct, NOW.after(30)), MAX_CHAIN + 1);
}

#[test]
fn a_chain_of_what_has_run_out_refuses_nobody() {
    const SLOTS: usize = 48;
    let mut packets = colliding(SLOTS, MAX_CHAIN + 1);
    let one_more = packets.pop().unwrap();
    let mut ct = tracker(SLOTS);
    for packet in &packets {
        offer(&mut ct, NOW, packet);
    }
    let late = offer(&mut ct, NOW.after(30), &one_more).verdict;
    assert_eq!(late, Verdict::New, "expire was not called");
}

#[test]
fn a_table_moves_only_into_memory_that_holds_it() {
    let mut ct = tracker(4);
    for number in 0..4 {
        offer(&mut ct, NOW, &udp_packet(number));
    }
    assert!(ct.move_into(Owned::new(3)).is_err());
    assert_eq!((ct.len(), ct.capacity()), (4, 4), "as before");
    assert!(ct.move_into(Owned::new(5)).is_ok());
    assert_eq!(offer(&mut ct, NOW, &udp_packet(4)).verdict, Verdict::New);
    assert_eq!(offer(&mut ct, NOW, &udp_packet(5)).verdict, FULL);
    assert_eq!(drain(&mut ct, NOW.after(30)), 5);
}

#[test]
fn what_waits_moves_in_the_order_in_which_it_was_over() {
    let mut ct = tracker(4);
    for port in 0..4 {
        offer(&mut ct, NOW, &tcp_packet(port, TcpFlags::SYN));
    }
    for port in [2, 0, 3] {
        offer(&mut ct, NOW, &tcp_packet(port, TcpFlags::RST));
    }
    assert!(ct.move_into(Owned::new(2)).is_err(), "what waits holds its slot");
    assert!(ct.move_into(Owned::new(9)).is_ok());
    let mut order = Vec::new();
    for _ in 0..4 {
        if let Step::Ended(ended) = ct.expire(NOW) {
            order.push(left(&ended));
        }
    }
    let expected = [2, 0, 3].map(|port| (tcp_packet(port, TcpFlags::SYN).tuple, Why::Reset));
    assert_eq!(order, expected);
}
