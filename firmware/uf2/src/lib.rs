//! UF2, the files that a boot ROM takes by drag and drop: written, and read again.
//!
//! A file is a row of blocks of 512 bytes, as [Microsoft's specification][spec] has them; all numbers
//! are little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `UF2\n`, `0x9e5d5157` |
//! | 4 | flags: `0x2000`, for a family is named |
//! | 4 | the address that the page goes to |
//! | 4 | the length of the page: 256 |
//! | 4, 4 | the number of the block, from 0, and how many there are |
//! | 4 | the [`Family`] |
//! | 476 | the page, and `0xff` |
//! | 4 | `0x0ab16f30` |
//!
//! Whole sectors are written, of 4,096 bytes: what flash is erased by. Less would do for the form, but
//! not for the boot ROM of the RP2040: it takes sixteen blocks whose numbers differ in the last four
//! bits for one sector, and erases where the first of them goes.
//!
//! [spec]: https://github.com/microsoft/uf2
#![forbid(unsafe_code)]

mod block;
mod read;
mod write;

pub use read::{ReadError, Wrong, is_uf2, read};
pub use write::{WriteError, write};

/// What flash is erased by, in bytes: a file holds whole ones.
pub const SECTOR_LEN: u32 = 4096;

/// For which processors a file is; others leave its blocks alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family(pub u32);

impl Family {
    /// The RP2040, of the specification's list of families.
    pub const RP2040: Self = Self(0xe48b_ff56);
}

/// Bytes, and the address of the first of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Where they lie in the processor's memory.
    pub address: u32,
    /// What lies there.
    pub bytes: Vec<u8>,
}
