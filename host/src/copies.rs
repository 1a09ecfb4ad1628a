//! One packet captured at two places is one packet: finds the second copy.
//!
//! A capture of several interfaces of a gateway (`tcpdump -i any`) has each forwarded packet twice,
//! where it came in and where it went out, one hop further. One of the loopback interface may have
//! each packet as it was sent and as it was received; libpcap leaves the first of them out, other
//! programs do not. The kernel tracked each of these packets once, at the place where it was first
//! seen. Packets of a host that forwards nothing have no second copy, and are all kept.
//!
//! Copies whose addresses NAT changed are no copies here, see [`Twins`]. Not found: the copies that a
//! bridge or a bond makes, which have the same number of hops to go.

use crate::capture::Record;
use crate::datagram::Datagram;
use crate::path::{Cooked, Tap, Way};
use crate::twins::Twins;

/// How many packets are remembered; one replaces another whose fingerprint leads to the same slot.
const SLOT_COUNT: usize = u16::MAX as usize + 1;
/// How much later a copy may come: as long as a packet may wait in the queue of a slow uplink.
pub(crate) const WINDOW_NS: u64 = 1_000_000_000;

/// The packets that were seen last.
pub(crate) struct Recent {
    slots: Box<[Option<Passed>]>,
    twins: Twins,
}

/// A packet that went by.
#[derive(Clone, Copy)]
struct Passed {
    fingerprint: u64,
    hop_limit: u8,
    time_ns: u64,
    tap: Tap,
    cooked: Option<Cooked>,
}

impl Recent {
    pub(crate) fn new() -> Self {
        Self { slots: vec![None; SLOT_COUNT].into(), twins: Twins::new() }
    }

    /// Whether this is the second copy of a packet that was seen a moment before. Anything else is
    /// remembered.
    pub(crate) fn is_copy(&mut self, record: &Record<'_>) -> bool {
        let Some(datagram) = Datagram::of(record) else { return false };
        let cooked = Cooked::of(record);
        let tap = Tap::of(record, cooked);
        let (fingerprint, hop_limit) = (datagram.fingerprint, datagram.hop_limit);
        let passed = Passed { fingerprint, hop_limit, time_ns: record.time_ns, tap, cooked };
        let [low, high, ..] = fingerprint.to_le_bytes();
        let Some(slot) = self.slots.get_mut(usize::from(u16::from_le_bytes([low, high]))) else {
            return false;
        };
        let is_copy = slot.is_some_and(|earlier| passed.is_copy_of(&earlier));
        if !is_copy {
            *slot = Some(passed);
            self.twins.pass(record, &datagram);
        }
        is_copy
    }

    /// The packets that went by a second time with other addresses.
    pub(crate) const fn twins(&self) -> &Twins {
        &self.twins
    }
}

impl Passed {
    fn is_copy_of(&self, earlier: &Self) -> bool {
        // Two processors may stamp a packet out of order, by little.
        if self.fingerprint != earlier.fingerprint
            || self.time_ns.abs_diff(earlier.time_ns) > WINDOW_NS
        {
            return false;
        }
        let is_one_hop_further = earlier.hop_limit.checked_sub(1) == Some(self.hop_limit);
        match (earlier.cooked, self.cooked) {
            (Some(before), Some(now)) => match (before.is_loopback, before.way, now.way) {
                (false, Way::In, Way::Out) => !now.is_loopback && is_one_hop_further,
                (true, Way::Out, Way::In) => now.is_loopback && earlier.hop_limit == self.hop_limit,
                _ => false,
            },
            (None, None) => earlier.tap != self.tap && is_one_hop_further,
            _ => false,
        }
    }
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
