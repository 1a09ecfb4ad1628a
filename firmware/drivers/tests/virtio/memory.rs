//! The memory of the program as a device sees it: by addresses.

use std::ptr::{
    read_volatile, with_exposed_provenance, with_exposed_provenance_mut, write_volatile,
};

/// Reads a number at `address`.
pub(crate) fn read<T: Copy>(address: u64) -> T {
    // SAFETY: a driver gave the address, or that of what this lies in, to a device.
    unsafe { read_volatile(with_exposed_provenance(place(address))) }
}

/// Writes a number at `address`.
pub(crate) fn write<T: Copy>(address: u64, value: T) {
    // SAFETY: as above, and nobody refers to what a device has.
    unsafe { write_volatile(with_exposed_provenance_mut(place(address)), value) }
}

/// Reads `len` bytes.
pub(crate) fn read_bytes(address: u64, len: u32) -> Vec<u8> {
    (0..u64::from(len)).map(|offset| read(address + offset)).collect()
}

/// Writes bytes.
pub(crate) fn write_bytes(address: u64, bytes: &[u8]) {
    for (address, byte) in (address..).zip(bytes) {
        write(address, *byte);
    }
}

fn place(address: u64) -> usize {
    usize::try_from(address).expect("an address of this machine")
}
