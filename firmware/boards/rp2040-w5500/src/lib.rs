//! What a Raspberry Pi Pico has, and what is wired to it: a clock, interrupts, two SPI with a W5500
//! each, LEDs, a ring oscillator that keys come from, and a watchdog.
//!
//! The RP2040's parts are at fixed addresses, as its datasheet has them; `pins.rs` says what is wired
//! to which pin. What rp2040-hal does without a panic is left to it, the rest goes by its registers.
#![no_std]

pub mod boot;
pub mod clock;
pub mod clocks;
pub mod console;
pub mod dma;
pub mod irq;
pub mod pins;
pub mod reset;
pub mod ring;
pub mod spi;
pub mod start;
