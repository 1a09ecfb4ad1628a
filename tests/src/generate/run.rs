//! One sequence through two judges, up to where they differ.

use std::fmt;

use super::sequence::Sequence;
use crate::judge::{Judge, Row};
use crate::told::{Differing, Told, row_line, told_line};

/// Where two judges differ about a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// About the packet at that place: in what, and what each tells.
    Packet(usize, Vec<Differing>, Box<(Told, Told)>),
    /// About the table at the end: what only the kernel has, and what only ours has.
    Table(Vec<Row>, Vec<Row>),
}

impl Difference {
    /// Whether another one is of the same kind, so that it may stand for this one.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Packet(_, one, told), Self::Packet(_, two, other)) => {
                let verdicts = |told: &(Told, Told)| (told.0.verdict, told.1.verdict);
                one == two && verdicts(told) == verdicts(other)
            }
            (Self::Table(..), Self::Table(..)) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packet(place, differing, told) => {
                let number = u64::try_from(*place).unwrap_or(0);
                writeln!(f, "packet {place} differs in {differing:?}")?;
                writeln!(f, "   kernel {}", told_line(number, &told.0))?;
                write!(f, "   ours   {}", told_line(number, &told.1))
            }
            Self::Table(kernels, ours) => {
                f.write_str("the table differs")?;
                kernels.iter().try_for_each(|row| write!(f, "\n   kernel {}", row_line(row)))?;
                ours.iter().try_for_each(|row| write!(f, "\n   ours   {}", row_line(row)))
            }
        }
    }
}

/// Passes a sequence through both and answers where they differ first, if they do. Forgets all
/// before.
///
/// # Errors
/// When one of them gives no answer.
pub fn find(
    sequence: &Sequence,
    kernel: &mut dyn Judge,
    ours: &mut dyn Judge,
) -> Result<Option<Difference>, String> {
    kernel.clear()?;
    ours.clear()?;
    let mut now_ms = START_MS;
    for (place, step) in sequence.steps.iter().enumerate() {
        now_ms += step.gap_ms;
        let bytes = step.packet.bytes();
        let fault = |error: String| format!("{}: {error}", step.packet);
        let theirs = kernel.pass(now_ms * 1_000_000, &bytes).map_err(fault)?;
        let told = ours.pass(now_ms * 1_000_000, &bytes).map_err(fault)?;
        let differing = theirs.differs(&told);
        if !differing.is_empty() {
            return Ok(Some(Difference::Packet(place, differing, Box::new((theirs, told)))));
        }
    }
    let (theirs, told) = (kernel.table()?, ours.table()?);
    let only = |rows: &[Row], others: &[Row]| -> Vec<_> {
        rows.iter().filter(|row| !others.contains(row)).cloned().collect()
    };
    let (kernels, own) = (only(&theirs, &told), only(&told, &theirs));
    let is_equal = kernels.is_empty() && own.is_empty() && theirs.len() == told.len();
    Ok((!is_equal).then_some(Difference::Table(kernels, own)))
}

/// When the first packet of a sequence comes: no moment of a clock that just begins.
pub(super) const START_MS: u64 = 1_000_000_000_000;
