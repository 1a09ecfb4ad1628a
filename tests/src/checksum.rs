//! Are wrong check sums INVALID where Linux verifies them, and only there?

use std::net::IpAddr;

use etherparse::{IpHeaders, PacketBuilder, PacketBuilderStep};
use keeptrack_core::{
    Config, Conntrack, Instant, Invalid, LinkType, Packet, Path, Protocol, Seed, Seen,
};

use crate::answer::{Answer, Filter, Verdict};
use crate::frames::{CLIENT, SERVER, icmp_of, ip, query};
use crate::memory::Owned;

const WRONG: Verdict = Verdict::Invalid(Invalid::Checksum);
/// An odd number of bytes.
const PAYLOAD: &[u8] = b"payload";

/// What the first packet of an empty table is.
fn verdict(frame: &[u8], cut_len: u32, path: Path, config: Config) -> Verdict {
    let mut ct = Conntrack::new(Owned::<u16>::new(1), config, Seed([9; 16])).unwrap();
    let packet = Packet::parse_cut(LinkType::Raw, frame, cut_len).unwrap();
    let packet = packet.seen(Seen { path, ..Seen::ARRIVES });
    Answer::of(ct.track(Instant::from_millis(1), &packet), Filter::Accepts).verdict
}

fn verified(frame: &[u8]) -> Verdict {
    verdict(frame, 0, Path::Arrives, Config { checksum: true, ..Config::DEFAULT })
}

fn builders() -> [PacketBuilderStep<IpHeaders>; 2] {
    let [from, to] = [[0xfd; 16], [0xfe; 16]];
    [PacketBuilder::ipv4([192, 0, 2, 1], [198, 51, 100, 2], 64), PacketBuilder::ipv6(from, to, 64)]
}

/// Packets that begin connections, with the check sums that another library has put into them, and
/// where those lie.
fn packets() -> Vec<(Vec<u8>, usize)> {
    let mut packets = Vec::new();
    let [v4, v6] = builders();
    let mut echo = Vec::new();
    v4.icmpv4_echo_request(7, 1).write(&mut echo, PAYLOAD).unwrap();
    packets.push((echo, 22));
    let mut echo = Vec::new();
    v6.icmpv6_echo_request(7, 1).write(&mut echo, PAYLOAD).unwrap();
    packets.push((echo, 42));
    for (step, header_len) in builders().into_iter().zip([20, 40]) {
        let mut segment = Vec::new();
        step.tcp(1000, 80, 1, 1024).syn().write(&mut segment, PAYLOAD).unwrap();
        packets.push((segment, header_len + 16));
    }
    for (step, header_len) in builders().into_iter().zip([20, 40]) {
        let mut datagram = Vec::new();
        step.udp(1000, 53).write(&mut datagram, PAYLOAD).unwrap();
        packets.push((datagram, header_len + 6));
    }
    packets.push((ip(Protocol::SCTP, CLIENT, SERVER, &INIT), 28));
    packets
}

/// An INIT from port 1000 to port 2000 that Linux 6.18 takes for right, its CRC32c at the ninth byte.
const INIT: [u8; 32] = [
    0x03, 0xe8, 0x07, 0xd0, 0, 0, 0, 0, 0x0f, 0xec, 0x61, 0x03, 1, 0, 0, 20, 1, 2, 3, 4, 0, 1, 0,
    0, 0, 1, 0, 1, 0, 0, 0, 7,
];

#[test]
fn each_wrong_bit_is_found() {
    for (packet, sum_at) in packets() {
        assert_eq!(verified(&packet), Verdict::New, "{packet:x?}");
        // The sum, the bytes in front of it that it covers, and the last one.
        for at in [sum_at, sum_at + 1, packet.len() - 1] {
            for bit in 0..8 {
                let mut wrong = packet.clone();
                wrong[at] ^= 1 << bit;
                assert_eq!(verified(&wrong), WRONG, "bit {bit} of byte {at}: {wrong:x?}");
            }
        }
    }
}

#[test]
fn nothing_is_verified_that_cannot_be_or_has_not_arrived() {
    let config = Config { checksum: true, ..Config::DEFAULT };
    for (mut packet, sum_at) in packets() {
        packet[sum_at] ^= 1;
        for path in [Path::Local, Path::Loops] {
            assert_eq!(verdict(&packet, 0, path, config), Verdict::New);
        }
        assert_eq!(verdict(&packet, 0, Path::Arrives, Config::DEFAULT), Verdict::New);
        let kept = packet.len() - 1;
        assert_eq!(verdict(&packet[..kept], 1, Path::Arrives, config), Verdict::New);
    }
}

#[test]
fn a_datagram_of_udp_may_have_no_sum_and_one_of_udplite_has_none_right() {
    for (mut packet, sum_at) in packets() {
        let (protocol, is_v4) = if packet[0] >> 4 == 4 { (9, true) } else { (6, false) };
        if packet[protocol] == Protocol::UDP.0 {
            packet[sum_at..sum_at + 2].fill(0);
            assert_eq!(verified(&packet), Verdict::New, "IPv4: {is_v4}");
            packet[protocol] = Protocol::UDPLITE.0;
            assert_eq!(verified(&packet), WRONG, "IPv4: {is_v4}");
        }
    }
}

#[test]
fn messages_that_are_never_tracked_are_verified_too() {
    let from: IpAddr = "fe80::1".parse().unwrap();
    let neighbour = ip(icmp_of(from), from, "ff02::1".parse().unwrap(), &query(135, 0, 0));
    assert_eq!(verified(&neighbour), WRONG);
}

#[test]
fn what_a_network_card_was_to_finish_counts_as_right_where_that_is_said() {
    let config = Config { checksum: true, ..Config::DEFAULT };
    let (mut tried, lenient) = (0, Config { unfinished_sums: true, ..config });
    for (mut packet, sum_at) in packets() {
        let is_v4 = packet[0] >> 4 == 4;
        let (addresses, protocol) = if is_v4 { (12..20, packet[9]) } else { (8..40, packet[6]) };
        if ![Protocol::TCP, Protocol::UDP].contains(&Protocol(protocol)) {
            continue;
        }
        let len = packet.len() - addresses.end;
        let words =
            packet[addresses].chunks(2).map(|two| usize::from(two[0]) << 8 | usize::from(two[1]));
        let sum = words.sum::<usize>() + len + usize::from(protocol);
        let folded = u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap();
        packet[sum_at..sum_at + 2].copy_from_slice(&folded.to_be_bytes());
        assert_eq!(verdict(&packet, 0, Path::Arrives, lenient), Verdict::New);
        assert_eq!(verdict(&packet, 0, Path::Arrives, config), WRONG);
        packet[sum_at] ^= 1;
        assert_eq!(verdict(&packet, 0, Path::Arrives, lenient), WRONG);
        tried += 1;
    }
    assert_eq!(tried, 4);
}
