//! A cap on the connections of each source: no address, or network, can fill the table of the
//! others.

use core::iter;
use core::net::IpAddr;

use super::source::{Prefix, Source};
use super::{Newcomer, OnFull, Refusal};
use crate::bits::Bits;
use crate::ended::Why;
use crate::hash::{KeyedHash, Seed};
use crate::storage::{Link, SlotId};
use crate::table::MAX_CHAIN;
use crate::tuple::Zone;

/// A place for one source, 18 bytes below 65,536 places and 24 above; 12 and 20 with IPv4 alone.
#[derive(Debug, Clone, Copy)]
pub struct SourcePlace<L = u16> {
    source: Source,
    /// How many connections it has; none in a place that is free.
    count: L,
    /// The first place of the bucket that this place's number names.
    first: L,
    /// The next place of the bucket that this one is in; of a free one, the next of those.
    next: L,
}

impl<L: Link> SourcePlace<L> {
    /// What memory holds before it is used; all zero.
    pub const EMPTY: Self =
        Self { source: Source::EMPTY, count: L::NIL, first: L::NIL, next: L::NIL };
}

/// No more connections of a source than a cap, exactly; whoever would be one more is refused for
/// [`Refusal::SourceFull`], however empty the table is.
///
/// A source is what the first packets of its connections come from: an address or the network of a
/// given [`Prefix`], in a zone. What hosts that it spoke to answer counts for it, not for them. It
/// is the cap that pf has as `max-src-states` and that Linux builds of `connlimit`.
/// It holds for newcomers with reserved slots, too, and what has run out counts until the wheel has
/// ended it: `expire` comes before `track`.
///
/// The counts lie in memory of the caller's: `S` is an array, a slice lent for as long as the
/// tracker lives, or a vector on a host. With **one place more than the table has slots** no source
/// is ever without one (one more, for a newcomer is asked for its source before anybody leaves for
/// it). With fewer, a newcomer of a source that has no place is refused when none is free: rather
/// closed than uncounted. (Connections that were in the table before the cap are counted as far as
/// there are places.)
///
/// Asking, entering and leaving look up one source each: about one place, and at most
/// [`MAX_CHAIN`], for a source whose bucket holds as many is refused, too. That bucket only
/// somebody can fill who knows the key; it is one of its own, not that of the table, and no count
/// depends on it.
#[derive(Debug, Clone)]
pub struct SourceCap<S, L = u16> {
    places: S,
    free: L,
    cap: u32,
    prefix: Prefix,
    hash: KeyedHash,
    /// Who was asked for last, and its bucket: whoever is admitted enters next.
    last: (Source, SlotId),
}

impl<L: Link, S: AsRef<[SourcePlace<L>]> + AsMut<[SourcePlace<L>]>> SourceCap<S, L> {
    /// At most `cap` connections of each [`Prefix::ADDRESS`]. There are none yet, whatever the
    /// memory held. `key` is drawn once, as that of the table is, and never leaves the device.
    ///
    /// Touches every place. Those past the last that links can tell apart are of no use.
    #[must_use]
    pub fn new(places: S, key: Seed, cap: u32) -> Self {
        let (prefix, hash) = (Prefix::ADDRESS, KeyedHash::new(key));
        let last = (Source::EMPTY, SlotId(0));
        let mut caps = Self { places, free: L::NIL, cap, prefix, hash, last };
        caps.forget();
        caps
    }

    /// The same for other networks, of which there are no connections yet. Touches every place.
    #[must_use]
    pub fn prefix(self, prefix: Prefix) -> Self {
        let mut caps = Self { prefix, ..self };
        caps.forget();
        caps
    }

    /// Makes every place free.
    fn forget(&mut self) {
        self.free = L::NIL;
        self.last = (Source::EMPTY, self.home(&Source::EMPTY));
        self.places.as_mut().fill(SourcePlace::EMPTY);
        for number in (0..self.places.as_ref().len().min(L::SLOTS)).rev() {
            self.release(SlotId(number));
        }
    }

    /// How many connections the source has that this address belongs to.
    #[must_use]
    pub fn count(&self, address: IpAddr, zone: Zone) -> u32 {
        let Some(address) = Bits::of(address) else { return 0 };
        let source = self.prefix.source(address, zone);
        self.find(&source, self.home(&source)).map_or(0, |place| self.count_at(place))
    }

    /// The source of a connection, and the bucket that it is in.
    fn source_of(&mut self, conn: &Newcomer<'_>) -> (Source, SlotId) {
        let source = self.prefix.source(conn.conn.source(), conn.conn.zone());
        if source != self.last.0 {
            self.last = (source, self.home(&source));
        }
        self.last
    }

    /// The place whose number names the source's bucket.
    fn home(&self, source: &Source) -> SlotId {
        let hash = self.hash.of_words(source.words());
        L::home(hash, self.places.as_ref().len().min(L::SLOTS))
    }

    fn find(&self, source: &Source, home: SlotId) -> Option<SlotId> {
        self.bucket(home).find(|&id| self.at(id).is_some_and(|place| place.source == *source))
    }

    /// Whether the bucket takes one more source.
    fn has_room(&self, home: SlotId) -> bool {
        self.free != L::NIL && self.bucket(home).count() < MAX_CHAIN
    }

    /// The places of a bucket, at most [`MAX_CHAIN`].
    fn bucket(&self, home: SlotId) -> impl Iterator<Item = SlotId> {
        let first = self.at(home).and_then(|place| place.first.slot());
        iter::successors(first, |&id| self.at(id)?.next.slot()).take(MAX_CHAIN)
    }

    fn at(&self, SlotId(number): SlotId) -> Option<&SourcePlace<L>> {
        self.places.as_ref().get(number)
    }

    fn at_mut(&mut self, SlotId(number): SlotId) -> Option<&mut SourcePlace<L>> {
        self.places.as_mut().get_mut(number)
    }

    fn count_at(&self, id: SlotId) -> u32 {
        self.at(id).map_or(0, |place| place.count.bits())
    }

    fn set_count(&mut self, id: SlotId, count: u32) {
        if let Some(place) = self.at_mut(id) {
            // No more than links can tell apart, of whom a tracker was told that held connections
            // before.
            place.count = L::from_bits(count.min(u32::try_from(L::SLOTS).unwrap_or(u32::MAX)));
        }
    }

    /// Gives a source, of which nothing is counted yet, a place in front of its bucket.
    fn begin(&mut self, source: Source, home: SlotId) -> Option<SlotId> {
        let id = self.free.slot()?;
        let place = self.at_mut(id)?;
        place.source = source;
        let free = place.next;
        self.free = free;
        let first = core::mem::replace(&mut self.at_mut(home)?.first, L::to(id));
        self.at_mut(id)?.next = first;
        Some(id)
    }

    /// Takes a source that has no connections left out of its bucket.
    fn end(&mut self, id: SlotId, home: SlotId) {
        let next = self.at(id).map_or(L::NIL, |place| place.next);
        let is_before =
            |&other: &SlotId| self.at(other).is_some_and(|place| place.next == L::to(id));
        let before = self.bucket(home).find(is_before);
        let link = match before {
            Some(before) => self.at_mut(before).map(|place| &mut place.next),
            None => self.at_mut(home).map(|place| &mut place.first),
        };
        if let Some(link) = link {
            *link = next;
        }
        self.release(id);
    }

    /// Puts a place in front of those that are free.
    fn release(&mut self, id: SlotId) {
        let next = core::mem::replace(&mut self.free, L::to(id));
        if let Some(place) = self.at_mut(id) {
            place.next = next;
        }
    }
}

impl<L: Link, S: AsRef<[SourcePlace<L>]> + AsMut<[SourcePlace<L>]>> OnFull for SourceCap<S, L> {
    fn admit(&mut self, newcomer: &Newcomer<'_>) -> Result<(), Refusal> {
        let (source, home) = self.source_of(newcomer);
        let count = match self.find(&source, home) {
            Some(place) => self.count_at(place),
            None if self.has_room(home) => 0,
            None => return Err(Refusal::SourceFull),
        };
        // Nor more than a place can count.
        match count < self.cap && (count as usize) < L::SLOTS {
            true => Ok(()),
            false => Err(Refusal::SourceFull),
        }
    }

    fn entered(&mut self, conn: &Newcomer<'_>) {
        let (source, home) = self.source_of(conn);
        let place = self.find(&source, home).or_else(|| self.begin(source, home));
        if let Some(place) = place {
            self.set_count(place, self.count_at(place).saturating_add(1));
        }
    }

    fn left(&mut self, conn: &Newcomer<'_>, _why: Why) {
        let (source, home) = self.source_of(conn);
        let Some(place) = self.find(&source, home) else { return };
        let count = self.count_at(place).saturating_sub(1);
        self.set_count(place, count);
        if count == 0 {
            self.end(place, home);
        }
    }
}

#[cfg(test)]
mod tests {
    use core::net::{IpAddr, Ipv4Addr};

    use super::{Bits, MAX_CHAIN, Newcomer, OnFull, Refusal, SourceCap, SourcePlace, Why};
    use crate::conn::Conn;
    use crate::hash::Seed;
    use crate::proto::Track;
    use crate::time::Instant;
    use crate::tuple::{Ends, Key, Protocol, Tuple, Zone};

    fn conn_from(source: IpAddr) -> Conn {
        let destination = Ipv4Addr::LOCALHOST.into();
        let ends = Ends::Ports { source: 1, destination: 2 };
        let tuple = Tuple { source, destination, protocol: Protocol::UDP, ends };
        let (key, sender) = Key::of(&tuple, Zone::DEFAULT).unwrap();
        Conn::new(key, sender, Track::Generic, Instant::from_millis(0))
    }

    fn at_once(conn: &Conn) -> Newcomer<'_> {
        Newcomer { conn, hash: 0, now: Instant::from_millis(0) }
    }

    #[test]
    fn places_are_as_small_as_is_said() {
        let bytes = [size_of::<SourcePlace<u16>>(), size_of::<SourcePlace<u32>>()];
        assert_eq!(bytes, if cfg!(feature = "ipv4-only") { [12, 20] } else { [18, 24] });
    }

    #[test]
    fn whoever_knows_the_key_fills_a_bucket_and_is_refused_then() {
        let mut caps = SourceCap::<_, u16>::new([SourcePlace::EMPTY; 64], Seed([1; 16]), 10);
        let sources = (0..=u32::MAX).map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)));
        let is_colliding = |&source: &IpAddr| {
            let address = Bits::of(source).unwrap();
            caps.home(&caps.prefix.source(address, Zone::DEFAULT)).0 == 5
        };
        let colliding: std::vec::Vec<_> =
            sources.filter(is_colliding).take(MAX_CHAIN.wrapping_add(1)).map(conn_from).collect();
        let (last, first) = colliding.split_last().unwrap();
        for conn in first {
            assert_eq!(caps.admit(&at_once(conn)), Ok(()));
            caps.entered(&at_once(conn));
        }
        assert_eq!(caps.admit(&at_once(last)), Err(Refusal::SourceFull));
        assert!(first.iter().all(|conn| caps.admit(&at_once(conn)).is_ok()), "all are found");
        // From the middle of the chain.
        caps.left(&at_once(&first[17]), Why::TimedOut);
        assert_eq!(caps.admit(&at_once(last)), Ok(()));
        caps.entered(&at_once(last));
        let is_counted = |conn: &&Conn| {
            let (source, home) = caps.source_of(&at_once(conn));
            caps.find(&source, home).map(|place| caps.count_at(place)) == Some(1)
        };
        assert_eq!(colliding.iter().filter(is_counted).count(), MAX_CHAIN);
    }
}
