//! A network port: frames come in and go out in the buffers that the device itself filled.
//!
//! A buffer is in one place at a time: with a device, or in a [`Frame`]. There are as many buffers
//! as a queue has places, so that no queue is ever too full for them. What comes faster than buffers
//! come back the device keeps, or drops and does not say so: [`Faults::overrun`] stays 0.

use keeptrack_gateway::{Faults, LinkState, Port};

use super::Broken;
use super::barrier::barrier;
use super::device::Device;
use super::lent::{Lent, address_of};
use super::queue::{Access, Interrupts, Part, Queue, QueueMemory};
use crate::Registers;

/// The longest frame: an Ethernet header with two tags, and 1,500 bytes.
pub const FRAME_LEN: usize = 1522;

/// The shortest: an Ethernet header.
const SHORTEST: usize = 14;

/// What the device writes in front of a frame, and reads there: nothing of it is used.
const HEADER_LEN: usize = 12;

/// A little more than the longest frame takes, so that one that is longer can be told.
const BUFFER_LEN: usize = 1536;

/// The numbers of the device's queues.
const RECEIVE: u32 = 0;
const SEND: u32 = 1;

/// The feature of a device that knows whether somebody is at the other end of its wire.
const HAS_STATUS: u32 = 1 << 16;

/// Where it says so, and the bit.
const STATUS: usize = 6;
const LINK_UP: u16 = 1;

/// What a port lies in: its queues, and `N` buffers.
#[derive(Debug)]
pub struct NetworkMemory<const N: usize> {
    receive: QueueMemory<N>,
    send: QueueMemory<N>,
    buffers: [Buffer; N],
}

#[derive(Debug)]
#[repr(align(4))]
struct Buffer([u8; BUFFER_LEN]);

/// A frame that came in.
#[derive(Debug)]
pub struct Frame {
    buffer: &'static mut Buffer,
    len: usize,
}

/// A port of the gateway: a virtio network device, with `N` places in each of its queues.
#[derive(Debug)]
pub struct Network<R, const N: usize> {
    device: Device<R>,
    /// What the device fills.
    receive: Queue<Lent<Buffer>, N>,
    /// What it sends.
    send: Queue<Frame, N>,
    runs: Runs,
    faults: Faults,
}

/// Whether the device uses its queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runs {
    No,
    /// It does, and says whether somebody is at the other end.
    WithStatus,
    /// It does, and says nothing of that.
    WithoutStatus,
}

impl<const N: usize> NetworkMemory<N> {
    /// Zeroes.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "for statics")]
    pub const fn new() -> Self {
        Self {
            receive: QueueMemory::new(),
            send: QueueMemory::new(),
            buffers: [const { Buffer([0; BUFFER_LEN]) }; N],
        }
    }
}

impl AsRef<[u8]> for Frame {
    fn as_ref(&self) -> &[u8] {
        self.buffer.0.get(HEADER_LEN..HEADER_LEN.saturating_add(self.len)).unwrap_or(&[])
    }
}

impl<R: Registers, const N: usize> Network<R, N> {
    /// Starts the device. When it does not start [`link`](Port::link) tries again.
    pub fn open(device: Device<R>, memory: &'static mut NetworkMemory<N>) -> Self {
        let mut receive = Queue::new(RECEIVE, &mut memory.receive);
        for buffer in &mut memory.buffers {
            // There are as many places.
            let _ = give(&mut receive, Lent::new(buffer));
        }
        let send = Queue::new(SEND, &mut memory.send);
        let mut port = Self { device, receive, send, runs: Runs::No, faults: Faults::default() };
        port.restart();
        port
    }

    /// Asks for an interrupt when something happens, and says whether nothing has happened yet, so
    /// that the processor may sleep.
    pub fn may_sleep(&mut self) -> bool {
        self.receive.ask(Interrupts::Wanted);
        self.send.ask(Interrupts::Wanted);
        // The flags must be out before the indexes are read: the device raises an index, and looks at
        // the flag then.
        barrier();
        self.runs == Runs::No || !self.receive.has_used() && !self.send.has_used()
    }

    /// Asks for no interrupt until [`may_sleep`](Self::may_sleep) does.
    pub fn awake(&mut self) {
        self.receive.ask(Interrupts::Unwanted);
        self.send.ask(Interrupts::Unwanted);
    }

    /// Tells the device that its interrupt was seen.
    pub fn acknowledge(&mut self) {
        self.device.acknowledge();
    }

    /// Resets the device and gives it its buffers again; what it was to send comes out of `reclaim`.
    fn restart(&mut self) {
        self.runs = Runs::No;
        if let Ok(runs) = self.start() {
            self.runs = runs;
            self.device.notify(&self.receive);
        }
    }

    fn start(&mut self) -> Result<Runs, Broken> {
        self.device.reset()?;
        self.receive.reset();
        self.faults.transmit = self.faults.transmit.wrapping_add(self.send.reset());
        let runs = match self.device.begin(HAS_STATUS)? {
            HAS_STATUS => Runs::WithStatus,
            _ => Runs::WithoutStatus,
        };
        while let Some(lent) = self.receive.take_lost() {
            // The place that it had is free.
            let _ = give(&mut self.receive, lent);
        }
        self.device.add(&self.receive)?;
        self.device.add(&self.send)?;
        self.device.run();
        Ok(runs)
    }

    /// The device has contradicted itself.
    fn mend(&mut self) {
        self.faults.bad = self.faults.bad.wrapping_add(1);
        self.restart();
    }

    /// Gives the device a buffer to fill.
    fn fill(&mut self, lent: Lent<Buffer>) {
        // A port's own buffers find a place.
        let _ = give(&mut self.receive, lent);
        if self.runs != Runs::No {
            self.device.notify(&self.receive);
        }
    }

    /// The length of a frame of which the device says that it wrote so much, unless it is too short
    /// or too long.
    fn frame_len(&mut self, written_len: u32) -> Option<usize> {
        let refused = match (written_len as usize).checked_sub(HEADER_LEN) {
            Some(len @ SHORTEST..=FRAME_LEN) => return Some(len),
            Some(SHORTEST..) => &mut self.faults.giant,
            Some(..SHORTEST) | None => &mut self.faults.runt,
        };
        *refused = refused.wrapping_add(1);
        None
    }
}

impl<R: Registers, const N: usize> Port for Network<R, N> {
    type Frame = Frame;

    fn link(&mut self) -> LinkState {
        if self.runs == Runs::No {
            self.restart();
        } else if self.device.needs_reset() {
            self.mend();
        }
        match self.runs {
            Runs::WithoutStatus => LinkState::Up,
            Runs::WithStatus if self.device.config_half(STATUS) & LINK_UP != 0 => LinkState::Up,
            Runs::WithStatus | Runs::No => LinkState::Down,
        }
    }

    fn receive(&mut self) -> Option<Frame> {
        // As often as there are buffers: a device that does nothing but short frames keeps nobody.
        for _ in 0..N {
            if self.runs == Runs::No {
                return None;
            }
            match self.receive.take() {
                Ok(None) => return None,
                Ok(Some((lent, written_len))) => match self.frame_len(written_len) {
                    // SAFETY: the device has given it back.
                    Some(len) => return Some(Frame { buffer: unsafe { lent.back() }, len }),
                    None => self.fill(lent),
                },
                Err(Broken) => self.mend(),
            }
        }
        None
    }

    fn transmit(&mut self, frame: Frame) -> Result<(), Frame> {
        if self.runs == Runs::No {
            return Err(frame);
        }
        // What the header said of the frame when it came does not hold when it goes.
        for byte in frame.buffer.0.iter_mut().take(HEADER_LEN) {
            *byte = 0;
        }
        let part = Part {
            address: address_of(frame.buffer),
            len: HEADER_LEN.saturating_add(frame.len),
            access: Access::Reads,
        };
        self.send.give(part, frame)?;
        self.device.notify(&self.send);
        Ok(())
    }

    fn reclaim(&mut self) -> Option<Frame> {
        if self.runs != Runs::No {
            match self.send.take() {
                Ok(Some((frame, _))) => return Some(frame),
                Ok(None) => {}
                Err(Broken) => self.mend(),
            }
        }
        self.send.take_lost()
    }

    fn recycle(&mut self, frame: Frame) {
        self.fill(Lent::new(frame.buffer));
    }

    fn faults(&self) -> Faults {
        self.faults
    }
}

/// Gives a device a buffer to fill, without telling it.
///
/// # Errors
/// The buffer, when the queue is full.
fn give<const N: usize>(
    queue: &mut Queue<Lent<Buffer>, N>,
    lent: Lent<Buffer>,
) -> Result<(), Lent<Buffer>> {
    let address = lent.address();
    queue.give(Part { address, len: BUFFER_LEN, access: Access::Writes }, lent)
}
