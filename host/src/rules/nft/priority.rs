//! The priority of a base chain, as a number or by netfilter's names.

use super::cursor::Cursor;
use crate::diagnostic::Fault;

/// The priority from which on a chain comes behind connection tracking.
pub(super) const CONNTRACK: i32 = -200;

/// The names of the families `ip`, `ip6` and `inet` (`enum nf_ip_hook_priorities`).
const NAMES: [(&str, i32); 7] = [
    ("raw", -300),
    ("conntrack", CONNTRACK),
    ("mangle", -150),
    ("dstnat", -100),
    ("filter", 0),
    ("security", 50),
    ("srcnat", 100),
];

/// `raw`, `-300`, `filter - 5`, `raw+5`: all that is left of the statement.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<i32, Fault> {
    let first = cursor.word("a priority")?;
    let (mut text, mut span) = (first.text.clone(), first.span.clone());
    while cursor.peek().is_some() {
        let word = cursor.word("the end of the priority")?;
        text.push_str(&word.text);
        span.end = word.span.end;
    }
    value(&text).ok_or_else(|| {
        Fault::new(span, format!("unknown priority `{text}`"))
            .label("a number, or a name such as `raw`, perhaps with `+ 5` or `- 5` behind")
            .did_you_mean(&text, NAMES.iter().map(|(name, _)| *name))
    })
}

fn value(text: &str) -> Option<i32> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let end = text.find(['+', '-']).unwrap_or(text.len());
    let (name, offset) = text.split_at_checked(end)?;
    let (_, begin) = NAMES.iter().find(|(known, _)| *known == name)?;
    match offset {
        "" => Some(*begin),
        _ => begin.checked_add(offset.parse().ok()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_names_and_offsets() {
        let cases = [
            ("raw", Some(-300)),
            ("-300", Some(-300)),
            ("raw+5", Some(-295)),
            ("filter-5", Some(-5)),
            ("conntrack", Some(-200)),
            ("0", Some(0)),
            ("rwa", None),
            ("raw+", None),
            ("filter+2147483647", Some(i32::MAX)),
            ("srcnat+2147483647", None),
        ];
        for (text, expected) in cases {
            assert_eq!(value(text), expected, "{text}");
        }
    }
}
