//! Words of nft with their places.

use std::ops::Range;

use crate::diagnostic::Fault;
use crate::rules::words::Word;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word as it stands.
    Bare,
    /// A word in quotes.
    Quoted,
    /// A bracket, a comma or an operator.
    Mark,
    /// The end of a line, or `;`.
    End,
}

/// A word, a mark or the end of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) word: Word,
}

impl Token {
    /// Whether it is that word or mark, not in quotes.
    pub(super) fn is(&self, text: &str) -> bool {
        self.kind != Kind::Quoted && self.word.text == text
    }

    /// A comma where this one ends.
    pub(super) fn comma(&self) -> Self {
        let end = self.word.span.end;
        Self { kind: Kind::Mark, word: Word { text: ",".to_owned(), span: end..end } }
    }

    /// An opening bracket counts one, a closing one minus one.
    pub(super) fn depth(&self) -> i32 {
        match (self.kind, self.word.text.as_str()) {
            (Kind::Mark, "{" | "(") => 1,
            (Kind::Mark, "}" | ")") => -1,
            _ => 0,
        }
    }
}

/// The tokens of `text`. The quotes and backslashes that a shell would take away around a command
/// are passed over.
///
/// # Errors
/// A quote that is not closed in its line.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(next) = rest(text, at).chars().next() {
        let behind = rest(text, at);
        let (kind, len) = match next {
            '\n' | ';' => (Kind::End, 1),
            '#' => {
                at += behind.find('\n').unwrap_or(behind.len());
                continue;
            }
            '\\' if behind.starts_with("\\\n") => {
                at += 2;
                continue;
            }
            '"' => (Kind::Quoted, quoted_len(behind, at)?),
            '{' | '}' | '(' | ')' | ',' => (Kind::Mark, 1),
            c if is_operator(c) => {
                (Kind::Mark, behind.find(|c| !is_operator(c)).unwrap_or(behind.len()))
            }
            c if c.is_whitespace() || c == '\'' || c == '\\' => {
                at += c.len_utf8();
                continue;
            }
            _ => (Kind::Bare, bare_len(behind)),
        };
        tokens.push(token(text, kind, at..at + len));
        at += len;
    }
    Ok(tokens)
}

fn rest(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

fn is_operator(c: char) -> bool {
    matches!(c, '=' | '!' | '<' | '>' | '&' | '|' | '^')
}

/// The length of a quoted word, which begins at byte `at` of the file, with its quotes.
fn quoted_len(text: &str, at: usize) -> Result<usize, Fault> {
    let inside = text.get(1..).unwrap_or_default();
    match inside.find(['"', '\n']) {
        Some(end) if inside.get(end..).is_some_and(|rest| rest.starts_with('"')) => Ok(end + 2),
        _ => Err(Fault::new(at..at + 1, "a quote is not closed")
            .label("it opens here, and the line ends")),
    }
}

/// The length of a word; a colon at its end is a mark between a key and what it maps to.
fn bare_len(text: &str) -> usize {
    let ends = |c: char| {
        c.is_whitespace()
            || is_operator(c)
            || matches!(c, ';' | '#' | '"' | '{' | '}' | '(' | ')' | ',' | '\'' | '\\')
    };
    let len = text.find(ends).unwrap_or(text.len());
    let word = text.get(..len).unwrap_or_default();
    if len > 1 && word.ends_with(':') && !word.ends_with("::") { len - 1 } else { len }
}

fn token(text: &str, kind: Kind, span: Range<usize>) -> Token {
    let inside = match kind {
        Kind::Quoted => span.start + 1..span.end - 1,
        _ => span.clone(),
    };
    let text = text.get(inside).unwrap_or_default().to_owned();
    Token { kind, word: Word { text, span } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let tokens = tokens(text).unwrap();
        tokens.iter().map(|token| format!("{:?} {}", token.kind, token.word.text)).collect()
    }

    #[test]
    fn words_marks_and_ends() {
        let text = "tcp dport != {80:a,443} # x\n iifname \"br-*\";";
        let expected = [
            "Bare tcp",
            "Bare dport",
            "Mark !=",
            "Mark {",
            "Bare 80:a",
            "Mark ,",
            "Bare 443",
            "Mark }",
            "End \n",
            "Bare iifname",
            "Quoted br-*",
            "End ;",
        ];
        assert_eq!(shown(text), expected);
        assert_eq!(
            shown("fd00:: 80: x\\;"),
            ["Bare fd00::", "Bare 80", "Bare :", "Bare x", "End ;"]
        );
    }

    #[test]
    fn an_open_quote_is_named() {
        assert_eq!(tokens("a \"b\nc\"").unwrap_err().span, 2..3);
        assert_eq!(tokens("é \"").unwrap_err().span, 3..4);
    }
}
