//! Matches of a rule, and maps of verdicts.

use keeptrack_core::raw::{Matches, SetId, Target, Test};

use super::super::asking::Asked;
use super::super::elements::{self, Element};
use super::super::key::{Key, unsupported};
use super::super::lexer::Kind;
use super::super::ruleset::Set;
use super::super::{combine, masked};
use super::{Reader, Then};
use crate::diagnostic::Fault;
use crate::rules::sets::MAX_FIELDS;
use crate::rules::words::Word;
use crate::rules::{InterfaceTest, MAX_RULES};

/// The values that a match names.
pub(in super::super) enum Values<'t> {
    /// Those of a set of the table, of that name.
    Named(&'t str, &'t Set),
    /// Those that stand there.
    Here(Vec<Element>),
}

impl Values<'_> {
    pub(in super::super) fn elements(&self) -> Result<&[Element], Fault> {
        match self {
            Self::Named(_, set) => set.elements(),
            Self::Here(elements) => Ok(elements),
        }
    }
}

impl<'t> Reader<'t, '_> {
    /// `tcp dport { 80, 443 }`, `ip daddr . udp dport @known`, `iifname vmap { ... }`
    pub(super) fn match_or_map(&mut self) -> Result<(), Fault> {
        let keys = self.keys()?;
        if self.cursor.takes("vmap") {
            return self.map(&keys);
        }
        if let [key] = keys.as_slice()
            && key.has_bits()
            && let Some(masked) = masked::parse(*key, &mut self.cursor)?
        {
            return match masked.is_not {
                true => self.exclude(&keys, &masked.passing),
                false => self.narrow(masked.passing),
            };
        }
        let place = self.cursor.place();
        let is_not = self.cursor.takes("!=");
        if !is_not && !self.cursor.takes("==") {
            for operator in ["<=", ">=", "<", ">"] {
                if self.cursor.takes(operator) {
                    return self.compare(&keys, operator, place);
                }
            }
            for operator in ["&", "|", "^", "!"] {
                if self.cursor.takes(operator) {
                    return Err(unsupported(place, operator));
                }
            }
        }
        let test = |id| if is_not { Test::Not(id) } else { Test::Is(id) };
        let values = self.values()?;
        if let [Key::AddressKind(side)] = keys.as_slice() {
            let id = self.asking.kinds(*side, values.elements()?)?;
            return self.narrow(vec![asked(Matches::default(), test(id))]);
        }
        let is_written = matches!(values, Values::Here(_));
        if is_written && keys == [Key::State] && self.cursor.peek().is_some_and(|next| next.is(","))
        {
            return Err(unsupported(self.cursor.place(), "several states before tracking"));
        }
        let elements = values.elements()?;
        if let Some(Asked { having, id }) = self.asking.looked_up(&keys, &values)? {
            let having = having.map(|having| asked(having, test(id)));
            return self.narrow(having.into_iter().collect());
        }
        self.check_count(elements)?;
        self.note_interfaces(&keys, elements, if is_not { "!= " } else { "" });
        let mut passing = Vec::new();
        for element in elements {
            passing.extend(element.tests(&keys)?);
        }
        let passing = combine::joined(passing);
        match is_not {
            true => self.exclude(&keys, &passing),
            false => self.narrow(passing),
        }
    }

    /// `ip daddr . udp dport`
    pub(super) fn keys(&mut self) -> Result<Vec<Key>, Fault> {
        let mut keys = vec![Key::parse(&mut self.cursor)?];
        while self.cursor.takes(".") {
            if keys.len() == MAX_FIELDS {
                return Err(Fault::new(self.cursor.place(), "too many fields in one key")
                    .label(format!("nft takes {MAX_FIELDS} at the most")));
            }
            keys.push(Key::parse(&mut self.cursor)?);
        }
        Ok(keys)
    }

    /// `udp dport < 1024`: all numbers below, or above.
    fn compare(
        &mut self,
        keys: &[Key],
        operator: &str,
        place: std::ops::Range<usize>,
    ) -> Result<(), Fault> {
        let word = self.cursor.word("a number")?;
        let [key] = keys else { return Err(unsupported(place, operator)) };
        let passing = key.compared(operator, word)?;
        self.narrow(passing.ok_or_else(|| unsupported(place, operator))?)
    }

    fn map(&mut self, keys: &[Key]) -> Result<(), Fault> {
        let place = self.cursor.place();
        let values = self.values()?;
        let elements = values.elements()?;
        self.check_count(elements)?;
        self.note_interfaces(keys, elements, "");
        let (before, block) = (self.alternatives.clone(), self.block);
        // A chain that an element leads into may set the mark that the next would ask for.
        let leaves = keys.contains(&Key::Mark)
            && elements.iter().any(|element| matches!(element.then, Some(Then::Jump(_))));
        if leaves {
            self.settle_mark()?;
            // A block that is left at the first element, so that what stands behind it still runs.
            self.enter_block()?;
            self.alternatives = vec![Matches::default()];
        }
        let (first, inside) = (self.alternatives.clone(), self.block);
        for element in elements {
            let Some(then) = &element.then else {
                return Err(Fault::new(place, "an element without a verdict")
                    .label("each is a value, `:` and what to do"));
            };
            (self.alternatives, self.block) = (first.clone(), inside);
            self.narrow(element.tests(keys)?)?;
            if let (Then::Goto(_) | Then::BuiltIn(Target::Return), true) = (then, self.block != 0) {
                return Err(unsupported(place, "goto or return behind several tests of a field"));
            }
            match then {
                Then::Jump(name) if leaves => self.push(&Then::Goto(name.clone()))?,
                _ => self.push(then)?,
            }
        }
        (self.alternatives, self.block) = (before, block);
        Ok(())
    }

    /// That a rule can be made of each element.
    pub(super) fn check_count(&self, elements: &[Element]) -> Result<(), Fault> {
        if elements.len() > MAX_RULES { Err(self.too_many()) } else { Ok(()) }
    }

    /// What the value that comes next names: a set, or one element.
    pub(super) fn values(&mut self) -> Result<Values<'t>, Fault> {
        match self.cursor.peek() {
            Some(token) if token.is("{") => elements::parse(self.cursor.block()?).map(Values::Here),
            Some(token) if token.kind == Kind::Bare && token.word.text.starts_with('@') => {
                self.cursor.next();
                let name = token.word.text.trim_start_matches('@');
                let set = self.table.set_named(name).ok_or_else(|| {
                    let title = format!("the table has no set `{name}`");
                    Fault::new(token.word.span.clone(), title)
                        .label("not made in this text")
                        .did_you_mean(name, self.table.set_names())
                })?;
                Ok(Values::Named(name, set))
            }
            _ => {
                let mut parts = vec![self.cursor.word("a value")?.clone()];
                while self.cursor.takes(".") {
                    parts.push(self.cursor.word("a value")?.clone());
                }
                Ok(Values::Here(vec![Element { parts, then: None, value: None }]))
            }
        }
    }

    pub(super) fn note_interfaces(&mut self, keys: &[Key], elements: &[Element], operator: &str) {
        for part in elements.iter().flat_map(|element| keys.iter().zip(&element.parts)) {
            let (option, word): (_, &Word) = match part {
                (Key::Input, word) => ("iifname", word),
                (Key::Output, word) => ("oifname", word),
                _ => continue,
            };
            self.rule.interfaces.push(InterfaceTest {
                name: word
                    .text
                    .strip_suffix('*')
                    .map_or(word.text.clone(), |begin| format!("{begin}+")),
                text: format!("{option} {operator}\"{}\"", word.text),
            });
        }
    }
}

/// The test with a set's besides.
fn asked(mut having: Matches, test: Test<SetId>) -> Matches {
    // It was empty, so there is room.
    let _ = having.sets.push(test);
    having
}
