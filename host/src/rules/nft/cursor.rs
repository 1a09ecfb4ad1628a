//! A walk over tokens.

use std::ops::Range;

use super::lexer::{Kind, Token};
use crate::diagnostic::Fault;
use crate::rules::words::Word;

/// The tokens that are still to be read.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'t> {
    tokens: &'t [Token],
    at: usize,
    /// Where the text ends that they stand for.
    end: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(tokens: &'t [Token]) -> Self {
        let end = tokens.last().map_or(0, |token| token.word.span.end);
        Self { tokens, at: 0, end }
    }

    pub(super) fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn next(&mut self) -> Option<&'t Token> {
        let next = self.peek()?;
        self.at += 1;
        Some(next)
    }

    /// Passes over that word or mark, if it comes next.
    pub(super) fn takes(&mut self, text: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is(text));
        self.at += usize::from(found);
        found
    }

    /// Passes over ends of lines and statements.
    pub(super) fn skip_ends(&mut self) {
        while self.peek().is_some_and(|token| token.kind == Kind::End) {
            self.at += 1;
        }
    }

    /// The next word, which must be there.
    pub(super) fn word(&mut self, what: &str) -> Result<&'t Word, Fault> {
        match self.peek() {
            Some(token) if matches!(token.kind, Kind::Bare | Kind::Quoted) => {
                self.at += 1;
                Ok(&token.word)
            }
            _ => Err(self.expected(what)),
        }
    }

    /// Passes over that mark, which must be there.
    pub(super) fn mark(&mut self, text: &str) -> Result<(), Fault> {
        if self.takes(text) { Ok(()) } else { Err(self.expected(&format!("`{text}`"))) }
    }

    /// All up to the end of the statement, without it; brackets may hold ends.
    pub(super) fn statement(&mut self) -> &'t [Token] {
        let start = self.at;
        let mut depth = 0;
        while let Some(token) = self.peek() {
            depth += token.depth();
            if depth < 0 || (depth == 0 && token.kind == Kind::End) {
                break;
            }
            self.at += 1;
        }
        self.tokens.get(start..self.at).unwrap_or_default()
    }

    /// What stands in the brackets that open next, without them.
    pub(super) fn block(&mut self) -> Result<&'t [Token], Fault> {
        let open = self.place();
        self.mark("{")?;
        let start = self.at;
        let mut depth = 1;
        while let Some(token) = self.peek() {
            depth += token.depth();
            self.at += 1;
            if depth == 0 {
                return Ok(self.tokens.get(start..self.at - 1).unwrap_or_default());
            }
        }
        Err(Fault::new(open, "a bracket is not closed").label("it opens here").help(
            "give all of what `nft list ruleset` prints: if the file is cut, rules are missing",
        ))
    }

    /// Where the next token stands; the end of the text behind the last.
    pub(super) fn place(&self) -> Range<usize> {
        self.peek().map_or(self.end..self.end, |token| token.word.span.clone())
    }

    fn expected(&self, what: &str) -> Fault {
        let found = self.peek().filter(|token| token.kind != Kind::End);
        let title = match found {
            Some(token) => format!("unexpected `{}`", token.word.text),
            None => format!("{what} is missing"),
        };
        Fault::new(self.place(), title).label(format!("{what} should stand here"))
    }
}
