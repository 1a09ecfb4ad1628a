//! What lines say of any table, read or not, for the outline.

use std::ops::Range;

use keeptrack_core::raw::Family;

use super::{Ran, Reader};
use crate::rules::command::{self, Command};
use crate::rules::outline::Heard;
use crate::rules::text::Line;
use crate::rules::words::{self, Syntax, Word};

impl Reader<'_, '_> {
    /// A line of a saved table. What is wrong with it is told where it is read.
    pub(super) fn hear_saved(&mut self, line: &Line, table: &'static str) {
        let Ok(words) = words::split(self.file.text(), line.span.clone(), Syntax::Save) else {
            return;
        };
        let Some((first, rest)) = words.split_first() else { return };
        if let Some(name) = first.text.strip_prefix(':') {
            let name = Word { text: name.to_owned(), span: first.span.clone() };
            return self.to.outline.declare((table, self.family), &name, rest.first());
        }
        let has_counters = first.text.starts_with('[');
        let words = if has_counters { rest } else { &words };
        let Ok(command) = command::parse(words, line.span.clone()) else { return };
        if command.family.as_ref().is_none_or(|(family, _)| *family == self.family) {
            self.hear_command(line.span.clone(), (table, self.family), &command);
        }
    }

    /// A command, and what the program would make of it.
    pub(super) fn hear(&mut self, line: &Line, of: (&'static str, Family), words: &[Word]) -> Ran {
        match command::parse(words, line.span.clone()) {
            Ok(command) => self.hear_command(line.span.clone(), of, &command),
            Err(_) => Ran::Failed,
        }
    }

    fn hear_command(
        &mut self,
        line: Range<usize>,
        (table, family): (&'static str, Family),
        command: &Command,
    ) -> Ran {
        let heard = Heard { table, family, line, known: self.to.known };
        if self.to.outline.command(&heard, command) { Ran::Done } else { Ran::Failed }
    }
}
