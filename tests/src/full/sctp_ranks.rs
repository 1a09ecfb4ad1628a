//! SCTP at a full table: an association that begins is none that is over, and what a packet does
//! before its invalid chunk counts.

use keeptrack_core::raw::Raw;
use keeptrack_core::{
    Conntrack, Direction, Ends, Instant, Invalid, LinkType, Memory, OnFull, Packet, Protocol, Rank,
    Ranked, Restored, SctpState, State, Status, TcpFlags, TcpState, Tuple, Why, Zone,
};

use super::{NOW, offer, tcp_packet, tracker};
use crate::answer::{Answer, Verdict};
use crate::frames::{CLIENT, SERVER, chunk, ip, sctp};
use crate::memory::Owned;
use crate::sctp_table::CHUNKS;

/// What both sides ask for.
pub(super) const TAG: u32 = 7;
const STRANGE_TAG: u32 = 77;
const PORT: u16 = 1111;

/// Hears a packet of the association of a client's port, with chunks in the tests' words.
pub(super) fn hear<M: Memory, P: OnFull, R: Raw>(
    ct: &mut Conntrack<M, P, R>,
    now: Instant,
    (port, dir, tag): (u16, Direction, u32),
    words: &str,
) -> Answer {
    let (from, to, ports) = match dir {
        Direction::Original => (CLIENT, SERVER, (port, 2905)),
        Direction::Reply => (SERVER, CLIENT, (2905, port)),
    };
    let chunks: Vec<Vec<u8>> = words.split('+').map(a_chunk).collect();
    let frame = ip(Protocol::SCTP, from, to, &sctp(ports, tag, &chunks));
    offer(ct, now, &Packet::parse(LinkType::Raw, &frame).unwrap())
}

fn a_chunk(word: &str) -> Vec<u8> {
    let kind = CHUNKS.iter().find(|(known, _)| *known == word).expect(word).1;
    chunk(kind, 0, &[&TAG.to_be_bytes()[..], &[0; 12]].concat())
}

type Tracker = Conntrack<Owned, Ranked>;

/// Two slots.
fn two() -> Tracker {
    tracker(2).on_full(Ranked::new(0))
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(NOW.as_millis() + ms)
}

/// Hears packets, each of which passes: `>` the client's, `<` the server's.
fn tell(ct: &mut Tracker, now: Instant, story: &str) {
    let words: Vec<&str> = story.split(' ').collect();
    for step in words.chunks(2) {
        let dir = if step[0] == ">" { Direction::Original } else { Direction::Reply };
        let tag = if step[1] == "INIT" { 0 } else { TAG };
        let verdict = hear(ct, now, (PORT, dir, tag), step[1]).verdict;
        assert!(matches!(verdict, Verdict::New | Verdict::Established), "{story}: {verdict:?}");
    }
}

fn association() -> Tuple {
    let ends = Ends::Ports { source: PORT, destination: 2905 };
    Tuple { source: CLIENT, destination: SERVER, protocol: Protocol::SCTP, ends }
}

fn rank(ct: &Tracker) -> Option<Rank> {
    Rank::of(ct.find(&association(), Zone::DEFAULT).unwrap())
}

/// A connection of TCP in that state.
fn restore(ct: &mut Tracker, now: Instant, (state, timeout_s): (TcpState, u32)) -> Tuple {
    let mut open = Restored::new(tcp_packet(1, TcpFlags::SYN).tuple, timeout_s);
    (open.state, open.status) = (Some(State::Tcp(state)), Status::SEEN_REPLY | Status::ASSURED);
    ct.restore(now, &open).unwrap();
    open.tuple
}

/// Who leaves for a newcomer.
fn leaver(ct: &mut Tracker, now: Instant, port: u16) -> Tuple {
    let answer = offer(ct, now, &tcp_packet(port, TcpFlags::SYN));
    assert_eq!(answer.verdict, Verdict::New);
    let (tuple, why) = answer.evicted.expect("the table is full");
    assert_eq!(why, Why::DroppedEarly);
    tuple
}

#[test]
fn an_init_that_has_just_come_stays_when_anybody_closes_or_waits_in_vain() {
    for closing in [
        (TcpState::TimeWait, 120),
        (TcpState::Close, 10),
        (TcpState::LastAck, 30),
        (TcpState::CloseWait, 60),
        (TcpState::FinWait, 120),
    ] {
        let mut ct = two();
        tell(&mut ct, at(0), "> INIT");
        assert_eq!(rank(&ct), Some(Rank::Unreplied));
        let closing = restore(&mut ct, at(10), closing);
        assert_eq!(leaver(&mut ct, at(20), 2), closing);
    }
    let mut ct = two();
    let waits = tcp_packet(1, TcpFlags::SYN);
    offer(&mut ct, at(0), &waits);
    tell(&mut ct, at(1000), "> INIT");
    assert_eq!(leaver(&mut ct, at(1100), 2), waits.tuple);
    // Who is heard of again is still answered.
    tell(&mut ct, at(1100), "< INIT-ACK > COOKIE-ECHO < COOKIE-ACK");
    assert_eq!(rank(&ct), None);
}

#[test]
fn an_association_that_was_answered_and_is_over_leaves_first() {
    for end in [
        "< ABORT",
        "< INIT-ACK > ABORT",
        "< INIT-ACK > COOKIE-ECHO < COOKIE-ACK < ABORT",
        "< INIT-ACK > COOKIE-ECHO < COOKIE-ACK > SHUTDOWN < SHUTDOWN-ACK > SHUTDOWN-COMPLETE",
    ] {
        let mut ct = two();
        restore(&mut ct, at(0), (TcpState::LastAck, 30));
        tell(&mut ct, at(10), &format!("> INIT {end}"));
        assert_eq!(rank(&ct), Some(Rank::Finished), "{end}");
        assert_eq!(leaver(&mut ct, at(20), 2), association(), "{end}");
    }
}

#[test]
fn whoever_an_invalid_packet_has_assured_never_leaves_and_whoever_it_has_closed_does() {
    for words in ["COOKIE-ACK+ABORT", "COOKIE-ACK+HEARTBEAT-ACK"] {
        let mut ct = two();
        tell(&mut ct, at(0), "> INIT < INIT-ACK > COOKIE-ECHO");
        assert_eq!(rank(&ct), Some(Rank::Unassured));
        let answer = hear(&mut ct, at(10), (PORT, Direction::Reply, STRANGE_TAG), words);
        assert_eq!(answer.verdict, Verdict::Invalid(Invalid::SctpTag), "{words}");
        let conn = ct.find(&association(), Zone::DEFAULT).unwrap();
        assert_eq!(conn.state(), Some(State::Sctp(SctpState::Established)));
        assert!(conn.status().has(Status::ASSURED));
        offer(&mut ct, at(20), &tcp_packet(1, TcpFlags::SYN));
        // It lives for three seconds, which an invalid packet does not make more.
        for port in 2..200 {
            let left = leaver(&mut ct, at(1000 + 10 * u64::from(port)), port);
            assert_ne!(left, association(), "{words}");
        }
        let closed = (PORT, Direction::Original, STRANGE_TAG);
        let answer = hear(&mut ct, at(2995), closed, "SHUTDOWN+ABORT");
        assert_eq!(answer.verdict, Verdict::Invalid(Invalid::SctpTag), "{words}");
        assert_eq!(rank(&ct), Some(Rank::FinWait));
        assert_eq!(leaver(&mut ct, at(2999), 200), association(), "{words}");
    }
}
