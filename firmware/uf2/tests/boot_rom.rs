//! Does a file bring what it was made of to its place, and nothing else to any other?

use std::mem::replace;
use std::ops::Range;

use keeptrack_uf2::{Family, Piece, ReadError, SECTOR_LEN, WriteError, Wrong, is_uf2, read, write};
use proptest::collection::vec;
use proptest::prelude::*;

/// Where the RP2040 has its flash; as much of it as pieces lie in here.
const FLASH: Range<u32> = 0x1000_0000..0x1001_0000;

/// The RP2040's boot ROM, by its datasheet and its published source, of which the second asks for more.
struct BootRom {
    /// Before it is erased, all is written.
    flash: Vec<u8>,
    /// Which blocks of how many have been written.
    written: Vec<bool>,
    /// For which groups of sixteen blocks a sector was erased.
    erased: Vec<bool>,
}

impl BootRom {
    fn new() -> Self {
        Self { flash: vec![0; FLASH.len()], written: Vec::new(), erased: Vec::new() }
    }

    /// Takes 512 bytes that a PC has written to the drive. True when it starts what was flashed.
    fn take(&mut self, block: &[u8]) -> bool {
        let word = |at: usize| u32::from_le_bytes(*block[at..].first_chunk().expect("a word"));
        let is_block = [word(0), word(4), word(508)] == [0x0a32_4655, 0x9e5d_5157, 0x0ab1_6f30];
        let is_ours = word(8) & 0x2000 != 0 && word(28) == 0xe48b_ff56;
        if !is_block || !is_ours || word(8) & 1 != 0 || word(16) != 256 {
            return false;
        }
        let (address, number, count) = (word(12), word(20) as usize, word(24) as usize);
        assert!(FLASH.contains(&address) && address % 256 == 0 && number < count, "garbage");
        if self.written.len() != count {
            (self.written, self.erased) = (vec![false; count], vec![false; count.div_ceil(16)]);
        }
        if !replace(&mut self.written[number], true) {
            let at = (address - FLASH.start) as usize;
            // By the number of the block, and not by where it goes.
            if !replace(&mut self.erased[number / 16], true) {
                let sector = at - at % SECTOR_LEN as usize;
                self.flash[sector..sector + SECTOR_LEN as usize].fill(0xff);
            }
            // What is not erased first keeps its zeros.
            let page = self.flash[at..at + 256].iter_mut().zip(&block[32..288]);
            page.for_each(|(place, byte)| *place &= byte);
        }
        self.written.iter().all(|written| *written)
    }
}

/// Pieces of a program, of which no two overlap, in any order.
fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let gaps_and_lens = vec((0_u32..6000, 0_u32..6000, any::<u8>()), 1..6);
    let pieces = gaps_and_lens.prop_map(|all| {
        let mut free = FLASH.start;
        let piece = |(gap, len, seed)| {
            let address = free + gap;
            free = address + len;
            // No two pages of them are the same.
            let bytes = (0..len).map(|at: u32| (at / 256 + at).to_le_bytes()[0] ^ seed).collect();
            Piece { address, bytes }
        };
        all.into_iter().map(piece).collect::<Vec<_>>()
    });
    let pieces = pieces.prop_filter("nothing", |all| all.iter().any(|one| !one.bytes.is_empty()));
    pieces.prop_shuffle()
}

/// What flash holds then: the pieces, and `0xff` in what is left of their sectors.
fn flashed(pieces: &[Piece]) -> Vec<u8> {
    let mut flash = vec![0; FLASH.len()];
    let place = |piece: &Piece| {
        let start = (piece.address - FLASH.start) as usize;
        start..start + piece.bytes.len()
    };
    let sector_len = SECTOR_LEN as usize;
    for place in pieces.iter().filter(|piece| !piece.bytes.is_empty()).map(place) {
        let sectors = place.start / sector_len..place.end.div_ceil(sector_len);
        flash[sectors.start * sector_len..sectors.end * sector_len].fill(0xff);
    }
    for piece in pieces {
        flash[place(piece)].copy_from_slice(&piece.bytes);
    }
    flash
}

proptest! {
    #[test]
    fn a_boot_rom_puts_everything_in_its_place_and_starts_it(
        pieces in pieces(), order in any::<usize>(), again in 0_usize..40,
    ) {
        let file = write(Family::RP2040, &pieces).unwrap();
        let mut blocks: Vec<&[u8]> = file.chunks(512).collect();
        // A PC writes in any order, some twice, and what is no block in between.
        let turn = order % blocks.len();
        blocks.rotate_left(turn);
        if order % 2 == 0 {
            blocks.reverse();
        }
        let last = blocks.pop().unwrap();
        let again = blocks.get(again).copied().unwrap_or(&[0; 512]);
        let mut rom = BootRom::new();
        for block in blocks.into_iter().chain([again]) {
            prop_assert!(!rom.take(block), "started too early");
        }
        prop_assert!(rom.take(last), "never started");
        prop_assert!(rom.flash == flashed(&pieces));
    }

    #[test]
    fn what_is_read_is_what_was_written(pieces in pieces()) {
        let file = write(Family::RP2040, &pieces).unwrap();
        prop_assert!(is_uf2(&file));
        let back = read(Family::RP2040, &file).unwrap();
        prop_assert_eq!(write(Family::RP2040, &back).unwrap(), file);
        for pair in back.windows(2) {
            let gap = pair[1].address - pair[0].address;
            prop_assert!((gap as usize) > pair[0].bytes.len());
        }
        prop_assert!(flashed(&back) == flashed(&pieces));
    }

    #[test]
    fn no_bytes_are_read_for_a_file_that_they_are_not(
        pieces in pieces(), damage in vec((any::<prop::sample::Index>(), 1_u8..), 1..4),
    ) {
        let whole = write(Family::RP2040, &pieces).unwrap();
        let mut file = whole.clone();
        for (at, bits) in damage {
            file[at.index(whole.len())] ^= bits;
        }
        // A page may have other bytes, or go to another place: no check sum tells. All else shows.
        if let Ok(back) = read(Family::RP2040, &file) {
            let rest = |block: &[u8]| [&block[..12], &block[16..32], &block[508..]].concat();
            prop_assert!(file.chunks(512).map(rest).eq(whole.chunks(512).map(rest)));
            let read_len: usize = back.iter().map(|one| one.bytes.len()).sum();
            prop_assert_eq!(read_len, file.len() / 2);
        }
    }
}

/// A file of two sectors.
fn two_sectors() -> Vec<u8> {
    write(Family::RP2040, &[Piece { address: 0x101f_0000, bytes: vec![0; 4097] }]).expect("a file")
}

#[test]
fn a_block_is_as_the_specification_has_it() {
    let piece = Piece { address: 0x101f_0100, bytes: vec![0x5a; 0x100] };
    let file = write(Family::RP2040, &[piece]).unwrap();
    assert_eq!(file.len(), 16 * 512);
    let block = &file[512..1024];
    let head = b"UF2\n\x57\x51\x5d\x9e\x00\x20\x00\x00\x00\x01\x1f\x10\x00\x01\x00\x00\
        \x01\x00\x00\x00\x10\x00\x00\x00\x56\xff\x8b\xe4";
    assert_eq!(&block[..32], head);
    assert_eq!(block[32..288], [0x5a; 256]);
    assert_eq!(block[288..508], [0xff; 220]);
    assert_eq!(block[508..], *b"\x30\x6f\xb1\x0a");
}

#[test]
fn what_can_be_no_file_is_refused() {
    let piece = |address, len| Piece { address, bytes: vec![1; len] };
    let refused = |pieces: &[Piece]| write(Family::RP2040, pieces).unwrap_err();
    assert_eq!(refused(&[]), WriteError::Nothing);
    assert_eq!(refused(&[piece(5, 0)]), WriteError::Nothing);
    assert_eq!(refused(&[piece(8, 8), piece(0, 9)]), WriteError::Twice(8));
    assert_eq!(refused(&[piece(0xffff_e000, 0x1001)]), WriteError::Beyond(0xffff_e000));
    assert!(write(Family::RP2040, &[piece(0xffff_e000, 0x1000), piece(0, 8)]).is_ok());
}

#[test]
fn what_a_boot_rom_would_not_take_whole_is_named() {
    let whole = two_sectors();
    let with = |at: usize, word: u32| {
        let mut file = whole.clone();
        file[at..at + 4].copy_from_slice(&word.to_le_bytes());
        read(Family::RP2040, &file).unwrap_err()
    };
    assert_eq!(with(0, 0), ReadError::Block(0, Wrong::Magic));
    assert_eq!(with(512 + 508, 0), ReadError::Block(1, Wrong::Magic));
    assert_eq!(with(8, 0x2001), ReadError::Block(0, Wrong::Flags(0x2001)));
    assert_eq!(with(8, 0), ReadError::Block(0, Wrong::Flags(0)));
    assert_eq!(with(28, 7), ReadError::Block(0, Wrong::Family(Family(7))));
    assert_eq!(with(16, 476), ReadError::Block(0, Wrong::PageLen(476)));
    assert_eq!(with(12, 0x101f_0080), ReadError::Block(0, Wrong::Address(0x101f_0080)));
    assert_eq!(with(12, 0xffff_ff00), ReadError::Block(0, Wrong::Address(0xffff_ff00)));
    assert_eq!(with(512 + 12, 0x101f_0000), ReadError::Block(1, Wrong::Twice(0x101f_0000)));
    assert_eq!(with(20, 2), ReadError::Block(0, Wrong::Number(2, 32)));
    assert_eq!(with(24, 33), ReadError::Block(0, Wrong::Number(0, 33)));
    let read = |file: &[u8]| read(Family::RP2040, file);
    assert_eq!(read(&whole[..511]), Err(ReadError::Len(511)));
    assert_eq!(read(&[]), Err(ReadError::Len(0)));
    assert_eq!(read(&whole[512..]), Err(ReadError::Block(0, Wrong::Number(1, 32))));
    let other = write(Family(0xe48b_ff59), &[Piece { address: 0, bytes: vec![0] }]).unwrap();
    assert_eq!(read(&other), Err(ReadError::Block(0, Wrong::Family(Family(0xe48b_ff59)))));
    assert!(!is_uf2(b"KTGW") && is_uf2(&whole[..8]));
}
