//! What boards share: drivers of network ports over registers, keys from noise, LEDs, and the stack's
//! high water.
//!
//! Nothing here knows a board. A driver is made over [`Registers`], which are a device's on a board
//! and a chip model's in a test, so that all of it runs on a PC.
#![cfg_attr(not(test), no_std)]

pub mod entropy;
pub mod lan9118;
pub mod leds;
pub mod mac;
#[cfg(target_os = "none")]
pub mod memory;
pub mod registers;
pub mod stack;
#[cfg(feature = "defmt")]
pub mod status;
pub mod ticks;
pub mod trunk;
pub mod virtio;

pub use registers::{Mmio, Registers};
