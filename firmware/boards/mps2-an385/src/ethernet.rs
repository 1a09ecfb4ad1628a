//! Where the board's Ethernet chip is: a LAN9118 in QEMU, a LAN9220 on the board itself.

use keeptrack_drivers::Mmio;

/// The chip decodes eight bits of an address.
pub type Chip = Mmio<0x100>;

// SAFETY: the chip is there, copies nothing to memory by itself, and nothing is behind its registers.
/// Its registers.
pub const CHIP: Chip = unsafe { Chip::at(0x4020_0000) };
