//! Are packets and bytes counted as by Linux, and connections in their order?

use keeptrack_core::{
    Config, Conn, Conntrack, Counters, Direction, Ends, Instant, LinkType, Packet, Protocol,
    Restored, Seed, TcpFlags, Tuple, Unconfirmed,
};

use crate::answer::{Answer, Filter};
use crate::frames::{CLIENT, ROUTER, SERVER, error, icmp_of, ip, read, tcp, udp};
use crate::memory::Owned;

const NOW: Instant = Instant::from_millis(1_000);
const SYN: TcpFlags = TcpFlags::SYN;
const ACK: TcpFlags = TcpFlags::ACK;
const RST: TcpFlags = TcpFlags::RST;

fn tracker() -> Conntrack<Owned> {
    Conntrack::new(Owned::new(8), Config::DEFAULT, Seed([9; 16])).unwrap()
}

fn hear(ct: &mut Conntrack<Owned>, frame: &[u8]) {
    Answer::of(ct.track(NOW, &read(frame)), Filter::Accepts);
}

/// Packets and bytes of the original direction, then of the other.
fn counted(conn: &Conn) -> [(u64, u64); 2] {
    [Direction::Original, Direction::Reply].map(|dir| {
        let Counters { packets, bytes } = conn.counters(dir);
        (packets, bytes)
    })
}

fn of_the_only(ct: &Conntrack<Owned>) -> [(u64, u64); 2] {
    assert_eq!(ct.len(), 1);
    counted(ct.iter().next().unwrap())
}

fn forth(flags: TcpFlags, payload: &[u8]) -> Vec<u8> {
    let segment = [tcp((9, 80), flags, (1, 1)), payload.to_vec()].concat();
    ip(Protocol::TCP, CLIENT, SERVER, &segment)
}

fn back(flags: TcpFlags, payload: &[u8]) -> Vec<u8> {
    let segment = [tcp((80, 9), flags, (1, 1)), payload.to_vec()].concat();
    ip(Protocol::TCP, SERVER, CLIENT, &segment)
}

#[test]
fn packets_and_bytes_of_ip_are_counted_by_direction() {
    let mut ct = tracker();
    for frame in [forth(SYN, b""), back(SYN | ACK, b""), forth(ACK, b""), forth(ACK, b"payload")] {
        hear(&mut ct, &frame);
    }
    assert_eq!(of_the_only(&ct), [(3, 127), (1, 40)]);
    // What lies behind the packet is not of it, and what the capture cut off is.
    let padded = [&back(ACK, b"")[..], &[0; 6]].concat();
    hear(&mut ct, &padded);
    let long = back(ACK, &[0; 1000]);
    let cut = Packet::parse_cut(LinkType::Raw, &long[..40], 1000).unwrap();
    Answer::of(ct.track(NOW, &cut), Filter::Accepts);
    assert_eq!(of_the_only(&ct), [(3, 127), (3, 1120)]);
}

#[test]
fn the_first_packet_is_counted_before_its_connection_is_made() {
    let mut ct = tracker();
    let syn = forth(SYN, b"");
    let keeptrack_core::Tracked::First(first) = ct.track(NOW, &read(&syn)) else { panic!("it is") };
    assert_eq!(counted(Unconfirmed::conn(&first)), [(1, 40), (0, 0)]);
    assert_eq!((first.conn().start(), first.conn().number()), (NOW, 0));
}

#[test]
fn what_gives_no_longer_life_is_not_counted() {
    let mut ct = tracker();
    hear(&mut ct, &forth(SYN, b""));
    // A SYN again, an answer that does not belong here, an error about it.
    let about = error(3, 1, &forth(SYN, b""));
    for frame in [forth(SYN, b""), back(ACK, b""), ip(icmp_of(CLIENT), ROUTER, CLIENT, &about)] {
        hear(&mut ct, &frame);
        assert_eq!(of_the_only(&ct), [(1, 40), (0, 0)]);
    }
    hear(&mut ct, &back(SYN | ACK, b""));
    hear(&mut ct, &forth(ACK, b""));
    for frame in [back(SYN | ACK, b""), forth(SYN, b""), forth(TcpFlags(0), b"")] {
        hear(&mut ct, &frame);
        assert_eq!(of_the_only(&ct), [(2, 80), (1, 40)]);
    }
}

#[test]
fn what_ends_its_connection_is_counted() {
    let mut ct = tracker();
    hear(&mut ct, &forth(SYN, b""));
    hear(&mut ct, &back(RST | ACK, b""));
    let keeptrack_core::Step::Ended(ended) = ct.expire(NOW) else { panic!("it was reset") };
    assert_eq!(counted(&ended.conn), [(1, 40), (1, 40)]);
}

#[test]
fn connections_have_a_start_and_a_number_in_the_order_of_their_confirmation() {
    let mut ct = tracker();
    let first_of = |port| ip(Protocol::UDP, CLIENT, SERVER, &udp(port, 53));
    for (at, port, filter, number) in [
        (5, 1, Filter::Accepts, Some(0)),
        (6, 2, Filter::Drops, None),
        (7, 3, Filter::Accepts, Some(1)),
        // The same one again, and one more.
        (8, 1, Filter::Accepts, None),
        (9, 4, Filter::Accepts, Some(2)),
    ] {
        let now = Instant::from_millis(at);
        Answer::of(ct.track(now, &read(&first_of(port))), filter);
        let newest = ct.iter().max_by_key(|conn| conn.start()).unwrap();
        if let Some(number) = number {
            assert_eq!((newest.start(), newest.number()), (now, number));
        }
    }
    assert_eq!(ct.len(), 3);
}

#[test]
fn a_restored_connection_counts_on() {
    let ends = Ends::Ports { source: 9, destination: 80 };
    let tuple = Tuple { source: CLIENT, destination: SERVER, protocol: Protocol::UDP, ends };
    let mut open = Restored::new(tuple, 30);
    open.counters = [Counters { packets: 7, bytes: 700 }, Counters { packets: u64::MAX, bytes: 8 }];
    let mut ct = tracker();
    assert_eq!(ct.restore(NOW, &open).unwrap().conn.start(), NOW, "nobody told");
    hear(&mut ct, &ip(Protocol::UDP, CLIENT, SERVER, &udp(9, 80)));
    hear(&mut ct, &ip(Protocol::UDP, SERVER, CLIENT, &udp(80, 9)));
    assert_eq!(of_the_only(&ct), [(8, 728), (0, 36)], "counters wrap");
    open.tuple.protocol = Protocol::UDPLITE;
    open.start = Some(Instant::from_millis(3));
    let made = ct.restore(NOW, &open).unwrap();
    assert_eq!((made.conn.start().as_millis(), made.conn.number()), (3, 1));
}
