//! Two channels of the DMA that keep an SPI going both ways at once.

use core::sync::atomic::{AtomicU8, Ordering, compiler_fence};

use rp2040_hal::pac::dma::{CH, RegisterBlock};
use rp2040_hal::pac::{DMA, SPI0, SPI1, spi0};

use crate::reset::{self, Note};

/// Bits of a channel's control register, where zero means bytes: it runs; its addresses go on; who is
/// next when it ends, itself for nobody; by whose request; that its end is of no interest; and that
/// it has not ended.
const ENABLED: u32 = 1 << 0;
const READ_ON: u32 = 1 << 4;
const WRITE_ON: u32 = 1 << 5;
const NEXT: u32 = 11;
const REQUEST: u32 = 15;
const QUIET: u32 = 1 << 21;
const BUSY: u32 = 1 << 24;

/// How often an aborted channel is asked whether it has stopped, which takes it a few cycles of the
/// bus.
const PATIENCE: usize = 1000;

/// Where bytes go that nobody wants.
static SINK: AtomicU8 = AtomicU8::new(0);

/// What becomes of bytes that come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incoming {
    /// They take the place of those that went out.
    InPlace,
    /// Nothing.
    Discarded,
}

/// A pair of channels.
pub struct Duplex {
    out: &'static CH,
    back: &'static CH,
    /// The bits of both in registers that all channels share, and that of the one that reads.
    both: u32,
    last: u32,
    /// What the control register of the one that reads always has.
    control: u32,
}

impl Duplex {
    /// The pair of SPI0. Nobody else has its channels; that a transfer ends interrupts.
    #[must_use]
    pub fn of_spi0() -> Self {
        let dma = registers();
        Self::new((0, 16), (dma.ch(0), dma.ch(1)), SPI0::PTR)
    }

    /// The pair of SPI1.
    #[must_use]
    pub fn of_spi1() -> Self {
        let dma = registers();
        Self::new((2, 18), (dma.ch(2), dma.ch(3)), SPI1::PTR)
    }

    /// The pair whose first channel, which writes, has this number, and whose SPI has these numbers
    /// as requests.
    fn new(
        (channel, request): (u32, u32),
        (out, back): (&'static CH, &'static CH),
        spi: *const spi0::RegisterBlock,
    ) -> Self {
        // SAFETY: the registers are there at all times, and only the address of one is asked for.
        let fifo = address(unsafe { &*spi }.sspdr().as_ptr());
        let last = 2 << channel;
        let control = ENABLED | (channel + 1) << NEXT | (request + 1) << REQUEST;
        let out_control = ENABLED | QUIET | READ_ON | channel << NEXT | request << REQUEST;
        // SAFETY: a channel that nothing triggers moves nothing; and it will write into the FIFO, no
        // memory, until `start` says otherwise of the one that reads.
        unsafe {
            out.ch_write_addr().write(|w| w.bits(fifo));
            out.ch_al1_ctrl().write(|w| w.bits(out_control));
            back.ch_read_addr().write(|w| w.bits(fifo));
            registers().inte0().modify(|r, w| w.bits(r.bits() | last));
        }
        Self { out, back, both: 3 << channel, last, control }
    }

    /// Sends these bytes.
    ///
    /// # Safety
    /// Nobody touches them until [`is_done`](Self::is_done) says so, or after
    /// [`abort`](Self::abort).
    pub unsafe fn start(&mut self, bytes: *mut [u8], incoming: Incoming) {
        let from = address(bytes.cast::<u8>());
        let (to, step) = match incoming {
            Incoming::InPlace => (from, WRITE_ON),
            Incoming::Discarded => (address(SINK.as_ptr()), 0),
        };
        let len = u32::try_from(bytes.len()).unwrap_or(0);
        compiler_fence(Ordering::Release);
        // SAFETY: what is written to is the caller's, or the sink; a byte comes in after it went
        // out, so that none is written before it was read.
        unsafe {
            self.out.ch_read_addr().write(|w| w.bits(from));
            self.out.ch_trans_count().write(|w| w.bits(len));
            self.back.ch_al1_ctrl().write(|w| w.bits(self.control | step));
            self.back.ch_write_addr().write(|w| w.bits(to));
            self.back.ch_trans_count().write(|w| w.bits(len));
            registers().multi_chan_trigger().write(|w| w.bits(self.both));
        }
    }

    /// Whether the last byte has come in. If so, its interrupt is forgotten.
    pub fn is_done(&mut self) -> bool {
        if self.back.ch_al1_ctrl().read().bits() & BUSY != 0 {
            return false;
        }
        self.acknowledge();
        compiler_fence(Ordering::Acquire);
        true
    }

    /// Stops what is under way.
    ///
    /// By erratum RP2040-E13 the channel's bit in CHAN_ABORT clears while bytes are still on their way,
    /// and the last of them may raise the interrupt: so BUSY is asked, and the interrupt is off
    /// meanwhile.
    pub fn abort(&mut self) {
        // SAFETY: the last byte interrupts nobody, who would only be woken.
        registers().inte0().modify(|r, w| unsafe { w.bits(r.bits() & !self.last) });
        // SAFETY: what is aborted are the pair's own channels.
        registers().chan_abort().write(|w| unsafe { w.bits(self.both) });
        if !(0..PATIENCE).any(|_| self.has_stopped()) {
            // The buffer cannot be given back to anybody, as long as bytes may go there.
            reset::note(Note::GaveUp);
            reset::restart();
        }
        self.acknowledge();
        // SAFETY: as above.
        registers().inte0().modify(|r, w| unsafe { w.bits(r.bits() | self.last) });
        compiler_fence(Ordering::Acquire);
    }

    fn has_stopped(&self) -> bool {
        let controls = [self.out, self.back].map(|channel| channel.ch_al1_ctrl().read().bits());
        controls.iter().all(|control| control & BUSY == 0)
    }

    fn acknowledge(&self) {
        // SAFETY: the bits of other pairs are written as zeros, which changes nothing.
        registers().ints0().write(|w| unsafe { w.bits(self.last) });
    }
}

/// As the DMA has it, whose addresses are the processor's.
fn address<T>(of: *const T) -> u32 {
    u32::try_from(of.expose_provenance()).unwrap_or(0)
}

fn registers() -> &'static RegisterBlock {
    // SAFETY: each pair has channels of its own, and what all share is written by one bit each.
    unsafe { &*DMA::PTR }
}
