//! The first 256 bytes of the flash: what the boot ROM runs before the program.

/// For the chip of a Pico, a W25Q16JV.
// SAFETY: memory.x puts it where the boot ROM looks for it, and nothing else there.
#[unsafe(link_section = ".boot2")]
#[used]
static BOOT2: [u8; 256] = rp2040_boot2::BOOT_LOADER_W25Q080;
