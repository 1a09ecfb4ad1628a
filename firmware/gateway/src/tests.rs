//! Frames through a gateway whose table is small.

use std::vec::Vec;

use keeptrack_core::raw::{ChainId, Hook, IfPattern, Matches, RawTable, Target, Test, WhenFull};
use keeptrack_core::{
    Class, Config, Conntrack, Direction, IfName, Instant, Invalid, Lent, LinkType, OnRefusal,
    Packet, Refusal, Refuse, Seed, Storage, Tuple, Why,
};

use super::{Action, Dropped, Passed, STEPS, ended, forward};

const NOW: Instant = Instant::from_millis(1_000);

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

fn port(name: &str) -> IfName {
    IfName::new(name.as_bytes()).unwrap()
}

fn tracker<const N: usize>(storage: &mut Storage<N>) -> Conntrack<Lent<'_>> {
    Conntrack::new(storage.lend(), Config::DEFAULT, Seed([7; 16])).unwrap()
}

/// The two addresses of an Ethernet header, and the type of what follows.
fn ethernet(kind: u16, payload: &[u8]) -> Vec<u8> {
    let addresses = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
    [&addresses[..], &kind.to_be_bytes(), payload].concat()
}

/// A TCP segment without payload, 192.0.2.1:`source_port` to 192.0.2.2:25.
fn segment(source_port: u16, flags: u8) -> Vec<u8> {
    let ip = [
        [0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0].as_slice(),
        &[192, 0, 2, 1, 192, 0, 2, 2],
        &source_port.to_be_bytes(),
        &[0, 25, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0],
    ];
    ethernet(0x0800, &ip.concat())
}

/// The tuple of that segment.
fn tuple(source_port: u16) -> Tuple {
    let (segment, link) = (segment(source_port, SYN), LinkType::Ethernet);
    Packet::parse(link, &segment).unwrap().tuple
}

#[test]
fn arp_passes_and_makes_no_entry() {
    let mut storage = Storage::<4>::new();
    let mut ct = tracker(&mut storage);
    let request = ethernet(0x0806, &[0, 1, 8, 0, 6, 4, 0, 1]);
    let action = forward(NOW, &port("eth0"), &request, &mut ct);
    assert!(matches!(action, Action::Forward(Passed::Unread(_))), "{action:?}");
    assert!(ct.is_empty());
}

#[test]
fn a_cut_frame_passes() {
    let mut storage = Storage::<4>::new();
    let mut ct = tracker(&mut storage);
    for len in 0..14 {
        let action = forward(NOW, &port("eth0"), &segment(1025, SYN)[..len], &mut ct);
        assert!(matches!(action, Action::Forward(Passed::Unread(_))), "{len}: {action:?}");
    }
}

#[test]
fn a_syn_makes_an_entry_that_the_next_segment_finds() {
    let mut storage = Storage::<4>::new();
    let mut ct = tracker(&mut storage);
    let action = forward(NOW, &port("eth0"), &segment(1025, SYN), &mut ct);
    let Action::Forward(Passed::New(made)) = action else { panic!("{action:?}") };
    assert_eq!(made.conn.state_name(), Some("SYN_SENT"));
    let action = forward(NOW, &port("eth0"), &segment(1025, SYN), &mut ct);
    assert!(matches!(action, Action::Forward(Passed::Known)), "{action:?}");
    assert_eq!(ct.len(), 1);
}

#[test]
fn an_invalid_packet_passes_and_makes_no_entry() {
    let mut storage = Storage::<4>::new();
    let mut ct = tracker(&mut storage);
    let action = forward(NOW, &port("eth0"), &segment(1025, 0), &mut ct);
    assert!(matches!(action, Action::Forward(Passed::Invalid(Invalid::TcpFlags))), "{action:?}");
    assert!(ct.is_empty());
}

#[test]
fn a_full_table_drops_the_newcomer_and_says_so() {
    let mut storage = Storage::<2>::new();
    let mut ct = tracker(&mut storage).on_full(Refuse);
    for source_port in [1025, 1026] {
        let action = forward(NOW, &port("eth0"), &segment(source_port, SYN), &mut ct);
        assert!(matches!(action, Action::Forward(Passed::New(_))), "{action:?}");
    }
    let action = forward(NOW, &port("eth0"), &segment(1027, SYN), &mut ct);
    let Action::Drop(Dropped::Refused(refused)) = action else { panic!("{action:?}") };
    assert_eq!(refused.why, Refusal::TableFull);
    assert_eq!(ct.stats().drop, 1);
    let action = forward(NOW, &port("eth0"), &segment(1026, SYN), &mut ct);
    assert!(matches!(action, Action::Forward(Passed::Known)), "{action:?}");
}

#[test]
fn who_waits_for_an_answer_leaves_a_full_table_and_is_told_of() {
    let mut storage = Storage::<2>::new();
    let mut ct = tracker(&mut storage);
    for (time_ms, source_port) in [(1_000, 1025), (1_001, 1026)] {
        let now = Instant::from_millis(time_ms);
        let action = forward(now, &port("eth0"), &segment(source_port, SYN), &mut ct);
        assert!(matches!(action, Action::Forward(Passed::New(_))), "{action:?}");
    }
    let later = Instant::from_millis(3_000);
    let action = forward(later, &port("eth0"), &segment(1027, SYN), &mut ct);
    let Action::Forward(Passed::New(made)) = action else { panic!("{action:?}") };
    let evicted = made.evicted.unwrap();
    assert_eq!(evicted.why, Why::DroppedEarly);
    assert_eq!(evicted.conn.tuple(Direction::Original), tuple(1025));
}

/// Rules of which the one says that to what comes in at that port.
fn full_rules(name: &str, full: WhenFull) -> RawTable<1, 2> {
    let mut rules = RawTable::new();
    let input = Test::Is(IfPattern { name: port(name), prefix: false });
    let matches = Matches { input, ..Matches::default() };
    rules.append(ChainId::of(Hook::Prerouting), matches, Target::Full(full)).unwrap();
    rules
}

#[test]
fn a_rule_lets_pass_what_a_full_table_refuses() {
    let bypass = WhenFull { refused: Some(OnRefusal::Bypass), ..WhenFull::default() };
    let mut storage = Storage::<1>::new();
    let mut ct = tracker(&mut storage).on_full(Refuse).with_rules(full_rules("eth0", bypass));
    let action = forward(NOW, &port("eth0"), &segment(1025, SYN), &mut ct);
    assert!(matches!(action, Action::Forward(Passed::New(_))), "{action:?}");
    let action = forward(NOW, &port("eth0"), &segment(1026, SYN), &mut ct);
    let Action::Forward(Passed::Bypassed(refused)) = action else { panic!("{action:?}") };
    assert_eq!((refused.why, refused.then), (Refusal::TableFull, OnRefusal::Bypass));
    let action = forward(NOW, &port("eth1"), &segment(1027, SYN), &mut ct);
    assert!(matches!(action, Action::Drop(Dropped::Refused(_))), "{action:?}");
    assert_eq!((ct.stats().bypass, ct.stats().drop, ct.len()), (1, 1, 1));
}

#[test]
fn a_slot_is_kept_for_the_class_that_a_rule_gives() {
    let admin = Class::at(0).unwrap();
    let of_class = WhenFull { class: Some(admin), ..WhenFull::default() };
    let mut storage = Storage::<2>::new();
    let ct = tracker(&mut storage).on_full(Refuse).with_rules(full_rules("eth1", of_class));
    let mut ct = ct.reserve(admin, 1).unwrap();
    let action = forward(NOW, &port("eth0"), &segment(1025, SYN), &mut ct);
    assert!(matches!(action, Action::Forward(Passed::New(_))), "{action:?}");
    let action = forward(NOW, &port("eth0"), &segment(1026, SYN), &mut ct);
    assert!(matches!(action, Action::Drop(Dropped::Refused(_))), "{action:?}");
    let action = forward(NOW, &port("eth1"), &segment(1027, SYN), &mut ct);
    assert!(matches!(action, Action::Forward(Passed::New(_))), "{action:?}");
}

#[test]
fn rules_know_the_port() {
    let mut rules = RawTable::<2, 2>::new();
    for (name, target) in [("eth0", Target::NoTrack), ("eth1", Target::Drop)] {
        let input = Test::Is(IfPattern { name: port(name), prefix: false });
        let matches = Matches { input, ..Matches::default() };
        rules.append(ChainId::of(Hook::Prerouting), matches, target).unwrap();
    }
    let mut storage = Storage::<4>::new();
    let mut ct = tracker(&mut storage).with_rules(rules);
    let action = forward(NOW, &port("eth0"), &segment(1025, SYN), &mut ct);
    assert!(matches!(action, Action::Forward(Passed::Untracked)), "{action:?}");
    let action = forward(NOW, &port("eth1"), &segment(1025, ACK), &mut ct);
    assert!(matches!(action, Action::Drop(Dropped::Rule)), "{action:?}");
}

#[test]
fn what_has_run_out_comes_out_once_in_bounded_portions() {
    let mut storage = Storage::<64>::new();
    let mut ct = tracker(&mut storage);
    for source_port in 1025..1025 + 64 {
        let action = forward(NOW, &port("eth0"), &segment(source_port, SYN), &mut ct);
        assert!(matches!(action, Action::Forward(Passed::New(_))), "{action:?}");
    }
    // An unanswered SYN lives for 120 seconds.
    assert_eq!(ended(Instant::from_millis(120_999), &mut ct).count(), 0);
    let mut ended_count = 0;
    for _ in 0..64 {
        let portion: Vec<_> = ended(Instant::from_millis(121_000), &mut ct).collect();
        assert!(portion.len() <= STEPS);
        assert!(portion.iter().all(|ended| ended.why == Why::TimedOut));
        ended_count += portion.len();
    }
    assert_eq!(ended_count, 64);
    assert!(ct.is_empty());
}
