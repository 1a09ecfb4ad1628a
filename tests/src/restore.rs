//! Are connections of somebody else's table found like our own, and what is taken out handed out?

use std::net::IpAddr;

use keeptrack_core::{
    Config, Conntrack, Direction, Ended, Ends, Instant, MAX_SECONDS, Protocol, Restored, SctpState,
    Seed, State, Status, Step, TcpFlags, TcpState, Tuple, Why, Zone,
};

use crate::answer::{Answer, Filter, Verdict};
use crate::frames::{CLIENT, CLIENT6, SERVER, SERVER6, chunk, ip, query, read, sctp, tcp, udp};
use crate::memory::Owned;

const NOW: Instant = Instant::from_millis(1_700_000_000_000);
const ACK: TcpFlags = TcpFlags::ACK;

fn tracker(slot_count: usize) -> Conntrack<Owned> {
    Conntrack::new(Owned::new(slot_count), Config::DEFAULT, Seed([7; 16])).unwrap()
}

fn ports(protocol: Protocol, (source, destination): (IpAddr, IpAddr)) -> Tuple {
    Tuple { source, destination, protocol, ends: Ends::Ports { source: 9, destination: 80 } }
}

/// A TCP connection from client to server, answered and assured.
fn open_tcp(state: TcpState) -> Restored {
    let mut open = Restored::new(ports(Protocol::TCP, (CLIENT, SERVER)), 5_000);
    open.state = Some(State::Tcp(state));
    open.status = Status::SEEN_REPLY | Status::ASSURED;
    open
}

/// A segment of that connection.
fn segment(dir: Direction, flags: TcpFlags, numbers: (u32, u32)) -> Vec<u8> {
    match dir {
        Direction::Original => ip(Protocol::TCP, CLIENT, SERVER, &tcp((9, 80), flags, numbers)),
        Direction::Reply => ip(Protocol::TCP, SERVER, CLIENT, &tcp((80, 9), flags, numbers)),
    }
}

fn hear(ct: &mut Conntrack<Owned>, frame: &[u8]) -> Answer {
    Answer::of(ct.track(NOW, &read(frame)), Filter::Accepts)
}

/// Who is handed out, and why.
fn drain(ct: &mut Conntrack<Owned>, now: Instant) -> Vec<(Tuple, Why)> {
    let mut left = Vec::new();
    loop {
        match ct.expire(now) {
            Step::Ended(Ended { conn, why }) => left.push((conn.tuple(Direction::Original), why)),
            Step::Working => {}
            Step::Idle => return left,
        }
    }
}

#[test]
fn what_was_told_is_what_is_listed() {
    let mut ct = tracker(4);
    let open = open_tcp(TcpState::Established);
    let made = ct.restore(NOW, &open).unwrap();
    assert!(made.evicted.is_none());
    assert!(made.conn.status().has(Status::CONFIRMED));
    assert_eq!(
        made.conn.list(NOW).to_string(),
        "tcp      6 5000 ESTABLISHED src=192.0.2.1 dst=198.51.100.2 sport=9 dport=80 \
         src=198.51.100.2 dst=192.0.2.1 sport=80 dport=9 [ASSURED]",
    );
    let stats = ct.stats();
    assert_eq!((stats.insert, stats.confirmed, stats.first, ct.len()), (1, 1, 0, 1));
    assert_eq!(drain(&mut ct, NOW.after(4_999)), []);
    assert_eq!(drain(&mut ct, NOW.after(5_000)), [(open.tuple, Why::TimedOut)]);
}

#[test]
fn tcp_takes_its_next_segment_from_either_side_whatever_its_numbers_are() {
    for dir in [Direction::Original, Direction::Reply] {
        for numbers in [(0, 0), (7, u32::MAX), (0x8000_0000, 1)] {
            let mut ct = tracker(4);
            ct.restore(NOW, &open_tcp(TcpState::Established)).unwrap();
            let answer = hear(&mut ct, &segment(dir, ACK, numbers));
            assert_eq!((answer.verdict, answer.dir), (Verdict::Established, Some(dir)));
            assert_eq!(answer.timeout, Some(432_000));
        }
    }
}

#[test]
fn tcp_goes_on_from_its_state() {
    let fin_ack = TcpFlags::FIN | ACK;
    for (state, flags, then, timeout) in [
        (TcpState::SynSent, TcpFlags::SYN | ACK, TcpState::SynRecv, 60),
        (TcpState::Established, fin_ack, TcpState::FinWait, 120),
        (TcpState::FinWait, ACK, TcpState::CloseWait, 60),
        (TcpState::CloseWait, fin_ack, TcpState::LastAck, 30),
        (TcpState::LastAck, ACK, TcpState::TimeWait, 120),
    ] {
        let mut ct = tracker(4);
        ct.restore(NOW, &open_tcp(state)).unwrap();
        let answer = hear(&mut ct, &segment(Direction::Reply, flags, (5, 6)));
        assert_eq!(answer.conn.unwrap().state, Some(State::Tcp(then)), "{state}");
        assert_eq!(answer.timeout, Some(timeout), "{state}");
    }
}

#[test]
fn a_connection_that_both_sides_have_closed_may_be_reopened() {
    let mut ct = tracker(4);
    ct.restore(NOW, &open_tcp(TcpState::TimeWait)).unwrap();
    let syn = hear(&mut ct, &segment(Direction::Original, TcpFlags::SYN, (1, 0)));
    assert_eq!((syn.verdict, syn.timeout, syn.dir), (Verdict::New, Some(120), None));
    assert_eq!(drain(&mut ct, NOW)[0].1, Why::Reopened);
    // Nobody knows who has reset it.
    let mut ct = tracker(4);
    ct.restore(NOW, &open_tcp(TcpState::Close)).unwrap();
    let syn = hear(&mut ct, &segment(Direction::Original, TcpFlags::SYN, (1, 0)));
    assert_eq!((syn.verdict, syn.timeout), (Verdict::Established, None));
}

#[test]
fn a_state_that_was_not_told_is_none() {
    let mut ct = tracker(4);
    for protocol in [Protocol::TCP, Protocol::SCTP] {
        let made = ct.restore(NOW, &Restored::new(ports(protocol, (CLIENT, SERVER)), 9)).unwrap();
        assert_eq!(made.conn.state_name(), Some("NONE"));
    }
    let answer = hear(&mut ct, &segment(Direction::Original, ACK, (5, 6)));
    assert_eq!(answer.conn.unwrap().state, Some(State::Tcp(TcpState::Established)));
}

#[test]
fn udp_is_a_stream_as_soon_as_it_is_answered() {
    let mut ct = tracker(4);
    let mut open = Restored::new(ports(Protocol::UDP, (CLIENT6, SERVER6)), 7);
    open.status = Status::SEEN_REPLY;
    ct.restore(NOW, &open).unwrap();
    let answer = hear(&mut ct, &ip(Protocol::UDP, SERVER6, CLIENT6, &udp(80, 9)));
    assert_eq!(
        (answer.timeout, answer.conn.unwrap().status.has(Status::ASSURED)),
        (Some(120), true)
    );
}

#[test]
fn an_association_learns_the_tags_of_its_next_packets() {
    let mut ct = tracker(4);
    let mut open = Restored::new(ports(Protocol::SCTP, (CLIENT, SERVER)), 200);
    open.state = Some(State::Sctp(SctpState::Established));
    open.status = Status::SEEN_REPLY | Status::ASSURED;
    ct.restore(NOW, &open).unwrap();
    let data = [chunk(0, 0, &[0; 12])];
    let forth = |tag| ip(Protocol::SCTP, CLIENT, SERVER, &sctp((9, 80), tag, &data));
    let back = |tag| ip(Protocol::SCTP, SERVER, CLIENT, &sctp((80, 9), tag, &data));
    for (frame, passes) in
        [(back(5), true), (back(6), false), (forth(7), true), (forth(5), false), (back(5), true)]
    {
        assert_eq!(hear(&mut ct, &frame).verdict == Verdict::Established, passes);
    }
}

#[test]
fn a_query_and_a_call_are_found_by_their_answers() {
    let mut ct = tracker(4);
    let asks = Tuple {
        protocol: Protocol::ICMP,
        ends: Ends::Query { kind: 8, code: 0, id: 3 },
        ..ports(Protocol::TCP, (CLIENT, SERVER))
    };
    ct.restore(NOW, &Restored::new(asks, 9)).unwrap();
    let answer = hear(&mut ct, &ip(Protocol::ICMP, SERVER, CLIENT, &query(0, 0, 3)));
    assert_eq!((answer.verdict, answer.timeout), (Verdict::Established, Some(30)));
    let keys = Ends::Keys { source: 0, destination: 7 };
    let call = Tuple { protocol: Protocol::GRE, ends: keys, ..asks };
    ct.restore(NOW, &Restored::new(call, 9)).unwrap();
    let body = [0x30, 1, 0x88, 0x0b, 0, 0, 0, 7];
    let answer = hear(&mut ct, &ip(Protocol::GRE, CLIENT, SERVER, &body));
    assert_eq!((answer.verdict, answer.dir), (Verdict::New, Some(Direction::Original)));
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let of_tcp = ports(Protocol::TCP, (CLIENT, SERVER));
    let query = |kind| Ends::Query { kind, code: 0, id: 3 };
    let keys = Ends::Keys { source: 0, destination: 0 };
    let mut ct = tracker(4);
    for tuple in [
        Tuple { ends: Ends::None, ..of_tcp },
        Tuple { ends: query(8), ..of_tcp },
        Tuple { destination: SERVER6, ..of_tcp },
        Tuple { protocol: Protocol::ICMP, ..of_tcp },
        Tuple { protocol: Protocol::ICMP, ends: query(0), ..of_tcp },
        Tuple { protocol: Protocol::ICMP, ends: query(3), ..of_tcp },
        Tuple { protocol: Protocol::ICMPV6, ends: query(128), ..of_tcp },
        Tuple { protocol: Protocol::GRE, ends: Ends::None, ..of_tcp },
        Tuple { protocol: Protocol::UDP, ends: keys, ..of_tcp },
        Tuple { protocol: Protocol(50), ..of_tcp },
    ] {
        let refused = ct.restore(NOW, &Restored::new(tuple, 9));
        assert_eq!(refused.unwrap_err().name(), "tuple", "{tuple}");
    }
    let mut of_another = open_tcp(TcpState::Established);
    of_another.state = Some(State::Sctp(SctpState::Established));
    assert_eq!(ct.restore(NOW, &of_another).unwrap_err().name(), "state");
    let mut of_udp = Restored::new(ports(Protocol::UDP, (CLIENT, SERVER)), 9);
    of_udp.state = Some(State::Tcp(TcpState::Established));
    assert_eq!(ct.restore(NOW, &of_udp).unwrap_err().name(), "state");
    assert_eq!((ct.stats().insert_failed, ct.stats().insert, ct.len()), (12, 0, 0));
}

#[test]
fn what_is_in_the_table_is_not_restored_in_either_direction() {
    let mut ct = tracker(4);
    let open = open_tcp(TcpState::Established);
    ct.restore(NOW, &open).unwrap();
    for tuple in [open.tuple, open.tuple.invert()] {
        let again = Restored::new(tuple, 9);
        assert_eq!(ct.restore(NOW, &again).unwrap_err().name(), "exists");
    }
    let mut elsewhere = open;
    elsewhere.zone = Zone(5);
    assert_eq!(ct.restore(NOW, &elsewhere).unwrap().conn.zone(), Zone(5));
    // What has run out is not in the table, whoever looked.
    assert!(ct.restore(NOW.after(5_000), &open).is_ok());
}

#[test]
fn a_full_table_takes_nobody_in_but_in_place_of_what_is_over() {
    let mut ct = tracker(1);
    let tcp = open_tcp(TcpState::Established);
    ct.restore(NOW, &tcp).unwrap();
    let udp = Restored::new(ports(Protocol::UDP, (CLIENT, SERVER)), 30);
    let refused = ct.restore(NOW, &udp).unwrap_err();
    assert_eq!(refused.name(), "table_full");
    assert_eq!((ct.stats().drop, ct.stats().insert_failed), (0, 1), "no packet was dropped");
    let evicted = ct.restore(NOW.after(5_000), &udp).unwrap().evicted.unwrap();
    assert_eq!((evicted.conn.tuple(Direction::Original), evicted.why), (tcp.tuple, Why::TimedOut));
}

#[test]
fn no_one_lives_longer_than_the_longest_timeout() {
    for (told, lives) in [(0, 0), (MAX_SECONDS, MAX_SECONDS), (u32::MAX, MAX_SECONDS)] {
        let mut ct = tracker(1);
        let mut open = open_tcp(TcpState::Established);
        open.timeout_s = told;
        assert_eq!(ct.restore(NOW, &open).unwrap().conn.expiry(), NOW.after(lives));
        assert_eq!(drain(&mut ct, NOW.after(lives)).len(), 1);
    }
}

#[test]
fn what_is_flushed_leaves_by_the_one_door() {
    for dir in [Direction::Original, Direction::Reply] {
        let mut ct = tracker(4);
        let open = open_tcp(TcpState::Established);
        ct.restore(NOW, &open).unwrap();
        let tuple = if dir == Direction::Original { open.tuple } else { open.tuple.invert() };
        assert!(!ct.flush(NOW, &tuple, Zone(1)), "none in that zone");
        assert!(ct.flush(NOW, &tuple, Zone::DEFAULT));
        assert!(!ct.flush(NOW, &tuple, Zone::DEFAULT), "not twice");
        assert_eq!((ct.len(), ct.next_expiry()), (0, Some(NOW)));
        assert_eq!(hear(&mut ct, &segment(dir, TcpFlags::RST, (1, 1))).conn, None);
        assert_eq!(drain(&mut ct, NOW), [(open.tuple, Why::Flushed)]);
        assert_eq!((ct.stats().flushed, ct.stats().timed_out), (1, 0));
    }
}

#[test]
fn what_has_run_out_is_not_flushed() {
    let mut ct = tracker(4);
    let open = open_tcp(TcpState::Established);
    ct.restore(NOW, &open).unwrap();
    assert!(!ct.flush(NOW.after(5_000), &open.tuple, Zone::DEFAULT));
    assert_eq!(drain(&mut ct, NOW.after(5_000)), [(open.tuple, Why::TimedOut)]);
    let nobodys = Tuple { destination: SERVER6, ..open.tuple };
    assert!(!ct.flush(NOW, &nobodys, Zone::DEFAULT));
}
