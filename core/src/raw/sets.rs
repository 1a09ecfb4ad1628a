//! Sets of addresses and ports that rules ask for by number, kept by whoever has room for them.

use crate::packet::Packet;

/// A question of whether a packet is in some set, by the number that its keeper gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SetId(pub u16);

/// Keeps sets and knows what of a packet is looked up in each.
pub trait Sets {
    /// Whether the set holds the packet. A set that there is not holds none.
    fn hold(&self, set: SetId, packet: &Packet<'_>) -> bool;
}

/// No sets.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSets;

impl Sets for NoSets {
    fn hold(&self, _set: SetId, _packet: &Packet<'_>) -> bool {
        false
    }
}
