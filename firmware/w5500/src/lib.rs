//! A driver for WIZnet's W5500 that bridges: every frame comes in, to whomever it is, and goes out.
//!
//! It is a [`Port`](keeptrack_gateway::Port) over embedded-hal's pins and a [`Bus`], which is
//! [`Blocking`] over any `SpiDevice`, or a board's own DMA. Registers are `w5500-ll`'s. The first
//! socket has all of the chip's memory, in MACRAW mode without its filter; the chip's own protocols
//! answer nobody.
//!
//! Nothing waits: frames are moved by the bus while the processor works, and what the chip takes its
//! time for is begun in one call and asked for in a later one. Nothing gives up: a chip that
//! contradicts itself, resets itself, does not end a command or is not there is counted in
//! [`Faults`](keeptrack_gateway::Faults) and started anew, while frames' buffers stay in one place
//! each. A frame is handed over when the chip has said, after it was read, that its socket is open as
//! before, and what lies behind the frame makes sense: then it is what came in.
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

mod buffer;
mod bus;
mod chip;
mod port;
mod receiver;
mod sender;
mod starter;
mod trouble;

pub use buffer::{Buffer, Frame, LONGEST};
pub use bus::{Blocking, Bus, Direction, Finished, Transfer};
pub use port::{Clock, Pins, W5500};
pub use w5500_ll::Registers;
