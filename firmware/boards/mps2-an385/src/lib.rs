//! What Arm's MPS2 board has with the image AN385: a clock, interrupts, an Ethernet chip; the two
//! clocks that keys come from; and the log.
//!
//! The board's parts are at fixed addresses, as ARM's application note 385 has them. A board of one's
//! own starts as a copy of this folder: `memory.x` and `main.rs` say what is where and how much of it
//! there is, the files beside this one are small and each about one part of the board. `machine`
//! starts the emulator, and is what a board of hardware has no need of.
#![no_std]

pub mod clock;
pub mod clocks;
pub mod console;
pub mod ethernet;
pub mod irq;

use keeptrack_routines as _;
