//! What a rule did, and why it did nothing if it did nothing.

use std::io::{self, Write};

use keeptrack_core::raw::{Hook, Target};

use super::super::style::{CAUTION, STRONG, Styled};
use super::super::subject::RuleEffect;
use crate::units::Count;

/// Writes it for a rule that untracks or drops, at one of the hooks that lead to it.
pub(super) fn rule(out: &mut dyn Write, effect: RuleEffect<'_>) -> io::Result<()> {
    let RuleEffect { source, target, hook, count } = effect;
    let verb = match target {
        Target::NoTrack => "untracked",
        Target::Drop => "dropped",
        _ => return Ok(()),
    };
    let (matched, effective) = (Count(count.matched), Count(count.effective));
    writeln!(out, "\n  {}  {}", Styled(STRONG, source.place()), source.printable_text())?;
    writeln!(out, "    at {}: {matched} packets matched, {effective} {verb}", hook.name())?;
    if count.too_late > 0 {
        let (sign, late) = (Styled(CAUTION, '!'), Count(count.too_late));
        writeln!(
            out,
            "  {sign} {late} of them had been tracked before: a looping packet crosses {} first.\n    \
             The rule that keeps them out: -A OUTPUT -o lo -j NOTRACK",
            Hook::Output.name(),
        )?;
    }
    Ok(())
}
