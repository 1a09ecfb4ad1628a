//! One packet captured at both sides of NAT has two pairs of addresses: notices that.
//!
//! A capture of several interfaces of a NAT gateway has each forwarded packet twice, where it came in
//! and where it went out, one hop further, with another address. Linux tracks one connection, a
//! replay of the capture two of them that are never answered. Nothing is left out for it: which side
//! to look at is for the user to say.
//!
//! A packet counts only if nothing else of it changed but one end, and if what did not change tells
//! it from other packets: TCP's numbers, or IPv4's number and a payload, or a long payload. Not found:
//! twins whose both ends changed.

use std::fmt;

use crate::capture::Record;
use crate::copies::WINDOW_NS;
use crate::datagram::{Datagram, Ends, Turn};
use crate::path::{Cooked, Tap, Way};
use crate::units::Count;

/// How many packets are remembered: the twin follows soon.
const SLOT_COUNT: usize = 1 << 14;
/// The most interfaces that are told apart.
const MAX_SIDES: usize = 16;

/// The packets that went by twice, with other addresses the second time.
pub(crate) struct Twins {
    count: u64,
    sides: Vec<Side>,
    /// The first interface: as long as there is no other, nothing can come by twice.
    first: Option<Tap>,
    /// What went by last while there was no other.
    last: Option<Passed>,
    /// None before there are two interfaces.
    slots: Box<[Option<Passed>]>,
}

/// A packet that went by, and may leave again.
#[derive(Clone, Copy)]
struct Passed {
    behind_nat: u64,
    ends: Ends,
    hop_limit: u8,
    time_ns: u64,
    tap: Tap,
}

/// An interface at which twins went by, and how often as which side of NAT.
struct Side {
    tap: Tap,
    /// By what begins or answers something.
    known: Votes,
    /// By the end that changed: most often it is the one who began.
    likely: Votes,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Votes {
    inside: u64,
    outside: u64,
}

impl Twins {
    pub(crate) fn new() -> Self {
        Self { count: 0, sides: Vec::new(), first: None, last: None, slots: Box::default() }
    }

    /// How many packets went by twice.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// Takes the next packet of the capture, which is no copy of one before it.
    pub(crate) fn pass(&mut self, record: &Record<'_>, datagram: &Datagram) {
        let cooked = Cooked::of(record);
        let tap = Tap::of(record, cooked);
        let may_leave_again = match cooked {
            Some(cooked) if cooked.is_loopback => return,
            Some(cooked) => cooked.way == Way::In,
            None => true,
        };
        let is_watched = !self.slots.is_empty() || self.begins_with(tap);
        let Some(behind_nat) = datagram.behind_nat else { return };
        let Datagram { ends, hop_limit, turn, .. } = *datagram;
        let passed = Passed { behind_nat, ends, hop_limit, time_ns: record.time_ns, tap };
        if !is_watched {
            self.last = Some(passed).filter(|_| may_leave_again);
            return;
        }
        let Some(slot) = self.slot(behind_nat) else { return };
        let left = cooked.is_none_or(|cooked| cooked.way == Way::Out);
        match *slot {
            Some(earlier) if left && passed.is_twin_of(&earlier) => {
                self.note(&earlier, &passed, turn);
            }
            _ if may_leave_again => *slot = Some(passed),
            _ => {}
        }
    }

    /// Where a packet is remembered.
    fn slot(&mut self, behind_nat: u64) -> Option<&mut Option<Passed>> {
        let [low, high, ..] = behind_nat.to_le_bytes();
        self.slots.get_mut(usize::from(u16::from_le_bytes([low, high])) % SLOT_COUNT)
    }

    /// Whether there is a second interface now, so that packets are remembered from the last one on.
    fn begins_with(&mut self, tap: Tap) -> bool {
        // A cooked capture of version 1 is of all interfaces, and does not tell them apart.
        let is_second = tap == Tap::Any || *self.first.get_or_insert(tap) != tap;
        if is_second {
            self.slots = vec![None; SLOT_COUNT].into();
            if let Some(last) = self.last
                && let Some(slot) = self.slot(last.behind_nat)
            {
                *slot = Some(last);
            }
        }
        is_second
    }

    fn note(&mut self, came: &Passed, left: &Passed, turn: Turn) {
        self.count += 1;
        let source_changed = came.ends.source != left.ends.source;
        let (inside, outside) = match (turn, source_changed) {
            (Turn::Opens, _) | (Turn::Unknown, true) => (came.tap, left.tap),
            (Turn::Answers, _) | (Turn::Unknown, false) => (left.tap, came.tap),
        };
        if let Some(votes) = self.votes(inside, turn) {
            votes.inside += 1;
        }
        if let Some(votes) = self.votes(outside, turn) {
            votes.outside += 1;
        }
    }

    fn votes(&mut self, tap: Tap, turn: Turn) -> Option<&mut Votes> {
        let at = match self.sides.iter().position(|side| side.tap == tap) {
            Some(at) => at,
            None if self.sides.len() < MAX_SIDES => {
                self.sides.push(Side { tap, known: Votes::default(), likely: Votes::default() });
                self.sides.len() - 1
            }
            None => return None,
        };
        let side = self.sides.get_mut(at)?;
        Some(if turn == Turn::Unknown { &mut side.likely } else { &mut side.known })
    }

    /// The numbers of the interfaces inside and outside.
    fn sides(&self) -> (Vec<u32>, Vec<u32>) {
        let is_known = self.sides.iter().any(|side| side.known != Votes::default());
        let mut sides = (Vec::new(), Vec::new());
        for side in &self.sides {
            let votes = if is_known { side.known } else { side.likely };
            let of = if votes.inside > votes.outside { &mut sides.0 } else { &mut sides.1 };
            of.extend(side.tap.number());
        }
        sides.0.sort_unstable();
        sides.1.sort_unstable();
        sides
    }
}

impl Passed {
    fn is_twin_of(&self, earlier: &Self) -> bool {
        self.behind_nat == earlier.behind_nat
            && earlier.hop_limit.checked_sub(1) == Some(self.hop_limit)
            && (self.tap != earlier.tap || self.tap == Tap::Any)
            && self.time_ns.abs_diff(earlier.time_ns) <= WINDOW_NS
            && self.ends.has_one_other(&earlier.ends)
    }
}

impl Ends {
    /// Whether one end has another address, another port or both, and the other end the same.
    fn has_one_other(&self, other: &Self) -> bool {
        (self.source != other.source) != (self.destination != other.destination)
    }
}

/// For people, with what to do.
impl fmt::Display for Twins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.count == 1 { "" } else { "s" };
        write!(f, "NAT: {} packet{plural} went by twice, with other addresses", Count(self.count))?;
        let (inside, outside) = self.sides();
        if inside.is_empty() || outside.is_empty() {
            return f.write_str(
                ": each connection stands in the table twice. \
                 Capture at the inside alone: `tcpdump -i lan0`",
            );
        }
        let (inside, outside) = (listed(&inside), listed(&outside));
        let plural = |list: &str| if list.contains(',') { "s" } else { "" };
        write!(
            f,
            " at interface{} {outside} than at interface{} {inside}: each connection stands in \
             the table twice. Look at the inside alone: `--iface {inside}`",
            plural(&outside),
            plural(&inside),
        )
    }
}

/// `2,3`.
fn listed(numbers: &[u32]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::Twins;
    use crate::capture::{Interface, Record};
    use crate::datagram::Datagram;

    const LAN: u8 = 2;
    const WAN: u8 = 3;
    const INSIDE: [u8; 4] = [10, 0, 0, 2];
    const GATEWAY: [u8; 4] = [198, 51, 100, 1];
    const SERVER: [u8; 4] = [192, 0, 2, 9];

    /// From, to, what IP carries behind ports or identifier, and how many hops are left.
    type Sent<'p> = (([u8; 4], u8), ([u8; 4], u8), &'p Carried<'p>, u8);

    /// The number of the IP packet, the protocol, and the bytes behind ports, or around the
    /// identifier of ICMP.
    struct Carried<'p>(u8, u8, &'p [u8]);

    const SYN: Carried<'_> = Carried(7, 6, &[1, 1, 1, 1, 0, 0, 0, 0, 0x50, 2, 4, 4, 5, 5, 0, 0]);
    const SYN_ACK: Carried<'_> =
        Carried(0, 6, &[2, 2, 2, 2, 1, 1, 1, 2, 0x50, 0x12, 4, 4, 5, 5, 0, 0]);

    fn ip(&(from, to, carried, hop_limit): &Sent<'_>) -> Vec<u8> {
        let Carried(id, protocol, rest) = *carried;
        let header = [0x45, 0, 0, 60, 0, id, 0, 0, hop_limit, protocol, 0, 0];
        let above = match protocol {
            1 => [&[rest[0], 0, 0, 0, 0, from.1][..], &rest[1..]].concat(),
            _ => [&[0, from.1, 0, to.1][..], rest].concat(),
        };
        [&header[..], &from.0, &to.0, &above].concat()
    }

    fn pass(twins: &mut Twins, link: u16, index: usize, time_ns: u64, data: &[u8]) {
        let interface = Interface { index, link, name: None };
        let record = Record { index: 0, time_ns, link, interface: &interface, data, wire_len: 0 };
        twins.pass(&record, &Datagram::of(&record).unwrap());
    }

    /// Takes a packet as `-i any` has it.
    fn cooked(twins: &mut Twins, kind: u8, ifindex: u8, time_ns: u64, sent: &Sent<'_>) {
        let sll2 = [8, 0, 0, 0, 0, 0, 0, ifindex, 0, 1, kind, 6];
        pass(twins, 276, 0, time_ns, &[&sll2[..], &[0; 8], &ip(sent)].concat());
    }

    /// A gateway at which something else went by on both sides before.
    fn gateway() -> Twins {
        let mut twins = Twins::new();
        for ifindex in [LAN, WAN] {
            cooked(&mut twins, 4, ifindex, 0, &((GATEWAY, 9), (SERVER, 9), &SYN, 64));
        }
        twins
    }

    #[test]
    fn a_packet_that_leaves_with_one_other_address_is_a_twin_and_nothing_else() {
        let (client, gate, server) = ((INSIDE, 40), (GATEWAY, 40), (SERVER, 80));
        let long = [0, 24, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
        let datagram = Carried(7, 17, &[0, 12, 0, 0, 1, 2, 3, 4]);
        let numberless = Carried(0, 17, &[0, 12, 0, 0, 1, 2, 3, 4]);
        let long = Carried(0, 17, &long);
        let echo = Carried(7, 1, &[8, 0, 1, 1, 2, 3, 4]);
        let unreachable = Carried(7, 1, &[3, 0, 0, 1, 2, 3, 4]);
        let empty = Carried(7, 17, &[0, 8, 0, 0]);
        let other = Carried(7, 6, &[9, 1, 1, 1, 0, 0, 0, 0, 0x50, 2, 4, 4, 5, 5, 0, 0]);
        let came: Sent<'_> = (client, server, &SYN, 64);
        let cases: [(&str, Sent<'_>, Sent<'_>, u64, bool); 16] = [
            ("masqueraded", came, (gate, server, &SYN, 63), 0, true),
            ("with another port", came, ((GATEWAY, 41), server, &SYN, 63), 0, true),
            ("to another host", came, (client, (GATEWAY, 8), &SYN, 63), 0, true),
            ("after a wait", came, (gate, server, &SYN, 63), 1_000_000_000, true),
            ("too late", came, (gate, server, &SYN, 63), 1_000_000_001, false),
            ("not forwarded", came, (gate, server, &SYN, 64), 0, false),
            ("not translated", came, (client, server, &SYN, 63), 0, false),
            ("another port alone", came, ((INSIDE, 41), server, &SYN, 63), 0, true),
            ("two other addresses", came, (gate, (INSIDE, 80), &SYN, 63), 0, false),
            ("another sequence number", came, (gate, server, &other, 63), 0, false),
            ("UDP", (client, server, &datagram, 64), (gate, server, &datagram, 63), 0, true),
            ("short", (client, server, &numberless, 9), (gate, server, &numberless, 8), 0, false),
            ("long", (client, server, &long, 64), (gate, server, &long, 63), 0, true),
            ("empty", (client, server, &empty, 64), (gate, server, &empty, 63), 0, false),
            ("another echo", (client, server, &echo, 9), ((GATEWAY, 1), server, &echo, 8), 0, true),
            (
                "an error",
                (client, server, &unreachable, 9),
                (gate, server, &unreachable, 8),
                0,
                false,
            ),
        ];
        for (what, came, left, later_ns, expected) in cases {
            let mut twins = gateway();
            cooked(&mut twins, 0, LAN, 5, &came);
            cooked(&mut twins, 4, WAN, 5 + later_ns, &left);
            assert_eq!(twins.count(), u64::from(expected), "{what}");
            let mut twins = Twins::new();
            cooked(&mut twins, 0, LAN, 5, &came);
            cooked(&mut twins, 4, WAN, 5 + later_ns, &left);
            assert_eq!(twins.count(), u64::from(expected), "{what}, as the first of all");
        }
    }

    #[test]
    fn what_only_comes_in_only_leaves_or_stays_at_an_interface_is_none() {
        let (came, left) = ((INSIDE, 40), (GATEWAY, 40));
        for (first, second) in [((0, LAN), (0, WAN)), ((4, LAN), (4, WAN)), ((0, LAN), (4, LAN))] {
            let mut twins = gateway();
            cooked(&mut twins, first.0, first.1, 5, &(came, (SERVER, 80), &SYN, 64));
            cooked(&mut twins, second.0, second.1, 5, &(left, (SERVER, 80), &SYN, 63));
            assert_eq!(twins.count(), 0);
        }
    }

    #[test]
    fn the_inside_is_where_connections_begin() {
        let (client, gate, server) = ((INSIDE, 40), (GATEWAY, 40), (SERVER, 80));
        let mut twins = gateway();
        cooked(&mut twins, 0, LAN, 5, &(client, server, &SYN, 64));
        cooked(&mut twins, 4, WAN, 6, &(gate, server, &SYN, 63));
        cooked(&mut twins, 0, WAN, 7, &(server, gate, &SYN_ACK, 50));
        cooked(&mut twins, 4, LAN, 8, &(server, client, &SYN_ACK, 49));
        let masqueraded = "NAT: 2 packets went by twice, with other addresses at interface 3 than \
            at interface 2: each connection stands in the table twice. Look at the inside alone: \
            `--iface 2`";
        assert_eq!(twins.to_string(), masqueraded);
        let mut twins = gateway();
        cooked(&mut twins, 0, WAN, 5, &(server, gate, &SYN, 64));
        cooked(&mut twins, 4, LAN, 6, &(server, client, &SYN, 63));
        assert!(twins.to_string().ends_with("`--iface 3`"), "a port that is forwarded: {twins}");
    }

    #[test]
    fn other_captures_of_several_interfaces_have_twins_too() {
        let (client, gate, server) = ((INSIDE, 40), (GATEWAY, 40), (SERVER, 80));
        let mut twins = Twins::new();
        pass(&mut twins, 101, 1, 4, &ip(&(server, gate, &SYN_ACK, 64)));
        pass(&mut twins, 101, 0, 5, &ip(&(client, server, &SYN, 64)));
        pass(&mut twins, 101, 1, 6, &ip(&(gate, server, &SYN, 63)));
        assert!(twins.to_string().ends_with("`--iface 0`"), "{twins}");
        let sll = |kind: u8, sent: &Sent<'_>| {
            [&[0, kind, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0][..], &ip(sent)].concat()
        };
        let mut twins = Twins::new();
        pass(&mut twins, 113, 0, 5, &sll(0, &(client, server, &SYN, 64)));
        pass(&mut twins, 113, 0, 6, &sll(4, &(gate, server, &SYN, 63)));
        assert!(twins.to_string().ends_with("alone: `tcpdump -i lan0`"), "{twins}");
    }
}
