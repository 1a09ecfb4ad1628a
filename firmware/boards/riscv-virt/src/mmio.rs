//! Registers of the machine at fixed addresses.

use core::ptr::{read_volatile, with_exposed_provenance_mut, write_volatile};

/// A register of 32 bits.
#[derive(Clone, Copy)]
pub(crate) struct Register(usize);

impl Register {
    /// The register at `address`.
    ///
    /// # Safety
    /// There is a register of 32 bits at `address`, which is a multiple of four, and neither
    /// reading nor writing it changes memory that the program owns.
    pub(crate) const unsafe fn at(address: usize) -> Self {
        Self(address)
    }

    /// Reads it.
    pub(crate) fn read(self) -> u32 {
        // SAFETY: whoever made this vouched for the address.
        unsafe { read_volatile(with_exposed_provenance_mut(self.0)) }
    }

    /// Writes it.
    pub(crate) fn write(self, value: u32) {
        // SAFETY: whoever made this vouched for the address, and that a write touches no memory.
        unsafe { write_volatile(with_exposed_provenance_mut(self.0), value) }
    }
}
