//! Copies, fills and comparisons of every alignment and of many lengths: what compilers leave to
//! routines, which a board may have of its own.

use core::hint::black_box;
use core::ops::Range;

use crate::{Wrong, ensure};

/// How many bytes lie around what is changed, at the most: all alignments to double words.
const ALIGNMENTS: usize = 8;
/// The longest that is tried: longer than what routines take at a time, and what they end with.
const LONGEST: usize = 67;
const SIZE: usize = LONGEST + ALIGNMENTS;

/// Aligned to double words.
#[repr(align(8))]
struct Aligned([u8; SIZE]);

pub(crate) fn routines() -> Result<(), Wrong> {
    let mut from = Aligned([0; SIZE]);
    for (byte, number) in from.0.iter_mut().zip(1..) {
        *byte = number;
    }
    for len in 0..=LONGEST {
        for at in 0..ALIGNMENTS {
            ensure(fills(at, len), "memset")?;
            for source in 0..ALIGNMENTS {
                ensure(copies(at, &from, source, len), "memcpy")?;
            }
        }
    }
    Ok(())
}

/// Whether those bytes are filled and no others.
fn fills(at: usize, len: usize) -> bool {
    let mut to = Aligned([0xee; SIZE]);
    let Some(place) = to.0.get_mut(at..).and_then(|rest| rest.get_mut(..black_box(len))) else {
        return false;
    };
    place.fill(black_box(0x5a));
    let is_filled = place.iter().all(|byte| *byte == 0x5a);
    is_filled && is_around(&to, 0..at) && is_around(&to, at.saturating_add(len)..SIZE)
}

/// Whether that many bytes are copied and no others, and a comparison tells the first and the last.
fn copies(at: usize, from: &Aligned, source: usize, len: usize) -> bool {
    let mut to = Aligned([0xee; SIZE]);
    let from = from.0.get(source..).and_then(|rest| rest.get(..black_box(len)));
    let place = to.0.get_mut(at..).and_then(|rest| rest.get_mut(..black_box(len)));
    let (Some(from), Some(place)) = (from, place) else { return false };
    place.copy_from_slice(from);
    let is_alike = place.iter().eq(from) && *place == *from;
    let is_told = [0, len.saturating_sub(1)].into_iter().all(|wrong| is_told(place, from, wrong));
    let is_kept = is_around(&to, 0..at) && is_around(&to, at.saturating_add(len)..SIZE);
    is_alike && is_told && is_kept
}

/// Whether a comparison tells that one byte, where there is one, is another.
fn is_told(place: &mut [u8], from: &[u8], wrong: usize) -> bool {
    let Some(byte) = place.get_mut(wrong) else { return from.is_empty() };
    *byte ^= 0x80;
    let is_more = place.get(wrong) > from.get(wrong);
    let is_told = *place != *from && (*place > *from) == is_more;
    if let Some(byte) = place.get_mut(wrong) {
        *byte ^= 0x80;
    }
    is_told
}

/// Whether nothing was written there.
fn is_around(to: &Aligned, places: Range<usize>) -> bool {
    to.0.get(places).is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0xee))
}
