//! From a part of a datagram to what is tracked in its place.

use crate::conn::Conn;
use crate::fragment::{Fragments, Gathered, Held};
use crate::full::OnFull;
use crate::helper::Help;
use crate::inside::Inside;
use crate::invalid::Invalid;
use crate::packet::{Fragment, Packet};
use crate::raw::Raw;
use crate::stats::add_one;
use crate::storage::Memory;
use crate::time::Instant;
use crate::tracked::{Change, Tracked};
use crate::tuple::{Key, Zone};

impl<M: Memory, P: OnFull, H: Help> Inside<M, P, H> {
    /// What `packet` is, which is that `part` of a datagram, or what the datagram is that it
    /// completes.
    #[cold]
    pub(crate) fn track_part<'t>(
        &'t mut self,
        (packet, now): (&Packet<'_>, Instant),
        part: Fragment,
        fragments: &mut impl Fragments,
        (rules, first): (&mut impl Raw, &'t mut Conn),
    ) -> Tracked<'t> {
        let answer = match fragments.gather(now, packet, part) {
            Gathered::Packet(gathered) => self.track(now, &gathered, rules, first),
            Gathered::Invalid(why) => self.invalid(why),
            Gathered::Held(why) => self.held(why),
        };
        fragments.note(packet, part, &answer);
        answer
    }
}

impl<M: Memory, P: OnFull, H: Help> Inside<M, P, H> {
    /// What goes on from a first part is of its connection, which it leaves as it is.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn continued(
        &mut self,
        now: Instant,
        packet: &Packet<'_>,
        zone: Zone,
    ) -> Tracked<'_> {
        let Some((key, sender)) = Key::of(&packet.tuple, zone) else {
            return self.invalid(Invalid::Family);
        };
        let hash = self.hash.of(&key);
        let Some(slot) = self.find(now, hash, &key) else { return self.held(Held::Unled) };
        add_one(&mut self.stats.known);
        let conn = self.table.conn(slot);
        let dir = conn.direction_from(sender);
        Tracked::Known { state: conn.ct_state(dir), dir, conn, change: Change::NONE }
    }

    fn held(&mut self, why: Held) -> Tracked<'_> {
        self.stats.count_held(why);
        Tracked::Held(why)
    }
}
