//! What lines say of any table, read or not, for the outline.

use keeptrack_core::raw::Family;

use super::{Ran, Reader};
use crate::rules::command;
use crate::rules::outline::Heard;
use crate::rules::text::Line;
use crate::rules::words::{self, Syntax, Word};

impl Reader<'_, '_> {
    /// A line of a saved table. What is wrong with it is told where it is read.
    pub(super) fn hear_saved(&mut self, line: &Line, table: &'static str) {
        let (family, known) = (self.family, self.to.known);
        let Some(outline) = &mut self.to.outline else { return };
        let Ok(words) = words::split(self.file.text(), line.span.clone(), Syntax::Save) else {
            return;
        };
        let Some((first, rest)) = words.split_first() else { return };
        if let Some(name) = first.text.strip_prefix(':') {
            let name = Word { text: name.to_owned(), span: first.span.clone() };
            return outline.declare((table, family), &name, rest.first());
        }
        let has_counters = first.text.starts_with('[');
        let words = if has_counters { rest } else { &words };
        let Ok(command) = command::parse(words, line.span.clone()) else { return };
        if command.family.as_ref().is_none_or(|(own, _)| *own == family) {
            let line = line.span.clone();
            outline.command(&Heard { table, family, line, known }, &command);
        }
    }

    /// A command, and what the program would make of it, if anybody asks.
    pub(super) fn hear(
        &mut self,
        line: &Line,
        (table, family): (&'static str, Family),
        words: &[Word],
    ) -> Ran {
        let known = self.to.known;
        let Some(outline) = &mut self.to.outline else { return Ran::Done };
        let line = line.span.clone();
        let Ok(command) = command::parse(words, line.clone()) else { return Ran::Failed };
        let is_done = outline.command(&Heard { table, family, line, known }, &command);
        if is_done { Ran::Done } else { Ran::Failed }
    }
}
