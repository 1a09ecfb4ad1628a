//! Words of a line with their places: quoting as a shell and iptables-save write it.

use std::ops::Range;

use crate::diagnostic::Fault;
use crate::source::Wanted;

/// Who would read the line: that decides which characters have a meaning of their own.
#[derive(Clone, Copy)]
pub(super) enum Syntax {
    /// A shell: `#` begins a comment; `$`, `;`, `|` and the like ask for something to be run, for
    /// whose result such a file is wanted.
    Shell(&'static Wanted),
    /// iptables-restore: only quotes and backslashes are special.
    Save,
}

/// A word, without its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// What it says.
    pub(super) text: String,
    /// Where it stands in the file, quotes included.
    pub(super) span: Range<usize>,
}

impl Word {
    /// The place of a part of the text; the whole word when quotes make that unclear.
    pub(super) fn part(&self, part: Range<usize>) -> Range<usize> {
        if self.text.len() == self.span.len() {
            self.span.start + part.start..self.span.start + part.end
        } else {
            self.span.clone()
        }
    }
}

/// Splits the part `line` of `text` into words.
///
/// # Errors
/// A quote that is not closed; in shell lines also whatever a shell would have to run or expand.
pub(super) fn split(text: &str, line: Range<usize>, syntax: Syntax) -> Result<Vec<Word>, Fault> {
    let mut chars = Chars { text: text.get(..line.end).unwrap_or(text), at: line.start };
    let mut words = Vec::new();
    loop {
        while chars.at_continuation() || chars.peek().is_some_and(char::is_whitespace) {
            // Of a continuation this takes the backslash, and the line end in the next round.
            chars.next();
        }
        match chars.peek() {
            None => return Ok(words),
            Some('#') if matches!(syntax, Syntax::Shell(_)) => return Ok(words),
            Some(_) => words.push(word(&mut chars, syntax)?),
        }
    }
}

struct Chars<'t> {
    text: &'t str,
    at: usize,
}

impl Chars<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn at_continuation(&self) -> bool {
        self.rest().starts_with("\\\n")
    }
}

fn word(chars: &mut Chars<'_>, syntax: Syntax) -> Result<Word, Fault> {
    let start = chars.at;
    let mut text = String::new();
    while let Some(next) = chars.peek().filter(|next| !next.is_whitespace()) {
        let at = chars.at;
        if chars.at_continuation() {
            chars.next();
            chars.next();
            continue;
        }
        chars.next();
        match (next, syntax) {
            ('"' | '\'', _) => quoted(chars, next, syntax, &mut text)?,
            ('\\', _) => text.extend(chars.next()),
            ('$' | '`' | ';' | '&' | '|' | '<' | '>' | '(' | ')', Syntax::Shell(wanted)) => {
                return Err(shell_fault(at, next, wanted));
            }
            _ => text.push(next),
        }
    }
    Ok(Word { text, span: start..chars.at })
}

/// Reads up to the closing quote; the opening one is read already.
fn quoted(
    chars: &mut Chars<'_>,
    quote: char,
    syntax: Syntax,
    text: &mut String,
) -> Result<(), Fault> {
    let open = chars.at - quote.len_utf8();
    loop {
        let at = chars.at;
        match (chars.next(), syntax) {
            (None, _) => {
                return Err(Fault::new(open..open + 1, "a quote is not closed")
                    .label("it opens here, and the line ends"));
            }
            (Some(next), _) if next == quote => return Ok(()),
            (Some('\\'), _) if quote == '"' => {
                text.extend(chars.next().filter(|next| *next != '\n'));
            }
            (Some(next @ ('$' | '`')), Syntax::Shell(wanted)) if quote == '"' => {
                return Err(shell_fault(at, next, wanted));
            }
            (Some(next), _) => text.push(next),
        }
    }
}

fn shell_fault(at: usize, found: char, wanted: &Wanted) -> Fault {
    let fault = match found {
        '$' | '`' => Fault::new(at..at + 1, "shell variables and commands are not expanded")
            .label("only a shell knows what stands here"),
        _ => Fault::new(at..at + 1, format!("`{found}` is for a shell, and none runs here"))
            .label("one command a line"),
    };
    fault.help(format!("let the script run, and {}", wanted.help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::text::RAW_RULES;

    const SHELL: Syntax = Syntax::Shell(&RAW_RULES);

    fn texts(line: &str, syntax: Syntax) -> Result<Vec<String>, Range<usize>> {
        split(line, 0..line.len(), syntax)
            .map(|words| words.into_iter().map(|word| word.text).collect())
            .map_err(|fault| fault.span)
    }

    #[test]
    fn quotes_join_and_backslashes_free() {
        let cases: &[(&str, &[&str])] = &[
            (r#"-A  X "it\'s \"quoted\"" -j Y"#, &["-A", "X", r#"it's "quoted""#, "-j", "Y"]),
            ("-i 'br+' a\\ b c''d", &["-i", "br+", "a b", "cd"]),
            (r#""" x"#, &["", "x"]),
            ("a \\\n  b\\\nc", &["a", "bc"]),
            ("\t \r", &[]),
        ];
        for (line, expected) in cases {
            assert_eq!(texts(line, SHELL).unwrap(), *expected, "{line}");
        }
    }

    #[test]
    fn only_a_shell_has_comments_and_variables() {
        assert_eq!(texts("a # b $c", SHELL).unwrap(), ["a"]);
        assert_eq!(texts("a #b $c;", Syntax::Save).unwrap(), ["a", "#b", "$c;"]);
        assert_eq!(texts("-s $NET", SHELL), Err(3..4));
        assert_eq!(texts("a \"x$y\"", SHELL), Err(4..5));
        assert_eq!(texts("a '$y' || b", SHELL), Err(7..8));
    }

    #[test]
    fn an_open_quote_is_named_where_it_opens() {
        assert_eq!(texts("-j 'LOG", Syntax::Save), Err(3..4));
        assert_eq!(texts("é \"b\\", Syntax::Save), Err(3..4));
    }

    #[test]
    fn words_know_their_places() {
        let words = split("é ab 'c d'", 0..11, Syntax::Save).unwrap();
        assert_eq!(words[1].span, 3..5);
        assert_eq!(words[1].part(1..2), 4..5);
        assert_eq!(words[2].part(0..1), 6..11);
    }
}
