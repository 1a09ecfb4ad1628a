//! Policies that others have and core has not, for comparison.

use keeptrack_core::{Instant, Newcomer, OnFull, SlotId, Slots};

use crate::generate::Random;

/// Whoever was idle for longest makes room, assured or not, as in an LRU map.
///
/// It looks at all slots for every sixteenth of them that makes room, which no gateway could
/// afford.
#[derive(Debug, Clone, Default)]
pub struct LeastRecent {
    /// When the connections that were idle for longest at the last look were last seen, and their
    /// slots; the latest first.
    seen: Vec<(Instant, usize)>,
}

impl LeastRecent {
    fn look(&mut self, table: &dyn Slots) {
        let all = (0..table.count()).filter_map(|number| Some((table.conn(number)?, number)));
        self.seen = all.map(|((_, conn), number)| (conn.seen(), number)).collect();
        let count = (self.seen.len() / 16).max(1);
        if count < self.seen.len() {
            self.seen.select_nth_unstable(count);
            self.seen.truncate(count);
        }
        self.seen.sort_unstable_by(|one, other| other.cmp(one));
    }
}

impl OnFull for LeastRecent {
    fn victim(&mut self, _newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
        // One that was seen since, or that lies in another slot by now, waits for the next look.
        while let Some((seen, number)) = self.seen.pop() {
            if let Some((slot, _)) = table.conn(number).filter(|(_, conn)| conn.seen() == seen) {
                return Some(slot);
            }
        }
        self.look(table);
        let (_, number) = self.seen.pop()?;
        table.conn(number).map(|(slot, _)| slot)
    }
}

/// Any connection makes room.
#[derive(Debug, Clone)]
pub struct AnyOne(pub Random);

impl OnFull for AnyOne {
    fn victim(&mut self, _newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
        (0..64).find_map(|_| table.conn(self.0.index(table.count()))).map(|(slot, _)| slot)
    }
}
