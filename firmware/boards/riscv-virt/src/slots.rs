//! The machine's slots for virtio devices.

use keeptrack_drivers::Mmio;
use keeptrack_drivers::virtio::{Device, Kind};

use crate::irq::Line;

/// Eight slots, four kilobytes apart; the lines of the interrupt controller count from 1.
const SLOTS: usize = 0x1000_1000;
const SLOT_LEN: usize = 0x1000;
const SLOT_COUNT: usize = 8;

/// A slot's registers.
pub type Slot = Mmio<SLOT_LEN>;

/// The devices of a kind, in the order of their slots, and their interrupts.
pub fn devices(kind: Kind) -> impl Iterator<Item = (Device<Slot>, Line)> {
    (1_u32..).map(Line).zip(0..SLOT_COUNT).filter_map(move |(line, slot)| {
        // SAFETY: QEMU's virt machine has a slot there. An empty one is a device of no kind, and the
        // drivers of the others give them memory of their own.
        let registers = unsafe { Slot::at(SLOTS + slot * SLOT_LEN) };
        Some((Device::find(kind, registers)?, line))
    })
}
