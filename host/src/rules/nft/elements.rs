//! The elements of a set or of a map of verdicts.

use keeptrack_core::raw::{Matches, Target};

use super::combine::{self, Both};
use super::cursor::Cursor;
use super::key::Key;
use super::lexer::{Kind, Token};
use super::rule::Then;
use crate::diagnostic::Fault;
use crate::rules::words::Word;

/// An element.
#[derive(Debug)]
pub(super) struct Element {
    /// A value for each key.
    pub(super) parts: Vec<Word>,
    /// What a map does with a packet that has them.
    pub(super) then: Option<Then>,
    /// What a map of values has for it.
    pub(super) value: Option<Word>,
}

impl Element {
    /// That it has a value for each key.
    pub(super) fn check_len(&self, keys: &[Key]) -> Result<(), Fault> {
        if self.parts.len() == keys.len() {
            return Ok(());
        }
        let start = self.parts.first().map_or(0, |word| word.span.start);
        let end = self.parts.last().map_or(0, |word| word.span.end);
        let title = format!("{} values for {} fields", self.parts.len(), keys.len());
        Err(Fault::new(start..end, title).label("one for each"))
    }

    /// What a packet must be that has those values: one of these.
    pub(super) fn tests(&self, keys: &[Key]) -> Result<Vec<Matches>, Fault> {
        self.check_len(keys)?;
        let mut tests = vec![Matches::default()];
        for (key, word) in keys.iter().zip(&self.parts) {
            let wanted = if word.text == "*" && !key.is_interface() {
                vec![key.dependency()]
            } else {
                key.equals(word)?
            };
            let pairs = tests.iter().flat_map(|one| wanted.iter().map(move |two| (one, two)));
            tests = pairs
                .filter_map(|(one, two)| match combine::both(one, two) {
                    Both::One(matches) => Some(Ok(*matches)),
                    Both::Never => None,
                    Both::Two => Some(Err(Fault::new(word.span.clone(), "a field comes twice")
                        .label("tested before in the same element"))),
                })
                .collect::<Result<_, _>>()?;
        }
        Ok(tests)
    }
}

/// The words with which verdicts begin.
const VERDICTS: [&str; 6] = ["accept", "drop", "return", "continue", "jump", "goto"];

/// What is said of an element with a value each; `packets` and `bytes` stand behind `counter`.
const OPTIONS: [&str; 5] = ["timeout", "expires", "comment", "packets", "bytes"];

/// Reads what stands between the brackets of a set.
pub(super) fn parse(tokens: &[Token]) -> Result<Vec<Element>, Fault> {
    let tokens: Vec<Token> =
        tokens.iter().filter(|token| token.kind != Kind::End).cloned().collect();
    let mut cursor = Cursor::new(&tokens);
    let mut elements = Vec::new();
    while cursor.peek().is_some() {
        elements.push(element(&mut cursor)?);
        if !cursor.takes(",") && cursor.peek().is_some() {
            cursor.mark(",")?;
        }
    }
    Ok(elements)
}

fn element(cursor: &mut Cursor<'_>) -> Result<Element, Fault> {
    let mut parts = vec![cursor.word("an element")?.clone()];
    while cursor.takes(".") {
        parts.push(cursor.word("a value")?.clone());
    }
    // How long it stays and how often it was met.
    loop {
        if OPTIONS.iter().any(|option| cursor.takes(option)) {
            cursor.word("a value")?;
        } else if !cursor.takes("counter") {
            break;
        }
    }
    let then = if cursor.takes(":") {
        let Some(token) = cursor.next() else {
            return Err(Fault::new(cursor.place(), "a verdict is missing"));
        };
        if !VERDICTS.contains(&token.word.text.as_str()) && token.kind != Kind::Mark {
            // A value, perhaps of several parts.
            while cursor.takes(".") {
                cursor.word("a value")?;
            }
            return Ok(Element { parts, then: None, value: Some(token.word.clone()) });
        }
        Some(verdict(token, cursor)?)
    } else {
        None
    };
    Ok(Element { parts, then, value: None })
}

/// The verdict that begins with `token`.
pub(super) fn verdict(token: &Token, cursor: &mut Cursor<'_>) -> Result<Then, Fault> {
    Ok(match token.word.text.as_str() {
        "accept" => Then::BuiltIn(Target::Accept),
        "drop" => Then::BuiltIn(Target::Drop),
        "return" => Then::BuiltIn(Target::Return),
        "continue" => Then::BuiltIn(Target::Continue),
        "jump" => Then::Jump(cursor.word("the name of a chain")?.clone()),
        "goto" => Then::Goto(cursor.word("the name of a chain")?.clone()),
        text => {
            return Err(Fault::new(token.word.span.clone(), format!("unknown verdict `{text}`"))
                .did_you_mean(text, VERDICTS));
        }
    })
}
