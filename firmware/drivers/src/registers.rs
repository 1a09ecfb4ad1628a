//! Registers of a device, by their offsets in bytes: a device's own, or a chip model's.

use core::ptr::{
    read_volatile, with_exposed_provenance, with_exposed_provenance_mut, write_volatile,
};

/// Registers of 32 bits, and halves of them.
pub trait Registers {
    /// Reads the register at `offset`.
    fn read(&mut self, offset: usize) -> u32;

    /// Reads the 16 bits at `offset`, where a device has a register of that width.
    fn read_half(&mut self, offset: usize) -> u16;

    /// Writes the register at `offset`.
    fn write(&mut self, offset: usize, value: u32);
}

/// A device's own registers: `LEN` bytes at a fixed address.
///
/// Where there is no whole register nothing is written, and zero is read. What is asked for is a
/// constant as `LEN` is, so that this costs a driver nothing.
#[derive(Debug, Clone, Copy)]
pub struct Mmio<const LEN: usize>(usize);

impl<const LEN: usize> Mmio<LEN> {
    /// The registers that begin at `address`.
    ///
    /// # Safety
    /// At `address`, a multiple of four, there are `LEN` bytes of a device's registers. Neither
    /// reading nor writing any of them changes memory that the program owns, other than memory that
    /// the program has given to the device.
    #[must_use]
    pub const unsafe fn at(address: usize) -> Self {
        const { assert!(LEN.is_multiple_of(4), "a device has whole registers") };
        Self(address)
    }

    /// Reads the register at `offset`.
    #[inline]
    #[must_use]
    pub fn read(self, offset: usize) -> u32 {
        self.place::<u32>(offset).map_or(0, |address| {
            // SAFETY: the register is one of the device's, for which whoever made this vouched.
            unsafe { read_volatile(with_exposed_provenance(address)) }
        })
    }

    /// Writes the register at `offset`.
    #[inline]
    pub fn write(self, offset: usize, value: u32) {
        if let Some(address) = self.place::<u32>(offset) {
            // SAFETY: the register is one of the device's. Whoever made this vouched for that, and
            // that a write touches no memory but what the device was given.
            unsafe { write_volatile(with_exposed_provenance_mut(address), value) }
        }
    }

    /// Where a register lies that is as wide as a `T`.
    #[inline]
    fn place<T>(self, offset: usize) -> Option<usize> {
        let is_whole = offset < LEN && offset.is_multiple_of(size_of::<T>());
        is_whole.then(|| self.0.wrapping_add(offset))
    }
}

impl<const LEN: usize> Registers for Mmio<LEN> {
    #[inline]
    fn read(&mut self, offset: usize) -> u32 {
        Self::read(*self, offset)
    }

    #[inline]
    fn read_half(&mut self, offset: usize) -> u16 {
        self.place::<u16>(offset).map_or(0, |address| {
            // SAFETY: the register is one of the device's, for which whoever made this vouched.
            unsafe { read_volatile(with_exposed_provenance(address)) }
        })
    }

    #[inline]
    fn write(&mut self, offset: usize, value: u32) {
        Self::write(*self, offset, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_registers_of_the_device_are_touched() {
        let mut words = [1_u32, 2, 3, 4];
        let address = words.as_mut_ptr().expose_provenance();
        // SAFETY: half of the array, which nobody else uses meanwhile, is the device.
        let mut registers: Mmio<8> = unsafe { Mmio::at(address) };
        for (offset, value) in [(4, 7), (6, 8), (8, 9), (12, 9), (usize::MAX - 3, 9)] {
            registers.write(offset, value);
        }
        assert_eq!([0, 4, 1, 8, usize::MAX].map(|offset| registers.read(offset)), [1, 7, 0, 0, 0]);
        assert_eq!([0, 4, 5, 8].map(|offset| registers.read_half(offset)), [1, 7, 0, 0]);
        assert_eq!(words, [1, 7, 3, 4]);
    }
}
