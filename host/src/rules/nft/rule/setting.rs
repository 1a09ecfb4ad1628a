//! Statements that set something of a packet: `ct zone set`, `meta mark set`.

use keeptrack_core::Zone;
use keeptrack_core::raw::{Target, Template};

use super::super::key::{Key, unsupported};
use super::super::named;
use super::{Reader, Then};
use crate::diagnostic::Fault;
use crate::rules::values::of_any_base;
use crate::rules::words::Word;

impl Reader<'_, '_> {
    /// `ct zone set 5`; `zone` is read already.
    pub(super) fn zone(&mut self) -> Result<(), Fault> {
        let place = self.cursor.place();
        if !self.cursor.takes("set") {
            return Err(unsupported(place, "ct zone"));
        }
        if self.names_map() {
            return self.mapped(zone);
        }
        let target = zone(self.cursor.word("a zone")?)?;
        self.push(&Then::BuiltIn(target))
    }

    /// Whether `mark set` comes next; then it is read.
    pub(super) fn sets_mark(&mut self) -> bool {
        let before = self.cursor.clone();
        let found = self.cursor.takes("mark") && self.cursor.takes("set");
        if !found {
            self.cursor = before;
        }
        found
    }

    /// `meta mark set 0x1`, `meta mark set meta mark & 0xff ^ 0x100`; all up to `set` is read.
    pub(super) fn mark(&mut self) -> Result<(), Fault> {
        let is_own = self.cursor.takes("mark") || self.takes_meta_mark();
        if !is_own && self.names_map() {
            self.settle_mark()?;
            return self.mapped(|word| Ok(Target::Mark { keep: 0, change: named::number(word)? }));
        }
        let (mut keep, mut change) =
            if is_own { (u32::MAX, 0) } else { (0, named::number(self.cursor.word("a mark")?)?) };
        while let Some(operator) = ["&", "|", "^"].into_iter().find(|sign| self.cursor.takes(sign))
        {
            let bits = named::number(self.cursor.word("a mark")?)?;
            (keep, change) = match operator {
                "&" => (keep & bits, change & bits),
                "|" => (keep & !bits, change | bits),
                _ => (keep, change ^ bits),
            };
        }
        if self.alternatives.len() > 1 || self.cursor.peek().is_some() {
            self.settle_mark()?;
        }
        self.push(&Then::BuiltIn(Target::Mark { keep, change }))
    }

    fn takes_meta_mark(&mut self) -> bool {
        let before = self.cursor.clone();
        let found = self.cursor.takes("meta") && self.cursor.takes("mark");
        // What is looked up in a map by the mark begins so, too.
        let found = found && !self.cursor.peek().is_some_and(|next| next.is("map"));
        if !found {
            self.cursor = before;
        }
        found
    }

    /// Whether a map comes next: `iifname map { "lan0" : 1 }`.
    fn names_map(&self) -> bool {
        let mut ahead = self.cursor.clone();
        let next = std::iter::from_fn(|| ahead.next()).take_while(|token| !token.is("{"));
        next.into_iter().any(|token| token.is("map"))
    }

    /// Does what a map has for the packet.
    fn mapped(&mut self, target: impl Fn(&Word) -> Result<Target, Fault>) -> Result<(), Fault> {
        let place = self.cursor.place();
        let keys = self.keys()?;
        self.cursor.mark("map")?;
        let values = self.values()?;
        let elements = values.elements()?;
        self.check_count(elements)?;
        self.note_interfaces(&keys, elements, "");
        let (before, block) = (self.alternatives.clone(), self.block);
        for element in elements {
            let at = || element.parts.first().map_or(0..0, |word| word.span.clone());
            let value = element.value.as_ref();
            let value = value.ok_or_else(|| Fault::new(at(), "an element without a value"))?;
            let target = target(value)?;
            if keys.contains(&Key::Mark) && matches!(target, Target::Mark { .. }) {
                // The elements behind would be asked with the new mark.
                return Err(unsupported(place, "a map by the mark that sets the mark"));
            }
            (self.alternatives, self.block) = (before.clone(), block);
            self.narrow(element.tests(&keys)?)?;
            self.push(&Then::BuiltIn(target))?;
        }
        // A packet that the map has nothing for does not come to what stands behind.
        let mut passing = Vec::new();
        for element in elements {
            passing.extend(element.tests(&keys)?);
        }
        (self.alternatives, self.block) = (before, block);
        self.narrow(passing)
    }
}

fn zone(word: &Word) -> Result<Target, Fault> {
    let zone = of_any_base(&word.text).ok_or_else(|| {
        Fault::new(word.span.clone(), format!("`{}` is not a zone", word.text)).label("0-65535")
    })?;
    Ok(Target::Ct(Template { zone: Zone(zone), ..Template::NONE }))
}
