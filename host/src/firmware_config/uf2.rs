//! An image as a UF2: one that a boot ROM brings to its place in flash, and nothing else with it.

use std::ops::Range;

use keeptrack_uf2::{Family, Piece, ReadError, SECTOR_LEN};

use crate::error::Error;

/// Where the board rp2040-w5500 has its configuration, CONFIG in its memory.x.
const CONFIG: Range<u32> = 0x101f_0000..0x1020_0000;

/// The same as it is typed.
pub(crate) const USUAL_ADDRESS: &str = "0x101f0000";

/// Where an RP2040 has its flash, and how much there can be of it.
const FLASH: Range<u32> = 0x1000_0000..0x1100_0000;

/// Where a configuration may begin: `0x101f0000`.
///
/// # Errors
/// That is no address in flash, or within a sector: what lies before it there would be erased.
pub(crate) fn address(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix("0x").map(|digits| u32::from_str_radix(digits, 16));
    let Some(Ok(address)) = digits else {
        return Err(format!("write it like {USUAL_ADDRESS}"));
    };
    let Range { start, end } = FLASH;
    if !FLASH.contains(&address) {
        return Err(format!("the flash of an RP2040 lies from {start:#x} to {end:#x}"));
    }
    if address % SECTOR_LEN != 0 {
        return Err(format!("flash is erased by sectors: a multiple of {SECTOR_LEN:#x} is needed"));
    }
    Ok(address)
}

/// The image as a file that brings it to `address`.
///
/// # Errors
/// It has no room there.
pub(super) fn write(image: Vec<u8>, address: u32) -> Result<Vec<u8>, Error> {
    // How much room another board has, its owner knows.
    let end = if address == CONFIG.start { CONFIG.end } else { FLASH.end };
    let room = end.saturating_sub(address) as usize;
    let too_large = Error::ImageRoom { len: image.len(), room };
    if image.len() > room {
        return Err(too_large);
    }
    let image = Piece { address, bytes: image };
    // One piece that is not empty has nothing else to be refused for.
    keeptrack_uf2::write(Family::RP2040, &[image]).map_err(|_| too_large)
}

/// The image that a file brings, if it is a UF2; else the file, which is the image.
///
/// # Errors
/// The file is damaged, or made for other processors.
pub(super) fn opened(file: Vec<u8>) -> Result<Vec<u8>, ReadError> {
    if !keeptrack_uf2::is_uf2(&file) {
        return Ok(file);
    }
    // What follows in another place is no part of it.
    let image = keeptrack_uf2::read(Family::RP2040, &file)?.into_iter().next();
    Ok(image.map_or_else(Vec::new, |image| image.bytes))
}
