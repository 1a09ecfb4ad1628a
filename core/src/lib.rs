//! A connection tracker that has no clock, no randomness, no I/O, no allocation, no unsafe code and
//! no log: the same calls give the same answers on every machine.
//!
//! # The life of a packet
//!
//! 1. [`Packet::parse`] reads what tracking needs from a frame, by the packet's own lengths.
//! 2. [`Conntrack::track`] asks the [raw table](raw) first: a packet may be left untracked.
//! 3. An ICMP error is looked up by the packet that it carries, and is RELATED to its connection.
//! 4. Any other packet is looked up by its tuple, once for both directions. What has run out is not
//!    found, and what may be reopened is taken out.
//! 5. Found: its protocol moves the connection on, or calls the packet INVALID.
//!    [`Tracked::Known`] says what changed.
//! 6. Not found: its protocol says whether it may begin a connection. [`Tracked::First`] is a
//!    guard: the filter decides, and [`Unconfirmed::confirm`] makes the entry or refuses it.
//! 7. What leaves the table comes out of [`Conntrack::expire`], with the reason; only the one whose
//!    slot a confirmation takes at once is returned there.
//!
//! A connection to which a rule gives a [helper](raw::Helper) when it begins is listened to at step
//! 5: what it announces is [expected](Expectation), and its first packet is RELATED at step 6.
//!
//! Without a packet, [`Conntrack::restore`] puts in a connection that somebody else has tracked,
//! and [`Conntrack::flush`] takes one out.
//!
//! ```
//! use keeptrack_core::{Config, Conntrack, Instant, LinkType, Packet, Seed, Step, Storage, Tracked};
//!
//! let mut storage = Storage::<1024>::new(); // on a board a static, in .bss
//! let mut ct = Conntrack::new(storage.lend(), Config::DEFAULT, Seed([7; 16]))?;
//!
//! # let frame = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2,
//! #     0x30, 0x39, 0, 53, 0, 8, 0, 0];
//! let now = Instant::from_millis(1_000);
//! let packet = Packet::parse(LinkType::Raw, &frame)?;
//! let Tracked::First(first) = ct.track(now, &packet) else { panic!("nothing is known yet") };
//! let made = first.confirm()?;
//! assert_eq!(
//!     made.conn.list(now).to_string(),
//!     "udp      17 30 src=192.0.2.1 dst=192.0.2.2 sport=12345 dport=53 [UNREPLIED] \
//!      src=192.0.2.2 dst=192.0.2.1 sport=53 dport=12345",
//! );
//!
//! let ended = loop {
//!     match ct.expire(now.after(30)) {
//!         Step::Ended(ended) => break ended,
//!         Step::Working => {}
//!         Step::Idle => panic!("it has run out"),
//!     }
//! };
//! assert_eq!(ended.why.name(), "timed_out");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![no_std]
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

#[cfg(test)]
extern crate std;

mod acct;
mod bits;
mod checksum;
mod config;
mod confirm;
mod conn;
mod conntrack;
mod ended;
mod expect;
mod expiry;
pub mod fragment;
mod full;
mod gather;
#[cfg(any(test, target_pointer_width = "32"))]
mod half_sip;
mod hash;
mod helper;
mod inside;
mod invalid;
mod list;
mod mark;
mod packet;
mod parse;
mod proto;
mod rank;
pub mod raw;
mod related;
mod restore;
mod stats;
mod status;
mod step;
mod storage;
mod table;
mod tags;
mod time;
mod timeout;
mod tracked;
mod tuple;

#[cfg(feature = "acct")]
pub use acct::Counters;
pub use config::{Config, ConfigError, TcpConfig};
pub use confirm::{Confirmed, Refused, Unconfirmed};
pub use conn::{Conn, Listed};
pub use conntrack::Conntrack;
pub use ended::{Ended, Why};
pub use expect::Expectation;
pub use fragment::Held;
pub use full::{
    Adaptive, EarlyDrop, Ghost, GhostOf, Newcomer, OnFull, OnRefusal, Prefix, Ranked, Refusal,
    Refuse, Slots, SourceCap, SourcePlace, ZoneCap, ZoneCaps,
};
pub use hash::Seed;
pub use helper::{Help, HelperDrop, HelperSlot, HelperTable, Helpers, NoHelpers};
pub use invalid::Invalid;
pub use packet::{
    Chunk, Fragment, IfName, Inner, Malformed, Packet, Path, Sctp, Seen, Tcp, TcpFlags, Transport,
};
pub use parse::{Header, LinkType, MAX_TAGS, ParseError};
pub use proto::{SctpState, State, TcpState};
pub use rank::{Class, Rank};
pub use restore::{RestoreError, Restored};
pub use stats::Stats;
pub use status::{CtState, Status};
pub use storage::{
    LISTS, Lent, Link, Memory, Node, Slot, SlotId, Storage, bytes_a_table, bytes_an_entry,
};
pub use table::MAX_CHAIN;
pub use time::Instant;
pub use timeout::{MAX_SECONDS, Timeout, TimeoutPolicy};
pub use tracked::{Change, Step, Tracked};
pub use tuple::{Direction, Ends, Protocol, Tuple, Zone};
