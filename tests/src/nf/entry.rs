//! A connection as ctnetlink tells of it, and how it is named to ctnetlink.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use keeptrack_core::{Ends, Protocol, Status, Tuple, Zone};

use super::message::{Attributes, Message, put, put_nested};

/// Attributes of an entry.
pub(super) mod attribute {
    pub(in super::super) const TUPLE: u16 = 1;
    pub(in super::super) const STATUS: u16 = 3;
    pub(in super::super) const PROTOCOL: u16 = 4;
    pub(in super::super) const TIMEOUT: u16 = 7;
    pub(in super::super) const ID: u16 = 12;
    pub(in super::super) const ZONE: u16 = 18;
}

/// Addresses, in the attribute of a tuple.
const TUPLE_IP: u16 = 1;
/// What the protocol adds, in the attribute of a tuple.
const TUPLE_PROTOCOL: u16 = 2;

/// The states of TCP by their numbers.
const TCP_STATES: [&str; 10] = [
    "NONE",
    "SYN_SENT",
    "SYN_RECV",
    "ESTABLISHED",
    "FIN_WAIT",
    "CLOSE_WAIT",
    "LAST_ACK",
    "TIME_WAIT",
    "CLOSE",
    "SYN_SENT2",
];
/// The states of SCTP by their numbers.
const SCTP_STATES: [&str; 10] = [
    "NONE",
    "CLOSED",
    "COOKIE_WAIT",
    "COOKIE_ECHOED",
    "ESTABLISHED",
    "SHUTDOWN_SENT",
    "SHUTDOWN_RECD",
    "SHUTDOWN_ACK_SENT",
    "HEARTBEAT_SENT",
    "HEARTBEAT_ACKED",
];

/// The bits of a status that are told, in the kernel's numbering.
const BITS: [(u32, Status); 3] =
    [(1, Status::EXPECTED), (1 << 1, Status::SEEN_REPLY), (ASSURED, Status::ASSURED)];
/// The bit of ASSURED.
pub(super) const ASSURED: u32 = 1 << 2;
/// The bit of SEEN_REPLY.
pub(super) const SEEN_REPLY: u32 = 1 << 1;

/// An entry as a message tells of it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: u32,
    pub(super) tuple: Tuple,
    pub(super) zone: Zone,
    /// The bits of its status, in the kernel's numbering.
    pub(super) status: u32,
    pub(super) state: Option<&'static str>,
    /// Seconds left to live by the kernel's clock, rounded down.
    pub(super) left_s: u32,
}

impl Entry {
    /// The entry that a message tells of; `None` for a message of another kind.
    pub(super) fn read(message: &Message<'_>) -> Option<Self> {
        let attributes = message.attributes;
        Some(Self {
            id: attributes.word(attribute::ID)?,
            tuple: read_tuple(attributes.inside(attribute::TUPLE))?,
            zone: Zone(attributes.short(attribute::ZONE).unwrap_or(0)),
            status: attributes.word(attribute::STATUS)?,
            state: state(attributes.inside(attribute::PROTOCOL)),
            left_s: attributes.word(attribute::TIMEOUT).unwrap_or(0),
        })
    }
}

/// The bits that are told of a status in the kernel's numbering.
pub(super) fn told(status: u32) -> Status {
    let set = BITS.iter().filter(|(bit, _)| status & bit != 0);
    set.fold(Status::NONE, |told, (_, bit)| told | *bit)
}

/// The number of the family that the addresses are of.
pub(super) const fn family(tuple: &Tuple) -> u8 {
    match tuple.source {
        IpAddr::V4(_) => 2,
        IpAddr::V6(_) => 10,
    }
}

/// The attributes by which ctnetlink knows a tuple.
pub(super) fn tuple_attributes(tuple: &Tuple) -> Vec<u8> {
    let mut addresses = Vec::with_capacity(48);
    for (address, v4, v6) in [(tuple.source, 1, 3), (tuple.destination, 2, 4)] {
        match address {
            IpAddr::V4(address) => put(&mut addresses, v4, &address.octets()),
            IpAddr::V6(address) => put(&mut addresses, v6, &address.octets()),
        }
    }
    let mut protocol = Vec::with_capacity(32);
    put(&mut protocol, 1, &[tuple.protocol.0]);
    match tuple.ends {
        Ends::Ports { source, destination } | Ends::Keys { source, destination } => {
            put(&mut protocol, 2, &source.to_be_bytes());
            put(&mut protocol, 3, &destination.to_be_bytes());
        }
        Ends::Query { kind, code, id } => {
            let first = first_of_query(tuple.protocol);
            put(&mut protocol, first, &id.to_be_bytes());
            put(&mut protocol, first + 1, &[kind]);
            put(&mut protocol, first + 2, &[code]);
        }
        Ends::None => {}
    }
    let mut bytes = Vec::with_capacity(96);
    put_nested(&mut bytes, TUPLE_IP, &addresses);
    put_nested(&mut bytes, TUPLE_PROTOCOL, &protocol);
    bytes
}

/// The first of the three attributes of a query: its identifier; type and code follow.
fn first_of_query(protocol: Protocol) -> u16 {
    if protocol == Protocol::ICMP { 4 } else { 7 }
}

fn read_tuple(attributes: Attributes<'_>) -> Option<Tuple> {
    let addresses = attributes.inside(TUPLE_IP);
    let address = |v4, v6| -> Option<IpAddr> {
        if let Some(bytes) = addresses.find(v4) {
            return Some(Ipv4Addr::from(*bytes.first_chunk::<4>()?).into());
        }
        Some(Ipv6Addr::from(*addresses.find(v6)?.first_chunk::<16>()?).into())
    };
    let inside = attributes.inside(TUPLE_PROTOCOL);
    let protocol = Protocol(inside.byte(1)?);
    let first = first_of_query(protocol);
    let ends = match (inside.short(2), inside.short(3), inside.short(first)) {
        (Some(source), Some(destination), _) if protocol == Protocol::GRE => {
            Ends::Keys { source, destination }
        }
        (Some(source), Some(destination), _) => Ends::Ports { source, destination },
        (_, _, Some(id)) => {
            Ends::Query { kind: inside.byte(first + 1)?, code: inside.byte(first + 2)?, id }
        }
        _ => Ends::None,
    };
    Some(Tuple { source: address(1, 3)?, destination: address(2, 4)?, protocol, ends })
}

fn state(protocol: Attributes<'_>) -> Option<&'static str> {
    let (states, number) = match (protocol.inside(1).byte(1), protocol.inside(3).byte(1)) {
        (Some(number), _) => (TCP_STATES, number),
        (_, Some(number)) => (SCTP_STATES, number),
        _ => return None,
    };
    states.get(usize::from(number)).copied()
}

#[cfg(test)]
mod tests {
    use keeptrack_core::{Ends, Protocol, Status, Tuple};

    use super::super::message::Attributes;
    use super::{read_tuple, told, tuple_attributes};

    #[test]
    fn a_tuple_is_read_as_it_is_named() {
        let ports = Ends::Ports { source: 5, destination: 80 };
        for (addresses, protocol, ends) in [
            (("192.0.2.1", "192.0.2.2"), Protocol::TCP, ports),
            (("2001:db8::1", "::1"), Protocol::SCTP, ports),
            (("192.0.2.1", "192.0.2.2"), Protocol::ICMP, Ends::Query { kind: 8, code: 0, id: 9 }),
            (("::2", "::1"), Protocol::ICMPV6, Ends::Query { kind: 128, code: 0, id: 9 }),
            (("192.0.2.1", "192.0.2.2"), Protocol::GRE, Ends::Keys { source: 0, destination: 7 }),
            (("192.0.2.1", "192.0.2.2"), Protocol(50), Ends::None),
        ] {
            let (source, destination) = addresses;
            let (source, destination) = (source.parse().unwrap(), destination.parse().unwrap());
            let tuple = Tuple { source, destination, protocol, ends };
            assert_eq!(read_tuple(Attributes(&tuple_attributes(&tuple))), Some(tuple));
        }
    }

    #[test]
    fn a_status_is_told_by_three_bits() {
        assert_eq!(told(0xffff_fff8), Status::NONE);
        assert_eq!(told(0b110), Status::SEEN_REPLY | Status::ASSURED);
        assert_eq!(told(1), Status::EXPECTED);
    }
}
