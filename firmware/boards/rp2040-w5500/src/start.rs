//! The start of the board: the clocks run, and each part is handed out once.

use embedded_hal::spi::MODE_3;
use keeptrack_drivers::leds::Lamps;
use rp2040_hal::dma::DMAExt;
use rp2040_hal::fugit::{HertzU32, MicrosDurationU32};
use rp2040_hal::gpio::Pins;
use rp2040_hal::pac::Peripherals;
use rp2040_hal::{Sio, Spi, Watchdog};

use crate::pins::{self, Input, Output, Wired};
use crate::spi::SpiBus;
use crate::{clock, clocks, irq, reset};

/// A quarter of the processor's clock; the chip takes 33 MHz.
const SPI_RATE: HertzU32 = HertzU32::kHz(31_250);

/// A W5500 and its SPI.
pub struct Wire {
    /// Its SPI.
    pub bus: SpiBus,
    /// Low resets it: RSTn.
    pub reset: Output,
    /// Low when it has something to say: INTn.
    pub interrupt: Input,
}

/// The watchdog lets the start take so long, by a clock that is not exact: crystals start in
/// milliseconds, or never.
const PATIENCE: MicrosDurationU32 = MicrosDurationU32::secs(8);

/// All that the gateway is made of.
pub struct Parts {
    /// It runs.
    pub watchdog: Watchdog,
    /// `eth0`.
    pub left: Wire,
    /// `eth1`.
    pub right: Wire,
    /// The LEDs.
    pub lamps: Lamps<Output>,
}

/// Starts the clocks, and hands out the parts; None when the clocks do not start, or when this is
/// called again.
#[must_use]
#[inline(never)] // What it needs of the stack is free again when it is done.
pub fn parts() -> Option<Parts> {
    let mut parts = Peripherals::take()?;
    let resets = &mut parts.RESETS;
    // After a debugger's reset it may still copy, into what is somebody else's now.
    parts.DMA.split(resets);
    let mut watchdog = Watchdog::new(parts.WATCHDOG);
    // Not by the crystal yet, but by the ring oscillator, which is half as fast: then it lasts longer.
    watchdog.enable_tick_generation(clocks::CRYSTAL_MHZ);
    watchdog.start(PATIENCE);
    reset::watched();
    let oscillators = (parts.XOSC, parts.PLL_SYS, parts.CLOCKS);
    clocks::start(oscillators, &mut watchdog, resets)?;
    clock::start(&parts.TIMER, resets);
    let sio = Sio::new(parts.SIO);
    let pins = Pins::new(parts.IO_BANK0, parts.PADS_BANK0, sio.gpio_bank0, resets);
    let Wired { left, right, lamps } = pins::wired(pins);
    irq::start();
    // Between two bytes there is no pause in this mode.
    let (spi, _) = Spi::<_, _, _>::new(parts.SPI0, left.spi)
        .init(resets, clocks::PROCESSOR, SPI_RATE, MODE_3)
        .free();
    let bus = SpiBus::of_spi0(spi, left.select);
    let left = Wire { bus, reset: left.reset, interrupt: left.interrupt };
    let (spi, _) = Spi::<_, _, _>::new(parts.SPI1, right.spi)
        .init(resets, clocks::PROCESSOR, SPI_RATE, MODE_3)
        .free();
    let bus = SpiBus::of_spi1(spi, right.select);
    let right = Wire { bus, reset: right.reset, interrupt: right.interrupt };
    Some(Parts { watchdog, left, right, lamps })
}
