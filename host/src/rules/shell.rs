//! A line of a shell as the commands that it runs: `a && b`, `a || b`, `a; b`, with what they say
//! sent elsewhere.

use std::ops::Range;

/// One command of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Simple {
    /// Where it stands, without white space around and without redirections at its end.
    pub(super) span: Range<usize>,
    /// When it runs.
    pub(super) runs: Runs,
    /// Whether it is foreseen that it fails: `||` stands behind it, or its messages go elsewhere.
    pub(super) may_fail: bool,
}

/// When a command of a line runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runs {
    /// The first, and behind `;`.
    Always,
    /// Behind `&&`: when what ran before did not fail.
    AfterSuccess,
    /// Behind `||`: when it failed.
    AfterFailure,
}

/// Cuts the part `line` of `text` into its commands. What else a shell has a sign for stays in
/// them, and is refused where they are read.
pub(super) fn commands(text: &str, line: Range<usize>) -> Vec<Simple> {
    let mut commands = Vec::new();
    let (mut start, mut runs) = (line.start, Runs::Always);
    let (signs, end) = signs(text, line);
    for (sign, next) in signs {
        let may_fail = next == Runs::AfterFailure;
        push(&mut commands, text, start..sign.start, (runs, may_fail));
        (start, runs) = (sign.end, next);
    }
    push(&mut commands, text, start..end, (runs, false));
    commands
}

fn push(
    commands: &mut Vec<Simple>,
    text: &str,
    span: Range<usize>,
    (runs, may_fail): (Runs, bool),
) {
    let all = text.get(span.clone()).unwrap_or_default();
    let start = span.start + all.len() - all.trim_start().len();
    let words = without_redirections(all.trim());
    if !words.is_empty() {
        let may_fail = may_fail || words.len() < all.trim().len();
        commands.push(Simple { span: start..start + words.len(), runs, may_fail });
    }
}

/// Where commands are joined, and when the one behind runs; and where the line ends, or a comment
/// begins.
fn signs(text: &str, line: Range<usize>) -> (Vec<(Range<usize>, Runs)>, usize) {
    let mut signs = Vec::new();
    let mut quote = None;
    let mut before = ' ';
    let mut chars = text.get(line.clone()).unwrap_or_default().char_indices().peekable();
    while let Some((offset, next)) = chars.next() {
        let at = line.start + offset;
        let is_twice = chars.peek().is_some_and(|(_, behind)| *behind == next);
        match (quote, next) {
            (Some(open), _) if open == next => quote = None,
            (None | Some('"'), '\\') => drop(chars.next()),
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(next),
            (None, '#') if before.is_whitespace() || "|&;()<>".contains(before) => {
                return (signs, at);
            }
            (None, ';') => signs.push((at..at + 1, Runs::Always)),
            (None, '&') if is_twice => signs.push((at..at + 2, Runs::AfterSuccess)),
            (None, '|') if is_twice => signs.push((at..at + 2, Runs::AfterFailure)),
            _ => {}
        }
        if is_twice && quote.is_none() && matches!(next, '&' | '|') {
            chars.next();
        }
        before = next;
    }
    (signs, line.end)
}

/// The command without those words at its end that only say where its messages go.
fn without_redirections(command: &str) -> &str {
    let mut rest = command;
    loop {
        let (begin, last) = match rest.rsplit_once(char::is_whitespace) {
            Some((begin, last)) => (begin.trim_end(), last),
            None => return rest,
        };
        if is_redirection(last) {
            rest = begin;
        } else if let Some((begin, sign)) = begin.rsplit_once(char::is_whitespace)
            && last.starts_with("/dev/null")
            && is_redirection(sign)
        {
            rest = begin.trim_end();
        } else {
            return rest;
        }
    }
}

/// `2>/dev/null`, `>>log`, `2>&1`, `&>/dev/null`, or such a sign before a file.
fn is_redirection(word: &str) -> bool {
    let sign = word.trim_start_matches(['1', '2', '&']);
    word.len() <= sign.len() + 1
        && sign.strip_prefix('>').is_some_and(|file| !file.contains(['"', '\'', '$', '`', '|']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_commands_are_joined() {
        let cases: &[(&str, &[&str])] = &[
            ("a b", &["Always a b"]),
            (
                "a 2>/dev/null || b; c && d",
                &["Always a?", "AfterFailure b", "Always c", "AfterSuccess d"],
            ),
            ("a ';' \"&& \\\"||\" \\; x", &["Always a ';' \"&& \\\"||\" \\; x"]),
            ("a >/dev/null 2>&1 # || b", &["Always a?"]),
            ("a;# || b", &["Always a"]),
            ("a &&# b", &["Always a"]),
            ("a b# c\\ # d", &["Always a b# c\\ # d"]),
            ("a \\;# b", &["Always a \\;# b"]),
            ("a > /dev/null 2>&1", &["Always a?"]),
            ("a &> /dev/null ;", &["Always a?"]),
            ("a | b & c", &["Always a | b & c"]),
            ("a >$x", &["Always a >$x"]),
            (";;", &[]),
        ];
        for (line, expected) in cases {
            let shown: Vec<String> = commands(line, 0..line.len())
                .into_iter()
                .map(|one| {
                    let may_fail = if one.may_fail { "?" } else { "" };
                    format!("{:?} {}{may_fail}", one.runs, &line[one.span])
                })
                .collect();
            assert_eq!(shown, *expected, "{line}");
        }
    }
}
