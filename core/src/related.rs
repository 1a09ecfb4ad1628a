//! From an ICMP error to the connection that it speaks of.

use crate::full::OnFull;
use crate::helper::Help;
use crate::inside::Inside;
use crate::invalid::Invalid;
use crate::packet::{Inner, Packet};
use crate::storage::{Memory, SlotId};
use crate::time::Instant;
use crate::tuple::{Direction, Key, Zone};

impl<M: Memory, P: OnFull, H: Help> Inside<M, P, H> {
    /// The connection whose packet the error carries, and the direction in which the error goes:
    /// against that packet.
    ///
    /// It is looked up in `zone`, the error's own. Any router may have sent the error, but only to
    /// the host whose packet it carries.
    pub(crate) fn spoken_of(
        &mut self,
        now: Instant,
        (packet, zone): (&Packet<'_>, Zone),
        inner: &Inner,
    ) -> Result<(SlotId, Direction), Invalid> {
        let tuple = match inner {
            Inner::Tuple(tuple) => tuple,
            Inner::Unreadable(why) => return Err(Invalid::Inner(*why)),
        };
        let (key, sender) = Key::of(tuple, zone).ok_or(Invalid::ErrorUnknown)?;
        let hash = self.hash.of(&key);
        let slot = self.find(now, hash, &key).ok_or(Invalid::ErrorUnknown)?;
        if packet.tuple.destination != tuple.source {
            return Err(Invalid::ErrorAddress);
        }
        Ok((slot, self.table.conn(slot).direction_from(sender.other())))
    }
}
