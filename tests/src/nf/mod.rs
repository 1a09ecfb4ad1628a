//! The running kernel, asked about one packet after the other.
//!
//! A bridge joins two taps in a network namespace of its own, and br_netfilter passes what it
//! forwards to the hooks of IP. So a frame that is written to one tap crosses PREROUTING, FORWARD
//! and POSTROUTING without any routing decision: loopback, multicast and martian addresses and
//! packets of TTL 1 are tracked like any other. A rule behind tracking logs each packet, marked
//! with its state and direction; ctnetlink tells of its connection, and of births and deaths. All
//! of it is there when the write returns.
//!
//! # Limits
//!
//! - The clock is ours (see `conntrack`), but not that of fragments: those that wait are thrown away
//!   after 30 s (IPv4) or 60 s (IPv6) by the kernel's. Fragments far apart in a capture still meet,
//!   and none of a run that is shorter than that ever times out. So is it with expectations.
//! - An entry that has run out leaves at once. To the kernel it stands, and counts against
//!   `nf_conntrack_max`, until something meets it. That maximum is the machine's, and cannot be set
//!   here: [`full`] fills a table up to it.
//! - Timeouts are told apart by their values. Of two that differ by one second, the greater may be
//!   told as the other, once in a few hundred times.
//! - Of a packet that is INVALID no more is told than that, and why.

mod conntrack;
mod entry;
pub mod full;
mod kernel;
pub mod listing;
mod live;
mod log;
mod message;
pub(crate) mod namespace;
mod packet;
mod settings;
mod socket;
#[cfg(test)]
mod tests;
mod version;
mod wire;

pub use kernel::Kernel;
pub use settings::{Policies, Settings};
pub use version::{Peculiarity, Version};
pub use wire::{Packet, packets};
