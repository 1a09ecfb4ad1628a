//! The lines of the chosen change for one tool, and nothing else: a script.

use std::io::{self, Write};

use super::Advised;
use super::paste::Tool;
use super::rank::{Advice, Chosen};
use crate::output::wrapped;

/// The width of a comment.
const LINE_LEN: usize = 80;

/// Writes them; a comment if there is nothing to change.
pub(super) fn lines(out: &mut dyn Write, advised: &Advised<'_>, tool: Tool) -> io::Result<()> {
    match unchanged(&advised.advice) {
        Some(why) => {
            wrapped(why, LINE_LEN - 2).iter().try_for_each(|line| writeln!(out, "# {line}"))
        }
        None => write!(out, "{}", advised.paste.script(tool)),
    }
}

/// Why there are no lines, if there are none.
pub(super) const fn unchanged(advice: &Advice) -> Option<&'static str> {
    match advice.chosen {
        Chosen::Nothing => Some("nothing needs to change: half the table stays free"),
        Chosen::TooMany => Some("no table is large enough that half of it stays free"),
        Chosen::NoLimit => Some("nothing is chosen for a table without a limit: give `--max`"),
        Chosen::Change { .. } => None,
    }
}
