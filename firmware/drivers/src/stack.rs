//! How deep the stack ever was: painted at boot, looked at while the board runs.

use core::ptr::{read_volatile, write_volatile};

/// What hardly anybody pushes: neither an address of a board's memory nor a small number.
const PAINT: u32 = 0xdead_57ac;

/// How many words below a variable of its caller [`Stack::paint`] leaves alone: its own frame.
const IN_USE: usize = 64;

/// The memory of a stack that grows down from `top`, painted where it has never been.
#[derive(Debug)]
pub struct Stack {
    lowest: *const u32,
    top: *const u32,
    was_full: bool,
}

impl Stack {
    /// Paints what the stack may still grow into. To be called as early as possible: what the stack
    /// held before is not seen.
    ///
    /// # Safety
    /// This runs on the stack that has the memory from `lowest` to `top`, both aligned; and that is
    /// nobody else's for as long as the program runs.
    #[must_use]
    #[inline(never)] // A frame of its own, which begins at `here`.
    pub unsafe fn paint(lowest: *mut u32, top: *const u32) -> Self {
        let here = 0;
        let in_use = (&raw const here).wrapping_sub(IN_USE);
        let mut stack = Self { lowest, top, was_full: false };
        stack.was_full = stack.high_water() == stack.size();
        // SAFETY: this is the stack's memory, and below all that it holds.
        unsafe { stack.fill(lowest, in_use) };
        stack
    }

    /// How many bytes the stack may have.
    #[must_use]
    pub fn size(&self) -> usize {
        self.top.addr().saturating_sub(self.lowest.addr())
    }

    /// Whether it was as deep as it may be before it was painted. That is a word about the last run only
    /// after a reset that leaves memory alone.
    #[must_use]
    pub const fn was_full(&self) -> bool {
        self.was_full
    }

    /// How many bytes it had when it was deepest, as far as what it wrote shows; reads as many words
    /// as were never in use.
    #[must_use]
    pub fn high_water(&self) -> usize {
        let mut word = self.lowest;
        // SAFETY: whoever painted vouched for the memory up to `top`.
        while word < self.top && unsafe { read_volatile(word) } == PAINT {
            word = word.wrapping_add(1);
        }
        self.top.addr().saturating_sub(word.addr())
    }

    /// # Safety
    /// The memory from `word`, aligned, to `end` holds nothing.
    unsafe fn fill(&self, mut word: *mut u32, end: *const u32) {
        while word.cast_const() < end {
            // SAFETY: the caller vouches for it.
            unsafe { write_volatile(word, PAINT) };
            word = word.wrapping_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn high_water_is_where_the_paint_is_gone() {
        let mut words = [0; 100];
        let range = words.as_mut_ptr_range();
        let stack = Stack { lowest: range.start, top: range.end, was_full: false };
        assert_eq!((stack.size(), stack.high_water()), (400, 400));
        // SAFETY: the array is nobody else's.
        unsafe { stack.fill(range.start, range.end.wrapping_sub(10)) };
        assert_eq!(stack.high_water(), 40);
        // SAFETY: as above.
        unsafe { write_volatile(range.start.wrapping_add(30), 7) };
        assert_eq!(stack.high_water(), 280);
    }
}
