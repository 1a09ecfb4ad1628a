//! A source of entropy: the keys of the gateway's hashes, drawn while the board does something else.

use keeptrack_core::{Instant, Seed};
use keeptrack_gateway::Keys;

use super::Broken;
use super::device::Device;
use super::lent::Lent;
use super::queue::{Access, Part, Queue, QueueMemory};
use crate::Registers;

/// How many bytes are asked for at once: those of two keys.
const DRAWN_LEN: usize = 32;

/// Seconds from one look at how the device is to the next.
const INTERVAL: u32 = 1;

/// What a source lies in.
#[derive(Debug)]
pub struct EntropyMemory {
    queue: QueueMemory<1>,
    bytes: [u8; DRAWN_LEN],
}

/// A virtio entropy device.
#[derive(Debug)]
pub struct Entropy<R> {
    device: Device<R>,
    queue: Queue<Lent<[u8; DRAWN_LEN]>, 1>,
    state: State,
    next_look: Instant,
    drawn: [[u8; DRAWN_LEN / 2]; 2],
    drawn_len: usize,
}

/// Whether the device does what it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Runs,
    /// It did not start.
    Stands,
}

impl EntropyMemory {
    /// Zeroes.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "for statics")]
    pub const fn new() -> Self {
        Self { queue: QueueMemory::new(), bytes: [0; DRAWN_LEN] }
    }
}

impl<R: Registers> Entropy<R> {
    /// Starts the device and asks it for bytes. When it does not start [`poll`](Self::poll) tries
    /// again.
    pub fn open(device: Device<R>, memory: &'static mut EntropyMemory) -> Self {
        let queue = Queue::new(0, &mut memory.queue);
        let mut source = Self {
            device,
            queue,
            state: State::Stands,
            next_look: Instant::default(),
            drawn: [[0; DRAWN_LEN / 2]; 2],
            drawn_len: 0,
        };
        source.ask(Lent::new(&mut memory.bytes));
        source.restart();
        source
    }

    /// The keys, once the device has given that many bytes; to be called again when it has raised an
    /// interrupt. It may give few at a time, or none for ever: nothing here waits for it. A device that
    /// does not start or has given up is started anew, once a second.
    pub fn poll(&mut self, now: Instant) -> Option<Keys> {
        if now >= self.next_look {
            self.next_look = now.after(INTERVAL);
            if self.state == State::Stands || self.device.needs_reset() {
                self.restart();
            }
        }
        if self.state == State::Stands {
            return None;
        }
        match self.queue.take() {
            Ok(None) => None,
            Ok(Some((lent, written_len))) => {
                // SAFETY: the device has given it back.
                let bytes = unsafe { lent.back() };
                let places = self.drawn.as_flattened_mut().iter_mut().skip(self.drawn_len);
                for (place, byte) in places.zip(bytes.iter().take(written_len as usize)) {
                    *place = *byte;
                    self.drawn_len += 1;
                }
                bytes.fill(0);
                self.ask(Lent::new(bytes));
                if self.drawn_len < DRAWN_LEN {
                    self.device.notify(&self.queue);
                    return None;
                }
                let [table, sources] = self.drawn.map(Seed);
                Some(Keys { table, sources })
            }
            Err(Broken) => {
                self.restart();
                None
            }
        }
    }

    /// Tells the device that its interrupt was seen.
    pub fn acknowledge(&mut self) {
        self.device.acknowledge();
    }

    fn ask(&mut self, lent: Lent<[u8; DRAWN_LEN]>) {
        let part = Part { address: lent.address(), len: DRAWN_LEN, access: Access::Writes };
        // The one place is free: what had it is what is given.
        let _ = self.queue.give(part, lent);
    }

    fn restart(&mut self) {
        self.state = State::Stands;
        if self.start() == Ok(()) {
            self.state = State::Runs;
            self.device.notify(&self.queue);
        }
    }

    fn start(&mut self) -> Result<(), Broken> {
        self.device.reset()?;
        self.queue.reset();
        if let Some(lent) = self.queue.take_lost() {
            self.ask(lent);
        }
        self.device.begin(0)?;
        self.device.add(&self.queue)?;
        self.device.run();
        Ok(())
    }
}
