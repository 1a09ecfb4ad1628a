//! Fragments at a gateway: the first part of a datagram is tracked, the others follow it.

use crate::invalid::Invalid;
use crate::packet::{Fragment, Packet, Transport};
use crate::time::Instant;
use crate::tracked::{Change, Tracked};
use crate::tuple::Tuple;

use super::{Fragments, Gathered, Held};

/// How long a first part is remembered: as long as Linux holds parts of IPv4.
const SECONDS: u32 = 30;
/// The longest datagram.
const MAX_LEN: u32 = 65_535;

/// Has the first part of a datagram tracked as a packet, and gives the others its verdict: they are of
/// its connection, untracked, dropped or INVALID as it was. What comes before the first part is
/// refused, and so is what covers any of it, or a shorter first part: a header that has passed is not
/// written over.
///
/// It remembers the `N` last first parts, each for 30 seconds, and looks at all of them for each part.
/// Nothing is held back: a receiver gets what passes in the order in which it came.
#[derive(Debug, Clone)]
pub struct Follow<const N: usize> {
    firsts: [Option<First>; N],
}

/// The first part of a datagram.
#[derive(Debug, Clone, Copy)]
struct First {
    tuple: Tuple,
    part: Fragment,
    len: u32,
    transport: Transport,
    verdict: Verdict,
    since: Instant,
}

/// What was said of a first part, and will be of the others.
#[derive(Debug, Clone, Copy)]
enum Verdict {
    /// Whatever its connection says, or the rules.
    OfItsConnection,
    Invalid(Invalid),
    /// A helper drops it.
    Dropped,
}

impl<const N: usize> Follow<N> {
    /// One that remembers nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { firsts: [None; N] }
    }

    fn first_of(&mut self, packet: &Packet<'_>, part: Fragment) -> Option<&mut First> {
        self.firsts.iter_mut().flatten().find(|first| first.leads(packet, part))
    }

    /// Remembers a first part, in the place of the one before of its datagram or of what has been
    /// there for the longest time if there is no other.
    fn remember(&mut self, now: Instant, packet: &Packet<'_>, part: Fragment) {
        let place = self.firsts.iter_mut().min_by_key(|place| {
            // Places are taken in their order, so that its own comes before those that are free.
            place.as_ref().filter(|first| !first.leads(packet, part)).map(|first| first.since)
        });
        if let Some(place) = place {
            *place = Some(First {
                tuple: packet.tuple,
                part,
                len: packet.segment_len,
                transport: packet.transport,
                verdict: Verdict::OfItsConnection,
                since: now,
            });
        }
    }
}

impl<const N: usize> Default for Follow<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl First {
    fn is_fresh(&self, now: Instant) -> bool {
        now < self.since.after(SECONDS)
    }

    /// Whether it begins the datagram of `packet`. Not inlined: it is asked in two places.
    #[inline(never)]
    fn leads(&self, packet: &Packet<'_>, part: Fragment) -> bool {
        let (mine, its) = (&self.tuple, &packet.tuple);
        // The parts of an IPv6 datagram may announce different headers.
        let is_of_protocol = its.source.is_ipv6() || self.part.protocol == part.protocol;
        self.part.id == part.id
            && is_of_protocol
            && mine.source == its.source
            && mine.destination == its.destination
    }
}

impl<const N: usize> Fragments for Follow<N> {
    /// Not in line: then a packet is copied as a whole, not in pieces.
    #[inline(never)]
    fn gather<'p>(&'p mut self, now: Instant, packet: &Packet<'p>, part: Fragment) -> Gathered<'p> {
        let known = self.first_of(packet, part).filter(|first| first.is_fresh(now));
        if part.offset == 0 {
            if known.is_some_and(|first| packet.segment_len < first.len) {
                return Gathered::Held(Held::Overlap);
            }
            if part.more {
                self.remember(now, packet, part);
            }
            return Gathered::Packet(*packet);
        }
        let offset = u32::from(part.offset);
        let Some(first) = known else { return Gathered::Held(Held::Unled) };
        if offset < first.len {
            return Gathered::Held(Held::Overlap);
        }
        if offset.saturating_add(packet.segment_len) > MAX_LEN {
            return Gathered::Held(Held::TooLong);
        }
        match first.verdict {
            Verdict::Invalid(why) => return Gathered::Invalid(why),
            Verdict::Dropped => return Gathered::Held(Held::Unled),
            Verdict::OfItsConnection => {}
        }
        let transport = match first.transport {
            Transport::Error(_) | Transport::Neighbour => first.transport,
            _ => Transport::Continued,
        };
        Gathered::Packet(Packet { tuple: first.tuple, transport, ..*packet })
    }

    fn note(&mut self, packet: &Packet<'_>, part: Fragment, answer: &Tracked<'_>) {
        let judged = self.first_of(packet, part).filter(|_| part.offset == 0);
        match (judged, answer) {
            (Some(first), Tracked::Invalid { why, .. }) => first.verdict = Verdict::Invalid(*why),
            (Some(first), Tracked::Known { change: Change { dropped: Some(_), .. }, .. }) => {
                first.verdict = Verdict::Dropped;
            }
            _ => {}
        }
    }
}
