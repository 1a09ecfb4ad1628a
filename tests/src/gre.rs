//! Is GRE tracked as by Linux: by its addresses, and version 1 by its calls, too?

use keeptrack_core::{
    Config, Conntrack, Direction, Ends, Instant, Invalid, Malformed, Protocol, Seed, Status,
};

use crate::answer::{Answer, Filter, Verdict};
use crate::frames::{CLIENT, CLIENT6, ROUTER, SERVER, SERVER6, error, icmp_of, ip, read};
use crate::memory::Owned;

const NOW: Instant = Instant::from_millis(1_000);
/// Version 0 with a key of its own (RFC 2890), which is not the tunnel's name to Linux.
const PLAIN: [u8; 8] = [0x20, 0, 8, 0, 0, 0, 0, 5];

/// Version 1 to the end that has chosen that call identifier.
fn call(id: u16) -> [u8; 8] {
    let [high, low] = id.to_be_bytes();
    [0x30, 1, 0x88, 0x0b, 0, 0, high, low]
}

fn tracker() -> Conntrack<Owned> {
    Conntrack::new(Owned::new(8), Config::DEFAULT, Seed([8; 16])).unwrap()
}

fn forth(body: &[u8]) -> Vec<u8> {
    ip(Protocol::GRE, CLIENT, SERVER, body)
}

fn back(body: &[u8]) -> Vec<u8> {
    ip(Protocol::GRE, SERVER, CLIENT, body)
}

/// Verdict, seconds and whether it is assured now.
fn life(ct: &mut Conntrack<Owned>, frame: &[u8]) -> (Verdict, Option<u32>, bool) {
    let answer = Answer::of(ct.track(NOW, &read(frame)), Filter::Accepts);
    let assured = answer.conn.is_some_and(|conn| conn.status.has(Status::ASSURED));
    (answer.verdict, answer.timeout, assured)
}

#[test]
fn a_tunnel_is_a_stream_from_the_packet_behind_its_first_answer_on() {
    for (one, other) in [(CLIENT, SERVER), (CLIENT6, SERVER6)] {
        let mut ct = tracker();
        let (forth, back) =
            (ip(Protocol::GRE, one, other, &PLAIN), ip(Protocol::GRE, other, one, &PLAIN));
        assert_eq!(life(&mut ct, &forth), (Verdict::New, Some(30), false));
        assert_eq!(life(&mut ct, &forth), (Verdict::New, Some(30), false));
        assert_eq!(life(&mut ct, &back), (Verdict::Established, Some(30), false));
        assert_eq!(life(&mut ct, &forth), (Verdict::Established, Some(180), true));
        assert_eq!(life(&mut ct, &back), (Verdict::Established, Some(180), true));
        assert_eq!(ct.len(), 1);
    }
}

#[test]
fn calls_of_version_1_are_connections_of_one_direction() {
    let mut ct = tracker();
    for id in [7, 8, 7] {
        assert_eq!(life(&mut ct, &forth(&call(id))), (Verdict::New, Some(30), false));
    }
    // The other way goes another call: nothing in the packet tells whose answer it is.
    assert_eq!(life(&mut ct, &back(&call(9))), (Verdict::New, Some(30), false));
    assert_eq!(life(&mut ct, &back(&PLAIN)), (Verdict::New, Some(30), false));
    let mut lines: Vec<String> = ct.iter().map(|conn| conn.list(NOW).to_string()).collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "gre      47 30 src=192.0.2.1 dst=198.51.100.2 srckey=0x0 dstkey=0x7 [UNREPLIED] \
             src=198.51.100.2 dst=192.0.2.1 srckey=0x7 dstkey=0x0",
            "gre      47 30 src=192.0.2.1 dst=198.51.100.2 srckey=0x0 dstkey=0x8 [UNREPLIED] \
             src=198.51.100.2 dst=192.0.2.1 srckey=0x8 dstkey=0x0",
            "gre      47 30 src=198.51.100.2 dst=192.0.2.1 srckey=0x0 dstkey=0x0 [UNREPLIED] \
             src=192.0.2.1 dst=198.51.100.2 srckey=0x0 dstkey=0x0",
            "gre      47 30 src=198.51.100.2 dst=192.0.2.1 srckey=0x0 dstkey=0x9 [UNREPLIED] \
             src=192.0.2.1 dst=198.51.100.2 srckey=0x9 dstkey=0x0",
        ],
    );
}

#[test]
fn call_0_both_ways_is_one_connection() {
    let mut ct = tracker();
    life(&mut ct, &forth(&call(0)));
    assert_eq!(life(&mut ct, &back(&call(0))).0, Verdict::Established);
    assert_eq!(life(&mut ct, &forth(&PLAIN)).0, Verdict::Established);
}

#[test]
fn version_1_carries_ppp_or_is_invalid() {
    let mut ct = tracker();
    let mut other = call(7);
    other[2..4].copy_from_slice(&[8, 0]);
    let why = Invalid::Malformed(Malformed::GreHeader);
    assert_eq!(life(&mut ct, &forth(&other)).0, Verdict::Invalid(why));
    assert_eq!((ct.stats().invalid_by(why), ct.len()), (1, 0));
    // Shorter than it ought to be is nothing to Linux.
    assert_eq!(life(&mut ct, &forth(&call(7)[..6])).0, Verdict::New);
    assert_eq!(life(&mut ct, &forth(&[0x30])).0, Verdict::New);
    assert_eq!(
        ct.iter().next().unwrap().tuple(Direction::Reply).ends,
        Ends::Keys { source: 0, destination: 0 }
    );
    assert_eq!(ct.len(), 1);
}

#[test]
fn an_error_about_a_call_is_related_to_it() {
    let mut ct = tracker();
    life(&mut ct, &forth(&call(7)));
    let about = |id| ip(icmp_of(CLIENT), ROUTER, CLIENT, &error(3, 1, &forth(&call(id))));
    assert_eq!(life(&mut ct, &about(7)).0, Verdict::Related);
    assert_eq!(life(&mut ct, &about(8)).0, Verdict::Invalid(Invalid::ErrorUnknown));
}
