//! A cap on the connections of each zone: a tenant cannot fill the table of the others.

use super::{Newcomer, OnFull, Refusal};
use crate::ended::Why;
use crate::tuple::Zone;

/// The most connections that a zone may have, and how many it has.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ZoneCap {
    zone: Zone,
    cap: u32,
    count: u32,
}

impl ZoneCap {
    /// At most `cap` connections of `zone`, of which there are none yet.
    #[must_use]
    pub const fn new(zone: Zone, cap: u32) -> Self {
        Self { zone, cap, count: 0 }
    }

    /// How many connections of the zone are in the table.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The zone.
    #[must_use]
    pub const fn zone(&self) -> Zone {
        self.zone
    }
}

/// No more connections of a zone than its cap, exactly; whoever would be one more is refused for
/// [`Refusal::ZoneFull`], however empty the table is.
///
/// As Open vSwitch caps its zones (`ct-set-limits`). A zone that is not named has no cap; one that
/// is named more than once has the smallest. The names lie in memory of the caller's: `Z` is an
/// array, a slice lent for as long as the tracker lives, or a vector on a host; each newcomer and
/// each that leaves touches all of them, so there should be few.
#[derive(Debug, Clone, Copy)]
pub struct ZoneCaps<Z> {
    zones: Z,
}

impl<Z: AsRef<[ZoneCap]> + AsMut<[ZoneCap]>> ZoneCaps<Z> {
    /// Those caps, of a table that is empty.
    #[must_use]
    pub fn new(mut zones: Z) -> Self {
        zones.as_mut().iter_mut().for_each(|zone| zone.count = 0);
        Self { zones }
    }

    /// The zones, with what they have.
    #[must_use]
    pub fn zones(&self) -> &[ZoneCap] {
        self.zones.as_ref()
    }

    /// The caps of the zone that a connection is in.
    fn of(&mut self, conn: &Newcomer<'_>) -> impl Iterator<Item = &mut ZoneCap> {
        let zone = conn.conn.zone();
        self.zones.as_mut().iter_mut().filter(move |cap| cap.zone == zone)
    }
}

impl<Z: AsRef<[ZoneCap]> + AsMut<[ZoneCap]>> OnFull for ZoneCaps<Z> {
    fn admit(&mut self, newcomer: &Newcomer<'_>) -> Result<(), Refusal> {
        match self.of(newcomer).all(|zone| zone.count < zone.cap) {
            true => Ok(()),
            false => Err(Refusal::ZoneFull),
        }
    }

    fn entered(&mut self, conn: &Newcomer<'_>) {
        self.of(conn).for_each(|zone| zone.count = zone.count.saturating_add(1));
    }

    fn left(&mut self, conn: &Newcomer<'_>, _why: Why) {
        self.of(conn).for_each(|zone| zone.count = zone.count.saturating_sub(1));
    }
}
