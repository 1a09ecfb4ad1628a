//! What happens at a full table: the policy that picks who leaves, and how a connection can end.

use core::fmt;

use crate::conn::Conn;
use crate::storage::SlotId;

/// The policy of a full table.
///
/// It is asked only when nothing else can make room: no slot is free, none waits to be handed out,
/// and the wheel's next few steps ended nothing. Constant work is part of the contract.
pub trait OnFull {
    /// The slot whose connection leaves for `newcomer`; `None` refuses the newcomer.
    fn victim(&mut self, newcomer: &Conn, table: &dyn Slots) -> Option<SlotId>;
}

/// The slots of a table, as a policy sees them.
pub trait Slots {
    /// How many there are.
    fn count(&self) -> usize;

    /// The connection in the slot with that number, if it holds a live one.
    fn conn(&self, number: usize) -> Option<(SlotId, &Conn)>;
}

/// The newcomer is refused, whoever is in the table; as in Linux 2.4.
#[derive(Debug, Clone, Copy, Default)]
pub struct Refuse;

impl OnFull for Refuse {
    fn victim(&mut self, _newcomer: &Conn, _table: &dyn Slots) -> Option<SlotId> {
        None
    }
}

/// Why a first packet's connection was not taken in. The packet is to be dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Refusal {
    /// Nobody had to leave for it.
    TableFull,
    /// Its bucket holds [`MAX_CHAIN`](crate::MAX_CHAIN) connections: someone knows the hash key.
    ChainTooLong,
}

impl Refusal {
    /// The reason in one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TableFull => "table_full",
            Self::ChainTooLong => "chain_too_long",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TableFull => "table full, dropping packet",
            Self::ChainTooLong => "chain too long, dropping packet",
        })
    }
}
