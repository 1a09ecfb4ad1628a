//! One block: a page, where it goes, and which of how many it is.

use crate::Family;
use crate::read::Wrong;

/// Bytes of a block.
pub(crate) const BLOCK_LEN: usize = 512;
/// Bytes of a page.
pub(crate) const PAGE_LEN: u32 = 256;
/// What flash is written by.
pub(crate) type Page = [u8; PAGE_LEN as usize];

const FIRST_MAGIC: u32 = 0x0a32_4655;
const SECOND_MAGIC: u32 = 0x9e5d_5157;
const LAST_MAGIC: u32 = 0x0ab1_6f30;
/// The word for the file's size is the family.
const FAMILY_PRESENT: u32 = 0x2000;

/// What stands between the page and the last word.
const PADDING: [u8; PADDING_LEN] = [0xff; PADDING_LEN];
const PADDING_LEN: usize = BLOCK_LEN - 9 * size_of::<u32>() - size_of::<Page>();

/// A page, and what is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block<'p> {
    pub(crate) address: u32,
    pub(crate) number: u32,
    pub(crate) count: u32,
    pub(crate) page: &'p Page,
}

impl<'p> Block<'p> {
    /// Appends the block to a file.
    pub(crate) fn write(&self, family: Family, file: &mut Vec<u8>) {
        let head = [
            FIRST_MAGIC,
            SECOND_MAGIC,
            FAMILY_PRESENT,
            self.address,
            PAGE_LEN,
            self.number,
            self.count,
            family.0,
        ];
        file.extend(head.iter().flat_map(|word| word.to_le_bytes()));
        file.extend(self.page);
        file.extend(PADDING);
        file.extend(LAST_MAGIC.to_le_bytes());
    }

    /// The block that these bytes are, if a boot ROM of the family would write it.
    pub(crate) fn read(family: Family, bytes: &'p [u8; BLOCK_LEN]) -> Result<Self, Wrong> {
        let word = |at: usize| {
            let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk);
            bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
        };
        if !begins(bytes) || word(BLOCK_LEN - size_of::<u32>()) != LAST_MAGIC {
            return Err(Wrong::Magic);
        }
        if word(8) != FAMILY_PRESENT {
            return Err(Wrong::Flags(word(8)));
        }
        if word(28) != family.0 {
            return Err(Wrong::Family(Family(word(28))));
        }
        let page = bytes.get(32..).and_then(<[u8]>::first_chunk);
        let (Some(page), true) = (page, word(16) == PAGE_LEN) else {
            return Err(Wrong::PageLen(word(16)));
        };
        let address = word(12);
        // The last page of all addresses has none behind it.
        if address % PAGE_LEN != 0 || address.checked_add(PAGE_LEN).is_none() {
            return Err(Wrong::Address(address));
        }
        Ok(Self { address, number: word(20), count: word(24), page })
    }
}

/// Whether bytes begin as a block does.
pub(crate) fn begins(bytes: &[u8]) -> bool {
    let magic = u64::from(SECOND_MAGIC) << 32 | u64::from(FIRST_MAGIC);
    bytes.starts_with(&magic.to_le_bytes())
}
