//! What QEMU's riscv32 `virt` machine has: a clock, interrupts, slots for virtio devices, a log.
//!
//! The machine's parts are at fixed addresses, as its manual has them. A board of one's own starts as
//! a copy of this folder: `memory.x` and `main.rs` say what is where and how much of it there is,
//! the files beside this one are small and each about one part of the machine. `machine` starts the
//! emulator, and is what a board of hardware has no need of.
#![no_std]

pub mod clock;
pub mod console;
pub mod guard;
pub mod irq;
pub mod slots;
