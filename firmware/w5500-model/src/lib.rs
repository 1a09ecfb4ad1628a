//! A model of WIZnet's W5500 as a driver in MACRAW mode sees it: registers, FIFOs, time, and faults.
//!
//! There is one model for all who have no chip: the driver's tests, and an emulator of a whole board,
//! which loads it as WebAssembly. It knows no clock: whoever has it says how much time goes by.
//!
//! Facts are from the chip's datasheet, version 1.0.9. What that does not say is a constant with a
//! reason. Left out is what a bridge has no use for: protocols above Ethernet, sockets but the first,
//! power down, and wake on LAN.
#![no_std]
#![forbid(unsafe_op_in_unsafe_fn)]

mod chip;
mod fault;
mod frame;
mod registers;
mod socket;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use chip::{BOOT_NANOS, Chip, Level, Link, RESET_NANOS};
pub use fault::Fault;
pub use socket::{FIFO_LEN, LONGEST, Longest};
