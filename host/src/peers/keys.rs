//! The parameters of a policy as they are typed: `key=value,...`.

use std::fmt;
use std::ops::RangeInclusive;

use crate::diagnostic::nearest;
use crate::options::MAX_ENTRIES;

/// Parameters, in the order in which they were typed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Keys(Vec<(String, String)>);

impl Keys {
    /// Reads `key=value,...`; nothing is no parameters.
    ///
    /// # Errors
    /// When a parameter has no value, or comes twice.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut keys = Self::default();
        for part in text.split(',').filter(|_| !text.is_empty()) {
            let Some((key, value)) = part.split_once('=').filter(|(key, _)| !key.is_empty()) else {
                return Err(format!("`{part}` is no parameter: write `key=value`"));
            };
            if keys.value(key).is_some() {
                return Err(format!("`{key}` comes twice"));
            }
            keys.0.push((key.to_owned(), value.to_owned()));
        }
        Ok(keys)
    }

    /// The value of a parameter.
    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == key).map(|(_, value)| value.as_str())
    }

    /// Sets a parameter, whether it was typed or not.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        match self.0.iter_mut().find(|(own, _)| own == key) {
            Some((_, own)) => value.clone_into(own),
            None => self.0.push((key.to_owned(), value.to_owned())),
        }
    }

    /// Forgets a parameter.
    pub(crate) fn remove(&mut self, key: &str) {
        self.0.retain(|(own, _)| own != key);
    }

    /// Sees to it that there is no parameter but those.
    ///
    /// # Errors
    /// The first that is none of them.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), String> {
        match self.0.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some((key, _)) if known.is_empty() => {
                Err(format!("`{key}` is no parameter: it has none"))
            }
            Some((key, _)) => {
                let meant = nearest(key, known.iter().copied());
                let meant = meant.map(|meant| format!("; did you mean `{meant}`?"));
                let (known, meant) = (known.join(", "), meant.unwrap_or_default());
                Err(format!("`{key}` is no parameter: it has {known}{meant}"))
            }
        }
    }

    /// A number; `default` when the parameter is not there.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn number(&self, key: &str, default: usize) -> Result<usize, String> {
        let Some(value) = self.value(key) else { return Ok(default) };
        value.parse().map_err(|_| format!("`{key}={value}`: `{value}` is no number"))
    }

    /// A number within `range`; `default` when the parameter is not there.
    ///
    /// # Errors
    /// When it is none, or lies outside.
    pub(crate) fn number_in(
        &self,
        key: &str,
        default: usize,
        range: RangeInclusive<usize>,
    ) -> Result<usize, String> {
        let number = self.number(key, default)?;
        match range.contains(&number) {
            true => Ok(number),
            false => Err(format!("`{key}={number}`: write {} to {}", range.start(), range.end())),
        }
    }

    /// Entries, as a number or as a share of `max` (`60%`, which may be more than all); `default`
    /// percent of it when the parameter is not there. What is typed is as bounded as `--max`.
    ///
    /// # Errors
    /// When it is neither, or too many.
    pub(crate) fn entries(&self, key: &str, max: usize, default: usize) -> Result<usize, String> {
        let share = |percent: usize| usize::try_from(max as u128 * percent as u128 / 100);
        let Some(value) = self.value(key) else { return Ok(share(default).unwrap_or(usize::MAX)) };
        let entries = match value.strip_suffix('%') {
            None => value.parse().ok(),
            Some(percent) => percent.parse().ok().and_then(|percent| share(percent).ok()),
        };
        match entries {
            None => Err(format!("`{key}={value}`: `{value}` is no number of entries (60000, 60%)")),
            Some(entries) if entries > MAX_ENTRIES => {
                Err(format!("`{key}={value}`: more than {MAX_ENTRIES} entries"))
            }
            Some(entries) => Ok(entries),
        }
    }

    /// The same of what is nothing without entries: at least one.
    ///
    /// # Errors
    /// When it is no such number, too many, or what is typed comes to none.
    pub(crate) fn some_entries(
        &self,
        key: &str,
        max: usize,
        default: usize,
    ) -> Result<usize, String> {
        let entries = self.entries(key, max, default)?;
        match self.value(key) {
            Some(value) if entries == 0 => {
                Err(format!("`{key}={value}`: that is no entry of {max}; write at least one"))
            }
            _ => Ok(entries.max(1)),
        }
    }
}

/// As they were typed.
impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (key, value)) in self.0.iter().enumerate() {
            write!(f, "{}{key}={value}", if at == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}
