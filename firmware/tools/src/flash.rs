//! What of an image lies in flash, as a file that the board's boot ROM takes.

use std::error::Error;
use std::ops::Range;

use keeptrack_uf2::{Family, Piece, write};
use object::File;
use object::elf::PT_LOAD;
use object::read::elf::ProgramHeader;

use crate::size::edge;

/// The image as UF2; None where its linker script says no `_uf2_family`: the board takes none.
///
/// # Errors
/// Part of it lies outside of what the linker script calls flash, `_flash_start` to `_flash_end`: no
/// boot ROM would bring it there.
pub fn uf2(image: &File<'_>) -> Result<Option<Vec<u8>>, Box<dyn Error>> {
    let Ok(family) = edge(image, "_uf2_family") else { return Ok(None) };
    let family = Family(u32::try_from(family)?);
    let flash = edge(image, "_flash_start")?..edge(image, "_flash_end")?;
    let pieces = pieces(image)?;
    pieces.iter().try_for_each(|piece| lies_in(piece, &flash))?;
    Ok(Some(write(family, &pieces)?))
}

/// What is loaded, by where it lies before the program begins: its physical address.
fn pieces(image: &File<'_>) -> Result<Vec<Piece>, Box<dyn Error>> {
    let File::Elf32(elf) = image else { return Err("it is no ELF file of 32 bits".into()) };
    let endian = elf.endian();
    let loaded = elf.elf_program_headers().iter().filter(|part| part.p_type(endian) == PT_LOAD);
    let pieces = loaded.map(|part| {
        let bytes = part.data(endian, elf.data()).map_err(|()| "it is cut")?;
        Ok(Piece { address: part.p_paddr(endian), bytes: bytes.to_vec() })
    });
    pieces.collect()
}

fn lies_in(piece: &Piece, flash: &Range<u64>) -> Result<(), String> {
    let start = u64::from(piece.address);
    let end = start + piece.bytes.len() as u64;
    if piece.bytes.is_empty() || flash.start <= start && end <= flash.end {
        return Ok(());
    }
    let Range { start: first, end: last } = flash;
    Err(format!(
        "what it loads at {start:#x} to {end:#x} does not lie in flash, {first:#x} to {last:#x}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_of_flash_is_refused() {
        let flash = 0x1000_0000..0x101f_0000;
        let piece = |address, len| Piece { address, bytes: vec![0; len] };
        let fits = |address, len| lies_in(&piece(address, len), &flash);
        assert_eq!(fits(0x1000_0000, 0x100), Ok(()));
        assert_eq!(fits(0x101e_ffff, 1), Ok(()));
        assert_eq!(fits(0x2000_0000, 0), Ok(()));
        assert!(fits(0x0fff_ffff, 2).is_err());
        let beyond = "what it loads at 0x101effff to 0x101f0001 does not lie in flash, 0x10000000 to \
            0x101f0000";
        assert_eq!(fits(0x101e_ffff, 2), Err(beyond.to_owned()));
        assert!(fits(0x2000_0000, 1).is_err());
    }
}
