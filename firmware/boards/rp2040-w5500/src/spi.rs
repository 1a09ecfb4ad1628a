//! An SPI and its chip select: registers by the SPI's own FIFO, frames by the DMA.

use core::convert::Infallible;

use keeptrack_w5500::{Bus, Direction, Finished, Transfer};
use rp2040_hal::pac::{SPI0, SPI1, spi0};
use w5500_ll::Registers;
use w5500_ll::spi::{AccessMode, HEADER_LEN, vdm_header};

use crate::dma::{Duplex, Incoming};
use crate::pins::Select;

/// How many bytes the SPI holds that go out, and how many that have come in.
const FIFO_LEN: usize = 8;

/// How many bytes of a register access are on their way behind its head.
const AHEAD: usize = FIFO_LEN - HEADER_LEN;

/// An SPI that a W5500 is behind.
pub struct SpiBus {
    spi: &'static spi0::RegisterBlock,
    dma: Duplex,
    select: Select,
    /// What the DMA has.
    transfer: Option<Transfer>,
}

impl SpiBus {
    /// SPI0, as it has been set up, with what selects the chip.
    #[must_use]
    pub fn of_spi0(_spi: SPI0, select: Select) -> Self {
        // SAFETY: whoever had the SPI has just given it away.
        let spi = unsafe { &*SPI0::PTR };
        Self { spi, dma: Duplex::of_spi0(), select, transfer: None }
    }

    /// SPI1.
    #[must_use]
    pub fn of_spi1(_spi: SPI1, select: Select) -> Self {
        // SAFETY: as above.
        let spi = unsafe { &*SPI1::PTR };
        Self { spi, dma: Duplex::of_spi1(), select, transfer: None }
    }

    fn send(&self, byte: u8) {
        // SAFETY: any byte may go out, and no memory is concerned.
        self.spi.sspdr().write(|w| unsafe { w.bits(byte.into()) });
    }

    /// The next of the bytes that are on their way.
    fn receive(&self) -> u8 {
        // The SPI's clock always runs, and a byte takes 32 cycles; if it ever did not, the watchdog
        // would bite.
        while self.spi.sspsr().read().rne().bit_is_clear() {}
        let [byte, ..] = self.spi.sspdr().read().bits().to_le_bytes();
        byte
    }
}

/// At no time more bytes are on their way than the SPI holds. To call either takes longer than the chip
/// is to be left alone before: so neither is ever inlined.
impl Registers for SpiBus {
    type Error = Infallible;

    #[inline(never)]
    fn read(&mut self, address: u16, block: u8, data: &mut [u8]) -> Result<(), Infallible> {
        self.select.low();
        let head = vdm_header(address, block, AccessMode::Read);
        head.into_iter().for_each(|byte| self.send(byte));
        let mut left = data.len();
        for _ in 0..left.min(AHEAD) {
            self.send(0);
            left -= 1;
        }
        for _ in head {
            self.receive();
        }
        for place in data {
            *place = self.receive();
            if left > 0 {
                self.send(0);
                left -= 1;
            }
        }
        self.select.high();
        Ok(())
    }

    #[inline(never)]
    fn write(&mut self, address: u16, block: u8, data: &[u8]) -> Result<(), Infallible> {
        self.select.low();
        let head = vdm_header(address, block, AccessMode::Write);
        head.into_iter().for_each(|byte| self.send(byte));
        data.iter().take(AHEAD).for_each(|byte| self.send(*byte));
        for byte in data.iter().skip(AHEAD) {
            self.receive();
            self.send(*byte);
        }
        for _ in 0..data.len().min(AHEAD) + HEADER_LEN {
            self.receive();
        }
        self.select.high();
        Ok(())
    }
}

impl Bus for SpiBus {
    fn start(&mut self, transfer: Transfer) {
        // Nobody begins one while another is under way; what the DMA has is safe all the same.
        self.abort();
        let incoming = match transfer.direction() {
            Direction::Read => Incoming::InPlace,
            Direction::Write => Incoming::Discarded,
        };
        self.select.low();
        // The address is taken where the transfer stays: to move it ends what was taken before.
        let bytes = &raw mut *self.transfer.insert(transfer).bytes();
        // SAFETY: the transfer has the bytes for itself, and nobody touches it until `finish` finds
        // the DMA done, or `abort` has stopped it.
        unsafe { self.dma.start(bytes, incoming) };
    }

    fn finish(&mut self) -> Option<Finished<Infallible>> {
        if self.transfer.is_none() || !self.dma.is_done() {
            return None;
        }
        self.select.high();
        self.transfer.take().map(|transfer| Finished { transfer, outcome: Ok(()) })
    }

    fn abort(&mut self) -> Option<Transfer> {
        let transfer = self.transfer.take()?;
        self.dma.abort();
        // What was on its way comes in: eight bytes at the most, or the watchdog bites.
        while self.spi.sspsr().read().bsy().bit_is_set() {}
        while self.spi.sspsr().read().rne().bit_is_set() {
            self.receive();
        }
        self.select.high();
        Some(transfer)
    }
}
