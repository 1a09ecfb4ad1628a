//! Fragments at a gateway: the later parts of a datagram are what its first part was, and pass
//! behind it only.

use keeptrack_core::fragment::Follow;
use keeptrack_core::raw::{ChainId, Hook, Matches, Ports, Raw, RawTable, Target, Test, TrackAll};
use keeptrack_core::{
    Config, Conntrack, Direction, Held, Instant, Invalid, LinkType, Malformed, NoHelpers, Packet,
    Protocol, Refuse, Seed,
};

use super::story::{Family, Part};
use crate::answer::{Answer, Filter, Verdict};
use crate::frames::{CLIENT, ROUTER, SERVER, error, ip, udp};
use crate::memory::Owned;

type Tracker<R = TrackAll> = Conntrack<Owned, Refuse, R, NoHelpers, Follow<2>>;

const NOW: Instant = Instant::from_millis(1_000);
const FAMILIES: [Family; 2] = [Family::V4, Family::V6];
const UNLED: Verdict = Verdict::Held(Held::Unled);

fn under<R: Raw>(rules: R) -> Tracker<R> {
    let ct = Conntrack::new(Owned::new(16), Config::DEFAULT, Seed([6; 16])).unwrap();
    ct.on_full(Refuse).with_rules(rules).with_fragments(Follow::new())
}

fn tracker() -> Tracker {
    under(TrackAll)
}

fn hear<R: Raw>(ct: &mut Tracker<R>, now: Instant, packet: &[u8]) -> Answer {
    let packet = Packet::parse(LinkType::Raw, packet).unwrap();
    Answer::of(ct.track(now, &packet), Filter::Accepts)
}

/// The first part of a datagram of 24 bytes, and the others.
fn parts(family: Family, id: u16) -> [Vec<u8>; 3] {
    [Part::front(0..8), Part::front(8..16), Part::last(16..24)]
        .map(|part| part.numbered(id).packet(family))
}

#[test]
fn later_parts_are_of_the_connection_of_the_first() {
    for family in FAMILIES {
        let mut ct = tracker();
        let [first, middle, last] = parts(family, 1);
        assert_eq!(hear(&mut ct, NOW, &first).verdict, Verdict::New);
        for part in [&last, &middle, &last] {
            let later = hear(&mut ct, NOW.after(29), part);
            assert_eq!((later.verdict, later.dir), (Verdict::New, Some(Direction::Original)));
            // They renew nothing.
            assert_eq!((later.timeout, later.conn.unwrap().expiry), (None, NOW.after(30)));
        }
        assert_eq!(hear(&mut ct, NOW.after(30), &last).verdict, UNLED);
    }
}

#[test]
fn what_does_not_come_behind_its_first_part_is_refused() {
    for family in FAMILIES {
        let mut ct = tracker();
        let [first, middle, last] = parts(family, 1);
        assert_eq!(hear(&mut ct, NOW, &middle).verdict, UNLED);
        hear(&mut ct, NOW, &first);
        let [_, _, other] = parts(family, 2);
        let of_another = Part::last(8..24).of_tcp().packet(family);
        let too_long = Part::last(65_528..65_544).packet(family);
        let long_first = Part::front(0..16).numbered(3).packet(family);
        let over_it = Part::last(8..24).numbered(3).packet(family);
        // In IPv6 the protocol is what the first part says.
        let is_other = if family == Family::V4 { UNLED } else { Verdict::New };
        for (part, verdict) in [
            (last, Verdict::New),
            (other, UNLED),
            (of_another, is_other),
            (too_long, Verdict::Held(Held::TooLong)),
            (long_first, Verdict::New),
            (over_it, Verdict::Held(Held::Overlap)),
        ] {
            assert_eq!(hear(&mut ct, NOW, &part).verdict, verdict, "{family:?}");
        }
        let refused = [Held::Unled, Held::TooLong, Held::Overlap, Held::Waits];
        let unled_count = if family == Family::V4 { 3 } else { 2 };
        assert_eq!(refused.map(|why| ct.stats().held_by(why)), [unled_count, 1, 1, 0]);
    }
}

#[test]
fn a_shorter_first_part_uncovers_nothing() {
    for family in FAMILIES {
        let mut ct = tracker();
        let [short, over, _] = parts(family, 1);
        let long = Part::front(0..16).numbered(1).packet(family);
        let overlap = Verdict::Held(Held::Overlap);
        assert_eq!(hear(&mut ct, NOW, &long).verdict, Verdict::New);
        for refused in [&over, &short, &over] {
            assert_eq!(hear(&mut ct, NOW, refused).verdict, overlap);
        }
        // The same again is no other datagram, and when it is forgotten its number may come again.
        assert_eq!(hear(&mut ct, NOW, &long).verdict, Verdict::New);
        assert_eq!(hear(&mut ct, NOW.after(30), &short).verdict, Verdict::New);
    }
}

#[test]
fn what_the_filter_did_not_let_in_is_not_followed() {
    let mut ct = tracker();
    let [first, middle, _] = parts(Family::V4, 1);
    let packet = Packet::parse(LinkType::Raw, &first).unwrap();
    Answer::of(ct.track(NOW, &packet), Filter::Drops);
    assert_eq!(hear(&mut ct, NOW, &middle).verdict, UNLED);
}

#[test]
fn rules_of_ports_are_asked_with_those_of_the_first_part() {
    let mut table = RawTable::<4, 3>::new();
    let port = Ports::from_slice(&[(2000, 2000)]).unwrap();
    let matches = Matches { destination_ports: Test::Is(port), ..Matches::default() };
    table.append(ChainId::of(Hook::Prerouting), matches, Target::NoTrack).unwrap();
    let mut ct = under(table);
    for part in parts(Family::V4, 1) {
        assert_eq!(hear(&mut ct, NOW, &part).verdict, Verdict::Untracked);
    }
}

#[test]
fn invalid_is_followed_for_the_same_reason() {
    let mut ct = tracker();
    let too_short = Invalid::Malformed(Malformed::TcpHeader);
    for part in [Part::front(0..16), Part::last(16..24)] {
        let answer = hear(&mut ct, NOW, &part.of_tcp().packet(Family::V4));
        assert_eq!(answer.verdict, Verdict::Invalid(too_short));
    }
}

#[test]
fn errors_are_followed_to_what_they_speak_of() {
    let mut ct = tracker();
    let datagram = ip(Protocol::UDP, CLIENT, SERVER, &udp(1000, 53));
    hear(&mut ct, NOW, &datagram);
    let whole =
        ip(Protocol::ICMP, ROUTER, CLIENT, &error(3, 3, &[&datagram[..], &[0; 20]].concat()));
    let (header, message) = whole.split_at(20);
    for (part, place) in [(&message[..40], [0x20, 0]), (&message[40..], [0, 5])] {
        let mut packet = [header, part].concat();
        let [high, low] = u16::try_from(packet.len()).unwrap().to_be_bytes();
        packet[2..4].copy_from_slice(&[high, low]);
        packet[6..8].copy_from_slice(&place);
        assert_eq!(hear(&mut ct, NOW, &packet).verdict, Verdict::Related);
    }
}

#[test]
fn the_oldest_first_part_is_forgotten_for_a_newer_one() {
    let mut ct = tracker();
    let datagrams = [1, 2, 3].map(|id| parts(Family::V6, id));
    for (number, [first, ..]) in (0..).zip(&datagrams) {
        hear(&mut ct, NOW.after(number), first);
    }
    let heard = datagrams.map(|[_, middle, _]| hear(&mut ct, NOW.after(3), &middle).verdict);
    assert_eq!(heard, [UNLED, Verdict::New, Verdict::New]);
}

#[test]
fn a_fragment_that_is_all_of_its_datagram_is_a_packet() {
    let mut ct = tracker();
    let atomic = Part::last(0..24).packet(Family::V6);
    let answer = hear(&mut ct, NOW, &atomic);
    assert_eq!((answer.verdict, answer.timeout), (Verdict::New, Some(30)));
}
