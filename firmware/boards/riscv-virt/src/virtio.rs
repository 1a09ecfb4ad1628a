//! The machine's virtio slots, and the memory that their devices share with the program.

use core::cell::UnsafeCell;
use core::ptr::{NonNull, with_exposed_provenance_mut};
use core::sync::atomic::{AtomicUsize, Ordering};

use virtio_drivers::transport::DeviceType;
use virtio_drivers::transport::mmio::MmioTransport;
use virtio_drivers::{BufferDirection, Hal, PAGE_SIZE, PhysAddr};

use crate::irq::Line;
use crate::mmio::Register;

/// Eight slots, four kilobytes apart; the lines of the interrupt controller count from 1.
const SLOTS: usize = 0x1000_1000;
const SLOT_LEN: usize = 0x1000;
const SLOT_COUNT: usize = 8;

/// A device that is plugged in.
pub(crate) struct Device {
    /// Its registers.
    pub(crate) transport: MmioTransport<'static>,
    /// Its interrupt.
    pub(crate) line: Line,
}

/// The devices of the kind `wanted`, in the order of their slots. Each kind is to be asked for once:
/// whatever drops a device's transport resets the device.
pub(crate) fn devices(wanted: DeviceType) -> impl Iterator<Item = Device> {
    (1_u32..).map(Line).zip(0..SLOT_COUNT).filter_map(move |(line, slot)| {
        let address = SLOTS + slot * SLOT_LEN;
        // SAFETY: QEMU's virt machine has a slot there, its kind of device in the third register.
        let kind = unsafe { Register::at(address + 8) };
        if kind.read() != u32::from(wanted as u8) {
            return None;
        }
        let header = NonNull::new(with_exposed_provenance_mut(address))?;
        // SAFETY: the slot is there, aligned, for as long as the machine runs.
        let transport = unsafe { MmioTransport::new(header, SLOT_LEN) }.ok()?;
        Some(Device { transport, line })
    })
}

/// Pages for the queues: two a queue, two queues a port, one for the entropy source.
const PAGE_COUNT: usize = 2 * (2 * 2 + 1);

#[repr(C, align(4096))]
struct Page(UnsafeCell<[u8; PAGE_SIZE]>);

// SAFETY: the program reaches a page only through `dma_alloc`, which hands out each of them once.
unsafe impl Sync for Page {}

static PAGES: [Page; PAGE_COUNT] = [const { Page(UnsafeCell::new([0; PAGE_SIZE])) }; PAGE_COUNT];
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// Memory as this machine has it: one address for the program and its devices, no caches.
pub(crate) struct Memory;

// SAFETY: `dma_alloc` hands out zeroed pages of a static, in a row, each once and never again;
// physical and virtual addresses are the same, so sharing is nothing but telling the address.
unsafe impl Hal for Memory {
    fn dma_alloc(pages: usize, _direction: BufferDirection) -> (PhysAddr, NonNull<u8>) {
        let first = TAKEN.fetch_add(pages, Ordering::Relaxed);
        match PAGES.get(first..first.saturating_add(pages)) {
            Some(row) => {
                let row = NonNull::from(row).cast();
                (address(row), row)
            }
            // The driver reads the address 0 as the refusal that it is.
            _ => (0, NonNull::dangling()),
        }
    }

    unsafe fn dma_dealloc(_paddr: PhysAddr, _vaddr: NonNull<u8>, _pages: usize) -> i32 {
        // Queues live as long as the board; what the entropy source used is not used again.
        0
    }

    unsafe fn mmio_phys_to_virt(_paddr: PhysAddr, _size: usize) -> NonNull<u8> {
        // Only PCI asks, and the machine's slots are no PCI.
        NonNull::dangling()
    }

    unsafe fn share(buffer: NonNull<[u8]>, _direction: BufferDirection) -> PhysAddr {
        address(buffer.cast())
    }

    unsafe fn unshare(_paddr: PhysAddr, _buffer: NonNull<[u8]>, _direction: BufferDirection) {}
}

fn address(memory: NonNull<u8>) -> PhysAddr {
    memory.as_ptr().expose_provenance() as PhysAddr
}
