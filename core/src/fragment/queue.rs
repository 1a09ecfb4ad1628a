//! What is kept of a datagram of which some parts are missing, and what each part does to it.

use core::net::IpAddr;

use crate::packet::{Fragment, Packet};
use crate::parse::Datagram;
use crate::time::Instant;
use crate::tuple::Protocol;

use super::Held;
use super::head::Head;
use super::runs::{List, Pool, Run};

pub use super::head::HEAD_LEN;

/// The longest datagram (IPv4), and the most that an IPv6 header can announce.
const MAX_LEN: u32 = 65_535;
/// The fixed header of IPv6, which its payload length leaves out.
const IPV6_HEADER_LEN: u32 = 40;
/// The code point of a transport that knows no congestion notification (RFC 3168, section 5).
const NOT_ECT: u8 = 1 << 0;

/// A place for one datagram of which some parts are missing.
#[derive(Debug, Clone, Copy)]
pub struct Queue {
    pub(super) key: Key,
    /// When it is given up.
    pub(super) deadline: Instant,
    /// How many fragments its source has sent since its own last one.
    pub(super) distance: u32,
    /// What Linux books for it and its parts.
    pub(super) booked_len: usize,
    /// Where the last byte is known to end.
    len: u32,
    /// Whether the part that ends it said so.
    is_ended: bool,
    there_len: u32,
    /// The code points that its parts bear, a bit each.
    ecn: u8,
    first: Option<First>,
    pub(super) runs: List,
    head: Head,
}

/// What all parts of a datagram bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) family: Family,
    pub(super) addresses: [u8; 32],
    id: u32,
    /// Zero in IPv6, whose parts announce different headers.
    protocol: Protocol,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

/// What only the first part says.
#[derive(Debug, Clone, Copy)]
struct First {
    protocol: Protocol,
    #[cfg(not(feature = "ipv4-only"))]
    hop_limit: u8,
    header_len: u32,
}

/// What a part does to its datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is kept with the others.
    Kept,
    /// It was the last one that was missing.
    Completes,
    /// It is refused.
    Refused(Held),
    /// It is refused, and all the others with it.
    Ends(Held),
    /// The others are given up, and it passes as what it is.
    Passes,
}

impl Key {
    pub(super) fn of(packet: &Packet<'_>, part: Fragment) -> Self {
        let mut addresses = [0; 32];
        let mut put = |at: usize, bytes: &[u8]| {
            let places = addresses.iter_mut().skip(at);
            places.zip(bytes).for_each(|(place, byte)| *place = *byte);
        };
        match (packet.tuple.source, packet.tuple.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                put(0, &source.octets());
                put(4, &destination.octets());
                Self { family: Family::V4, addresses, id: part.id, protocol: part.protocol }
            }
            (source, destination) => {
                put(0, &octets(source));
                put(16, &octets(destination));
                Self { family: Family::V6, addresses, id: part.id, protocol: Protocol(0) }
            }
        }
    }

    /// Whether both are of one sender of IPv4, whose fragments are counted.
    pub(super) fn is_of_source(&self, other: &Self) -> bool {
        self.family == Family::V4
            && other.family == Family::V4
            && self.addresses.first_chunk::<4>() == other.addresses.first_chunk::<4>()
    }
}

fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

impl Queue {
    /// A place that holds nothing; all zero but for two words.
    pub const EMPTY: Self = Self::new(
        Key { family: Family::V4, addresses: [0; 32], id: 0, protocol: Protocol(0) },
        Instant::from_millis(0),
    );

    pub(super) const fn new(key: Key, deadline: Instant) -> Self {
        Self {
            key,
            deadline,
            distance: 0,
            booked_len: match key.family {
                Family::V4 => 200,
                Family::V6 => 184,
            },
            len: 0,
            is_ended: false,
            there_len: 0,
            ecn: 0,
            first: None,
            runs: List::EMPTY,
            head: Head::EMPTY,
        }
    }

    /// Takes in what `packet` brings.
    ///
    /// The two families differ in what a wrong part does: one of IPv4 takes all others with it, one of
    /// IPv6 is left out alone unless it overlaps, but what it said of the end stays said.
    pub(super) fn take(
        &mut self,
        packet: &Packet<'_>,
        part: Fragment,
        pool: &mut Pool<impl AsMut<[Run]>>,
    ) -> Taken {
        let wrong = match self.key.family {
            Family::V4 => Taken::Ends,
            Family::V6 => Taken::Refused,
        };
        let offset = u32::from(part.offset);
        let odd_len = if part.more { part.len & 7 } else { 0 };
        let mut end = offset.saturating_add(part.len.into());
        match self.key.family {
            Family::V4 => end = end.saturating_sub(odd_len.into()),
            Family::V6 if end > MAX_LEN => return Taken::Refused(Held::TooLong),
            Family::V6 if odd_len > 0 => return Taken::Passes,
            Family::V6 => {}
        }
        if let Err(why) = self.reaches(end, part) {
            return wrong(why);
        }
        if end == offset {
            return wrong(Held::Empty);
        }
        match pool.add(&mut self.runs, offset, end) {
            Ok(()) => {}
            Err(Held::Overlap) => return Taken::Ends(Held::Overlap),
            Err(why) => return Taken::Refused(why),
        }
        self.keep(packet, part, end.saturating_sub(offset))
    }

    /// Notes that `part` reaches to `end`.
    fn reaches(&mut self, end: u32, part: Fragment) -> Result<(), Held> {
        let contradicts = if part.more {
            self.is_ended && end > self.len
        } else {
            end < self.len || (self.is_ended && end > self.len)
        };
        if contradicts {
            return Err(Held::End);
        }
        self.is_ended |= !part.more;
        self.len = self.len.max(end);
        Ok(())
    }

    fn keep(&mut self, packet: &Packet<'_>, part: Fragment, part_len: u32) -> Taken {
        self.there_len = self.there_len.saturating_add(part_len);
        self.booked_len = self.booked_len.saturating_add(booked_len(packet.len));
        self.ecn |= 1 << (part.ecn & 3);
        // Of what is whole the segment begins elsewhere, and is not read from here.
        if !part.is_whole() {
            self.head.put(part.offset.into(), packet.segment, part_len as usize);
        }
        if part.offset == 0 {
            let fragment_header_len = match self.key.family {
                Family::V4 => 0,
                Family::V6 => 8,
            };
            let in_front_len = packet.len.saturating_sub(part.len.into());
            let header_len = in_front_len.saturating_sub(fragment_header_len);
            self.first = Some(First {
                protocol: part.protocol,
                #[cfg(not(feature = "ipv4-only"))]
                hop_limit: part.hop_limit,
                header_len,
            });
        }
        if self.first.is_some() && self.is_ended && self.there_len == self.len {
            Taken::Completes
        } else {
            Taken::Kept
        }
    }

    /// The datagram, of which all parts are there; or why it is given up.
    pub(super) fn datagram(&self) -> Result<Datagram<'_>, Held> {
        if self.ecn & NOT_ECT != 0 && self.ecn != NOT_ECT {
            return Err(Held::Ecn);
        }
        let first = self.first.ok_or(Held::Waits)?;
        let len = first.header_len.saturating_add(self.len);
        let uncounted_len = match self.key.family {
            Family::V4 => 0,
            Family::V6 => IPV6_HEADER_LEN,
        };
        if len.saturating_sub(uncounted_len) > MAX_LEN {
            return Err(Held::TooLong);
        }
        Ok(Datagram {
            is_ipv4: self.key.family == Family::V4,
            addresses: &self.key.addresses,
            protocol: first.protocol,
            #[cfg(not(feature = "ipv4-only"))]
            hop_limit: first.hop_limit,
            len,
            payload: self.head.of(self.len as usize),
            payload_len: self.len,
        })
    }

    /// `packet`, its first part, as a datagram of its own, which ends where that does.
    pub(super) fn alone<'p>(&'p self, packet: &Packet<'p>, part: Fragment) -> Datagram<'p> {
        Datagram {
            is_ipv4: self.key.family == Family::V4,
            addresses: &self.key.addresses,
            protocol: part.protocol,
            #[cfg(not(feature = "ipv4-only"))]
            hop_limit: part.hop_limit,
            len: packet.len,
            payload: packet.segment,
            payload_len: packet.segment_len,
        }
    }
}

/// What Linux books for a packet of that length: measured of frames that a TAP device handed in, and
/// the same for others whose driver puts a frame of 3,500 bytes or less into one piece of memory.
fn booked_len(packet_len: u32) -> usize {
    const OF_A_FRAME: usize = 80;
    const OF_A_BUFFER: usize = 576;
    let len = (packet_len as usize).saturating_add(OF_A_FRAME);
    len.checked_next_multiple_of(64).unwrap_or(len).saturating_add(OF_A_BUFFER)
}
