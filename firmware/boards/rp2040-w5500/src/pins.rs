//! What is wired to which pin: as a W5500-EVB-Pico has it for `eth0`, and the pins beside for `eth1`.

use keeptrack_drivers::leds::Lamps;
use rp2040_hal::gpio::bank0::{Gpio10, Gpio11, Gpio12, Gpio16, Gpio18, Gpio19};
use rp2040_hal::gpio::{
    DynPinId, FunctionNull, FunctionSio, FunctionSpi, Pin, PinId, PinState, Pins, PullDown, PullUp,
    SioInput, SioOutput, ValidFunction,
};
use rp2040_hal::pac::{SIO, sio};

/// A pin that the program drives.
pub type Output = Pin<DynPinId, FunctionSio<SioOutput>, PullDown>;

/// A pin that is up unless something pulls it down.
pub type Input = Pin<DynPinId, FunctionSio<SioInput>, PullUp>;

/// The pins of SPI0: out, in, clock.
pub type Spi0 = (Spi<Gpio19>, Spi<Gpio16>, Spi<Gpio18>);

/// The pins of SPI1.
pub type Spi1 = (Spi<Gpio11>, Spi<Gpio12>, Spi<Gpio10>);

type Spi<I> = Pin<I, FunctionSpi, PullDown>;

/// The pins of a W5500.
pub struct Chip<S> {
    /// Its SPI's.
    pub spi: S,
    /// Its SCSn.
    pub select: Select,
    /// Low resets it: RSTn.
    pub reset: Output,
    /// Low when it has something to say: INTn. `irq.rs` knows it, too.
    pub interrupt: Input,
}

/// What selects a chip, several times a frame: by its bit alone, which the HAL finds anew each time.
pub struct Select {
    /// Nobody else drives it.
    _pin: Output,
    bit: u32,
}

/// All that is wired.
pub struct Wired {
    /// `eth0`.
    pub left: Chip<Spi0>,
    /// `eth1`.
    pub right: Chip<Spi1>,
    /// The LEDs.
    pub lamps: Lamps<Output>,
}

impl Select {
    fn new(pin: Output) -> Self {
        Self { bit: 1 << pin.id().num, _pin: pin }
    }

    /// Selects it.
    pub fn low(&mut self) {
        // SAFETY: the pin is this one's own, and zeros leave the others as they are.
        sio().gpio_out_clr().write(|w| unsafe { w.bits(self.bit) });
    }

    /// Selects it no more.
    ///
    /// The chip wants 30 nanoseconds, 4 cycles, until it is selected again: `spi.rs` sees to that.
    pub fn high(&mut self) {
        // SAFETY: as above.
        sio().gpio_out_set().write(|w| unsafe { w.bits(self.bit) });
    }
}

/// Hands out the pins. Both chips are in reset, and not selected.
#[must_use]
pub fn wired(pins: Pins) -> Wired {
    let left = Chip {
        spi: (spi(pins.gpio19), spi(pins.gpio16), spi(pins.gpio18)),
        select: Select::new(output(pins.gpio17, PinState::High)),
        reset: output(pins.gpio20, PinState::Low),
        interrupt: input(pins.gpio21),
    };
    let right = Chip {
        spi: (spi(pins.gpio11), spi(pins.gpio12), spi(pins.gpio10)),
        select: Select::new(output(pins.gpio13, PinState::High)),
        reset: output(pins.gpio14, PinState::Low),
        interrupt: input(pins.gpio15),
    };
    let lamps = Lamps {
        link: output(pins.gpio6, PinState::Low),
        drops: output(pins.gpio7, PinState::Low),
        full: output(pins.gpio8, PinState::Low),
        alive: output(pins.gpio25, PinState::Low),
    };
    Wired { left, right, lamps }
}

fn sio() -> &'static sio::RegisterBlock {
    // SAFETY: what is written here sets or clears bits, each on its own.
    unsafe { &*SIO::PTR }
}

fn output<I>(pin: Pin<I, FunctionNull, PullDown>, state: PinState) -> Output
where
    I: PinId + ValidFunction<FunctionSio<SioOutput>>,
{
    pin.into_push_pull_output_in_state(state).into_dyn_pin()
}

fn input<I>(pin: Pin<I, FunctionNull, PullDown>) -> Input
where
    I: PinId + ValidFunction<FunctionSio<SioInput>>,
{
    pin.into_pull_up_input().into_dyn_pin()
}

fn spi<I>(pin: Pin<I, FunctionNull, PullDown>) -> Spi<I>
where
    I: PinId + ValidFunction<FunctionSpi>,
{
    pin.into_function()
}
