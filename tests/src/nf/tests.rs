//! The kernel is asked what is known of it, so that its answers about the rest can be believed.
//!
//! Where it cannot be asked, as without root, these tests say so and have nothing to tell.

use keeptrack_core::{Direction, Status, Zone};

use super::{Kernel, Policies, Settings};
use crate::judge::Judge;
use crate::told::{Lifetime, Told, Verdict, shown};

const SECOND_NS: u64 = 1_000_000_000;
/// The client and the server, and the port of the client.
const CLIENT: [u8; 4] = [192, 0, 2, 1];
const SERVER: [u8; 4] = [192, 0, 2, 2];
const PORT: u16 = 5000;

/// The kernel, unless it cannot be asked.
fn kernel(settings: Settings) -> Option<Kernel> {
    match Kernel::new(settings) {
        Ok(kernel) => Some(kernel),
        Err(why) => {
            println!("SKIPPED  the running kernel cannot be asked: {why}");
            None
        }
    }
}

/// A packet of that protocol, at that place of its datagram (RFC 791: flags and offset).
fn ipv4(dir: Direction, protocol: u8, place: u16, body: &[u8]) -> Vec<u8> {
    let (source, destination) = match dir {
        Direction::Original => (CLIENT, SERVER),
        Direction::Reply => (SERVER, CLIENT),
    };
    let len = u16::try_from(20 + body.len()).unwrap().to_be_bytes();
    let [p0, p1] = place.to_be_bytes();
    let mut header = vec![0x45, 0, len[0], len[1], 0, 7, p0, p1, 1, protocol, 0, 0];
    header.extend(source);
    header.extend(destination);
    let words = header.chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1]));
    let sum: u32 = words.sum();
    let sum = !((sum & 0xffff) + (sum >> 16)) & 0xffff;
    header[10..12].copy_from_slice(&u16::try_from(sum).unwrap().to_be_bytes());
    [&header, body].concat()
}

fn ports(dir: Direction, server: u16) -> Vec<u8> {
    let (from, to) = match dir {
        Direction::Original => (PORT, server),
        Direction::Reply => (server, PORT),
    };
    [from.to_be_bytes(), to.to_be_bytes()].concat()
}

fn udp(dir: Direction, server: u16) -> Vec<u8> {
    let body = [&ports(dir, server)[..], &[0, 8, 0, 0]].concat();
    ipv4(dir, 17, 0, &body)
}

fn tcp(dir: Direction, flags: u8, seq: u32, ack: u32) -> Vec<u8> {
    let numbers = [seq.to_be_bytes(), ack.to_be_bytes()].concat();
    let body = [&ports(dir, 80)[..], &numbers, &[0x50, flags, 0xff, 0xff, 0, 0, 0, 0]].concat();
    ipv4(dir, 6, 0, &body)
}

#[track_caller]
fn is(told: &Told, verdict: Verdict, timeout: Option<Lifetime>) {
    assert_eq!((told.verdict, told.timeout), (verdict, timeout), "{told:?}");
}

#[test]
fn the_clock_is_that_of_the_packets() {
    use Direction::{Original, Reply};
    let Some(mut kernel) = kernel(Settings::default()) else { return };
    let (question, answer) = (udp(Original, 53), udp(Reply, 53));
    let (short, stream) = (Some(Lifetime::Set(30)), Some(Lifetime::Set(120)));
    let mut at = |time_ns: u64, packet: &[u8]| kernel.pass(time_ns, packet).unwrap();
    is(&at(0, &question), Verdict::New, short);
    is(&at(30 * SECOND_NS - 1, &answer), Verdict::Established, short);
    // Answered, and older than two seconds: a stream.
    let told = at(59 * SECOND_NS, &question);
    assert_eq!(told.status.map(shown), Some(Status::SEEN_REPLY | Status::ASSURED));
    is(&told, Verdict::Established, stream);
    is(&at(179 * SECOND_NS, &answer), Verdict::New, short);
    // Nobody answers within the two seconds that follow, and nothing goes back.
    is(&at(0, &question), Verdict::Established, short);
    let rows = kernel.table().unwrap();
    assert_eq!(rows.iter().map(|row| row.left_s).collect::<Vec<_>>(), [30]);
    kernel.clear().unwrap();
    assert_eq!(kernel.table().unwrap(), []);
    is(&kernel.pass(5, &question).unwrap(), Verdict::New, short);
}

/// A FIN outside the window, after one from the other side, shortens to 300 s what is left if that
/// is more: the kernel must know what is left.
#[test]
fn what_is_left_is_shown_before_a_fin() {
    use Direction::{Original, Reply};
    let Some(mut kernel) = kernel(Settings::default()) else { return };
    let mut at = |second: u64, packet: Vec<u8>| kernel.pass(second * SECOND_NS, &packet).unwrap();
    let bad_fin = |dir| tcp(dir, 0x11, 0x4000_0000, 1);
    let ack = || tcp(Original, 0x10, 1, 1);
    let five_days = Some(Lifetime::Set(432_000));
    at(0, tcp(Original, 0x02, 0, 0));
    at(0, tcp(Reply, 0x12, 0, 1));
    is(&at(0, ack()), Verdict::Established, five_days);
    is(&at(431_800, bad_fin(Original)), Verdict::Invalid, None);
    is(&at(431_800, bad_fin(Reply)), Verdict::Invalid, None);
    is(&at(431_999, ack()), Verdict::Established, five_days);
    is(&at(432_000, bad_fin(Original)), Verdict::Invalid, None);
    is(&at(432_000, bad_fin(Reply)), Verdict::Invalid, Some(Lifetime::Set(300)));
    is(&at(432_300, tcp(Original, 0x02, 0, 0)), Verdict::New, Some(Lifetime::Set(120)));
}

#[test]
fn fragments_wait_until_they_are_forgotten() {
    let Some(mut kernel) = kernel(Settings::default()) else { return };
    let body =
        [&ports(Direction::Original, 53)[..], &[0, 16, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]].concat();
    let first = ipv4(Direction::Original, 17, 0x2000, &body[..8]);
    let last = ipv4(Direction::Original, 17, 1, &body[8..]);
    let pass = |kernel: &mut Kernel, packet: &[u8]| kernel.pass(0, packet).unwrap();
    assert_eq!(pass(&mut kernel, &first).verdict, Verdict::Held);
    let whole = pass(&mut kernel, &last);
    assert!(whole.is_reassembled);
    is(&whole, Verdict::New, Some(Lifetime::Set(30)));
    assert_eq!(pass(&mut kernel, &first).verdict, Verdict::Held);
    kernel.clear().unwrap();
    assert_eq!(pass(&mut kernel, &last).verdict, Verdict::Held);
}

#[test]
fn rules_give_zones_and_timeouts() {
    let rules = "
        table ip keeptrack_tests {
          ct timeout quick { protocol udp; policy = { unreplied : 7, replied : 11 } }
          chain raw {
            type filter hook prerouting priority -300
            udp dport 53 ct zone set 9
            udp sport 53 ct zone set 9
            udp dport 54 ct timeout set quick
            udp dport 55 notrack
            udp dport 56 drop
          }
        }";
    let policies = Policies { timeouts: Vec::new(), udp: vec![(7, 11)] };
    let settings = Settings { nft: rules.to_owned(), policies, ..Settings::default() };
    let Some(mut kernel) = kernel(settings) else { return };
    let mut to = |port: u16| kernel.pass(0, &udp(Direction::Original, port)).unwrap();
    is(&to(53), Verdict::New, Some(Lifetime::Set(30)));
    is(&to(54), Verdict::New, Some(Lifetime::Set(7)));
    is(&to(55), Verdict::Untracked, None);
    is(&to(56), Verdict::Dropped, None);
    let answer = |server| udp(Direction::Reply, server);
    is(&kernel.pass(0, &answer(53)).unwrap(), Verdict::Established, Some(Lifetime::Set(30)));
    is(&kernel.pass(0, &answer(54)).unwrap(), Verdict::Established, Some(Lifetime::Set(7)));
    let late = kernel.pass(5 * SECOND_NS, &answer(54)).unwrap();
    is(&late, Verdict::Established, Some(Lifetime::Set(11)));
    let zones: Vec<_> = kernel.table().unwrap().iter().map(|row| row.zone).collect();
    assert_eq!(zones, [Zone(9), Zone::DEFAULT]);
}
