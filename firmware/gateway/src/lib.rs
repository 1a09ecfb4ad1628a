//! What a gateway of two ports does: the loop between them round keeptrack's core, without hardware.
//!
//! The gateway is a bump in the wire: a bridge that nobody sees. It carries what comes in at one
//! [port](Port) out at the other, unless a rule, the filter or a full table is against it:
//!
//! 1. The frame is parsed. What is no IP passes, ARP among it; what says that it is IP and cannot be
//!    read is dropped.
//! 2. The rules of PREROUTING say whether it is tracked, and [`track`](keeptrack_core::Conntrack)
//!    what it is.
//! 3. The rules of FORWARD accept or drop it by that.
//! 4. The first packet of a connection is confirmed: it has a place in the table from here on, or is
//!    refused.
//! 5. It goes out.
//!
//! The rules, timeouts and policies come from an [image] in flash, beside the program; a built-in one
//! stands in for it. Every frame that a port hands over is counted once, as forwarded or by the
//! [reason](Reason) for which it was not.
#![cfg_attr(not(any(test, feature = "write")), no_std)]
#![forbid(unsafe_code)]
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

mod action;
mod bridge;
mod counts;
mod gateway;
pub mod image;
mod judge;
#[cfg(feature = "defmt")]
mod listed;
#[cfg_attr(not(feature = "defmt"), path = "silent.rs")]
mod log;
mod loops;
mod port;
pub mod rules;
pub mod settings;
mod table;

pub use action::{ACCEPT, Action, Dropped, Passed, Standing};
pub use bridge::STEPS;
pub use counts::{Counts, PortCounts, Reason};
pub use gateway::{BURST, Gateway, Wake};
pub use judge::{is_no_ip, judge};
pub use port::{Faults, LinkState, Port, Side};
pub use table::{FOLLOWED, Keys, Memory, Policy, Table};

#[cfg(test)]
mod tests;
