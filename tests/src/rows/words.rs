//! The words of a packet, taken one by one until none is left.

use std::str::FromStr;

/// What is left of the words of a packet.
#[derive(Debug)]
pub(super) struct Words<'a> {
    left: Vec<&'a str>,
}

impl<'a> Words<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { left: text.split_whitespace().collect() }
    }

    /// The word in front.
    pub(super) fn first(&mut self) -> Result<&'a str, String> {
        if self.left.is_empty() { Err("a word is missing".into()) } else { Ok(self.left.remove(0)) }
    }

    /// Whether the word is there.
    pub(super) fn has(&mut self, word: &str) -> bool {
        let place = self.left.iter().position(|&left| left == word);
        place.map(|place| self.left.remove(place)).is_some()
    }

    /// The word behind this one.
    pub(super) fn behind(&mut self, word: &str) -> Result<Option<&'a str>, String> {
        let Some(place) = self.left.iter().position(|&left| left == word) else { return Ok(None) };
        if place + 1 == self.left.len() {
            return Err(format!("nothing stands behind '{word}'"));
        }
        self.left.remove(place);
        Ok(Some(self.left.remove(place)))
    }

    /// The number behind this word.
    pub(super) fn number<T: FromStr>(&mut self, word: &str) -> Result<Option<T>, String> {
        self.behind(word)?.map(|text| number(text)).transpose()
    }

    /// All words behind this one.
    pub(super) fn all_behind(&mut self, word: &str) -> Option<Self> {
        let place = self.left.iter().position(|&left| left == word)?;
        let left = self.left.split_off(place + 1);
        self.left.pop();
        Some(Self { left })
    }

    /// A number of 32 bits behind this word; with a sign it counts from `base` on.
    pub(super) fn number_from(&mut self, word: &str, base: u32) -> Result<Option<u32>, String> {
        let Some(text) = self.behind(word)? else { return Ok(None) };
        let far = |text: &str| number::<u32>(text);
        Ok(Some(match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(ahead), _) => base.wrapping_add(far(ahead)?),
            (_, Some(back)) => base.wrapping_sub(far(back)?),
            _ => far(text)?,
        }))
    }

    /// What is left, with one space between the words.
    pub(super) fn text(&self) -> String {
        self.left.join(" ")
    }

    /// That nothing is left.
    pub(super) fn end(self) -> Result<(), String> {
        match self.left.first() {
            Some(word) => Err(format!("'{word}' means nothing here")),
            None => Ok(()),
        }
    }
}

/// A number in decimal digits.
pub(super) fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("'{text}' is no number that fits"))
}
