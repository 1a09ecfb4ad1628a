//! What must be so of all parts of datagrams, whatever they are: in any order they give one
//! datagram, and nothing that anybody sends takes more than the memory that is there.

use keeptrack_core::fragment::{AsLinux, Limits, Queue, Run};
use keeptrack_core::{
    Config, Conntrack, Held, Instant, LinkType, NoHelpers, Packet, Protocol, Refuse, Seed,
    raw::TrackAll,
};
use proptest::collection::vec;
use proptest::prelude::*;

use super::story::{Family, Part};
use crate::answer::{Answer, Filter, Verdict};
use crate::frames::{CLIENT, ROUTER, SERVER, error, ip, udp};
use crate::memory::Owned;

type Stage = AsLinux<Vec<Queue>, Vec<Run>>;
type Tracker = Conntrack<Owned, Refuse, TrackAll, NoHelpers, Stage>;

const NOW: Instant = Instant::from_millis(1_000);

fn tracker((queue_count, run_count): (usize, usize), limits: Limits) -> Tracker {
    let stage = AsLinux::new(vec![Queue::EMPTY; queue_count], vec![Run::EMPTY; run_count], limits);
    let ct = Conntrack::new(Owned::new(16), Config::DEFAULT, Seed([5; 16])).unwrap();
    ct.on_full(Refuse).with_fragments(stage)
}

fn hear(ct: &mut Tracker, now: Instant, packet: &[u8]) -> Answer {
    let packet = Packet::parse(LinkType::Raw, packet).unwrap();
    Answer::of(ct.track(now, &packet), Filter::Accepts)
}

fn family() -> impl Strategy<Value = Family> {
    prop_oneof![Just(Family::V4), Just(Family::V6)]
}

/// A datagram in parts, shuffled, and how long it is.
fn shuffled() -> impl Strategy<Value = (Vec<Part>, usize)> {
    let cuts = vec(1..200_usize, 1..20);
    cuts.prop_flat_map(|sizes| {
        let mut at = 0;
        let last = sizes.len() - 1;
        let parts: Vec<Part> = sizes
            .iter()
            .enumerate()
            .map(|(number, size)| {
                let start = at;
                if number == last {
                    at += size;
                    return Part::last(start..at);
                }
                at += size * 8;
                Part::front(start..at)
            })
            .collect();
        (Just(parts).prop_shuffle(), Just(at))
    })
}

/// Any parts at all, most of them near each other.
fn wild() -> impl Strategy<Value = Vec<(Part, u64)>> {
    let offset = prop_oneof![4 => 0..12_usize, 1 => 0..8192_usize];
    let part = (offset, 0..40_usize, any::<bool>(), 0..6_u16, 0..4_000_u64);
    let read = part.prop_map(|(offset, len, more, id, passes_ms)| {
        let start = offset * 8;
        let bytes = start..start + len;
        let part = if more { Part::front(bytes) } else { Part::last(bytes) };
        (part.numbered(id), passes_ms)
    });
    vec(read, 0..300)
}

proptest! {
    #[test]
    fn in_any_order_the_parts_are_one_datagram(family in family(), (parts, len) in shuffled()) {
        prop_assume!(len >= 8);
        let mut ct = tracker((1, 20), Limits::LINUX);
        let is_atomic = parts.len() == 1;
        for (number, part) in parts.iter().enumerate() {
            let answer = hear(&mut ct, NOW, &part.packet(family));
            let is_last = number + 1 == parts.len();
            let expected = if is_last { Verdict::New } else { Verdict::Held(Held::Waits) };
            prop_assert_eq!(answer.verdict, expected);
        }
        prop_assert_eq!(ct.len(), 1);
        prop_assert_eq!(ct.fragments().waiting_count(), 0);
        prop_assert_eq!(ct.stats().held_by(Held::Waits), parts.len() as u64 - 1);
        prop_assert!(is_atomic || ct.fragments().reassembled_count() == 1);
    }

    #[test]
    fn whatever_comes_fits_and_is_forgotten(family in family(), parts in wild()) {
        let mut ct = tracker((3, 8), Limits::LINUX);
        let mut now = NOW;
        for (part, passes_ms) in &parts {
            now = Instant::from_millis(now.as_millis() + passes_ms);
            hear(&mut ct, now, &part.packet(family));
            prop_assert!(ct.fragments().waiting_count() <= 3);
        }
        // A minute later there is room for everything again: eight stretches, the last of which
        // becomes longer.
        let later = now.after(60);
        for number in (0..8).rev() {
            let start = 16 * number;
            let part = Part::front(start..start + 8).packet(family);
            prop_assert_eq!(hear(&mut ct, later, &part).verdict, Verdict::Held(Held::Waits));
        }
        let last = Part::front(120..128).packet(family);
        prop_assert_eq!(hear(&mut ct, later, &last).verdict, Verdict::Held(Held::Waits));
        prop_assert_eq!(ct.fragments().waiting_count(), 1);
    }
}

#[test]
fn parts_wait_for_as_long_as_linux_lets_them() {
    for (family, seconds) in [(Family::V4, 30), (Family::V6, 60)] {
        let parts = [Part::front(0..8), Part::front(8..16), Part::last(16..24)];
        let [first, middle, last] = parts.map(|part| part.packet(family));
        for (left_ms, verdict) in [(1, Verdict::New), (0, Verdict::Held(Held::Waits))] {
            let mut ct = tracker((2, 4), Limits::LINUX);
            let end = NOW.after(seconds).as_millis() - left_ms;
            hear(&mut ct, NOW, &first);
            // What comes later does not renew it.
            hear(&mut ct, NOW.after(20), &middle);
            assert_eq!(hear(&mut ct, Instant::from_millis(end), &last).verdict, verdict);
            assert_eq!(ct.fragments().timed_out_count(), u64::from(left_ms == 0), "{family:?}");
        }
    }
}

#[test]
fn what_there_is_no_room_for_is_refused_by_name() {
    let part = |id| Part::front(0..8).numbered(id);
    // 704 bytes each part, and 200 or 184 each datagram.
    let two = Limits { ipfrag_high_thresh: 1_600, frag6_high_thresh: 1_600, ..Limits::LINUX };
    let none = Limits { ipfrag_high_thresh: 0, frag6_high_thresh: 0, ..Limits::LINUX };
    for family in [Family::V4, Family::V6] {
        for (limits, room, most) in [
            (Limits::LINUX, (3, 9), 3),
            (Limits::LINUX, (9, 3), 3),
            (two, (9, 9), 2),
            (none, (9, 9), 0),
        ] {
            let mut ct = tracker(room, limits);
            for id in 0..9 {
                let full = if id < most { Held::Waits } else { Held::Full };
                let answer = hear(&mut ct, NOW, &part(id).packet(family));
                assert_eq!(answer.verdict, Verdict::Held(full), "{family:?}: {id} of {most}");
            }
            assert_eq!(ct.stats().held_by(Held::Full), u64::from(9 - most));
        }
    }
}

#[test]
fn headers_that_a_capture_cut_are_missed_when_the_datagram_is_whole() {
    let mut ct = tracker((1, 4), Limits::LINUX);
    let mut hear_cut = |part: Part, kept_len: usize| {
        let packet = part.packet(Family::V4);
        let (kept, cut) = packet.split_at(packet.len().min(20 + kept_len));
        let cut_len = u32::try_from(cut.len()).unwrap();
        let packet = Packet::parse_cut(LinkType::Raw, kept, cut_len).unwrap();
        Answer::of(ct.track(NOW, &packet), Filter::Accepts).verdict
    };
    let (first, last) = (Part::front(0..8), Part::last(8..24));
    for (parts, kept_len, verdict) in [
        ([first.clone(), last.clone()], 0, Verdict::New),
        ([last.of_tcp(), first.of_tcp()], 11, Verdict::Held(Held::Cut)),
    ] {
        let [one, other] = parts;
        assert_eq!(hear_cut(one, 8), Verdict::Held(Held::Waits));
        assert_eq!(hear_cut(other, kept_len), verdict);
    }
}

#[test]
fn an_error_may_speak_of_its_packet_in_a_later_part() {
    let mut ct = tracker((1, 4), Limits::LINUX);
    let datagram = ip(Protocol::UDP, CLIENT, SERVER, &udp(1000, 53));
    hear(&mut ct, NOW, &datagram);
    let whole = ip(Protocol::ICMP, ROUTER, CLIENT, &error(3, 3, &datagram));
    let (header, message) = whole.split_at(20);
    let mut part = |range: std::ops::Range<usize>, more: u8| {
        let mut packet = [header, &message[range.clone()]].concat();
        let [high, low] = u16::try_from(packet.len()).unwrap().to_be_bytes();
        packet[2..4].copy_from_slice(&[high, low]);
        packet[6..8].copy_from_slice(&[more << 5, u8::try_from(range.start / 8).unwrap()]);
        hear(&mut ct, NOW, &packet).verdict
    };
    assert_eq!(part(24..36, 0), Verdict::Held(Held::Waits));
    assert_eq!(part(0..24, 1), Verdict::Related);
}
