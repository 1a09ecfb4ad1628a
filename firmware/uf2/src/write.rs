//! Pieces of memory to a file.

use std::collections::BTreeMap;
use std::fmt;

use crate::block::{Block, Page};
use crate::{Family, Piece, SECTOR_LEN};

/// Sectors by their first addresses.
type Sectors = BTreeMap<u32, Vec<u8>>;

/// Why pieces make no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteError {
    /// There is not one byte.
    Nothing,
    /// Two bytes for this address.
    Twice(u32),
    /// The piece that begins at this address does not end before the last sector of all addresses.
    Beyond(u32),
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("there is nothing to write"),
            Self::Twice(address) => write!(f, "there are two bytes for {address:#010x}"),
            Self::Beyond(address) => {
                write!(f, "what begins at {address:#010x} does not end below {LAST:#010x}")
            }
        }
    }
}

impl std::error::Error for WriteError {}

/// The last sector of all addresses: nothing is written there, so that every end is a number.
const LAST: u32 = u32::MAX - (SECTOR_LEN - 1);

/// A file for processors of `family` that brings these pieces to their places, in any order.
///
/// What the pieces leave open of a sector becomes `0xff`, as if it was erased; it is erased in any
/// case.
///
/// # Errors
/// There is nothing in the pieces, or they overlap, or go beyond the last address.
pub fn write(family: Family, pieces: &[Piece]) -> Result<Vec<u8>, WriteError> {
    let sectors = sectors(pieces)?;
    let pages = sectors.iter().flat_map(|(&sector, bytes)| {
        let addresses = (sector..).step_by(size_of::<Page>());
        addresses.zip(bytes.chunks_exact(size_of::<Page>()).filter_map(<[u8]>::first_chunk))
    });
    let count = pages.clone().fold(0, |count, _| count + 1);
    let mut file = Vec::new();
    for (number, (address, page)) in (0..).zip(pages) {
        Block { address, number, count, page }.write(family, &mut file);
    }
    if file.is_empty() { Err(WriteError::Nothing) } else { Ok(file) }
}

/// The sectors that the pieces lie in.
fn sectors(pieces: &[Piece]) -> Result<Sectors, WriteError> {
    let mut pieces: Vec<&Piece> = pieces.iter().filter(|piece| !piece.bytes.is_empty()).collect();
    pieces.sort_by_key(|piece| piece.address);
    let mut sectors = Sectors::new();
    let mut free = 0;
    for piece in pieces {
        if piece.address < free {
            return Err(WriteError::Twice(piece.address));
        }
        let beyond = WriteError::Beyond(piece.address);
        let len = u32::try_from(piece.bytes.len()).map_err(|_| beyond)?;
        free = piece.address.checked_add(len).filter(|end| *end <= LAST).ok_or(beyond)?;
        for (address, byte) in (piece.address..free).zip(&piece.bytes) {
            let within = address % SECTOR_LEN;
            let erased = || vec![0xff; SECTOR_LEN as usize];
            let sector = sectors.entry(address - within).or_insert_with(erased);
            if let Some(place) = sector.get_mut(within as usize) {
                *place = *byte;
            }
        }
    }
    Ok(sectors)
}
