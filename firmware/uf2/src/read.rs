//! A file to pieces of memory.

use std::collections::BTreeMap;
use std::fmt;

use crate::block::{self, BLOCK_LEN, Block, PAGE_LEN};
use crate::{Family, Piece};

/// Why a file is none that a boot ROM would write, all of it and once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadError {
    /// It has so many bytes: no blocks, or not whole ones.
    Len(usize),
    /// What is wrong with a block; which one of the file, from 0.
    Block(usize, Wrong),
}

/// What is wrong with a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wrong {
    /// It does not begin and end as a block does.
    Magic,
    /// It has these flags: it is not for flash, or names no family, or has more to it than a page.
    Flags(u32),
    /// It is for another family, this one.
    Family(Family),
    /// Its page has so many bytes.
    PageLen(u32),
    /// Its page goes to this address, where none begins.
    Address(u32),
    /// Its page goes where one has gone before.
    Twice(u32),
    /// It says that it has this number, of so many.
    Number(u32, u32),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Len(len) => {
                write!(f, "{len} bytes are no whole blocks of UF2, of {BLOCK_LEN} each: it is cut")
            }
            Self::Block(number, wrong) => write!(f, "block {number} of the UF2 {wrong}"),
        }
    }
}

impl std::error::Error for ReadError {}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => f.write_str("does not begin and end as one does: it is damaged"),
            Self::Flags(flags) => write!(f, "has flags {flags:#x}, not those of a page of flash"),
            Self::Family(Family(family)) => {
                write!(f, "is for processors of another family, {family:#010x}")
            }
            Self::PageLen(len) => write!(f, "has {len} bytes, not a page of 256"),
            Self::Address(address) => write!(f, "goes to {address:#010x}, where no page begins"),
            Self::Twice(address) => write!(f, "goes to {address:#010x}, as one before"),
            Self::Number(number, count) => {
                write!(f, "says that it is number {number} of {count}: blocks are missing")
            }
        }
    }
}

/// Whether it is a UF2, perhaps a damaged one, by how it begins.
#[must_use]
pub fn is_uf2(file: &[u8]) -> bool {
    block::begins(file)
}

/// What a file brings to a processor of `family`: pieces in the order of their addresses, with a gap
/// between each and the next.
///
/// # Errors
/// A block is not as the boot ROM asks for, or missing, or one too many.
pub fn read(family: Family, file: &[u8]) -> Result<Vec<Piece>, ReadError> {
    let (blocks, rest) = file.as_chunks::<BLOCK_LEN>();
    if blocks.is_empty() || !rest.is_empty() {
        return Err(ReadError::Len(file.len()));
    }
    let mut pages = BTreeMap::new();
    for (at, bytes) in blocks.iter().enumerate() {
        let wrong = |wrong| ReadError::Block(at, wrong);
        let Block { address, number, count, page } = Block::read(family, bytes).map_err(wrong)?;
        if [number as usize, count as usize] != [at, blocks.len()] {
            return Err(wrong(Wrong::Number(number, count)));
        }
        if pages.insert(address, page).is_some() {
            return Err(wrong(Wrong::Twice(address)));
        }
    }
    let mut pieces: Vec<Piece> = Vec::new();
    let mut end = None;
    for (address, page) in pages {
        match pieces.last_mut() {
            Some(piece) if end == Some(address) => piece.bytes.extend(page),
            _ => pieces.push(Piece { address, bytes: page.to_vec() }),
        }
        end = address.checked_add(PAGE_LEN);
    }
    Ok(pieces)
}
