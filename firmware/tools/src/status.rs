//! What a board says of itself every few seconds: lines of a log with counts in them.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::time::Duration;

/// How long to wait for the next such lines: they come every ten seconds, on a busy machine later.
pub const WAIT: Duration = Duration::from_secs(30);

/// How a line begins that tells of a port's frames, behind the port's name.
pub const PORT: &str = ": link ";

/// The same of the frames that the port itself refused.
pub const REFUSED: &str = ": refused by the port: ";

/// How the line about the stack begins.
pub const STACK: &str = "stack: ";

/// The counts of one line, by their words: `12 received, 0 closed` has two.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Counts(BTreeMap<String, u64>);

impl Counts {
    /// Those of a line. A count is a number and the words behind it, up to a comma or a colon.
    #[must_use]
    pub fn of(message: &str) -> Self {
        let pieces = message.split([',', ':']).filter_map(|piece| {
            let (number, words) = piece.trim().split_once(' ')?;
            Some((words.to_owned(), number.parse().ok()?))
        });
        Self(pieces.collect())
    }

    /// The count of that word.
    ///
    /// # Errors
    /// The line has none.
    pub fn count(&self, word: &str) -> io::Result<u64> {
        self.0.get(word).copied().ok_or_else(|| {
            let what = format!("no count of `{word}` among {:?}", self.0.keys());
            io::Error::new(ErrorKind::InvalidData, what)
        })
    }

    /// All counts but those of these words, with their words.
    pub fn others(&self, but: &[&str]) -> impl Iterator<Item = (&str, u64)> {
        let others = self.0.iter().filter(move |(word, _)| !but.contains(&word.as_str()));
        others.map(|(word, count)| (word.as_str(), *count))
    }
}

/// The figures of `stack: 2340 of 16384 bytes`: bytes ever in use, and all of them.
#[must_use]
pub fn stack(message: &str) -> Option<(u64, u64)> {
    let (used, rest) = message.split_once(STACK)?.1.split_once(" of ")?;
    Some((used.parse().ok()?, rest.split_once(' ')?.0.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_found_by_their_words() {
        let counts =
            Counts::of("eth0: link Up, 12 received, 9 forwarded, dropped: 3 no_link, 0 busy");
        assert_eq!(counts.count("received").unwrap(), 12);
        assert!(counts.count("link").is_err());
        let dropped: Vec<_> = counts.others(&["received", "forwarded"]).collect();
        assert_eq!(dropped, [("busy", 0), ("no_link", 3)]);
    }

    #[test]
    fn the_stack_has_two_figures() {
        assert_eq!(stack("stack: 2340 of 16384 bytes"), Some((2340, 16384)));
        assert_eq!(stack("stack: much"), None);
    }
}
