//! What happens at a full table: the policy that says who leaves for whom, and who is refused.
//!
//! A policy is a type behind [`OnFull`]. Several make one as a tuple, of which the first that
//! refuses, or that finds somebody, has its way (two to four, which may be tuples again): `(caps,
//! Adaptive::new(600, 1200), Ranked)`.

mod adaptive;
mod compose;
mod draws;
mod early_drop;
mod ghost;
mod ranked;
mod refusal;
mod slots;
mod source;
mod source_cap;
mod zone_caps;

use crate::conn::Conn;
use crate::ended::Why;
use crate::rank::Rank;
use crate::storage::SlotId;
use crate::time::Instant;

pub use adaptive::Adaptive;
pub use early_drop::EarlyDrop;
pub use ghost::{Ghost, GhostOf};
pub use ranked::Ranked;
pub use refusal::{OnRefusal, Refusal};
pub use slots::Slots;
pub(crate) use slots::View;
pub(crate) use slots::idle_ms;
pub use source::Prefix;
pub use source_cap::{SourceCap, SourcePlace};
pub use zone_caps::{ZoneCap, ZoneCaps};

/// A connection at a moment, as a policy is told of it.
#[derive(Debug, Clone, Copy)]
pub struct Newcomer<'n> {
    /// The connection, as it is or was in the table or would be.
    pub conn: &'n Conn,
    /// Its hash, by the table's key; it never leaves the device.
    pub hash: u32,
    /// The moment.
    pub now: Instant,
}

/// The policy of a full table, and whoever else decides who may be in it.
///
/// Every method has to do constant work. One that says nothing refuses whoever finds no slot.
pub trait OnFull {
    /// Whether the table keeps the connections of each [`Rank`](crate::Rank) in order for it.
    const RANKS: bool = false;

    /// Whether `newcomer` may be in the table, were there a slot; asked of every newcomer, who may
    /// be refused for another reason yet.
    ///
    /// # Errors
    /// Why not.
    fn admit(&mut self, newcomer: &Newcomer<'_>) -> Result<(), Refusal> {
        let _ = newcomer;
        Ok(())
    }

    /// A connection whose time is over by the policy's own measure. Asked for each newcomer,
    /// twice at the most, whether or not there is a slot; the connection ends as [`Why::Shrunk`].
    fn overdue(&mut self, newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
        let _ = (newcomer, table);
        None
    }

    /// The slot whose connection leaves for `newcomer`; `None` refuses the newcomer.
    ///
    /// Asked only when nothing else can make room: no slot is left for it, none waits to be handed
    /// out, and the wheel's next few steps ended nothing.
    fn victim(&mut self, newcomer: &Newcomer<'_>, table: &dyn Slots) -> Option<SlotId> {
        let _ = (newcomer, table);
        None
    }

    /// `newcomer` is in the table now.
    fn entered(&mut self, newcomer: &Newcomer<'_>) {
        let _ = newcomer;
    }

    /// A connection that was in the table is no longer found nor counted.
    fn left(&mut self, leaver: &Newcomer<'_>, why: Why) {
        let _ = (leaver, why);
    }

    /// A connection of `rank` got the answer for which it had waited so many milliseconds, and has
    /// another rank or none. Told only with [`RANKS`](Self::RANKS).
    fn answered(&mut self, rank: Rank, waited_ms: u64) {
        let _ = (rank, waited_ms);
    }

    /// The first packet of `newcomer` was refused, by this policy or for another reason.
    fn refused(&mut self, newcomer: &Newcomer<'_>, why: Refusal) {
        let _ = (newcomer, why);
    }
}

/// The newcomer is refused, whoever is in the table; as in Linux 2.4.
#[derive(Debug, Clone, Copy, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Refuse;

impl OnFull for Refuse {}
