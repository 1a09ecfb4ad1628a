//! A packet that a gateway forwards is in an `-i any` capture twice, and is one packet to Linux.

use keeptrack_core::{Protocol, TcpFlags};
use serde_json::Value;

use super::made::{Files, SLL2, json, pcap, sll2};
use crate::frames::{CLIENT, SERVER, ip, tcp};

/// Interfaces of the gateway.
const LAN: u8 = 2;
const WAN: u8 = 3;
/// Packet types of a cooked capture.
const CAME: u8 = 0;
const SENT: u8 = 4;

/// Where the number of hops to go stands in an IPv4 header.
const HOP_LIMIT: usize = 8;

/// A packet as it comes in, and as it goes out by the other interface.
fn forwarded(from: u8, packet: &[u8]) -> [Vec<u8>; 2] {
    let mut further = packet.to_vec();
    further[HOP_LIMIT] -= 1;
    [sll2(from, CAME, packet), sll2(if from == LAN { WAN } else { LAN }, SENT, &further)]
}

/// The opening of a connection through the gateway, which it captures at both of its interfaces,
/// and one packet that the gateway itself sends.
fn gateway() -> Vec<u8> {
    let segment = |up: bool, flags: TcpFlags, numbers: (u32, u32)| {
        let (from, to, ports) =
            if up { (CLIENT, SERVER, (4000, 80)) } else { (SERVER, CLIENT, (80, 4000)) };
        ip(Protocol::TCP, from, to, &tcp(ports, flags, numbers))
    };
    let syn = segment(true, TcpFlags::SYN, (100, 0));
    let syn_ack = segment(false, TcpFlags::SYN | TcpFlags::ACK, (200, 101));
    let ack = segment(true, TcpFlags::ACK, (101, 201));
    let own = ip(Protocol::UDP, SERVER, CLIENT, &crate::frames::udp(123, 123));
    let opening = [forwarded(LAN, &syn), forwarded(WAN, &syn_ack), forwarded(LAN, &ack)];
    let frames = opening.into_iter().flatten().chain([sll2(LAN, SENT, &own)]);
    pcap(SLL2, &(0..).zip(frames).collect::<Vec<_>>())
}

/// The fields of an object, in that order.
fn fields<const N: usize>(object: &Value, names: [&str; N]) -> [u64; N] {
    names.map(|name| object[name].as_u64().unwrap())
}

#[test]
fn the_twin_of_a_forwarded_packet_is_skipped() {
    let files = Files::new();
    let capture = files.with("any.pcap", gateway());
    let names = ["packets", "tracked", "skipped", "connections"];
    let dropped = json(&[&capture]);
    assert_eq!(fields(&dropped, names), [7, 4, 3, 2]);
    assert_eq!(dropped["skipped_by"]["copy"], 3);
    let kept = json(&[&capture, "--copies", "keep"]);
    assert_eq!(fields(&kept, names), [7, 7, 0, 2]);
}

#[test]
fn rules_meet_a_forwarded_packet_where_it_came_in_only() {
    let files = Files::new();
    let capture = files.with("any.pcap", gateway());
    let rules = files.with(
        "rules.v4",
        "-A PREROUTING -p tcp\n-A OUTPUT -p tcp\n-A PREROUTING -p udp\n-A OUTPUT -p udp\n",
    );
    let matched = |copies: &str| {
        let object = json(&[&capture, "-r", &rules, "--copies", copies]);
        let rules = object["rules"].as_array().unwrap().clone();
        rules.iter().map(|rule| rule["matched"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(matched("drop"), [3, 0, 0, 1]);
    // Each twin looks as if the gateway itself had sent it.
    assert_eq!(matched("keep"), [3, 3, 0, 1]);
}
