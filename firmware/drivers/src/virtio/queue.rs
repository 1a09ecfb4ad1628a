//! A queue of buffers to a device and back: the split virtqueue, one descriptor a buffer.
//!
//! All of a queue's memory is atomic, so that the device and the driver may use it at once. An item
//! that the device was given a buffer of is held here, under the number of its descriptor, until the
//! device gives that number back, or is reset.

use core::array::from_fn;
use core::sync::atomic::{AtomicU16, AtomicU32, Ordering};

use super::Broken;
use super::barrier::barrier;
use super::device::words;
use super::lent::address_of;

/// A flag of a descriptor: the device writes.
const WRITES: u16 = 2;

/// The flag by which either side says that the other need not tell it.
const QUIET: u16 = 1;

/// What a queue of `N` places lies in, shared with the device.
#[derive(Debug)]
#[repr(C, align(16))]
pub(super) struct QueueMemory<const N: usize> {
    descriptors: [Descriptor; N],
    available: Available<N>,
    used: Used<N>,
}

/// Where a buffer is.
#[derive(Debug)]
#[repr(C)]
struct Descriptor {
    address: [AtomicU32; 2],
    len: AtomicU32,
    flags: AtomicU16,
    next: AtomicU16,
}

/// The descriptors that the driver gives.
#[derive(Debug)]
#[repr(C)]
struct Available<const N: usize> {
    flags: AtomicU16,
    index: AtomicU16,
    ring: [AtomicU16; N],
}

/// The descriptors that the device gives back.
#[derive(Debug)]
#[repr(C, align(4))]
struct Used<const N: usize> {
    flags: AtomicU16,
    index: AtomicU16,
    ring: [UsedElement; N],
}

#[derive(Debug)]
#[repr(C)]
struct UsedElement {
    descriptor: AtomicU32,
    written_len: AtomicU32,
}

/// What the device does with a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Reads,
    Writes,
}

/// A buffer as the device is told of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) address: u64,
    pub(super) len: usize,
    pub(super) access: Access,
}

/// A queue of at most `N` items.
#[derive(Debug)]
pub(super) struct Queue<T, const N: usize> {
    number: u32,
    memory: &'static QueueMemory<N>,
    held: [Option<T>; N],
    /// The descriptors whose buffers the device has, a bit each.
    given: u32,
    /// Those whose items were here when the device was reset.
    lost: u32,
    next_available: u16,
    next_used: u16,
}

impl<const N: usize> QueueMemory<N> {
    pub(super) const fn new() -> Self {
        Self {
            descriptors: [const {
                Descriptor {
                    address: [const { AtomicU32::new(0) }; 2],
                    len: AtomicU32::new(0),
                    flags: AtomicU16::new(0),
                    next: AtomicU16::new(0),
                }
            }; N],
            available: Available {
                flags: AtomicU16::new(0),
                index: AtomicU16::new(0),
                ring: [const { AtomicU16::new(0) }; N],
            },
            used: Used {
                flags: AtomicU16::new(0),
                index: AtomicU16::new(0),
                ring: [const {
                    UsedElement { descriptor: AtomicU32::new(0), written_len: AtomicU32::new(0) }
                }; N],
            },
        }
    }
}

impl<T, const N: usize> Queue<T, N> {
    /// How many places there are.
    #[allow(clippy::cast_possible_truncation, reason = "at most 32")]
    pub(super) const LEN: u32 = {
        assert!(N.is_power_of_two() && N <= 32, "a queue has 1, 2, 4, 8, 16 or 32 places");
        N as u32
    };

    const ALL: u32 = u32::MAX >> (u32::BITS - Self::LEN);

    /// The queue that the device knows by `number`.
    pub(super) fn new(number: u32, memory: &'static mut QueueMemory<N>) -> Self {
        let held = from_fn(|_| None);
        Self { number, memory, held, given: 0, lost: 0, next_available: 0, next_used: 0 }
    }

    pub(super) const fn number(&self) -> u32 {
        self.number
    }

    /// Where its three parts are.
    pub(super) fn addresses(&self) -> [u64; 3] {
        let memory = self.memory;
        [address_of(&memory.descriptors), address_of(&memory.available), address_of(&memory.used)]
    }

    /// Gives the device a buffer, which `item` is or has. The device is not told: see
    /// [`wants_notice`](Self::wants_notice).
    ///
    /// # Errors
    /// The item, when there is no place.
    pub(super) fn give(&mut self, part: Part, item: T) -> Result<(), T> {
        let free = Self::ALL & !self.given & !self.lost;
        let number = free.trailing_zeros();
        let slot = usize::from(self.next_available) % N;
        let place = number as usize;
        let (Some(descriptor), Some(held), Some(available)) = (
            self.memory.descriptors.get(place),
            self.held.get_mut(place),
            self.memory.available.ring.get(slot),
        ) else {
            return Err(item);
        };
        descriptor.fill(part);
        *held = Some(item);
        self.given |= 1 << number;
        #[allow(clippy::cast_possible_truncation, reason = "less than 32")]
        available.store(number as u16, Ordering::Relaxed);
        self.next_available = self.next_available.wrapping_add(1);
        // What was written until here is there for whoever sees the index.
        self.memory.available.index.store(self.next_available, Ordering::Release);
        Ok(())
    }

    /// Whether the device wants to be told of what it was given.
    pub(super) fn wants_notice(&self) -> bool {
        // The index must be out before the flag is read: the device raises the flag, and looks at
        // the index once more. It must be out as well before the device is told.
        barrier();
        self.memory.used.flags.load(Ordering::Relaxed) & QUIET == 0
    }

    /// The next item whose buffer the device is done with, and how many bytes the device says that
    /// it wrote.
    pub(super) fn take(&mut self) -> Result<Option<(T, u32)>, Broken> {
        let Some((number, written_len)) = self.take_number()? else { return Ok(None) };
        let item = self.held.get_mut(number as usize).and_then(Option::take).ok_or(Broken)?;
        Ok(Some((item, written_len)))
    }

    /// The next descriptor that the device is done with, and how many bytes it says that it wrote.
    fn take_number(&mut self) -> Result<Option<(u32, u32)>, Broken> {
        let ready = self.used_count();
        if ready == 0 {
            return Ok(None);
        }
        let slot = usize::from(self.next_used) % N;
        let element = self.memory.used.ring.get(slot).ok_or(Broken)?;
        let number = element.descriptor.load(Ordering::Relaxed);
        let bit = 1_u32.checked_shl(number).unwrap_or(0);
        if self.given & bit == 0 || u32::from(ready) > self.given.count_ones() {
            return Err(Broken);
        }
        self.given &= !bit;
        self.next_used = self.next_used.wrapping_add(1);
        Ok(Some((number, element.written_len.load(Ordering::Relaxed))))
    }

    /// Whether the device is done with something, or contradicts itself.
    pub(super) fn has_used(&self) -> bool {
        self.used_count() > 0
    }

    /// Whether the device is to raise an interrupt when it is done with something.
    pub(super) fn ask(&self, interrupts: Interrupts) {
        let flags = match interrupts {
            Interrupts::Wanted => 0,
            Interrupts::Unwanted => QUIET,
        };
        self.memory.available.flags.store(flags, Ordering::Relaxed);
    }

    /// Begins afresh, with a device that was reset: how many buffers it had and was not done with.
    /// [`take_lost`](Self::take_lost) has the items of all that [`take`](Self::take) has not.
    pub(super) fn reset(&mut self) -> u32 {
        let given = self.given;
        while let Ok(Some(_)) = self.take_number() {}
        let lost_count = self.given.count_ones();
        self.lost |= given;
        self.given = 0;
        (self.next_available, self.next_used) = (0, 0);
        self.memory.available.index.store(0, Ordering::Relaxed);
        self.memory.used.index.store(0, Ordering::Relaxed);
        self.memory.used.flags.store(0, Ordering::Relaxed);
        lost_count
    }

    /// The next item that was in the queue when the device was reset.
    pub(super) fn take_lost(&mut self) -> Option<T> {
        let number = self.lost.trailing_zeros();
        let item = self.held.get_mut(number as usize)?.take();
        self.lost &= self.lost.wrapping_sub(1);
        item
    }

    fn used_count(&self) -> u16 {
        // What the device wrote before the index is there for whoever sees that.
        self.memory.used.index.load(Ordering::Acquire).wrapping_sub(self.next_used)
    }
}

/// Whether a device is to raise interrupts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interrupts {
    Wanted,
    Unwanted,
}

impl Descriptor {
    fn fill(&self, Part { address, len, access }: Part) {
        for (word, value) in self.address.iter().zip(words(address)) {
            word.store(value, Ordering::Relaxed);
        }
        #[allow(clippy::cast_possible_truncation, reason = "no buffer is that long")]
        self.len.store(len as u32, Ordering::Relaxed);
        let flags = match access {
            Access::Reads => 0,
            Access::Writes => WRITES,
        };
        self.flags.store(flags, Ordering::Relaxed);
        self.next.store(0, Ordering::Relaxed);
    }
}
