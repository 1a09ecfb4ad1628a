//! Slots that are reserved for a class: who gets them, and who does not, however full the table is.

use keeptrack_core::raw::{PolicyId, Raw, RawVerdict, Template};
use keeptrack_core::{
    Class, Config, ConfigError, Conntrack, Ends, OnFull, Packet, Ranked, Refuse, Seed,
    TimeoutPolicy, Why, Zone,
};

use super::{FULL, NOW, offer, udp_packet};
use crate::answer::Verdict;
use crate::memory::Owned;

/// Gives connections from ports of 1000 and more the first class, from 2000 the second.
pub(super) struct ByPort;

impl Raw for ByPort {
    fn classify(&mut self, packet: &Packet<'_>) -> RawVerdict {
        let Ends::Ports { source, .. } = packet.tuple.ends else { panic!("it is UDP") };
        let class = usize::from(source / 1000).checked_sub(1).and_then(Class::at);
        RawVerdict::Track(Template { class, ..Template::NONE })
    }

    fn timeouts(&self, _id: PolicyId) -> Option<&TimeoutPolicy> {
        None
    }
}

pub(super) type Tracker<P> = Conntrack<Owned, P, ByPort>;

/// Ten slots, of which three are the first class's and two the second's.
pub(super) fn tracker<P: OnFull>(policy: P) -> Tracker<P> {
    let ct = Conntrack::new(Owned::new(10), Config::DEFAULT, Seed([9; 16])).unwrap();
    let ct = ct.reserve(Class::at(0).unwrap(), 3).unwrap();
    let ct = ct.reserve(Class::at(1).unwrap(), 2).unwrap();
    ct.with_rules(ByPort).on_full(policy)
}

/// How many of the newcomers from these ports get in without that anybody leaves.
pub(super) fn taken<P: OnFull>(ct: &mut Tracker<P>, ports: std::ops::Range<u16>) -> usize {
    let offers = ports.map(|port| offer(ct, NOW, &udp_packet(port)));
    offers.filter(|answer| answer.verdict == Verdict::New && answer.evicted.is_none()).count()
}

#[test]
fn a_class_gets_in_when_all_others_are_refused() {
    let mut ct = tracker(Refuse);
    assert_eq!(taken(&mut ct, 0..20), 5, "of the class of none");
    assert_eq!(taken(&mut ct, 2000..2020), 2);
    assert_eq!(taken(&mut ct, 1000..1020), 3);
    assert_eq!((ct.len(), ct.stats().drop), (10, 15 + 18 + 17));
}

#[test]
fn a_class_takes_its_own_slots_first_and_then_everybodys() {
    let mut ct = tracker(Refuse);
    assert_eq!(taken(&mut ct, 1000..1020), 3 + 5);
    assert_eq!(taken(&mut ct, 0..20), 0);
    assert_eq!(taken(&mut ct, 2000..2020), 2, "those of others stay theirs");
    // The first three have slots of their own: where one of these leaves nobody else gets in.
    assert!(ct.flush(NOW, &udp_packet(1000).tuple, Zone::DEFAULT));
    assert_eq!(offer(&mut ct, NOW, &udp_packet(50)).verdict, FULL);
    assert_eq!(taken(&mut ct, 1050..1051), 0, "what waits is told with the newcomer");
    assert!(offer(&mut ct, NOW, &udp_packet(1050)).dir.is_some(), "that is in");
}

#[test]
fn a_policy_takes_no_one_in_a_slot_of_others() {
    let mut ct = tracker(Ranked::new(0));
    assert_eq!(taken(&mut ct, 1000..1003) + taken(&mut ct, 2000..2002) + taken(&mut ct, 0..5), 10);
    let later = NOW.after(10);
    for port in 100..200 {
        let (tuple, why) = offer(&mut ct, later, &udp_packet(port)).evicted.unwrap();
        let Ends::Ports { source, .. } = tuple.ends else { panic!("{tuple}") };
        assert!(source < 1000 && why == Why::DroppedEarly, "{tuple} left: {why}");
    }
    // The longest idle one of its own and of everybody's leaves for a newcomer of a class.
    let (tuple, _) = offer(&mut ct, later, &udp_packet(1100)).evicted.unwrap();
    assert_eq!(tuple, udp_packet(1000).tuple);
    assert_eq!(ct.stats().drop, 0);
}

#[test]
fn a_table_that_moves_keeps_its_reserves_or_does_not_move() {
    let mut ct = tracker(Refuse);
    assert_eq!(taken(&mut ct, 0..5), 5);
    assert!(ct.move_into(Owned::new(9)).is_err(), "five of everybody's and five reserved");
    assert!(ct.move_into(Owned::new(11)).is_ok());
    assert_eq!((taken(&mut ct, 5..20), taken(&mut ct, 1000..1020)), (1, 3));
    assert_eq!(taken(&mut ct, 2000..2020), 2);
}

#[test]
fn reserves_leave_one_slot_for_everybody_and_are_made_in_an_empty_table() {
    let new = || Conntrack::new(Owned::<u16>::new(4), Config::DEFAULT, Seed([9; 16])).unwrap();
    let [first, second] = [0, 1].map(|index| Class::at(index).unwrap());
    assert!(new().reserve(first, 3).is_ok());
    assert_eq!(new().reserve(first, 4).err(), Some(ConfigError::ReservesTooLarge));
    let both = new().reserve(first, 2).unwrap().reserve(second, 2);
    assert_eq!(both.err(), Some(ConfigError::ReservesTooLarge));
    let mut ct = new();
    offer(&mut ct, NOW, &udp_packet(1));
    assert_eq!(ct.reserve(first, 1).err(), Some(ConfigError::NotEmpty));
    assert_eq!(
        (Class::at(Class::MAX_COUNT - 1).is_some(), Class::at(Class::MAX_COUNT)),
        (true, None)
    );
}
