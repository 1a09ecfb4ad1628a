//! Another change than the smallest one: `--choose`, by the letters of the table.

use std::iter;
use std::str::FromStr;

use super::forecast::Forecast;
use super::rank::{Advice, Chosen};
use crate::error::Error;

/// The letters of the changes that are asked for: one, or one of a change and one of a size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letters(Vec<char>);

impl FromStr for Letters {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let letter = |word: &str| match *word.trim().chars().collect::<Vec<_>>() {
            [letter] if letter.is_ascii_alphabetic() => Ok(letter.to_ascii_uppercase()),
            _ => Err(format!("`{word}` is no letter; `C` is a change, `C+I` one and a size")),
        };
        text.split('+').map(letter).collect::<Result<_, _>>().map(Self)
    }
}

impl Letters {
    /// What they stand for in the table.
    ///
    /// # Errors
    /// When one of them is not there, or they are of two changes or of two sizes.
    pub(super) fn choose(&self, advice: &Advice) -> Result<Chosen, Error> {
        let (mut tried, mut size) = (None, None);
        for &letter in &self.0 {
            let shown = lettered(advice).find(|(known, _)| *known == letter);
            let (place, is_new) = match shown {
                Some((_, Shown::Tried(at))) => (&mut tried, at),
                Some((_, Shown::Size(max))) => (&mut size, max),
                None => return Err(unchosen(advice, &format!("there is no change {letter}"))),
            };
            if place.replace(is_new).is_some() {
                return Err(unchosen(advice, "one change and one size can be made at once"));
            }
        }
        Ok(Chosen::Change { tried, size })
    }
}

/// What a row is of.
#[derive(Debug, Clone, Copy)]
enum Shown {
    /// A change that was tried.
    Tried(usize),
    /// A size.
    Size(usize),
}

/// The rows that have letters, in their order. Without a limit sizes have none: nobody knows which
/// of them is larger than the table is.
fn lettered(advice: &Advice) -> impl Iterator<Item = (char, Shown)> {
    let sizes = advice.shown_sizes.iter().filter(|_| advice.max().is_some());
    let rows = advice.shown.iter().map(|at| Shown::Tried(*at));
    iter::zip('A'..='Z', rows.chain(sizes.map(|size| Shown::Size(*size))))
}

fn unchosen(advice: &Advice, why: &str) -> Error {
    let names = lettered(advice).map(|(letter, shown)| {
        let name = match shown {
            Shown::Tried(at) => advice.tried.get(at).map_or_else(String::new, Forecast::name),
            Shown::Size(max) => advice.size(max).to_string(),
        };
        format!("{letter} {name}")
    });
    let names: Vec<String> = names.collect();
    let help = match names.as_slice() {
        [] => "no change has any effect here".to_owned(),
        names => format!("the changes are {}", names.join(", ")),
    };
    Error::Advice(format!("--choose: {why}"), help)
}

#[cfg(test)]
mod tests {
    use super::Letters;

    #[test]
    fn letters_stand_alone_or_with_a_plus() {
        let letters = |text: &str| text.parse().map(|Letters(letters)| letters).ok();
        assert_eq!(letters("C"), Some(vec!['C']));
        assert_eq!(letters("c+I"), Some(vec!['C', 'I']));
        assert!(["", "CI", "C+", "3"].iter().all(|text| letters(text).is_none()));
    }
}
