//! Memory that a device writes to.

use core::ptr::{NonNull, from_ref};

/// A `T` that a device may be writing to: nobody refers to it meanwhile.
#[derive(Debug)]
pub(super) struct Lent<T: 'static>(NonNull<T>);

impl<T> Lent<T> {
    pub(super) fn new(memory: &'static mut T) -> Self {
        Self(NonNull::from(memory))
    }

    /// Where the device finds it.
    pub(super) fn address(&self) -> u64 {
        self.0.as_ptr().expose_provenance() as u64
    }

    /// The memory again.
    ///
    /// # Safety
    /// The device is done with it.
    pub(super) unsafe fn back(self) -> &'static mut T {
        let Self(mut memory) = self;
        // SAFETY: it was a `&'static mut T` in `new`, and this is the only way to have it back; the
        // caller vouches for the device.
        unsafe { memory.as_mut() }
    }
}

/// Where a device finds what it reads.
pub(super) fn address_of<T>(memory: &T) -> u64 {
    from_ref(memory).expose_provenance() as u64
}
