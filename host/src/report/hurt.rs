//! `-o ledger`: passes on what the ledger writes.

use std::io;

use crate::output::Lines;
use crate::verdict::{Left, Report, Verdict};

/// Writes the lines of the ledger.
pub(crate) struct Hurt<'r, 'o> {
    out: &'r mut Lines<'o>,
}

impl<'r, 'o> Hurt<'r, 'o> {
    /// Writes to `out`.
    pub(crate) const fn new(out: &'r mut Lines<'o>) -> Self {
        Self { out }
    }

    /// Takes lines, with their ends; or none.
    ///
    /// # Errors
    /// As of [`Lines::push`].
    pub(crate) fn push(&mut self, lines: &[u8]) -> io::Result<()> {
        self.out.push(lines)
    }
}

/// It is the ledger that is told.
impl Report for Hurt<'_, '_> {
    fn packet(&mut self, _verdict: &Verdict) -> io::Result<()> {
        Ok(())
    }

    fn ended(&mut self, _left: &Left<'_>) -> io::Result<()> {
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
