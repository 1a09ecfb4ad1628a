//! What carries bytes to the chip and back: registers at once, frames while the processor works.

use embedded_hal::spi::SpiDevice;
use w5500_ll::Registers;
use w5500_ll::eh1::vdm;
use w5500_ll::spi::{AccessMode, vdm_header};

use crate::buffer::Buffer;

/// An SPI bus with one chip at it.
///
/// Registers are read and written at once, up to 45 bytes, which takes microseconds; they are not
/// touched while a transfer is under way. In either case the chip is selected for as long as one head
/// and its bytes take.
pub trait Bus: Registers {
    /// Begins a transfer. None is under way.
    fn start(&mut self, transfer: Transfer);

    /// The transfer that was under way, once, when it has ended. It ends within the time that its
    /// bits take, well or with an error.
    fn finish(&mut self) -> Option<Finished<Self::Error>>;

    /// Ends the transfer that is under way, wherever it is: its bytes are of no use.
    fn abort(&mut self) -> Option<Transfer>;
}

/// A frame's way to the chip or back, in the frame's buffer.
#[derive(Debug)]
pub struct Transfer {
    pub(crate) buffer: &'static mut Buffer,
    pub(crate) direction: Direction,
    pub(crate) body_len: u16,
}

/// Whether the bytes are the chip's or for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// What comes in takes the place of what goes out.
    Read,
    /// What comes in is of no interest; the bytes stay as they are.
    Write,
}

/// A transfer that has ended.
#[derive(Debug)]
pub struct Finished<E> {
    /// It.
    pub transfer: Transfer,
    /// How it went.
    pub outcome: Result<(), E>,
}

/// A bus that transfers frames while the processor waits, over any `SpiDevice`.
#[derive(Debug)]
pub struct Blocking<D: SpiDevice> {
    device: D,
    finished: Option<Finished<D::Error>>,
}

impl Transfer {
    pub(crate) fn new(
        buffer: &'static mut Buffer,
        (address, block): (u16, u8),
        body_len: u16,
        direction: Direction,
    ) -> Self {
        let mode = match direction {
            Direction::Read => AccessMode::Read,
            Direction::Write => AccessMode::Write,
        };
        buffer.set_head(vdm_header(address, block, mode));
        Self { buffer, direction, body_len }
    }

    /// Whether the bytes are the chip's or for it.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// All bytes of it, the head's three in front. What comes in for the head does not matter.
    #[must_use]
    pub fn bytes(&mut self) -> &mut [u8] {
        self.buffer.moved(self.body_len)
    }
}

impl<D: SpiDevice> Blocking<D> {
    /// A bus of the chip behind `device`.
    pub const fn new(device: D) -> Self {
        Self { device, finished: None }
    }
}

impl<D: SpiDevice> Registers for Blocking<D> {
    type Error = D::Error;

    fn read(&mut self, address: u16, block: u8, bytes: &mut [u8]) -> Result<(), D::Error> {
        vdm::W5500::new(&mut self.device).read(address, block, bytes)
    }

    fn write(&mut self, address: u16, block: u8, bytes: &[u8]) -> Result<(), D::Error> {
        vdm::W5500::new(&mut self.device).write(address, block, bytes)
    }
}

impl<D: SpiDevice> Bus for Blocking<D> {
    fn start(&mut self, mut transfer: Transfer) {
        let outcome = match transfer.direction() {
            Direction::Read => self.device.transfer_in_place(transfer.bytes()),
            Direction::Write => self.device.write(transfer.bytes()),
        };
        self.finished = Some(Finished { transfer, outcome });
    }

    fn finish(&mut self) -> Option<Finished<D::Error>> {
        self.finished.take()
    }

    fn abort(&mut self) -> Option<Transfer> {
        self.finished.take().map(|finished| finished.transfer)
    }
}
