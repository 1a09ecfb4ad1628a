//! One packet captured at two places is one packet: finds the second copy.
//!
//! A capture of several interfaces of a gateway (`tcpdump -i any`) has each forwarded packet twice,
//! where it came in and where it went out, one hop further. One of the loopback interface may have
//! each packet as it was sent and as it was received; libpcap leaves the first of them out, other
//! programs do not. The kernel tracked each of these packets once, at the place where it was first
//! seen. Packets of a host that forwards nothing have no second copy, and are all kept.
//!
//! Not found: copies whose addresses NAT changed, copies behind VLAN tags, and the copies that a
//! bridge or a bond makes, which have the same number of hops to go.

use std::hash::Hasher;

use keeptrack_core::{LinkType, Protocol};

use crate::capture::Record;
use crate::path::{Cooked, Tap, Way};

/// How many packets are remembered; one replaces another whose fingerprint leads to the same slot.
const SLOT_COUNT: usize = u16::MAX as usize + 1;
/// How much later a copy may come: as long as a packet may wait in the queue of a slow uplink.
const WINDOW_NS: u64 = 1_000_000_000;
/// How much of a packet's payload is compared.
const MAX_PAYLOAD_LEN: usize = 64;

/// The packets that were seen last.
pub(crate) struct Recent {
    slots: Box<[Option<Passed>]>,
}

/// A packet that went by.
#[derive(Clone, Copy)]
struct Passed {
    datagram: Datagram,
    time_ns: u64,
    tap: Tap,
    cooked: Option<Cooked>,
}

/// What a packet takes with it from interface to interface.
#[derive(Clone, Copy)]
struct Datagram {
    fingerprint: u64,
    hop_limit: u8,
}

impl Recent {
    pub(crate) fn new() -> Self {
        Self { slots: vec![None; SLOT_COUNT].into() }
    }

    /// Whether this is the second copy of a packet that was seen a moment before. Anything else is
    /// remembered.
    pub(crate) fn is_copy(&mut self, record: &Record<'_>) -> bool {
        let Some(datagram) = Datagram::of(record) else { return false };
        let cooked = Cooked::of(record);
        let tap = Tap::of(record, cooked);
        let passed = Passed { datagram, time_ns: record.time_ns, tap, cooked };
        let [low, high, ..] = datagram.fingerprint.to_le_bytes();
        let Some(slot) = self.slots.get_mut(usize::from(u16::from_le_bytes([low, high]))) else {
            return false;
        };
        let is_copy = slot.is_some_and(|earlier| passed.is_copy_of(&earlier));
        if !is_copy {
            *slot = Some(passed);
        }
        is_copy
    }
}

impl Passed {
    fn is_copy_of(&self, earlier: &Self) -> bool {
        let (here, there) = (self.datagram, earlier.datagram);
        // Two processors may stamp a packet out of order, by little.
        if here.fingerprint != there.fingerprint
            || self.time_ns.abs_diff(earlier.time_ns) > WINDOW_NS
        {
            return false;
        }
        let is_one_hop_further = there.hop_limit.checked_sub(1) == Some(here.hop_limit);
        match (earlier.cooked, self.cooked) {
            (Some(before), Some(now)) => match (before.is_loopback, before.way, now.way) {
                (false, Way::In, Way::Out) => !now.is_loopback && is_one_hop_further,
                (true, Way::Out, Way::In) => now.is_loopback && there.hop_limit == here.hop_limit,
                _ => false,
            },
            (None, None) => earlier.tap != self.tap && is_one_hop_further,
            _ => false,
        }
    }
}

impl Datagram {
    fn of(record: &Record<'_>) -> Option<Self> {
        let packet = ip(record)?;
        match packet.first()? >> 4 {
            4 => Self::v4(packet),
            6 => Self::v6(packet),
            _ => None,
        }
    }

    fn v4(packet: &[u8]) -> Option<Self> {
        // [version and length, service, length, id, fragment, hops, protocol, check sum, addresses]
        let (header, _) = packet.split_first_chunk::<20>()?;
        let body = packet.get(usize::from(header[0] & 15) * 4..)?;
        let is_later_fragment = u16::from_be_bytes([header[6], header[7]]) & 0x1fff != 0;
        let protocol = if is_later_fragment { None } else { Some(Protocol(header[9])) };
        let mut hasher = hasher();
        hasher.write(&header[2..8]);
        hasher.write(&header[9..10]);
        hasher.write(&header[12..20]);
        Some(Self { fingerprint: with_body(hasher, protocol, body), hop_limit: header[8] })
    }

    fn v6(packet: &[u8]) -> Option<Self> {
        // [version, class and flow label, length, next header, hops, addresses]
        let (header, body) = packet.split_first_chunk::<40>()?;
        let mut hasher = hasher();
        hasher.write(&[header[1] & 15]);
        hasher.write(&header[2..7]);
        hasher.write(&header[8..40]);
        let protocol = Some(Protocol(header[6]));
        Some(Self { fingerprint: with_body(hasher, protocol, body), hop_limit: header[7] })
    }
}

/// The fingerprint of a whole packet. Left out is what a gateway changes, or what offloading leaves
/// unfinished until a packet is sent: check sums, and TCP options (a clamped MSS).
fn with_body(mut hasher: impl Hasher, protocol: Option<Protocol>, body: &[u8]) -> u64 {
    let payload = match protocol {
        Some(Protocol::TCP) => {
            hasher.write(body.get(..16).unwrap_or(body));
            let header_len = body.get(12).map_or(0, |offset| usize::from(offset >> 4) * 4);
            body.get(header_len.max(20)..)
        }
        Some(Protocol::UDP | Protocol::UDPLITE) => {
            hasher.write(body.get(..6).unwrap_or(body));
            body.get(8..)
        }
        Some(Protocol::ICMP | Protocol::ICMPV6) => {
            hasher.write(body.get(..2).unwrap_or(body));
            body.get(4..)
        }
        _ => Some(body),
    };
    let payload = payload.unwrap_or(&[]);
    hasher.write(payload.get(..MAX_PAYLOAD_LEN).unwrap_or(payload));
    hasher.finish()
}

/// Keyed with zeros: the same capture gives the same answers.
fn hasher() -> impl Hasher {
    std::hash::DefaultHasher::new()
}

/// The IP packet in a frame without VLAN tags.
fn ip<'c>(record: &Record<'c>) -> Option<&'c [u8]> {
    let (type_at, start) = match LinkType::from_dlt(record.link)? {
        LinkType::Ethernet => (12, 14),
        LinkType::Sll => (14, 16),
        LinkType::Sll2 => (0, 20),
        LinkType::Raw | LinkType::Ipv4 | LinkType::Ipv6 => return Some(record.data),
        _ => return None,
    };
    let ether_type = record.data.get(type_at..type_at + 2)?;
    matches!(ether_type, [0x08, 0x00] | [0x86, 0xdd]).then(|| record.data.get(start..))?
}

#[cfg(test)]
mod tests {
    use super::Recent;
    use crate::capture::{Interface, Record};

    const LAN: u8 = 2;
    const WAN: u8 = 3;
    const LO: u8 = 1;

    /// A packet as `-i any` has it: (packet type, interface index, hop limit, changed byte).
    type Cooked = (u8, u8, u8, Option<usize>);

    /// A TCP segment with an option (MSS) and four bytes of payload, in a cooked capture.
    fn cooked((kind, ifindex, hop_limit, changed): Cooked) -> Vec<u8> {
        let hardware = if ifindex == LO { [3, 4] } else { [0, 1] };
        let sll2 = [8, 0, 0, 0, 0, 0, 0, ifindex, hardware[0], hardware[1], kind, 6];
        let ip = [0x45, 0, 0, 48, 7, 7, 0x40, 0, hop_limit, 6, 1, 2, 10, 0, 0, 2, 192, 0, 2, 9];
        let tcp = [9, 9, 0, 80, 1, 1, 1, 1, 2, 2, 2, 2, 0x60, 0x18, 4, 4, 5, 5, 0, 0];
        let mut frame = [&sll2[..], &[0; 8], &ip, &tcp, &[2, 4, 5, 180], &[1, 2, 3, 4]].concat();
        if let Some(at) = changed {
            frame[20 + at] ^= 0x20;
        }
        frame
    }

    fn is_copy(recent: &mut Recent, link: u16, index: usize, time_ns: u64, data: &[u8]) -> bool {
        let interface = Interface { index, link, name: None };
        recent.is_copy(&Record {
            index: 0,
            time_ns,
            link,
            interface: &interface,
            data,
            wire_len: 0,
        })
    }

    #[test]
    fn the_second_copy_is_found_and_nothing_else() {
        let came: Cooked = (0, LAN, 64, None);
        let cases: [(&str, Cooked, Cooked, u64, bool); 18] = [
            ("forwarded", came, (4, WAN, 63, None), 0, true),
            ("forwarded back where it came from", came, (4, LAN, 63, None), 0, true),
            ("forwarded after a wait", came, (4, WAN, 63, None), 900_000_000, true),
            ("stamped before it came", came, (4, WAN, 63, None), u64::MAX, true),
            ("too late", came, (4, WAN, 63, None), 1_100_000_000, false),
            ("as many hops to go", came, (4, WAN, 64, None), 0, false),
            ("two hops further", came, (4, WAN, 62, None), 0, false),
            ("comes in again", came, (0, LAN, 64, None), 0, false),
            ("comes in one hop further", came, (0, WAN, 63, None), 0, false),
            ("other class of service, put on by a gateway", came, (4, WAN, 63, Some(1)), 0, true),
            ("other check sum", came, (4, WAN, 63, Some(36)), 0, true),
            ("clamped MSS", came, (4, WAN, 63, Some(43)), 0, true),
            ("other id", came, (4, WAN, 63, Some(4)), 0, false),
            ("other address", came, (4, WAN, 63, Some(19)), 0, false),
            ("other sequence number", came, (4, WAN, 63, Some(24)), 0, false),
            ("other payload", came, (4, WAN, 63, Some(44)), 0, false),
            ("looped", (4, LO, 64, None), (0, LO, 64, None), 0, true),
            ("comes in twice on loopback", (0, LO, 64, None), (0, LO, 64, None), 0, false),
        ];
        for (what, first, second, later_ns, expected) in cases {
            let mut recent = Recent::new();
            assert!(!is_copy(&mut recent, 276, 0, 5_000, &cooked(first)), "{what}");
            let time_ns = 5_000_u64.wrapping_add(later_ns);
            assert_eq!(is_copy(&mut recent, 276, 0, time_ns, &cooked(second)), expected, "{what}");
        }
    }

    #[test]
    fn without_directions_the_hop_and_the_other_interface_tell() {
        for (index, hop_limit, expected) in [(1, 63, true), (0, 63, false), (1, 64, false)] {
            let mut recent = Recent::new();
            assert!(!is_copy(&mut recent, 101, 0, 0, &cooked((0, 0, 64, None))[20..]));
            let second = &cooked((0, 0, hop_limit, None))[20..];
            assert_eq!(is_copy(&mut recent, 101, index, 0, second), expected);
        }
    }

    #[test]
    fn a_stream_that_is_not_forwarded_keeps_every_packet_sent_again() {
        let mut recent = Recent::new();
        for round in 0..100 {
            for packet in [(0, LAN, 64, None), (4, LAN, 64, Some(4))] {
                assert!(!is_copy(&mut recent, 276, 0, round, &cooked(packet)));
            }
        }
    }
}
