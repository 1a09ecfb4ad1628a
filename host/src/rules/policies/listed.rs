//! Policies as `nfct list timeout` prints them: a block each.
//!
//! ```text
//! .web = {
//!     .l3proto = 2,
//!     .l4proto = 6,
//!     .policy = {
//!         .ESTABLISHED = 100,
//!     },
//! };
//! ```

use keeptrack_core::TimeoutPolicy;
use keeptrack_core::raw::Family;

use super::names::{self, Tracker};
use super::{Draft, HELP};
use crate::diagnostic::Fault;
use crate::rules::words::Word;

/// A block that is open.
pub(super) struct Block {
    name: Word,
    family: Option<Family>,
    tracker: Option<&'static Tracker>,
    timeouts: TimeoutPolicy,
    /// Whether the lines are those of `.policy`.
    is_inside: bool,
}

/// Whether a line is one of a listing.
pub(super) fn is_listed(line: &str) -> bool {
    line.starts_with(['.', '}'])
}

/// Whether a line ends a block.
pub(super) fn ends(line: &str) -> bool {
    line == "};"
}

/// Whether a line begins a block, or a part of one.
fn opens(words: &[Word]) -> bool {
    matches!(words, [_, equals, brace] if equals.text == "=" && brace.text == "{")
}

impl Block {
    /// The block that a line begins; of what it does not say, `defaults` are taken.
    pub(super) fn open(words: &[Word], defaults: &TimeoutPolicy) -> Result<Self, Fault> {
        match words.first().and_then(|word| Some((word, word.text.strip_prefix('.')?))) {
            Some((word, name)) if opens(words) => {
                let name = Word { text: name.to_owned(), span: word.part(1..word.text.len()) };
                let (family, tracker, timeouts) = (None, None, *defaults);
                Ok(Self { name, family, tracker, timeouts, is_inside: false })
            }
            _ => Err(misplaced(words)),
        }
    }

    /// Where its name stands.
    pub(super) const fn name(&self) -> &Word {
        &self.name
    }

    /// Takes the next line; the policy when that ends the block.
    pub(super) fn line(&mut self, words: &[Word]) -> Result<Option<Draft>, Fault> {
        if let [brace] = words
            && brace.text.trim_end_matches([',', ';']) == "}"
        {
            return match std::mem::take(&mut self.is_inside) {
                true => Ok(None),
                false => self.close().map(Some),
            };
        }
        let [field, equals, value] = words else { return Err(misplaced(words)) };
        let Some(name) = field.text.strip_prefix('.').filter(|_| equals.text == "=") else {
            return Err(misplaced(words));
        };
        if opens(words) {
            self.is_inside = name == "policy";
            return if self.is_inside { Ok(None) } else { Err(misplaced(words)) };
        }
        let number = value.text.strip_suffix(',').unwrap_or(&value.text);
        match (name, self.is_inside) {
            ("l3proto", false) => self.family = Some(names::family_numbered(value, number)?),
            ("l4proto", false) => self.tracker = Some(names::tracker_numbered(value, number)?),
            (_, false) => return Err(misplaced(words)),
            (state, true) => {
                let tracker = self.tracker.ok_or_else(|| self.lacks(".l4proto"))?;
                let timeout = tracker.state(field, state)?;
                self.timeouts = self.timeouts.with(timeout, names::seconds(value, number)?);
            }
        }
        Ok(None)
    }

    fn close(&self) -> Result<Draft, Fault> {
        Ok(Draft {
            name: self.name.clone(),
            family: self.family.ok_or_else(|| self.lacks(".l3proto"))?,
            tracker: self.tracker.ok_or_else(|| self.lacks(".l4proto"))?,
            timeouts: self.timeouts,
        })
    }

    fn lacks(&self, what: &str) -> Fault {
        let title = format!("the policy `{}` has no `{what}`", self.name.text);
        Fault::new(self.name.span.clone(), title).label("this block is not whole")
    }
}

fn misplaced(words: &[Word]) -> Fault {
    let place = words.first().map_or(0..0, |first| {
        first.span.start..words.last().map_or(first.span.end, |last| last.span.end)
    });
    Fault::new(place, "not a line of `nfct list timeout` in this place").help(HELP)
}
