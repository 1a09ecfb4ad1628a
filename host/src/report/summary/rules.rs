//! What a rule did, and why it did nothing if it did nothing.

use std::io::{self, Write};

use keeptrack_core::raw::{Hook, Target, WhenFull};

use super::super::style::{CAUTION, STRONG, Styled};
use super::super::subject::RuleEffect;
use crate::units::Count;

/// Writes it for a rule that untracks, drops or says how to track, at one of the hooks that lead to
/// it.
pub(super) fn rule(out: &mut dyn Write, effect: RuleEffect<'_>) -> io::Result<()> {
    let RuleEffect { source, target, hook, count } = effect;
    let verb = match target {
        Target::NoTrack => "untracked",
        Target::Ct(_) => "tracked so",
        Target::Full(WhenFull { class: Some(_), refused: None }) => "of this class",
        Target::Full(WhenFull { class: None, .. }) => "to pass if refused",
        Target::Full(_) => "of this class, and to pass if refused",
        Target::Drop => "dropped",
        _ => return Ok(()),
    };
    let (matched, effective) = (Count(count.matched), Count(count.effective));
    writeln!(out, "\n  {}  {}", Styled(STRONG, source.place()), source.printable_text())?;
    writeln!(out, "    at {}: {matched} packets matched, {effective} {verb}", hook.name())?;
    if count.too_late > 0 {
        let (sign, late) = (Styled(CAUTION, '!'), Count(count.too_late));
        let first = Hook::Output.name();
        writeln!(
            out,
            "  {sign} {late} of them had been tracked before: a looping packet crosses {first} first.",
        )?;
        match target {
            Target::NoTrack => {
                writeln!(out, "    The rule that keeps them out: -A {first} -o lo -j NOTRACK")?;
            }
            _ => writeln!(out, "    Only a rule of {first} says how they are tracked")?,
        }
    }
    Ok(())
}
