//! A rules file as text: what is plainly something else refused, the rest cut into lines.

use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::source::{Source, Wanted};

/// A file of rules of the raw table.
pub(super) const RAW_RULES: Wanted = Wanted {
    what: "rules",
    options: &["-r"],
    others: &["-c", "-s", "--timeout-policies"],
    refused: "has no iptables rules",
    help: "give the output of `iptables-save -t raw` or `nft list ruleset`",
};

/// A file of a gateway's rules.
pub(super) const GATEWAY_RULES: Wanted = Wanted {
    others: &["-c"],
    help: "give the output of `iptables-save` and `ip6tables-save`",
    ..RAW_RULES
};

/// That a file has nothing to be read: what printed it has most likely failed.
pub(super) fn silent(name: &str, what: &str) -> Diagnostic {
    let title = format!("{name} {what}: no table, no chain, no set");
    let help = "did `iptables-save` or `nft list ruleset` fail? `*raw` and `COMMIT` say that there are none";
    Diagnostic::without_place(&title, Some(help))
}

/// A line with those that continue it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The number of its first line, from 1.
    pub(super) number: usize,
    /// Its bytes, without the line end and the white space around.
    pub(super) span: Range<usize>,
}

/// The lines of `file`; a backslash before the line end joins the next one to it.
pub(super) fn lines(file: &Source) -> impl Iterator<Item = Line> {
    let mut at = 0;
    let mut number = 1;
    std::iter::from_fn(move || {
        let rest = file.text().get(at..).filter(|rest| !rest.is_empty())?;
        let mut len = 0;
        let mut line_count = 0;
        for line in rest.split_inclusive('\n') {
            len += line.len();
            line_count += 1;
            let body = line.trim_end_matches('\n');
            let backslash_count = body.len() - body.trim_end_matches('\\').len();
            let comment = line_count == 1 && body.trim_start().starts_with('#');
            if comment || backslash_count % 2 == 0 {
                break;
            }
        }
        let whole = rest.get(..len).unwrap_or(rest);
        let start = at + whole.len() - whole.trim_start().len();
        let span = start..start + whole.trim().len();
        let line = Line { number, span };
        at += len;
        number += line_count;
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_continue_and_keep_their_numbers() {
        let text = "a\\\n b\n\n# c\\\n  d  \ne\\\\\nf\\".to_owned();
        let file = Source::new("x".to_owned(), text);
        let lines: Vec<(usize, &str)> =
            lines(&file).map(|line| (line.number, &file.text()[line.span])).collect();
        let expected = [(1, "a\\\n b"), (3, ""), (4, "# c\\"), (5, "d"), (6, "e\\\\"), (7, "f\\")];
        assert_eq!(lines, expected);
        assert_eq!(file.line_at(4), (2, 3..5));
        assert_eq!(file.line_at(file.text().len()).0, 7);
    }
}
