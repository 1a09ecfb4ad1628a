//! The colours of a report for people; nothing is told by colour alone.

use std::fmt;

use anstyle::{AnsiColor, Style};

/// What went wrong: the cross, what was dropped.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// What went well, and what to do next.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What to bear in mind: `!`.
pub(crate) const CAUTION: Style = AnsiColor::Yellow.on_default();
/// The numbers of the answer.
pub(crate) const STRONG: Style = Style::new().bold();
/// What frames the numbers: headings, axes, hints.
pub(crate) const FAINT: Style = Style::new().dimmed();

/// A text in a style. The width that is asked for is that of the text: its codes take no room.
pub(crate) struct Styled<T>(pub(crate) Style, pub(crate) T);

impl<T: fmt::Display> fmt::Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.render())?;
        self.1.fmt(f)?;
        write!(f, "{}", self.0.render_reset())
    }
}

#[cfg(test)]
mod tests {
    use super::{BAD, Styled};

    #[test]
    fn codes_take_no_room() {
        assert_eq!(format!("{:>4}|", Styled(BAD, "ab")), "\u{1b}[31m  ab\u{1b}[0m|");
    }
}
