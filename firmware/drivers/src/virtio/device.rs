//! A virtio device as its registers show it: what it is, how it is started, what it says.

use super::Broken;
use super::barrier::barrier;
use super::queue::Queue;
use crate::Registers;

/// What the driver asks of a slot: a device of this interface, not of the legacy one.
const MAGIC: u32 = u32::from_le_bytes(*b"virt");
const VERSION: u32 = 2;

/// The bit of the upper 32 features without which a device is a legacy one.
const VERSION_1: u32 = 1;

/// How often a device is asked whether it has reset itself.
const RESET_READS: usize = 1000;

/// Offsets of the registers.
mod at {
    pub(super) const MAGIC: usize = 0x00;
    pub(super) const VERSION: usize = 0x04;
    pub(super) const KIND: usize = 0x08;
    pub(super) const DEVICE_FEATURES: usize = 0x10;
    pub(super) const DEVICE_FEATURES_WORD: usize = 0x14;
    pub(super) const DRIVER_FEATURES: usize = 0x20;
    pub(super) const DRIVER_FEATURES_WORD: usize = 0x24;
    pub(super) const QUEUE: usize = 0x30;
    pub(super) const QUEUE_LEN_MAX: usize = 0x34;
    pub(super) const QUEUE_LEN: usize = 0x38;
    pub(super) const QUEUE_READY: usize = 0x44;
    pub(super) const NOTIFY: usize = 0x50;
    pub(super) const INTERRUPT: usize = 0x60;
    pub(super) const ACKNOWLEDGE: usize = 0x64;
    pub(super) const STATUS: usize = 0x70;
    /// Where a queue's descriptors, what the driver gives, and what the device gives back lie: each
    /// in two words, the lower one first.
    pub(super) const QUEUE_PARTS: [usize; 3] = [0x80, 0x90, 0xa0];
    pub(super) const CONFIG: usize = 0x100;
}

/// Bits of the status.
mod status {
    pub(super) const RESET: u32 = 0;
    pub(super) const SEEN: u32 = 1;
    pub(super) const DRIVEN: u32 = 2;
    pub(super) const RUNS: u32 = 4;
    pub(super) const FEATURES_OK: u32 = 8;
    pub(super) const NEEDS_RESET: u32 = 0x40;
}

/// A kind of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A network port.
    Network = 1,
    /// A source of entropy.
    Entropy = 4,
}

/// A device.
#[derive(Debug)]
pub struct Device<R> {
    registers: R,
}

impl<R: Registers> Device<R> {
    /// The device of that kind behind `registers`, unless there is another or none.
    pub fn find(kind: Kind, mut registers: R) -> Option<Self> {
        let said = [at::MAGIC, at::VERSION, at::KIND].map(|offset| registers.read(offset));
        (said == [MAGIC, VERSION, kind as u32]).then_some(Self { registers })
    }

    /// Tells the device that its interrupt was seen.
    pub(super) fn acknowledge(&mut self) {
        let pending = self.registers.read(at::INTERRUPT);
        if pending != 0 {
            self.registers.write(at::ACKNOWLEDGE, pending);
        }
    }

    /// Stops the device: from here on it has no buffer any more.
    pub(super) fn reset(&mut self) -> Result<(), Broken> {
        self.registers.write(at::STATUS, status::RESET);
        let was_reset = (0..RESET_READS).any(|_| self.registers.read(at::STATUS) == status::RESET);
        barrier();
        if was_reset { Ok(()) } else { Err(Broken) }
    }

    /// Begins with a device that was reset: those of the features in `wanted` that it has.
    pub(super) fn begin(&mut self, wanted: u32) -> Result<u32, Broken> {
        self.registers.write(at::STATUS, status::SEEN | status::DRIVEN);
        let agreed = [(0, wanted), (1, VERSION_1)].map(|(word, wanted)| {
            self.registers.write(at::DEVICE_FEATURES_WORD, word);
            let agreed = self.registers.read(at::DEVICE_FEATURES) & wanted;
            self.registers.write(at::DRIVER_FEATURES_WORD, word);
            self.registers.write(at::DRIVER_FEATURES, agreed);
            agreed
        });
        let until_here = status::SEEN | status::DRIVEN | status::FEATURES_OK;
        self.registers.write(at::STATUS, until_here);
        match agreed {
            [agreed, VERSION_1] if self.registers.read(at::STATUS) == until_here => Ok(agreed),
            _ => Err(Broken),
        }
    }

    /// Says where a queue lies.
    pub(super) fn add<T, const N: usize>(&mut self, queue: &Queue<T, N>) -> Result<(), Broken> {
        self.registers.write(at::QUEUE, queue.number());
        if self.registers.read(at::QUEUE_READY) != 0 {
            return Err(Broken);
        }
        if self.registers.read(at::QUEUE_LEN_MAX) < Queue::<T, N>::LEN {
            return Err(Broken);
        }
        self.registers.write(at::QUEUE_LEN, Queue::<T, N>::LEN);
        for (offset, address) in at::QUEUE_PARTS.into_iter().zip(queue.addresses()) {
            let [low, high] = words(address);
            self.registers.write(offset, low);
            self.registers.write(offset + 4, high);
        }
        barrier();
        self.registers.write(at::QUEUE_READY, 1);
        Ok(())
    }

    /// Lets the device use its queues.
    pub(super) fn run(&mut self) {
        let all = status::SEEN | status::DRIVEN | status::FEATURES_OK | status::RUNS;
        barrier();
        self.registers.write(at::STATUS, all);
    }

    /// Says that there is something new in a queue, unless the device is busy with it anyway.
    pub(super) fn notify<T, const N: usize>(&mut self, queue: &Queue<T, N>) {
        if queue.wants_notice() {
            self.registers.write(at::NOTIFY, queue.number());
        }
    }

    /// Whether the device has given up.
    pub(super) fn needs_reset(&mut self) -> bool {
        self.registers.read(at::STATUS) & status::NEEDS_RESET != 0
    }

    /// 16 bits of what the kind of device says of itself.
    pub(super) fn config_half(&mut self, offset: usize) -> u16 {
        self.registers.read_half(at::CONFIG.wrapping_add(offset))
    }
}

/// The lower word and the upper one.
#[allow(clippy::cast_possible_truncation, reason = "a register takes half of the 64 bits")]
pub(super) const fn words(address: u64) -> [u32; 2] {
    [address as u32, (address >> 32) as u32]
}
